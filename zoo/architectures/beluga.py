"""Beluga, the DeepSEA of 2018 (Zhou et al. 2018, ExPecto): three pairs of convolutions and two dense layers."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.strands import probabilities
from zoo.spec import BASES, WINDOW


def build(
    window: int = 2000,
    filters: tuple[int, ...] = (320, 480, 640),
    kernel_size: int = 8,
    pool_size: int = 4,
    hidden: int = 2003,
    outputs: int = 2002,
    dropouts: tuple[float, ...] = (0.2, 0.2, 0.5),
) -> keras.Model:
    """Pairs of convolutions without padding, each with ReLU; all pairs but the last are followed by pooling.

    Args:
        window: length of the input in bp.
        filters: channels of both convolutions of each pair.
        kernel_size: width of the convolutions.
        pool_size: width and stride of the maximum pooling.
        hidden: units of the first dense layer.
        outputs: probabilities, one for each chromatin feature.
        dropouts: rate after each pair.

    Returns:
        A model (batch, window, 4) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 149,536,251
        parameters.
    """
    if not filters or len(filters) != len(dropouts):
        raise InputError(
            "There must be a rate of dropout for each pair of convolutions",
            received={"filters": filters, "dropouts": dropouts},
        )
    inputs = keras.Input((window, len(BASES)), name=WINDOW)
    x = inputs
    for i, (channels, rate) in enumerate(zip(filters, dropouts, strict=True), start=1):
        for part in (1, 2):
            x = layers.Conv1D(channels, kernel_size, activation="relu", name=f"convolution{i}_{part}")(x)
        x = layers.Dropout(rate, name=f"dropout{i}")(x)
        if i < len(filters):
            x = layers.MaxPooling1D(pool_size, name=f"pool{i}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="beluga")
