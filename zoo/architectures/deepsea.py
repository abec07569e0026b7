"""DeepSEA (Zhou & Troyanskaya 2015): three convolutions and two dense layers, chromatin features of one window."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.strands import probabilities
from zoo.layers.threshold import threshold
from zoo.spec import BASES, WINDOW


def build(
    window: int = 1000,
    filters: tuple[int, ...] = (320, 480, 960),
    kernel_size: int = 8,
    pool_size: int = 4,
    hidden: int = 925,
    outputs: int = 919,
    dropouts: tuple[float, ...] = (0.2, 0.2, 0.5),
) -> keras.Model:
    """Convolutions without padding, all but the last followed by pooling.

    The activation, also of the hidden dense layer, is x where it is above 0, else 1e-6.

    Args:
        window: length of the input in bp.
        filters: channels of each convolution.
        kernel_size: width of the convolutions.
        pool_size: width and stride of the maximum pooling.
        hidden: units of the first dense layer.
        outputs: probabilities, one for each chromatin feature.
        dropouts: rate after each convolution.

    Returns:
        A model (batch, window, 4) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 52,843,119
        parameters.
    """
    if not filters or len(filters) != len(dropouts):
        raise InputError(
            "There must be a rate of dropout for each convolution", received={"filters": filters, "dropouts": dropouts}
        )
    inputs = keras.Input((window, len(BASES)), name=WINDOW)
    x = inputs
    for i, (channels, rate) in enumerate(zip(filters, dropouts, strict=True), start=1):
        x = layers.Conv1D(channels, kernel_size, name=f"convolution{i}")(x)
        x = layers.Activation(threshold, name=f"threshold{i}")(x)
        if i < len(filters):
            x = layers.MaxPooling1D(pool_size, name=f"pool{i}")(x)
        x = layers.Dropout(rate, name=f"dropout{i}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(hidden, name="hidden")(x)
    x = layers.Activation(threshold, name="hidden_threshold")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="deepsea")
