"""Blocks of networks that read long windows and predict coverage of many tracks (Basenji2, Enformer, Borzoi).

Everything here takes and returns symbolic tensors (batch, positions, channels).
"""

from collections.abc import Callable, Mapping, Sequence

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.linear import convolution, dense
from zoo.layers.relative_attention import RelativeAttention


def normalized(x, activation: Callable, name: str, epsilon: float = 1e-3):
    """Batch normalization and an activation."""
    x = layers.BatchNormalization(epsilon=epsilon, momentum=0.9, name=f"{name}_norm")(x)
    return layers.Activation(activation, name=f"{name}_gelu")(x)


def normalized_convolution(x, filters: int, kernel_size: int, activation: Callable, name: str, epsilon: float = 1e-3):
    """Batch normalization, an activation and a convolution with bias."""
    return convolution(normalized(x, activation, name, epsilon), filters, kernel_size, f"{name}_conv")


def transformer_block(x, attention: Mapping[str, object], expansion: float, dropout: float, epsilon: float, name: str):
    """Attention, and two dense layers with ReLU between, each after a layer normalization and added to what it read.

    Args:
        attention: arguments of `RelativeAttention`.
        expansion: hidden units, in channels.
        dropout: rate after the attention, before ReLU, and at the end.
        epsilon: of the layer normalizations.
    """
    y = layers.LayerNormalization(epsilon=epsilon, name=f"{name}_attention_norm")(x)
    y = RelativeAttention(**attention, name=f"{name}_attention")(y)
    y = layers.Dropout(dropout, name=f"{name}_attention_dropout")(y)
    x = layers.Add(name=f"{name}_attention_sum")([x, y])
    y = layers.LayerNormalization(epsilon=epsilon, name=f"{name}_dense_norm")(x)
    y = dense(y, int(expansion * x.shape[-1]), f"{name}_expand")
    y = layers.Dropout(dropout, name=f"{name}_hidden_dropout")(y)
    y = layers.ReLU(name=f"{name}_relu")(y)
    y = dense(y, x.shape[-1], f"{name}_project")
    y = layers.Dropout(dropout, name=f"{name}_dense_dropout")(y)
    return layers.Add(name=name)([x, y])


def cropped(x, crop: int, name: str = "crop"):
    """Without `crop` positions at each end. Raises `InputError` if nothing is left."""
    if 2 * crop >= x.shape[1]:
        raise InputError(
            f"The crop must leave some of the {x.shape[1]:,} bins: it is taken from both ends",
            example={"crop": x.shape[1] // 4},
            received={"crop": crop},
        )
    return layers.Cropping1D(crop, name=name)(x) if crop else x


def crop_to(bins: int, kept: int) -> int:
    """How many bins are left out at each end so that so many are kept. Raises `InputError` for an odd difference."""
    if not 0 < kept <= bins or (bins - kept) % 2:
        raise InputError(
            f"The bins that are kept must be some of {bins:,}, with as many left out at each end",
            example=max(bins - 2 * (bins // 4), 1),
            received={"kept": kept},
            hint="The authors' codes crop an odd number differently, each by one bin",
        )
    return (bins - kept) // 2


def head_names(outputs: str, tracks: Sequence[int]) -> dict[str, int]:
    """Name of a head → how many tracks. Raises `InputError` unless each head has a name of its own and some tracks."""
    names = outputs.split()
    if not names or len(set(names)) != len(names) or len(names) != len(tracks) or min(tracks) < 1:
        raise InputError(
            "Each head must have a name of its own and a number of tracks",
            example={"outputs": "human mouse", "tracks": (7611, 2608)},
            received={"outputs": outputs, "tracks": tracks},
        )
    return dict(zip(names, tracks, strict=True))


def coverage_heads(x, outputs: str, tracks: Sequence[int]) -> dict[str, keras.KerasTensor]:
    """A dense layer with softplus for each head, always in float32: its name → (batch, bins, tracks).

    Args:
        outputs: names of the heads, separated by spaces.
        tracks: of each.
    """
    return {
        name: dense(x, count, name, activation="softplus", dtype="float32")
        for name, count in head_names(outputs, tracks).items()
    }
