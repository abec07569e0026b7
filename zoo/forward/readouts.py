"""What of a network's heads is looked at: a head itself, or a number that several heads give together.

A readout is a line in `READOUTS`: which output it is, and a function of the heads.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

import numpy as np

from zoo.arguments import whole
from zoo.errors import InputError
from zoo.forward import spread as spreads
from zoo.spec import ModelSpec, OutputSpec
from zoo.tables import Table
from zoo.track_table import TrackTable

_SHOWN = 8  # tracks in a message
_INVERSES = {"log1p": "expm1", "log": "exp", "logit": "sigmoid"}  # of transforms, by Keras's names


def untransformed(values, transform: str, pseudocount: float = 0.0, table: TrackTable | None = None):
    """The quantity that a head's values stand for: of a NumPy array or a tensor, the same shape.

    Args:
        table: of the tracks, for the transform "squashed" of NumPy arrays (..., tracks), or (...) of one track.
    """
    if transform == "identity":
        return values
    if transform == "squashed":
        return table.coverage(values)
    if isinstance(values, np.ndarray):
        quantity = 1 / (1 + np.exp(-values)) if transform == "logit" else getattr(np, _INVERSES[transform])(values)
    else:
        from keras import ops

        quantity = getattr(ops, _INVERSES[transform])(values)
    return quantity - pseudocount if pseudocount else quantity


@dataclass(frozen=True)
class Readout:
    """A way to look at a network's heads.

    Attributes:
        name: by which a user asks for it.
        output: what it is of a model; None for a model whose heads do not give it.
        read: heads (name → (batch, bins) or (batch, bins, tracks)) and the spec → the same shape as `output` says.
        explained: name of the head whose contributions are computed where a user names none; None for the readout.
        side_by_side: whether of heads of several windows, one after the other, it gives those of each, so that windows
            that lie side by side can be predicted at once (`zoo.predict.tiles`).
        of_members: whether it reads the heads of an ensemble's members, too (`zoo.forward.members`).
    """

    name: str
    output: Callable[[ModelSpec], OutputSpec | None]
    read: Callable[[Mapping[str, object], ModelSpec], object]
    explained: Callable[[ModelSpec], str | None] = lambda spec: None
    side_by_side: bool = False
    of_members: bool = False


@dataclass(frozen=True)
class Selection:
    """What of a model is predicted, chosen once.

    Attributes:
        readout: how the heads are read.
        output: what it gives; of a single track without the axis of tracks.
        tracks: their places among those of the readout; None for all.
        names: of these tracks; empty for one without a name.
        spread: for each of these whether it is the spread over members instead (`zoo.forward.spread`): then the numbers
            that are read have to be reduced. Empty if none is.
    """

    readout: Readout
    output: OutputSpec
    tracks: tuple[int, ...] | None
    names: tuple[str, ...]
    spread: tuple[bool, ...] = ()

    @property
    def called(self) -> int | None:
        """The place of the only track that a threshold can be of; None if there are several, or there is none."""
        if self.spread:
            return self.spread.index(False) if self.spread.count(False) == 1 else None
        return None if self.output.tracks else 0

    def called_of(self, scores: np.ndarray) -> np.ndarray:
        """(n,) of that track, of (n,) or (n, tracks)."""
        return scores[:, self.called] if self.output.tracks else scores

    def read(self, heads: Mapping[str, object], spec: ModelSpec):
        """Of heads, (batch, bins), or (batch, bins, tracks) if several are chosen."""
        found = self.readout.read(heads, spec)
        if self.tracks is None or self.spread:
            return found
        if not self.output.tracks:
            return found[..., self.tracks[0]]
        from keras import ops

        return ops.take(found, list(self.tracks), axis=-1)

    @classmethod
    def of(cls, spec: ModelSpec, head: object = None, track: object = None, spread: bool = False) -> "Selection":
        """Check a user's choice against a model.

        Args:
            head: the name of a head or of a readout; None for the model's default.
            track: the name of a track, its number from 0, a description ("DNASE:K562"), an assay ("DNASE"), or a
                pattern of names or descriptions ("DNASE:*brain*"); or several of these; None for all.
            spread: whether it may be of the spread over members, of a model that offers it: any of these names and
                ".spread", or "spread" for all, and "mean" for all tracks themselves.

        Raises:
            InputError: the model has no such head or track; the message lists those that it has.
        """
        readout = _readout(spec, spec.prediction.readout if head is None else head)
        output = readout.output(spec)
        if track is None and len(output.tracks) != 1:
            return cls(readout, output, None, output.tracks)
        asked = [0] if track is None else list(track) if isinstance(track, (list, tuple)) else [track]
        find = _places_with_spread if spread and spreads.is_offered(spec) else _places_alone
        places: list[int] = []
        for found in (find(spec, output, item) for item in asked):
            if set(found) <= set(places):
                raise InputError("Each of the tracks must be named once", received={"track": track})
            places += [place for place in found if place not in places]
        if not places:
            raise InputError("At least one track must be named", received={"track": track})
        count = max(len(output.tracks), 1)
        of_spread = tuple(place >= count for place in places)
        places = tuple(place % count for place in places)
        if not output.tracks and not any(of_spread):  # the mean by its name
            return cls(readout, output, None, ())
        chosen = spreads.names(output, places, of_spread)
        table = None if output.table is None else output.table.taken(places)
        named = chosen if len(chosen) > 1 else ()
        output = replace(output, tracks=named, swap=(), table=table)
        if not any(of_spread):
            return cls(readout, output, places, chosen)
        return cls(_of_members(readout, places, of_spread), output, places, chosen, of_spread)

    @classmethod
    def one(cls, spec: ModelSpec, head: object = None, track: object = None) -> "Selection":
        """The same, of exactly one track. Raises `InputError` for several."""
        chosen = cls.of(spec, head, track)
        if chosen.output.tracks:
            raise InputError(
                "One of the tracks must be named",
                example=f'track="{chosen.output.tracks[0]}"',
                received={"head": chosen.output.name, "tracks": list(chosen.output.tracks)[:8]},
            )
        return chosen

    def to_json(self) -> dict[str, object]:
        """What a sidecar says of it."""
        return {"head": self.readout.name, "tracks": list(self.names) or None}


def _readout(spec: ModelSpec, name: object) -> Readout:
    heads = {head.name: head for head in spec.outputs}
    if name is None:
        return of_head(spec.output)
    if isinstance(name, str) and name in heads:
        return of_head(heads[name])
    if isinstance(name, str) and name in READOUTS and READOUTS[name].output(spec) is not None:
        return READOUTS[name]
    known = [*heads, *(key for key, item in READOUTS.items() if item.output(spec) is not None)]
    raise InputError(
        f"The head must be one of those that {spec.name} has: {', '.join(known)}",
        example=f'head="{known[0]}"',
        received={"head": name},
    )


def of_head(head: OutputSpec) -> Readout:
    """A head itself."""
    return Readout(head.name, lambda spec: head, lambda heads, spec: heads[head.name], side_by_side=True)


def _of_members(readout: Readout, tracks: tuple[int, ...], spread: tuple[bool, ...]) -> Readout:
    """The numbers of columns, some of which are of the spread."""

    def read(heads: Mapping[str, object], spec: ModelSpec):
        own, *members = (readout.read(each, spec) for each in (heads, *spreads.heads_of(heads)))
        return spreads.read(own, members, tracks, spread)

    return replace(readout, read=read, of_members=True)


def _places_with_spread(spec: ModelSpec, output: OutputSpec, track: object) -> list[int]:
    """The places that a user means among the tracks and, behind these, their spreads."""
    count = max(len(output.tracks), 1)
    if track == spreads.MEAN:
        return list(range(count))
    if track == spreads.SPREAD:
        return list(range(count, 2 * count))
    if spreads.is_named(track) and output.tracks:
        return [count + place for place in _places(output, track.removesuffix(spreads.SUFFIX))]
    return _places(output, track)


def _places_alone(spec: ModelSpec, output: OutputSpec, track: object) -> list[int]:
    """The same where a spread cannot be meant. Raises `InputError` that says why, if it is."""
    try:
        return _places(output, track)
    except InputError:
        if not spreads.is_named(track):
            raise
    received = {"model": spec.name, "track": track}
    if spreads.is_offered(spec):
        raise InputError("The spread over members must be predicted; all else is of their mean", received=received)
    raise InputError(
        "The spread over members must be that of an ensemble which offers it",
        received=received,
        hint="zoo.ensemble(models, name, spread=True) makes one",
    )


def _places(output: OutputSpec, track: object) -> list[int]:
    """The places of the tracks that a user means."""
    if not isinstance(track, str) and output.tracks:
        return [whole("track", track, 0, len(output.tracks) - 1)]
    described = () if output.table is None else output.table.descriptions
    if isinstance(track, str) and track in output.tracks:
        return [output.tracks.index(track)]
    if isinstance(track, str):
        asked = track.lower()
        assays = [text.partition(":")[0] for text in described]
        for names in (output.tracks, described, assays):
            if found := [place for place, name in enumerate(names) if name.lower() == asked]:
                return found
        named = [(name, *more) for name, *more in zip(output.tracks, *([described] if described else ()), strict=True)]
        if re.search(r"[*?[]", track) and (
            found := [place for place, words in enumerate(named) if any(fnmatchcase(w.lower(), asked) for w in words)]
        ):
            return found
    known = list(dict.fromkeys((*output.tracks, *described)))
    close = get_close_matches(str(track), known, 5, 0.5) if len(known) > _SHOWN else known
    shown = ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
    raise InputError(
        f"The track must be one of those of the head {output.name}: {shown or 'it has one without a name'}",
        received={"track": track},
        hint=f"Closest: {', '.join(close)}" if close and len(known) > _SHOWN else None,
    )


def register(readout: Readout) -> None:
    """Add a readout to those that every model is asked for. Raises `InputError` for a name that is taken."""
    READOUTS.add(readout.name, readout)


def unregister(name: str) -> None:
    """Take back one that was added."""
    READOUTS.remove(name)


def _pair(spec: ModelSpec) -> tuple[OutputSpec, OutputSpec] | None:
    """The head of a profile and that of its total counts, if a model has one of each."""
    kinds = [[head for head in spec.outputs if head.kind == kind] for kind in ("profile", "counts")]
    return (kinds[0][0], kinds[1][0]) if all(len(heads) == 1 for heads in kinds) else None


def _counts_output(spec: ModelSpec) -> OutputSpec | None:
    if (pair := _pair(spec)) is None or pair[0].bins % pair[1].bins:
        return None
    profile, _ = pair
    return replace(profile, name="expected_counts", kind="coverage", transform="identity", quantity="expected counts")


def _expected_counts(heads: Mapping[str, object], spec: ModelSpec):
    """The total times the fraction of each base: softmax over the bins, and over tracks that share one total.

    Where the totals are of several bins, each of these has as many of the profile, which are normalized by themselves.
    """
    from keras import ops

    profile, counts = _pair(spec)
    totals = untransformed(heads[counts.name], counts.transform, counts.pseudocount)
    tracks, of_tracks = max(len(profile.tracks), 1), max(len(counts.tracks), 1)
    within = profile.bins // counts.bins
    logits = ops.reshape(heads[profile.name], (-1, counts.bins, within, tracks))
    if of_tracks == tracks:
        fractions = ops.softmax(logits, axis=2)
    else:
        flat = ops.reshape(logits, (-1, counts.bins, within * tracks))
        fractions = ops.reshape(ops.softmax(flat, axis=2), (-1, counts.bins, within, tracks))
    return ops.reshape(fractions * ops.reshape(totals, (-1, counts.bins, 1, of_tracks)), (-1, *profile.shape))


_OWN = (
    Readout(
        "expected_counts",
        _counts_output,
        _expected_counts,
        explained=lambda spec: _pair(spec)[1].name,
        side_by_side=True,
    ),
)
READOUTS: Table[Readout] = Table("readout", {readout.name: readout for readout in _OWN})
