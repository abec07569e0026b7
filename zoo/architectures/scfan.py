"""scFAN (Fu et al. 2020): a convolutional network of many factors, which reads its tracks from both strands at once."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.strands import WithReversed, probabilities
from zoo.spec import BASES, WINDOW


def build(
    window: int = 1000,
    tracks: int = 2,
    filters: tuple[int, ...] = (160, 240, 240),
    kernel_size: int = 8,
    pool_size: int = 4,
    hidden: int = 919,
    outputs: int = 33,
    dropouts: tuple[float, ...] = (0.2, 0.2, 0.5),
) -> keras.Model:
    """Convolutions with batch normalization and ReLU, all but the last followed by pooling; two dense layers.

    Args:
        window: length of the input in bp.
        tracks: beside DNA; the network reads each twice, as it is and from the last position to the first.
        filters: channels of each convolution.
        kernel_size: of their even width the larger part of the padding is on the left, as Theano had it.
        pool_size: width and stride of the maximum pooling.
        hidden: units of the first dense layer.
        outputs: probabilities, one for each factor.
        dropouts: rate after each convolution.

    Returns:
        A model (batch, window, 4 + tracks) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 14,486,159
        parameters that are trained, and 1,280 that are not.
    """
    if not filters or len(filters) != len(dropouts):
        raise InputError(
            "There must be a rate of dropout for each convolution", received={"filters": filters, "dropouts": dropouts}
        )
    inputs = keras.Input((window, len(BASES) + tracks), name=WINDOW)
    x = WithReversed(name="with_reversed_tracks")(inputs)
    for i, (channels, rate) in enumerate(zip(filters, dropouts, strict=True), start=1):
        padding = (kernel_size // 2, (kernel_size - 1) // 2)
        x = layers.ZeroPadding1D(padding, name=f"padding{i}")(x)
        x = layers.Conv1D(channels, kernel_size, name=f"convolution{i}")(x)
        x = layers.BatchNormalization(name=f"norm{i}")(x)
        x = layers.ReLU(name=f"relu{i}")(x)
        if i < len(filters):
            x = layers.MaxPooling1D(pool_size, name=f"pool{i}")(x)
        x = layers.Dropout(rate, name=f"dropout{i}")(x)
    x = layers.Flatten(name="features")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="scfan")
