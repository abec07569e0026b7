"""Losses of the published systems, for `network.compile(loss=…)`.

Each takes (batch, …) targets and predictions of one shape and returns a value for every element, those of profiles for
every window; Keras takes the mean.
"""

import math

import keras
import numpy as np
from keras import ops

UNKNOWN = -0.5
"""Targets below this are unknown and do not count."""


def known(y_true):
    """1 where a target is known, else 0, in its dtype."""
    return ops.cast(y_true >= UNKNOWN, y_true.dtype)


@keras.saving.register_keras_serializable("zoo")
def masked_binary_crossentropy(y_true, y_pred):
    """-y ln p - (1 - y) ln(1 - p), p clipped to 1e-7 … 1 - 1e-7, over the elements whose target is known (maxATAC).

    Targets are 0 or 1, or -1 for unknown. The mean of what is returned is the mean over the known elements of the
    batch, all with the same weight; 0 if there are none.
    """
    mask = known(y_true)
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    elements = -y_true * ops.log(p) - (1 - y_true) * ops.log(1 - p)
    return elements * mask / ops.maximum(ops.mean(mask), 1e-7)


@keras.saving.register_keras_serializable("zoo")
def poisson_nll(y_true, y_pred):
    """p - t ln(p + 1e-8), the negative logarithm of the Poisson likelihood without the term of t alone (ASAP).

    ASAP's targets are ln(1 + signal), its predictions at least 0.
    """
    return y_pred - y_true * ops.log(y_pred + 1e-8)


@keras.saving.register_keras_serializable("zoo")
def poisson_multinomial(y_true, y_pred, total_weight: float = 0.2, epsilon: float = 1e-7):
    """The Poisson loss of a window's total, and the multinomial loss of its bins given that (Borzoi, `poisson_mn`).

    Both are divided by the number of bins; the probability of a bin is (y + epsilon) / Σ (y + epsilon).

    Args:
        y_true: (batch, bins, tracks).
        y_pred: the same, at least 0.
        total_weight: of the Poisson loss.
        epsilon: is added before logarithms are taken.

    Returns:
        (batch, tracks).
    """
    y_true, y_pred = y_true + epsilon, y_pred + epsilon
    total_true, total_pred = (ops.sum(values, axis=1, keepdims=True) for values in (y_true, y_pred))
    total = (total_pred - total_true * ops.log(total_pred))[:, 0]
    bins = -ops.sum(y_true * ops.log(y_pred / total_pred), axis=1)
    return (bins + total_weight * total) / y_pred.shape[1]


_TABLE = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 1 << 12)))]).astype(np.float32)  # ln k!


@keras.saving.register_keras_serializable("zoo")
def multinomial_nll(y_true, y_pred):
    """The negative log-likelihood of cut sites given their number, combinatorial term included (ChromBPNet, BPNet).

    Args:
        y_true: (batch, bp, tracks) cut sites.
        y_pred: the same of logits, whose softmax is over bases and tracks together.

    Returns:
        (batch,); 0 for a window without cut sites.
    """
    sites, logits = (ops.reshape(item, (-1, math.prod(item.shape[1:]))) for item in (y_true, y_pred))
    arranged = _log_factorial(ops.sum(sites, axis=1)) - ops.sum(_log_factorial(sites), axis=1)
    return -arranged - ops.sum(sites * ops.log_softmax(logits, axis=1), axis=1)


def of_signal_windows(losses, kept):
    """Losses of windows whose mean is that over the windows that are kept, 0 if none is (kundajelab/bpnet).

    Args:
        losses: (batch,).
        kept: (batch,) weights; those of 1 or more are kept, as background has 0.
    """
    mask = ops.cast(kept >= 1, losses.dtype)
    return losses * mask / ops.maximum(ops.mean(mask), 1e-7)


@keras.saving.register_keras_serializable("zoo")
def counts_mse(y_true, y_pred):
    """The squared error of logarithms of counts, (batch, 1) → (batch,).

    The target is ln(1 + N) for ChromBPNet and bpnet-lite, N the sum over tracks; for kundajelab/bpnet the logarithm of
    the sum over tracks of 1 + N.
    """
    return ops.square(y_true - y_pred)[:, 0]


def _log_factorial(counts):
    """ln k! of whole numbers as floats: from a table, and from 4,096 on by Stirling's series."""
    x = ops.maximum(counts, 1.0)
    series = (x + 0.5) * ops.log(x) - x + 0.5 * math.log(2 * math.pi) + 1 / (12 * x)
    small = ops.take(_TABLE, ops.cast(ops.minimum(counts, len(_TABLE) - 1), "int32"))
    return ops.where(counts < len(_TABLE), small, series)
