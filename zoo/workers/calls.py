"""Calls of a model's methods whose parts other processes compute, and how these repeat them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from zoo.arguments import refuse_together
from zoo.errors import InputError
from zoo.files.atomic import paths_of
from zoo.files.partial import Partial
from zoo.files.progress import Progress
from zoo.workers.executors import check, executor_of
from zoo.workers.places import Place

# Keywords that may be paths.
FILES = ("genome", "signal", "regions", "genes", "blacklist", "covariates", "variants", "peaks", "measured")
_ELSEWHERE = ("executor", "workers", "dask")
_HERE = ("self", "progress", *_ELSEWHERE)  # what of a call does not reach workers
_KEPT = 2  # calls that a worker keeps open
_open: "OrderedDict[Place, Parts]" = OrderedDict()

Save = Callable[[Path], object]  # writes a part
Make = Callable[[range, Callable[[str], Path], Progress], Save]


class Parts(Protocol):
    """Work whose results are kept part by part."""

    def part(self, items: range, place: Callable[[str], Path], bar: Progress) -> Save:
        """Compute the part of some items.

        Args:
            items: their numbers.
            place: name → path of what else is kept in the folder of the job.
            bar: counts items.
        """


class Loaded(Protocol):
    """A model. Attributes: reload: loads it again; None for one that exists in memory only."""

    reload: "Callable[[], Loaded] | None"

    def provenance(self) -> dict:
        """With its name and `network_sha256`."""


class Opening:
    """As the executor of a method: have it return its `Parts` instead of computing them."""


OPENING = Opening()


@dataclass(frozen=True)
class Unit:
    """Some items of a call. Attributes: start, stop: of their numbers; name: of their part."""

    start: int
    stop: int
    name: str


@dataclass(frozen=True, eq=False)
class Call:
    """A call of a model's method.

    Attributes:
        model: whose.
        verb: name of the method.
        arguments: keyword → value, as given.
        elsewhere: executor, workers and dask, as given.
    """

    model: Loaded | None
    verb: str
    arguments: Mapping[str, object]
    elsewhere: Mapping[str, object]

    @classmethod
    def of(cls, verb: str, given: Mapping[str, object]) -> "Call":
        """A call with the method's variables, before there are others than its parameters.

        Raises:
            InputError: an executor without an output, whose folder would hold the parts.
        """
        elsewhere = {name: given[name] for name in _ELSEWHERE}
        call = cls(given["self"], verb, {name: given[name] for name in given if name not in _HERE}, elsewhere)
        if not call.opens:
            check(**elsewhere)
        if given["output"] is None and not call.opens:
            refuse_together("Work without output", elsewhere, 'Give output="out/name", too')
        return call

    @property
    def opens(self) -> bool:
        """Whether a worker wants the `Parts` only."""
        return self.elsewhere["executor"] is OPENING

    def keep(self, job: Partial, left: Mapping[range, Path], make: Make, bar: Progress) -> None:
        """Compute parts, here or elsewhere.

        Args:
            job: at work.
            left: items → file of the parts to compute (`Partial.parts`).
            make: `Parts.part`.
            bar: counts items.

        Raises:
            InputError: arguments that exist in this process only.
            ZooError: as for `Place.done_by`.
        """
        if all(value is None for value in self.elsewhere.values()):
            for items, path in left.items():
                make(items, job.part, bar)(path)
        elif left:
            place = self._place(job)
            with executor_of(**self.elsewhere) as pool:
                units = [Unit(items.start, items.stop, path.name.removeprefix("part-")) for items, path in left.items()]
                for unit in place.done_by(pool, partial(compute, place, self.model.reload, self.verb), units):
                    bar.update(unit.stop - unit.start)

    def _place(self, job: Partial) -> Place:
        if self.model.reload is None:
            raise InputError(
                "The model must be one that zoo.load gave, if other processes compute",
                received={"model": self.model.provenance()["name"]},
                hint="Save it and load the folder",
            )
        plain = {name: _plain(name, value) for name, value in self.arguments.items()}
        files = [value for name, value in plain.items() if name in FILES]
        return Place.of(job, plain, _network(self.model), files)


HERE = Call(None, "", {}, dict.fromkeys(_ELSEWHERE))  # computes in this process


def compute(place: Place, reload: Callable[[], Loaded], verb: str, unit: Unit) -> None:
    """Compute a unit of a call in a worker, and keep its part; errors as for `Place.make`."""
    place.make(unit.name, lambda: _computed(_opened(place, reload, verb), place, unit))


def _computed(parts: Parts, place: Place, unit: Unit) -> Save:
    with Progress("", "", unit.stop - unit.start, shown=False) as bar:
        return parts.part(range(unit.start, unit.stop), place.part, bar)


def _opened(place: Place, reload: Callable[[], Loaded], verb: str) -> Parts:
    """The same call up to its parts, in this process; kept for the next unit."""
    if place not in _open:
        arguments = {name: _tuples(value) for name, value in place.read().items()}
        model = reload()
        place.check(_network(model))
        _open[place] = getattr(model, verb)(**arguments, executor=OPENING, progress=False)
        if len(_open) > _KEPT:
            _open.popitem(last=False)
    _open.move_to_end(place)
    return _open[place]


def _network(model: Loaded) -> dict[str, str]:
    provenance = model.provenance()
    return {provenance["name"]: provenance["network_sha256"]}


def _plain(name: str, value: object) -> object:
    """An argument as JSON has it, with absolute paths. Raises `InputError` for what exists in this process only."""
    if name in FILES and hasattr(value, "path") and not hasattr(value, "fill"):
        value = value.path
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, str) and name in FILES and (there := paths_of(value)):
        return str(there[0].absolute())
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    raise InputError(
        f"The argument {name} must be a path, text or a number, if other processes compute",
        received={name: type(value).__name__},
    )


def _tuples(value: object) -> object:
    """Lists of JSON as tuples, which functions take wherever they take sequences."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value
