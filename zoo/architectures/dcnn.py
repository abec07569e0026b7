"""The dilated convolutional network of ASAP, after Basenji (Grover et al. 2026, Methods; as in the authors' code)."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input, network, position_head
from zoo.layers.residual import convolution_block, dilated_core, halve

PRESETS = {"paper": {"activation_first": False, "final_filters": None}}


def build(
    window: int = 2048,
    bin_size: int = 4,
    filters: int = 256,
    stem_kernel_size: int = 15,
    residual_blocks: int = 11,
    residual_filters: int = 128,
    kernel_size: int = 3,
    pointwise_size: int = 1,
    dilation_growth: float = 1.5,
    dropout: float = 0.3,
    final_filters: int | None = 2048,
    final_dropout: float = 0.05,
    activation_first: bool = True,
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """A convolution, maximum pooling, dilated residual blocks, a 1 × 1 convolution, mean pooling, a dense layer.

    Args:
        window: length of the input in bp, a multiple of `bin_size`.
        bin_size: bp of a bin, an even number.
        filters: channels of the first convolution and of the residual stream.
        stem_kernel_size: width of the first convolution.
        residual_blocks: how many.
        residual_filters: channels of the dilated convolutions.
        kernel_size: their width.
        pointwise_size: width of the convolution after each of them.
        dilation_growth: block i (from 0) has the dilation `dilation_growth` ** i, rounded half to even.
        dropout: rate in the residual blocks.
        final_filters: channels of the 1 × 1 convolution, or None to leave it out.
        final_dropout: rate after it.
        activation_first: GELU before each convolution, as in the authors' code; else after its normalization.
        tracks: signals that are predicted.
        mappability: with a second output, per 4 bp, that reads the pooled first convolution's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 1,996,545
        parameters; the mappability head adds 257 and predicts 512 positions.
    """
    if bin_size % 2:
        raise InputError("The bin size must be an even number of bp", example=4, received={"bin_size": bin_size})
    inputs = dna_input(window, bin_size)
    x = convolution_block(inputs, filters, stem_kernel_size, "stem", activation_first=activation_first)
    x = stem = halve(x, "stem")
    x = dilated_core(
        x,
        bin_size // 2,
        residual_blocks,
        residual_filters,
        kernel_size,
        pointwise_size,
        dilation_growth,
        dropout,
        final_filters,
        final_dropout,
        activation_first,
    )
    if mappability:
        stem = layers.MaxPooling1D(2, name="mappability_pool")(stem)  # 4 bp whatever the bin size, as the original
    return network("dcnn", inputs, position_head(x, tracks), stem, mappability)
