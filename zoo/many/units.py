"""The units of a pass: computed in this process or by workers, each to a file in the folder of the job."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from zoo.errors import InputError, IntegrityError
from zoo.files import npz
from zoo.files.atomic import atomic, write_json
from zoo.files.partial import Partial
from zoo.many.models import load
from zoo.many.request import Request
from zoo.many.work import Unit, Work
from zoo.workers.running import run

_REQUEST = "request.json"
_KEPT = 2  # passes that a worker keeps open


@dataclass(frozen=True)
class Place:
    """Where workers find a pass, and what it is.

    Attributes:
        request: the file of `Request.to_json`, on a disk that every worker sees.
        sha256: of that file.
        networks: name of a model → the digest of its network.
        sizes: path of an input → bytes.
    """

    request: str
    sha256: str
    networks: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[str, int], ...]


def done_by(work: Work, output: Partial, left: Sequence[Unit], executor: Executor | None) -> Iterator[Unit]:
    """Compute units and keep their files; yields each that is done."""
    if executor is None:
        for unit in left:
            keep(output.part(unit.name), work.compute(unit))
            yield unit
        return
    yield from run(executor, partial(compute, _placed(work, output)), left)


def compute(place: Place, unit: Unit) -> None:
    """Compute a unit in a worker, and write its file beside the request.

    Raises:
        InputError: a worker that does not see the folder of the output.
        IntegrityError: a model or a file that is not the same there.
    """
    target = Path(place.request).with_name(f"part-{unit.name}")
    if not target.is_file():
        keep(target, _opened(place).compute(unit))


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


def _placed(work: Work, output: Partial) -> Place:
    path = output.part(_REQUEST)
    temporary = output.part(f"{_REQUEST}.tmp")
    write_json(temporary, work.request.to_json())
    temporary.replace(path)
    networks = tuple((member.name, _digest(member.model)) for group in work.groups for member in group.members)
    sizes = tuple((str(path.absolute()), path.stat().st_size) for path in map(Path, work.paths))
    return Place(str(path.absolute()), hashlib.sha256(path.read_bytes()).hexdigest(), networks, sizes)


def _digest(model) -> str:
    return model.provenance()["network_sha256"]


@lru_cache(_KEPT)
def _opened(place: Place) -> Work:
    """The pass, opened in this process."""
    path = Path(place.request)
    if not path.is_file():
        raise InputError(
            "The folder of the output must be on a disk that every worker sees",
            received={"worker": os.uname().nodename, "folder": str(path.parent)},
            hint="Give an output on a shared folder",
        )
    if hashlib.sha256(content := path.read_bytes()).hexdigest() != place.sha256:
        raise IntegrityError("A worker must read the request of the work that it is given", where=path)
    for name, size in place.sizes:
        _check_input(Path(name), size)
    request = Request.from_json(json.loads(content))
    models = load(request.models, request.component)
    _check_models({name: _digest(model) for name, model in models.items()}, dict(place.networks))
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
