"""Weights of the original programs' files, put into networks of ours tensor by tensor, for tests."""

from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

import zoo

_LAYERS = {
    "stem": "bpnet_1st_conv",
    "profile_convolution": "bpnet_prof_out_precrop",
    "counts_dense": "bpnet_logcount_predictions",
}
_BIAS = {"bpnet_prof_out_precrop": "prof_out_precrop", "bpnet_logcount_predictions": "logcount_predictions"}
_BASEPAIR = {
    "stem": "main_conv_0",
    "profile_convolution": "main_profile_head",
    "counts_dense": "main_counts_head",
    "profile_with_controls": "profile_predictions",
    "counts_with_controls": "logcounts_predictions",
}

Tensor = Callable[[str], np.ndarray]
"""`layer/kernel:0` → the tensor."""


def name_of(layer: str, prefix: str = "") -> str:
    """What ChromBPNet's files call a layer of ours; the prefix is `wo_bias_` in its accessibility networks."""
    if layer.startswith("dilated"):
        return f"{prefix}bpnet_{layer.removeprefix('dilated')}conv"
    name = _LAYERS[layer]
    return f"{prefix}{name}" if prefix or name not in _BIAS else _BIAS[name]


def basepair_name_of(layer: str) -> str:
    """The same of kundajelab/bpnet's."""
    return f"main_dil_conv_{layer.removeprefix('dilated')}" if layer.startswith("dilated") else _BASEPAIR[layer]


def fill(network: keras.Model, tensor: Tensor, named: Callable[[str], str]) -> keras.Model:
    """Give every layer of a network its tensors; return it."""
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([tensor(f"{named(layer.name)}/{kind}:0") for kind in ("kernel", "bias")])
    return network


def of_file(path: Path) -> Tensor:
    """The tensors of a flat file."""

    def tensor(name: str) -> np.ndarray:
        with h5py.File(path) as file:
            return file[f"model_weights/{name.partition('/')[0]}/{name}"][()]

    return tensor


def of_arrays(arrays: Mapping[str, np.ndarray], prefix: str) -> Tensor:
    """Tensors of an archive, whose names begin with a prefix."""
    return lambda name: arrays[f"{prefix}|{name}"]


def bias(path: Path, filters: int, layers: int) -> keras.Model:
    """The network of a bias file."""
    return fill(zoo.build("bpnet", filters=filters, dilated_layers=layers), of_file(path), name_of)


def accessibility(tensor: Tensor, filters: int, layers: int = 8) -> keras.Model:
    """The network of an accessibility file, or of an archive with its names."""
    network = zoo.build("bpnet", filters=filters, dilated_layers=layers)
    return fill(network, tensor, lambda layer: name_of(layer, "wo_bias_"))


def both(access: keras.Model, enzyme: keras.Model, **config: int) -> keras.Model:
    """A ChromBPNet of its parts."""
    network = zoo.build("chrombpnet", **config)
    network.get_layer("accessibility").set_weights(access.get_weights())
    network.get_layer("bias").set_weights(enzyme.get_weights())
    network.get_layer("bias").trainable = False
    return network


def windows(index: np.ndarray) -> np.ndarray:
    """Base codes → one-hot float32."""
    return np.eye(5, 4, dtype=np.float32)[index]
