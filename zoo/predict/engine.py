"""Windows → batches → network → means per bin.

Sequence and, for models that read one, signal are read in large blocks, the next one while the network computes.
Windows that follow one another go to the network as the stretch that they lie on, one byte and one number per base;
others as copies out of a block. One-hot encoding and views happen inside the compiled function.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zoo.forward.forward import Forward
from zoo.forward.stretch import Stretch
from zoo.genome.encode import N
from zoo.inputs.reader import WindowReader
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.stitch import Stitcher

_BLOCK = 1 << 20  # bp read at once
_GATHERED = 1 << 14  # windows that wait for a full batch while most are blank
_FULL = 0.6  # of the windows of a stretch, so many must not be blank for it to be worth its fixed size


def predict(
    forward: Forward,
    grid: Grid,
    plans: Sequence[ChromosomePlan],
    reader: WindowReader,
    batch_size: int,
    advance: Callable[[int], object],
    stretch: Stretch | None = None,
) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
    """Predict the windows of plans, or of pieces of them; a batch may hold windows of several.

    Args:
        advance: is told how many windows were done, those of the piece before left out.
        stretch: the network for windows that follow one another, if there is one.

    Yields:
        (plan, index of the first bin, scores as float32), plan by plan, in rising order; bins that are not kept are NaN
        or left out.
    """
    used = slice(grid.first, grid.first + grid.bins)
    current, stitcher = 0, Stitcher(grid.bins, grid.step)
    for batch in _batches(grid, plans, reader, batch_size, stretch):
        scores = np.empty((len(batch.numbers), grid.bins, *forward.shape[1:]), np.float32)
        if batch.blank.any():
            scores[batch.blank] = forward.blank(reader.fills, reader.fixed)[used]
        if batch.rows is not None:
            scores[~batch.blank] = stretch.codes(*batch.rows)[: len(batch.numbers), used][~batch.blank]
        elif len(batch.read[0]):
            scores[~batch.blank] = forward.codes(*batch.read)[:, used]
        for owner, rows in _by_owner(batch.owners):
            if owner != current:
                yield from _clipped(plans[current], stitcher.finish())
                current, stitcher = owner, Stitcher(grid.bins, grid.step)
            numbers, plan = batch.numbers[rows], plans[owner]
            first_bins = plan.begins(grid, numbers) // grid.bin_size
            yield from _clipped(plan, stitcher.add(first_bins, scores[rows], plan.ends(numbers)))
            advance(int((numbers >= plan.first_window).sum()))
    yield from _clipped(plans[current], stitcher.finish())


def pays(plans: Sequence[ChromosomePlan], count: int) -> bool:
    """Whether plans have so many windows that follow one another."""
    return any(int(stop - first) >= count for plan in plans for first, stop in plan.runs)


def _clipped(
    plan: ChromosomePlan, pieces: Iterable[tuple[int, np.ndarray]]
) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
    for first, means in pieces:
        yield plan, *plan.clip(first, means)


def _by_owner(owners: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Stretches of one owner: (owner, rows)."""
    edges = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(owners)]
    return ((int(owners[first]), slice(first, stop)) for first, stop in pairwise(edges))


@dataclass(frozen=True)
class _Batch:
    """Windows in rising order.

    Attributes:
        owners: (n,) int64, which of the plans they are of.
        numbers: (n,) int64, their numbers on the grid.
        blank: (n,) bool, which of them have no base and no signal; all of these get one and the same prediction.
        read: what the others read: codes (n - blank, window) uint8, each track float32, and covariates if any.
        rows: instead, what the stretch that all of them lie on reads.
    """

    owners: np.ndarray
    numbers: np.ndarray
    blank: np.ndarray
    read: list[np.ndarray]
    rows: list[np.ndarray] | None = None


class _Gathered:
    """Windows that wait for a full batch: copies of what they read."""

    def __init__(self, grid: Grid, plans: Sequence[ChromosomePlan], reader: WindowReader, size: int) -> None:
        self._grid, self._plans, self._reader, self._size = grid, plans, reader, size
        self._buffers = reader.empty(size, grid.window)
        self._begin()

    def _begin(self) -> None:
        self._owners, self._numbers, self._blanks = [], [], []
        self._filled = self._count = 0

    def add(self, owner: int, numbers: np.ndarray, blank: np.ndarray, rows: Sequence[np.ndarray]) -> Iterator[_Batch]:
        """Take consecutive windows, the first of which begins where rows begin; yields batches that are full."""
        grid, taken = self._grid, 0
        at = self._plans[owner].within(grid, numbers)
        views = [np.lib.stride_tricks.sliding_window_view(row, grid.window)[at] for row in rows]
        while taken < len(numbers):
            ahead = np.flatnonzero(~blank[taken:]) + taken
            chosen = ahead[: self._size - self._filled]
            stop = int(ahead[len(chosen)]) if len(ahead) > len(chosen) else len(numbers)
            for buffer, windows in zip(self._buffers, views, strict=True):
                buffer[self._filled : self._filled + len(chosen)] = windows[chosen]
            self._owners.append(np.full(stop - taken, owner))
            self._numbers.append(numbers[taken:stop])
            self._blanks.append(blank[taken:stop])
            self._filled, self._count, taken = self._filled + len(chosen), self._count + stop - taken, stop
            if self._filled == self._size or self._count >= _GATHERED:
                yield from self.finish()

    def finish(self) -> Iterator[_Batch]:
        """Yield what waits, if anything does."""
        if self._count:
            lists = self._owners, self._numbers, self._blanks
            owner, number, blank = (np.concatenate(rows) for rows in lists)
            places = _places(self._grid, self._plans, owner[~blank], number[~blank])
            covariates = self._reader.covariates_of(places, self._filled)
            yield _Batch(owner, number, blank, [*(buffer[: self._filled] for buffer in self._buffers), *covariates])
        self._begin()


def _batches(
    grid: Grid, plans: Sequence[ChromosomePlan], reader: WindowReader, batch_size: int, stretch: Stretch | None
) -> Iterator[_Batch]:
    """Stretches of windows that follow one another, few of them blank, and batches of `batch_size` of the others that
    are not blank; the last batch of these, and one before a stretch, may be smaller."""
    size = min(batch_size, sum(int((plan.runs[:, 1] - plan.runs[:, 0]).sum()) for plan in plans))
    gathered = _Gathered(grid, plans, reader, size)
    multiple = 1 if stretch is None else stretch.count
    for owner, numbers, blank, block in _ahead(_blocks(grid, plans, reader, multiple)):
        if stretch is None:
            yield from gathered.add(owner, numbers, blank, block)
            continue
        for first in range(0, len(numbers), multiple):
            some, blanks = numbers[first : first + multiple], blank[first : first + multiple]
            start = first * grid.stride
            rows = [row[start : start + (len(some) - 1) * grid.stride + grid.window] for row in block]
            if np.count_nonzero(~blanks) < _FULL * multiple:
                yield from gathered.add(owner, some, blanks, rows)
                continue
            yield from gathered.finish()
            owners = np.full(len(some), owner)
            yield _Batch(owners, some, blanks, [], _filled(rows, reader.fills, stretch.length))
    yield from gathered.finish()


def _filled(rows: Sequence[np.ndarray], fills: Sequence[float], length: int) -> list[np.ndarray]:
    """Rows as long as a stretch: beyond their end are no bases, and the fill values."""
    more = length - len(rows[0])
    if not more:
        return list(rows)
    return [np.append(row, np.full(more, fill, row.dtype)) for row, fill in zip(rows, (N, *fills), strict=True)]


def _ahead(blocks: Iterator) -> Iterator:
    """The same blocks; the next one is read while one is used."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, blocks, None)
        while (block := waiting.result()) is not None:
            waiting = pool.submit(next, blocks, None)
            yield block


def _places(
    grid: Grid, plans: Sequence[ChromosomePlan], owners: np.ndarray, numbers: np.ndarray
) -> Iterator[tuple[str, int, int]]:
    """The stretch that each window predicts."""
    for owner, number in zip(owners.tolist(), numbers, strict=True):
        start = int(plans[owner].begins(grid, number))
        yield plans[owner].chrom, start, start + grid.span


def _blocks(
    grid: Grid, plans: Sequence[ChromosomePlan], reader: WindowReader, multiple: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray, list[np.ndarray]]]:
    """Which plan, numbers of consecutive windows, which are blank, and what is read from the first to the last.

    Args:
        multiple: of windows in a block, but for the last one of a run.
    """
    most = max(_BLOCK // grid.stride // multiple, 1) * multiple
    for owner, plan in enumerate(plans):
        for run_first, run_last in plan.runs:
            for first in range(int(run_first), int(run_last), most):
                numbers = np.arange(first, min(first + most, int(run_last)))
                yield owner, numbers, *_block(grid, plan, numbers, reader)


def _block(
    grid: Grid, plan: ChromosomePlan, numbers: np.ndarray, reader: WindowReader
) -> tuple[np.ndarray, list[np.ndarray]]:
    start, last = (plan.begins(grid, numbers[[0, -1]]) - grid.offset).tolist()
    rows, at = reader.rows(plan.chrom, start, last + grid.window), plan.within(grid, numbers)
    sums = np.concatenate([[0], np.cumsum(reader.told(rows))])
    blank = (sums[grid.window :] == sums[: -grid.window])[at]
    blank &= reader.fixed is not None  # windows that differ in a covariate have predictions of their own
    return blank, rows
