"""ASAP's names and ours: constructor arguments, tensors, and which tensors tell the widths of layers.

As the authors' package 0.2.2 has them.
"""

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

CLASSES = {
    "cnn": "VanillaCNN",
    "lstm": "CNN_LSTM",
    "dcnn": "DilatedCNN",
    "convnext_cnn": "ConvNeXtCNN",
    "convnext_lstm": "ConvNeXtLSTM",
    "convnext_dcnn": "ConvNeXtDCNN",
    "convnext_transformer": "ConvNextTransformer",
    "xlstm": "ConvNeXt_XLSTM",
}
"""The authors' classes; all but the last one are in their package's `asap.models`."""


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
PREFIXES = {
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


WIDTHS = {
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
