"""Background regions with the base composition of peaks, as ChromBPNet draws them (its `prep nonpeaks`)."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.data.centered import Centered, joined, sums
from zoo.errors import InputError, warn
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import NONE, merge, touched

STEP = 1000
"""bp from one candidate to the next."""
_CLOSE, _NEAR = 2, 5  # hundredths of G + C within which a region is matched well, and matched at all
_MOST = 0.1  # fraction of the regions that may be farther away
_GC = (1, 2)  # codes of C and G


def fractions(genome: Genome, regions: Centered, width: int) -> np.ndarray:
    """G and C in hundredths of the `width` bp of each region, rounded; N counts as neither. (n,) int64."""
    found = sums(lambda chrom, start, end: np.isin(genome.codes(chrom, start, end), _GC), regions, width)
    return np.rint(100 * np.round(found / width, 2)).astype(np.int64)


def candidates(
    genome: Genome, chromosomes: Sequence[str], width: int, avoided: Sequence[Interval], step: int = STEP
) -> Centered:
    """Windows of `width` bp every `step` bp that share no base with intervals, extended by half a window on each side.

    Args:
        genome: the sequence.
        chromosomes: which of its chromosomes.
        width: bp.
        avoided: whole peaks and blacklisted intervals.
        step: bp from the start of one window to that of the next.
    """
    reach = width // 2
    spans = merge(Interval(item.chrom, max(item.start - reach, 0), item.end + reach) for item in avoided)
    parts = []
    for chrom in chromosomes:
        starts = np.arange(0, genome.sizes[chrom] - width + 1, step, dtype=np.int64)
        starts = starts[~touched(spans.get(chrom, NONE), starts, starts + width)]
        parts.append(Centered(np.full(len(starts), chrom), starts + reach))
    return joined(*parts)


def matched(wanted: np.ndarray, offered: np.ndarray, ratio: int, seed: int) -> np.ndarray:
    """For each of some regions `ratio` others of its G + C, none twice.

    Where none of its hundredth is left the hundredth is moved by one up or down, at random, until there is one.

    Args:
        wanted: (n,) hundredths of the peaks.
        offered: (m,) hundredths of the candidates.
        ratio: how many for each peak.
        seed: of the draws.

    Returns:
        (n · ratio,) numbers of candidates, those of a peak beside each other.

    Raises:
        InputError: fewer candidates than are wanted, or more than a tenth of the draws more than 0.05 away. From 0.02
            on it is a `ZooWarning`.
    """
    if len(wanted) * ratio > len(offered):
        raise _unmatched(wanted, offered, ratio, {"left": len(offered)})
    random = np.random.default_rng((seed, 3))
    pools = {int(value): random.permutation(np.flatnonzero(offered == value)).tolist() for value in np.unique(offered)}
    drawn, moved = [], []
    for value in np.repeat(wanted, ratio).tolist():
        place = _nearby(value, pools, random)
        drawn.append(pools[place].pop())
        moved.append(abs(place - value))
    far = {reach: float(np.mean(np.array(moved) > reach)) if moved else 0.0 for reach in (_CLOSE, _NEAR)}
    if far[_NEAR] > _MOST:
        raise _unmatched(wanted, offered, ratio, {f"more than {_NEAR / 100} away": f"{far[_NEAR]:.0%}"})
    if far[_CLOSE] > _MOST:
        warn(
            f"{far[_CLOSE]:.0%} of {len(drawn):,} background regions differ by more than {_CLOSE / 100} in G + C from "
            f"their peak: of {len(offered):,} candidates, {ratio} for each peak are many."
        )
    return np.array(drawn, np.int64)


def _nearby(value: int, pools: Mapping[int, list[int]], random: np.random.Generator) -> int:
    """The hundredth that a random walk from one comes to first where there is a candidate left."""
    while not pools.get(value):
        value += 1 if random.random() < 0.5 else -1
        value = min(max(value, 0), 100)
    return value


def _unmatched(wanted: np.ndarray, offered: np.ndarray, ratio: int, found: Mapping[str, object]) -> InputError:
    means = {
        f"mean G + C of {what}": round(float(values.mean()) / 100, 3)
        for what, values in (("peaks", wanted), ("candidates", offered))
        if len(values)
    }
    return InputError(
        "The background must have as many regions of the peaks' G + C content as are asked for",
        received={"peaks": len(wanted), "for each peak": ratio, "candidates": len(offered), **found, **means},
        hint="Ask for fewer for each peak, or give the regions themselves (negatives)",
    )
