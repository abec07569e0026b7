"""The convolutional network of ASAP made of ConvNeXt V2 blocks (Grover et al. 2026, Methods; as in the code)."""

import math
from itertools import pairwise

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input, network
from zoo.layers.convnext import convnext_block
from zoo.layers.linear import dense

PRESETS = {}  # no reading of the article's text gives a network with 512 bins


def build(
    window: int = 2048,
    bin_size: int = 4,
    filters: tuple[int, ...] = (128, 256, 512, 512),
    kernel_size: int = 15,
    expansion: float = 4,
    pool_sizes: tuple[int, ...] = (2, 4, 4, 2),
    dropout: float = 0.2,
    hidden: int = 512,
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """ConvNeXt V2 blocks, each with maximum pooling, then two dense layers for each position that is left.

    The first block has a full convolution, the others convolve each channel by itself. Each position that is left
    predicts the consecutive bins that it covers.

    Args:
        window: length of the input in bp, a multiple of the total pooling and of `bin_size`.
        bin_size: bp of a bin, a divisor of the total pooling.
        filters: channels of each block, from the second one on a multiple of those before.
        kernel_size: width of the convolutions.
        expansion: width of the blocks' hidden layers, in filters.
        pool_sizes: width and stride of the pooling after each block.
        dropout: rate after the pooling of each block but the first.
        hidden: units of the first dense layer.
        tracks: signals that are predicted.
        mappability: with a second output that reads the pooled first block's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 5,169,936
        parameters; the mappability head adds 129 and predicts 1,024 positions of 2 bp.
    """
    pooled = math.prod(pool_sizes)
    if len(filters) != len(pool_sizes) or not filters or any(b % a for a, b in pairwise(filters)):
        raise InputError(
            "Filters and pool sizes must be as many as there are blocks, and filters multiples of those before",
            example={"filters": (128, 256), "pool_sizes": (2, 4)},
            received={"filters": filters, "pool_sizes": pool_sizes},
        )
    if pooled % bin_size:
        raise InputError(
            f"The bin size must be a divisor of {pooled} bp, the total pooling",
            example=4,
            received={"bin_size": bin_size},
        )
    x = inputs = dna_input(window, pooled)
    stem = None
    for block, (width, pool_size) in enumerate(zip(filters, pool_sizes, strict=True), start=1):
        x = convnext_block(x, width, kernel_size, f"block{block}", depthwise=block > 1, expansion=expansion)
        x = layers.MaxPooling1D(pool_size, name=f"block{block}_pool")(x)
        if stem is None:
            stem = x
        else:
            x = layers.Dropout(dropout, name=f"block{block}_dropout")(x)
    x = dense(x, hidden, "hidden", activation="relu")
    x = dense(x, pooled // bin_size * tracks, "signal", activation="softplus", dtype="float32")
    x = layers.Reshape((window // bin_size, tracks), dtype="float32", name="accessibility")(x)
    return network("convnext_cnn", inputs, x, stem, mappability)
