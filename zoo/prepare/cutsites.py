"""Where Tn5 cut: from fragments or reads to positions, by chromosome, on a scratch disk.

However many reads there are, memory holds a block of them; a chromosome's sites are read back when it is its turn.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import names
from zoo.prepare.fragments import Fragments

TN5 = (4, -5)
"""bp from a read's 5' end, forward and reverse, to the middle of what the transposase duplicated."""
_BLOCK = 1 << 22
_DENSE = 32  # bases per site up to which it is quicker to count all of them


class CutSites:
    """Cut sites of one sample, appended and read back by chromosome.

    Args:
        folder: of the scratch disk, empty; the caller removes it.
        sizes: chromosome → bp; sites on others are left out.

    Attributes:
        kept: sites on these chromosomes.
        elsewhere: sites on others.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.sizes = folder, dict(sizes)
        self._names: dict[str, str | None] = {}
        self.kept = self.elsewhere = 0

    def add(self, chrom: str, positions: np.ndarray) -> None:
        """Append sites (n,) of a chromosome, by its name in the reads' file."""
        name = self._name(chrom)
        if name is None:
            self.elsewhere += len(positions)
            return
        with open(self._folder / f"{list(self.sizes).index(name)}.sites", "ab") as file:
            file.write(positions.astype(np.int32).tobytes())
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
        size = 0 if name is None else self.sizes[name]
        sites = np.concatenate([block.starts + shift[0], block.ends + shift[1]])
        self.add(block.chrom, sites if name is None else np.clip(sites, 0, size - 1))

    def blocks(self, chrom: str) -> Iterator[np.ndarray]:
        """The sites of a chromosome, (n,) int32, unsorted, some at a time."""
        path = self._folder / f"{list(self.sizes).index(chrom)}.sites"
        if path.is_file():
            with open(path, "rb") as file:
                while data := file.read(_BLOCK):
                    yield np.frombuffer(data, np.int32)

    def counts(self, chrom: str) -> np.ndarray:
        """Cuts at every base of a chromosome, (length,) int32."""
        counts = np.zeros(self.sizes[chrom], np.int32)
        for sites in self.blocks(chrom):
            low, high = int(sites.min()), int(sites.max()) + 1
            if high - low < _DENSE * len(sites):  # as in files sorted by position
                counts[low:high] += np.bincount(sites - low).astype(np.int32)
            else:
                np.add.at(counts, sites, 1)
        return counts

    def _name(self, chrom: str) -> str | None:
        """A chromosome by the name that `sizes` has, or None if it has none of it."""
        if chrom not in self._names:
            name = names.find(chrom, self.sizes)
            others = [known for known, meant in self._names.items() if name is not None and meant == name]
            if others:
                raise InputError("A file of reads calls a chromosome by one name", received={"names": (*others, chrom)})
            self._names[chrom] = name
        return self._names[chrom]
