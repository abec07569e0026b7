"""Cuts of Tn5 by strand: of BAM files as TOBIAS reads them, of fragments and of single reads as `zoo prepare` does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.footprints import store
from zoo.genome import names
from zoo.prepare import fragments, reads
from zoo.prepare.kinds import BAM

READ = 50
"""bp of a fragment that each of its reads is taken to have, where the length of reads matters."""
_BLOCK = 1 << 18
_DUPLICATE = 0x400
_MATCH, _SOFT_CLIP, _HARD_CLIP, _EQUAL = 0, 4, 5, (7, 8)  # operations of CIGAR


@dataclass(frozen=True)
class Cuts:
    """Cuts on one chromosome, sorted; views of a file, see `zoo.footprints.store`.

    Attributes:
        at: (n,) int64, the base that a cut counts for.
        strand: (n,) uint8, 0 of forward reads, 1 of reverse ones.
        learned_from: (n,) bool, whether a cut may count for the bias: its read is aligned from its first base on.
        low: (n,) int32, the first aligned base of the read.
        high: (n,) int32, exclusive.
    """

    at: np.ndarray
    strand: np.ndarray
    learned_from: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def between(self, start: int, end: int) -> slice:
        """Those on bases from `start` up to but not including `end`."""
        return slice(*np.searchsorted(self.at, (start, end)).tolist())

    def counts(self, start: int, end: int) -> np.ndarray:
        """How many there are per base of a stretch and strand, (2, end - start) float64."""
        here = self.between(start, end)
        flat = (self.at[here] - start) + self.strand[here] * np.int64(end - start)
        return np.bincount(flat, minlength=2 * (end - start)).reshape(2, -1).astype(np.float64)

    def learned(self, start: int, end: int, touching: tuple[int, int] | None) -> np.ndarray:
        """Numbers of those between two bases that may count for the bias.

        Args:
            start: the first base.
            end: exclusive.
            touching: a stretch that their reads overlap, if it matters.
        """
        here = self.between(start, end)
        good = self.learned_from[here]
        if touching is not None:
            good = good & (self.low[here] < touching[1]) & (self.high[here] > touching[0])
        return np.flatnonzero(good) + here.start


@dataclass
class Reading:
    """What became of the records of a file.

    Attributes:
        records: alignments of BAM, else rows.
        unmapped: of those, with no place.
        duplicates: of the others, flagged as such.
        elsewhere: of the others, on chromosomes that do not count, or with a cut outside of their chromosome.
        cuts: that are left.
        no_bias: of those, that do not count for the bias: clipped at the cut.
        left_out_pairs: of BEDPE, of which a read is missing or on another chromosome.
    """

    records: int = 0
    unmapped: int = 0
    duplicates: int = 0
    elsewhere: int = 0
    cuts: int = 0
    no_bias: int = 0
    left_out_pairs: int = 0


@dataclass
class _Collected:
    """Cuts that are put aside as they are read."""

    sizes: Mapping[str, int]
    sorting: store.Sorting
    reading: Reading

    def add(self, chrom: str, *columns: np.ndarray) -> None:
        """Cuts of a chromosome, as `Cuts` has them."""
        known, count = names.find(chrom, self.sizes), len(columns[0])
        if known is not None:
            good = (columns[0] >= 0) & (columns[0] < self.sizes[known])
            columns = tuple(item[good] for item in columns)
            self.sorting.add(known, dict(zip(Cuts.__dataclass_fields__, columns, strict=True)))
            self.reading.cuts += len(columns[0])
            self.reading.no_bias += int((~columns[2]).sum())
            count -= len(columns[0])
        self.reading.elsewhere += count


def read(
    path: Path, kind: str, shift: tuple[int, int], sizes: Mapping[str, int], only_m: bool, target: Path
) -> tuple[dict[str, int], Reading]:
    """Put all cuts of a file into another, from which `opened` has them; memory does not grow with their number.

    Of BAM records all count but unmapped ones and flagged duplicates, each with its own 5' end, soft clips put back.
    A fragment has two reads of `READ` bp.

    Args:
        path: the file.
        kind: see `zoo.prepare.kinds`.
        shift: bp from a forward read's first base, and from beyond a reverse read's last one, to the cut.
        sizes: chromosome → bp of those that count.
        only_m: whether reads that begin with `=` or `X` do not count for the bias (TOBIAS).
        target: the new file; beside it a folder that ends in .tmp is used for as much again.

    Returns:
        Chromosome → how many cuts there are, of those with any; and what became of the records.

    Raises:
        InputError: a file that cannot be used, or without a cut on these chromosomes.
    """
    found = _Collected(sizes, store.Sorting(target.with_suffix(".tmp"), sizes), Reading())
    blocks = _alignments(path, found.reading, only_m) if kind == BAM else _rows(path, kind, found.reading)
    for chrom, five, strand, good, low, high in blocks:
        moved = five + np.where(strand == 1, shift[1], shift[0])
        found.add(chrom, moved, strand, good, low, high)
    if not found.reading.cuts:
        raise InputError(
            "Reads must have cuts on the chosen chromosomes",
            where=path,
            received={"cuts elsewhere": found.reading.elsewhere, "chromosomes": list(sizes)[:5]},
        )
    found.sorting.write(target)
    return found.sorting.counts, found.reading


def opened(path: Path, counts: Mapping[str, int]) -> dict[str, Cuts] | None:
    """The cuts of a file that `read` wrote, by chromosome; None if it is not there, or not whole."""
    found = store.opened(path, counts)
    return None if found is None else {chrom: Cuts(**columns) for chrom, columns in found.items()}


def _rows(path: Path, kind: str, reading: Reading) -> Iterator[tuple]:
    for block in fragments.blocks(path, kind=kind):
        for part in block.parts:
            length = np.minimum(part.ends - part.starts, READ) if part.forward is None else part.ends - part.starts
            sides = (part.starts, part.starts, part.starts + length), (part.ends, part.ends - length, part.ends)
            for strand, (five, low, high) in enumerate(sides):
                mine = slice(None) if part.forward is None else part.forward == (strand == 0)
                count = len(five[mine])
                yield (
                    part.chrom,
                    five[mine],
                    np.full(count, strand, np.uint8),
                    np.ones(count, bool),
                    low[mine],
                    high[mine],
                )
        reading.records, reading.left_out_pairs = block.position[1], reading.left_out_pairs + block.left_out


def _alignments(path: Path, reading: Reading, only_m: bool) -> Iterator[tuple]:
    """Blocks of records on one chromosome: (chromosome, 5' ends, strands, good, low, high)."""
    waiting, count = {}, 0
    for read_ in reads.records(path):
        reading.records += 1
        if reads.is_unmapped(read_):
            reading.unmapped += 1
        elif read_.flag & _DUPLICATE:
            reading.duplicates += 1
        else:
            waiting.setdefault(read_.reference_name, []).append(_ends(read_, only_m))
            count += 1
            if count == _BLOCK:
                yield from _blocks(waiting)
                waiting, count = {}, 0
    yield from _blocks(waiting)


def _blocks(waiting: Mapping[str, list[tuple[int, ...]]]) -> Iterator[tuple]:
    for chrom, rows in waiting.items():
        five, strand, good, low, high = np.array(rows, np.int64).T
        yield chrom, five, strand.astype(np.uint8), good.astype(bool), low, high


def _ends(read_, only_m: bool) -> tuple[int, int, bool, int, int]:
    """(5' end with soft clips, strand, whether it is aligned from there on, first aligned base, beyond the last)."""
    low, high, reverse = read_.reference_start, read_.reference_end, read_.is_reverse
    cigar = read_.cigartuples[::-1] if reverse else read_.cigartuples
    first = cigar[0][0]
    clip = next(item for item in cigar if item[0] != _HARD_CLIP)
    clipped = clip[1] if clip[0] == _SOFT_CLIP else 0
    good = first == _MATCH or (not only_m and first in _EQUAL)
    return high + clipped if reverse else low - clipped, int(reverse), good, low, high
