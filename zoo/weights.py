"""Tensors in HDF5 files, read strictly.

A weights file is a plain tree of groups and numeric arrays, each with one name. Whatever else HDF5 can express (links,
data stored elsewhere, virtual or filtered arrays, Python objects) is refused before a single value is read.
"""

import hashlib
import io
import math
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from zoo.errors import IntegrityError, ZooError

_MAX_DEPTH = 16
_MOST_OBJECTS = 20_000
_MOST_NAMES = 1 << 20  # bytes of an attribute
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_IN_ARCHIVE = "model.weights.h5"


def save(network, path: Path) -> None:
    """Write the weights of a `keras.Model` as `.weights.h5`.

    Through a `.keras` file beside it, which Keras writes from memory: HDF5 itself crashes the process where the disk is
    full. Raises `OSError`.
    """
    whole = path.with_name(f"{path.name}.keras")
    try:
        network.save(whole)
        with zipfile.ZipFile(whole) as archive:
            path.write_bytes(archive.read(_IN_ARCHIVE))
    finally:
        whole.unlink(missing_ok=True)


@contextmanager
def parsing(what: str, where: object) -> Iterator[None]:
    """The one place where anything that a library (h5py, NumPy, zipfile, Keras) makes of damaged bytes becomes an
    `IntegrityError`.

    Args:
        what: the file, as the subject of the message: "A weights file".
        where: its path.
    """
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:  # h5py's have none
            raise IntegrityError(f"{what} must be readable: {error.strerror}", where=where) from None
        reason = (str(error).splitlines() or [""])[0][:200]
        raise IntegrityError(
            f"{what} must be undamaged ({type(error).__name__}: {reason})",
            where=where,
            hint="Fetch or copy the file again",
        ) from None


@contextmanager
def open_plain(data: bytes, where: object) -> Iterator[h5py.File]:
    """Open HDF5 bytes after checking that they hold plain groups and arrays only.

    Raises:
        IntegrityError: not HDF5, damaged, or a link, external, virtual, filtered or object array in it.
    """
    if not data.startswith(_SIGNATURE):
        raise IntegrityError("A weights file must be HDF5", where=where, received={"begins with": data[:8]})
    with parsing("A weights file", where), h5py.File(io.BytesIO(data), "r") as file:
        held = sum(array.nbytes for array in arrays(file, where))
        if held > len(data):
            raise IntegrityError(
                "The arrays of a weights file must lie in it, uncompressed",
                where=where,
                received={"bytes of arrays": held, "bytes of the file": len(data)},
            )
        yield file


def arrays(file: h5py.File, where: object) -> Iterator[h5py.Dataset]:
    """Every array of a file. Raises `IntegrityError` for anything that is not plain, or has several names."""
    seen, todo = {_address(file)}, [(file, 0)]
    while todo:
        group, depth = todo.pop()
        for name in group:
            path = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or depth > _MAX_DEPTH:
                raise IntegrityError(
                    "A weights file must have no links, and not be deep", where=where, received={"path": path}
                )
            member = group[name]
            if _address(member) in seen or len(seen) >= _MOST_OBJECTS:
                raise IntegrityError(
                    f"Each of the objects of a weights file (at most {_MOST_OBJECTS:,}) must have one name",
                    where=where,
                    received={"path": path, "objects": len(seen)},
                )
            seen.add(_address(member))
            if isinstance(member, h5py.Group):
                todo.append((member, depth + 1))
            elif not _is_plain(member):
                raise IntegrityError(
                    "A weights file must hold numeric arrays of its own", where=where, received={"path": path}
                )
            else:
                yield member


def _address(member: h5py.HLObject) -> int:
    """Where an object lies in its file, which identifies it under any name."""
    return h5py.h5o.get_info(member.id).addr


def _is_plain(member: object) -> bool:
    """Whether an object is an array of numbers whose bytes lie in the file as they are."""
    return (
        isinstance(member, h5py.Dataset)
        and member.shape is not None
        and not member.external
        and not member.is_virtual
        and member.dtype.kind in "fiu"
        and member.id.get_create_plist().get_nfilters() == 0
    )


def names(item: h5py.Group, attribute: str) -> list[str]:
    """An attribute that is a list of names. Raises `ValueError` if it is missing or anything else."""
    if attribute not in item.attrs:
        raise ValueError(f"{item.name} has no {attribute}")
    stored = item.attrs.get_id(attribute)
    if stored.shape is None or math.prod(stored.shape) * stored.dtype.itemsize > _MOST_NAMES:
        raise ValueError(f"{attribute} of {item.name} is not of at most {_MOST_NAMES:,} bytes")
    decoded = [name.decode() if isinstance(name, bytes) else name for name in np.ravel(item.attrs[attribute])]
    if not all(isinstance(name, str) for name in decoded):
        raise ValueError(f"{attribute} of {item.name} holds no names")
    return [str(name) for name in decoded]


def finite(array: np.ndarray, where: object, path: str) -> np.ndarray:
    """Return the array if every number in it is finite; else raise `IntegrityError`."""
    if not np.isfinite(array).all():
        raise IntegrityError("Weights must be finite numbers", where=where, received={"array": path})
    return array


def from_bfloat16(halves: np.ndarray) -> np.ndarray:
    """Numbers of bfloat16, given by their bits (uint16): the upper halves of those of float32. The same shape."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def load(network, path: Path) -> None:
    """Fill a freshly built network from the weights file of its folder.

    Args:
        network: a `keras.Model`.
        path: `model.weights.h5` as Keras writes it, weights only.

    Raises:
        IntegrityError: a missing or additional tensor, a wrong shape or dtype, or a number that is not finite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IntegrityError(f"The weights of a model must be readable: {error.strerror}", where=path) from None
    tensors, contents = Counter(), Counter()
    with open_plain(data, path) as file:
        for array in arrays(file, path):
            tensors[array.shape, str(array.dtype)] += 1
            contents[_digest(finite(array[()], path, array.name))] += 1
    expected = Counter((tuple(variable.shape), variable.dtype) for variable in network.weights)
    if tensors != expected:
        raise IntegrityError(
            f"The weights of {network.name} must be {expected.total()} tensors of fixed shapes and dtypes",
            where=path,
            received={
                "tensors": tensors.total(),
                "unexpected": list(tensors - expected),
                "missing": list(expected - tensors),
            },
        )
    with parsing("A weights file with the tensor of every layer", path):
        network.load_weights(path)
    if contents != Counter(_digest(array) for array in network.get_weights()):  # Keras skips what it does not find
        raise IntegrityError("A weights file must have the tensors of every layer, in the layer's place", where=path)


def _digest(array: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()
