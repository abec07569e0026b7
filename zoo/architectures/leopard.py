"""Leopard (Li & Guan 2021): a U-Net in one dimension, which predicts binding at every base."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.spec import BASES, WINDOW


def build(
    window: int = 10240,
    tracks: int = 2,
    filters: int = 15,
    growth: float = 1.5,
    kernel_size: int = 7,
    levels: int = 5,
) -> keras.Model:
    """Blocks of two convolutions on ever shorter and then ever longer sequences.

    A convolution is followed by its ReLU and only then by batch normalization, as in the released weights.

    Args:
        window: length of the input in bp, a multiple of 2 ** `levels`.
        tracks: beside DNA.
        filters: channels of the first block; each following one has `growth` times as many, rounded down, and on the
            way up each the last number divided by `growth`, rounded down: not the numbers of the way down.
        growth: see there.
        kernel_size: width of the convolutions of blocks.
        levels: how often the length is halved.

    Returns:
        A model (batch, window, 4 + tracks) → (batch, window) probabilities. With the defaults 474,122 parameters that
        are trained, and 1,952 that are not.
    """
    if window % 2**levels or not window or growth < 1:
        raise InputError(
            f"The window must be a multiple of {2**levels} bp, and the growth at least 1",
            example={"window": 10240, "growth": 1.5},
            received={"window": window, "growth": growth},
        )
    inputs = keras.Input((window, len(BASES) + tracks), name=WINDOW)
    x = _block(inputs, filters, kernel_size, "level0")
    passed = [x]
    for i in range(1, levels + 1):
        filters = int(filters * growth)
        x = layers.MaxPooling1D(2, name=f"down{i}_pool")(x)
        x = _block(x, filters, kernel_size, f"down{i}")
        passed.append(x)
    for i in range(1, levels + 1):
        filters = int(filters / growth)
        x = layers.Conv1DTranspose(filters, 2, strides=2, padding="same", name=f"up{i}_transposed")(x)
        x = layers.Concatenate(name=f"up{i}_joined")([x, passed[levels - i]])
        x = _block(x, filters, kernel_size, f"up{i}")
    x = layers.Conv1D(1, 1, activation="sigmoid", dtype="float32", name="output")(x)
    return keras.Model(inputs, layers.Reshape((window,), dtype="float32", name="probability")(x), name="leopard")


def _block(x, filters: int, kernel_size: int, name: str):
    """Two convolutions, each with ReLU and then batch normalization."""
    for i in (1, 2):
        x = layers.Conv1D(filters, kernel_size, padding="same", activation="relu", name=f"{name}_conv{i}")(x)
        x = layers.BatchNormalization(name=f"{name}_norm{i}")(x)
    return x
