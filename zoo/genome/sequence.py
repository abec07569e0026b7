"""A genome in a 2bit file."""

import functools
import operator
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import py2bit

from registry.store import sha256
from zoo.errors import InputError
from zoo.genome import encode
from zoo.genome.handle import Handle

_MAGIC, _SWAPPED = 0x1A412743, 0x4327411A
_OFFSET = {0: "<I", 1: "<Q"}  # of a sequence, by the version of the format
_TWOBIT_CODE = np.array([2, 1, 3, 0, 0], np.uint8)  # the format packs T 0, C 1, A 2, G 3


class Genome:
    """Sequences of a `.2bit` file.

    Args:
        path: the file. It is checked for truncation here and opened on first use, once in each process.

    Attributes:
        sizes: chromosome -> length in bp, in the file's order.

    Raises:
        InputError: not a 2bit file, or one that was cut off.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        _check_complete(self.path)
        self._handle = Handle(functools.partial(_open, str(self.path)))
        with self._handle as file:
            self.sizes: dict[str, int] = dict(file.chroms())

    def __repr__(self) -> str:
        return f"Genome({str(self.path)!r}, {len(self.sizes)} chromosomes, {sum(self.sizes.values()):,} bp)"

    def identity(self) -> dict[str, object]:
        """What the bases depend on: the file's bytes."""
        return {"bytes": self.path.stat().st_size, "sha256": sha256(self.path)}

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Bases of an interval: A 0, C 1, G 2, T 3, N and beyond the chromosome's ends 4. (end - start,) uint8.

        Soft-masked (lower-case) bases are like all others. Raises `InputError` for an unknown chromosome or an empty
        interval.
        """
        start, end, size = operator.index(start), operator.index(end), self.sizes.get(chrom)
        if size is None:
            raise InputError("The genome has this chromosome", where=self.path, received={"chrom": chrom})
        if not start < end:
            raise InputError("An interval is not empty", where=self.path, received={"start": start, "end": end})
        codes = np.full(end - start, encode.N, np.uint8)
        first, last = max(start, 0), min(end, size)
        if first < last:  # py2bit reads the whole chromosome when asked for an empty stretch at its start
            with self._handle as file:
                codes[first - start : last - start] = encode.encode(file.sequence(chrom, first, last))
        return codes

    def sequence(self, chrom: str, start: int, end: int) -> str:
        """The same interval as text in upper case, N where there is no base."""
        return np.frombuffer(b"ACGTN", np.uint8)[self.codes(chrom, start, end)].tobytes().decode()


def _open(path: str):
    try:
        return py2bit.open(path)
    except RuntimeError:
        raise InputError("A genome is a .2bit file that can be read", received={"genome": path}) from None


def _check_complete(path: Path) -> None:
    """Walk to the end of the last sequence without reading any, so that a file that was cut off is found at once."""
    try:
        with open(path, "rb") as file:
            magic, version, count, _ = struct.unpack("<IIII", file.read(16))
            if magic == _SWAPPED:
                raise InputError("A .2bit file is little-endian; this one is byte-swapped", where=path)
            if magic != _MAGIC or version not in _OFFSET:
                raise InputError("A genome is a .2bit file", example="hg38.2bit", received={"genome": str(path)})

            def integers(form: str) -> int:
                return struct.unpack(form, file.read(struct.calcsize(form)))[0]

            offsets = []
            for _ in range(count):
                file.seek(file.read(1)[0], os.SEEK_CUR)
                offsets.append(integers(_OFFSET[version]))
            for offset in offsets:
                file.seek(offset)
                length = integers("<I")
                for _ in ("N blocks", "lower-case blocks"):
                    file.seek(8 * integers("<I"), os.SEEK_CUR)
                file.seek(4 + (length + 3) // 4, os.SEEK_CUR)
                if file.tell() > path.stat().st_size:
                    raise EOFError
    except (EOFError, struct.error, IndexError, OverflowError):
        raise InputError("This .2bit file was cut off or damaged; copy it again", where=path) from None
    except OSError as error:
        raise InputError(f"The genome can be read ({error.strerror})", received={"genome": str(path)}) from None


def write_twobit(path: str | Path, sequences: Mapping[str, np.ndarray]) -> None:
    """Write a `.2bit` file.

    Args:
        path: where.
        sequences: chromosome -> codes as `Genome.codes` returns them, (length,) uint8; 4 becomes N.
    """
    names = [name.encode() for name in sequences]
    offset = 16 + sum(len(name) + 5 for name in names)
    index, records = b"", []
    for name, codes in zip(names, sequences.values(), strict=True):
        unknown = np.concatenate([[False], codes == encode.N, [False]])
        edges = np.flatnonzero(unknown[1:] != unknown[:-1]).reshape(-1, 2)
        blocks = np.concatenate([edges[:, 0], edges[:, 1] - edges[:, 0]]).astype("<u4").tobytes()
        quads = _TWOBIT_CODE[np.pad(codes, (0, -len(codes) % 4))].reshape(-1, 4)
        packed = (quads << np.array([6, 4, 2, 0], np.uint8)).sum(axis=1, dtype=np.uint8).tobytes()
        record = struct.pack("<II", len(codes), len(edges)) + blocks + struct.pack("<II", 0, 0) + packed
        index += bytes([len(name)]) + name + struct.pack("<I", offset)
        offset += len(record)
        records.append(record)
    with open(path, "wb") as file:
        file.write(struct.pack("<IIII", _MAGIC, 0, len(names), 0) + index)
        file.writelines(records)
