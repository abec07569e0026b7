"""Sei (Chen et al. 2022): linear and rectified paths of convolutions side by side, dilated ones, a spline basis."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.spline import SplineProjection
from zoo.layers.strands import probabilities
from zoo.layers.unknown import UnknownBases
from zoo.spec import BASES, WINDOW


def build(
    window: int = 4096,
    filters: tuple[int, ...] = (480, 640, 960),
    kernel_size: int = 9,
    pool_size: int = 4,
    dilations: tuple[int, ...] = (2, 4, 8, 16, 25),
    dilated_width: int = 5,
    splines: int = 16,
    hidden: int = 21907,
    outputs: int = 21907,
    unknown: float = 0.25,
    dropout: float = 0.2,
    dilated_dropout: float = 0.1,
    final_dropout: float = 0.5,
) -> keras.Model:
    """Stages of a linear path (two convolutions without activation) and, on top of it, a rectified one; their sum goes
    on, pooled. Dilated convolutions are added to the last rectified path.

    Args:
        window: length of the input in bp.
        filters: channels of each stage.
        kernel_size: width of the stages' convolutions.
        pool_size: width and stride of the maximum pooling between stages.
        dilations: of the convolutions after the stages. What the first returns is added to the last rectified path
            alone, what each other one returns to what it reads.
        dilated_width: width of these convolutions.
        splines: functions of the cubic basis that positions are projected onto.
        hidden: units of the first dense layer.
        outputs: probabilities, one for each chromatin profile.
        unknown: what each base of a position without any counts as. Its authors' encoding has 0.25 there; with 0
            unknown bases are zeros, as in the zoo's other networks.
        dropout, dilated_dropout, final_dropout: rates before a path of the second stage and later ones, before each
            dilated convolution, and before the basis.

    Returns:
        A model (batch, window, 4) → (batch, 1, outputs), or (batch, 1) for one. With the defaults 889,979,983
        parameters.
    """
    if not filters:
        raise InputError("There must be at least one stage", received={"filters": filters})
    inputs = keras.Input((window, len(BASES)), name=WINDOW)
    x = UnknownBases(unknown, name="unknown_bases")(inputs) if unknown else inputs
    for i, channels in enumerate(filters, start=1):
        if i > 1:
            x = layers.MaxPooling1D(pool_size, name=f"pool{i}")(x)
            x = layers.Dropout(dropout, name=f"linear{i}_dropout")(x)
        linear = _pair(x, channels, kernel_size, f"linear{i}", None)
        x = layers.Dropout(dropout, name=f"rectified{i}_dropout")(linear) if i > 1 else linear
        rectified = _pair(x, channels, kernel_size, f"rectified{i}", "relu")
        x = layers.Add(name=f"stage{i}")([rectified, linear])
    for i, dilation in enumerate(dilations, start=1):
        y = layers.Dropout(dilated_dropout, name=f"dilated{i}_dropout")(x)
        y = layers.Conv1D(
            filters[-1],
            dilated_width,
            padding="same",
            dilation_rate=dilation,
            activation="relu",
            name=f"dilated{i}",
        )(y)
        x = layers.Add(name=f"dilated{i}_sum")([rectified if i == 1 else x, y])
    x = layers.Dropout(final_dropout, name="final_dropout")(x)
    x = SplineProjection(splines, name="splines")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    for step in probabilities(outputs):
        x = step(x)
    return keras.Model(inputs, x, name="sei")


def _pair(x, channels: int, kernel_size: int, name: str, activation: str | None):
    """Two convolutions with an activation, or without."""
    for part in (1, 2):
        x = layers.Conv1D(channels, kernel_size, padding="same", activation=activation, name=f"{name}_{part}")(x)
    return x
