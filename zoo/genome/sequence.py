"""A genome in a 2bit or FASTA file."""

import functools
from pathlib import Path

import numpy as np

from zoo.arguments import whole
from zoo.errors import InputError
from zoo.files.hashed import sha256
from zoo.genome import encode, sniff
from zoo.genome.fasta import Fasta
from zoo.genome.handle import Handle
from zoo.genome.interval import FURTHEST
from zoo.genome.twobit import TwoBit, write_twobit

__all__ = ["Genome", "write_twobit"]

_HINTS = {
    "bigWig": "This is a bigWig file, a signal",
    "bigBed": "This is a bigBed file",
}


class Genome:
    """Sequences of a `.2bit` or FASTA file (plain, or compressed by bgzip), whatever its name.

    A FASTA file needs no index. With the `.fai` of samtools beside it, it is not read through before first use.

    Args:
        path: the file. It is checked here and opened again in each other process on first use.

    Attributes:
        sizes: chromosome -> length in bp, in the file's order; sequences without a base are left out.

    Raises:
        InputError: neither of them, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = sniff.plain_file(path, "genome")
        kind = sniff.kind_of_file(self.path)
        if kind not in ("2bit", "FASTA"):
            raise InputError(
                "A genome must be a .2bit or FASTA file",
                received={"genome": str(self.path)},
                example="hg38.2bit",
                hint=_HINTS.get(kind, kind and f"This is a {kind} file"),
            )
        opener = functools.partial(TwoBit, str(self.path))
        if kind == "FASTA":  # other processes need not look for its sequences again
            opener = functools.partial(Fasta, str(self.path), Fasta(self.path).index)
        self._handle = Handle(opener)
        with self._handle as file:
            self.sizes: dict[str, int] = dict(file.sizes)

    def __repr__(self) -> str:
        return f"Genome({str(self.path)!r}, {len(self.sizes)} chromosomes, {sum(self.sizes.values()):,} bp)"

    def identity(self) -> dict[str, object]:
        """What the bases depend on: the file's bytes."""
        return {"bytes": self.path.stat().st_size, "sha256": sha256(self.path)}

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Bases of an interval: A 0, C 1, G 2, T 3, N and beyond the chromosome's ends 4. (end - start,) uint8.

        Soft-masked (lower-case) bases are like all others. Raises `InputError` for an unknown chromosome, an empty
        interval, or a file that is damaged there.
        """
        start, end = whole("start", start, -FURTHEST, FURTHEST), whole("end", end, -FURTHEST, FURTHEST)
        size = self.sizes.get(chrom) if isinstance(chrom, str) else None
        if size is None:
            raise InputError(
                "The chromosome must be one of the genome's",
                where=self.path,
                received={"chrom": chrom, "genome": list(self.sizes)[:5]},
            )
        if not start < end:
            raise InputError("An interval must not be empty", where=self.path, received={"start": start, "end": end})
        codes = np.full(end - start, encode.N, np.uint8)
        first, last = max(start, 0), min(end, size)
        if first < last:
            with self._handle as file:
                codes[first - start : last - start] = file.codes(chrom, first, last)
        return codes

    def sequence(self, chrom: str, start: int, end: int) -> str:
        """The same interval as text in upper case, N where there is no base."""
        return np.frombuffer(b"ACGTN", np.uint8)[self.codes(chrom, start, end)].tobytes().decode()
