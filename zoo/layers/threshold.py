"""Torch7's Threshold(0, 1e-6), the activation of DeepSEA."""

import keras
from keras import ops

FLOOR = 1e-6


@keras.saving.register_keras_serializable("zoo")
def threshold(x):
    """x where it is above 0, else 1e-6; any shape. The gradient is that of ReLU."""
    return ops.where(x > 0, x, ops.cast(FLOOR, x.dtype))


def _slope(x):
    """Its derivative."""
    return ops.cast(x > 0, x.dtype)


def _quotient(a, b):
    """(f(a) - f(b)) / (a - b), but 0 where f falls as its argument rises to less than 1e-6.

    There the quotient is of any size below 0, and contributions of opposite sign would hide the others; what they add
    up to is less than 1e-6.
    """
    same = a == b
    quotient = (threshold(a) - threshold(b)) / ops.where(same, 1.0, a - b)
    return ops.where(same, _slope(a), ops.maximum(quotient, 0.0))


threshold.slope = _slope
threshold.quotient = _quotient
