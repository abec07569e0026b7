"""Which tensors of Calico's and of borzoi-pytorch's files are which layers of our Borzoi, in any of its sizes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_NORM, _STATISTICS = ("weight", "bias"), ("running_mean", "running_var")
_ATTENTION = ("to_q", "to_k", "to_v", "to_rel_k")


@dataclass(frozen=True)
class Part:
    """A layer as the authors' codes have it.

    Attributes:
        layer: ours; of a separable convolution the step of the U-net, as ours is of two layers.
        kind: Keras's automatic name of such a layer, without its number.
        prefix: of the names of its tensors in borzoi-pytorch.
        bias: whether a convolution has one.
    """

    layer: str
    kind: str
    prefix: str = ""
    bias: bool = True


def parts(config: Mapping[str, object], heads: Sequence[str]) -> Iterator[Part]:
    """The layers with weights, in the order in which calico/baskerville makes them.

    Args:
        config: all arguments of `zoo.architectures.borzoi.build` that say how many layers there are.
        heads: names of those that the file holds.
    """
    blocks, unets = len(config["filters"]), config["unets"]
    yield Part("stem_conv", "conv1d", "conv_dna.conv_layer")
    for i in range(1, blocks + 1):
        within = i - (blocks - unets + 1)  # the last blocks belong to the U-net
        prefix = f"unet{within}.1" if within > 0 else f"res_tower.{2 * (i - 1)}"
        yield from _block(f"tower{i}", "conv1d", prefix)
    for i in range(config["blocks"]):
        first, second = f"transformer.{i}.0.fn", f"transformer.{i}.1.fn"
        yield Part(f"block{i + 1}_attention_norm", "layer_normalization", f"{first}.0")
        yield Part(f"block{i + 1}_attention", "multihead_attention", f"{first}.1")
        yield Part(f"block{i + 1}_dense_norm", "layer_normalization", f"{second}.0")
        yield Part(f"block{i + 1}_expand", "dense", f"{second}.1")
        yield Part(f"block{i + 1}_project", "dense", f"{second}.4")
    for i in range(1, unets + 1):
        step, old = f"unet{i}", unets - i
        if config["unet_dense"]:
            yield from _block(step, "dense", f"upsampling_unet{old}.0")
        else:
            yield Part(f"{step}_norm", "batch_normalization", f"upsampling_unet{old}.0.norm")
        yield from _block(f"{step}_skip", "dense", f"horizontal_conv{old}")
        yield Part(step, "separable_conv1d", f"separable{old}.conv_layer")
    if config["final_filters"] is not None:
        yield from _block("final", "conv1d", "final_joined_convs.0")
    for head in heads:
        yield Part(head, "dense", f"{head}_head")


def _block(name: str, kind: str, prefix: str) -> Iterator[Part]:
    yield Part(f"{name}_norm", "batch_normalization", f"{prefix}.norm")
    yield Part(f"{name}_{'conv' if kind == 'conv1d' else kind}", kind, f"{prefix}.conv_layer")


def from_torch(
    config: Mapping[str, object], heads: Sequence[str], take: Callable[[str], np.ndarray]
) -> dict[str, list[np.ndarray]]:
    """The tensors of each of our layers, of a state dict of borzoi-pytorch.

    Args:
        config: arguments of our builder.
        heads: that the file holds.
        take: name of a tensor → the tensor.
    """
    tensors: dict[str, list[np.ndarray]] = {}
    for part in parts(config, heads):
        tensors |= _torch_layer(part, lambda name, part=part: take(f"{part.prefix}.{name}"))
    return tensors


def _torch_layer(part: Part, take: Callable[[str], np.ndarray]) -> dict[str, list[np.ndarray]]:
    if part.kind == "separable_conv1d":
        depthwise, pointwise = take("0.weight"), take("1.weight").T
        return separable(part.layer, depthwise.transpose(2, 0, 1), pointwise, take("1.bias"))
    if part.kind == "multihead_attention":
        biases = (take(f"rel_{name}_bias").squeeze((0, 2)) for name in ("content", "pos"))
        kernels = (take(f"{name}.weight").T for name in _ATTENTION)
        return {part.layer: [*kernels, *biases, take("to_out.weight").T, take("to_out.bias")]}
    if part.kind in ("batch_normalization", "layer_normalization"):
        names = _NORM + (_STATISTICS if part.kind == "batch_normalization" else ())
        return {part.layer: [take(name) for name in names]}
    kernel = take("weight").T
    return {part.layer: [kernel[0] if part.kind == "dense" and kernel.ndim == 3 else kernel, take("bias")]}


def separable(step: str, depthwise: np.ndarray, pointwise: np.ndarray, bias: np.ndarray) -> dict[str, list[np.ndarray]]:
    """A separable convolution, whose kernels are as Keras has them, as our two layers."""
    return {f"{step}_depthwise": [depthwise], f"{step}_pointwise": [pointwise, bias]}
