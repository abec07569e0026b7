"""What is known of every model without fetching any: the index, what importers tell, folders and mirrors at hand."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import registry
from registry import sources
from registry.schema import Entry, Family
from zoo import folder, porting
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import ModelSpec

_HELD_IN = {"ensemble": "of", "committee": "members"}  # networks made of others, and where these are


@dataclass(frozen=True)
class Described:
    """A model of the registry, as far as it is known here.

    Attributes:
        spec: None for a model that is neither at hand nor known to its importer.
        place: its folder, built in or in the cache, or None.
        table: its thresholds, from its folder or a mirror, or None.
        golden: windows with golden outputs in its folder, or None.
    """

    family: Family
    entry: Entry
    spec: ModelSpec | None
    place: Path | None
    table: ThresholdTable | None
    golden: int | None = None

    @property
    def name(self) -> str:
        """`family/MODEL`."""
        return self.entry.name

    @cached_property
    def figures(self) -> Mapping[str, float]:
        """Name → value: metrics and facts of the folder or, what that lacks, of the index."""
        return {**self.entry.facts, **(self.spec.metrics if self.spec else {})}

    @property
    def network(self) -> str | None:
        """The name of its network; of an ensemble, of its members' network."""
        name, config = (self.spec.architecture.name, self.spec.architecture.config) if self.spec else (None, {})
        while name in _HELD_IN:
            inner = config[_HELD_IN[name]]
            inner = inner if isinstance(inner, Mapping) else inner[0]
            name, config = inner["name"], inner["config"]
        return name

    @property
    def where(self) -> str:
        """Where `zoo.load` takes it from."""
        if self.place is None:
            return "downloaded from the authors' release at the first use" if self.family.upstream else "not at hand"
        return "ships with the package" if registry.builtin(self.family, self.entry) else "in the cache"

    def score(self, *names: str) -> float | None:
        """The first figure that it has of these."""
        return next((self.figures[name] for name in names if name in self.figures), None)

    @property
    def best_f1(self) -> float | None:
        """The best F1 of the index, or of the threshold table."""
        if (known := self.score("best_f1")) is not None or self.table is None:
            return known
        try:
            return self.table.best_f1().f1
        except InputError:
            return None


def collect(pattern: str = "*") -> list[Described]:
    """The models whose names match a pattern, in the index's order; nothing is fetched.

    A folder or a mirror that is damaged raises a `ZooWarning`, and the model is described without it. Raises
    `InputError` if no name matches.
    """
    if not (entries := registry.list_models(pattern)):
        raise InputError("A pattern must match a model", example="maxatac/FOX*", received={"pattern": pattern})
    return [_described(registry.families()[entry.name.split("/")[0]], entry) for entry in entries]


def _described(family: Family, entry: Entry) -> Described:
    place = registry.builtin(family, entry) or registry.place_of(family, entry)
    place = place if place.is_dir() else None
    spec = table = golden = None
    try:
        spec = folder.read_spec(place) if place else _told(family, entry)
        table = folder.read_thresholds(place) if place else None
        golden = len(folder.read_golden(place, spec).inputs) if place else None
        if table is None and (path := sources.mirrored(family, entry, "thresholds")) is not None:
            table = ThresholdTable.read(path)
    except IntegrityError as error:
        warnings.warn(f"{entry.name} is described without what is damaged. {error}", ZooWarning, stacklevel=2)
    return Described(family, entry, spec, place, table, golden)


def _told(family: Family, entry: Entry) -> ModelSpec | None:
    """The spec that a family's importer knows without a file."""
    return porting.find(family.porting, family.family).spec_of(family, entry) if family.porting else None
