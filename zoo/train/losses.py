"""Losses of the published systems, for `network.compile(loss=…)`.

Each takes (batch, …) targets and predictions of one shape and returns a value for every element; Keras takes the mean.
"""

import keras
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
