"""Bins of chromosomes: where they lie, what a track says in them, and which of them are bound."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal

RULES = ("any", "half")
_BLOCK = 1 << 16  # bins read at once


def edges(track: Signal, chrom: str, bin_size: int) -> np.ndarray:
    """The n + 1 edges of the n = ⌊L / bin_size⌋ bins of a chromosome of L bp: ⌊i L / n⌋ (maxATAC `benchmark`).

    Raises:
        InputError: a chromosome that the track lacks, or that is shorter than a bin.
    """
    length = track.sizes.get(chrom)
    if bin_size < 1 or length is None or length < bin_size:
        raise InputError(
            f"A chromosome of the prediction has at least one bin of {bin_size} bp",
            where=track.path,
            received={"chrom": chrom, "present": list(track.sizes)[:5]},
        )
    count = length // bin_size
    return np.arange(count + 1) * length // count


def maxima(track: Signal, chrom: str, places: np.ndarray) -> np.ndarray:
    """The highest value between neighboring edges (n + 1,), (n,) float32."""
    return np.concatenate([np.maximum.reduceat(values, at) for values, at in _read(track, chrom, places)])


def means(track: Signal, chrom: str, places: np.ndarray) -> np.ndarray:
    """The mean value between neighboring edges (n + 1,), (n,) float32."""
    sums = [np.add.reduceat(values.astype(np.float64), at) for values, at in _read(track, chrom, places)]
    return (np.concatenate(sums) / np.diff(places)).astype(np.float32)


def _read(track: Signal, chrom: str, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Values of some bins at a time, and where in them the bins begin."""
    for first in range(0, len(places) - 1, _BLOCK):
        part = places[first : first + _BLOCK + 1]
        yield track.values(chrom, int(part[0]), int(part[-1])), part[:-1] - part[0]


class Bound:
    """Which bins are bound.

    Args:
        gold: peaks (a BED file or intervals), or a bigWig that is above 0 where something is bound.
        sizes: chromosome → bp, by which names are found.
        rule: "any": a bin shares at least a base with what is bound; "half": at least half of its bases.
        what: how messages call it.

    Raises:
        InputError: another rule.
        GenomeMismatch: peaks behind a chromosome's end, or a track with another length of one.
    """

    def __init__(
        self, gold: str | Path | Sequence[Interval], sizes: Mapping[str, int], rule: str = "any", what: str = "peaks"
    ) -> None:
        if rule not in RULES:
            raise InputError(f"A rule is one of {', '.join(RULES)}", received={"rule": rule})
        self._rule, self._track, self._spans = rule, None, {}
        if isinstance(gold, (str, Path)) and Path(gold).suffix.lower() in (".bw", ".bigwig"):
            self._track = Signal(gold)
            self._names = names.match(sizes, self._track.sizes)
            names.check_lengths(self._names, sizes, self._track.sizes, "the prediction", str(gold))
        else:
            self._spans = spans(gold, sizes, what)

    def __call__(self, chrom: str, places: np.ndarray) -> np.ndarray:
        """Whether the bins between edges (n + 1,) of a chromosome are bound, (n,) bool."""
        if self._track is not None:
            if chrom not in self._names:
                return np.zeros(len(places) - 1, bool)
            found = [np.add.reduceat((v > 0).astype(np.int64), at) for v, at in self._values(chrom, places)]
            bases = np.concatenate(found)
        else:
            bases = covered(places, self._spans.get(chrom))
        return bases > 0 if self._rule == "any" else 2 * bases >= np.diff(places)

    def _values(self, chrom: str, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return _read(self._track, self._names[chrom], places)


def spans(intervals: str | Path | Sequence[Interval], sizes: Mapping[str, int], what: str) -> dict[str, np.ndarray]:
    """Merged spans by the names in `sizes`; those of other chromosomes are left out.

    Raises:
        GenomeMismatch: no chromosome in common, or an interval that ends behind its chromosome.
    """
    found = bed.read(intervals) if isinstance(intervals, (str, Path)) else list(intervals)
    renamed = [(names.find(item.chrom, sizes), item) for item in found]
    here = [Interval(chrom, item.start, item.end) for chrom, item in renamed if chrom is not None]
    if found and not here:
        raise GenomeMismatch(
            f"The {what} and the prediction have chromosomes in common",
            received={what: found[0].chrom, "prediction": list(sizes)[:5]},
        )
    if behind := [item for item in here if item.end > sizes[item.chrom]]:
        raise GenomeMismatch(
            f"The {what} and the prediction are on the same assembly: none ends behind its chromosome",
            received={"interval": str(behind[0]), "length": sizes[behind[0].chrom]},
        )
    return bed.merge(here)


def covered(places: np.ndarray, merged: np.ndarray | None) -> np.ndarray:
    """How many bases between neighboring edges (n + 1,) lie in merged spans (m, 2). (n,) int64."""
    if merged is None:
        return np.zeros(len(places) - 1, np.int64)
    before = np.concatenate([[0], np.cumsum(merged[:, 1] - merged[:, 0])])
    behind = np.searchsorted(merged[:, 0], places, side="right")  # spans that begin before or at an edge
    inside = np.maximum(merged[np.maximum(behind - 1, 0), 1] - places, 0) * (behind > 0)
    return np.diff(before[behind] - inside)
