"""Features of the distances between positions, which relative attention reads.

A line in `POSITIONS` is a function of three whole numbers that returns float32 (2n - 1, features), a row for each
distance -(n - 1) … n - 1:

- n: the positions of the window.
- features: how many.
- length: the positions by which the features are scaled; weights that were trained on a window of this length expect
  it in any other window.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from zoo.errors import InputError


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


POSITIONS: dict[str, Callable[[int, int, int], np.ndarray]] = {"masks": masks}


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
