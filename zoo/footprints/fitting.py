"""Least squares of max(0, a x + b) as SciPy's `curve_fit` finds it from a = b = 1 (MINPACK's lmdif)."""

import numpy as np
from scipy.optimize import leastsq


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fitted values of each row, divided by their largest.

    Where the fit does not converge, or has no covariance, they are x less its smallest value at a place with y > 0.

    Args:
        x: (n, width) float64.
        y: the same, of which every row has a positive value.

    Returns:
        (n, width) float64 from 0 to 1.
    """
    found = np.array([_line(*pair) for pair in zip(x, y, strict=True)]).reshape(-1, 2)
    values = np.maximum(0, found[:, :1] * x + found[:, 1:])
    failed = np.isnan(found[:, 0])
    lowest = np.where(y > 0, x, np.inf).min(axis=1, keepdims=True)
    values[failed] = np.maximum(0, x - lowest)[failed]
    top = values.max(axis=1, keepdims=True)
    return np.divide(values, top, out=values, where=top > 0)


def _line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """a and b; NaN where there are none."""
    found, covariance, _, _, status = leastsq(
        lambda line: np.maximum(0, line[0] * x + line[1]) - y, (1.0, 1.0), full_output=True
    )
    good = status in (1, 2, 3, 4) and covariance is not None and not np.isnan(covariance).any()
    return found if good else np.full(2, np.nan)
