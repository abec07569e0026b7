"""Networks whose inputs but the first may be left out, for zeros."""

from collections.abc import Mapping, Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class WithOptional(keras.Model):
    """A functional network that reads zeros, as many positions as its first input has, where others are left out.

    It takes one tensor for its first input, or a mapping or a list of those that are given.
    """

    def __call__(self, inputs, *args: object, **kwargs: object):
        """The network's outputs."""
        names = [tensor.name for tensor in self.inputs]
        given = inputs if isinstance(inputs, Mapping) else dict(zip(names, _several(inputs), strict=False))
        first = ops.convert_to_tensor(given[names[0]])
        others = [_given(given.get(tensor.name), tensor.shape[-1], first) for tensor in self.inputs[1:]]
        return super().__call__([first, *others], *args, **kwargs)


def _several(inputs) -> Sequence:
    return inputs if isinstance(inputs, (list, tuple)) else [inputs]


def _given(value, channels: int, first):
    """What an input reads: (batch, positions, channels)."""
    if value is not None:
        return ops.convert_to_tensor(value)
    return ops.zeros_like(ops.repeat(first[..., :1], channels, axis=-1))
