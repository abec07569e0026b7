"""How PyTorch stores the tensors of a layer, and how Keras does.

A rule names the tensor that a variable of Keras comes from, the shape it has to have, and the change of layout.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from zoo.layers.convnext import GlobalResponseNormalization
from zoo.layers.recurrent import LSTM
from zoo.layers.rotary import RotarySelfAttention
from zoo.layers.xlstm import BlockDiagonal, HeadNormalization, LearnableSkip, SLSTMCell


@dataclass(frozen=True)
class TensorRule:
    """Where a variable comes from.

    Attributes:
        variable: of a layer of Keras.
        tensor: PyTorch's name.
        shape: of the tensor.
        convert: tensor → value of the variable.
    """

    variable: keras.Variable
    tensor: str
    shape: tuple[int, ...]
    convert: Callable[[np.ndarray], np.ndarray]


def rules(layer: layers.Layer, prefix: str) -> Iterator[TensorRule]:
    """The rules of every variable of a layer whose tensors' names begin with `prefix`."""
    for kind, of_kind in _KINDS.items():
        if isinstance(layer, kind):
            return of_kind(layer, prefix)
    raise TypeError(f"no rule for {type(layer).__name__}")


def same(array: np.ndarray) -> np.ndarray:
    """No change of layout."""
    return array


def _vector(variable: keras.Variable, tensor: str) -> TensorRule:
    return TensorRule(variable, tensor, tuple(variable.shape), same)


def _transposed(variable: keras.Variable, tensor: str) -> TensorRule:
    return TensorRule(variable, tensor, tuple(variable.shape)[::-1], np.transpose)


def _convolution(layer: layers.Conv1D, prefix: str) -> Iterator[TensorRule]:
    yield _transposed(layer.kernel, f"{prefix}.weight")
    if layer.use_bias:
        yield _vector(layer.bias, f"{prefix}.bias")


def _depthwise(layer: layers.DepthwiseConv1D, prefix: str) -> Iterator[TensorRule]:
    width, channels, multiplier = layer.kernel.shape
    yield TensorRule(
        layer.kernel,
        f"{prefix}.weight",
        (channels * multiplier, 1, width),
        lambda array: array[:, 0].T.reshape(width, channels, multiplier),
    )
    yield _vector(layer.bias, f"{prefix}.bias")


def _dense(layer: layers.Dense, prefix: str) -> Iterator[TensorRule]:
    yield _transposed(layer.kernel, f"{prefix}.weight")
    if layer.use_bias:
        yield _vector(layer.bias, f"{prefix}.bias")


def _layer_normalization(layer: layers.LayerNormalization, prefix: str) -> Iterator[TensorRule]:
    yield _vector(layer.gamma, f"{prefix}.weight")
    yield _vector(layer.beta, f"{prefix}.bias")


def _batch_normalization(layer: layers.BatchNormalization, prefix: str) -> Iterator[TensorRule]:
    yield _vector(layer.gamma, f"{prefix}.weight")
    yield _vector(layer.beta, f"{prefix}.bias")
    yield _vector(layer.moving_mean, f"{prefix}.running_mean")
    yield _vector(layer.moving_variance, f"{prefix}.running_var")


def _response(layer: GlobalResponseNormalization, prefix: str) -> Iterator[TensorRule]:
    for variable, name in ((layer.gamma, "gamma"), (layer.beta, "beta")):
        yield TensorRule(variable, f"{prefix}.{name}", (1, 1, *variable.shape), np.ravel)


def _lstm(layer: LSTM, prefix: str) -> Iterator[TensorRule]:
    suffix = "l0_reverse" if layer.go_backwards else "l0"
    yield _transposed(layer.cell.kernel, f"{prefix}.weight_ih_{suffix}")
    yield _transposed(layer.cell.recurrent_kernel, f"{prefix}.weight_hh_{suffix}")
    yield _vector(layer.cell.input_bias, f"{prefix}.bias_ih_{suffix}")
    yield _vector(layer.cell.recurrent_bias, f"{prefix}.bias_hh_{suffix}")


def _attention(layer: RotarySelfAttention, prefix: str) -> Iterator[TensorRule]:
    channels = layer.query_bias.shape[0]
    for part, name in enumerate(("query", "key", "value")):  # stacked in this order
        rows = slice(part * channels, (part + 1) * channels)
        kernel, bias = getattr(layer, f"{name}_kernel"), getattr(layer, f"{name}_bias")
        yield TensorRule(
            kernel, f"{prefix}.in_proj_weight", (3 * channels, channels), lambda array, rows=rows: array[rows].T
        )
        yield TensorRule(bias, f"{prefix}.in_proj_bias", (3 * channels,), lambda array, rows=rows: array[rows])
    yield _transposed(layer.output_kernel, f"{prefix}.out_proj.weight")
    yield _vector(layer.output_bias, f"{prefix}.out_proj.bias")


def _block_diagonal(layer: BlockDiagonal, prefix: str) -> Iterator[TensorRule]:
    yield TensorRule(
        layer.kernel, f"{prefix}.weight", tuple(layer.kernel.shape), lambda array: array.transpose(0, 2, 1)
    )


def _head_normalization(layer: HeadNormalization, prefix: str) -> Iterator[TensorRule]:
    yield _vector(layer.weight, f"{prefix}.weight")


def _skip(layer: LearnableSkip, prefix: str) -> Iterator[TensorRule]:
    yield _vector(layer.weight, prefix)


def _slstm(layer: layers.RNN, prefix: str) -> Iterator[TensorRule]:
    cell: SLSTMCell = layer.cell
    heads, width, wide = cell.recurrent_kernel.shape
    kernel = TensorRule(
        cell.recurrent_kernel,
        f"{prefix}._recurrent_kernel_",
        (heads, wide, width),
        lambda array: array.transpose(0, 2, 1),
    )
    yield kernel
    yield _vector(cell.bias, f"{prefix}._bias_")


_KINDS = {
    layers.DepthwiseConv1D: _depthwise,
    layers.Conv1D: _convolution,
    layers.Dense: _dense,
    layers.LayerNormalization: _layer_normalization,
    layers.BatchNormalization: _batch_normalization,
    GlobalResponseNormalization: _response,
    LSTM: _lstm,
    RotarySelfAttention: _attention,
    BlockDiagonal: _block_diagonal,
    HeadNormalization: _head_normalization,
    LearnableSkip: _skip,
    layers.RNN: _slstm,  # behind LSTM, which is one
}
