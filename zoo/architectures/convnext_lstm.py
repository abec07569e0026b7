"""The recurrent network of ASAP after a ConvNeXt V2 block (Grover et al. 2026, Methods)."""

import keras
from keras import layers

from zoo.layers.accessibility import dna_input, flat_head, network
from zoo.layers.convnext import convnext_block
from zoo.layers.recurrent import bidirectional_readout

PRESETS = {"paper": {}}  # the article's text and the authors' code agree


def build(
    window: int = 2048,
    bin_size: int = 4,
    filters: int = 256,
    kernel_size: int = 26,
    expansion: float = 4,
    pool_size: int = 4,
    units: int = 256,
    hidden: int = 256,
    state_dropout: float = 0.2,
    hidden_dropout: float = 0.5,
    readout: str = "last",
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """A ConvNeXt V2 block with a full convolution, ReLU, maximum pooling, a bidirectional LSTM, two dense layers.

    Args:
        window: length of the input in bp, a multiple of `bin_size` and of `pool_size`.
        bin_size: bp of a bin.
        filters: channels of the block.
        kernel_size: width of its convolution.
        expansion: width of its hidden layer, in filters.
        pool_size: width and stride of the pooling after it.
        units: of the LSTM in each direction.
        hidden: units of the first dense layer.
        state_dropout: rate after the LSTM.
        hidden_dropout: rate after the first dense layer.
        readout: "last", the LSTM's output at the last position, as in the authors' code (the backward direction has
            seen only that position then), or "final", the final state of both directions.
        tracks: signals that are predicted.
        mappability: with a second output that reads the pooled block's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 1,870,592
        parameters; the mappability head adds 257 and predicts 512 positions.
    """
    inputs = dna_input(window, bin_size, pool_size)
    x = convnext_block(inputs, filters, kernel_size, "stem", depthwise=False, expansion=expansion)
    x = layers.ReLU(name="stem_relu")(x)
    x = stem = layers.MaxPooling1D(pool_size, name="stem_pool")(x)
    x = bidirectional_readout(x, units, readout, "lstm")
    x = layers.Dropout(state_dropout, name="lstm_dropout")(x)
    accessibility = flat_head(x, hidden, window // bin_size, tracks, hidden_dropout)
    return network("convnext_lstm", inputs, accessibility, stem, mappability)
