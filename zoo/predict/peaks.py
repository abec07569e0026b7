"""Bins at or above a threshold, joined to intervals."""

from collections.abc import Iterable, Iterator

import numpy as np

Peak = tuple[int, int, float]


def call(pieces: Iterable[tuple[int, np.ndarray]], score: float, bin_size: int, length: int) -> Iterator[Peak]:
    """Join neighboring bins with `scores >= score`, as maxATAC's `predict` does (bedtools merge, maximum).

    Args:
        pieces: (index of the first bin, scores) in rising order; NaN is below every threshold.
        score: the threshold.
        bin_size: bp.
        length: of the chromosome in bp; the last bin ends there.

    Yields:
        (start, end, highest score), in bp.
    """
    start = end = None
    best = 0.0
    for first, scores in pieces:
        above = np.concatenate([[False], scores.astype(np.float64) >= score, [False]])
        edges = np.flatnonzero(above[1:] != above[:-1]).reshape(-1, 2)
        for left, right in edges:
            top = float(scores[left:right].max())
            if end == first + left:
                end, best = first + right, max(best, top)
                continue
            if start is not None:
                yield start * bin_size, min(end * bin_size, length), best
            start, end, best = int(first + left), int(first + right), top
    if start is not None:
        yield start * bin_size, min(int(end) * bin_size, length), best


def join(starts: np.ndarray, scores: np.ndarray, score: float, bin_size: int) -> Iterator[Peak]:
    """The same for bins that begin anywhere: rising `starts` in bp, none that overlap. Book-ended ones are joined."""
    gaps = np.flatnonzero(np.diff(starts) != bin_size) + 1
    for first, rows in zip(np.split(starts, gaps), np.split(scores, gaps), strict=True):
        for left, right, top in call([(0, rows)], score, bin_size, len(rows) * bin_size):
            yield int(first[0]) + left, int(first[0]) + right, top
