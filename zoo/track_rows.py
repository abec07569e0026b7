"""The tracks that a model predicts, to choose from: of networks with thousands of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo import loading
from zoo.errors import InputError
from zoo.forward.readouts import Selection
from zoo.notebook.rows import Rows
from zoo.spec import ModelSpec, OutputSpec


@dataclass(frozen=True)
class TrackRow:
    """A track.

    Attributes:
        head: that it is of.
        number: from 0, of the head's tracks.
        name: by which it is asked for.
        description: assay and sample; empty if they are not known.
        scale: what the coverage was multiplied by, if it is known.
        statistic: how the coverage of bases became that of a bin, if it is known.
        other_strand: the name of the track that has the other strand's reads, of a pair.
    """

    head: str
    number: int
    name: str
    description: str = ""
    scale: float | None = None
    statistic: str | None = None
    other_strand: str | None = None


class Tracks(Rows[TrackRow]):
    """Tracks of a model, a list that is shown as a table."""

    what = "tracks"
    columns = ("head", "number", "name", "description", "scale", "statistic", "other strand")

    def cells(self, item: TrackRow) -> Sequence[object]:
        """Those of a track."""
        return (item.head, item.number, item.name, item.description, item.scale, item.statistic, item.other_strand)


def tracks(name: str | Path, track: str | int | Sequence[str | int] | None = None, head: str | None = None) -> Tracks:
    """List the tracks of a model, without loading it.

    Args:
        name: of the model, as for `zoo.load`.
        track: which ones, as `Model.predict` takes them: a name, a number, a description ("DNASE:K562"), an assay
            ("DNASE"), a pattern ("DNASE:*brain*"), or several of these; default all.
        head: of which head; default every one that has such tracks.

    Raises:
        InputError: no such model, head or track; the message lists the closest ones.
    """
    spec = loading.spec_of(name)
    if head is not None:
        Selection.of(spec, head)  # says which heads there are
    heads = [each for each in spec.outputs if each.tracks and head in (None, each.name)]
    if not heads:
        raise InputError(
            "The model must have tracks by names", received={"model": spec.name, "head": head or spec.output.name}
        )
    if track is None:
        return Tracks(row for each in heads for row in _rows(each, range(len(each.tracks))))
    asked = track if isinstance(track, (list, tuple)) else [track]
    return Tracks(dict.fromkeys(row for item in asked for row in _of_any(spec, heads, item)))


def _of_any(spec: ModelSpec, heads: Sequence[OutputSpec], track: object) -> list[TrackRow]:
    """What one of a user's words means, of every head that has it. Raises `InputError` if none has."""
    found, refused = [], None
    for head in heads:
        try:
            found += _rows(head, Selection.of(spec, head.name, [track]).tracks)
        except InputError as error:
            refused = refused or error
    if not found:
        raise refused
    return found


def _rows(head: OutputSpec, places: Sequence[int]) -> Iterator[TrackRow]:
    columns = {} if head.table is None else head.table.columns
    known = {"description": "descriptions", "scale": "scales", "statistic": "statistics"}
    for place in places:
        told = {key: columns[name][place] for key, name in known.items() if columns.get(name)}
        partner = head.swap[place] if head.swap else place
        other = None if partner == place else head.tracks[partner]
        yield TrackRow(head.name, place, head.tracks[place], **told, other_strand=other)
