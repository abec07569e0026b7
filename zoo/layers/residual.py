"""Dilated residual blocks of Basenji (Kelley et al. 2018) with activation first, as ASAP and Basenji2 have them."""

from collections.abc import Callable

from keras import layers

from zoo.layers.gelu import gelu
from zoo.layers.linear import convolution


def convolution_block(
    x,
    filters: int,
    kernel_size: int,
    name: str,
    dilation: int = 1,
    scale_initializer: str = "ones",
    activation_first: bool = True,
    activation: Callable = gelu,
    epsilon: float = 1e-5,
):
    """GELU, convolution without bias, batch normalization; or, with the activation last, GELU at the end.

    Args:
        x: (batch, positions, channels).
        scale_initializer: of the batch normalization's scale.
        activation: which GELU.
        epsilon: of the batch normalization.

    Returns:
        (batch, positions, filters).
    """
    if activation_first:
        x = layers.Activation(activation, name=f"{name}_gelu")(x)
    x = convolution(x, filters, kernel_size, f"{name}_conv", dilation=dilation, use_bias=False)
    x = layers.BatchNormalization(
        epsilon=epsilon, momentum=0.9, gamma_initializer=scale_initializer, name=f"{name}_norm"
    )(x)
    return x if activation_first else layers.Activation(activation, name=f"{name}_gelu")(x)


def dilated_block(
    x,
    filters: int,
    kernel_size: int,
    pointwise_size: int,
    dilation: int,
    dropout: float,
    name: str,
    activation_first: bool = True,
    activation: Callable = gelu,
    epsilon: float = 1e-5,
):
    """A dilated convolution to `filters`, a second one back to the channels of `x`, dropout, and `x` added.

    The scale of the second batch normalization begins at 0, so the block begins as the identity.
    """
    same = {"activation_first": activation_first, "activation": activation, "epsilon": epsilon}
    y = convolution_block(x, filters, kernel_size, f"{name}_dilated", dilation, **same)
    y = convolution_block(y, x.shape[-1], pointwise_size, f"{name}_back", scale_initializer="zeros", **same)
    y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    return layers.Add(name=name)([x, y])


def halve(x, name: str):
    """Maximum of two positions: out[0] = max(0, x[0]), out[j] = max(x[2j - 1], x[2j]); an even length's last is unused.

    The authors' network pads one zero on the left before it pools; bin j then leans half a position to the left.
    """
    x = layers.ZeroPadding1D((1, 0), name=f"{name}_pad")(x)
    return layers.MaxPooling1D(2, name=f"{name}_pool")(x)


def dilated_core(
    x,
    bin_positions: int,
    blocks: int,
    filters: int,
    kernel_size: int,
    pointwise_size: int,
    growth: float,
    dropout: float,
    final_filters: int | None,
    final_dropout: float,
    activation_first: bool = True,
):
    """Dilated blocks, a 1 × 1 convolution and mean pooling: what follows the stem of a dilated network.

    Args:
        x: (batch, positions, channels).
        bin_positions: positions of a bin.
        blocks: how many; block i (from 0) has the dilation `growth` ** i, rounded half to even.
        filters: channels of the dilated convolutions.
        kernel_size: their width.
        pointwise_size: width of the convolution after each.
        dropout: rate in the blocks.
        final_filters: channels of the 1 × 1 convolution, or None to leave it out.
        final_dropout: rate after it.

    Returns:
        (batch, positions / bin_positions, final_filters).
    """
    for block in range(blocks):
        dilation = round(growth**block)
        name = f"block{block + 1}"
        x = dilated_block(x, filters, kernel_size, pointwise_size, dilation, dropout, name, activation_first)
    if final_filters is not None:
        x = convolution_block(x, final_filters, 1, "final", activation_first=activation_first)
        x = layers.Dropout(final_dropout, name="final_dropout")(x)
    return layers.AveragePooling1D(bin_positions, name="bins")(x)
