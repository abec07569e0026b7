"""Basset (Kelley et al. 2016): three convolutions and three dense layers, accessibility of one window."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.strands import probabilities
from zoo.spec import BASES, WINDOW


def build(
    window: int = 600,
    filters: tuple[int, ...] = (300, 200, 200),
    kernel_sizes: tuple[int, ...] = (19, 11, 7),
    pool_sizes: tuple[int, ...] = (3, 4, 4),
    hidden: tuple[int, ...] = (1000, 1000),
    outputs: int = 164,
    dropout: float = 0.3,
) -> keras.Model:
    """Convolutions without padding and hidden dense layers, each with batch normalization and then ReLU.

    Args:
        window: length of the input in bp.
        filters, kernel_sizes, pool_sizes: of each convolution the channels, the width, and the width and stride of the
            maximum pooling after it.
        hidden: units of the dense layers before the last.
        outputs: probabilities, one for each cell type.
        dropout: rate after each hidden dense layer.

    Returns:
        A model (batch, window, 4) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 4,135,064 parameters
        that are trained, and 5,400 that are not.
    """
    if not filters or not len(filters) == len(kernel_sizes) == len(pool_sizes):
        raise InputError(
            "There must be channels, a width and a pooling for each convolution",
            received={"filters": filters, "kernel_sizes": kernel_sizes, "pool_sizes": pool_sizes},
        )
    inputs = keras.Input((window, len(BASES)), name=WINDOW)
    x = inputs
    for i, (channels, width, pool) in enumerate(zip(filters, kernel_sizes, pool_sizes, strict=True), start=1):
        x = layers.Conv1D(channels, width, name=f"convolution{i}")(x)
        x = _normalized(x, f"convolution{i}")
        x = layers.MaxPooling1D(pool, name=f"pool{i}")(x)
    x = layers.Flatten(name="flat")(x)
    for i, units in enumerate(hidden, start=1):
        x = layers.Dense(units, name=f"hidden{i}")(x)
        x = _normalized(x, f"hidden{i}")
        x = layers.Dropout(dropout, name=f"hidden{i}_dropout")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="basset")


def _normalized(x, name: str):
    """Batch normalization with PyTorch's settings, and ReLU."""
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
