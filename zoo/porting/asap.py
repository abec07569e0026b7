"""Checkpoints of ASAP's PyTorch package, turned into networks of ours.

The authors' order of bases is A, G, C, T; the first kernel is brought into ours, A, C, G, T, so that a converted
network reads what every other network of the zoo reads.
"""

import re
from collections.abc import Mapping

import keras
import numpy as np

from zoo import architectures
from zoo.errors import InputError, IntegrityError
from zoo.porting.torch_layout import Rule, rules

BASES = (0, 2, 1, 3)  # our A, C, G, T in the authors' columns, and theirs in ours

_WINDOW = {"window_size": "window", "bin_size": "bin_size"}
_FLAT = {**_WINDOW, "nr_tracks": None, "use_map": "mappability"}  # `nr_tracks` has no effect in these
_DILATED = {
    **_WINDOW,
    "residual_blocks": "residual_blocks",
    "dilation_mult": "dilation_growth",
    "filters0": "filters",
    "filters1": "residual_filters",
    "filters3": "final_filters",
    "kernel0": "stem_kernel_size",
    "kernel1": "kernel_size",
    "kernel2": "pointwise_size",
    "dropout": "dropout",
    "final_dropout": "final_dropout",
    "use_map": "mappability",
}
_TOWER = {
    "channels": "channels",
    "stem_k_size": "stem_kernel_size",
    "conv_inv_bottleneckscale": "expansion",
    "conv_grn": "normalize_response",
    "conv_tower_k_size": "tower_kernel_size",
    "conv_tower_layers": "tower_blocks",
    "nr_tracks": "tracks",
    "use_map": "mappability",
}
ARGUMENTS = {
    "cnn": _FLAT,
    "lstm": _FLAT,
    "dcnn": _DILATED,
    "convnext_cnn": _FLAT,
    "convnext_lstm": _FLAT,
    "convnext_dcnn": _DILATED,
    "convnext_transformer": {
        **_TOWER,
        "core_layers": "encoder_layers",
        "core_inv_bottleneckscale": "encoder_expansion",
    },
    "xlstm": {**_TOWER, "core_layers": "core_blocks", "core_inv_bottleneckscale": "core_expansion"},
}
"""The authors' constructor arguments and ours."""


def _block(ours: str, theirs: str) -> dict[str, str]:
    """The parts of a ConvNeXt block: patterns of our layers' names and the prefixes of the authors' tensors."""
    parts = {"conv": "dwconv", "norm": "norm", "expand": "pwconv1", "response": "grn", "project": "pwconv2"}
    return {f"{ours}_{our}": f"{theirs}.{their}" for our, their in parts.items()}


_HEAD = {"mappability": "unmap_predictor.out"}
_LSTM = {"lstm_(forward|backward)": "lstm", "hidden": "fc1", "signal": "fc2", **_HEAD}
_DILATED_CORE = {
    r"block(\d+)_dilated_conv": "core.dconv_blocks.{}.conv",
    r"block(\d+)_dilated_norm": "core.dconv_blocks.{}.bn",
    r"block(\d+)_back_conv": "core.conv_blocks.{}.conv",
    r"block(\d+)_back_norm": "core.conv_blocks.{}.bn",
    "final_conv": "core.final_conv.conv",
    "final_norm": "core.final_conv.bn",
    "accessibility": "core.linear_out",
    **_HEAD,
}
_TOWER_LAYERS = {
    **_block("stem", "stem.conv1"),
    **_block(r"tower(\d+)", "conv_tower.conv_list.{}"),
    "accessibility": "out.linear_out",
    **_HEAD,
}
_PREFIXES = {
    "cnn": {
        "block1_conv": "stem.0",
        "block2_conv": "core.0",
        "block3_conv": "core.4",
        "block4_conv": "core.8",
        "hidden": "head.1",
        "signal": "head.3",
        **_HEAD,
    },
    "lstm": {"stem_conv": "conv1", **_LSTM},
    "dcnn": {"stem_conv": "init_conv.conv", "stem_norm": "init_conv.bn", **_DILATED_CORE},
    "convnext_cnn": {
        **_block("block1", "stem.0"),
        **_block("block2", "core.0"),
        **_block("block3", "core.3"),
        **_block("block4", "core.6"),
        "hidden": "head.0",
        "signal": "head.2",
        **_HEAD,
    },
    "convnext_lstm": {**_block("stem", "conv1"), **_LSTM},
    "convnext_dcnn": {**_block("stem", "init_conv"), **_DILATED_CORE},
    "convnext_transformer": {
        **_TOWER_LAYERS,
        r"encoder(\d+)_attention": "core.encoder.layers.{}.self_attn",
        r"encoder(\d+)_attention_norm": "core.encoder.layers.{}.norm1",
        r"encoder(\d+)_dense_norm": "core.encoder.layers.{}.norm2",
        r"encoder(\d+)_expand": "core.encoder.layers.{}.linear1",
        r"encoder(\d+)_project": "core.encoder.layers.{}.linear2",
    },
    "xlstm": {
        **_TOWER_LAYERS,
        r"core(\d+)_norm": "core.blocks.{}.xlstm_norm",
        r"core(\d+)_conv": "core.blocks.{}.xlstm.conv1d.conv",
        r"core(\d+)_query": "core.blocks.{}.xlstm.q_proj",
        r"core(\d+)_key": "core.blocks.{}.xlstm.k_proj",
        r"core(\d+)_value": "core.blocks.{}.xlstm.v_proj",
        r"core(\d+)_input_gate": "core.blocks.{}.xlstm.mlstm_cell.igate",
        r"core(\d+)_forget_gate": "core.blocks.{}.xlstm.mlstm_cell.fgate",
        r"core(\d+)_matrix_norm": "core.blocks.{}.xlstm.mlstm_cell.outnorm",
        r"core(\d+)_skip": "core.blocks.{}.xlstm.learnable_skip",
        r"core(\d+)_up": "core.blocks.{}.xlstm.proj_up",
        r"core(\d+)_down": "core.blocks.{}.xlstm.proj_down",
        r"core(\d+)_input": "core.blocks.{}.xlstm.fgate",  # the xlstm package feeds the gates of these two names
        r"core(\d+)_forget": "core.blocks.{}.xlstm.igate",  # to one another's place
        r"core(\d+)_cell": "core.blocks.{}.xlstm.zgate",
        r"core(\d+)_release": "core.blocks.{}.xlstm.ogate",
        r"core(\d+)_memory": "core.blocks.{}.xlstm.slstm_cell",
        r"core(\d+)_memory_norm": "core.blocks.{}.xlstm.group_norm",
        r"core(\d+)_dense_norm": "core.blocks.{}.ffn_norm",
        r"core(\d+)_dense_up": "core.blocks.{}.ffn.proj_up",
        r"core(\d+)_dense_down": "core.blocks.{}.ffn.proj_down",
        "core_norm": "core.post_blocks_norm",
    },
}
"""For each architecture, patterns of our layers' names and the prefixes of their tensors; `{}` is a number less one."""

_CONVNEXT_CHANNELS = ("dwconv.weight:0", "dwconv.bias:0", "norm.weight:0", "pwconv2.bias:0")
_FLAT_HIDDEN = ("fc1.weight:0", "fc1.bias:0", "fc2.weight:1")
_UNITS = ("lstm.weight_hh_l0:1", "lstm.weight_hh_l0_reverse:1")
_RESIDUAL = {
    "residual_filters": ("core.dconv_blocks.0.conv.weight:0", "core.dconv_blocks.0.bn.weight:0"),
    "final_filters": ("core.final_conv.conv.weight:0", "core.final_conv.bn.weight:0", "core.linear_out.weight:1"),
}


def _channels(block: str) -> tuple[str, ...]:
    return tuple(f"{block}.{tensor}" for tensor in _CONVNEXT_CHANNELS)


_WIDTHS = {
    "cnn": {
        "filters": (
            ("stem.0.weight:0", "stem.0.bias:0", "core.0.weight:1"),
            ("core.0.weight:0", "core.0.bias:0", "core.4.weight:1"),
            ("core.4.weight:0", "core.4.bias:0", "core.8.weight:1"),
            ("core.8.weight:0", "core.8.bias:0"),
        ),
        "hidden": ("head.1.weight:0", "head.1.bias:0", "head.3.weight:1"),
    },
    "lstm": {
        "filters": ("conv1.weight:0", "conv1.bias:0", "lstm.weight_ih_l0:1"),
        "units": _UNITS,
        "hidden": _FLAT_HIDDEN,
    },
    "dcnn": {
        "filters": ("init_conv.conv.weight:0", "init_conv.bn.weight:0", "core.dconv_blocks.0.conv.weight:1"),
        **_RESIDUAL,
    },
    "convnext_cnn": {
        "filters": tuple(_channels(block) for block in ("stem.0", "core.0", "core.3", "core.6")),
        "hidden": ("head.0.weight:0", "head.0.bias:0", "head.2.weight:1"),
    },
    "convnext_lstm": {"filters": _channels("conv1"), "units": _UNITS, "hidden": _FLAT_HIDDEN},
    "convnext_dcnn": {"filters": _channels("init_conv"), **_RESIDUAL},
    "convnext_transformer": {"channels": _channels("stem.conv1")},
    "xlstm": {"channels": _channels("stem.conv1")},
}
"""For each architecture, our arguments that are read off tensors: which axis of which tensors tells them."""


def from_torch(architecture: str, tensors: Mapping[str, object], **config: object) -> keras.Model:
    """The network of a checkpoint.

    Args:
        architecture: one of the eight of ASAP, `zoo.architectures.ARCHITECTURES`.
        tensors: PyTorch's names → arrays (anything that NumPy reads), as in the model's state dict.
        config: arguments of the authors' constructor, by their names; those not given have the authors' defaults, but
            widths are read off the tensors, and `use_map` from whether there are such tensors.

    Returns:
        A functional model, (batch, window, 4) one-hot A, C, G, T → as `zoo.build` says. It equals the original in
        prediction and in training, except that Keras updates running variances with the biased variance.

    Raises:
        InputError: an unknown architecture or argument.
        IntegrityError: a missing, unknown, misshapen tensor, or one with numbers that are not finite; by name.
    """
    arguments = to_config(architecture, tensors, **config)
    network = architectures.build(architecture, **arguments)
    _fill(network, tensor_rules(architecture, network), _arrays(tensors))
    return network


def tensor_rules(architecture: str, network: keras.Model) -> list[Rule]:
    """Which of the authors' tensors each weight of a network comes from, and how."""
    layers = [layer for layer in network.layers if layer.weights]
    return [rule for layer in layers for rule in rules(layer, _prefix(layer.name, _PREFIXES[architecture]))]


def to_config(architecture: str, tensors: Mapping[str, object], **config: object) -> dict[str, object]:
    """The arguments of our builder for a checkpoint. Arguments and errors as for `from_torch`."""
    if architecture not in ARGUMENTS:
        raise InputError(f"An architecture of ASAP is one of {', '.join(ARGUMENTS)}", received={"name": architecture})
    names = ARGUMENTS[architecture]
    if unknown := sorted(set(config) - set(names)):
        raise InputError(
            f"The arguments of the authors' {architecture} are {', '.join(names)}", received={"unknown": unknown}
        )
    tensors = _arrays(tensors)
    arguments = {name: _width(tensors, told_by) for name, told_by in _WIDTHS[architecture].items()}
    arguments["mappability"] = "unmap_predictor.out.weight" in tensors
    arguments |= {names[name]: value for name, value in config.items() if names[name] is not None}
    if "filters3" in config and not config["filters3"]:
        arguments["final_filters"] = config.get("window_size", 2048)  # as the authors' code has it
    return {name: value for name, value in arguments.items() if value is not None}


def _arrays(tensors: Mapping[str, object]) -> dict[str, np.ndarray]:
    """Tensors as NumPy arrays, without the prefix that distributed training adds, sLSTM tensors in one layout."""
    arrays = {name.removeprefix("module."): np.asarray(tensor) for name, tensor in tensors.items()}
    for name in [name for name in arrays if name.endswith("._recurrent_kernel_")]:
        kernel, bias = arrays[name], f"{name.removesuffix('_recurrent_kernel_')}_bias_"
        if kernel.ndim == 3 and kernel.shape[2] == 4 * kernel.shape[1]:  # as the CUDA kernels store them: in × out,
            arrays[name] = kernel.transpose(0, 2, 1)  # and the bias by head, then gate
            if bias in arrays and arrays[bias].size == kernel.shape[0] * kernel.shape[2]:
                by_head = arrays[bias].reshape(len(kernel), 4, -1)
                arrays[bias] = by_head.transpose(1, 0, 2).ravel()
    return arrays


def _width(tensors: Mapping[str, np.ndarray], told_by: tuple) -> int | tuple[int, ...] | None:
    """The width that tensors agree on, or None if none of them is there; a tuple of them for a tuple."""
    if isinstance(told_by[0], tuple):
        widths = tuple(_width(tensors, item) for item in told_by)
        return None if None in widths else widths
    told = {}
    for item in told_by:
        name, axis = item.rsplit(":", 1)
        if name in tensors and tensors[name].ndim > int(axis):
            told[name] = tensors[name].shape[int(axis)]
    if len(set(told.values())) > 1:
        shapes = {name: tensors[name].shape for name in told}
        raise IntegrityError("The tensors of a checkpoint agree on the widths of its layers", received=shapes)
    return next(iter(told.values()), None)


def _fill(network: keras.Model, found: list[Rule], tensors: dict[str, np.ndarray]) -> None:
    """Give every variable of the network its tensor; all of them, or none if anything is amiss."""
    shapes = {rule.tensor: rule.shape for rule in found}
    ignored = {name for name in tensors if name.endswith((".num_batches_tracked", ".rotary_emb.div_term"))}
    wrong = {
        name: tensors[name].shape for name, shape in shapes.items() if name in tensors and tensors[name].shape != shape
    }
    differences = {
        "missing": sorted(set(shapes) - set(tensors)),
        "unknown": sorted(set(tensors) - set(shapes) - ignored),
        "wrong shape (received, expected)": {name: (shape, shapes[name]) for name, shape in wrong.items()},
        "not finite numbers": [name for name in shapes if name in tensors and not _is_finite(tensors[name])],
    }
    if any(differences.values()):
        raise IntegrityError(
            f"A checkpoint of {network.name} has just the tensors of its network",
            received={what: names for what, names in differences.items() if names},
        )
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv1D))
    for rule in found:
        value = rule.convert(tensors[rule.tensor])
        rule.variable.assign(value[:, BASES] if rule.variable is first.kernel else value)


def _prefix(layer: str, prefixes: Mapping[str, str]) -> str:
    """The prefix of a layer's tensors."""
    for pattern, prefix in prefixes.items():
        if match := re.fullmatch(pattern, layer):
            return prefix.format(*(int(number) - 1 for number in match.groups() if number.isdigit()))
    raise KeyError(layer)


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiu" and bool(np.isfinite(array).all())
