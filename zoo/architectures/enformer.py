"""Enformer (Avsec et al. 2021): convolutions with attention pooling, a transformer, and a head for each species."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.attention_pool import AttentionPool
from zoo.layers.coverage import coverage_heads, crop_to, cropped, normalized_convolution, transformer_block
from zoo.layers.gelu import sigmoid_gelu
from zoo.layers.linear import convolution
from zoo.layers.widths import growing
from zoo.spec import BASES, WINDOW

_EPSILON = 1e-5
_STEM_WIDTH, _TOWER_WIDTH = 15, 5


def build(
    window: int = 196_608,
    target_length: int | None = 896,
    dim: int = 1536,
    depth: int = 11,
    heads: int = 8,
    key: int = 64,
    downsamplings: int = 7,
    dim_divisible_by: int = 128,
    positions: str = "deepmind",
    outputs: str = "human mouse",
    tracks: tuple[int, ...] = (5313, 1643),
    dropout: float = 0.4,
    attention_dropout: float = 0.05,
    position_dropout: float = 0.01,
    query_block: int | None = None,
) -> keras.Model:
    """One trunk, and a dense layer with softplus for each head.

    Args:
        window: length of the input in bp.
        target_length: bins in the middle that are predicted; None for all.
        dim: channels of the transformer, an even number; the stem has half of them.
        depth: blocks of the transformer.
        heads: of the attention, a divisor of `dim`; a sixth of what each has reads one class of position features.
        key: channels of a query and a key of each of these.
        downsamplings: how often two positions become one; a bin has 2 ** `downsamplings` bp.
        dim_divisible_by: what the channels of the tower are rounded to multiples of.
        positions: the features of distances: "deepmind", which the published weights were trained with, or
            "enformer-pytorch", of weights that were trained in that package.
        outputs: names of the heads, separated by spaces.
        tracks: of each head.
        dropout: after the attention and in the feed-forward layers; an eighth of it after the last convolution.
        attention_dropout: of the attention weights.
        position_dropout: of the position features.
        query_block: rows of attention scores that are computed at once, which bounds the memory; None for all.

    Returns:
        A model (batch, window, 4) → {name of a head: (batch, target_length, tracks)}, float32. With the defaults
        251,221,292 parameters.

    Raises:
        InputError: sizes that do not work, an odd number of bins to cut off among them: implementations differ there.
    """
    _check_sizes(dim, heads, downsamplings, dim_divisible_by)
    read = keras.Input((window, len(BASES)), name=WINDOW)
    x = _pooled(convolution(read, dim // 2, _STEM_WIDTH, "stem_conv"), "stem")
    for step, channels in enumerate(growing(dim / 2, dim, downsamplings - 1, dim_divisible_by), start=1):
        x = _pooled(_block(x, channels, _TOWER_WIDTH, f"tower{step}"), f"tower{step}")
    attention = {"heads": heads, "key": key, "value": dim // heads, "features": dim // heads, "positions": positions}
    attention |= {"dropout": attention_dropout, "position_dropout": position_dropout, "query_block": query_block}
    for block in range(1, depth + 1):
        x = transformer_block(x, attention, 2, dropout, _EPSILON, f"block{block}")
    x = cropped(x, 0 if target_length is None else crop_to(x.shape[1], target_length))
    x = layers.Dropout(dropout / 8, name="final_dropout")(_block(x, 2 * dim, 1, "final"))
    x = layers.Activation(sigmoid_gelu, name="heads_gelu")(x)
    return keras.Model(read, coverage_heads(x, outputs, tracks), name="enformer")


def _check_sizes(dim: int, heads: int, downsamplings: int, divisor: int) -> None:
    if min(dim, heads, divisor) <= 0 or dim % 2 or dim % heads or dim % divisor or downsamplings < 3:
        raise InputError(
            "The channels of Enformer must be an even number, a multiple of its heads and of what the tower's are "
            "rounded to; and it must pool three times or more",
            received={"dim": dim, "heads": heads, "dim_divisible_by": divisor, "downsamplings": downsamplings},
        )


def _pooled(x, name: str):
    """A 1 × 1 block beside the identity, then half of the positions."""
    x = layers.Add(name=f"{name}_sum")([x, _block(x, x.shape[-1], 1, f"{name}_pointwise")])
    return AttentionPool(name=f"{name}_pool")(x)


def _block(x, channels: int, width: int, name: str):
    return normalized_convolution(x, channels, width, sigmoid_gelu, name, _EPSILON)
