"""A track of one number per base in a bigWig file."""

import functools
from dataclasses import asdict
from pathlib import Path

import numpy as np

from zoo.arguments import number, whole
from zoo.errors import InputError
from zoo.files.hashed import sha256
from zoo.genome import sniff
from zoo.genome.bbi import BigWig, incomplete
from zoo.genome.handle import Handle
from zoo.genome.interval import FURTHEST
from zoo.genome.remote import is_address, shown

_HINTS = {
    "BAM": "Make a track of a BAM file with `zoo prepare`",
    "CRAM": "Convert CRAM with `samtools view -b`, and make a track of the BAM file with `zoo prepare`",
    "SAM": "Convert SAM with `samtools view -b`, and make a track of the BAM file with `zoo prepare`",
    "bedGraph": "Convert bedGraph with `bedGraphToBigWig`; make a track of fragments with `zoo prepare`",
    "wig": "Convert wig with `wigToBigWig`",
    "BED": "Make a track of fragments or reads with `zoo prepare`; a signal has a number for each base",
    "bigBed": "This is a bigBed file, intervals; a signal has a number for each base",
    "2bit": "This is a .2bit file, a genome",
}


class Signal:
    """Values of a `.bw` file, without gaps: what the file does not cover has the value `fill`.

    Args:
        path: the file, or as text its address (http, https) on a server that supports ranges of bytes
            (`zoo.genome.remote`). It is checked here and opened again in each other process on first use.
        fill: the value of bases that are not covered or NaN, and of those beyond the chromosome's ends.

    Attributes:
        path: of the file; of one on a server the address, without name and password.
        source: what it is opened by, which may hold a password: not to be shown.
        sizes: chromosome -> length in bp, in the file's order.
        empty: whether the file holds no value at all, so that every base has that of `fill`.

    Raises:
        InputError: not a bigWig file, or a damaged one.
    """

    def __init__(self, path: str | Path, fill: float = 0.0) -> None:
        self._is_remote = is_address(path)
        self.path: Path | str = shown(path) if self._is_remote else sniff.plain_file(path, "signal")
        self.fill = number("fill_value", fill, example=0.0)
        if not self._is_remote:
            check_complete(self.path)
        self.source = path if self._is_remote else str(self.path)
        self._handle = Handle(functools.partial(BigWig, self.source))
        with self._handle as file:
            self.sizes: dict[str, int] = dict(file.sizes)
            self.empty: bool = file.empty

    def __repr__(self) -> str:
        return f"Signal({str(self.path)!r}, {len(self.sizes)} chromosomes, fill={self.fill:g})"

    @property
    def covered(self) -> set[str]:
        """Chromosomes that have a value."""
        with self._handle as file:
            return file.covered

    def filled(self, fill: float) -> "Signal":
        """The same file with another value where it has none."""
        return Signal(self.source, fill)

    def identity(self) -> dict[str, object]:
        """What the values depend on: the file's bytes, and the fill value.

        Of a file on a server its address, its length, what the server says of its version (ETag, Last-Modified), and
        the digest of its index.
        """
        if self._is_remote:
            with self._handle as file:
                return {"url": self.path, **asdict(file.version), "index_sha256": file.index_sha256, "fill": self.fill}
        return {"bytes": self.path.stat().st_size, "sha256": sha256(self.path), "fill": self.fill}

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """One value per base of an interval, (end - start,) float32, never NaN.

        Raises:
            InputError: an unknown chromosome, an empty interval, an infinite value in the file, or a damaged part.
        """
        start, end = whole("start", start, -FURTHEST, FURTHEST), whole("end", end, -FURTHEST, FURTHEST)
        size = self.sizes.get(chrom) if isinstance(chrom, str) else None
        if size is None:
            raise InputError(
                "The chromosome must be one of the signal's",
                where=self.path,
                received={"chrom": chrom, "signal": list(self.sizes)[:5]},
            )
        if not start < end:
            raise InputError("An interval must not be empty", where=self.path, received={"start": start, "end": end})
        values = np.full(end - start, self.fill, np.float32)
        first, last = max(start, 0), min(end, size)
        if first < last:
            with self._handle as file:
                read = file.values(chrom, first, last)
            covered = ~np.isnan(read)
            if np.isinf(read).any():
                at = int(np.argmax(np.isinf(read)))
                raise InputError(
                    "A signal must be finite",
                    where=f"{self.path} {chrom}:{first + at + 1}",
                    received={"value": read[at].item()},
                )
            np.copyto(values[first - start : last - start], read, where=covered)
        return values


def check_complete(path: Path) -> None:
    """Raise `InputError` unless a file begins and ends with the magic number of bigWig.

    A bigWig's last four bytes repeat its first four: a copy that was cut off is found without reading it.
    """
    if (kind := sniff.kind_of_file(path)) != "bigWig":
        raise InputError(
            "A signal must be a bigWig file",
            received={"signal": str(path)},
            example="atac.bw",
            hint=_HINTS.get(kind, kind and f"This is a {kind} file"),
        )
    with open(path, "rb") as file:
        head, size = file.read(4), path.stat().st_size
        file.seek(size - 4)
        if file.read(4) != head:
            raise incomplete(path)
