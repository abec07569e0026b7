"""A network of Keras's own layers as data, so that anyone can publish one and anyone can load it.

The data is what Keras's functional configuration says, without anything that names code: inputs, layers by classes of a
closed list (`zoo.layers.plain`), the calls that connect them, in their order, and outputs. A call may read inputs and
earlier calls only, by their numbers, so there are no cycles and no forward references. The network is built by the code
here; Keras deserializes nothing of it. Sizes are computed and bounded before a single weight is made::

    {
     "inputs": [{"name": "dna", "shape": [1024, 4]}],
     "layers": {"conv": {"class": "Conv1D", "arguments": {"filters": 16, "kernel_size": 7}}, …},
     "calls": [["conv", [0]], …],                 call i has the number i + (number of inputs)
     "outputs": [1]                               or {"accessibility": 1, "mappability": 2}
    }
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras

from zoo.errors import InputError
from zoo.layers import plain

_MOST_INPUTS = 64  # of a network, of a call; and outputs
_MOST_CALLS = 4096
_MOST_DEPTH = 512  # Keras walks along it by recursion
_MOST_VALUES = 1 << 30  # of the output of a call, for one window
_MOST_WEIGHTS = 1 << 30


@dataclass(frozen=True)
class NetworkPlan:
    """A checked network before it is built.

    Attributes:
        inputs: name → shape without the batch.
        layers: name → layer without weights.
        calls: (name of a layer, numbers of what it reads).
        outputs: their numbers, by name if they have names.
        weights: how many numbers the weights will be.
    """

    inputs: Mapping[str, tuple[int, ...]]
    layers: Mapping[str, keras.layers.Layer]
    calls: Sequence[tuple[str, Sequence[int]]]
    outputs: Sequence[int] | Mapping[str, int]
    weights: int


def build(inputs: Sequence, layers: Mapping, calls: Sequence, outputs: Sequence | Mapping) -> keras.Model:
    """Build a network from data.

    Args:
        inputs: name and shape of each, without the batch: `{"name": "dna", "shape": (1024, 4)}`.
        layers: name → `{"class": …, "arguments": …}`, as `zoo.layers.plain.make` takes them.
        calls: (name of a layer, numbers of what it reads): inputs come first, then calls in their order.
        outputs: numbers of the outputs, or name → number.

    Returns:
        A functional model with fresh weights; a single output is a tensor, several are a list, named ones a dict.

    Raises:
        InputError: anything that is not in the closed lists, does not fit together, or is too large.
    """
    planned = plan(inputs, layers, calls, outputs)
    tensors = [keras.Input(shape, name=key) for key, shape in planned.inputs.items()]
    begins = tuple(tensors)
    for key, numbers in planned.calls:
        tensors.append(planned.layers[key](_read(planned.layers[key], [tensors[number] for number in numbers])))
    if isinstance(planned.outputs, Mapping):
        ends = {key: tensors[number] for key, number in planned.outputs.items()}
    else:
        ends = [tensors[number] for number in planned.outputs]
    return keras.Model(_one(begins), _one(ends), name="functional")


def count_weights(inputs: Sequence, layers: Mapping, calls: Sequence, outputs: Sequence | Mapping) -> int:
    """How many numbers the weights of a network will be. Arguments and errors as for `build`; nothing is built."""
    return plan(inputs, layers, calls, outputs).weights


def plan(inputs: Sequence, layers: Mapping, calls: Sequence, outputs: Sequence | Mapping) -> NetworkPlan:
    """Check a network, and compute its sizes. Arguments and errors as for `build`."""
    _bounded("inputs", inputs, _MOST_INPUTS)
    _bounded("layers", layers, _MOST_CALLS)
    _bounded("calls", calls, _MOST_CALLS)
    _bounded("outputs", outputs, _MOST_INPUTS)
    begins = _inputs(inputs)
    made = {key: _layer(key, value) for key, value in layers.items()}
    if both := set(made) & set(begins):
        raise InputError("Layers and inputs must have different names", received={"names": sorted(both)})
    called, weights = _calls(begins, made, calls)
    known = len(begins) + len(called)
    for number in outputs.values() if isinstance(outputs, Mapping) else outputs:
        _check_number(number, known, "an output")
    if isinstance(outputs, Mapping):
        outputs = {plain.checked_name(key): number for key, number in outputs.items()}
    return NetworkPlan(begins, made, called, outputs, weights)


def _bounded(what: str, values: object, most: int) -> None:
    if not isinstance(values, (Mapping, tuple, list)) or not 1 <= len(values) <= most:
        raise InputError(
            f"A network must have 1 to {most:,} {what}",
            received={what: len(values) if isinstance(values, (Mapping, tuple, list)) else type(values).__name__},
        )


def _inputs(inputs: Sequence) -> dict[str, tuple[int, ...]]:
    """Name → shape."""
    found: dict[str, tuple[int, ...]] = {}
    for value in inputs:
        if not isinstance(value, Mapping) or set(value) != {"name", "shape"}:
            raise InputError(
                "An input must have a name and a shape",
                example={"name": "dna", "shape": (1024, 4)},
                received={"input": value},
            )
        name, shape = plain.checked_name(value["name"]), value["shape"]
        if name in found:
            raise InputError("Each input must have a name of its own", received={"name": name})
        if not plain.INPUT_SHAPE.fits(shape):
            raise InputError(
                f"The shape of an input must be {plain.INPUT_SHAPE.rule}",
                where=f"input {name}",
                received={"shape": shape},
            )
        found[name] = _checked_shape(f"input {name}", (None, *shape))[1:]
    return found


def _layer(name: str, value: object) -> keras.layers.Layer:
    if not isinstance(value, Mapping) or set(value) != {"class", "arguments"}:
        raise InputError(
            "A layer must have a class and arguments, and nothing else",
            where=f"layer {name}",
            example={"class": "Dense", "arguments": {"units": 1}},
            received={"layer": value},
        )
    return plain.make(value["class"], name, value["arguments"])


def _calls(
    inputs: Mapping[str, tuple[int, ...]], layers: Mapping[str, keras.layers.Layer], calls: Sequence
) -> tuple[list[tuple[str, tuple[int, ...]]], int]:
    """The checked calls, and how many numbers the weights are."""
    shapes, depths = [(None, *shape) for shape in inputs.values()], [0] * len(inputs)
    found, weights = [], {}
    for value in calls:
        name, numbers = _call(value, layers, len(shapes))
        layer = layers[name]
        depths.append(1 + max(depths[number] for number in numbers))
        weights.setdefault(name, plain.count(layer, shapes[numbers[0]]))
        if depths[-1] > _MOST_DEPTH or sum(weights.values()) > _MOST_WEIGHTS:
            raise InputError(
                f"A network must be at most {_MOST_DEPTH} calls deep, and have at most {_MOST_WEIGHTS:,} weights",
                where=f"layer {name}",
                received={"depth": depths[-1], "weights": weights[name]},
            )
        shape = layer.compute_output_shape(_read(layer, [shapes[number] for number in numbers]))
        shapes.append(_checked_shape(f"layer {name}", shape))
        found.append((name, numbers))
    if unused := sorted(set(layers) - set(weights)):
        raise InputError("Every layer of a network must be called", received={"layers": unused[:5]})
    return found, sum(weights.values())


def _call(value: object, layers: Mapping[str, keras.layers.Layer], known: int) -> tuple[str, tuple[int, ...]]:
    """The name of a layer and the numbers of what it reads, of the `known` inputs and calls before."""
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not isinstance(value[0], str):
        raise InputError(
            "A call must be the name of a layer and the numbers of what it reads",
            example=("dense", (3,)),
            received={"call": value},
        )
    name, numbers = value
    if name not in layers:
        raise InputError("A call must be of a layer of the network", received={"layer": name})
    _bounded(f"values that {name} reads", numbers, _MOST_INPUTS if _merges(layers[name]) else 1)
    for number in numbers:
        _check_number(number, known, f"layer {name}")
    return name, tuple(numbers)


def _merges(layer: keras.layers.Layer) -> bool:
    return type(layer).__name__ in plain.MERGING


def _check_number(number: object, known: int, where: str) -> None:
    if type(number) is not int or not 0 <= number < known:
        raise InputError(
            f"What is read must be one of the {known} inputs and calls before, by its number",
            where=where,
            received={"number": number},
        )


def _checked_shape(where: str, shape: object) -> tuple[int | None, ...]:
    """The shape of an array with its windows, if it is whole and not too large."""
    lengths = shape[1:]
    if not all(type(length) is int and length > 0 for length in lengths) or math.prod(lengths) > _MOST_VALUES:
        raise InputError(
            f"The arrays of a network must have 1 to {_MOST_VALUES:,} values for each window",
            where=where,
            received={"shape": shape},
        )
    return shape


def _read(layer: keras.layers.Layer, values: list) -> object:
    """What a layer is called with: a list for one that merges, else the one value."""
    return values if _merges(layer) else values[0]


def _one(values: object) -> object:
    """The only one of some tensors, or all of them."""
    return values if isinstance(values, Mapping) or len(values) > 1 else values[0]


def describe(network: keras.Model) -> dict[str, object]:
    """A functional or sequential network as data: the `config` of `Architecture("functional", config)`.

    Args:
        network: a built `keras.Model` of Keras's own layers.

    Returns:
        The arguments of `build`, plain JSON.

    Raises:
        InputError: what is not in the closed lists; the message names the layer.
    """
    if isinstance(network, keras.Sequential) and network.built:
        network = keras.Model(network.inputs, network.outputs, name=network.name)
    if type(network) is not type(keras.Model(begin := keras.Input((1,)), begin)):
        raise InputError(
            "A network as data must be a functional or sequential model of Keras, built",
            received={"network": type(network).__name__},
            hint="keras.Model(inputs, outputs) makes one",
        )
    described = {operation.name: _layer_data(operation) for operation in network.operations if not _is_input(operation)}
    config = network.get_config()  # only now: it fails for a layer that does not describe itself
    inputs = [_input_data(entry) for entry in _sorted_inputs(config)]
    numbers = {(value["name"], 0): number for number, value in enumerate(inputs)}
    found = {
        "inputs": tuple(inputs),
        "layers": described,
        "calls": _calls_data(config["layers"], numbers),
        "outputs": _outputs_data(config["output_layers"], numbers),
    }
    _check_equal(network, build(**found))
    return found


def _is_input(operation: object) -> bool:
    return type(operation) is keras.layers.InputLayer


def _layer_data(operation: object) -> dict[str, object]:
    if not isinstance(operation, keras.layers.Layer):
        raise InputError(
            "Every operation of a network as data must be a layer",
            where=f"operation {operation.name}",
            received={"class": type(operation).__name__},
            hint="Use layers, such as keras.layers.Add()([a, b]) for a + b",
        )
    kind, arguments = plain.describe(operation)
    return {"class": kind, "arguments": arguments}


def _references(value: object) -> list[tuple]:
    """(layer, node, tensor) of one tensor, or of several, as Keras's configuration has them."""
    return [tuple(value)] if isinstance(value[0], str) else [tuple(item) for item in value]


def _sorted_inputs(config: Mapping) -> list[Mapping]:
    """What the configuration says of the inputs, in the order in which the network takes them."""
    if isinstance(config["input_layers"], Mapping):
        raise InputError(
            "A network as data must take one input or a list of inputs", received={"inputs": [*config["input_layers"]]}
        )
    entries = {entry["name"]: entry["config"] for entry in config["layers"]}
    return [entries[name] for name, *_ in _references(config["input_layers"])]


def _input_data(entry: Mapping) -> dict[str, object]:
    shape = entry["batch_shape"]
    odd = {key: entry[key] for key in ("sparse", "ragged", "optional") if entry.get(key)}
    if odd or entry["dtype"] != "float32" or shape[0] is not None:
        raise InputError(
            "An input of a network as data must be a dense float32 array of any number of windows",
            where=f"input {entry['name']}",
            received={"shape": shape, "dtype": entry["dtype"], **odd},
        )
    return {"name": entry["name"], "shape": tuple(shape[1:])}


def _calls_data(entries: Sequence[Mapping], numbers: dict[tuple[str, int], int]) -> tuple:
    """The calls in an order in which each reads earlier ones; `numbers` gains (layer, node) → number."""
    waiting = [
        (entry["name"], node, _arguments(entry["name"], call))
        for entry in entries
        for node, call in enumerate(entry["inbound_nodes"])
    ]
    calls = []
    while waiting:
        later = []
        for name, node, reads in waiting:
            if all(key in numbers for key in reads):
                calls.append((name, tuple(numbers[key] for key in reads)))
                numbers[name, node] = len(numbers)
            else:
                later.append((name, node, reads))
        waiting = later
    return tuple(calls)


def _arguments(name: str, call: Mapping) -> list[tuple[str, int]]:
    """(layer, node) of each tensor that a call reads."""
    arguments = call["args"]  # Keras notes training=False, too, where nobody gave it
    others = {key: value for key, value in call["kwargs"].items() if value not in (None, False)}
    tensors = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)) else arguments
    if others or not all(isinstance(tensor, Mapping) for tensor in tensors) or len(arguments) > 1:
        raise InputError(
            "A layer of a network as data must be called with tensors alone",
            where=f"layer {name}",
            received={"arguments": len(arguments), **others},
        )
    return [tuple(tensor["config"]["keras_history"][:2]) for tensor in tensors]


def _outputs_data(outputs: object, numbers: Mapping[tuple[str, int], int]) -> tuple[int, ...] | dict[str, int]:
    if isinstance(outputs, Mapping):
        return {key: numbers[tuple(value)[:2]] for key, value in outputs.items()}
    return tuple(numbers[reference[:2]] for reference in _references(outputs))


def _check_equal(network: keras.Model, built: keras.Model) -> None:
    """Raise `InputError` unless both have the same layers in the same order, by which weights are found in a file."""
    one, other = (
        [(layer.name, [tuple(weight.shape) for weight in layer.weights]) for layer in model.layers]
        for model in (network, built)
    )
    if one != other:
        raise InputError(
            "A network must be built from its description with the same layers in the same order",
            received={"differing": [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]][:3]},
        )
