"""The spread over the members of an ensemble: how its tracks are named, and how it is computed.

It is the population standard deviation of what the members would predict by themselves, in the scale of the output: of
each the mean over views and over windows that overlap is taken before.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.spec import ModelSpec, OutputSpec

MEAN, SPREAD = "mean", "spread"  # all tracks, and all spreads; of a head without names of tracks the names of both
SUFFIX = f".{SPREAD}"  # of the name of a track


def is_offered(spec: ModelSpec) -> bool:
    """Whether predictions of a model may be of the spread."""
    network = spec.architecture
    return network.name == "ensemble" and network.config.get("spread") is True


def is_named(track: object) -> bool:
    """Whether this is the name of a spread, if no track has it."""
    return isinstance(track, str) and (track == SPREAD or track.endswith(SUFFIX))


def clashing(outputs: Sequence[OutputSpec]) -> list[str]:
    """Names of tracks that a spread needs."""
    every = [name for head in outputs for name in head.tracks]
    return [name for name in every if name.lower() == MEAN or is_named(name.lower())]


def names(output: OutputSpec, tracks: Sequence[int], spread: Sequence[bool]) -> tuple[str, ...]:
    """Of columns.

    Args:
        tracks: the place of the track of each.
        spread: whether it is of the spread.
    """
    if not output.tracks:
        return tuple(SPREAD if of_spread else MEAN for of_spread in spread)
    pairs = zip(tracks, spread, strict=True)
    return tuple(output.tracks[place] + (SUFFIX if of_spread else "") for place, of_spread in pairs)


def of_member(head: str, number: int) -> str:
    """The name of a head of a member, from 1."""
    return f"{head} of member {number}"


def read(own, members: Sequence, tracks: Sequence[int], spread: Sequence[bool]):
    """What columns are computed of.

    Args:
        own: (batch, bins) or (batch, bins, tracks) of the ensemble.
        members: the same of each member.
        tracks: the place of the track of each column.
        spread: whether it is of the spread.

    Returns:
        (batch, bins, numbers): of a column of the spread one number for each member, else one.
    """
    from keras import ops

    every = [own, *members]
    every = every if len(own.shape) == 3 else [ops.expand_dims(values, axis=-1) for values in every]
    count = every[0].shape[-1]
    places = [
        count * network + place
        for place, of_spread in zip(tracks, spread, strict=True)
        for network in (range(1, len(every)) if of_spread else [0])
    ]
    return ops.take(ops.concatenate(every, axis=-1), places, axis=-1)


def columns(numbers: int, spread: Sequence[bool]) -> list[int]:
    """The column of each of the numbers that `read` returns."""
    members = (numbers - spread.count(False)) // spread.count(True)
    return [column for column, of_spread in enumerate(spread) for _ in range(members if of_spread else 1)]


def reduced(values: np.ndarray, spread: Sequence[bool]) -> np.ndarray:
    """(…, columns) of the (…, numbers) that `read` returns, float32; of one column (…)."""
    of = np.array(columns(values.shape[-1], spread))
    parts = [values[..., of == column] for column in range(len(spread))]
    found = [
        part.std(axis=-1, dtype=np.float64) if of_spread else part[..., 0]
        for part, of_spread in zip(parts, spread, strict=True)
    ]
    stacked = np.stack(found, axis=-1).astype(np.float32)
    return stacked if len(spread) > 1 else stacked[..., 0]


def heads_of(heads: Mapping[str, object]) -> list[dict[str, object]]:
    """The heads of each member, by the names of the ensemble's, among those of all."""
    found: list[dict[str, object]] = []
    own = [name for name in heads if of_member(name, 1) in heads]
    while of_member(own[0], len(found) + 1) in heads:
        found.append({name: heads[of_member(name, len(found) + 1)] for name in own})
    return found
