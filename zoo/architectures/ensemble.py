"""Networks of one kind side by side: folds, or seeds. The output is the mean of theirs."""

from collections.abc import Mapping

import keras

from zoo.errors import InputError

_MOST = 64


def build(of: Mapping, members: int = 5) -> keras.Model:
    """A network that averages others, head by head.

    Args:
        of: `{"name": …, "config": {…}}`, the architecture of each member.
        members: how many.

    Returns:
        A model with the inputs and the outputs of a member, each a layer `member1`, `member2`, … with its own weights.
    """
    from zoo.architectures import build as build_member

    if not 1 < members <= _MOST:
        raise InputError(f"An ensemble must have 2 to {_MOST} members", received={"members": members})
    if set(of) != {"name", "config"} or not isinstance(of["config"], Mapping):
        raise InputError(
            "The architecture of the members must be given by name and config",
            example={"name": "maxatac", "config": {}},
            received={"of": of},
        )
    return joined([build_member(of["name"], **of["config"]) for _ in range(members)])


def tiled(config: Mapping[str, object], tiles: int) -> dict[str, object] | None:
    """The arguments of the ensemble whose members predict so many windows at once; None if they cannot."""
    from zoo.architectures import tiled as tiled_member

    of = config["of"]
    member = tiled_member(of["name"], of["config"], tiles)
    return None if member is None else {**config, "of": {**of, "config": member}}


def joined(networks: list[keras.Model]) -> keras.Model:
    """The same of networks that are there; it shares their weights."""
    first = networks[0]
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in first.inputs]
    by_name = {tensor.name: tensor for tensor in inputs}
    members = [
        keras.Model(network.inputs, network.output, name=f"member{i}") for i, network in enumerate(networks, start=1)
    ]
    outputs = [member([by_name[tensor.name] for tensor in member.inputs]) for member in members]
    mean = keras.layers.Average
    if isinstance(first.output, dict):
        heads = {name: mean(name=f"mean_{name}")([output[name] for output in outputs]) for name in first.output}
        return keras.Model(inputs, heads, name="ensemble")
    return keras.Model(inputs, mean(name="mean")(outputs), name="ensemble")
