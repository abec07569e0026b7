"""The recurrent network of ASAP (Grover et al. 2026, Methods; constants as in the authors' code)."""

import keras
from keras import layers

from zoo.layers.accessibility import dna_input, flat_head, network
from zoo.layers.linear import convolution
from zoo.layers.recurrent import bidirectional_readout

PRESETS = {"paper": {"filters": 512, "units": 512, "hidden": 1024}}


def build(
    window: int = 2048,
    bin_size: int = 4,
    filters: int = 256,
    kernel_size: int = 26,
    pool_size: int = 4,
    units: int = 256,
    hidden: int = 256,
    stem_dropout: float = 0.2,
    state_dropout: float = 0.2,
    hidden_dropout: float = 0.5,
    readout: str = "last",
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """A convolution without padding and with ReLU, maximum pooling, a bidirectional LSTM, two dense layers.

    Args:
        window: length of the input in bp, a multiple of `bin_size`.
        bin_size: bp of a bin.
        filters: channels of the convolution.
        kernel_size: its width.
        pool_size: width and stride of the pooling after it.
        units: of the LSTM in each direction.
        hidden: units of the first dense layer.
        stem_dropout: rate after the pooling.
        state_dropout: rate after the LSTM.
        hidden_dropout: rate after the first dense layer.
        readout: "last", the LSTM's output at the last position, as in the authors' code (the backward direction has
            seen only that position then), or "final", the final state of both directions.
        tracks: signals that are predicted.
        mappability: with a second output that reads the pooled convolution's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 1,342,464
        parameters; the mappability head adds 257 and predicts 505 positions.
    """
    inputs = dna_input(window, bin_size, kernel_size - 1 + pool_size)
    x = convolution(inputs, filters, kernel_size, "stem_conv", padding="valid", activation="relu")
    x = layers.MaxPooling1D(pool_size, name="stem_pool")(x)
    x = stem = layers.Dropout(stem_dropout, name="stem_dropout")(x)
    x = bidirectional_readout(x, units, readout, "lstm")
    x = layers.Dropout(state_dropout, name="lstm_dropout")(x)
    accessibility = flat_head(x, hidden, window // bin_size, tracks, hidden_dropout)
    return network("lstm", inputs, accessibility, stem, mappability)
