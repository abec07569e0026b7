"""The ConvNeXt V2 block in one dimension (Woo et al. 2023, "ConvNeXt V2", §3), as ASAP uses it."""

import keras
from keras import layers, ops

from zoo.layers.gelu import gelu
from zoo.layers.linear import convolution, dense, depthwise_convolution


@keras.saving.register_keras_serializable("zoo")
class GlobalResponseNormalization(layers.Layer):
    """y = γ · x · N + β + x, where N is a channel's norm over all positions by the mean of these norms over channels.

    (batch, positions, channels) → the same. γ and β begin at 0, so the layer begins as the identity. Every output
    depends on all positions of its window. The gradient at a norm of 0 is 0.

    Args:
        epsilon: added to the mean norm.
    """

    weights_decay = True  # as in the authors' code, unlike those of other normalizations

    def __init__(self, epsilon: float = 1e-6, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create γ and β, (channels,) each."""
        self.gamma = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="gamma")
        self.beta = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="beta")

    def call(self, x):
        """Normalize; the norms are taken in float32 whatever the precision of `x`, whose squares could overflow."""
        squares = ops.sum(ops.square(ops.cast(x, "float32")), axis=1, keepdims=True)
        there = squares > 0
        norm = ops.where(there, ops.sqrt(ops.where(there, squares, 1.0)), 0.0)  # sqrt has no gradient at 0
        relative = norm / (ops.mean(norm, axis=-1, keepdims=True) + self.epsilon)
        scale = ops.cast(self.gamma, "float32") * relative + 1.0
        return x * ops.cast(scale, x.dtype) + ops.cast(self.beta, x.dtype)

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        norm = rescale.sqrt(ops.sum(rescale.square(x), axis=1, keepdims=True))
        by_mean = rescale.reciprocal(ops.mean(norm, axis=-1, keepdims=True) + self.epsilon)
        return rescale.multiply(x, self.gamma * rescale.multiply(norm, by_mean) + 1.0) + self.beta

    def get_config(self) -> dict:
        """The arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}


def convnext_block(
    x,
    filters: int,
    kernel_size: int,
    name: str,
    depthwise: bool = True,
    expansion: float = 4,
    normalize_response: bool = True,
):
    """Convolution, layer normalization, two dense layers with GELU and global response normalization between, residual.

    Args:
        x: (batch, positions, channels).
        filters: channels of the output; with `depthwise` a multiple of the input's.
        kernel_size: width of the convolution.
        depthwise: convolve each channel by itself.
        expansion: channels of the hidden layer, in multiples of the filters.
        normalize_response: with global response normalization (else as in the first ConvNeXt).

    Returns:
        (batch, positions, filters). What is added to it is the block's input if that has as many channels, else the
        output of the convolution.
    """
    skip = x
    if depthwise:
        x = depthwise_convolution(x, filters // x.shape[-1], kernel_size, f"{name}_conv")
    else:
        x = convolution(x, filters, kernel_size, f"{name}_conv")
    if skip.shape[-1] != filters:
        skip = x
    x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    x = dense(x, int(expansion * filters), f"{name}_expand", activation=gelu)
    if normalize_response:
        x = GlobalResponseNormalization(name=f"{name}_response")(x)
    x = dense(x, filters, f"{name}_project")
    return layers.Add(name=name)([skip, x])


def convnext_tower(
    x,
    pool_size: int,
    channels: int,
    stem_kernel_size: int,
    expansion: float,
    blocks: int,
    kernel_size: int,
    normalize_response: bool,
):
    """A block with a full convolution, maximum pooling, and `blocks` more that convolve each channel by itself.

    Args:
        x: (batch, positions, bases).
        normalize_response: with global response normalization in the blocks after the first, which always has it.

    Returns:
        Two tensors (batch, positions / pool_size, channels): after the pooling, and after the last block.
    """
    x = convnext_block(x, channels, stem_kernel_size, "stem", depthwise=False, expansion=expansion)
    x = stem = layers.MaxPooling1D(pool_size, name="stem_pool")(x)
    for block in range(1, blocks + 1):
        x = convnext_block(
            x, channels, kernel_size, f"tower{block}", expansion=expansion, normalize_response=normalize_response
        )
    return stem, x
