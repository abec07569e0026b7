"""Where the windows of accessibility models lie: tiled over chromosomes or around peaks (ASAP, its Methods and code).

Starts are 0-based and those of the core, the bp that a window predicts. With `compat="asap"` the rules are those of
the authors' package 0.2.2, whose differences from the right ones are named where they are applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.encode import N
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import covered, of_one, touched

_BLOCK = 1 << 20
MOST_UNMAPPABLE = 0.35
SAME_PEAK = 200  # bp between summits that count as one


@dataclass(frozen=True)
class Layout:
    """How windows lie.

    Attributes:
        core: bp that a window predicts.
        margin: bp that it reads on each side of the core.
        step: bp from one tiled window to the next.
        most_unmappable: fraction of the bp it reads that may be unmappable; more, and it is left out.
    """

    core: int
    margin: int
    step: int
    most_unmappable: float = 0.0

    @property
    def slab(self) -> int:
        """bp that a window reads."""
        return self.core + 2 * self.margin


TRAINING = Layout(4096, 0, 1024, MOST_UNMAPPABLE)  # a slab, in which each epoch reads 2,048 bp at a random place
EVALUATION = Layout(1024, 512, 1024)
ROBUSTNESS = Layout(512, 1024, 512)


def tiled(genome: Genome, chrom: str, layout: Layout, compat: str | None = None) -> np.ndarray:
    """Starts of windows every `step` bp from the first base that is not N to the last one. (n,) int64.

    Whole windows on the chromosome only; with `compat` none that touches its first or last base.
    """
    length = genome.sizes[chrom]
    first, last = _called(genome, chrom, length - 1 if compat else length)
    return _on_chromosome(np.arange(first, last, layout.step), length, layout, compat)


def around(summits: np.ndarray, length: int, layout: Layout, compat: str | None = None) -> np.ndarray:
    """Starts of windows whose cores have summits in their middle. (n,) int64."""
    return _on_chromosome(np.asarray(summits, np.int64) - layout.core // 2, length, layout, compat)


def summits(
    peaks: str | Path | Sequence[Interval], gap: int = SAME_PEAK, compat: str | None = None
) -> dict[str, np.ndarray]:
    """Summits of a narrowPeak file; those of which each is at most `gap` bp from the next become one, their mean.

    Args:
        peaks: a narrowPeak file (column 10 is the summit's distance from the start; without it the middle is taken), or
            intervals, of which the middles are taken.
        gap: bp.
        compat: with "asap", the last one of each chromosome is left out, as the authors' code does by mistake.

    Returns:
        chromosome → (n,) int64, rising.
    """
    by_chrom: dict[str, list[int]] = {}
    from_file = isinstance(peaks, (str, Path))
    middles = ((each, each.start + len(each) // 2) for each in (() if from_file else bed.listed("peaks", peaks)))
    for peak, summit in bed.read_summits(peaks) if from_file else middles:
        by_chrom.setdefault(peak.chrom, []).append(summit)
    merged = {}
    for chrom, positions in by_chrom.items():
        ordered = np.sort(np.asarray(positions, np.int64))
        chains = np.split(ordered, np.flatnonzero(np.diff(ordered) > gap) + 1)
        merged[chrom] = np.array([int(np.mean(chain)) for chain in chains][: -1 if compat else None], np.int64)
    return merged


def usable(
    starts: np.ndarray,
    layout: Layout,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    compat: str | None = None,
) -> np.ndarray:
    """Which windows read no blacklisted base, and not more unmappable ones than the layout allows. (n,) bool.

    Args:
        starts: of cores.
        blacklist: intervals of the same chromosome; a variant of a VCF is the bases of its REF.
        unmappable: the same.
        compat: with "asap", the blacklist is looked up in the core only, and intervals that end where it begins or
            begin where it ends count; unmappable bases are looked up one margin too far to the right; and in a window
            that may have some, an interval counts with its whole length as soon as one of its ends lies inside.
    """
    if compat is not None and compat != "asap":
        raise InputError('compat must be None or "asap"', received={"compat": compat})
    avoided, unknown = of_one(blacklist), of_one(unmappable)
    if compat:
        kept = ~touched(avoided, starts - 1, starts + layout.core + 1)
        if layout.most_unmappable:
            return kept & (_touched(starts, layout.slab, unmappable) <= layout.most_unmappable * layout.slab)
        return kept & ~touched(unknown, starts - 1, starts + layout.slab + 1)
    read = starts - layout.margin
    kept = ~touched(avoided, read, read + layout.slab)
    return kept & (covered(unknown, read, read + layout.slab) <= layout.most_unmappable * layout.slab)


def _touched(starts: np.ndarray, width: int, intervals: Sequence[Interval]) -> np.ndarray:
    """Summed lengths of the intervals that have an end strictly inside a window, or that reach past it at both ends."""
    total = np.zeros(len(starts), np.int64)
    for interval in intervals:
        inside = [(edge > starts) & (edge < starts + width) for edge in (interval.start, interval.end)]
        around = (interval.start < starts) & (interval.end > starts + width)
        total += len(interval) * (inside[0] | inside[1] | around)
    return total


def _on_chromosome(starts: np.ndarray, length: int, layout: Layout, compat: str | None) -> np.ndarray:
    begin, end = starts - layout.margin, starts + layout.core + layout.margin
    if compat:
        return starts[(begin > 0) & (end < length)]
    return starts[(begin >= 0) & (end <= length)]


def _called(genome: Genome, chrom: str, length: int) -> tuple[int, int]:
    """The first base that is not N, and the end of the last one; two times 0 if all are."""
    blocks = [(start, min(start + _BLOCK, length)) for start in range(0, length, _BLOCK)]

    def known(block: tuple[int, int]) -> np.ndarray:
        return np.flatnonzero(genome.codes(chrom, *block) != N) + block[0]

    first = next((int(bases[0]) for bases in map(known, blocks) if len(bases)), 0)
    last = next((int(bases[-1]) + 1 for bases in map(known, reversed(blocks)) if len(bases)), 0)
    return first, last
