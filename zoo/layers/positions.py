"""Features of the distances between positions, which relative attention reads.

A line in `POSITIONS` is a function of three whole numbers that returns float32 (2n - 1, features), a row for each
distance -(n - 1) … n - 1:

- n: the positions of the window.
- features: how many.
- length: the positions by which the features are scaled; weights that were trained on a window of this length expect
  it in any other window.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from zoo.errors import InputError

_CLASSES = 6  # of Enformer's functions: three, and the same by the sign of the distance


def distances(n: int) -> np.ndarray:
    """-(n - 1) … n - 1, as whole numbers."""
    return np.arange(1 - n, n)


def both_ways(features: np.ndarray, n: int) -> np.ndarray:
    """Features of |d|, (2n - 1, F), and the same times the sign of d: float32 (2n - 1, 2F)."""
    signs = np.sign(distances(n))[:, None]
    return np.concatenate([features, features * signs], axis=1).astype(np.float32)


def masks(n: int, features: int, length: int) -> np.ndarray:
    """1 where |d| < pᵐ - 1, for m = 1 … features / 2 and p = (length + 1)^(2 / features), and the same times sign(d).

    Source: `position_features_central_mask` of calico/baskerville. p and its powers are rounded to float32 as there,
    since a power near a whole number decides whether a distance is within the mask.
    """
    half = features // 2
    base = float(np.float32(np.exp(np.log(length + 1) / half)))
    widths = (base ** np.arange(1, half + 1)).astype(np.float32) - np.float32(1)
    return both_ways(np.abs(distances(n))[:, None] < widths, n)


def deepmind(n: int, features: int, length: int) -> np.ndarray:
    """Enformer's three classes of |d|, and the same times sign(d), as its published weights were trained with.

    Exponential decays, masks, and densities of gamma distributions, each divided by its maximum over all distances
    (Avsec et al. 2021, Supplement; `get_positional_features_*` of google-deepmind/deepmind-research). Computed in
    float64: the float32 table of DeepMind's code differs by up to 2.5e-3, where its logarithm of the gamma function has
    lost digits.

    Raises:
        InputError: a number of features that is no multiple of 6.
    """
    return _three_classes(n, features, length, over=0)


def enformer_pytorch(n: int, features: int, length: int) -> np.ndarray:
    """The same as lucidrains/enformer-pytorch computes it: densities divided by the largest at each distance."""
    return _three_classes(n, features, length, over=1)


def _three_classes(n: int, features: int, length: int, over: int) -> np.ndarray:
    each, rest = divmod(features, _CLASSES)
    if rest:
        raise InputError(
            f"Enformer's features of positions, the channels of a head, must be a multiple of {_CLASSES}",
            received={"features": features},
        )
    away = np.abs(distances(n)).astype(np.float64)[:, None]
    decays = 2 ** (-away / 2 ** np.linspace(3, math.log2(length), each))
    near = away < 2.0 ** np.arange(1, each + 1) - 1
    densities = _gamma_densities(away, length, each) + 1e-8
    return both_ways(np.concatenate([decays, near, densities / densities.max(axis=over, keepdims=True)], axis=1), n)


def _gamma_densities(away: np.ndarray, length: int, count: int) -> np.ndarray:
    """Of distributions whose means lie evenly up to the length, with one standard deviation; 0 at 0."""
    means, deviation = np.linspace(length / count, length, count), length / (2 * count)
    shapes, rates = (means / deviation) ** 2, means / deviation**2
    scales = shapes * np.log(rates) - [math.lgamma(shape) for shape in shapes]
    logarithms = (shapes - 1) * np.log(np.maximum(away, 1)) - rates * away + scales
    return np.where(away > 0, np.exp(logarithms), 0.0)


POSITIONS: dict[str, Callable[[int, int, int], np.ndarray]] = {
    "masks": masks,
    "deepmind": deepmind,
    "enformer-pytorch": enformer_pytorch,
}


@lru_cache(maxsize=8)  # the blocks of a transformer read the same
def features_of(positions: str, n: int, features: int, length: int) -> np.ndarray:
    """The features of a name in `POSITIONS`. Raises `InputError` for another name, or an odd number of features."""
    if positions not in POSITIONS or features < 2 or features % 2 or length < 1:
        raise InputError(
            f"Position features must be one of {', '.join(POSITIONS)}, of an even number, scaled by 1 position or more",
            received={"positions": positions, "features": features, "length": length},
        )
    found = POSITIONS[positions](n, features, length)
    found.flags.writeable = False
    return found
