"""The precision that a threshold will have on other chromosomes than those on which it was chosen."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaincinv, expit, logit, ndtr, stdtrit

from zoo.evaluate.binding import FEW
from zoo.evaluate.counts import GRID, Counts, best_precision, row_of

_HALVINGS, _REPEATS, _SEED = 100, 1000, 0
_LEVEL = 0.95  # of intervals
_LEAST = 1e-6  # precision or its distance from 1, as odds


def crossfitted(groups: Sequence[Counts]) -> tuple[np.ndarray, np.ndarray]:
    """Precision at thresholds that were chosen on other bins than those that it is measured on.

    A precision that is read off the bins by which its threshold was chosen is too high for any others. So groups are
    halved at random, 100 times. For the precision that all bins have at a threshold of `GRID`, the threshold that
    reaches it in one half is applied to the other, and the bins called there, and those of them that are bound, are
    added up.

    Args:
        groups: of bins that are independent of one another, two or more.

    Returns:
        Precision (1001,), NaN where no bin is called in any half, and how many are (1001,) int64.
    """
    random, one = np.random.default_rng(_SEED), np.zeros((_HALVINGS, len(groups)), np.int64)
    for half in one:
        half[random.permutation(len(groups))[::2]] = 1
    chosen_on, measured_on = np.concatenate([one, 1 - one]), np.concatenate([1 - one, one])
    hits, called = (found.sum(axis=0) for found in _applied(groups, chosen_on, measured_on, exactly=True))
    return np.divide(hits, called, out=np.full(len(GRID), np.nan), where=called > 0), called


def resampled(groups: Sequence[Counts], repeats: int = _REPEATS) -> np.ndarray:
    """Precision in bootstrap samples of groups, at thresholds that were chosen on others.

    Two sets of as many groups are drawn independently of one another, one to choose thresholds and one to measure, so
    that the precision varies by the choice, and by the finite number of sites of either set. For the precision
    that all bins have at a threshold of `GRID`, the threshold that reaches it in one sample, or comes closest, is
    applied to the other.

    Args:
        groups: of bins that are independent of one another, two or more.
        repeats: of the bootstrap.

    Returns:
        (repeats, 1001), NaN where no bin is called.
    """
    random, count = np.random.default_rng(_SEED), len(groups)
    chosen_on, measured_on = random.multinomial(count, np.full(count, 1 / count), (2, repeats))
    hits, called = _applied(groups, chosen_on, measured_on, exactly=False)
    return np.divide(hits, called, out=np.full(called.shape, np.nan), where=called > 0)


def _applied(
    groups: Sequence[Counts], chosen_on: np.ndarray, measured_on: np.ndarray, exactly: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Bound and all bins called at thresholds that reach, on other bins, the precision of all at those of `GRID`.

    Args:
        groups: of bins.
        chosen_on: how often each group counts where thresholds are chosen, (samples, groups) int64.
        measured_on: the same where they are applied.
        exactly: call none where no threshold reaches the precision, instead of those at the one that comes closest.

    Returns:
        (samples, 1001) int64 each.
    """
    hits, called = (np.stack([getattr(group, name) for group in groups]) for name in ("hits", "called"))
    wanted = best_precision(hits.sum(axis=0), called.sum(axis=0)) - 1e-12
    there = chosen_on @ hits
    reached = best_precision(there, chosen_on @ called)
    at = np.array([np.searchsorted(row, wanted) for row in reached])  # NaN, above the last score, comes last
    last = np.isfinite(reached).sum(axis=1) - 1
    usable = there[:, :1] > 0
    if exactly:
        usable = usable & (at <= last[:, None])
    else:
        highest = [np.searchsorted(row, row[end]) for row, end in zip(reached, last, strict=True)]
        usable, at = usable & np.isfinite(wanted), np.minimum(at, np.array(highest)[:, None])
    at = np.minimum(at, len(GRID) - 1)
    return tuple(np.where(usable, np.take_along_axis(measured_on @ each, at, axis=1), 0) for each in (hits, called))


def interval(precision: np.ndarray, called: np.ndarray, resamples: np.ndarray, groups: int) -> np.ndarray:
    """95 % interval of the precision on other chromosomes that have about as many sites as those calibrated on.

    It is a prediction interval, for what a user can count on another set of chromosomes: that set's precision differs
    from the expected one as it has a finite number of sites, and the expected one is itself an estimate of a finite
    number. For a set of the same size the variance is twice that of the estimate. A set of fewer sites varies more, one
    of more sites less. Blocks vary as those calibrated on do: that validation chromosomes chose the epoch of a model,
    and what differs in another sample or species, is not in the interval.

    The interval is that of the percentiles of `resampled`, further out the fewer groups there are, as Student's t has
    it (the expanded percentile interval of Hesterberg 2015, Am Stat 69: 371). Bootstrap samples have blocks in common,
    so that a threshold chosen on one finds too much in the other: their log odds are moved so that the mean is the
    cross-fitted precision. As no bootstrap sample has a miss where the bins have none, the interval is at least that of
    bins independent of one another: Jeffreys' interval of half of the calls, which has twice the variance.

    Args:
        precision: as the table has it, (1001,), NaN where it is unknown.
        called: bins at or above each threshold, (1001,).
        resamples: of `resampled`, (repeats, 1001).
        groups: how many there are.

    Returns:
        Lower and upper limits, neither of which falls with the threshold, (2, 1001), NaN where precision is; the
        precision is within.
    """
    known = np.isfinite(precision)
    limits = np.full((2, len(precision)), np.nan)
    p, n = precision[known], called[known]
    low, high = _limits(p, n / 2, _centered(resamples[:, known], p), groups)
    low, high = (isotonic_regression(limit, weights=n.astype(np.float64)).x for limit in (low, high))
    limits[:, known] = np.minimum(low, p), np.maximum(high, p)
    return limits


def _centered(found: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Bootstrap samples (repeats, n), NaN among them, with log odds moved so that those of their mean are those of a
    precision (n,)."""
    known = np.isfinite(found)
    means = np.where(known, found, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    odds = [logit(np.clip(each, _LEAST, 1 - _LEAST)) for each in (found, precision, means)]
    return expit(odds[0] + odds[1] - odds[2])


def observed(groups: Sequence[Counts], threshold: float) -> tuple[float, float, float]:
    """The precision that was found at a threshold chosen elsewhere, and its 95 % interval by bootstrap over groups.

    Args:
        groups: of bins that are independent of one another, two or more.
        threshold: of `GRID`, that bins must reach.

    Returns:
        Precision and the limits of its interval; NaN where nothing is called.
    """
    row, count = row_of(threshold), len(groups)
    hits, called = (np.array([getattr(group, name)[row] for group in groups]) for name in ("hits", "called"))
    if not called.any():
        return float("nan"), float("nan"), float("nan")
    drawn = np.random.default_rng(_SEED).multinomial(count, np.full(count, 1 / count), _REPEATS)
    totals = drawn @ called
    found = np.divide(drawn @ hits, totals, out=np.full(_REPEATS, np.nan), where=totals > 0)
    precision, total = hits.sum() / called.sum(), called.sum()
    low, high = _limits(np.array([precision]), np.array([total]), found[:, None], count)
    return float(precision), float(min(low[0], precision)), float(max(high[0], precision))


def _limits(precision: np.ndarray, calls: np.ndarray, found: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """The wider one of percentiles of bootstrap samples (repeats, n) and Jeffreys' interval of so many calls, (n,)."""
    tail = ndtr(np.sqrt(groups / (groups - 1)) * stdtrit(groups - 1, (1 - _LEVEL) / 2))
    drawn = _percentiles(found, np.array([[tail], [1 - tail]]))
    sides = np.array([[(1 - _LEVEL) / 2], [(1 + _LEVEL) / 2]])
    alone = betaincinv(precision * calls + 0.5, (1 - precision) * calls + 0.5, sides)
    return np.fmin(drawn[0], alone[0]), np.fmax(drawn[1], alone[1])


def _percentiles(values: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """As `np.nanquantile` over the first axis, many times faster; NaN of a column without a number."""
    ordered, counts = np.sort(values, axis=0), np.isfinite(values).sum(axis=0)  # NaN comes last
    at = fractions * np.maximum(counts - 1, 0)
    below = np.floor(at).astype(np.int64)
    low, high = (np.take_along_axis(ordered, rows, axis=0) for rows in (below, np.ceil(at).astype(np.int64)))
    return low + (high - low) * (at - below)


def rising(precision: np.ndarray, weights: np.ndarray, whole: Counts) -> np.ndarray:
    """Precision that never falls with the threshold, by isotonic regression.

    Args:
        precision: (thresholds,), NaN where it is unknown.
        weights: (thresholds,) of the regression.
        whole: counts of all bins: the precision of fewer than ten calls is unknown.

    Returns:
        (thresholds,) float64, NaN where it is unknown, 0, or of too few calls.
    """
    known = np.isfinite(precision) & (whole.called >= min(FEW, whole.positives))
    risen = np.full(len(precision), np.nan)
    if known.any():
        risen[known] = isotonic_regression(precision[known], weights=weights[known].astype(np.float64)).x
    return np.where(risen > 0, risen, np.nan)
