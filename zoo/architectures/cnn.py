"""The convolutional network of ASAP (Grover et al. 2026, Methods; constants as in the authors' code)."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input, flat_head, network
from zoo.layers.linear import convolution

PRESETS = {
    "paper": {
        "filters": (512, 640, 768),
        "kernel_size": 8,
        "pool_sizes": (4, 4, 4),
        "dropouts": (0.2, 0.2, 0.2),
        "hidden": 1024,
    }
}


def build(
    window: int = 2048,
    bin_size: int = 4,
    filters: tuple[int, ...] = (256, 512, 512, 512),
    kernel_size: int = 15,
    pool_sizes: tuple[int, ...] = (4, 4, 4, 1),
    dropouts: tuple[float, ...] = (0.2, 0.2, 0.2, 0.5),
    hidden: int = 1024,
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """Convolutions without padding, each with ReLU, maximum pooling and dropout, then two dense layers.

    Args:
        window: length of the input in bp, a multiple of `bin_size`; the dense layers fit this length only.
        bin_size: bp of a bin.
        filters: channels of each convolution.
        kernel_size: width of the convolutions.
        pool_sizes: width and stride of the pooling after each convolution; 1 for none.
        dropouts: rate after each convolution.
        hidden: units of the first dense layer.
        tracks: signals that are predicted.
        mappability: with a second output that reads the first convolution's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 17,189,120
        parameters; the mappability head adds 257 and predicts 508 positions.
    """
    if not len(filters) == len(pool_sizes) == len(dropouts) > 0:
        raise InputError(
            "Filters, pool sizes and dropouts must be as many as there are convolutions",
            example={"filters": (256, 512), "pool_sizes": (4, 4), "dropouts": (0.2, 0.2)},
            received={"filters": filters, "pool_sizes": pool_sizes, "dropouts": dropouts},
        )
    x = inputs = dna_input(window, bin_size, _least(kernel_size, pool_sizes))
    stem = None
    for block, (width, pool_size, dropout) in enumerate(zip(filters, pool_sizes, dropouts, strict=True), start=1):
        x = convolution(x, width, kernel_size, f"block{block}_conv", padding="valid", activation="relu")
        if pool_size > 1:
            x = layers.MaxPooling1D(pool_size, name=f"block{block}_pool")(x)
        x = layers.Dropout(dropout, name=f"block{block}_dropout")(x)
        stem = x if stem is None else stem
    x = layers.Flatten(name="features")(x)
    return network("cnn", inputs, flat_head(x, hidden, window // bin_size, tracks), stem, mappability)


def _least(kernel_size: int, pool_sizes: tuple[int, ...]) -> int:
    """The shortest window that leaves one position, in bp."""
    least = 1
    for pool_size in reversed(pool_sizes):
        least = least * pool_size + kernel_size - 1
    return least
