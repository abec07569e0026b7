"""The parts of DeepGRN's attention that Keras lacks, or has without a rule of DeepLIFT."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("zoo")
class Softmax(layers.Layer):
    """exp(x) / Σ exp(x) along one axis.

    Args:
        axis: along which the results sum up to 1.
    """

    weights_decay = False

    def __init__(self, axis: int = -1, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        """The same shape."""
        return ops.softmax(x, axis=self.axis)

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        return rescale.softmax(x, self.axis)

    def compute_output_shape(self, shape):
        """That of x."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "axis": self.axis}


@keras.saving.register_keras_serializable("zoo")
class MatrixProduct(layers.Layer):
    """scale · a b of the last two axes. Takes [a, b].

    Args:
        scale: a number.
        transpose: b is transposed before.
    """

    weights_decay = False

    def __init__(self, scale: float = 1.0, transpose: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.scale, self.transpose = scale, transpose

    def call(self, inputs):
        """(batch, rows, n), (batch, n, columns) → (batch, rows, columns)."""
        a, b = inputs
        return self.scale * ops.matmul(a, self._turned(b))

    def rescaled(self, rescale, inputs):
        """The same by DeepLIFT's rules."""
        a, b = inputs
        return self.scale * rescale.matmul(a, self._turned(b))

    def _turned(self, b):
        return ops.swapaxes(b, -1, -2) if self.transpose else b

    def compute_output_shape(self, shapes):
        """(batch, rows, columns)."""
        a, b = shapes
        return (*a[:-1], b[-2] if self.transpose else b[-1])

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "scale": self.scale, "transpose": self.transpose}


@keras.saving.register_keras_serializable("zoo")
class PositionTable(layers.Layer):
    """x + a learned number for each position and channel: (batch, positions, channels) → the same shape."""

    is_linear = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the table, uniform in ±0.05."""
        self.embeddings = self.add_weight(
            shape=input_shape[1:], initializer=keras.initializers.RandomUniform(-0.05, 0.05), name="embeddings"
        )

    def call(self, x):
        """Add."""
        return x + self.embeddings

    def compute_output_shape(self, shape):
        """That of x."""
        return shape


@keras.saving.register_keras_serializable("zoo")
class SumOfPositions(layers.Layer):
    """(batch, positions, channels) → (batch, channels)."""

    is_linear = True
    weights_decay = False

    def call(self, x):
        """Add up."""
        return ops.sum(x, axis=1)

    def compute_output_shape(self, shape):
        """(batch, channels)."""
        return (shape[0], shape[2])
