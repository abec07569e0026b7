"""Borzoi (Linder et al. 2025), its smaller relatives, and Borzoi Prime: a convolutional tower to 128 bp, a transformer,
and steps of a U-net back to 32 or 16 bp. As calico/baskerville 544073b8 builds them.
"""

from collections.abc import Callable

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input
from zoo.layers.coverage import coverage_heads, cropped, normalized, normalized_convolution, transformer_block
from zoo.layers.gelu import gelu_by_name
from zoo.layers.linear import convolution, dense, depthwise_convolution

PRESETS = {
    "prime": {
        "unets": 3,
        "crop": 10240,
        "final_filters": None,
        "outputs": "human mouse",
        "tracks": (5431, 1774),
    },
    "mini": {
        "window": 131072,
        "stem_filters": 64,
        "stem_kernel_size": 7,
        "filters": (80, 88, 96, 104, 120, 128),
        "blocks": 2,
        "heads": 2,
        "key": 32,
        "value": 64,
        "position_length": None,
        "crop": 1024,
        "final_filters": None,
        "tracks": (74,),
    },
}
"""`prime`: Borzoi Prime. `mini`: the network of the model `borzoi/mini`."""


def build(
    window: int = 524288,
    stem_filters: int = 512,
    stem_kernel_size: int = 15,
    filters: tuple[int, ...] = (608, 736, 896, 1056, 1280, 1536),
    kernel_size: int = 5,
    blocks: int = 8,
    heads: int = 8,
    key: int = 64,
    value: int = 192,
    features: int = 32,
    position_length: int | None = 4096,
    expansion: float = 2,
    unets: int = 2,
    unet_kernel_size: int = 3,
    unet_dense: bool = True,
    crop: int = 5120,
    final_filters: int | None = 1920,
    gelu: str = "tanh",
    outputs: str = "human",
    tracks: tuple[int, ...] = (7611,),
    dropout: float = 0.2,
    attention_dropout: float = 0.05,
    position_dropout: float = 0.01,
    final_dropout: float = 0.1,
    query_block: int | None = 512,
) -> keras.Model:
    """Convolutions with pooling by 2, transformer blocks, U-net steps, a crop, one dense layer for each species.

    Args:
        window: length of the input in bp, a multiple of 2 ** (1 + number of filters).
        stem_filters, stem_kernel_size: channels and width of the convolution on the bases.
        filters: channels of each block of the tower.
        kernel_size: width of these.
        blocks: of the transformer.
        heads, key, value: of its attention; channels of a query and a key, and of a value, of each head.
        features: of the distance between two positions.
        position_length: the positions that the features of distances are scaled by; None for those of the window.
        expansion: hidden units of a transformer block, in channels.
        unets: steps of the U-net, each of which doubles the positions; the last blocks of the tower feed them.
        unet_kernel_size: width of the separable convolution of a step.
        unet_dense: with a dense layer before positions are repeated.
        crop: bins that are left out at each end.
        final_filters: channels of the last 1 × 1 convolution; None for no such block.
        gelu: "tanh" (as Borzoi), "sigmoid" or "exact".
        outputs: names of the heads, separated by spaces.
        tracks: of each head.
        dropout, attention_dropout, position_dropout, final_dropout: rates in the transformer, of its attention weights,
            of the features of distances, and after the last convolution.
        query_block: rows of the attention that are computed at once, which bounds the memory; None for all.

    Returns:
        A model (batch, window, 4) → name of a head → (batch, bins, tracks), at least 0. With the defaults 185,892,699
        parameters, and 6,144 bins of 32 bp.

    Raises:
        InputError: a crop that leaves nothing, more U-net steps than blocks, or heads that do not go together.
    """
    if not 0 <= unets <= len(filters):
        raise InputError("Each step of the U-net must have a block of the tower", received={"unets": unets})
    activation = gelu_by_name(gelu)
    inputs = dna_input(window, 2 ** (1 + len(filters)))
    x = convolution(inputs, stem_filters, stem_kernel_size, "stem_conv")
    x, kept = _tower(layers.MaxPooling1D(2, name="stem_pool")(x), filters, kernel_size, activation)
    attention = {"heads": heads, "key": key, "value": value, "features": features, "query_block": query_block}
    attention |= {"position_length": position_length, "position_dropout": position_dropout}
    attention |= {"dropout": attention_dropout}
    for block in range(1, blocks + 1):
        x = transformer_block(x, attention, expansion, dropout, 1e-3, f"block{block}")
    for step, skip in enumerate(reversed(kept[len(kept) - unets :]), start=1):
        x = _unet_step(x, skip, unet_kernel_size, unet_dense, activation, f"unet{step}")
    x = cropped(x, crop)
    if final_filters is not None:
        x = normalized_convolution(x, final_filters, 1, activation, "final")
        x = layers.Dropout(final_dropout, name="final_dropout")(x)
    x = layers.Activation(activation, name="heads_gelu")(x)
    return keras.Model(inputs, coverage_heads(x, outputs, tracks), name="borzoi")


def _tower(x, filters: tuple[int, ...], kernel_size: int, activation: Callable) -> tuple:
    """Blocks with pooling by 2: what the last one gives, and what each gives before its pooling."""
    kept = []
    for block, channels in enumerate(filters, start=1):
        kept.append(normalized_convolution(x, channels, kernel_size, activation, f"tower{block}"))
        x = layers.MaxPooling1D(2, name=f"tower{block}_pool")(kept[-1])
    return x, kept


def _unet_step(x, skip, kernel_size: int, with_dense: bool, activation: Callable, name: str):
    """Twice the positions of x, plus a block of the tower, through a separable convolution."""
    channels = x.shape[-1]
    x = normalized(x, activation, name)
    if with_dense:
        x = dense(x, channels, f"{name}_dense")
    x = layers.UpSampling1D(2, name=f"{name}_up")(x)
    skip = dense(normalized(skip, activation, f"{name}_skip"), channels, f"{name}_skip_dense")
    x = layers.Add(name=f"{name}_sum")([x, skip])
    x = depthwise_convolution(x, 1, kernel_size, f"{name}_depthwise", use_bias=False)
    return convolution(x, channels, 1, f"{name}_pointwise")
