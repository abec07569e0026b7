"""The units of a pass: computed in this process or by workers, each to a file in the folder of the job."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from zoo.arguments import names_of
from zoo.errors import InputError
from zoo.files import npz
from zoo.files.atomic import atomic
from zoo.files.partial import Partial
from zoo.many.models import load
from zoo.many.request import Request
from zoo.many.unit import Unit, request_of, unit_of
from zoo.many.work import Work
from zoo.workers.places import Place

_KEPT = 2  # passes that a worker keeps open


def compute_all(
    work: Work, output: Partial, left: Sequence[Unit], executor: Executor | None, advance: Callable[[int], object]
) -> None:
    """Compute units, here or elsewhere, and keep their files.

    Args:
        work: the pass.
        output: the folder of its job.
        left: the units.
        executor: of `concurrent.futures`, or None to compute here.
        advance: is told how many windows × models were done.
    """
    if executor is None:
        for unit in left:
            keep(output.part(unit.name), work.compute(unit, advance))
        return
    place = placed(work, output)
    for unit in place.done_by(executor, partial(compute, place), left):
        advance(work.windows(unit))


def placed(work: Work, output: Partial) -> Place:
    """Write what was asked for into the folder of a job, for workers."""
    return Place.of(output, work.request.to_json(), _networks(work), work.reads)


def compute(place: Place, unit: Unit) -> bool:
    """Compute a unit in a worker, and keep its part; returns whether it was not there. Errors as for `Place.make`."""
    return place.make(unit.name, partial(_computed, place, unit))


def _computed(place: Place, unit: Unit) -> Callable[[Path], None]:
    return partial(keep, arrays=_opened(place).compute(unit))


def compute_units(folder: str | Path, units: Sequence[str]) -> int:
    """Compute units of a plan, on any machine that sees the folder, the inputs and the models.

    Args:
        folder: `<output>.partial`, which `predict_many` with a plan made.
        units: their names in the plan. Units that are there already are not computed again.

    Returns:
        How many were computed.

    Raises:
        InputError: a folder or a unit that no plan has; IntegrityError: as for `Place.make`.
    """
    place = Place.at(request_of(folder))
    chosen = [unit_of(name) for name in names_of("units", units)]
    known = set(_opened(place).units())
    if unknown := [unit.label for unit in chosen if unit not in known]:
        raise InputError("A unit must be one of the plan", received={"units": unknown[:5], "folder": str(folder)})
    return sum(compute(place, unit) for unit in chosen)


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
