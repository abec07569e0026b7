"""Between bound and unbound: a threshold from footprint scores at random places of peaks (TOBIAS `bindetect`)."""

import contextlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import OptimizeWarning, curve_fit, fmin
from sklearn.mixture import GaussianMixture

from zoo.errors import InputError
from zoo.footprints.correcting import rolling_sum

_QUANTILES = np.linspace(0.05, 0.99, 1000)
_SMOOTH = 50
_ZERO = 1e-8
_FEWEST = 10
_AS_GOOD = 1.01  # times the least sum of squares


@dataclass(frozen=True)
class Factors:
    """What the scores of a condition are multiplied by, so that conditions have like distributions.

    Attributes:
        low: the least score that has a factor of its own.
        high: the largest.
        curve: of the logistic: middle, slope, height and shift; or one number, the factor of all.
    """

    low: float
    high: float
    curve: tuple[float, ...]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Scores times their factors, float64."""
        values = values.astype(np.float64)
        if len(self.curve) == 1:
            return values * self.curve[0]
        with np.errstate(over="ignore"):
            return values * _logistic(np.clip(values, self.low, self.high), *self.curve)


@dataclass(frozen=True)
class Threshold:
    """Where bound sites begin.

    Attributes:
        value: bound is above it.
        mode: of scores at random places.
        spread: standard deviation of those, from what lies below the mode.
        values: how many scores it is made of.
    """

    value: float
    mode: float
    spread: float
    values: int


def factors_of(background: Sequence[np.ndarray]) -> list[Factors]:
    """Of each condition, from the scores of all at the same random places (n,).

    Raises:
        InputError: a condition without a score above 0.
    """
    if empty := [number for number, values in enumerate(background, start=1) if not (values > 0).any()]:
        raise InputError(
            "Every condition must have footprint scores above 0 at random places of the peaks",
            received={"conditions without any": empty},
            hint="Check that reads and peaks are of one assembly, or give more peaks",
        )
    own = [np.quantile(values[values > 0], _QUANTILES) for values in background]
    mean = np.mean(own, axis=0)
    return [_factors(quantiles, mean / quantiles) for quantiles in own]


def _factors(quantiles: np.ndarray, ratio: np.ndarray) -> Factors:
    """A logistic through the smoothed ratio.

    From TOBIAS's start the fit ends in one of several places, by the last bits of the processor's arithmetic; so two
    better starts are tried as well, and its own end counts only if no other one is closer to the ratio.
    """
    padded = np.pad(ratio, _SMOOTH, mode="edge")
    smooth = (rolling_sum(padded, _SMOOTH).astype(float) / _SMOOTH)[_SMOOTH:-_SMOOTH]
    low, high = float(quantiles.min()), float(quantiles.max())
    x = np.linspace(low, high, len(quantiles))
    y = np.interp(x, quantiles, smooth)
    height = float(np.subtract(*np.percentile(y, [95, 5])))
    bounds = ([low, -np.inf, 0, 0], [high, np.inf, height, np.inf])
    fits = []
    for slope in (None, 4 / (high - low), -4 / (high - low)):
        start = None if slope is None else ((low + high) / 2, slope, height / 2, float(y.min()))
        with warnings.catch_warnings(), contextlib.suppress(RuntimeError, ValueError):
            warnings.simplefilter("ignore")  # of powers beyond what a number holds, while it tries
            curve, _ = curve_fit(_logistic, x, y, start, bounds=bounds)
            fits.append((float(np.sum((_logistic(x, *curve) - y) ** 2)), tuple(curve.tolist())))
    if not fits:
        return Factors(low, high, (float(np.mean(ratio)),))
    best = min(cost for cost, _ in fits)
    return Factors(low, high, next(curve for cost, curve in fits if cost <= best * _AS_GOOD))


def _logistic(x: np.ndarray, middle: float, slope: float, height: float, shift: float) -> np.ndarray:
    return height / (1 + np.exp(-slope * (x - middle))) + shift


def threshold_of(background: Sequence[np.ndarray], p_value: float) -> Threshold:
    """From the scores of all conditions at random places.

    A mixture of two normal distributions of their logs; of the higher one the mode; what lies below the mode, mirrored
    there, says how far scores of no footprint reach.

    Args:
        background: (n,) of each condition.
        p_value: of a site that is not bound.

    Raises:
        InputError: too few scores above 0, or scores of which no such curve can be made.
    """
    values = np.concatenate(background)
    values = values[~(np.abs(values) <= _ZERO)]
    if len(values) < _FEWEST:
        raise InputError(
            f"Footprint scores at random places of the peaks must be above 0 at {_FEWEST} of them at least",
            received={"above 0": len(values)},
            hint="Give all peaks of the sample",
        )
    values = values[values < np.percentile(values, 99)]
    mixture = GaussianMixture(n_components=2, random_state=1).fit(np.log(values).reshape(-1, 1))
    higher = int(np.argmax(mixture.means_.ravel()))
    mean, sigma = mixture.means_.ravel()[higher], np.sqrt(mixture.covariances_.ravel()[higher])
    fitted = stats.lognorm(*stats.lognorm.fit(values, f0=sigma, fscale=np.exp(mean)))
    mode = float(fmin(lambda x: -fitted.pdf(x), 0, disp=False)[0])
    below = np.linspace(fitted.ppf(0.01), mode, 100)
    x = np.concatenate([below, 2 * mode - below[::-1]])
    y = np.concatenate([fitted.pdf(below), fitted.pdf(below)[::-1]])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            (spread, _), _ = curve_fit(lambda x, spread, height: height * stats.norm.pdf(x, mode, spread), x, y)
    except (RuntimeError, ValueError, OptimizeWarning):
        raise InputError(
            "Footprint scores at random places must have a distribution with a mode",
            received={"scores": len(values), "mode": mode},
            hint="Give more peaks, or more reads",
        ) from None
    value = round(mode + float(stats.norm.ppf(1 - p_value)) * float(spread), 5)
    return Threshold(value, mode, float(spread), len(values))
