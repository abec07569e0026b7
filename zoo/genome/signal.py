"""A track of one number per base in a bigWig file."""

import functools
import operator
import os
import struct
from pathlib import Path

import numpy as np
import pyBigWig

from registry.store import sha256
from zoo.errors import InputError
from zoo.genome.handle import Handle

_MAGICS = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
_HEADER = struct.Struct("<IHHQQQ")  # magic, version, zoom levels, offsets of chromosomes, data and index
_TREE, _INDEX = 0x78CA8C91, 0x2468ACE0


class Signal:
    """Values of a `.bw` file, without gaps: what the file does not cover has the value `fill`.

    Args:
        path: the file. It is checked for truncation here and opened on first use, once in each process.
        fill: the value of bases that are not covered or NaN, and of those beyond the chromosome's ends.

    Attributes:
        sizes: chromosome -> length in bp, in the file's order.

    Raises:
        InputError: not a bigWig file, or one that was cut off.
    """

    def __init__(self, path: str | Path, fill: float = 0.0) -> None:
        self.path, self.fill = Path(path).expanduser(), float(fill)
        if not np.isfinite(self.fill):
            raise InputError("The fill value is a finite number", example=0.0, received={"fill": fill})
        check_complete(self.path)
        self._handle = Handle(functools.partial(_open, str(self.path)))
        with self._handle as file:
            self.sizes: dict[str, int] = dict(file.chroms())

    def __repr__(self) -> str:
        return f"Signal({str(self.path)!r}, {len(self.sizes)} chromosomes, fill={self.fill:g})"

    def identity(self) -> dict[str, object]:
        """What the values depend on: the file's bytes, and the fill value."""
        return {"bytes": self.path.stat().st_size, "sha256": sha256(self.path), "fill": self.fill}

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """One value per base of an interval, (end - start,) float32, never NaN.

        Raises:
            InputError: an unknown chromosome, an empty interval, or an infinite value in the file.
        """
        start, end, size = operator.index(start), operator.index(end), self.sizes.get(chrom)
        if size is None:
            raise InputError("The signal has this chromosome", where=self.path, received={"chrom": chrom})
        if not start < end:
            raise InputError("An interval is not empty", where=self.path, received={"start": start, "end": end})
        values = np.full(end - start, self.fill, np.float32)
        first, last = max(start, 0), min(end, size)
        if first < last:
            with self._handle as file:
                try:
                    read = file.values(chrom, first, last, numpy=True)
                except RuntimeError:
                    raise InputError(
                        "This bigWig file is damaged; copy it again", where=f"{self.path} {chrom}:{first + 1}-{last}"
                    ) from None
            if len(read) != last - first:  # a file without any data
                return values
            uncovered = np.isnan(read)
            if np.isinf(read).any():
                at = int(np.argmax(np.isinf(read)))
                raise InputError(
                    "A signal is finite",
                    where=f"{self.path} {chrom}:{first + at + 1}",
                    received={"value": read[at].item()},
                )
            read[uncovered] = self.fill
            values[first - start : last - start] = read
        return values


def check_complete(path: Path) -> None:
    """Raise `InputError` unless the file begins and ends with the magic number of bigWig and has its two indexes.

    A bigWig's last four bytes repeat its first four: a copy that was cut off is found without reading it.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEADER.size)
            if head[:4] not in _MAGICS:
                raise InputError("A signal is a bigWig file", example="atac.bw", received={"signal": str(path)})
            size = file.seek(-4, os.SEEK_END) + 4
            if file.read(4) != head[:4]:
                raise InputError("This bigWig file was cut off: its trailing magic number is missing", where=path)
            order = "<" if head[:4] == _MAGICS[0] else ">"
            _, _, _, tree, _, index = struct.unpack(order + _HEADER.format[1:], head.ljust(_HEADER.size, b"\0"))
            for offset, magic in ((tree, _TREE), (index, _INDEX)):  # the C library trusts them, and crashes
                file.seek(min(offset, size))
                if file.read(4) != struct.pack(f"{order}I", magic):
                    raise InputError("This bigWig file is damaged; copy it again", where=path)
    except OSError as error:
        raise InputError(f"The signal can be read ({error.strerror})", received={"signal": str(path)}) from None


def _open(path: str):
    try:
        return pyBigWig.open(path)
    except RuntimeError:
        raise InputError("A signal is a bigWig file that can be read", received={"signal": path}) from None
