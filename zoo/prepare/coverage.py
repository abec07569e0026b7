"""From cut sites to coverage: each site counts for the bases around it (maxATAC `prepare`)."""

from collections.abc import Iterator

import numpy as np

from zoo.genome.bed import merge_spans

BLOCK = 1 << 22


def mask(counts: np.ndarray, spans: np.ndarray | None, reach: int) -> None:
    """Remove, in place, the sites whose bases would touch a blacklisted one (n, 2)."""
    if spans is not None:
        for start, end in merge_spans(spans):
            counts[max(start - reach, 0) : end + reach] = 0


def smoothed(counts: np.ndarray, reach: int) -> Iterator[tuple[int, np.ndarray]]:
    """(first base, sites within `reach` bp of each base (n,) int64), block by block."""
    length = len(counts)
    for first in range(0, length, BLOCK):
        last = min(first + BLOCK, length)
        left, right = max(first - reach, 0), min(last + reach, length)
        near = np.zeros(last - first + 2 * reach + 1, np.int64)
        near[left - first + reach + 1 : right - first + reach + 1] = counts[left:right]
        total = np.cumsum(near)
        yield first, total[2 * reach + 1 :] - total[: -2 * reach - 1]


def runs(first: int, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts, ends and values of stretches in which a value does not change."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    return first + edges[:-1], first + edges[1:], values[edges[:-1]]
