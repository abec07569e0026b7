"""Bound and all bins at or above thresholds, of scores that come in pieces."""

import numpy as np

from zoo.errors import InputError
from zoo.evaluate.curves import DECIMALS

GRID = np.arange(1001) / 1000
"""The thresholds of a table."""


def row_of(threshold: float) -> int:
    """The number in `GRID` of a threshold, or of the next one above it."""
    return int(np.searchsorted(GRID, threshold - 1e-9))


class Counts:
    """Bound and all bins at or above each threshold of `GRID`, of scores that come in pieces."""

    def __init__(self) -> None:
        self._bound = np.zeros(len(GRID) + 1, np.int64)
        self._all = np.zeros(len(GRID) + 1, np.int64)

    def __add__(self, other: "Counts") -> "Counts":
        """Those of both."""
        both = Counts()
        both._bound, both._all = self._bound + other._bound, self._all + other._all
        return both

    def add(self, positive: np.ndarray, scores: np.ndarray) -> None:
        """Bins (n,) bool and their scores (n,).

        Raises:
            InputError: a score that is no number from 0 to 1.
        """
        rounded = np.round(np.asarray(scores, np.float64), DECIMALS)
        if not ((rounded >= 0) & (rounded <= 1)).all():
            raise InputError(
                "Scores to calibrate must be probabilities, from 0 to 1",
                received={"lowest": float(np.min(rounded)), "highest": float(np.max(rounded))},
            )
        reached = np.searchsorted(GRID, rounded, side="right")  # thresholds at or below a score
        self._all += np.bincount(reached, minlength=len(GRID) + 1)
        self._bound += np.bincount(reached[positive], minlength=len(GRID) + 1)

    @property
    def hits(self) -> np.ndarray:
        """Bound bins at or above each threshold, (1001,) int64."""
        return np.cumsum(self._bound[::-1])[::-1][1:]

    @property
    def called(self) -> np.ndarray:
        """All bins at or above each threshold, (1001,) int64."""
        return np.cumsum(self._all[::-1])[::-1][1:]

    @property
    def positives(self) -> int:
        """Bound bins."""
        return int(self._bound.sum())

    @property
    def total(self) -> int:
        """All bins."""
        return int(self._all.sum())

    @property
    def precision(self) -> np.ndarray:
        """Bound bins of those called, NaN where none is, (1001,)."""
        return np.divide(self.hits, self.called, out=np.full(len(GRID), np.nan), where=self.called > 0)

    @property
    def best_precision(self) -> np.ndarray:
        """See `best_precision`, (1001,)."""
        return best_precision(self.hits, self.called)

    @property
    def between(self) -> tuple[np.ndarray, np.ndarray]:
        """Bound and all bins from each threshold to below the next one, (1001,) int64 each."""
        return self._bound[1:], self._all[1:]


def best_precision(hits: np.ndarray, called: np.ndarray) -> np.ndarray:
    """The highest precision at each threshold or a lower one, NaN where no bin is called.

    Args:
        hits: bound bins at or above each threshold, (..., 1001).
        called: all of them.

    Returns:
        (..., 1001) float64.
    """
    precision = np.divide(hits, called, out=np.full(called.shape, -1.0), where=called > 0)
    return np.where(called > 0, np.maximum.accumulate(precision, axis=-1), np.nan)
