"""Regions of footprints: joined, widened, without a blacklist, and split (TOBIAS, `atacorrect` and `scorebigwig`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE

LONGEST = 50_000
"""bp of a piece that is corrected at once."""


class Region(NamedTuple):
    """`chrom` from `start` up to but not including `end`, bp, 0-based; sorted by these, then by name."""

    chrom: str
    start: int
    end: int
    name: str = "."
    strand: str = "."


def read(peaks: object, sizes: Mapping[str, int], every: Mapping[str, int], notes: list[str]) -> list[Region]:
    """Peaks of any form that `zoo.genome.bed.intervals` takes, by the names of `sizes`.

    Args:
        peaks: what a user gives; the strand is that of a BED file's sixth column.
        sizes: chromosome → bp of those that count.
        every: the same of the whole genome; peaks on its other chromosomes are left out.
        notes: what a user should know is added to it.

    Raises:
        InputError: no peak left.
        GenomeMismatch: a chromosome that the genome lacks, or a peak beyond a chromosome's end.
    """
    found, elsewhere = [], 0
    for region, strand in _placed(peaks, every):
        chrom = names.find(region.chrom, every)
        if chrom is None or region.start < 0 or region.end > every[chrom]:
            raise GenomeMismatch(
                "A peak must lie within a chromosome of the genome",
                where=region,
                received={"end": region.end, "length": every.get(chrom or ""), "genome": list(every)[:5]},
            )
        if chrom in sizes:
            found.append(Region(chrom, region.start, region.end, region.name, strand))
        else:
            elsewhere += 1
    if not found:
        raise InputError(
            "Peaks must lie on the chosen chromosomes", received={"elsewhere": elsewhere, "chosen": list(sizes)[:5]}
        )
    if elsewhere:
        notes.append(f"{elsewhere:,} peaks on chromosomes that do not count are left out")
    return found


def _placed(peaks: object, sizes: Mapping[str, int]) -> Iterator[tuple[Interval, str]]:
    if isinstance(peaks, (str, Path)) and bed.is_there(peaks):
        for region, columns, _ in bed.rows(peaks):
            yield region, columns[5] if len(columns) > 5 else "."
    else:
        for region in bed.intervals(peaks, sizes):
            yield region, "."


def merged(regions: Iterable[Region], short: bool = False) -> list[Region]:
    """Sorted; what overlaps becomes one region, touching ones stay apart.

    Args:
        regions: in any order.
        short: whether a joined region ends where the later one ends, although the earlier one reaches further, and has
            the later one's name and strand (TOBIAS).
    """
    found: list[Region] = []
    for item in sorted(regions):
        last = found[-1] if found else None
        if last is None or last.chrom != item.chrom or item.start >= last.end:
            found.append(item)
        elif short:
            found[-1] = item._replace(start=last.start)
        else:
            found[-1] = last._replace(end=max(last.end, item.end), strand=".")
    return found


def resized(regions: Iterable[Region], by: int) -> list[Region]:
    """Each with `by` bp more at either end, or fewer; those of which nothing is left are left out."""
    wider = (item._replace(start=item.start - by, end=item.end + by) for item in regions)
    return [item for item in wider if item.start < item.end]


def within(regions: Iterable[Region], sizes: Mapping[str, int], margin: int = 0) -> list[Region]:
    """Each cut to its chromosome, of which `margin` bp at either end stay free."""
    cut = (
        item._replace(start=max(item.start, margin), end=min(item.end, sizes[item.chrom] - margin)) for item in regions
    )
    return [item for item in cut if item.start < item.end]


def without(regions: Iterable[Region], spans: Mapping[str, np.ndarray]) -> list[Region]:
    """What is left of each without the bases of merged spans (chromosome → (n, 2))."""
    found = []
    for item in regions:
        there = spans.get(item.chrom, NONE)
        first, last = np.searchsorted(there[:, 1], item.start, "right"), np.searchsorted(there[:, 0], item.end, "left")
        start = item.start
        for begin, end in there[first:last].tolist():
            if start < begin:
                found.append(item._replace(start=start, end=begin))
            start = end
        if start < item.end:
            found.append(item._replace(start=start))
    return found


def split(regions: Iterable[Region], most: int = LONGEST) -> list[Region]:
    """Pieces of at most `most` bp, counted from each region's start."""
    return [
        item._replace(start=start, end=min(start + most, item.end))
        for item in regions
        for start in range(item.start, item.end, most)
    ]


def spans_of(regions: Sequence[Region]) -> dict[str, np.ndarray]:
    """Chromosome → (n, 2) int64 starts and ends, in their order."""
    found: dict[str, list[tuple[int, int]]] = {}
    for item in regions:
        found.setdefault(item.chrom, []).append((item.start, item.end))
    return {chrom: np.array(spans, np.int64) for chrom, spans in found.items()}


def whole(sizes: Mapping[str, int]) -> list[Region]:
    """The chromosomes."""
    return [Region(chrom, 0, size) for chrom, size in sizes.items()]
