"""Normalizing tracks: min-max with a percentile, z-scores, arcsinh (maxATAC `normalize`)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from zoo.arguments import is_one_of, number
from zoo.errors import InputError

METHODS = ("min-max", "zscore", "robust", "arcsinh")
_HALF = 16


@dataclass(frozen=True)
class Statistics:
    """Of the bases of a track that are not blacklisted.

    Attributes:
        low: the smallest value of all bases; where the track has none it is 0.
        high: the percentile of the positive bases, by linear interpolation.
        median: of the positive bases.
        interquartile: between the quartiles of the positive bases.
        mean: of the positive bases.
        deviation: of the positive bases, of the population.
        bases: how many are positive.
    """

    low: float
    high: float
    median: float
    interquartile: float
    mean: float
    deviation: float
    bases: int


Blocks = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]


def statistics(blocks: Blocks, percentile: float = 99.0, where: object = None) -> Statistics:
    """Exact statistics in fixed memory, for any number of bases.

    Positive float32 numbers have the order of their bits: the first pass counts upper halves, the second one the lower
    halves of those in which a wanted rank lies.

    Args:
        blocks: gives values (n,) float32, 0 where there is no data, and at how many bases each of them is (n,) int64,
            as often as it is called.
        percentile: 0 to 100.
        where: the track, for messages.

    Raises:
        InputError: a negative number or one that is not finite, no positive base, or a percentile out of range.
    """
    percentile = check_percentile(percentile)
    upper = np.zeros(1 << _HALF, np.int64)
    low, total, squares = np.inf, 0.0, 0.0
    for values, lengths in blocks():
        if not np.isfinite(values).all() or values.min(initial=0) < 0:
            raise InputError(
                "A track to be normalized must be finite and not negative",
                where=where,
                received={"smallest": float(np.nanmin(values)), "largest": float(np.nanmax(values))},
                hint="Give coverage, not log ratios",
            )
        low = min(low, float(values.min(initial=np.inf)))
        values, lengths = _positive(values, lengths)
        upper += _weighed(values.view(np.uint32) >> _HALF, lengths)
        sums = values * lengths.astype(np.float64)
        total += sums.sum()
        squares += (sums * values).sum()
    bases = int(upper.sum())
    if not bases:
        raise InputError(
            "A track to be normalized must have a value above 0 on the chosen chromosomes, beside the blacklist",
            where=where,
            received={"positive bases": 0},
        )
    mean = total / bases
    high, median, first, third = _percentiles(blocks, upper, bases, (percentile, 50.0, 25.0, 75.0))
    deviation = float(np.sqrt(max(squares / bases - mean * mean, 0.0)))
    return Statistics(low, high, median, third - first, float(mean), deviation, bases)


def check_percentile(percentile: object) -> float:
    """A percentile, which is above 0 and at most 100. Raises `InputError` for anything else."""
    return number("percentile", percentile, "above 0 and at most 100", lambda value: 0 < value <= 100, 99)


def check_method(method: str) -> None:
    """Raise `InputError` unless a method is one of `METHODS`."""
    if not is_one_of(method, METHODS):
        raise InputError(f"A method must be one of {', '.join(METHODS)}", received={"method": method})


def scaled(values: np.ndarray, method: str, found: Statistics, clip: bool = False) -> np.ndarray:
    """Values by one of `METHODS`, float32.

    min-max: (x - low) / (high - low), between 0 and 1 only with `clip`. zscore: (x - mean) / deviation. robust: (x -
    median) / interquartile, as scikit-learn's `RobustScaler`. arcsinh: of x.

    Raises:
        InputError: another method, or one that divides by 0 here.
    """
    ranges = {
        "min-max": (found.low, found.high - found.low),
        "zscore": (found.mean, found.deviation),
        "robust": (found.median, found.interquartile),
    }
    check_method(method)
    if method == "arcsinh":
        return np.arcsinh(values)
    offset, scale = ranges[method]
    if not scale:
        raise InputError(
            f"A track to be normalized by {method} must have positive bases of different values",
            received=asdict(found),
            hint="Choose another method, or what becomes 0 and 1 with min-max",
        )
    values = (values - np.float32(offset)) / np.float32(scale)
    return np.clip(values, 0, 1) if clip and method == "min-max" else values


def _positive(values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values[values > 0], lengths[values > 0]


def _weighed(bits: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Bases by 16 bits; sums of whole numbers below 2**53 are exact."""
    return np.bincount(bits, lengths, minlength=1 << _HALF).astype(np.int64)


def _percentiles(blocks: Blocks, upper: np.ndarray, bases: int, wanted: Sequence[float]) -> list[float]:
    """Percentiles as `numpy.percentile` has them."""
    places = [percent / 100 * (bases - 1) for percent in wanted]
    ranks = sorted({rank for place in places for rank in (int(place), min(int(place) + 1, bases - 1))})
    before = np.cumsum(upper)
    halves = {rank: int(np.searchsorted(before, rank, side="right")) for rank in ranks}
    lower = {half: np.zeros(1 << _HALF, np.int64) for half in halves.values()}
    for block in blocks():
        values, lengths = _positive(*block)
        bits = values.view(np.uint32)
        for half, counts in lower.items():
            mine = bits >> _HALF == half
            counts += _weighed(bits[mine] & 0xFFFF, lengths[mine])
    value = {}
    for rank, half in halves.items():
        inside = rank - (before[half] - upper[half])
        rest = int(np.searchsorted(np.cumsum(lower[half]), inside, side="right"))
        value[rank] = float(np.array([half << _HALF | rest], np.uint32).view(np.float32)[0])
    percentiles = []
    for place in places:
        one, other = value[int(place)], value[min(int(place) + 1, bases - 1)]
        percentiles.append(one + (other - one) * (place - int(place)))
    return percentiles
