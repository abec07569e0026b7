"""Basenji2 (Kelley 2020): a convolutional tower to 128 bp and dilated residual blocks.

As calico/basenji 74b86710 builds it: the activation of a block comes first, so it all begins with GELU of the bases.
"""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input
from zoo.layers.coverage import coverage_heads, cropped
from zoo.layers.gelu import gelu_by_name
from zoo.layers.residual import convolution_block, dilated_block

PRESETS = {}
EPSILON = 1e-3  # of the batch normalizations


def build(
    window: int = 131072,
    stem_filters: int = 288,
    stem_kernel_size: int = 15,
    filters: tuple[int, ...] = (339, 399, 470, 554, 652, 768),
    kernel_size: int = 5,
    dilations: tuple[int, ...] = (1, 2, 3, 4, 6, 9, 14, 21, 32, 48, 72),
    residual_filters: int = 384,
    residual_kernel_size: int = 3,
    crop: int = 64,
    final_filters: int = 1536,
    gelu: str = "sigmoid",
    outputs: str = "human",
    tracks: tuple[int, ...] = (5313,),
    dropout: float = 0.3,
    final_dropout: float = 0.05,
) -> keras.Model:
    """Convolutions with pooling by 2, dilated residual blocks, a crop, one dense layer for each species.

    Args:
        window: length of the input in bp, a multiple of 2 ** (1 + number of filters).
        stem_filters: channels of the convolution on the bases.
        stem_kernel_size: its width.
        filters: channels of each block of the tower.
        kernel_size: width of these.
        dilations: of each residual block.
        residual_filters: channels of the dilated convolutions.
        residual_kernel_size: their width.
        crop: bins that are left out at each end.
        final_filters: channels of the last 1 × 1 convolution.
        gelu: "sigmoid" (as the published weights), "tanh" (as the authors' code since 2022) or "exact".
        outputs: names of the heads, separated by spaces.
        tracks: of each head.
        dropout: rate in the residual blocks.
        final_dropout: rate after the last convolution.

    Returns:
        A model (batch, window, 4) → name of a head → (batch, bins, tracks), at least 0. With the defaults 30,088,228
        parameters (beside 35,356 statistics), and 896 bins of 128 bp.

    Raises:
        InputError: a crop that leaves nothing, no blocks, or heads that do not go together.
    """
    if not filters or not dilations:
        raise InputError("There must be blocks of the tower, and residual blocks", received={"filters": filters})
    activation = gelu_by_name(gelu)
    x = inputs = dna_input(window, 2 ** (1 + len(filters)))
    widths = [(stem_filters, stem_kernel_size), *((channels, kernel_size) for channels in filters)]
    for block, (channels, width) in enumerate(widths):
        name = f"tower{block}" if block else "stem"
        x = convolution_block(x, channels, width, name, activation=activation, epsilon=EPSILON)
        x = layers.MaxPooling1D(2, name=f"{name}_pool")(x)
    for block, dilation in enumerate(dilations, start=1):
        x = dilated_block(
            x,
            residual_filters,
            residual_kernel_size,
            1,
            dilation,
            dropout,
            f"block{block}",
            activation=activation,
            epsilon=EPSILON,
        )
    x = cropped(x, crop)
    x = convolution_block(x, final_filters, 1, "final", activation=activation, epsilon=EPSILON)
    x = layers.Dropout(final_dropout, name="final_dropout")(x)
    x = layers.Activation(activation, name="heads_gelu")(x)
    return keras.Model(inputs, coverage_heads(x, outputs, tracks), name="basenji2")
