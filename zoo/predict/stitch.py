"""Mean of overlapping windows, bin by bin, in one pass and in memory that does not grow with the chromosome."""

from collections.abc import Iterator

import numpy as np


class Stitcher:
    """Averages predictions of windows that come in rising order.

    A bin is finished, and leaves the stitcher, as soon as no later window can reach it.

    Args:
        bins: bins of one window.
        stride: bins from one window to the next, at least.
    """

    def __init__(self, bins: int, stride: int) -> None:
        self._bins, self._stride = bins, stride
        self._base = 0  # the bin that the carried sums begin with
        self._sums, self._counts = np.zeros(0), np.zeros(0, np.int64)  # sums of several tracks have an axis more

    def add(self, first_bins: np.ndarray, values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Add windows and take what is finished.

        Args:
            first_bins: (n,) rising indices of the first bin of each window.
            values: (n, bins), or (n, bins, tracks).

        Yields:
            (index of the first bin, means as float32): pieces without gaps, in rising order.
        """
        gaps = np.flatnonzero(np.diff(first_bins) > self._bins) + 1
        for starts, rows in zip(np.split(first_bins, gaps), np.split(values, gaps), strict=True):
            if starts[0] > self._base + len(self._sums):
                yield from self.finish()
            if not len(self._sums):
                self._base = int(starts[0])
            yield from self._add_connected(starts - self._base, rows)

    def _add_connected(self, starts: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        needed = int(starts[-1]) + self._bins
        sums, counts = np.zeros((needed, *rows.shape[2:])), np.zeros((needed, *[1] * (rows.ndim - 2)), np.int64)
        carried = len(self._sums)
        if carried:
            sums[:carried], counts[:carried] = self._sums, self._counts
        if len(starts) < self._bins:  # later windows first, as below: sums are the same to the last bit
            for start, row in zip(starts[::-1].tolist(), rows[::-1], strict=True):
                sums[start : start + self._bins] += row
                counts[start : start + self._bins] += 1
        else:
            for j in range(self._bins):  # starts are distinct, so no index occurs twice in one step
                sums[starts + j] += rows[:, j]
                counts[starts + j] += 1
        done = min(int(starts[-1]) + self._stride, needed)
        yield self._base, (sums[:done] / counts[:done]).astype(np.float32)
        self._base, self._sums, self._counts = self._base + done, sums[done:], counts[done:]

    def finish(self) -> Iterator[tuple[int, np.ndarray]]:
        """Take the rest: no more windows come, or none that reaches it."""
        if len(self._sums):
            yield self._base, (self._sums / self._counts).astype(np.float32)
        self._sums, self._counts = np.zeros(0), np.zeros(0, np.int64)
