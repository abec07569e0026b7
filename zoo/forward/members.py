"""An ensemble whose members are seen: a network that returns what each of them does beside their mean."""

from dataclasses import replace

import keras

from zoo.errors import IntegrityError
from zoo.forward.heads import outputs_of
from zoo.forward.spread import of_member
from zoo.layers.optional import WithOptional
from zoo.spec import ModelSpec

_MEMBER = "member"  # and a number from 1, what `zoo.architectures.ensemble` calls them


def opened(network: keras.Model, spec: ModelSpec) -> tuple[keras.Model, ModelSpec]:
    """The network, which shares all layers, and its spec: each head is there for each member, too.

    Raises `IntegrityError` for a network that is no ensemble.
    """
    calls = _calls(network)
    if len(calls) < 2:
        raise IntegrityError(
            f"The network of an ensemble must have its members as layers, {_MEMBER}1, {_MEMBER}2, …",
            where=spec.name,
            received={"layers": [layer.name for layer in network.layers][:8]},
        )
    heads, outputs = outputs_of(network, spec, network.output), []
    for number, (member, given) in enumerate(calls, start=1):
        for name, tensor in outputs_of(member, spec, given).items():
            heads[of_member(name, number)] = tensor
        outputs += [replace(head, name=of_member(head.name, number), kind="other") for head in spec.outputs]
    kind = WithOptional if isinstance(network, WithOptional) else keras.Model
    return kind(network.inputs, heads, name=network.name), replace(spec, outputs=(*spec.outputs, *outputs))


def _calls(network: keras.Model) -> list[tuple[keras.Model, object]]:
    """The members in their order, and what each returns within the network."""
    nodes = [node for some in network._nodes_by_depth.values() for node in some if not node.is_input]
    found = {node.operation.name: node for node in nodes if isinstance(node.operation, keras.Model)}
    calls = []
    while (node := found.get(f"{_MEMBER}{len(calls) + 1}")) is not None:
        given = keras.tree.pack_sequence_as(node.operation.output, node.outputs)
        calls.append((node.operation, given))
    return calls
