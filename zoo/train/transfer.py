"""Weights that a run begins with: a network's trunk under a new head, or whatever has the same names and shapes."""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import keras

from zoo.errors import InputError
from zoo.spec import Architecture

if TYPE_CHECKING:
    from zoo.model import Model

Value = TypeVar("Value")

TRUNK = "trunk"
"""Among patterns of layers: all but those of the head."""
_MOST_LISTED = 12  # layers by their names


@dataclass(frozen=True)
class Transfer:
    """What a network has of the model that its run begins with.

    Attributes:
        source: the model.
        taken: layers whose weights were taken over.
        begun: layers whose weights begin at random: those of a new head, or of another name or shape than the model's.
        left: layers of the model that have no counterpart, or whose place is another one's: those of its heads.
        trained: numbers that training changes.
        frozen: numbers that stay as they are.
        changed: arguments of the network, those of its head aside, that are not the model's: "crop: 1024 → 512".
        given: layers of which the task then replaces all weights or a part of them by what its data give.
    """

    source: str
    taken: tuple[str, ...]
    begun: tuple[str, ...]
    left: tuple[str, ...]
    trained: int = 0
    frozen: int = 0
    changed: tuple[str, ...] = ()
    given: tuple[str, ...] = ()

    def counted(self, network: keras.Model) -> "Transfer":
        """With the numbers of parameters that training changes, and that it does not."""
        trained = sum(math.prod(weight.shape) for weight in network.trainable_weights)
        return replace(self, trained=trained, frozen=network.count_params() - trained)

    def __str__(self) -> str:
        changed = f"Arguments that are not that model's: {', '.join(self.changed)}. " if self.changed else ""
        names = ", ".join(self.given)
        given = f"All or part of those of {names} are then replaced by what the data give. " if names else ""
        return (
            f"Weights of {len(self.taken)} layers are those of {self.source} ({self.taken[0]} to {self.taken[-1]}); "
            f"new: {_listed(self.begun)}; not taken over: {_listed(self.left)}. {given}"
            f"{self.trained:,} parameters are trained; {self.frozen:,} are not, statistics of normalizations included. "
            f"{changed}What that model was trained on may include held-out chromosomes."
        )


def member(model: "Model", seed: int) -> "Model":
    """What a run with a seed begins with: the model, or of an ensemble one member, another one for each seed."""
    from zoo.model import Model

    config = model.spec.architecture.config
    if model.spec.architecture.name != "ensemble":
        return model
    network = model.network.get_layer(f"member{seed % config['members'] + 1}")
    one = Architecture(config["of"]["name"], config["of"]["config"], model.spec.architecture.package)
    return Model(replace(model.spec, architecture=one), network)


def _listed(layers: Sequence[str]) -> str:
    """Names of layers; of many the first and the last one."""
    if len(layers) > _MOST_LISTED:
        return f"{len(layers)} layers ({layers[0]} to {layers[-1]})"
    return ", ".join(layers) or "none"


def changed_arguments(now: Architecture, before: Architecture, head: Collection[str]) -> tuple[str, ...]:
    """The arguments of a network that are not those of another one, but for those of its head, with both values."""
    one, other = ({"network": item.name, **item.config} for item in (before, now))
    texts = [
        (key, *(json.dumps(side[key]) if key in side else "default" for side in (one, other)))
        for key in {**one, **other}
        if key not in head
    ]
    return tuple(f"{key}: {old} → {new}" for key, old, new in texts if old != new)


def provenance(own: Mapping[str, str], model: str, before: Mapping[str, str]) -> dict[str, str]:
    """Where a network with weights of another model is from, and its terms: those of both.

    Args:
        own: provenance of the run.
        model: name of the other model.
        before: its provenance.
    """
    cited = dict.fromkeys(text for text in (own["citation"], before.get("citation")) if text)
    kept = {"redistribution": before["redistribution"]} if "redistribution" in before else {}
    return {
        **own,
        "source": f"{own['source']}, from weights of {model}",
        "license": f"{own['license']}; weights of {model}: {before.get('license') or 'not stated'}",
        "citation": "; ".join(cited),
        **kept,
    }


def head_layers(network: keras.Model) -> set[str]:
    """The names of the layers with weights that are the last ones before an output, on each way to it.

    Raises `InputError` if there is none on a way.
    """
    return set().union(*map(_last, keras.tree.flatten(network.output)))


def _last(tensor: keras.KerasTensor) -> set[str]:
    layer = tensor._keras_history.operation
    if getattr(layer, "weights", ()):
        return {layer.name}
    if isinstance(layer, keras.layers.InputLayer):
        raise InputError(
            "A network must end with a layer that has weights, which is its head", received={"last": layer.name}
        )
    return set().union(*map(_last, keras.tree.flatten(layer.input)))


def bin_size_of(network: keras.Model, window: int) -> int | None:
    """bp from a position of the only output to the next, as far as the layers between say; crops do not count.

    None where a layer changes the length by other than a whole factor, or joins tensors of several lengths.
    """
    [tensor] = keras.tree.flatten(network.output)
    size = Fraction(1)
    while (layer := tensor._keras_history.operation) and not isinstance(layer, keras.layers.InputLayer):
        given = keras.tree.flatten(layer.input)
        lengths = {item.shape[1] if len(item.shape) == 3 else None for item in given}
        if len(lengths) != 1 or None in (*lengths, *tensor.shape[1:]):
            return None
        if not isinstance(layer, keras.layers.Cropping1D):
            ratio = Fraction(given[0].shape[1], tensor.shape[1])
            if 1 not in ratio.as_integer_ratio():
                return None
            size *= ratio
        tensor = given[0]
    return int(size) if size.denominator == 1 and tensor.shape[1] == window else None


def trunk(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights that are not of a head."""
    head = head_layers(network)
    return [layer for layer in network.layers if layer.weights and layer.name not in head]


def take_trunk(source: keras.Model, target: keras.Model, name: str) -> Transfer:
    """Give every layer of the trunk of `target` the weights of that of `source` with its name and shapes.

    Raises `InputError` unless both have the same trunk.
    """
    given, wanted = ({layer.name: layer for layer in trunk(network)} for network in (source, target))
    shapes, needed = (
        {key: [tuple(weight.shape) for weight in layer.weights] for key, layer in layers.items()}
        for layers in (given, wanted)
    )
    if shapes != needed or not wanted:
        other = [key for key in {**needed, **shapes} if shapes.get(key) != needed.get(key)]
        raise InputError(
            "A network with a new head must have the trunk of the model that the run begins with: layers of the same "
            "names and shapes",
            received={
                "start_from": name,
                "layers": len(needed),
                "differing": {key: {"network": needed.get(key), "model": shapes.get(key)} for key in other[:3]},
            },
            hint="Leave the architecture out: it is then that of the model",
        )
    for key, layer in wanted.items():
        layer.set_weights(given[key].get_weights())
    heads = [tuple(sorted(head_layers(network))) for network in (target, source)]
    return Transfer(name, tuple(wanted), *heads)


def copyable(source: keras.Model, target: keras.Model) -> dict[str, keras.Layer]:
    """The layers of `source` with weights that `target` has by the same name and with the same shapes, by name."""
    shapes = {layer.name: [weight.shape for weight in layer.weights] for layer in target.layers}
    given = [layer for layer in source.layers if layer.weights]
    return {
        layer.name: layer for layer in given if shapes.get(layer.name) == [weight.shape for weight in layer.weights]
    }


def copy_weights(source: keras.Model, target: keras.Model, name: str) -> Transfer:
    """Give the layers of `target` the weights of those of `source` that have their name and shapes.

    Raises `InputError` if there is none.
    """
    layers = copyable(source, target)
    for layer in layers.values():
        target.get_layer(layer.name).set_weights(layer.get_weights())
    with_weights = [[layer.name for layer in network.layers if layer.weights] for network in (target, source)]
    if not layers:
        raise InputError(
            "A run must begin with weights of a network that has layers of the same names and shapes",
            received={"start_from": name, "layers": with_weights[0][:5]},
        )
    others = [tuple(layer for layer in each if layer not in layers) for each in with_weights]
    return Transfer(name, tuple(layers), *others)


def freeze(network: keras.Model, patterns: Sequence[str]) -> None:
    """Keep the layers whose names match a pattern as they are, of `trunk` all but the head.

    Statistics of their batch normalizations stay, too. Raises `InputError` if a pattern matches none.
    """
    for pattern in patterns:
        for layer in _matching(network, pattern, "frozen"):
            layer.trainable = False


def by_layer(network: keras.Model, values: Mapping[str, Value], what: str) -> dict[str, Value]:
    """Name of a layer that is trained → the value of the last pattern that matches it.

    Args:
        network: whose layers.
        values: pattern, as `freeze` takes them → value.
        what: the values are, for messages.

    Raises:
        InputError: a pattern that matches no layer that is trained.
    """
    found: dict[str, Value] = {}
    for pattern, value in values.items():
        layers = [layer.name for layer in _matching(network, pattern, what) if layer.trainable_weights]
        if not layers:
            raise InputError(
                "A pattern of layers must match one that is trained",
                received={what: pattern},
                hint="A layer that is frozen stays as it is: leave it out of one of both",
            )
        found |= dict.fromkeys(layers, value)
    return found


def thawing(network: keras.Model, thaw: Mapping[str, int]) -> dict[str, int]:
    """Name of a layer → epochs for which it stays frozen before it is trained, too (`by_layer`).

    Raises `InputError` as `by_layer`, or if no layer is trained from the first epoch on.
    """
    found = by_layer(network, thaw, "thaw")
    if found and all(layer.name in found for layer in network.layers if layer.trainable_weights):
        raise InputError(
            "A layer must be trained from the first epoch on",
            example={"thaw": {TRUNK: 3}},
            received={"thaw": dict(thaw)},
        )
    return found


def _matching(network: keras.Model, pattern: str, what: str) -> list[keras.Layer]:
    """The layers whose names match a pattern. Raises `InputError` if there is none."""
    matched = [layer for layer in network.layers if re.fullmatch(pattern, layer.name)]
    if pattern == TRUNK and not matched:
        matched = trunk(network)
    if not matched:
        raise InputError(
            "A pattern of layers must match the name of one, or be trunk for all but the head",
            example="block[12]_.*",
            received={what: pattern, "layers": [layer.name for layer in network.layers if layer.weights]},
        )
    return matched
