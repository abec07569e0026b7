"""Predicted accessibility against the track it is of."""

from collections.abc import Callable

import numpy as np
from scipy.stats import pearsonr, spearmanr

from zoo.data.batches import Batches


def correlations(predict: Callable[[np.ndarray], np.ndarray], batches: Batches) -> dict[str, float]:
    """Pearson's and Spearman's correlation over all bins of all windows (ASAP: per chromosome, ln(1 + track)).

    Args:
        predict: (n, window, 4) one-hot → (n, bins), the bins that the targets are of.
        batches: windows and targets, (n, bins, 1).

    Returns:
        `pearson` and `spearman`; not a number where a side does not vary.
    """
    truth, found = [], []
    for step in range(batches.steps):
        x, y = batches.batch(step)
        truth.append(y[..., 0])
        found.append(np.asarray(predict(x)))
    one, other = (np.concatenate(item).ravel().astype(np.float64) for item in (truth, found))
    if not (np.ptp(one) and np.ptp(other)):
        return {"pearson": float("nan"), "spearman": float("nan")}
    return {"pearson": float(pearsonr(one, other)[0]), "spearman": float(spearmanr(one, other)[0])}
