"""Windows → batches → network → means per bin.

Sequence and, for models that read one, signal are read in large blocks; a window is a strided view of a block until it
is copied into a batch as one byte per base and one number per base. One-hot encoding and views happen inside the
compiled function.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zoo.forward.forward import Forward
from zoo.inputs.reader import WindowReader
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.stitch import Stitcher

_BLOCK = 1 << 20  # bp read at once
_GATHERED = 1 << 14  # windows that wait for a full batch while most are blank


def predict(
    forward: Forward,
    grid: Grid,
    plans: Sequence[ChromosomePlan],
    reader: WindowReader,
    batch_size: int,
    advance: Callable[[int], object],
) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
    """Predict the windows of plans, or of pieces of them; a batch may hold windows of several.

    Args:
        advance: is told how many windows were done, those of the piece before left out.

    Yields:
        (plan, index of the first bin, scores as float32), plan by plan, in rising order; bins that are not kept are NaN
        or left out.
    """
    used = slice(grid.first, grid.first + grid.bins)
    current, stitcher = 0, Stitcher(grid.bins, grid.step)
    for batch in _batches(grid, plans, reader, batch_size):
        scores = np.empty((len(batch.numbers), grid.bins, *forward.shape[1:]), np.float32)
        if batch.blank.any():
            scores[batch.blank] = forward.blank(reader.fills, reader.fixed)[used]
        if len(batch.read[0]):
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
    """

    owners: np.ndarray
    numbers: np.ndarray
    blank: np.ndarray
    read: list[np.ndarray]


def _batches(grid: Grid, plans: Sequence[ChromosomePlan], reader: WindowReader, batch_size: int) -> Iterator[_Batch]:
    """Gather windows of all runs of the plans until `batch_size` are not blank; the last batch may be smaller."""
    size = min(batch_size, sum(int((plan.runs[:, 1] - plan.runs[:, 0]).sum()) for plan in plans))
    buffers = reader.empty(size, grid.window)
    owners, numbers, blanks, filled, gathered = [], [], [], 0, 0

    def batch() -> _Batch:
        owner, number, blank = (np.concatenate(rows) for rows in (owners, numbers, blanks))
        places = _places(grid, plans, owner[~blank], number[~blank])
        return _Batch(
            owner, number, blank, [*(buffer[:filled] for buffer in buffers), *reader.covariates_of(places, filled)]
        )

    for owner, block_numbers, blank, block in _blocks(grid, plans, reader):
        taken = 0
        while taken < len(block_numbers):
            ahead = np.flatnonzero(~blank[taken:]) + taken
            chosen = ahead[: size - filled]
            stop = int(ahead[len(chosen)]) if len(ahead) > len(chosen) else len(block_numbers)
            for buffer, windows in zip(buffers, block, strict=True):
                buffer[filled : filled + len(chosen)] = windows[chosen]
            owners.append(np.full(stop - taken, owner))
            numbers.append(block_numbers[taken:stop])
            blanks.append(blank[taken:stop])
            filled, gathered, taken = filled + len(chosen), gathered + stop - taken, stop
            if filled == size or gathered >= _GATHERED:
                yield batch()
                owners, numbers, blanks, filled, gathered = [], [], [], 0, 0
    if gathered:
        yield batch()


def _places(
    grid: Grid, plans: Sequence[ChromosomePlan], owners: np.ndarray, numbers: np.ndarray
) -> Iterator[tuple[str, int, int]]:
    """The stretch that each window predicts."""
    for owner, number in zip(owners.tolist(), numbers, strict=True):
        start = int(plans[owner].begins(grid, number))
        yield plans[owner].chrom, start, start + grid.span


def _blocks(
    grid: Grid, plans: Sequence[ChromosomePlan], reader: WindowReader
) -> Iterator[tuple[int, np.ndarray, np.ndarray, list[np.ndarray]]]:
    """Which plan, numbers of consecutive windows, which are blank, and views (n, window) of what they read."""
    most = max(_BLOCK // grid.stride, 1)
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
    return blank, [np.lib.stride_tricks.sliding_window_view(row, grid.window)[at] for row in rows]
