"""Some columns of a tensor, in an order of their own."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("zoo")
class Columns(layers.Layer):
    """Columns of the last axis.

    Args:
        places: of each.
    """

    is_linear = True
    weights_decay = False

    def __init__(self, places: Sequence[int], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.places = tuple(places)

    def call(self, x):
        """(…, columns) → (…, places)."""
        return ops.take(x, np.array(self.places, np.int32), axis=-1)

    def compute_output_shape(self, shape):
        """(…, places)."""
        return (*shape[:-1], len(self.places))

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "places": self.places}
