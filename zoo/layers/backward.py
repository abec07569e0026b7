"""Gradients of our own on every backend."""

from collections.abc import Callable


def backward(gradient: Callable) -> Callable:
    """A gradient as `keras.ops.custom_gradient` wants it: PyTorch gives the upstream gradient by name, others by place.

    Args:
        gradient: upstream gradient → gradients of the function's arguments.
    """

    def either(*args, upstream=None):
        return gradient(args[-1] if upstream is None else upstream)

    return either
