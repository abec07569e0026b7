"""The hard sigmoid of Keras 1 and 2, and an LSTM that has it in its gates."""

import keras
from keras import layers, ops

from zoo.layers.recurrent import rescaled_output

_SLOPE = 0.2


@keras.saving.register_keras_serializable("zoo")
def old_hard_sigmoid(z):
    """clip(0.2 z + 0.5, 0, 1), as Keras 1 and 2 had it. That of Keras 3, relu6(z + 3) / 6, has a slope of 1 / 6."""
    return ops.clip(_SLOPE * z + 0.5, 0.0, 1.0)


def _slope(z):
    """Its derivative."""
    return ops.where(ops.abs(z) < 0.5 / _SLOPE, _SLOPE, 0.0)


def _quotient(a, b):
    """(f(a) - f(b)) / (a - b), of the parts of both that lie between the kinks."""
    low, high = ops.minimum(a, b), ops.maximum(a, b)
    reach = 0.5 / _SLOPE
    inside = ops.clip(high, -reach, reach) - ops.clip(low, -reach, reach)
    width = high - low
    same = width == 0
    return ops.where(same, _slope(a), _SLOPE * inside / ops.where(same, 1.0, width))


old_hard_sigmoid.slope = _slope
old_hard_sigmoid.quotient = _quotient


@keras.saving.register_keras_serializable("zoo")
class SequenceLSTM(layers.LSTM):
    """Keras's LSTM with gates of `old_hard_sigmoid`, which returns its output at every position, in their order.

    (batch, positions, channels) → (batch, positions, units).

    Args:
        units: of the state.
        go_backwards: from the last position to the first.
        dropout, recurrent_dropout: rates while training, of what it reads and of its state.
    """

    def __init__(
        self,
        units: int,
        go_backwards: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: object,
    ) -> None:
        super().__init__(
            units,
            recurrent_activation=old_hard_sigmoid,
            go_backwards=go_backwards,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=True,
            use_cudnn=False,
            **kwargs,
        )

    def call(self, sequences, initial_state=None, mask=None, training: bool = False):
        """The outputs."""
        outputs = super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        return ops.flip(outputs, axis=1) if self.go_backwards else outputs

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        x = ops.flip(x, axis=1) if self.go_backwards else x
        gates = ops.matmul(x, self.cell.kernel) + self.cell.bias
        kernel = ops.copy(self.cell.recurrent_kernel)
        outputs = rescaled_output(rescale, gates, kernel, old_hard_sigmoid, every=True)
        return ops.flip(outputs, axis=1) if self.go_backwards else outputs

    def get_config(self) -> dict:
        """The arguments."""
        config = super().get_config()
        kept = ("name", "trainable", "dtype", "units", "go_backwards", "dropout", "recurrent_dropout")
        return {key: config[key] for key in kept}
