"""From scores to the probability that a bin is bound: isotonic regression, and its reliability on other bins."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from zoo.evaluate.counts import Counts

_FOLDS = 10
_CLASSES = 10  # of probabilities: tenths


@dataclass(frozen=True)
class ReliabilityClass:
    """Bins whose probabilities are alike.

    Attributes:
        low: the lowest probability of the class.
        high: the lowest one of the next class.
        bins: how many have one from `low` to below `high`.
        predicted: their mean probability.
        observed: the fraction of them that is bound.
    """

    low: float
    high: float
    bins: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Reliability:
    """Probabilities against observed fractions, of bins on which they were not fitted.

    Attributes:
        error: expected calibration error: the mean over bins of the distance between `predicted` and `observed` of
            their class (Naeini et al. 2015, AAAI: 2901). Most bins are far from any site, so that it is small for any
            model that knows this; the classes tell more.
        classes: tenths of the probability that have a bin.
        folds: so many parts were left out in turn.
    """

    error: float
    classes: tuple[ReliabilityClass, ...]
    folds: int

    def to_json(self) -> dict:
        """A plain JSON object."""
        return asdict(self)


def fitted(bound: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The fraction of bound bins as a function of the score that never falls, by isotonic regression.

    Args:
        bound: bound bins in each class of scores, rising, (n,).
        total: all bins in each, (n,), at least one of all.

    Returns:
        (n,) float64; a class without a bin has that of the one below, the lowest ones that of the first with a bin.
    """
    known = total > 0
    levels = isotonic_regression(bound[known] / total[known], weights=total[known].astype(np.float64)).x
    return levels[np.maximum(np.cumsum(known) - 1, 0)]


def classed(counts: Counts, rows: np.ndarray) -> np.ndarray:
    """Bound and all bins from each row of a table to below the next; the first has those below, the last those above.

    Args:
        counts: of bins.
        rows: numbers in `GRID`, rising, (n,).

    Returns:
        (2, n) int64.
    """
    return np.add.reduceat(np.stack(counts.between), np.concatenate([[0], rows[1:]]), axis=1)


def reliability(samples: Sequence[Sequence[Counts]], rows: np.ndarray) -> Reliability:
    """Reliability of probabilities, each of which was fitted on other groups of blocks than the bins that it is of.

    Args:
        samples: groups of blocks of each cell type, in their order on the genome; ten parts of these are left out in
            turn, or as many as there are groups.
        rows: as for `classed`.
    """
    parts = min(_FOLDS, *(len(groups) for groups in samples))
    folds = [
        sum((classed(group, rows) for groups in samples for group in groups[fold::parts]), np.zeros((2, 1), np.int64))
        for fold in range(parts)
    ]
    whole, sums = sum(folds), np.zeros((3, _CLASSES))
    for bound, total in folds:
        probabilities = fitted(whole[0] - bound, whole[1] - total)
        number = np.minimum((probabilities * _CLASSES).astype(np.int64), _CLASSES - 1)
        for row, values in enumerate((total, probabilities * total, bound)):
            sums[row] += np.bincount(number, values, minlength=_CLASSES)
    bins, predicted, observed = sums[:, sums[0] > 0]
    numbers = np.flatnonzero(sums[0])
    columns = (numbers / _CLASSES, (numbers + 1) / _CLASSES, bins.astype(np.int64), predicted / bins, observed / bins)
    classes = tuple(ReliabilityClass(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
    return Reliability(float(np.abs(predicted - observed).sum() / bins.sum()), classes, parts)
