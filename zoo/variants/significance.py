"""P values of scores against those of the same variants in shuffled sequence, as variant-scorer has them."""

import numpy as np


def p_values(scores: np.ndarray, null: np.ndarray, tail: str) -> np.ndarray:
    """(rank + 1) / (number + 1), of the scores of a null distribution that are as extreme or more.

    Args:
        scores: (n,).
        null: (number,) in any order.
        tail: "right" for high scores, or "both": twice the smaller of both tails, at most 1.

    Returns:
        (n,) float64.
    """
    ordered = np.sort(null)
    right = (len(ordered) - np.searchsorted(ordered, scores, "left") + 1) / (len(ordered) + 1)
    if tail == "right":
        return right
    left = (np.searchsorted(ordered, scores, "right") + 1) / (len(ordered) + 1)
    return np.minimum(2 * np.minimum(left, right), 1)


def combined(scores: np.ndarray, null: np.ndarray, tail: str) -> np.ndarray:
    """The geometric mean over members of an ensemble of their P values, each by the member's own null distribution.

    Args:
        scores: (n, members).
        null: (variants, shuffles, members).
        tail: as for `p_values`.

    Returns:
        (n,) float64.
    """
    members = [p_values(scores[:, i], null[:, :, i].ravel(), tail) for i in range(scores.shape[1])]
    return np.exp(np.log(members).mean(axis=0))
