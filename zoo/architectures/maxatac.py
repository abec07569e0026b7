"""The dilated convolutional network of maxATAC (Cazares et al. 2023, Methods, "maxATAC model architecture")."""

import keras
from keras import layers

from zoo.errors import InputError


def build(
    window: int = 1024,
    channels: int = 5,
    filters: int = 15,
    growth: float = 1.5,
    kernel_size: int = 7,
    dilations: tuple[int, ...] = (1, 1, 2, 4, 8),
    pool_size: int = 2,
) -> keras.Model:
    """Five blocks of two dilated convolutions, each followed by pooling, and a 1 × 1 convolution with a sigmoid.

    A convolution is followed by its ReLU and only then by batch normalization, as in the released weights. The article
    speaks of dilation up to 16; in the authors' code that sits on the 1 × 1 convolution, where it has no effect.

    Args:
        window: length of the input in bp, a multiple of `pool_size ** len(dilations)`.
        channels: A, C, G, T and the ATAC-seq signal.
        filters: width of the first block; each following one has `growth` times as many, rounded half to even.
        kernel_size: width of the dilated convolutions.
        dilations: one dilation rate for each block.
        pool_size: width and stride of the pooling after each block.

    Returns:
        A model (batch, window, channels) float32 → (batch, window / pool_size ** len(dilations)) float32 in 0 to 1.
        With the defaults (1024, 5) → (32,) and 117,204 parameters.
    """
    pooled = pool_size ** len(dilations)
    if not window or window % pooled:
        raise InputError(
            f"The window of this network must be a multiple of {pooled} bp, its total pooling",
            example=max(1024 // pooled, 1) * pooled,
            received={"window": window},
        )
    x = inputs = keras.Input((window, channels), name="window")
    for block, dilation in enumerate(dilations, start=1):
        for step in (1, 2):
            x = layers.Conv1D(
                filters,
                kernel_size,
                padding="same",
                dilation_rate=dilation,
                activation="relu",
                name=f"block{block}_conv{step}",
            )(x)
            x = layers.BatchNormalization(name=f"block{block}_norm{step}")(x)
        x = layers.MaxPooling1D(pool_size, name=f"block{block}_pool")(x)
        filters = round(filters * growth)
    x = layers.Conv1D(1, 1, activation="sigmoid", dtype="float32", name="binding")(x)
    return keras.Model(inputs, layers.Flatten(dtype="float32", name="bins")(x), name="maxatac")
