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
    start = end = None
    reach = overlap // bin_size  # bins that begin before another ends, or where it ends
    best = 0.0
    for first, scores in pieces:
        for left, right in runs(scores.astype(np.float64) >= score):
            top = float(scores[left:right].max())
            if end is not None and first + left <= end + reach:
                end, best = first + right, max(best, top)
                continue
            if start is not None:
                yield start * bin_size, min(end * bin_size + overlap, length), best
            start, end, best = int(first + left), int(first + right), top
    if start is not None:
        yield start * bin_size, min(int(end) * bin_size + overlap, length), best


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
