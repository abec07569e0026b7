"""Predicted accessibility against the track it is of (ASAP, its Methods and code)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.arguments import number
from zoo.data.batches import Batches
from zoo.evaluate.agreement import Pairs
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, by_chromosome, covered, merge

_EPSILON = 1e-8  # the authors' loss adds it to predictions


@dataclass(frozen=True)
class Accessibility:
    """How well bins are predicted; in the scale of ln(1 + track), and (`linear_`) in that of the track.

    Attributes:
        windows: how many.
        bins: how many, of their cores only.
        pearson: correlation; None, as all of them, where a side does not vary.
        spearman: rank correlation, the same in both scales; and its standard error, 0 where it is exact.
        kendall: tau-b, the same; and its error.
        mse: mean squared error.
        poisson_nll: negative log-likelihood of a Poisson distribution, Stirling's approximation of ln t! included.
        shape: cosine similarity of the mean profiles of windows, each scaled to 0 … 1; for windows around peaks.
        profiles: these two profiles, measured and predicted.
    """

    windows: int
    bins: int
    pearson: float | None
    spearman: float | None
    spearman_error: float
    kendall: float | None
    kendall_error: float
    mse: float
    poisson_nll: float
    linear_pearson: float | None
    linear_mse: float
    linear_poisson_nll: float
    shape: float | None
    profiles: tuple[tuple[float, ...], tuple[float, ...]]


class BinPairs:
    """Measured and predicted bins of windows, in pieces."""

    def __init__(self) -> None:
        self._log, self._linear, self._nll, self._windows = Pairs(), Pairs(most=0), np.zeros(2), 0
        self._profiles: np.ndarray | float = 0.0

    def add(self, measured: np.ndarray, predicted: np.ndarray) -> None:
        """Windows × bins (n, bins), both as ln(1 + track). Raises `InputError` for numbers that are not finite."""
        one, other = (np.asarray(values, np.float64) for values in (measured, predicted))
        self._log.add(one.ravel(), other.ravel())
        self._linear.add(np.expm1(one).ravel(), np.expm1(other).ravel())
        self._nll += [_poisson(one, other), _poisson(np.expm1(one), np.expm1(other))]
        self._profiles = self._profiles + np.stack([one.sum(axis=0), other.sum(axis=0)])
        self._windows += len(one)

    def result(self, kendall: bool = True) -> Accessibility:
        """Of everything that was added; Kendall's correlation, the slowest, only if wanted.

        Raises:
            InputError: nothing was added.
        """
        log, linear = self._log.result(kendall), self._linear.result(kendall=False)
        nll, linear_nll = self._nll / log.pairs
        profiles = self._profiles / self._windows
        spread = np.ptp(profiles, axis=1, keepdims=True)
        scaled = (profiles - profiles.min(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
        lengths = np.linalg.norm(scaled, axis=1)
        return Accessibility(
            windows=self._windows,
            bins=log.pairs,
            pearson=log.pearson,
            spearman=log.spearman,
            spearman_error=log.spearman_error,
            kendall=log.kendall,
            kendall_error=log.kendall_error,
            mse=log.mse,
            poisson_nll=float(nll),
            linear_pearson=linear.pearson,
            linear_mse=linear.mse,
            linear_poisson_nll=float(linear_nll),
            shape=float(scaled[0] @ scaled[1] / lengths.prod()) if lengths.all() else None,
            profiles=tuple(tuple(row.round(6).tolist()) for row in profiles),
        )


def evaluate(predict: Callable[[np.ndarray], np.ndarray], batches: Batches, kendall: bool = True) -> Accessibility:
    """Compare predictions with all batches of an evaluation.

    Args:
        predict: (n, window, 4) one-hot → (n, bins), the bins that the targets are of, as ln(1 + track).
        batches: windows and targets, (n, bins, 1), as ln(1 + track).
        kendall: whether Kendall's correlation, the slowest to compute, is wanted.
    """
    return evaluate_tracks(lambda x: predict(x)[..., None], batches, kendall)[0]


def evaluate_tracks(
    predict: Callable[[np.ndarray], np.ndarray], batches: Batches, kendall: bool = True
) -> list[Accessibility]:
    """The same of several tracks, each by itself: predictions and targets are (n, bins, tracks)."""
    seen: list[BinPairs] = []
    for step in range(batches.steps):
        x, y = batches.batch(step)
        predicted = predict(x)
        seen = seen or [BinPairs() for _ in range(y.shape[-1])]
        for track, pairs in enumerate(seen):
            pairs.add(y[..., track], predicted[..., track])
    return [pairs.result(kendall) for pairs in seen]


@dataclass(frozen=True)
class Recovery:
    """How called peaks match real ones: a peak is found if the other set covers enough of its bases.

    Attributes:
        called: peaks called.
        real: real ones.
        right: called peaks that match a real one.
        found: real peaks that match a called one.
    """

    called: int
    real: int
    right: int
    found: int

    @property
    def precision(self) -> float | None:
        """Right ones of the called; None if none was called."""
        return self.right / self.called if self.called else None

    @property
    def recall(self) -> float | None:
        """Found ones of the real; None if there is none."""
        return self.found / self.real if self.real else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; 0 where one of them is 0."""
        if self.precision is None or self.recall is None:
            return None
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def recovery(called: Sequence[Interval], real: Sequence[Interval], fraction: float = 0.0) -> Recovery:
    """Match two sets of peaks.

    Args:
        called: peaks of a prediction, for example `zoo.prepare.peaks.call` at a cutoff of 1 on the scale of the track.
        real: peaks of the same chromosomes.
        fraction: a peak matches if the other set covers more than 0 of its bases, and at least this fraction of them.

    Raises:
        InputError: no lists of peaks, or a fraction that is not from 0 to 1.
    """
    called, real = bed.listed("called", called), bed.listed("real", real)
    fraction = number("fraction", fraction, "from 0 to 1", lambda value: 0 <= value <= 1, example=0.5)
    return Recovery(
        len(called), len(real), _matched(called, merge(real), fraction), _matched(real, merge(called), fraction)
    )


def _matched(peaks: Sequence[Interval], others: dict[str, np.ndarray], fraction: float) -> int:
    count = 0
    for chrom, some in by_chromosome(peaks).items():
        starts, ends = np.array([(peak.start, peak.end) for peak in some], np.int64).T
        bases = covered(others.get(chrom, NONE), starts, ends)
        count += int(((bases > 0) & (bases >= fraction * (ends - starts))).sum())
    return count


def _poisson(measured: np.ndarray, predicted: np.ndarray) -> float:
    """Summed negative log-likelihood, as the authors compute it."""
    t = np.where(measured > 0, measured, 1.0)
    stirling = np.where(measured > 0, t * np.log(t + _EPSILON) - t + 0.5 * np.log(2 * np.pi * t + _EPSILON), 0.0)
    return float((predicted - measured * np.log(np.maximum(predicted, 0) + _EPSILON) + stirling).sum())
