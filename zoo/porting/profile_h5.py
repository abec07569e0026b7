"""Official `.h5` files of ChromBPNet and of kundajelab/bpnet (formerly basepairmodels), tensor by tensor.

Tensors are found by the graph of layers in the file's configuration, and the graph has to be the published one to the
last layer: dilations, croppings, activations, what reads what. A ChromBPNet file holds its two networks as models
within the model; that of the bias has whatever name it had when it was saved.
"""

from collections.abc import Mapping

import numpy as np

from zoo import weights
from zoo.errors import IntegrityError
from zoo.porting.keras_h5 import Graph, KerasFile, Layer
from zoo.porting.profile_file import (
    ACCESSIBILITY,
    BIAS,
    BPNET,
    DILATED_WIDTH,
    PROFILE_WIDTH,
    STEM_WIDTH,
    Part,
    ProfileFile,
    check_lengths,
    reach,
)

_STEMS = {"bpnet_1st_conv": BIAS, "wo_bias_bpnet_1st_conv": ACCESSIBILITY}
_BEGINS = ("bpnet_", "wo_bias_", "main_", "model_wo_bias", "logcount", "logits_profile", "profile_predictions")
_NETWORKS = ("Functional", "Model")  # classes of a model within the model


def is_profile_file(data: bytes, where: object) -> bool:
    """Whether a whole-model file is one of a BPNet, of any code, by the names of its layers.

    Raises:
        IntegrityError: no plain HDF5.
    """
    with weights.open_plain(data, where) as file:
        layers = file.get("model_weights", ())
        return any(name.startswith(_BEGINS) for name in layers)


def read(data: bytes, where: object) -> ProfileFile:
    """Read the bytes of a file.

    Raises:
        IntegrityError: another layout, with the reason; a tensor too many, missing, misshapen or not finite; a graph of
            other layers than the published one.
    """
    file = KerasFile.read(data, where)
    graph, tensors = Graph(file.config, where), dict(file.tensors)
    networks = [layer for layer in graph.layers.values() if layer.kind in _NETWORKS]
    if networks:
        layout, parts = "chrombpnet", _both(graph, networks, tensors, where)
    elif kinds := [kind for stem, kind in _STEMS.items() if graph.has(stem)]:
        layout, parts = "chrombpnet", {kinds[0]: _chrombpnet(graph, tensors, where)}
    elif graph.has("logcounts_predictions") and graph.has("profile_predictions"):
        layout, parts = "bpnet", {BPNET: _bpnet(graph, tensors, where)}
    else:
        raise _unknown(graph, where)
    if tensors:
        raise IntegrityError(
            "A file must have no other tensors than those of its layers",
            where=where,
            received={"unknown": [f"{group}/{layer}" for group, layer in tensors][:6]},
        )
    weight = file.loss_weights[1] if len(file.loss_weights) == 2 else None
    return ProfileFile(layout, parts, weight)


def _unknown(graph: Graph, where: object) -> IntegrityError:
    """Why a layout is not read."""
    reason = "its layers have unknown names"
    inputs = [layer.name for layer in graph.layers.values() if layer.kind == "InputLayer"]
    if any(name.startswith(("profile_predictions_", "logcounts_predictions_")) for name in graph.layers):
        reason = "it is of several tasks"
    elif graph.has("logcounts") or (len(inputs) == 3 and any(name.startswith("conv1d") for name in graph.layers)):
        reason = (
            "it is of chrombpnet-lite, whose convolutions of 25 bp, padding and inputs (sequence, bias profile, bias "
            "counts) are others"
        )
    return IntegrityError(
        f"A file must be of ChromBPNet, or of BPNet with one task: {reason}",
        where=where,
        received={"inputs": inputs[:6], "layers": [*graph.layers][:6]},
    )


def _both(graph: Graph, networks: list[Layer], tensors: dict, where: object) -> dict[str, Part]:
    """The networks of a ChromBPNet file, whose outputs must be added: profiles as they are, counts in linear scale."""
    sequence, parts, layers = graph.take("InputLayer"), {}, []
    for network in networks:
        inner = Graph(network.settings, where)
        kinds = [kind for stem, kind in _STEMS.items() if inner.has(stem)]
        if len(kinds) != 1 or kinds[0] in parts:
            raise graph.error("hold an accessibility and a bias network", {"network": network.name, "is": kinds})
        parts[kinds[0]] = _chrombpnet(inner, tensors, where, network.name)
        layers.append(graph.take(network.kind, sequence, called=network.name))
    if len(parts) != 2:
        raise graph.error("hold an accessibility and a bias network", {"networks": [*parts]})
    lengths = {(part.config["window"], part.config["output"]) for part in parts.values()}
    if len(lengths) > 1 or graph.shape(sequence)[0] != parts[BIAS].config["window"]:
        raise graph.error("have networks of the same lengths", {"windows and profiles": sorted(lengths)})
    profile = graph.take("Add", *((layer, 0) for layer in layers))
    together = graph.take("Concatenate", *((layer, 1) for layer in layers), axis=-1)
    graph.finish(profile, graph.take_logsumexp(together))
    return parts


def _chrombpnet(graph: Graph, tensors: dict, where: object, group: str | None = None) -> Part:
    """A network of ChromBPNet: each convolution is followed by its ReLU, then added."""
    sequence, taken, layers = graph.take("InputLayer"), {}, graph.count("Conv1D") - 2
    x = taken["stem"] = graph.take("Conv1D", sequence, **_convolution(STEM_WIDTH, 1, "relu"))
    for i in range(1, layers + 1):
        convolved = graph.take("Conv1D", x, **_convolution(DILATED_WIDTH, 1 << i, "relu"))
        x = graph.take("Add", convolved, graph.take("Cropping1D", x, cropping=(1 << i, 1 << i)))
        taken[f"dilated{i}"] = convolved
    profile = taken["profile_convolution"] = graph.take("Conv1D", x, **_convolution(PROFILE_WIDTH, 1), filters=1)
    cropped = graph.take("Cropping1D", profile)
    pooled = graph.take("GlobalAveragePooling1D", x)
    taken["counts_dense"] = graph.take("Dense", pooled, units=1, activation="linear")
    graph.finish(graph.take("Flatten", cropped), taken["counts_dense"])
    return _part(graph, sequence, cropped, layers, taken, tensors, group, where)


def _bpnet(graph: Graph, tensors: dict, where: object) -> Part:
    """A network of kundajelab/bpnet: each dilated convolution reads the ReLU of that to which it is added."""
    if graph.layers["logcounts_predictions"].settings.get("units") != 1:
        raise graph.error(
            "be of one task with one total",
            {"totals": graph.layers["logcounts_predictions"].settings.get("units")},
        )
    sequence, taken = graph.take("InputLayer", called="sequence"), {}
    controlled = graph.count("InputLayer") > 1
    layers = graph.count("Conv1D") - 2 - controlled
    x = taken["stem"] = graph.take("Conv1D", sequence, **_convolution(STEM_WIDTH, 1))
    for i in range(1, layers + 1):
        convolved = graph.take("Conv1D", graph.take("ReLU", x), **_convolution(DILATED_WIDTH, 1 << i))
        x = graph.take("Add", convolved, graph.take("Cropping1D", x, cropping=(1 << i, 1 << i)))
        taken[f"dilated{i}"] = convolved
    x = graph.take("ReLU", x)
    profile = taken["profile_convolution"] = graph.take("Conv1D", x, **_convolution(PROFILE_WIDTH, 1))
    cropped = graph.take("Cropping1D", profile)
    pooled = graph.take("GlobalAveragePooling1D", x)
    counts = taken["counts_dense"] = graph.take("Dense", pooled, units=1, activation="linear")
    outputs, more = (cropped, counts), {}
    if controlled:
        outputs, read = _with_controls(graph, cropped, counts)
        taken |= {"profile_with_controls": outputs[0], "counts_with_controls": outputs[1]}
        more = {"controls": read, "control_join": "profile"}
    graph.finish(*outputs)
    part = _part(graph, sequence, cropped, layers, taken, tensors, None, where)
    tracks = part.tensors["profile_convolution"]["kernel"].shape[-1]
    return Part({**part.config, "tracks": tracks, "activation_first": True, **more}, part.tensors)


def _with_controls(graph: Graph, cropped: Layer, counts: Layer) -> tuple[tuple[Layer, Layer], int]:
    """The two outputs of a network with control tracks, and the number of these."""
    profiles = graph.take("InputLayer", called="profile_bias_input_0")
    totals = graph.take("InputLayer", called="counts_bias_input_0")
    joined = graph.take("Concatenate", cropped, profiles, axis=-1)
    joined_counts = graph.take("Concatenate", counts, graph.take_logsumexp(totals), axis=-1)
    tracks = graph.shape(totals)[-1]
    if (joined.reads[0][0], joined_counts.reads[0][0]) != (cropped.name, counts.name):
        raise graph.error(
            "read its own outputs before the control tracks", {"read": (joined.reads, joined_counts.reads)}
        )
    if graph.shape(profiles)[-1] != tracks:
        raise graph.error("read profiles and totals of the same control tracks", {"profiles": graph.shape(profiles)})
    profile = graph.take("Conv1D", joined, **_convolution(1, 1))
    return (profile, graph.take("Dense", joined_counts, units=1, activation="linear")), tracks


def _convolution(width: int, dilation: int, activation: str = "linear") -> dict[str, object]:
    return {"kernel_size": (width,), "dilation_rate": (dilation,), "activation": activation}


def _part(
    graph: Graph,
    sequence: Layer,
    cropped: Layer,
    layers: int,
    taken: Mapping[str, Layer],
    tensors: dict,
    group: str | None,
    where: object,
) -> Part:
    """The arguments of our builder and the tensors, which are taken out of `tensors`."""
    shape, crop = graph.shape(sequence), cropped.settings.get("cropping")
    if len(shape) != 2 or shape[1] != 4:
        raise graph.error("read windows of four bases", {"shape": shape})
    if not isinstance(crop, list) or len(crop) != 2 or crop[0] != crop[1] or type(crop[0]) is not int or crop[0] < 0:
        raise graph.error("crop its profile symmetrically", {"cropping": crop})
    window = shape[0]
    output = window - 2 * reach(layers) - (PROFILE_WIDTH - 1) - 2 * crop[0]
    check_lengths(window, output, layers, where)
    found = {name: _tensors_of(layer, tensors, group, where) for name, layer in taken.items()}
    config = {
        "window": window,
        "output": output,
        "filters": found["stem"]["kernel"].shape[-1],
        "dilated_layers": layers,
    }
    return Part(config, found)


def _tensors_of(layer: Layer, tensors: dict, group: str | None, where: object) -> dict[str, np.ndarray]:
    found = tensors.pop((group or layer.name, layer.name), {})
    if set(found) != {"kernel", "bias"} or not found["kernel"].ndim:
        raise IntegrityError(
            f"The layer {layer.name} must have a kernel and a bias", where=where, received={"tensors": sorted(found)}
        )
    return found
