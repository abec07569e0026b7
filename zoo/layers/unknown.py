"""What unknown bases are for networks that were trained on another encoding of them than zeros."""

import keras
from keras import ops

from zoo.spec import BASES


@keras.saving.register_keras_serializable("zoo")
class UnknownBases(keras.layers.Layer):
    """A window in which each base of a position without any has the same value.

    (batch, positions, 4) → the same shape: x + value · (1 - Σ x). Positions whose bases add up to 1 (soft ones, too)
    stay as they are.

    Args:
        value: of each base, such as 0.25.
    """

    is_linear = True
    weights_decay = False

    def __init__(self, value: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.value = value

    def call(self, x):
        """Fill them."""
        return x + self.value * (1 - ops.sum(x[..., : len(BASES)], axis=-1, keepdims=True))

    def compute_output_shape(self, shape):
        """That of the window."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "value": self.value}
