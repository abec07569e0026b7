"""Files of Hugging Face's safetensors as data: a header of JSON, and after it the bytes of every tensor.

Eight bytes say how long the header is (little-endian). It gives each tensor's dtype, shape and place. Nothing of such a
file is a program. What a writer would never produce is refused: names that come twice, tensors that overlap, leave
gaps, or end elsewhere than the file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from registry import typed
from zoo import weights
from zoo.arguments import is_whole
from zoo.errors import IntegrityError

ENDING = ".safetensors"
_LENGTH = 8  # bytes before the header
_MOST_HEADER = 16 << 20  # bytes; that of a network with 600 tensors has 80 kB
_MOST_TENSORS = 20_000
_MOST_AXES = 8
_METADATA = "__metadata__"
_FIELDS = {"dtype", "shape", "data_offsets"}
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_SIZES = {  # bytes of a number
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U64": 8,
    "U32": 4,
    "U16": 2,
    "U8": 1,
    "BOOL": 1,
}


@dataclass(frozen=True)
class _Place:
    """A tensor in the file. Attributes: begin, end: bytes after the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class SafetensorsFile:
    """A file, in memory.

    Attributes:
        shapes: name of a tensor → its shape.

    Raises:
        IntegrityError: anything else than such a file, or a damaged one.
    """

    def __init__(self, data: bytes, where: object) -> None:
        self._where = where
        with weights.parsing("A safetensors file", where):
            header, self._body = _split(data, where)
            self._places = {name: _place(name, entry) for name, entry in header.items()}
            _check_places(self._places, len(self._body))
        self.shapes: Mapping[str, tuple[int, ...]] = {name: place.shape for name, place in self._places.items()}

    def tensor(self, name: str) -> np.ndarray:
        """A tensor as float32; of a float32 tensor a view of the file's bytes, which cannot be written to.

        Raises:
            IntegrityError: numbers of another kind than floating-point ones, or some that are not finite.
        """
        place = self._places[name]
        if place.dtype not in _FLOATS:
            raise IntegrityError(
                f"The tensor {name} must be of {', '.join(_FLOATS)}", where=self._where, received={"dtype": place.dtype}
            )
        numbers = np.frombuffer(self._body[place.begin : place.end], _FLOATS[place.dtype]).reshape(place.shape)
        if place.dtype == "BF16":
            numbers = weights.from_bfloat16(numbers)
        with np.errstate(over="ignore"):  # becomes infinite, and is refused as such
            return weights.finite(np.asarray(numbers, np.float32), self._where, name)


def _split(data: bytes, where: object) -> tuple[dict[str, object], memoryview]:
    """Header and body. Raises `ValueError`, or `IntegrityError` of its JSON, for what is none."""
    length = int.from_bytes(data[:_LENGTH], "little")
    if len(data) < _LENGTH or not 2 <= length <= min(_MOST_HEADER, len(data) - _LENGTH):
        raise ValueError(f"a header of {length:,} bytes in a file of {len(data):,}")
    header = typed.load_json(data[_LENGTH : _LENGTH + length], f"{where}: header", foreign=True)
    about = header.pop(_METADATA, {})
    if not isinstance(about, dict) or not all(isinstance(value, str) for value in about.values()):
        raise ValueError(f"{_METADATA} that is no text by names")
    if len(header) > _MOST_TENSORS:
        raise ValueError(f"more than {_MOST_TENSORS:,} tensors")
    return header, memoryview(data)[_LENGTH + length :]


def _place(name: str, entry: object) -> _Place:
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise ValueError(f"{name[:80]!r} without just {', '.join(sorted(_FIELDS))}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise ValueError(f"{name[:80]!r} of an unknown dtype")
    if not (_are_whole(shape, range(_MOST_AXES + 1)) and _are_whole(offsets, (2,))):
        raise ValueError(f"{name[:80]!r} with a shape or a place that is none")
    place = _Place(dtype, tuple(shape), *offsets)
    if place.end - place.begin != math.prod(shape) * _SIZES[dtype]:
        raise ValueError(f"{name[:80]!r} with another number of bytes than its shape has")
    return place


def _are_whole(values: object, lengths: object) -> bool:
    """Whether a value is a list of such a length, of whole numbers that are not negative."""
    return isinstance(values, list) and len(values) in lengths and all(is_whole(v) and 0 <= v < 1 << 63 for v in values)


def _check_places(places: Mapping[str, _Place], length: int) -> None:
    """Raise `ValueError` unless the tensors fill the body, one after the other."""
    end = 0
    for name, place in sorted(places.items(), key=lambda item: (item[1].begin, item[1].end)):
        if place.begin != end:
            raise ValueError(f"{name[:80]!r} beginning at byte {place.begin:,} where {end:,} bytes are taken")
        end = place.end
    if end != length:
        raise ValueError(f"tensors of {end:,} bytes in a body of {length:,}")
