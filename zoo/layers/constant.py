"""The same numbers for every example."""

import keras
import numpy as np


@keras.saving.register_keras_serializable("zoo")
class Constant(keras.layers.Layer):
    """Numbers that do not depend on the input.

    Args:
        values: of one example, of any shape.

    (batch, …) → (batch, shape of values).
    """

    is_linear = True  # what it gives is the same for an example and its reference
    weights_decay = False

    def __init__(self, values, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.values = np.asarray(values, np.float32)

    def call(self, x):
        """The numbers, once for each example."""
        row = keras.ops.convert_to_tensor(self.values[None], dtype=self.compute_dtype)
        return keras.ops.repeat(row, keras.ops.shape(x)[0], axis=0)

    def compute_output_shape(self, shape):
        """(batch, shape of values)."""
        return (shape[0], *self.values.shape)

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "values": self.values.tolist()}
