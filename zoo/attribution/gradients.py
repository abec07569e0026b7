"""Gradients of predictions with respect to windows, on whatever backend Keras has."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from zoo.attribution.methods.base import Gradient


def input_gradient(network: keras.Model, local: Callable | None = None) -> Gradient:
    """Compile the gradient of weighted sums of a network's predictions in inference.

    Args:
        network: (batch, …), and perhaps covariates (batch, n), → (batch, bins).
        local: predictions → weights, in `keras.ops`, which then count as constants and take the place of those given.

    Returns:
        A function: inputs (batch, …) float32, weights (batch, bins), and the covariates of all of them (n,) if the
        network reads some → predictions, and the derivatives of the sum of weights × predictions with respect to the
        inputs.
    """

    def total(z, weights, *beside):
        rows = [ops.broadcast_to(row, (ops.shape(z)[0], *row.shape)) for row in beside]
        y = network([z, *rows] if rows else z, training=False)
        return ops.sum(y * (weights if local is None else ops.stop_gradient(local(y)))), y

    compiled = _COMPILERS[keras.backend.backend()](total)
    return lambda z, weights, *beside: tuple(np.asarray(array) for array in compiled(z, weights, *beside))


def _tensorflow(total: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def gradient(z, weights, *beside):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(z)
            summed, y = total(z, weights, *beside)
        return y, tape.gradient(summed, z)

    return lambda *arrays: gradient(*map(tf.convert_to_tensor, arrays))


def _jax(total: Callable) -> Callable:
    import jax

    def gradient(z, weights, *beside):
        (_, y), slope = jax.value_and_grad(total, has_aux=True)(z, weights, *beside)
        return y, slope

    return jax.jit(gradient)


def _torch(total: Callable) -> Callable:
    import torch

    def gradient(z, *others):
        z = ops.convert_to_tensor(z).requires_grad_(True)
        summed, y = total(z, *map(ops.convert_to_tensor, others))
        (slope,) = torch.autograd.grad(summed, z)
        return y.detach().cpu(), slope.cpu()

    return gradient


_COMPILERS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
