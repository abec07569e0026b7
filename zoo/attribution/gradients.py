"""Gradients of predictions with respect to windows, on whatever backend Keras has."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from zoo.attribution.methods.base import Gradient


def input_gradient(network: keras.Model, local: Callable | None = None) -> Gradient:
    """Compile the gradient of weighted sums of a network's predictions in inference.

    Args:
        network: (batch, …) → (batch, bins).
        local: predictions → weights, in `keras.ops`, which then count as constants and take the place of those given.

    Returns:
        A function: inputs (batch, …) float32 and weights (batch, bins) → predictions, and the derivatives of the sum of
        weights × predictions with respect to the inputs.
    """

    def total(z, weights):
        y = network(z, training=False)
        return ops.sum(y * (weights if local is None else ops.stop_gradient(local(y)))), y

    compiled = _COMPILERS[keras.backend.backend()](total)
    return lambda z, weights: tuple(np.asarray(array) for array in compiled(z, weights))


def _tensorflow(total: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def gradient(z, weights):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(z)
            summed, y = total(z, weights)
        return y, tape.gradient(summed, z)

    return lambda z, weights: gradient(tf.convert_to_tensor(z), tf.convert_to_tensor(weights))


def _jax(total: Callable) -> Callable:
    import jax

    def gradient(z, weights):
        (_, y), slope = jax.value_and_grad(total, has_aux=True)(z, weights)
        return y, slope

    return jax.jit(gradient)


def _torch(total: Callable) -> Callable:
    import torch

    def gradient(z, weights):
        z = ops.convert_to_tensor(z).requires_grad_(True)
        summed, y = total(z, ops.convert_to_tensor(weights))
        (slope,) = torch.autograd.grad(summed, z)
        return y.detach().cpu(), slope.cpu()

    return gradient


_COMPILERS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
