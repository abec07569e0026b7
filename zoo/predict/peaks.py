"""Bins at or above a threshold, joined to intervals."""

from collections.abc import Iterable, Iterator

import numpy as np

from zoo.genome.spans import runs

Peak = tuple[int, int, float]


def call(
    pieces: Iterable[tuple[int, np.ndarray]], score: float, bin_size: int, length: int, overlap: int = 0
) -> Iterator[Peak]:
    """Join neighboring bins with `scores >= score`, as maxATAC's `predict` does (bedtools merge, maximum).

    Args:
        pieces: (index of the first bin, scores) in rising order; NaN is below every threshold.
        score: the threshold.
        bin_size: bp from one bin to the next.
        length: of the chromosome in bp; the last bin ends there.
        overlap: bp that a bin has in common with the next one.

    Yields:
        (start, end, highest score), in bp.
    """
    caller = Caller(score, bin_size, length, overlap)
    for first, scores in pieces:
        yield from caller.add(first, scores)
    yield from caller.finish()


class Caller:
    """The same of pieces that are handed to it. Arguments as for `call`."""

    def __init__(self, score: float, bin_size: int, length: int, overlap: int = 0) -> None:
        self._score, self._bin, self._length, self._overlap = score, bin_size, length, overlap
        self._reach = overlap // bin_size  # bins that begin before another ends, or where it ends
        self._open: tuple[int, int, float] | None = None

    def add(self, first: int, scores: np.ndarray) -> Iterator[Peak]:
        """Take the next piece; yields what no later one can reach."""
        for left, right in runs(scores.astype(np.float64) >= self._score):
            top, begin, end = float(scores[left:right].max()), int(first + left), int(first + right)
            if self._open is not None and begin <= self._open[1] + self._reach:
                self._open = self._open[0], end, max(self._open[2], top)
                continue
            yield from self.finish()
            self._open = begin, end, top

    def finish(self) -> Iterator[Peak]:
        """Yield the last one."""
        if self._open is not None:
            start, end, best = self._open
            yield start * self._bin, min(end * self._bin + self._overlap, self._length), best
        self._open = None


def join(starts: np.ndarray, scores: np.ndarray, score: float, bin_size: int, overlap: int = 0) -> Iterator[Peak]:
    """The same for bins that begin anywhere, at rising `starts` in bp. Those that overlap or touch are joined."""
    gaps = np.flatnonzero(np.diff(starts) != bin_size) + 1
    last: Peak | None = None
    for first, rows in zip(np.split(starts, gaps), np.split(scores, gaps), strict=True):
        for left, right, top in call([(0, rows)], score, bin_size, len(rows) * bin_size + overlap, overlap):
            left, right = int(first[0]) + left, int(first[0]) + right
            if last is not None and left <= last[1]:
                last = (last[0], max(right, last[1]), max(top, last[2]))
                continue
            if last is not None:
                yield last
            last = left, right, top
    if last is not None:
        yield last
