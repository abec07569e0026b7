"""From cut sites to coverage: each site counts for the bases around it (maxATAC `prepare`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from zoo.genome.spans import near, steps, touched

BLOCK = 1 << 22


@dataclass(frozen=True)
class Runs:
    """Stretches of a chromosome in which a value does not change, without gaps between them.

    Attributes:
        chrom: the chromosome.
        edges: (n + 1,) int64, 0-based: the first base of each, and the one beyond the last.
        values: (n,).
    """

    chrom: str
    edges: np.ndarray
    values: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """bp of each, (n,) int64."""
        return np.diff(self.edges)

    def cut(self, spans: np.ndarray | None) -> tuple["Runs", np.ndarray]:
        """The same, cut where merged spans (m, 2) begin and end; and which of them lie in spans, (n,) bool."""
        if spans is None or not len(spans):
            return self, np.zeros(len(self.values), bool)
        borders = spans.ravel()
        borders = borders[(borders > self.edges[0]) & (borders < self.edges[-1])]
        edges = np.union1d(self.edges, borders)
        values = self.values[np.searchsorted(self.edges, edges[:-1], side="right") - 1]
        return Runs(self.chrom, edges, values), touched(spans, edges[:-1], edges[1:])


def of_bases(chrom: str, first: int, values: np.ndarray) -> Runs:
    """Runs of values (n,) at consecutive bases, of which `first` is the first."""
    edges = steps(values)
    return Runs(chrom, first + edges, values[edges[:-1]])


def mask(counts: np.ndarray, first: int, spans: np.ndarray | None, reach: int) -> None:
    """Remove, in place, the sites at bases from `first` on whose bases would touch those of spans (n, 2)."""
    if spans is not None:
        for start, end in spans[near(spans, first - reach, first + len(counts) + reach)]:
            counts[max(start - reach - first, 0) : end + reach - first] = 0


def smoothed(chrom: str, counts: Iterable[np.ndarray], reach: int) -> Iterator[Runs]:
    """Sites within `reach` bp of each base.

    Args:
        chrom: the chromosome.
        counts: sites at its bases, (n,) int64, in blocks from its beginning to its end.
        reach: bp.

    Yields:
        Runs of int64, which together cover the chromosome.
    """
    width = 2 * reach + 1
    before, total, first = np.zeros(width, np.int64), 0, -reach  # the base whose last site comes next
    for block in _ended(counts, reach):
        sites = np.concatenate([before, block])
        change = sites[width:] - sites[:-width]  # of the sum over `width` bases, from each base to the next
        before = sites[len(sites) - width :]
        at = np.flatnonzero(change)
        values = total + np.cumsum(change[at])
        edges = np.concatenate([[first], first + at, [first + len(block)]])
        values = np.concatenate([[total], values])
        first, total = int(edges[-1]), int(values[-1])
        edges = np.maximum(edges, 0)
        there = edges[1:] > edges[:-1]
        if there.any():
            yield Runs(chrom, np.append(edges[:-1][there], edges[-1]), values[there])


def _ended(counts: Iterable[np.ndarray], reach: int) -> Iterator[np.ndarray]:
    """Blocks, and `reach` bases without sites beyond the last one."""
    yield from counts
    yield np.zeros(reach, np.int64)


def cuts_within(counts: np.ndarray, first: int, spans: np.ndarray | None) -> int:
    """How many of the cuts (n,) at a base and those after it lie in merged spans (m, 2)."""
    if spans is None:
        return 0
    edges = np.clip(spans - first, 0, len(counts))
    sums = np.concatenate([[0], np.cumsum(counts)])
    return int((sums[edges[:, 1]] - sums[edges[:, 0]]).sum())
