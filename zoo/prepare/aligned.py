"""Aligned reads of a sample, one by one: the door of tracks that count reads and not fragments."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.errors import InputError
from zoo.prepare import fragments, kinds, reads
from zoo.prepare.cutsites import CutSites, check_odd
from zoo.prepare.fragments import Fragments
from zoo.prepare.kinds import BAM

_BLOCK = 1 << 18  # reads of a BAM file that are handed on together


@dataclass
class AlignedReads:
    """A file of reads as it is read.

    Attributes:
        path: the file.
        kind: what it holds.
        mapping_quality: BAM reads below are left out.
        lengths: bp → reads of this length, as far as the file says it.
    """

    path: Path
    kind: str
    mapping_quality: int
    lengths: Counter = field(default_factory=Counter)

    @classmethod
    def of(cls, reads_file: str | Path, mapping_quality: int, notes: list[str]) -> "AlignedReads":
        """A user's file. What a user should know of it is added to `notes`.

        Raises:
            InputError: a file of another kind, or a mapping quality for one that has none.
        """
        path = user_path(reads_file, "reads")
        kind = kinds.kind_of(path, False, notes)
        if kind != BAM and mapping_quality:
            raise InputError("A mapping quality must go with a BAM file", where=path, received={"content": kind})
        return cls(path, kind, mapping_quality)

    def check_header(self, sizes: Mapping[str, int]) -> None:
        """Raise `GenomeMismatch` unless a BAM file's chromosomes are those of the genome; others have no header."""
        if self.kind == BAM:
            reads.check_header(self.path, sizes)

    def each(self, add: Callable[[Fragments], None], sites: CutSites) -> None:
        """Hand on all reads in blocks of one chromosome; of fragments, whose reads are not known, these.

        Args:
            add: takes a block; `forward` of reads says the strand.
            sites: where rows that are no interval on their chromosome are counted.

        Raises:
            InputError: too many of such rows; GenomeMismatch if they end beyond their chromosome.
        """
        rows = 0
        for parts, rows in self._alignments() if self.kind == BAM else self._rows():
            for part in parts:
                add(part)
            check_odd([sites], self.path, rows, early=True)
        check_odd([sites], self.path, rows)

    def _rows(self) -> Iterator[tuple[list[Fragments], int]]:
        """Blocks of a table, and how many rows it had up to there."""
        for block in fragments.blocks(self.path, kind=self.kind):
            for part in block.parts:
                if part.forward is not None:
                    found = np.unique(part.ends - part.starts, return_counts=True)
                    self.lengths.update(dict(zip(*(column.tolist() for column in found), strict=True)))
            yield block.parts, block.position[1]

    def _alignments(self) -> Iterator[tuple[list[Fragments], int]]:
        """Every read that has a place, paired or not, repeated or not: files of the authors were filtered before."""
        chrom, waiting, rows = None, [], 0
        for read in reads.records(self.path):
            known = not (reads.is_unmapped(read) or read.is_secondary or read.is_supplementary)
            if not known or read.mapping_quality < self.mapping_quality:
                continue
            if waiting and (read.reference_name != chrom or len(waiting) == _BLOCK):
                rows += len(waiting)
                yield [_block(chrom, waiting)], rows
                waiting = []
            chrom = read.reference_name
            waiting.append((read.reference_start, read.reference_end, not read.is_reverse))
            self.lengths[read.infer_query_length()] += 1
        if waiting:
            yield [_block(chrom, waiting)], rows + len(waiting)

    def length(self, given: int | None) -> int:
        """The median length of reads, or that which was given. Raises `InputError` unless there is one of them."""
        if given is None and not self.lengths:
            raise InputError(
                "The read length must be given for fragments, whose file does not say it",
                where=self.path,
                received={"content": self.kind},
                hint="Give `--read-length`, `read_length` in Python",
            )
        if given is not None:
            return given
        lengths = sorted(self.lengths)
        before = np.cumsum([self.lengths[length] for length in lengths])
        return lengths[int(np.searchsorted(before, (before[-1] + 1) // 2))]


def _block(chrom: str, alignments: list[tuple[int, int, bool]]) -> Fragments:
    starts, ends, forward = np.array(alignments, np.int64).T
    return Fragments(chrom, starts, ends, forward=forward.astype(bool))
