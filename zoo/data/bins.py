"""Bins that models of one bin are trained on: those with a peak, and others drawn anew in each epoch.

The rules are those of FactorNet (Quang & Xie 2019) and DeepGRN (Chen et al. 2021), and of their code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge, merge_spans, touched

STEP = 50
"""bp from one bin of the grid to the next."""
OVERLAP = 76
"""bp of a peak, or all of it, that a bin which was moved off its middle still has."""
_TRIES = 1000


@dataclass(frozen=True)
class Bins:
    """Bins by chromosome and cell type, in the order of cell types, chromosomes and places.

    Attributes:
        cells: (n,) numbers of cell types.
        chroms: (n,) numbers of chromosomes.
        starts: (n,) bp.
        shifts: (n, 2) bp by which each may be moved at most, to the left (0 or less) and to the right.
        labels: (n, factors) float32: 1 bound, 0 not, -1 not known.
    """

    cells: np.ndarray
    chroms: np.ndarray
    starts: np.ndarray
    shifts: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def among(self, chosen: np.ndarray) -> "Bins":
        """Some of them, by numbers or a mask."""
        return Bins(*(values[chosen] for values in vars(self).values()))

    def ordered(self) -> "Bins":
        """The same in their order."""
        return self.among(np.lexsort((self.starts, self.chroms, self.cells)))

    def still(self) -> "Bins":
        """The same, not to be moved."""
        return Bins(self.cells, self.chroms, self.starts, np.zeros_like(self.shifts), self.labels)


def joined(*parts: Bins) -> Bins:
    """All of several, in their order."""
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Bins(*map(np.concatenate, columns)).ordered()


def made(cell: int, chrom: int, starts: np.ndarray, shifts: np.ndarray, labels: np.ndarray) -> Bins:
    """Bins of one chromosome of a cell type."""
    count = len(starts)
    return Bins(np.full(count, cell), np.full(count, chrom), np.asarray(starts, np.int64), shifts, labels)


def nothing(factors: int) -> Bins:
    """No bins."""
    none = np.empty(0, np.int64)
    return Bins(none, none, none, np.empty((0, 2), np.int64), np.empty((0, factors), np.float32))


def around_peaks(peaks: np.ndarray, bin_size: int = 200, shift: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A bin in the middle of each peak, and by how much it may be moved.

    Moved all the way, the bin still has 76 bp of the peak, or all of a shorter one: to the right by
    peak end - bin start - 76, as in the original.

    Args:
        peaks: (n, 2) starts and ends.
        bin_size: bp.
        shift: bp by which it may be moved at most, instead of by that rule.

    Returns:
        starts (n,) and shifts (n, 2).
    """
    middles = (peaks[:, 0] + peaks[:, 1]) // 2
    starts = middles - bin_size // 2
    if shift is not None:
        return starts, np.tile([-shift, shift], (len(peaks), 1))
    right = peaks[:, 1] - starts - OVERLAP
    left = peaks[:, 0] - (starts + bin_size) + OVERLAP
    return starts, np.stack([np.minimum(left, 0), np.maximum(right, 0)], axis=1)


def on_grid(peaks: np.ndarray, bin_size: int = 200, step: int = STEP) -> np.ndarray:
    """Starts of the bins of a grid that a peak covers by more than half, rising, each once. (n,) int64."""
    least = bin_size // 2 + 1
    firsts, lasts = peaks[:, 0] + least - bin_size, peaks[:, 1] - least  # of starts with so much of the peak
    wide = peaks[:, 1] - peaks[:, 0] >= least
    pieces = [
        np.arange(-(-first // step) * step, last + 1, step)
        for first, last in zip(firsts[wide].tolist(), lasts[wide].tolist(), strict=True)
    ]
    return np.unique(np.concatenate([np.empty(0, np.int64), *pieces]))


def labelled(starts: np.ndarray, bound: Sequence[np.ndarray | None]) -> np.ndarray:
    """(n, factors) labels of bins, by the starts of those that each factor binds; -1 for one that was not measured."""
    columns = [np.full(len(starts), -1.0) if mine is None else np.isin(starts, mine) for mine in bound]
    return np.stack(columns, axis=1).astype(np.float32)


def spans_of(peaks: Sequence[Interval], chrom: str) -> np.ndarray:
    """(n, 2) starts and ends of the peaks of a chromosome, as they come."""
    return np.array([(peak.start, peak.end) for peak in peaks if peak.chrom == chrom], np.int64).reshape(-1, 2)


def usable(bins: Bins, sizes: Sequence[int], unwanted: Sequence[np.ndarray], before: int, window: int, size: int):
    """Which bins can be read wherever they are moved, and share no base with what is unwanted.

    Args:
        bins: some.
        sizes: lengths of the chromosomes, by their numbers.
        unwanted: merged spans of each of them.
        before: bp that a window has before its bin.
        window: bp.
        size: bp of a bin.

    Returns:
        (n,) bool: at an end of its chromosome; (n,) bool: unwanted.
    """
    firsts = bins.starts - before + bins.shifts[:, 0]
    ends = bins.starts - before + window + bins.shifts[:, 1]
    lengths = np.asarray(sizes, np.int64)[bins.chroms] if len(bins) else firsts
    outside, bad = (firsts < 0) | (ends > lengths), np.zeros(len(bins), bool)
    for chrom in np.unique(bins.chroms):
        mine = bins.chroms == chrom
        bad[mine] = touched(unwanted[chrom], bins.starts[mine], bins.starts[mine] + size)
    return outside, bad


class Room:
    """Where bins of a cell type may lie: on some chromosomes, all of the bin outside of what is avoided.

    Places are starts of bins on the chromosomes one behind the other, so far apart that bins of two never overlap.

    Args:
        sizes: length of each chromosome, in order.
        avoided: of each, (n, 2) spans.
        bin_size: bp.
        margin: bp at each end of a chromosome in which no bin lies.
        step: bins begin at multiples of it.

    Attributes:
        count: places.
    """

    def __init__(
        self, sizes: Sequence[int], avoided: Sequence[np.ndarray], bin_size: int = 200, margin: int = 0, step: int = 1
    ) -> None:
        self._step, firsts, counts = step, [], []
        self._bases = bases(sizes, bin_size)
        for size, spans, base in zip(sizes, avoided, self._bases.tolist(), strict=True):
            edges = np.array([[0, margin], [size - margin, size]], np.int64)
            taken = merge_spans(np.concatenate([spans, edges[edges[:, 0] < edges[:, 1]]]))
            begins = np.concatenate([[0], taken[:, 1]])
            ends = np.concatenate([taken[:, 0], [size]]) - bin_size  # of starts, the last one
            begins = -(-begins // step) * step
            number = np.maximum((ends - begins) // step + 1, 0)
            kept = number > 0
            firsts.append(begins[kept] + base)
            counts.append(number[kept])
        self._firsts, self._before = np.concatenate(firsts), np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        self.count = int(self._before[-1])

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """The places of some numbers from 0 to `count`."""
        which = np.searchsorted(self._before, numbers, side="right") - 1
        return self._firsts[which] + (numbers - self._before[which]) * self._step


def bases(sizes: Sequence[int], bin_size: int) -> np.ndarray:
    """Where each chromosome begins among places."""
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64) + bin_size)])[:-1].astype(np.int64)


def drawn(rooms: Sequence[Room], counts: Sequence[int], apart: int, random: np.random.Generator) -> list[np.ndarray]:
    """Places at random, uniform in the room of each cell type.

    Args:
        rooms: of each cell type.
        counts: how many in each.
        apart: bp by which any two starts differ at least, of whatever cell types: a bin, that none overlap; or 1.
        random: draws.

    Returns:
        Of each cell type (count,) places.

    Raises:
        InputError: there is no room for so many.
    """
    total = int(np.sum(counts))
    owner = np.repeat(np.arange(len(rooms)), counts)
    found, fresh = np.empty(total, np.int64), np.ones(total, bool)
    if any(count and not room.count for room, count in zip(rooms, counts, strict=True)):
        raise _no_room(rooms, counts)
    for _ in range(_TRIES):
        for number, room in enumerate(rooms):
            mine = fresh & (owner == number)
            found[mine] = room.places(random.integers(0, max(room.count, 1), int(mine.sum())))
        order = np.argsort(found, kind="stable")
        close = np.flatnonzero(np.diff(found[order]) < apart)
        pairs = order[close], order[close + 1]
        first_goes = fresh[pairs[0]] & (~fresh[pairs[1]] | (pairs[0] > pairs[1]))
        fresh = np.zeros(total, bool)
        fresh[np.where(first_goes, *pairs)] = True
        if not fresh.any():
            return [found[owner == number] for number in range(len(rooms))]
    raise _no_room(rooms, counts)


def _no_room(rooms: Sequence[Room], counts: Sequence[int]) -> InputError:
    return InputError(
        "There must be room for the bins without a peak",
        received={"bins": [int(count) for count in counts], "places": [room.count for room in rooms]},
        hint="Take fewer for each bin with a peak (negatives_per_positive), or more chromosomes",
    )


@dataclass(frozen=True)
class Negatives:
    """Bins without a peak, which are drawn.

    Attributes:
        rooms: of each cell type.
        counts: how many of each, in proportion to its bins with a peak.
        apart: as for `drawn`.
        sizes: lengths of the chromosomes.
        bin_size: bp.
        labels: of each cell type, (factors,).
    """

    rooms: Sequence[Room]
    counts: Sequence[int]
    apart: int
    sizes: Sequence[int]
    bin_size: int
    labels: Sequence[np.ndarray]

    def __len__(self) -> int:
        return int(np.sum(self.counts))

    def draw(self, random: np.random.Generator) -> Bins:
        """New ones."""
        begins, parts = bases(self.sizes, self.bin_size), []
        for cell, places in enumerate(drawn(self.rooms, self.counts, self.apart, random)):
            chroms = np.searchsorted(begins, places, side="right") - 1
            labels = np.tile(self.labels[cell], (len(places), 1)).astype(np.float32)
            still = np.zeros((len(places), 2), np.int64)
            parts.append(Bins(np.full(len(places), cell), chroms, places - begins[chroms], still, labels))
        return joined(*parts)


def avoided(
    chromosomes: Sequence[str],
    peaks: Sequence[Interval],
    around: int,
    blacklist: Sequence[Interval],
    reach: int,
) -> list[np.ndarray]:
    """Of each chromosome the spans of peaks, `around` bp longer on each side, and those of the blacklist, `reach`."""
    wider = [
        Interval(item.chrom, max(item.start - more, 0), item.end + more)
        for items, more in ((peaks, around), (blacklist, reach))
        for item in items
    ]
    spans = merge(wider)
    return [spans.get(chrom, NONE) for chrom in chromosomes]


def flagged(
    spans: Sequence[Mapping[str, np.ndarray]], chromosomes: Sequence[str], bins: Bins, starts: np.ndarray, size: int
) -> np.ndarray:
    """Which bins share a base with what each flag marks. (n, flags) float32.

    Args:
        spans: of each flag, chromosome → merged spans.
        chromosomes: by their numbers.
        bins: some.
        starts: (n,) where they begin, moved.
        size: bp.
    """
    found = np.zeros((len(bins), len(spans)), np.float32)
    for chrom in np.unique(bins.chroms):
        mine = np.flatnonzero(bins.chroms == chrom)
        for column, by_chrom in enumerate(spans):
            there = by_chrom.get(chromosomes[chrom], NONE)
            found[mine, column] = touched(there, starts[mine], starts[mine] + size)
    return found
