"""Convolutions and dense layers that begin as PyTorch's do: kernel and bias uniform in ±1 / sqrt(fan in).

Everything here takes and returns symbolic tensors (batch, positions, channels); dense layers also (batch, channels).
"""

import keras
from keras import initializers, layers


def uniform(fan_in: int) -> initializers.Initializer:
    """Uniform in ±1 / sqrt(fan_in)."""
    bound = fan_in**-0.5
    return initializers.RandomUniform(-bound, bound)


def convolution(
    x,
    filters: int,
    kernel_size: int,
    name: str,
    padding: str = "same",
    dilation: int = 1,
    use_bias: bool = True,
    activation: str | None = None,
):
    """A convolution with stride 1; of an even kernel's padding the larger part is on the right."""
    fan_in = kernel_size * x.shape[-1]
    return layers.Conv1D(
        filters,
        kernel_size,
        padding=padding,
        dilation_rate=dilation,
        use_bias=use_bias,
        activation=activation,
        kernel_initializer=uniform(fan_in),
        bias_initializer=uniform(fan_in),
        name=name,
    )(x)


def depthwise_convolution(
    x,
    multiplier: int,
    kernel_size: int,
    name: str,
    padding: str = "same",
    activation: str | None = None,
    use_bias: bool = True,
):
    """A convolution of each channel by itself: channel c becomes c × multiplier … (c + 1) × multiplier.

    Under a policy of half precision it computes in float32, on every device: TensorFlow 2.21's kernels for CPUs with
    AVX512-FP16, AVX512-BF16 or AMX hang at a width of 15, and it is a small part of a network's work.
    """
    in_half = keras.config.dtype_policy().compute_dtype in ("float16", "bfloat16")
    return layers.DepthwiseConv1D(
        kernel_size,
        padding=padding,
        activation=activation,
        dtype="float32" if in_half else None,
        depth_multiplier=multiplier,
        use_bias=use_bias,
        depthwise_initializer=uniform(kernel_size),
        bias_initializer=uniform(kernel_size),
        name=name,
    )(x)


def dense(x, units: int, name: str, activation: str | None = None, dtype: str | None = None):
    """A dense layer on the last axis."""
    fan_in = x.shape[-1]
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=uniform(fan_in),
        bias_initializer=uniform(fan_in),
        dtype=dtype,
        name=name,
    )(x)
