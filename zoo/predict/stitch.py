"""Mean of overlapping windows, bin by bin, in one pass and in memory that does not grow with the chromosome."""

from collections.abc import Iterator

import numpy as np


class Stitcher:
    """Averages predictions of windows that come in rising order.

    A bin is finished, and leaves the stitcher, as soon as no later window can reach it.

    Args:
        bins: bins of one window.
        stride: bins from one window to the next, at least; 0 if two may begin at one bin.
    """

    def __init__(self, bins: int, stride: int) -> None:
        self._bins, self._stride = bins, stride
        self._base = 0  # the bin that the carried sums begin with
        self._sums, self._counts = np.zeros(0), np.zeros(0, np.int64)  # sums of several tracks have an axis more

    def add(
        self, first_bins: np.ndarray, values: np.ndarray, ends: np.ndarray | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Add windows and take what is finished.

        Args:
            first_bins: (n,) rising indices of the first bin of each window.
            values: (n, bins), or (n, bins, tracks).
            ends: (n, 2), bins at both ends of each window that do not count; by default all count.

        Yields:
            (index of the first bin, means as float32): pieces without gaps, in rising order; NaN where no bin counts.
        """
        gaps = np.flatnonzero(np.diff(first_bins) > self._bins) + 1
        uncounted = [None] * (len(gaps) + 1) if ends is None else np.split(ends, gaps)
        for starts, rows, cut in zip(np.split(first_bins, gaps), np.split(values, gaps), uncounted, strict=True):
            if starts[0] > self._base + len(self._sums):
                yield from self.finish()
            if not len(self._sums):
                self._base = int(starts[0])
            yield from self._add_connected(starts - self._base, rows, cut)

    def _add_connected(
        self, starts: np.ndarray, rows: np.ndarray, cut: np.ndarray | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        needed = int(starts[-1]) + self._bins
        sums, counts = np.zeros((needed, *rows.shape[2:])), np.zeros((needed, *[1] * (rows.ndim - 2)), np.int64)
        carried = len(self._sums)
        if carried:
            sums[:carried], counts[:carried] = self._sums, self._counts
        if cut is not None:
            for start, row, (left, right) in zip(starts.tolist(), rows, cut.tolist(), strict=True):
                sums[start + left : start + self._bins - right] += row[left : self._bins - right]
                counts[start + left : start + self._bins - right] += 1
        elif len(starts) < self._bins:  # later windows first, as below: sums are the same to the last bit
            for start, row in zip(starts[::-1].tolist(), rows[::-1], strict=True):
                sums[start : start + self._bins] += row
                counts[start : start + self._bins] += 1
        else:
            for j in range(self._bins):  # starts are distinct, so no index occurs twice in one step
                sums[starts + j] += rows[:, j]
                counts[starts + j] += 1
        done = min(int(starts[-1]) + self._stride, needed)
        yield self._base, _means(sums[:done], counts[:done])
        self._base, self._sums, self._counts = self._base + done, sums[done:], counts[done:]

    def finish(self) -> Iterator[tuple[int, np.ndarray]]:
        """Take the rest: no more windows come, or none that reaches it."""
        if len(self._sums):
            yield self._base, _means(self._sums, self._counts)
        self._sums, self._counts = np.zeros(0), np.zeros(0, np.int64)


def _means(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # 0 / 0 is no value
        return (sums / counts).astype(np.float32)
