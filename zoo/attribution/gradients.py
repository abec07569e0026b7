"""Gradients of predictions with respect to windows, on whatever backend Keras has; integrated gradients."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

STEPS = 50  # of integrated gradients, as published

Gradient = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def input_gradient(network: keras.Model, local: Callable | None = None) -> Gradient:
    """Compile the gradient of weighted sums of a network's answers in inference.

    Args:
        network: (batch, …) → (batch, bins).
        local: answers → weights, in `keras.ops`, which then count as constants and take the place of those given.

    Returns:
        A function: inputs (batch, …) float32 and weights (batch, bins) → answers, and the derivatives of the sum of
        weights × answers with respect to the inputs.
    """

    def total(z, weights):
        y = network(z, training=False)
        return ops.sum(y * (weights if local is None else ops.stop_gradient(local(y)))), y

    compiled = _COMPILERS[keras.backend.backend()](total)
    return lambda z, weights: tuple(np.asarray(found) for found in compiled(z, weights))


def integrated_gradients(
    gradient: Gradient, x: np.ndarray, references: np.ndarray, weights: np.ndarray, steps: int, batch_size: int
) -> np.ndarray:
    """Mean gradients on straight ways from references to windows (Sundararajan et al. 2017, equation 1).

    The integral is a Gauss-Legendre quadrature, as Captum's is by default.

    Args:
        gradient: of `input_gradient`.
        x: (n, …) float32.
        references: (n, R, …) float32.
        weights: (n, bins) of the target.
        steps: points on each way.
        batch_size: points at once.

    Returns:
        (n, R, …) float32, to be multiplied with the difference of window and reference.
    """
    nodes, shares = np.polynomial.legendre.leggauss(steps)
    nodes, shares = (0.5 * (nodes + 1)).astype(np.float32), (0.5 * shares).astype(np.float32)
    count = references.shape[1]
    flat = references.reshape(-1, *x.shape[1:])
    total = np.zeros_like(flat)
    for pair, step in _points(len(flat), steps, batch_size):
        scale = nodes[step].reshape(-1, *[1] * (x.ndim - 1))
        z = flat[pair] + scale * (x[pair // count] - flat[pair])
        found = gradient(z, weights[pair // count])[1] * shares[step].reshape(scale.shape)
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        total[pair[first]] += np.add.reduceat(found, first, axis=0)
    return total.reshape(references.shape)


def _points(pairs: int, steps: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of pairs and steps, batch by batch."""
    for first in range(0, pairs * steps, batch_size):
        yield np.divmod(np.arange(first, min(first + batch_size, pairs * steps)), steps)


def _tensorflow(total: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def gradient(z, weights):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(z)
            found, y = total(z, weights)
        return y, tape.gradient(found, z)

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
        found, y = total(z, ops.convert_to_tensor(weights))
        (slope,) = torch.autograd.grad(found, z)
        return y.detach().cpu(), slope.cpu()

    return gradient


_COMPILERS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
