"""The units of a pass: computed in this process or by workers, each to a file in the folder of the job."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from zoo.arguments import names_of
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.files import npz
from zoo.files.atomic import atomic, write_json
from zoo.files.partial import Partial, digest
from zoo.many.models import load
from zoo.many.request import Request
from zoo.many.unit import REQUEST, Unit, request_of, unit_of
from zoo.many.work import Work
from zoo.workers.running import run

_KEPT = 2  # passes that a worker keeps open


@dataclass(frozen=True)
class Place:
    """Where workers find a pass.

    Attributes:
        request: the file of what was asked for, on a disk that every worker sees.
        sha256: of that file, which names the digests of the models and of all that numbers depend on.
    """

    request: str
    sha256: str


def compute_all(
    work: Work,
    output: Partial,
    left: Sequence[Unit],
    executor: Executor | None,
    identity: Mapping[str, object],
    advance: Callable[[int], object],
) -> None:
    """Compute units, here or elsewhere, and keep their files.

    Args:
        work: the pass.
        output: the folder of its job.
        left: the units.
        executor: of `concurrent.futures`, or None to compute here.
        identity: what all units depend on.
        advance: is told how many windows × models were done.
    """
    if executor is None:
        for unit in left:
            keep(output.part(unit.name), work.compute(unit, advance))
        return
    for unit in run(executor, partial(compute, placed(work, output, identity)), left):
        advance(work.windows(unit))


def compute(place: Place, unit: Unit) -> bool:
    """Compute a unit in a worker, and write its file beside the request. Returns whether it was not there.

    Raises:
        InputError: a worker that does not see the folder of the output.
        IntegrityError: a model or a file that is not the same there, or a folder that has other work by now.
    """
    target = Path(place.request).with_name(f"part-{unit.name}")
    if target.is_file():
        return False
    arrays = _opened(place).compute(unit)
    _content(place)
    keep(target, arrays)
    return True


def compute_units(folder: str | Path, units: Sequence[str]) -> int:
    """Compute units of a plan, on any machine that sees the folder, the inputs and the models.

    Args:
        folder: `<output>.partial`, which `predict_many` with a plan made.
        units: their names in the plan. Units that are there already are not computed again.

    Returns:
        How many were computed.

    Raises:
        InputError: a folder or a unit that no plan has; IntegrityError: as for `compute`.
    """
    path = request_of(folder)
    chosen = [unit_of(name) for name in names_of("units", units)]
    place = Place(str(path.absolute()), hashlib.sha256(path.read_bytes()).hexdigest())
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


def placed(work: Work, output: Partial, identity: Mapping[str, object]) -> Place:
    """Write what was asked for into the folder of a job, for workers."""
    path = output.part(REQUEST)
    content = {
        "identity_sha256": digest(identity),
        "networks": {member.name: _digest(member.model) for group in work.groups for member in group.members},
        "sizes": {str(path.absolute()): path.stat().st_size for path in map(Path, work.paths)},
        "request": work.request.to_json(),
    }
    temporary = output.part(f"{REQUEST}.tmp")
    write_json(temporary, content)
    temporary.replace(path)
    return Place(str(path.absolute()), hashlib.sha256(path.read_bytes()).hexdigest())


def _digest(model) -> str:
    return model.provenance()["network_sha256"]


def _content(place: Place) -> bytes:
    """The file of a place, if it is still the same: another call may have begun other work there."""
    path = Path(place.request)
    if not path.is_file():
        raise InputError(
            "The folder of the output must be on a disk that every worker sees, and hold work that is not finished",
            received={"worker": os.uname().nodename, "folder": str(path.parent)},
            hint="Give an output on a shared folder",
        )
    if hashlib.sha256(content := path.read_bytes()).hexdigest() != place.sha256:
        raise IntegrityError("A worker must find the work that it was given in its folder", where=path)
    return content


@lru_cache(_KEPT)
def _opened(place: Place) -> Work:
    """The pass, opened in this process, which does not repeat the warnings of the one that began it."""
    content = json.loads(_content(place))
    for name, size in content["sizes"].items():
        _check_input(Path(name), size)
    request = Request.from_json(content["request"])
    models = load(request.models, request.component)
    _check_models({name: _digest(model) for name, model in models.items()}, content["networks"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        return Work(request, models)


def _check_input(path: Path, size: int) -> None:
    there = path.stat().st_size if path.is_file() else None
    if there != size:
        raise IntegrityError(
            "A worker must see the same files as the process that began the work",
            where=path,
            received={"worker": os.uname().nodename, "bytes": there, "expected": size},
        )


def _check_models(here: Mapping[str, str], expected: Mapping[str, str]) -> None:
    if different := [name for name, digest in expected.items() if here.get(name) != digest]:
        raise IntegrityError(
            "A worker must have the same models as the process that began the work",
            received={"worker": os.uname().nodename, "different": different[:5]},
        )
