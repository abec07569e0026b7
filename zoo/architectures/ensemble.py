"""Networks of one kind side by side: folds, or seeds. The output is the mean of theirs."""

from collections.abc import Mapping

import keras

from zoo.errors import InputError
from zoo.layers.mixture import LogMean, LogMixture
from zoo.layers.optional import WithOptional

_MOST = 64
HEADS, EXPECTED_COUNTS = "heads", "expected_counts"  # what is averaged
_PROFILE, _COUNTS = "profile", "counts"  # the heads that give expected counts


def build(
    of: Mapping, members: int = 5, mean: str = HEADS, pseudocount: float = 0.0, spread: bool = False
) -> keras.Model:
    """A network that averages others.

    Args:
        of: `{"name": …, "config": {…}}`, the architecture of each member.
        members: how many.
        mean: of "heads", each by itself; or of "expected_counts", for networks that return a `profile` of logits and
            the logarithm of total `counts`: the counts are then the logarithm of the mean total, and the profile that
            of the mean of expected counts.
        pseudocount: of expected counts, what was added to the total before its logarithm.
        spread: whether predictions offer the spread over the members beside their mean (`zoo.forward.spread`), which
            is computed of the members' own outputs: the network is the same.

    Returns:
        A model with the inputs and the outputs of a member, each a layer `member1`, `member2`, … with its own weights.
    """
    from zoo.architectures import build as build_member

    if not 1 < members <= _MOST:
        raise InputError(f"An ensemble must have 2 to {_MOST} members", received={"members": members})
    if not _is_architecture(of):
        raise InputError(
            "The architecture of the members must be given by name and config",
            example={"name": "maxatac", "config": {}},
            received={"of": of},
        )
    return joined([build_member(of["name"], **of["config"]) for _ in range(members)], mean, pseudocount)


def tiled(config: Mapping[str, object], tiles: int) -> dict[str, object] | None:
    """The arguments of the ensemble whose members predict so many windows at once; None if they cannot."""
    from zoo.architectures import tiled as tiled_member

    of = config.get("of")
    member = tiled_member(of["name"], of["config"], tiles) if _is_architecture(of) else None
    return None if member is None else {**config, "of": {**of, "config": member}}


def _is_architecture(of: object) -> bool:
    """Whether this names a network and its arguments."""
    return isinstance(of, Mapping) and set(of) == {"name", "config"} and isinstance(of["config"], Mapping)


def joined(networks: list[keras.Model], mean: str = HEADS, pseudocount: float = 0.0) -> keras.Model:
    """The same of networks that are there; it shares their weights."""
    first = networks[0]
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in first.inputs]
    by_name = {tensor.name: tensor for tensor in inputs}
    members = [
        keras.Model(_alone(network.inputs), network.output, name=f"member{i}")
        for i, network in enumerate(networks, start=1)
    ]
    outputs = [member(_alone([by_name[tensor.name] for tensor in member.inputs])) for member in members]
    if mean == EXPECTED_COUNTS:
        heads = _expected_counts(first, outputs, pseudocount)
    elif mean != HEADS or pseudocount:
        raise InputError(
            f"The mean of an ensemble must be of {HEADS}, or of {EXPECTED_COUNTS} with a pseudocount",
            received={"mean": mean, "pseudocount": pseudocount},
        )
    elif isinstance(first.output, (dict, list, tuple)):
        heads = {name: _mean(f"mean_{name}", each) for name, each in _by_name(first, outputs).items()}
    else:
        heads = _mean("mean", outputs)
    kind = WithOptional if isinstance(first, WithOptional) else keras.Model
    return kind(_alone(inputs), heads, name="ensemble")


def _alone(tensors: list) -> object:
    """The only one of a list, or all."""
    return tensors[0] if len(tensors) == 1 else tensors


def _by_name(network: keras.Model, outputs: list) -> dict[str, list]:
    """Name of a head → that of each member; heads of a list have the names of the layers that give them."""
    if not isinstance(network.output, dict):
        outputs = [dict(zip(network.output_names, output, strict=True)) for output in outputs]
    return {name: [output[name] for output in outputs] for name in outputs[0]}


def _mean(name: str, tensors: list) -> object:
    return keras.layers.Average(name=name)(tensors)


def _expected_counts(network: keras.Model, outputs: list, pseudocount: float) -> dict[str, object]:
    """The heads of the mean of expected counts."""
    if not isinstance(network.output, dict) or set(network.output) != {_PROFILE, _COUNTS}:
        raise InputError(
            f"Networks whose expected counts are averaged must return {_PROFILE} and {_COUNTS}",
            received={"returned": list(network.output) if isinstance(network.output, dict) else "one output"},
        )
    profiles, counts = ([output[name] for output in outputs] for name in (_PROFILE, _COUNTS))
    return {
        _PROFILE: LogMixture(pseudocount, dtype="float32", name="mean_profile")([*profiles, *counts]),
        _COUNTS: LogMean(dtype="float32", name="mean_counts")(counts),
    }
