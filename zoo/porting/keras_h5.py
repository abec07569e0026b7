"""Whole-model `.h5` files of Keras 2 as data: tensors by layer, and the graph of layers that their configuration says.

The configuration is read as text. No layer is built from it, and no code in it is run or unmarshalled: of a Lambda the
names in its code are compared with those of what it has to compute.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import h5py
import numpy as np

from registry import typed
from zoo import weights
from zoo.errors import IntegrityError

_METRICS = ("total:0", "count:0")  # variables of metrics, which some files have among the weights
_LOGSUMEXP = {"axis", "keepdims", "tf", "math", "reduce_logsumexp", "x"}  # names in its compiled code
_IDENTIFIER = re.compile(rb"[\x5a\xda](.)", re.DOTALL)  # how a marshalled name begins: its type, its length
_PLAIN = {  # settings that a layer must have where it has them
    "Conv1D": {
        "strides": (1,),
        "padding": "valid",
        "data_format": "channels_last",
        "groups": 1,
        "use_bias": True,
    },
    "Dense": {"use_bias": True},
    "ReLU": {"max_value": None, "negative_slope": 0, "threshold": 0},
    "GlobalAveragePooling1D": {"data_format": "channels_last", "keepdims": False},
}


@dataclass(frozen=True)
class Layer:
    """A layer of a configuration.

    Attributes:
        name: of the layer.
        kind: its class.
        settings: its own configuration; of a model within the model, that of its layers.
        reads: (layer, number of its output) for each input.
        options: keyword arguments of its call.
    """

    name: str
    kind: str
    settings: Mapping[str, object] = field(repr=False)
    reads: tuple[tuple[str, int], ...]
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


class Graph:
    """The layers of a model, and which reads which; every layer is to be asked for once.

    Raises:
        IntegrityError: a configuration that is not one of layers.
    """

    def __init__(self, config: object, where: object) -> None:
        self._where = where
        with weights.parsing("The model_config of a Keras file", where):
            layers = [_layer(item) for item in config["layers"]]
            self.outputs = tuple((str(name), int(tensor)) for name, _, tensor in _listed(config["output_layers"]))
        self.layers = {layer.name: layer for layer in layers}
        if len(self.layers) != len(layers):
            raise self.error("have layers of different names", {"names": [layer.name for layer in layers]})
        self._left = dict(self.layers)

    def has(self, name: str) -> bool:
        """Whether there is a layer of this name."""
        return name in self.layers

    def count(self, kind: str) -> int:
        """How many layers of a kind there are."""
        return sum(layer.kind == kind for layer in self.layers.values())

    def take(self, kind: str, *reads: object, called: str | None = None, **settings: object) -> Layer:
        """The one layer of a kind that reads these and nothing else.

        Args:
            reads: layers, or (layer, number of its output); in any order.
            called: its name; by default any.
            settings: what it has to have beside the plain settings of its kind.

        Raises:
            IntegrityError: there is none, there are several, or it has other settings.
        """
        wanted = _wanted(reads)
        found = [layer for layer in self._reading(kind, wanted) if called in (None, layer.name)]
        if len(found) != 1:
            raise self.error(
                f"have one {called or kind} that reads {' and '.join(name for name, _ in wanted) or 'nothing'}",
                {"found": [layer.name for layer in found]},
            )
        self.check(found[0], **settings)
        return self._left.pop(found[0].name)

    def has_next(self, kind: str, *reads: object) -> bool:
        """Whether a layer of a kind, that was not taken yet, reads these and nothing else."""
        return bool(self._reading(kind, _wanted(reads)))

    def _reading(self, kind: str, wanted: list[tuple[str, int]]) -> list[Layer]:
        return [layer for layer in self._left.values() if layer.kind == kind and sorted(layer.reads) == wanted]

    def shape(self, read: Layer) -> tuple[int, ...]:
        """The shape of an input, without the batch. Raises `IntegrityError` if it is not of known lengths."""
        shape = _tupled(read.settings.get("batch_input_shape", read.settings.get("batch_shape")))
        if not isinstance(shape, tuple) or not all(type(length) is int and length > 0 for length in shape[1:]):
            raise self.error(f"have an input {read.name} of known lengths", {"shape": shape})
        return shape[1:]

    def check(self, layer: Layer, **settings: object) -> None:
        """Raise `IntegrityError` unless a layer has some settings, and the plain ones of its kind."""
        plain = {name: value for name, value in _PLAIN.get(layer.kind, {}).items() if name in layer.settings}
        for name, value in {**plain, **settings}.items():
            if _tupled(layer.settings.get(name)) != value:
                raise self.error(f"have {name} {value} in {layer.name}", {name: layer.settings.get(name)})

    def finish(self, *outputs: Layer) -> None:
        """Raise `IntegrityError` for a layer that nobody asked for, or other outputs."""
        if self._left:
            raise self.error("have no other layers", {"layers": [*self._left][:6]})
        if self.outputs != tuple((layer.name, 0) for layer in outputs):
            raise self.error(f"return {', '.join(layer.name for layer in outputs)}", {"outputs": self.outputs})

    def take_logsumexp(self, read: Layer) -> Layer:
        """The Lambda that reads a layer and computes the logsumexp of its values.

        Its compiled code is not run, nor unmarshalled. What it would compute is told by the names in it.
        """
        layer = self.take("Lambda", read)
        code = layer.settings.get("function")
        names = names_in_code(code[0] if isinstance(code, list) and code else code)
        if "reduce_logsumexp" not in names or names - _LOGSUMEXP:
            raise self.error(
                f"have a Lambda {layer.name} of logsumexp alone; nothing of the file was run",
                {"names in its code": sorted(names)[:12]},
            )
        return layer

    def error(self, rule: str, received: Mapping[str, object]) -> IntegrityError:
        """That the graph must be different."""
        return IntegrityError(f"The model of this file must {rule}", where=self._where, received=received)


def names_in_code(code: object) -> set[str]:
    """The identifiers in compiled code of Python, in base64; empty for anything else."""
    try:
        data = base64.b64decode(code) if isinstance(code, str) else b""
    except (ValueError, binascii.Error):
        return set()
    found = (data[match.end() : match.end() + match[1][0]] for match in _IDENTIFIER.finditer(data))
    names = {name.decode("ascii", "replace") for name in found}
    return {name for name in names if name.isidentifier()}


def _layer(item: Mapping) -> Layer:
    settings, nodes = item["config"], item["inbound_nodes"]
    name = str(settings["name"] if "name" in settings else item["name"])  # layers of others need not repeat it
    if len(nodes) > 1:
        raise ValueError(f"{name} is used {len(nodes)} times")
    options = {key: value for option in _options(nodes) for key, value in option.items()}
    return Layer(name, str(item["class_name"]), settings, tuple(_reads(nodes)), options)


def _wanted(reads: tuple) -> list[tuple[str, int]]:
    """Layers, or (layer, number of its output), as pairs of a name and a number, sorted."""
    return sorted((item.name, 0) if isinstance(item, Layer) else (item[0].name, item[1]) for item in reads)


def _options(node: object) -> Iterator[Mapping[str, object]]:
    """The keyword arguments in an inbound node of Keras 2: behind layer, node and number of output."""
    if isinstance(node, list) and len(node) == 4 and isinstance(node[0], str) and isinstance(node[3], dict):
        yield node[3]
    elif isinstance(node, list):
        for item in node:
            yield from _options(item)


def _reads(node: object) -> Iterator[tuple[str, int]]:
    """The (layer, output) pairs of an inbound node: of Keras 2, nested lists; of Keras 3, tensors with a history."""
    if isinstance(node, list) and len(node) >= 3 and isinstance(node[0], str):
        yield node[0], int(node[2])
    elif isinstance(node, dict) and "keras_history" in node:
        yield str(node["keras_history"][0]), int(node["keras_history"][2])
    elif isinstance(node, (list, dict)):
        for item in node if isinstance(node, list) else node.values():
            yield from _reads(item)


def _listed(outputs: list) -> list:
    return [outputs] if isinstance(outputs[0], str) else outputs


def _tupled(value: object) -> object:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class KerasFile:
    """A whole-model file.

    Attributes:
        config: the model's own configuration.
        tensors: (group, layer) → name ("kernel") → float32 array. A layer of the model is its own group; one of a model
            within the model is in the group of that.
        loss_weights: of the training, if the file says so.
        where: the file.
    """

    config: Mapping[str, object] = field(repr=False)
    tensors: Mapping[tuple[str, str], Mapping[str, np.ndarray]] = field(repr=False)
    loss_weights: tuple[float, ...]
    where: object

    @classmethod
    def read(cls, data: bytes, where: object) -> "KerasFile":
        """Read the bytes of a file.

        Raises:
            IntegrityError: anything else than plain HDF5 with `model_config` and `model_weights`.
        """
        with weights.open_plain(data, where) as file:
            if "model_weights" not in file or "model_config" not in file.attrs:
                raise IntegrityError(
                    "A whole-model file of Keras must have model_weights and model_config",
                    where=where,
                    received={"groups": list(file)[:8], "attributes": list(file.attrs)[:8]},
                    hint="Save the whole model, not its weights alone",
                )
            config = _json(file, "model_config", where)
            tensors, trained = _tensors(file["model_weights"], where), {}
            with suppress(IntegrityError, KeyError):  # of no use to the network
                trained = _json(file, "training_config", where)
        return cls(config.get("config", {}), tensors, _loss_weights(trained), where)


def _json(file: h5py.File, name: str, where: object) -> dict:
    text = file.attrs[name]
    data = text.encode() if isinstance(text, str) else text
    if not isinstance(data, bytes):
        raise IntegrityError(f"The {name} of a Keras file must be text", where=where, received={"type": type(text)})
    return typed.load_json(data, f"{where}: {name}", foreign=True)


def _loss_weights(trained: Mapping) -> tuple[float, ...]:
    found = trained.get("loss_weights")
    values = found if isinstance(found, list) else []
    return tuple(float(value) for value in values if isinstance(value, (int, float)))


def _tensors(group: h5py.Group, where: object) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for array in weights.arrays(group, where):
        path = array.name.removeprefix(f"{group.name}/")
        if path.count("/") < 2:
            raise IntegrityError("Each tensor of a file must be of a layer", where=where, received={"path": path})
        top, *_, layer, name = path.split("/")
        if top == "top_level_model_weights" and name in _METRICS:
            continue
        tensors = found.setdefault((top, layer), {})
        if name.removesuffix(":0") in tensors:
            raise IntegrityError("Each tensor of a file must have one name", where=where, received={"path": path})
        value = array[()].astype(np.float32, casting="safe")
        tensors[name.removesuffix(":0")] = weights.finite(value, where, path)
    return found
