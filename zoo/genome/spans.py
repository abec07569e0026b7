"""Spans of a chromosome: (n, 2) int64 starts and ends, in bp or in bins, 0-based half-open.

*Merged* spans, as `merge` and `merge_spans` return them, are sorted, and each ends before the next one starts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from zoo.genome import names
from zoo.genome.interval import FURTHEST, Interval
from zoo.genome.signal import Signal

NONE = np.empty((0, 2), np.int64)
"""No spans."""

Item = TypeVar("Item")


def by_chromosome(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Chromosome → what lies on it (intervals, variants), both in the order in which they come."""
    grouped: dict[str, list[Item]] = {}
    for item in items:
        grouped.setdefault(item.chrom, []).append(item)
    return grouped


def merge(intervals: Iterable[Interval]) -> dict[str, np.ndarray]:
    """Chromosome → merged spans; overlapping and book-ended intervals become one."""
    return {chrom: of_one(items) for chrom, items in by_chromosome(intervals).items()}


def of_one(intervals: Iterable[Interval]) -> np.ndarray:
    """Merged spans (n, 2) of intervals that lie on one chromosome."""
    return merge_spans(np.array([(interval.start, interval.end) for interval in intervals], np.int64).reshape(-1, 2))


def merge_spans(spans: np.ndarray) -> np.ndarray:
    """Sort (n, 2) starts and ends; overlapping and book-ended ones become one."""
    if not len(spans):
        return spans
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    furthest = np.maximum.accumulate(spans[:, 1])
    first = np.ones(len(spans), bool)
    first[1:] = spans[1:, 0] > furthest[:-1]
    starts = np.flatnonzero(first)
    return np.stack([spans[starts, 0], furthest[np.append(starts[1:], len(spans)) - 1]], axis=1)


def runs(flags: np.ndarray) -> np.ndarray:
    """Merged spans (m, 2) of the places at which flags (n,) are true."""
    padded = np.concatenate([[False], flags, [False]])
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)


def steps(values: np.ndarray) -> np.ndarray:
    """Edges (m + 1,) between which values (n,), of which there is one at least, stay the same."""
    return np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])


def touches(merged: Mapping[str, np.ndarray], chrom: str, start: int, end: int) -> bool:
    """Whether a stretch shares a base with merged spans of its chromosome: `touched` for one, which copies nothing."""
    spans = merged.get(chrom, NONE)
    at = int(np.searchsorted(spans[:, 1], start, side="right"))
    return at < len(spans) and bool(spans[at, 0] < end)


def touched(merged: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which stretches share a base with merged spans. (n,) bool."""
    at = np.searchsorted(merged[:, 1], starts, side="right")  # the first that ends beyond the start
    return np.append(merged[:, 0], FURTHEST)[at] < ends


def near(merged: np.ndarray, start: int, end: int) -> slice:
    """Which of merged spans, or of book-ended ones, share a base with a stretch."""
    return slice(
        int(np.searchsorted(merged[:, 1], start, side="right")), int(np.searchsorted(merged[:, 0], end, side="left"))
    )


def bases_before(merged: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """How many bases of merged spans lie before each position. (n,) int64.

    Its `np.diff` is how many lie between neighboring positions.
    """
    total = np.concatenate([[0], np.cumsum(merged[:, 1] - merged[:, 0])])
    whole = np.searchsorted(merged[:, 1], positions, side="right")  # spans that end before a position, or there
    begins = np.append(merged[:, 0], FURTHEST)[whole]
    return total[whole] + np.maximum(positions - begins, 0)


def covered(merged: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How many bases of each stretch lie in merged spans. (n,) int64."""
    return bases_before(merged, ends) - bases_before(merged, starts)


def bins_touched(edges: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the bins between edges (n + 1,) share a base with each stretch.

    Returns:
        The first bin of each stretch, and the one beyond the last, from 0 to n; the same number twice for none.
    """
    first = np.searchsorted(edges, starts, side="right") - 1
    last = np.searchsorted(edges, ends, side="left")  # the bin after the one with the last base
    return np.clip(first, 0, len(edges) - 1), np.clip(last, 0, len(edges) - 1)


def read_bins(
    track: Signal, chrom: str, edges: np.ndarray, at_once: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Values of a track in the bins between edges (n + 1,) in bp, at most `at_once` bins at a time.

    Yields:
        The number of the first bin, the value of each of the bases, float32, and the places in these at which bins
        begin, as `np.maximum.reduceat` takes them.
    """
    for first in range(0, len(edges) - 1, at_once):
        part = edges[first : first + at_once + 1]
        yield first, track.values(chrom, int(part[0]), int(part[-1])), part[:-1] - part[0]


def placed(intervals: Iterable[Interval], sizes: Mapping[str, int]) -> tuple[list[Interval], dict[str, int]]:
    """Intervals of another file by the names in `sizes`; and how many lie on each chromosome that it lacks."""
    listed = list(intervals)
    known = {chrom: names.find(chrom, sizes) for chrom in dict.fromkeys(interval.chrom for interval in listed)}
    absent = {chrom: 0 for chrom, name in known.items() if name is None}
    here = []
    for interval in listed:
        if interval.chrom in absent:
            absent[interval.chrom] += 1
        else:
            here.append(Interval(known[interval.chrom], interval.start, interval.end, interval.name))
    return here, absent


def beyond(intervals: Sequence[Interval], sizes: Mapping[str, int]) -> list[Interval]:
    """Those that end beyond their chromosome, whose name is in `sizes`."""
    return [interval for interval in intervals if interval.end > sizes[interval.chrom]]
