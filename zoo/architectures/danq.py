"""DanQ (Quang & Xie 2016): a convolution, a bidirectional LSTM and two dense layers, for one window."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.hard_sigmoid import SequenceLSTM
from zoo.layers.strands import probabilities
from zoo.spec import BASES, WINDOW

TIME, NONE = BACKWARDS = ("time", "none")


def build(
    window: int = 1000,
    filters: int = 320,
    kernel_size: int = 26,
    pool_size: int = 13,
    units: int = 320,
    hidden: int = 925,
    outputs: int = 919,
    backward: str = TIME,
    dropouts: tuple[float, ...] = (0.2, 0.5),
) -> keras.Model:
    """The LSTM has the hard sigmoid of early Keras, clip(0.2 x + 0.5, 0, 1), in its gates.

    Args:
        window: length of the input in bp.
        filters: channels of the convolution.
        kernel_size: width of the convolution, which has no padding.
        pool_size: width and stride of the maximum pooling.
        units: of the LSTM in each direction.
        hidden: units of the first dense layer.
        outputs: probabilities, one for each chromatin feature.
        backward: what the second half of the LSTM reads: "time", positions from the last to the first; "none", the same
            as the first half does. The layer that its authors trained with came from an archive that is lost; in its
            public version both halves read forward.
        dropouts: rates after the pooling and after the LSTM.

    Returns:
        A model (batch, window, 4) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 46,926,479
        parameters.
    """
    if backward not in BACKWARDS or len(dropouts) != 2:
        raise InputError(
            f"The backward direction must be one of {', '.join(BACKWARDS)}, and rates of dropout must be two",
            received={"backward": backward, "dropouts": dropouts},
        )
    inputs = keras.Input((window, len(BASES)), name=WINDOW)
    x = layers.Conv1D(filters, kernel_size, activation="relu", name="convolution")(inputs)
    x = layers.MaxPooling1D(pool_size, name="pool")(x)
    x = layers.Dropout(dropouts[0], name="pool_dropout")(x)
    both = [
        SequenceLSTM(units, name="lstm_forward")(x),
        SequenceLSTM(units, go_backwards=backward == TIME, name="lstm_backward")(x),
    ]
    x = layers.Concatenate(name="lstm")(both)
    x = layers.Dropout(dropouts[1], name="lstm_dropout")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="danq")
