"""Where Tn5 cut: from fragments or reads to positions, by chromosome, on a scratch disk.

However many reads there are, memory holds a block of them; the sites are read back stretch by stretch of the genome.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import names
from zoo.prepare.coverage import BLOCK
from zoo.prepare.fragments import Fragments

LONGEST = 1000
"""bp of a fragment from which on lengths are not told apart."""
TN5 = (4, -5)
"""bp from a read's 5' end, forward and reverse, to the middle of what the transposase duplicated."""
_READ = 1 << 22  # bytes


class CutSites:
    """Cut sites of one sample, appended and read back by chromosome.

    Args:
        folder: of the scratch disk, empty; the caller removes it.
        sizes: chromosome → bp; sites on others are left out.

    Attributes:
        kept: sites on these chromosomes.
        elsewhere: sites on others.
        lengths: fragments on these chromosomes by their length, (1001,) int64; the last those of 1,000 bp or more.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.sizes = folder, dict(sizes)
        self._names: dict[str, str | None] = {}
        self._numbers = {chrom: number for number, chrom in enumerate(sizes)}
        self.kept = self.elsewhere = 0
        self.lengths = np.zeros(LONGEST + 1, np.int64)

    def add(self, chrom: str, positions: np.ndarray) -> None:
        """Append sites (n,) of a chromosome, by its name in the reads' file."""
        name = self._name(chrom)
        if name is None or not len(positions):
            self.elsewhere += len(positions)
            return
        stretches = (positions // BLOCK).astype(np.uint16)
        order = np.argsort(stretches, kind="stable")
        positions, stretches = positions[order].astype(np.int32), stretches[order]
        heads = np.flatnonzero(np.concatenate([[True], stretches[1:] != stretches[:-1]]))
        for part in np.split(positions, heads[1:]):
            with open(self._path(name, int(part[0]) // BLOCK), "ab") as file:
                file.write(part.tobytes())
        self.kept += len(positions)

    def add_fragments(self, block: Fragments, shift: tuple[int, int], where: object) -> None:
        """Append both ends of fragments; the last base of one is `end - 1`.

        Args:
            block: of one chromosome.
            shift: bp from the first and from behind the last base to the site: (0, -1) for fragments that were
                shifted already, as 10x has them, and `TN5` for others.
            where: the file.

        Raises:
            GenomeMismatch: a fragment that ends behind its chromosome.
        """
        name = self._name(block.chrom)
        if name is not None and len(behind := np.flatnonzero(block.ends > self.sizes[name])):
            raise GenomeMismatch(
                "Fragments and genome are on the same assembly: none ends behind its chromosome",
                where=f"{where}, from row {block.row} on",
                received={"end": int(block.ends[behind[0]]), "chrom": block.chrom, "length": self.sizes[name]},
            )
        sites = np.concatenate([block.starts + shift[0], block.ends + shift[1]])
        if name is not None:
            sites = np.clip(sites, 0, self.sizes[name] - 1)
            self.add_lengths(block.chrom, block.ends - block.starts)
        self.add(block.chrom, sites)

    def add_lengths(self, chrom: str, lengths: np.ndarray) -> None:
        """Count fragments of a chromosome by their lengths (n,), bp."""
        if self._name(chrom) is not None:
            self.lengths += np.bincount(np.minimum(lengths, LONGEST), minlength=LONGEST + 1)

    def counts(self, chrom: str) -> Iterator[tuple[int, np.ndarray]]:
        """(first base, cuts at it and those behind it (n,) int64) of stretches that cover a chromosome, in order."""
        for first in range(0, self.sizes[chrom], BLOCK):
            counts = np.zeros(min(BLOCK, self.sizes[chrom] - first), np.int64)
            path = self._path(chrom, first // BLOCK)
            if path.is_file():
                with open(path, "rb") as file:
                    while data := file.read(_READ):
                        counts += np.bincount(np.frombuffer(data, np.int32) - first, minlength=len(counts))
            yield first, counts

    def _path(self, chrom: str, stretch: int) -> Path:
        return self._folder / f"{self._numbers[chrom]}.{stretch}"

    def _name(self, chrom: str) -> str | None:
        """A chromosome by the name that `sizes` has, or None if it has none of it."""
        if chrom not in self._names:
            name = names.find(chrom, self.sizes)
            others = [known for known, meant in self._names.items() if name is not None and meant == name]
            if others:
                raise InputError("A file of reads calls a chromosome by one name", received={"names": (*others, chrom)})
            self._names[chrom] = name
        return self._names[chrom]
