"""Files of ChromBPNet and BPNet in the layouts of the original codes, written by hand, for tests.

A network is a mapping of our layer names to (kernel, bias), in the layout of Keras; `heads` computes it in NumPy.
"""

import base64
import json
import marshal
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

Tensors = dict[str, tuple[np.ndarray, np.ndarray]]
LOGSUMEXP = base64.b64encode(
    marshal.dumps(
        compile("lambda x: tf.math.reduce_logsumexp(x, axis=-1, keepdims=True)", "/tmp/x.py", "eval").co_consts[0]
    )
).decode()


def network(
    seed: int, filters: int, layers: int, tracks: int = 1, controls: int = 0, join: str = "features"
) -> Tensors:
    """Random tensors of a BPNet."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        scale = 1 / np.sqrt(np.prod(shape[:-1]))
        return tuple(random.normal(0, scale, size).astype(np.float32) for size in (shape, shape[-1:]))

    beside = controls if join == "features" else 0
    found = {"stem": some(21, 4, filters)}
    found |= {f"dilated{i}": some(3, filters, filters) for i in range(1, layers + 1)}
    found["profile_convolution"] = some(75, filters + beside, tracks)
    found["counts_dense"] = some(filters + bool(beside), 1)
    if controls and join == "profile":
        found |= {"profile_with_controls": some(1, tracks + controls, tracks), "counts_with_controls": some(2, 1)}
    return found


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, dilation: int = 1) -> np.ndarray:
    """Without padding."""
    length = x.shape[1] - dilation * (len(kernel) - 1)
    return sum(x[:, tap * dilation : tap * dilation + length] @ kernel[tap] for tap in range(len(kernel))) + bias


def middle(x: np.ndarray, length: int) -> np.ndarray:
    first = (x.shape[1] - length) // 2
    return x[:, first : first + length]


def heads(
    tensors: Tensors, x: np.ndarray, output: int, pooled: int | None = None, first: bool = False, pad: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Profile (n, output, tracks) and counts (n, 1) of windows (n, bp, 4), in float64.

    Args:
        pooled: features that the counts are a mean of; default all.
        first: ReLU before the dilated convolutions.
        pad: zeros around each convolution.
    """

    def step(x: np.ndarray, name: str, dilation: int = 1) -> np.ndarray:
        kernel, bias = (item.astype(np.float64) for item in tensors[name])
        reach = dilation * (len(kernel) // 2) if pad else 0
        return convolved(np.pad(x, ((0, 0), (reach, reach), (0, 0))), kernel, bias, dilation)

    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0)

    x = step(x.astype(np.float64), "stem")
    x = x if first else relu(x)
    for i in range(1, sum(name.startswith("dilated") for name in tensors) + 1):
        y = step(relu(x), f"dilated{i}", 1 << i) if first else relu(step(x, f"dilated{i}", 1 << i))
        x = middle(x, y.shape[1]) + y
    x = relu(x) if first else x
    profile = middle(step(x, "profile_convolution"), output)
    kernel, bias = tensors["counts_dense"]
    return profile, middle(x, pooled or x.shape[1]).mean(axis=1) @ kernel.astype(np.float64) + bias


def _layer(kind: str, name: str, reads: list, **config: object) -> dict:
    nodes = [[[*read, {}] if isinstance(read, list) else [read, 0, 0, {}] for read in reads]] if reads else []
    return {
        "class_name": kind,
        "config": {"name": name, "dtype": "float32", **config},
        "name": name,
        "inbound_nodes": nodes,
    }


def _input(name: str, *shape: int) -> dict:
    return _layer("InputLayer", name, [], batch_input_shape=[None, *shape])


def _conv(name: str, read: str, tensor: tuple, dilation: int = 1, activation: str = "linear") -> dict:
    width, _, filters = tensor[0].shape
    return _layer(
        "Conv1D",
        name,
        [read],
        filters=filters,
        kernel_size=[width],
        strides=[1],
        padding="valid",
        data_format="channels_last",
        dilation_rate=[dilation],
        groups=1,
        activation=activation,
        use_bias=True,
    )


def _dense(name: str, read: str) -> dict:
    return _layer("Dense", name, [read], units=1, activation="linear", use_bias=True)


def _functional(name: str, layers: list[dict], outputs: list[str], inputs: tuple[str, ...] = ("sequence",)) -> dict:
    return {
        "name": name,
        "layers": layers,
        "input_layers": [[item, 0, 0] for item in inputs],
        "output_layers": [[item, 0, 0] for item in outputs],
    }


def _crop(tensors: Tensors, window: int, output: int) -> int:
    layers = sum(name.startswith("dilated") for name in tensors)
    return (window - 20 - 2 * sum(2 << i for i in range(layers)) - 74 - output) // 2


def chrombpnet_config(tensors: Tensors, window: int, output: int, bias: bool, name: str) -> tuple[dict, dict[str, str]]:
    """The configuration of one network of ChromBPNet, and official name → ours of layers with tensors."""
    prefix = "" if bias else "wo_bias_"
    layers, x = [_input("sequence", window, 4)], f"{prefix}bpnet_1st_conv"
    official = {x: "stem"}
    layers.append(_conv(x, "sequence", tensors["stem"], 1, "relu"))
    for i in range(1, sum(item.startswith("dilated") for item in tensors) + 1):
        conv, crop, add = f"{prefix}bpnet_{i}conv", f"{prefix}bpnet_{i}crop", f"add_{i}{prefix}"
        layers.append(_conv(conv, x, tensors[f"dilated{i}"], 1 << i, "relu"))
        layers.append(_layer("Cropping1D", crop, [x], cropping=[1 << i, 1 << i]))
        layers.append(_layer("Add", add, [conv, crop]))
        official[conv], x = f"dilated{i}", add
    profile = "prof_out_precrop" if bias else "wo_bias_bpnet_prof_out_precrop"
    before = "logits_profile_predictions_preflatten" if bias else "wo_bias_bpnet_logitt_before_flatten"
    ends = [
        f"{'' if bias else 'wo_bias_bpnet_'}{end}" for end in ("logits_profile_predictions", "logcount_predictions")
    ]
    crop = _crop(tensors, window, output)
    layers += [
        _conv(profile, x, tensors["profile_convolution"]),
        _layer("Cropping1D", before, [profile], cropping=[crop, crop]),
        _layer("GlobalAveragePooling1D", "gap", [x], data_format="channels_last", keepdims=False),
        _layer("Flatten", ends[0], [before], data_format="channels_last"),
        _dense(ends[1], "gap"),
    ]
    official |= {profile: "profile_convolution", ends[1]: "counts_dense"}
    return _functional(name, layers, ends), official


def full_config(parts: Mapping[str, Tensors], window: int, output: int, bias_name: str) -> tuple[dict, dict]:
    """The configuration of a chrombpnet.h5, and name of a network → official name → ours."""
    names = {"accessibility": "model_wo_bias", "bias": bias_name}
    layers, official = [_input("sequence", window, 4)], {}
    for part, name in names.items():
        config, official[name] = chrombpnet_config(parts[part], window, output, part == "bias", name)
        layers.append({**_layer("Functional", name, ["sequence"]), "config": config})
    both = [[name, 1, 0] for name in names.values()], [[name, 1, 1] for name in names.values()]
    layers += [
        _layer("Concatenate", "concatenate", both[1], axis=-1),
        _layer("Add", "logits_profile_predictions", both[0]),
        _layer(
            "Lambda", "logcount_predictions", ["concatenate"], function=[LOGSUMEXP, None, None], function_type="lambda"
        ),
    ]
    return _functional("model", layers, ["logits_profile_predictions", "logcount_predictions"]), official


def bpnet_config(tensors: Tensors, window: int, output: int, controls: int = 0) -> tuple[dict, dict[str, str]]:
    """The same of kundajelab/bpnet."""
    layers, official = [_input("sequence", window, 4), _conv("main_conv_0", "sequence", tensors["stem"])], {}
    official["main_conv_0"], x = "stem", "main_conv_0"
    for i in range(1, sum(item.startswith("dilated") for item in tensors) + 1):
        conv, add = f"main_dil_conv_{i}", f"main_add_{i}"
        layers += [
            _layer("ReLU", f"{x}_relu", [x], max_value=None, negative_slope=0.0, threshold=0.0),
            _conv(conv, f"{x}_relu", tensors[f"dilated{i}"], 1 << i),
            _layer("Cropping1D", f"{x}_cr", [x], cropping=[1 << i, 1 << i]),
            _layer("Add", add, [conv, f"{x}_cr"]),
        ]
        official[conv], x = f"dilated{i}", add
    crop = [_crop(tensors, window, output)] * 2
    cropped = "main_profile_head_cropped" if controls else "profile_predictions"
    counts = "main_counts_head" if controls else "logcounts_predictions"
    layers += [
        _layer("ReLU", f"{x}_relu", [x], max_value=None, negative_slope=0.0, threshold=0.0),
        _conv("main_profile_head", f"{x}_relu", tensors["profile_convolution"]),
        _layer("GlobalAveragePooling1D", "main_global_avg_pooling", [f"{x}_relu"], data_format="channels_last"),
        _layer("Cropping1D", cropped, ["main_profile_head"], cropping=crop),
        _dense(counts, "main_global_avg_pooling"),
    ]
    official |= {"main_profile_head": "profile_convolution", counts: "counts_dense"}
    inputs = ("sequence",)
    if controls:
        inputs += ("profile_bias_input_0", "counts_bias_input_0")
        layers += [
            _input(inputs[1], output, controls),
            _input(inputs[2], controls),
            _layer("Lambda", "main_logsumexp_counts_bias_0", [inputs[2]], function=[LOGSUMEXP, None, None]),
            _layer("Concatenate", "main_concat_with_prof_bias_0", [cropped, inputs[1]], axis=-1),
            _layer("Concatenate", "main_concat_with_counts_bias_0", [counts, "main_logsumexp_counts_bias_0"], axis=-1),
            _conv("profile_predictions", "main_concat_with_prof_bias_0", tensors["profile_with_controls"]),
            _dense("logcounts_predictions", "main_concat_with_counts_bias_0"),
        ]
        official |= {"profile_predictions": "profile_with_controls", "logcounts_predictions": "counts_with_controls"}
    return _functional("custom_model", layers, ["profile_predictions", "logcounts_predictions"], inputs), official


def write_h5(path: Path, config: dict, groups: Mapping[str, tuple[str, tuple[np.ndarray, np.ndarray]]]) -> Path:
    """A whole-model file without optimizer weights. `groups`: "group/layer" → (kernel, bias)."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.8.0", "tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [layer["name"] for layer in config["layers"]]
        weights.create_group("top_level_model_weights")
        for layer in config["layers"]:
            weights.create_group(layer["name"])
        for place, (kernel, bias) in groups.items():
            weights[f"{place}/kernel:0"], weights[f"{place}/bias:0"] = kernel, bias
    return path


def write_part(path: Path, tensors: Tensors, window: int, output: int, bias: bool = False) -> Path:
    """bias.h5, or chrombpnet_nobias.h5."""
    config, official = chrombpnet_config(tensors, window, output, bias, "model_1")
    return write_h5(path, config, {f"{name}/{name}": tensors[ours] for name, ours in official.items()})


def write_full(path: Path, parts: Mapping[str, Tensors], window: int, output: int, bias_name: str = "model_3") -> Path:
    """chrombpnet.h5."""
    config, official = full_config(parts, window, output, bias_name)
    of = {"model_wo_bias": "accessibility", bias_name: "bias"}
    groups = {
        f"{group}/{name}": parts[of[group]][ours] for group, layers in official.items() for name, ours in layers.items()
    }
    return write_h5(path, config, groups)


def write_bpnet(path: Path, tensors: Tensors, window: int, output: int, controls: int = 0) -> Path:
    """A file of kundajelab/bpnet."""
    config, official = bpnet_config(tensors, window, output, controls)
    return write_h5(path, config, {f"{name}/{name}": tensors[ours] for name, ours in official.items()})


@dataclass(frozen=True)
class Name:
    """A name in a pickle."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call in a pickle."""

    function: Name
    arguments: tuple


@dataclass(frozen=True)
class New:
    """An object of a class, whose state is set."""

    kind: Name
    state: object


@dataclass(frozen=True)
class Storage:
    """A tensor's bytes."""

    key: str
    numbers: int
    kind: str = "FloatStorage"


def pickled(value: object) -> bytes:
    """A value as a pickle of protocol 2 has it, without the frame around it."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, tuple):
        return b"(" + b"".join(map(pickled, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(pickled, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(pickled(key) + pickled(item) for key, item in value.items()) + b"u"
    if isinstance(value, Name):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, bytes):  # as it is
        return value
    if isinstance(value, Call):
        return pickled(value.function) + pickled(value.arguments) + b"R"
    if isinstance(value, New):
        return pickled(value.kind) + b")\x81" + pickled(value.state) + b"b"
    if isinstance(value, Storage):
        return pickled(("storage", Name("torch", value.kind), value.key, "cpu", value.numbers)) + b"Q"
    raise TypeError(type(value))


_CONV, _LINEAR = Name("torch.nn.modules.conv", "Conv1d"), Name("torch.nn.modules.linear", "Linear")
_LIST, _RELU = Name("torch.nn.modules.container", "ModuleList"), Name("torch.nn.modules.activation", "ReLU")
BPNET, CHROMBPNET = Name("bpnetlite.bpnet", "BPNet"), Name("bpnetlite.chrombpnet", "ChromBPNet")
_ORDERED = Call(Name("collections", "OrderedDict"), ())


class TorchWriter:
    """A file of `torch.save`, by hand."""

    def __init__(self) -> None:
        self.storages: dict[str, bytes] = {}

    def tensor(self, values: np.ndarray) -> Call:
        """A parameter."""
        key, data = str(len(self.storages)), np.ascontiguousarray(values, "<f4")
        self.storages[key] = data.tobytes()
        stride = tuple(step // 4 for step in data.strides)
        made = Call(
            Name("torch._utils", "_rebuild_tensor_v2"),
            (Storage(key, data.size), 0, data.shape, stride, False, _ORDERED),
        )
        return Call(Name("torch._utils", "_rebuild_parameter"), (made, True, _ORDERED))

    def module(self, kind: Name, parameters: dict, modules: dict, **attributes: object) -> New:
        """A module as PyTorch pickles it."""
        hooks = dict.fromkeys(("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"), _ORDERED)
        own = {"training": False, "_parameters": parameters, "_buffers": {}, **hooks, "_modules": modules}
        return New(kind, {**own, **attributes})

    def bpnet(self, tensors: Tensors, trimming: int, controls: int = 0, **attributes: object) -> New:
        """A BPNet of bpnet-lite."""
        layers = sum(name.startswith("dilated") for name in tensors)
        tracks = tensors["profile_convolution"][0].shape[-1]
        filters = tensors["stem"][0].shape[-1]
        stem = self._conv(tensors["stem"])
        dilated = {str(i): self._conv(tensors[f"dilated{i + 1}"], 2 << i) for i in range(layers)}
        kernel, bias = tensors["counts_dense"]
        relu = self.module(_RELU, {}, {}, inplace=False)
        modules = {
            "iconv": stem,
            "irelu": relu,
            "rconvs": self.module(_LIST, {}, dilated),
            "rrelus": self.module(_LIST, {}, {str(i): relu for i in range(layers)}),
            "fconv": self._conv(tensors["profile_convolution"]),
            "linear": self.module(_LINEAR, {"weight": self.tensor(kernel.T), "bias": self.tensor(bias)}, {}),
        }
        own = {"n_filters": filters, "n_layers": layers, "n_outputs": tracks, "n_control_tracks": controls}
        return self.module(BPNET, {}, modules, **own, trimming=trimming, **{"count_loss_weight": 2.5, **attributes})

    def _conv(self, tensor: tuple[np.ndarray, np.ndarray], dilation: int = 1) -> New:
        kernel, bias = tensor
        own = {"kernel_size": (len(kernel),), "stride": (1,), "padding": (dilation * (len(kernel) // 2),)}
        own |= {"dilation": (dilation,), "groups": 1, "padding_mode": "zeros"}
        parameters = {"weight": self.tensor(kernel.transpose(2, 1, 0)), "bias": self.tensor(bias)}
        return self.module(_CONV, parameters, {}, **own)

    def write(self, path: Path, root: object, compression: int = zipfile.ZIP_STORED, **more: bytes) -> Path:
        """The archive. `root`: a value, or the bytes of a pickle."""
        data = root if isinstance(root, bytes) else b"\x80\x02" + pickled(root) + b"."
        members = {"data.pkl": data, "byteorder": b"little", "version": b"3\n"}
        members |= {f"data/{key}": value for key, value in self.storages.items()}
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in {**members, **more}.items():
                archive.writestr(f"{path.stem}/{name}", content)
        return path
