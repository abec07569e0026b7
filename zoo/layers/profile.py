"""A profile's logits as what its attributions explain: each minus the mean of all, times its own probability."""

import keras
from keras import layers, ops

_NEAR = 1e-6  # closer than this a quotient of differences is nothing but rounding (as in tangermeme)


def centered(logits, groups: int = 1):
    """Logits (…, n) minus their mean, of each of `groups` stretches by itself: by any constant they are the same."""
    z = _grouped(logits, groups)
    return ops.reshape(z - ops.mean(z, axis=-1, keepdims=True), (-1, *logits.shape[1:]))


def fractions(logits, groups: int = 1):
    """The softmax of (…, n), of each of `groups` stretches by itself."""
    return ops.reshape(ops.softmax(_grouped(logits, groups), axis=-1), (-1, *logits.shape[1:]))


def _grouped(z, groups: int):
    return ops.reshape(z, (-1, *z.shape[1:-1], groups, z.shape[-1] // groups))


class _OfGroups(layers.Layer):
    """A function of (batch, n) to the same shape.

    Args:
        groups: stretches of the last axis that are read by themselves.
    """

    weights_decay = False

    def __init__(self, groups: int = 1, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def compute_output_shape(self, shape):
        """That of the input."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "groups": self.groups}


@keras.saving.register_keras_serializable("zoo")
class Centered(_OfGroups):
    """Logits minus their mean."""

    is_linear = True

    def call(self, x):
        """As `centered`."""
        return centered(x, self.groups)


@keras.saving.register_keras_serializable("zoo")
class SelfWeighted(_OfGroups):
    """m softmax(m), whose sum is a profile's one number.

    DeepLIFT's rule is that of bpnet-lite and tangermeme: one operation of each element, so that with w and v the
    softmax of the example's m and of the reference's r the multiplier of m is (m w - r v) / (m - r).
    """

    def call(self, x):
        """The products."""
        return x * fractions(x, self.groups)

    def rescaled(self, rescale, x):
        """With that multiplier; where m and r are the same, with the mean of w and v."""

        def quotient(z, y):
            (m, r), (f, g), (w, v) = map(rescale.split, (z, y, fractions(z, self.groups)))
            near = ops.abs(m - r) < _NEAR
            return ops.where(near, 0.5 * (w + v), (f - g) / ops.where(near, 1.0, m - r))

        return rescale.by(self.call, quotient, x)
