"""2bit files: the format of UCSC for sequences, two bits for a base (genome.ucsc.edu/FAQ/FAQformat.html#format7).

Every number of a file is checked before it is used, so that a damaged one is an error and never a crash or a hang.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import encode
from zoo.genome.handle import Bytes
from zoo.genome.spans import near, runs

_MAGIC = 0x1A412743
_OFFSET = {0: "I", 1: "Q"}  # of a sequence, by the version of the format
_TO_TWOBIT = np.array([2, 1, 3, 0, 0], np.uint8)  # the format packs T 0, C 1, A 2, G 3
_SHIFTS = np.array([6, 4, 2, 0], np.uint8)
_OF_BYTE = np.argsort(_TO_TWOBIT[:4]).astype(np.uint8)[np.arange(256)[:, None] >> _SHIFTS & 3]  # four codes each


class TwoBit:
    """An open 2bit file.

    Args:
        path: the file.

    Attributes:
        sizes: sequence → bp, in the file's order; those without a base are left out.

    Raises:
        InputError: not a 2bit file, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self._bytes = Bytes(path, "genome")
        head = self._bytes.read(0, 16)
        self._order = "<" if struct.unpack("<I", head[:4])[0] == _MAGIC else ">"
        magic, version, count, _ = struct.unpack(f"{self._order}IIII", head)
        if magic != _MAGIC or version not in _OFFSET:
            raise self._bytes.damaged()
        places = list(self._index(count, struct.Struct(self._order + _OFFSET[version])))
        names = [name for name, _ in places]
        if len(set(names)) < len(names) or "" in names:
            raise InputError(
                "A .2bit file must name every sequence once",
                where=path,
                received={"sequences": len(names), "different names": len(set(names) - {""})},
            )
        self.sizes: dict[str, int] = {}
        self._records: dict[str, tuple[int, np.ndarray]] = {}
        for name, offset in places:
            size, unknown, bases = self._record(offset)
            if size:
                self.sizes[name], self._records[name] = size, (bases, unknown)
        if not self.sizes:
            raise InputError("A genome must have a sequence with bases", where=path, received={"sequences": names[:5]})

    def codes(self, name: str, start: int, end: int) -> np.ndarray:
        """Bases: A 0, C 1, G 2, T 3, N 4, (end - start,) uint8.

        Args:
            name: one of `sizes`.
            start, end: bp, 0-based half-open, within the sequence.
        """
        place, unknown = self._records[name]
        first = start // 4
        packed = np.frombuffer(self._bytes.read(place + first, -(-end // 4) - first), np.uint8)
        codes = _OF_BYTE[packed].reshape(-1)[start - 4 * first :][: end - start].copy()
        for left, right in unknown[near(unknown, start, end)]:
            codes[max(left - start, 0) : right - start] = encode.N
        return codes

    def _index(self, count: int, offset: struct.Struct) -> Iterator[tuple[str, int]]:
        """Names of sequences, and where they begin."""
        at = 16
        table = self._bytes.read(at, min(count * (256 + offset.size), self._bytes.size - at))
        at = 0
        for _ in range(count):
            try:
                end = at + 1 + table[at]
                name, (place,) = table[at + 1 : end].decode(), offset.unpack_from(table, end)
            except (IndexError, struct.error, UnicodeDecodeError):
                raise self._bytes.damaged() from None
            at = end + offset.size
            yield name, place

    def _record(self, at: int) -> tuple[int, np.ndarray, int]:
        """bp of a sequence, (n, 2) int64 starts and ends of its unknown bases, and where its bases begin."""
        size, count = struct.unpack(f"{self._order}II", self._bytes.read(at, 8))
        table = np.frombuffer(self._bytes.read(at + 8, 8 * count), f"{self._order}u4").astype(np.int64)
        unknown = np.stack([table[:count], table[:count] + table[count:]], axis=1)
        at += 8 + 8 * count
        (masked,) = struct.unpack(f"{self._order}I", self._bytes.read(at, 4))  # lower case is as upper case here
        bases = at + 4 + 8 * masked + 4
        apart = (unknown[1:, 0] >= unknown[:-1, 1]).all() and (unknown[:, 1] <= size).all()
        if not apart or bases + (size + 3) // 4 > self._bytes.size:
            raise self._bytes.damaged()
        return size, unknown, bases


def write_twobit(path: str | Path, sequences: Mapping[str, np.ndarray]) -> None:
    """Write a `.2bit` file.

    Args:
        path: where.
        sequences: chromosome -> codes as `Genome.codes` returns them, (length,) uint8; 4 becomes N.
    """
    names = [name.encode() for name in sequences]
    offset = 16 + sum(len(name) + 5 for name in names)
    index, records = [], []
    for name, codes in zip(names, sequences.values(), strict=True):
        unknown = runs(codes == encode.N)
        blocks = np.concatenate([unknown[:, 0], unknown[:, 1] - unknown[:, 0]]).astype("<u4").tobytes()
        quads = _TO_TWOBIT[np.pad(codes, (0, -len(codes) % 4))].reshape(-1, 4)
        packed = (quads << _SHIFTS).sum(axis=1, dtype=np.uint8).tobytes()
        record = struct.pack("<II", len(codes), len(unknown)) + blocks + struct.pack("<II", 0, 0) + packed
        index.append(bytes([len(name)]) + name + struct.pack("<I", offset))
        offset += len(record)
        records.append(record)
    with open(path, "wb") as file:
        file.write(struct.pack("<IIII", _MAGIC, 0, len(names), 0) + b"".join(index))
        file.writelines(records)
