"""The units of a pass: computed in this process or by workers, each to a file in the folder of the job."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from zoo.files import npz
from zoo.files.atomic import atomic
from zoo.files.partial import Partial
from zoo.many.models import load
from zoo.many.request import Request
from zoo.many.work import Unit, Work
from zoo.workers.places import Place

_KEPT = 2  # passes that a worker keeps open


def done_by(work: Work, output: Partial, left: Sequence[Unit], executor: Executor | None) -> Iterator[Unit]:
    """Compute units and keep their files; yields each that is done."""
    if executor is None:
        for unit in left:
            keep(output.part(unit.name), work.compute(unit))
            yield unit
        return
    place = Place.of(output, work.request.to_json(), _networks(work), work.reads)
    yield from place.done_by(executor, partial(compute, place), left)


def compute(place: Place, unit: Unit) -> None:
    """Compute a unit in a worker, and keep its part; errors as for `Place.make`."""
    place.make(unit.name, partial(_computed, place, unit))


def _computed(place: Place, unit: Unit) -> Callable[[Path], None]:
    return partial(keep, arrays=_opened(place).compute(unit))


def keep(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep the arrays of a unit; all its scores, if they are among them, in a file of their own, column by column."""
    arrays = dict(arrays)
    if (scores := arrays.pop("scores", None)) is not None:
        with atomic(scores_of(path), path.parent) as temporary:
            scores.astype("<f4").tofile(temporary)
    npz.write(path, arrays)


def scores_of(path: Path) -> Path:
    """Of the file of a unit that of its scores, (columns, bins) float32."""
    return path.with_suffix(".f32")


def column_of(path: Path, column: int, bins: int) -> np.ndarray:
    """(bins,) float32 of a column of a unit that has so many bins."""
    return np.fromfile(scores_of(path), "<f4", bins, offset=4 * column * bins)


def _networks(work: Work) -> dict[str, str]:
    members = [member for group in work.groups for member in group.members]
    return {member.name: member.model.provenance()["network_sha256"] for member in members}


@lru_cache(_KEPT)
def _opened(place: Place) -> Work:
    """The pass, opened in this process."""
    request = Request.from_json(place.read())
    work = Work(request, load(request.models, request.component))
    place.check(_networks(work))
    return work
