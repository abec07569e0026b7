"""Networks of several kinds side by side, each of which reads its part of one window: their mean."""

from collections.abc import Mapping, Sequence

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.columns import Columns
from zoo.spec import BASES, COVARIATES, WINDOW

_MOST = 64
_KEYS = {"name", "config", "tracks", "covariates", "output"}
_NESTED = ("committee", "ensemble")  # which would read the window through others


def build(members: Sequence, window: int = 1002, tracks: int = 2, covariates: int = 0) -> keras.Model:
    """A network that averages others, which may differ.

    Args:
        members: for each `{"name": …, "config": {…}}`, its architecture; `tracks` and `covariates`, the places of those
            that it reads, in its order; `output`, which of its outputs counts, or None if it has one.
        window: length of the input in bp.
        tracks: beside DNA.
        covariates: length of the vector; 0 for none.

    Returns:
        A model of `window` (batch, bp, 4 + tracks), with covariates also `covariates` (batch, covariates) → (batch, 1);
        each member is a layer `member1`, `member2`, … with its own weights.
    """
    from zoo.architectures import build as build_member

    _check(members, tracks, covariates)
    read = keras.Input((window, len(BASES) + tracks), name=WINDOW)
    vector = keras.Input((covariates,), name=COVARIATES) if covariates else None
    found = []
    for i, member in enumerate(members, start=1):
        network = build_member(member["name"], **member["config"])
        columns = [*range(len(BASES)), *(len(BASES) + place for place in member["tracks"])]
        reads = [Columns(columns, name=f"window{i}")(read)]
        if member["covariates"]:
            reads.append(Columns(member["covariates"], name=f"covariates{i}")(vector))
        shapes = [tuple(tensor.shape[1:]) for tensor in network.inputs]
        if shapes != [tuple(tensor.shape[1:]) for tensor in reads]:
            raise InputError(
                "A member must read the window, and the tracks and covariates that it is given",
                received={"member": i, "reads": shapes, "given": [tensor.shape[1:] for tensor in reads]},
            )
        named = keras.Model(network.inputs, network.output, name=f"member{i}")
        found.append(_one(named(reads if len(reads) > 1 else reads[0]), member["output"], i))
    return keras.Model(
        read if vector is None else [read, vector],
        layers.Average(dtype="float32", name="mean")(found),
        name="committee",
    )


def _one(x, output: int | None, number: int):
    """The output of a member that counts, (batch, 1)."""
    count = x.shape[-1]
    if (output is None and count != 1) or (output is not None and output >= count):
        raise InputError(
            "Which of a member's outputs counts must be said, if it has several",
            received={"member": number, "outputs": count, "output": output},
        )
    if output is not None:
        x = Columns([output], name=f"output{number}")(x)
    return layers.Reshape((1,), dtype="float32", name=f"probability{number}")(x)


def _check(members: Sequence, tracks: int, covariates: int) -> None:
    """Raise `InputError` unless members are described, and read what there is."""

    def places(values: object, most: int) -> bool:
        return isinstance(values, (tuple, list)) and all(type(item) is int and 0 <= item < most for item in values)

    described = 1 < len(members) <= _MOST and all(
        isinstance(member, Mapping)
        and set(member) == _KEYS
        and isinstance(member["config"], Mapping)
        and member["name"] not in _NESTED
        and places(member["tracks"], tracks)
        and places(member["covariates"], covariates)
        and (member["output"] is None or (type(member["output"]) is int and 0 <= member["output"] < 1 << 14))
        for member in members
    )
    if not described:
        raise InputError(
            f"A committee must have 2 to {_MOST} members, described by {', '.join(sorted(_KEYS))}",
            example={"name": "factornet", "config": {}, "tracks": [0, 1], "covariates": [], "output": None},
            received={"members": members, "tracks": tracks, "covariates": covariates},
        )
