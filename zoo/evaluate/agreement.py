"""How well numbers agree with others: correlations and errors of pairs that come in pieces."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau, rankdata

from zoo.errors import InputError

_SAMPLE = 4_000_000  # pairs up to which rank correlations are exact
_GROUPS = 16  # of a sample, whose spread is its error
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Agreement:
    """Of predictions with what was measured.

    Attributes:
        pairs: how many.
        pearson: correlation; None, as all correlations, where a side does not vary.
        spearman: rank correlation.
        kendall: tau-b.
        r2: coefficient of determination, 1 - Σ (y - x)² / Σ (y - mean y)², y being what was measured.
        mse: mean squared error.
        spearman_error: standard error of `spearman`, 0 where it is exact; above 4 million pairs it is of a random
            sample of at least half as many.
        kendall_error: the same of `kendall`.
    """

    pairs: int
    pearson: float | None
    spearman: float | None
    kendall: float | None
    r2: float | None
    mse: float
    spearman_error: float = 0.0
    kendall_error: float = 0.0


class Pairs:
    """Pairs of numbers, in pieces; the result does not depend on how they are cut, but for rounding.

    Args:
        most: pairs up to which rank correlations are exact; 16 bytes for each are kept. With 0 there are none.
    """

    def __init__(self, most: int = _SAMPLE) -> None:
        self._most, self._count, self._seen, self._held = most, 0, 0, 0
        self._means, self._products = np.zeros(2), np.zeros((2, 2))
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        self._squared = 0.0
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._limit = np.uint64(2**64 - 1)

    def add(self, measured: np.ndarray, predicted: np.ndarray) -> None:
        """Pairs (n,) and (n,).

        Raises:
            InputError: numbers that are not finite, or not as many of one as of the other.
        """
        if np.shape(measured) != np.shape(predicted):
            raise InputError(
                "Pairs must have as many numbers of each",
                received={"measured": np.shape(measured), "predicted": np.shape(predicted)},
            )
        if not (np.isfinite(measured).all() and np.isfinite(predicted).all()):
            raise InputError("Numbers that are compared must be finite", received={"pairs": np.size(measured)})
        if not np.size(measured):
            return
        if self._most:
            self._sample(np.asarray(measured, np.float32), np.asarray(predicted, np.float32))
        both = np.stack([np.asarray(measured, np.float64), np.asarray(predicted, np.float64)])
        self._low, self._high = np.minimum(self._low, both.min(axis=1)), np.maximum(self._high, both.max(axis=1))
        self._squared += float(np.square(both[0] - both[1]).sum())
        count, means = both.shape[1], both.mean(axis=1)
        both -= means[:, None]
        away, total = means - self._means, self._count + count  # Chan, Golub & LeVeque 1983, Am Stat 37: 242
        self._products += both @ both.T + np.outer(away, away) * self._count * count / total
        self._means += away * count / total
        self._count = total

    def result(self, kendall: bool = True) -> Agreement:
        """Of everything that was added; Kendall's correlation, the slowest, only if wanted.

        Raises:
            InputError: nothing was added.
        """
        if not self._count:
            raise InputError("There must be a pair of numbers to compare", received={"pairs": 0})
        mse = self._squared / self._count
        (measured, shared), (_, predicted) = self._products
        if not (measured > 0 and predicted > 0 and (self._high > self._low).all()):  # rounding varies, too
            return Agreement(self._count, None, None, None, None, mse)
        pearson = float(np.clip(shared / np.sqrt(measured * predicted), -1, 1))
        r2 = 1 - self._squared / measured
        if not self._most:
            return Agreement(self._count, pearson, None, None, r2, mse)
        numbers, one, other = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        whole = len(one) == self._count
        ranks = [of(one, other) if wanted else None for of, wanted in ((_spearman, True), (_kendall, kendall))]
        errors = [0.0, 0.0]
        if not whole:
            groups = [numbers % np.uint64(_GROUPS) == group for group in range(_GROUPS)]
            errors = [
                float(np.std([of(one[group], other[group]) for group in groups], ddof=1) / np.sqrt(_GROUPS))
                for of in ((_spearman, _kendall) if kendall else (_spearman,))
            ]
        return Agreement(self._count, pearson, *ranks, r2, mse, *errors)

    def _sample(self, one: np.ndarray, other: np.ndarray) -> None:
        """Keep pairs by a hash of their number: the same ones, however they are cut."""
        with np.errstate(over="ignore"):
            mixed = np.arange(self._seen, self._seen + len(one), dtype=np.uint64) * _MIX
            mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIX
            mixed ^= mixed >> np.uint64(29)
        self._seen += len(one)
        kept = mixed <= self._limit
        self._parts.append((mixed[kept], one[kept], other[kept]))
        self._held += int(kept.sum())
        while self._held > self._most:
            self._limit //= np.uint64(2)
            columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
            self._parts = [tuple(column[columns[0] <= self._limit] for column in columns)]
            self._held = len(self._parts[0][0])


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _kendall(one: np.ndarray, other: np.ndarray) -> float:
    return float(kendalltau(one, other)[0])
