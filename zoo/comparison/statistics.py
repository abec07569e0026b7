"""Intervals of changes along the genome, and corrections for many tests: NumPy alone.

Neighboring sites are not independent. Sites are put into blocks of the genome, and blocks are drawn with replacement
(Bickel et al. 2010, https://doi.org/10.1214/10-AOAS363, call such draws of segments a block bootstrap).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

LEVEL = 0.95
BLOCK_BP = 1_000_000
_SMALLEST_BP, _ENOUGH = 10_000, 20  # of a block; blocks that are wanted
LEAST_BLOCKS = 5  # fewer give no interval
_QUARTILES = 1.349  # between the quartiles of a normal distribution, in standard deviations
_MAD = 1.4826  # a standard deviation, in median absolute deviations


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval and P value against 0; None where sites or blocks are too few."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def block_size(chroms: np.ndarray, starts: np.ndarray) -> int:
    """bp of a block: 1 Mb, halved until sites lie in 20 blocks, at least 10 kb.

    Args:
        chroms: (sites,) numbers of chromosomes.
        starts: (sites,) bp.
    """
    size = BLOCK_BP
    while size // 2 >= _SMALLEST_BP and _occupied(chroms, starts, size) < _ENOUGH:
        size //= 2
    return size


def _occupied(chroms: np.ndarray, starts: np.ndarray, size: int) -> int:
    return len(np.unique(np.stack([chroms, starts // size]), axis=1).T)


def blocks_of(chroms: np.ndarray, starts: np.ndarray, size: int) -> np.ndarray:
    """(sites,) int64: the block of each, numbered from 0 without gaps."""
    return np.unique(np.stack([chroms, starts // size]), axis=1, return_inverse=True)[1].reshape(-1)


def draws_of(blocks: int, draws: int, seed: int) -> np.ndarray:
    """(draws, blocks) float64: how often each block is drawn, the same for all factors."""
    if not blocks:  # no factor has a site
        return np.zeros((draws, 0))
    return np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), draws).astype(np.float64)


def means_of(weights: np.ndarray, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means over sites in each draw.

    Args:
        weights: (draws, blocks).
        sums: (blocks, factors), of the sites of each block.
        counts: (blocks, factors), sites.

    Returns:
        (draws, factors) float64, NaN where no site was drawn.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ sums) / (weights @ counts)


def variance_of(draws: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Of a mean over blocks, from its draws.

    Args:
        draws: (draws, factors).
        blocks: (factors,) in which there are sites. A sample of n has (n - 1) / n of the variance of what it is from.

    Returns:
        (factors,) float64, NaN where blocks are too few.
    """
    enough = blocks >= LEAST_BLOCKS
    found = np.full(len(blocks), np.nan)
    found[enough] = np.nanvar(draws[:, enough], axis=0) * blocks[enough] / (blocks[enough] - 1)
    return found


def estimate(value: float, parts: Sequence[tuple[float, float]]) -> Estimate:
    """A number with an interval by Student's t distribution.

    Args:
        value: the number; NaN for none.
        parts: (variance, degrees of freedom) of what it varies with; degrees of the sum are those of Satterthwaite
            (1946). NaN for a variance that is not known.
    """
    if not np.isfinite(value):
        return Estimate(None)
    variances, degrees = np.array(parts, np.float64).T
    total = variances.sum()
    if not np.isfinite(total):
        return Estimate(float(value))
    if total == 0:
        return Estimate(float(value), float(value), float(value), float(value == 0))
    some = variances > 0
    freedom = total**2 / (variances[some] ** 2 / degrees[some]).sum()
    reach = special.stdtrit(freedom, (1 + LEVEL) / 2) * total**0.5
    p = 2 * special.stdtr(freedom, -abs(value) / total**0.5)
    return Estimate(float(value), float(value - reach), float(value + reach), float(p))


def spread(values: np.ndarray) -> float:
    """Standard deviation of the middle half of values, as if these were normal: a few that lie far off do not count."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) / _QUARTILES


def noise(values: np.ndarray) -> float:
    """Standard deviation by the median absolute deviation: what fewer than half of the values do does not count."""
    return float(np.median(np.abs(values - np.median(values)))) * _MAD


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """False discovery rates (Benjamini and Hochberg 1995), None where there is no P value."""
    known = [place for place, value in enumerate(p) if value is not None]
    found: list[float | None] = [None] * len(p)
    if known:
        adjusted = stats.false_discovery_control([p[place] for place in known])
        for place, value in zip(known, adjusted.tolist(), strict=True):
            found[place] = value
    return found
