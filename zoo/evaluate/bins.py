"""Bins of chromosomes: their edges, the values of a track in them, and which of them are bound."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_one_of
from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed, names, sniff
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, bases_before, beyond, bins_touched, by_chromosome, merge, placed, read_bins

RULES = ("any", "half")
AGGREGATES = ("max", "mean", "min", "std", "coverage", "sum")
_BLOCK = 1 << 16  # bins read at once
_NO_DATA = float(np.finfo(np.float32).min)


def edges(track: Signal, chrom: str, bin_size: int, compat: str | None = None) -> np.ndarray:
    """The n + 1 edges of the n = ⌊L / bin_size⌋ bins of a chromosome of L bp.

    Bins have exactly `bin_size` bp, so that up to bin_size - 1 bp at the chromosome's end lie in none. With
    `compat="maxatac"` edge i is ⌊i L / n⌋, as in maxATAC's `benchmark`, whose bins are a little longer.

    Raises:
        InputError: a chromosome that the track lacks, or that is shorter than a bin.
    """
    length = track.sizes.get(chrom)
    if bin_size < 1 or length is None or length < bin_size:
        raise InputError(
            f"A chromosome of the prediction must have at least one bin of {bin_size} bp",
            where=track.path,
            received={"chrom": chrom, "present": list(track.sizes)[:5]},
        )
    count = length // bin_size
    return np.arange(count + 1) * length // count if compat else np.arange(count + 1) * bin_size


def open_track(path: str | Path) -> Signal:
    """A track in which `aggregated` detects bins without a value."""
    return Signal(user_path(path, "prediction"), fill=_NO_DATA)


def maxima(track: Signal, chrom: str, places: np.ndarray) -> np.ndarray:
    """The highest value between neighboring edges (n + 1,), (n,) float32; bases without one have the track's fill."""
    return np.concatenate([np.maximum.reduceat(values, at) for values, at in _read(track, chrom, places)])


def aggregated(track: Signal, chrom: str, places: np.ndarray, how: str = "max") -> np.ndarray:
    """One number for the bases between neighboring edges that have a value, as `pyBigWig.stats(type=how, exact=True)`.

    Args:
        track: of `open_track`.
        chrom: by the track's name.
        places: edges of bins, (n + 1,).
        how: "max", "mean", "min", "sum", "std" (of a sample, 0 for a single base), or "coverage", the fraction of bases
            that have a value.

    Returns:
        (n,) float32 for "max" and "min", else float64; NaN where no base has a value.

    Raises:
        InputError: another aggregate.
    """
    if not is_one_of(how, AGGREGATES):
        raise InputError(
            f"An aggregate must be one of {', '.join(AGGREGATES)}", example="max", received={"aggregate": how}
        )
    parts = [_aggregated(values, at, how) for values, at in _read(track, chrom, places)]
    return np.concatenate(parts)


def _aggregated(values: np.ndarray, at: np.ndarray, how: str) -> np.ndarray:
    known = values != np.float32(_NO_DATA)
    count = np.add.reduceat(known.astype(np.int64), at)
    if how == "max":
        return np.where(count > 0, np.maximum.reduceat(values, at), np.float32(np.nan))
    if how == "min":
        return np.where(count > 0, np.minimum.reduceat(np.where(known, values, np.float32(np.inf)), at), np.nan).astype(
            np.float32
        )
    lengths = np.diff(np.append(at, len(values)))
    wide = np.where(known, values, 0).astype(np.float64)
    total = np.add.reduceat(wide, at)
    mean = np.divide(total, count, out=np.full(len(at), np.nan), where=count > 0)
    if how == "std":
        away = np.where(known, wide - np.repeat(np.nan_to_num(mean), lengths), 0)
        squares = np.add.reduceat(np.square(away), at)
        return np.where(count > 0, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    statistic = {"mean": mean, "sum": total, "coverage": count / lengths}[how]
    return np.where(count > 0, statistic, np.nan)


def _read(track: Signal, chrom: str, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Values of some bins at a time, and where in them the bins begin."""
    for _, values, at in read_bins(track, chrom, places, _BLOCK):
        yield values, at


class Bound:
    """Which bins are bound.

    Args:
        gold: peaks (a BED file or intervals), or a bigWig that is above 0 where something is bound.
        sizes: chromosome → bp, to match names with.
        rule: "any": a bin shares at least a base with what is bound; "half": at least half of its bases.
        what: its name in messages.
        shared: whether a chromosome in common is required.

    Attributes:
        absent: chromosomes that `sizes` lacks → how many peaks each has (0 where gold is a bigWig).
        shared: whether there is a chromosome in common.

    Raises:
        InputError: another rule.
        GenomeMismatch: peaks beyond a chromosome's end, a track with another length of one, or no chromosome in common.
    """

    def __init__(
        self,
        gold: str | Path | Sequence[Interval],
        sizes: Mapping[str, int],
        rule: str = "any",
        what: str = "peaks",
        shared: bool = True,
    ) -> None:
        if not is_one_of(rule, RULES):
            raise InputError(f"A rule must be one of {', '.join(RULES)}", example="any", received={"rule": rule})
        self._rule, self._track, self._names, self._spans = rule, None, {}, {}
        self._peaks: dict[str, np.ndarray] = {}  # chromosome → (2, n) starts and ends
        self.absent: dict[str, int] = {}
        gold = user_path(gold, what) if isinstance(gold, (str, Path)) else gold
        if sniff.is_bigwig(gold):
            self._track = Signal(gold)
            match = names.check_shared if shared else lambda one, other, *_: names.match(one, other)
            self._names = match(sizes, self._track.sizes, "the prediction", str(gold))
            names.check_lengths(self._names, sizes, self._track.sizes, "the prediction", str(gold))
            known = set(self._names.values())
            self.absent = {chrom: 0 for chrom in self._track.sizes if chrom not in known}
            self.shared = bool(self._names)
        else:
            read = bed.read if shared else bed.read_blacklist
            intervals = read(gold) if isinstance(gold, (str, Path)) else bed.listed(what, gold)
            here, self.absent = _here(intervals, sizes, what, shared)
            self.shared = bool(here) or not intervals
            self._spans = merge(here)
            self._peaks = {
                chrom: np.array([(interval.start, interval.end) for interval in items], np.int64).T
                for chrom, items in by_chromosome(here).items()
            }

    def has(self, chrom: str) -> bool:
        """Whether anything is known of a chromosome: one that a BED file lacks has no peak, of one that a bigWig lacks
        nothing is known."""
        return self._track is None or chrom in self._names

    def peaks(self, chromosomes: Iterable[str] | None = None) -> int:
        """How many peaks there are on chromosomes, by default on all that `sizes` has; 0 for a bigWig."""
        wanted = self._peaks if chromosomes is None else chromosomes
        return sum(self._peaks[chrom].shape[1] for chrom in wanted if chrom in self._peaks)

    def touching(self, chrom: str, places: np.ndarray, keep: np.ndarray) -> int:
        """How many peaks of a chromosome share a base with bins between edges (n + 1,) that are kept, (n,) bool."""
        if chrom not in self._peaks or not len(keep):
            return 0
        kept = np.concatenate([[0], np.cumsum(keep)])
        first, last = bins_touched(places, *self._peaks[chrom])
        return int((kept[last] > kept[first]).sum())

    def __call__(self, chrom: str, places: np.ndarray) -> np.ndarray:
        """Whether the bins between edges (n + 1,) of a chromosome are bound, (n,) bool."""
        if self._track is not None:
            if chrom not in self._names:
                return np.zeros(len(places) - 1, bool)
            read = _read(self._track, self._names[chrom], places)
            bases = np.concatenate([np.add.reduceat((values > 0).astype(np.int64), at) for values, at in read])
        else:
            bases = np.diff(bases_before(self._spans.get(chrom, NONE), places))
        return bases > 0 if self._rule == "any" else 2 * bases >= np.diff(places)


def _here(
    intervals: Sequence[Interval], sizes: Mapping[str, int], what: str, shared: bool
) -> tuple[list[Interval], dict[str, int]]:
    """Intervals by the names in `sizes`; and how many there are on each chromosome that it lacks.

    Raises `GenomeMismatch` if one ends beyond its chromosome, or, with `shared`, if all are elsewhere.
    """
    here, absent = placed(intervals, sizes)
    if shared and intervals and not here:
        raise GenomeMismatch(
            f"The {what} and the prediction must have chromosomes in common",
            received={what: intervals[0].chrom, "prediction": list(sizes)[:5]},
        )
    if far := beyond(here, sizes):
        raise GenomeMismatch(
            f"The {what} and the prediction must be of one assembly: no interval may end beyond its chromosome",
            received={"interval": str(far[0]), "length": sizes[far[0].chrom]},
        )
    return here, absent
