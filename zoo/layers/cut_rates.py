"""From expected cut sites to a track that counts those around each base, and its logarithm."""

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable("zoo")
class RunningMean(layers.Layer):
    """The mean of `width` positions around each one, of those that the window has.

    (batch, positions, channels) → the same shape. Padding is counted here, so that the ends of windows do not depend on
    what a backend pads averages with.

    Args:
        width: positions, an odd number.

    Raises:
        InputError: an even width.
    """

    is_linear = True
    weights_decay = False

    def __init__(self, width: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        if width % 2 != 1:
            raise InputError(
                "A running mean must be of an odd number of positions", example=37, received={"width": width}
            )
        self.width = width

    def call(self, x):
        """The means."""
        reach, places = self.width // 2, np.arange(x.shape[1])
        there = np.minimum(places, reach) + 1 + np.minimum(places[::-1], reach)
        padded = ops.pad(x, ((0, 0), (reach, reach), (0, 0)))
        return ops.average_pool(padded, self.width, strides=1) * ops.cast(self.width / there[:, None], x.dtype)

    def compute_output_shape(self, shape):
        """That of the input."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("zoo")
class Log1p(layers.Layer):
    """ln(1 + x) of x ≥ 0, any shape: the scale of accessibility models."""

    weights_decay = False

    def call(self, x):
        """The logarithms."""
        return ops.log1p(x)

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rule."""
        return rescale.log(1 + x)

    def compute_output_shape(self, shape):
        """That of the input."""
        return shape
