"""The part of a configuration that names tracks, peaks and cell types: of models that read several tracks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.data import cells
from zoo.data.cells import Cell
from zoo.data.regions import on_genome
from zoo.errors import InputError, warn
from zoo.genome import doctor, names, sniff
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.porting.expression import CELL_TYPES, COMPONENTS
from zoo.spec import CovariateTable, TrackSpec
from zoo.train import rules as must
from zoo.train.settings import Data, Settings

MOST_BP, MOST_RATIO = 1 << 16, 1000
TRACKS = must.Rule(
    lambda value: isinstance(value, tuple) and all(isinstance(item, TrackSpec) for item in value),
    "a list of tracks: assay, smoothing, read_depth, percentile, fill, name, origin",
)
FILES_BY_NAME = must.Rule(
    lambda value: isinstance(value, Mapping) and all(must.is_text(text) for pair in value.items() for text in pair),
    "a mapping of names to paths",
)


@dataclass(frozen=True)
class Tracks:
    """What a network reads beside DNA, and where that comes from.

    Attributes:
        tracks: in the network's order.
        sources: tracks that only derived ones need.
    """

    tracks: Sequence[TrackSpec]
    sources: Sequence[TrackSpec] = ()

    @property
    def given(self) -> list[TrackSpec]:
        """The tracks that files hold."""
        return [track for track in (*self.tracks, *self.sources) if track.origin != "derived"]

    def of(self, origin: str) -> list[str]:
        """The names of those of the sample, or of the genome."""
        return [track.name for track in self.given if track.origin == origin]

    def conditions(self, meta: str | None, signal: Mapping[str, str] | None) -> dict[str, bool]:
        """Each track that files hold is given once: those of the genome by name, those of samples in the table if there
        is one."""
        wanted = self.of("genome") + ([] if meta else self.of("sample"))
        return {
            "tracks must have names of their own": len({track.name for track in (*self.tracks, *self.sources)})
            == len(self.tracks) + len(self.sources),
            "derived tracks must be of tracks that are given": all(
                set(track.of) <= {other.name for other in self.given} for track in self.tracks
            ),
            f"signal must name the files of {', '.join(wanted) or 'no track'}"
            + (" (those of cell types are in their table)" if meta else ""): set(signal or {}) == set(wanted),
        }


@dataclass(frozen=True)
class Chosen:
    """Cell types as a configuration names them: in a table, or the only one by its files.

    Attributes:
        tracks: what is read.
        factors: what binds.
        covariates: names of the numbers of each cell type.
        meta: the table; or
        name: of the only one,
        signal: name of a track → its file; with a table those of the genome,
        peaks: factor → BED,
        relaxed: the same of all that may be peaks.
    """

    tracks: Tracks
    factors: Sequence[str]
    covariates: Sequence[str]
    meta: str | None
    name: str | None
    signal: Mapping[str, str] | None
    peaks: Mapping[str, str] | None
    relaxed: Mapping[str, str] | None = None

    def cells(self) -> list[Cell]:
        """All of them. Raises `InputError` as `zoo.data.cells.read` does."""
        if self.meta:
            own = self.tracks.of("sample")
            return cells.read(self.meta, own, self.factors, self.covariates, self._known())
        paths = {name: Path((self.signal or {})[name]) for name in self.tracks.of("sample")}
        sides = self.peaks or {}, self.relaxed or {}
        peaks, relaxed = ({factor: Path(path) for factor, path in side.items()} for side in sides)
        numbers = cells.known_row(self.name, self.covariates, self._known()) if self.covariates else ()
        return [Cell(self.name or self.factors[0], paths, peaks, relaxed, numbers)]

    def _known(self) -> CovariateTable | None:
        """FactorNet's rows, if they are asked for and no table has other ones."""
        if not self.covariates or not set(self.covariates) <= set(COMPONENTS):
            return None
        return None if self.meta and cells.has_columns(self.meta, self.covariates) else CELL_TYPES

    def signals(self) -> list[dict[str, Signal]]:
        """Of each cell type: name → file of every track, opened with the value of bases without data."""
        fills = {track.name: track.fill for track in self.tracks.given}
        shared = {name: Signal((self.signal or {})[name], fills[name]) for name in self.tracks.of("genome")}
        return [
            shared | {name: Signal(path, fills[name]) for name, path in cell.signals.items()} for cell in self.cells()
        ]

    def opened(self) -> dict[str, Signal]:
        """All of these files once, by what they are, and peaks that are tracks."""
        found = self.cells()
        named = {
            f"the track {name} of {cell.name}" if name in cell.signals else f"the track {name}": signal
            for cell, signals in zip(found, self.signals(), strict=True)
            for name, signal in signals.items()
        }
        bound = {
            f"the binding track of {cell.name}": Signal(path)
            for cell in found
            for path in cell.peaks.values()
            if path.is_file() and sniff.is_bigwig(path)
        }
        return named | bound

    def table(self) -> tuple[CovariateTable, ...]:
        """The cell types' numbers by name, for the model's spec."""
        if not self.covariates:
            return ()
        known = self._known()
        rows = {cell.name: cell.covariates for cell in self.cells()} if known is None else known.rows
        columns = self.covariates if known is None else known.covariates
        return (CovariateTable(CELL_TYPES.name, tuple(columns), rows),) if set(columns) <= set(self.covariates) else ()


def by_name(value: str | Mapping[str, str] | None, names: Sequence[str]) -> Mapping[str, str] | None:
    """Paths by name: a single path is that of the only name."""
    return {names[0]: value} if isinstance(value, str) and len(names) == 1 else value


def reads_of(
    cell: Cell, signals: Mapping[str, Signal], covariates: Sequence[str], flags: Mapping[str, str] | None
) -> dict[str, object]:
    """What `Model.predict` is given for a cell type."""
    numbers = dict(zip(covariates, cell.covariates, strict=True))
    given = {**numbers, **(flags or {})}
    return {"signal": dict(signals) or None, "covariates": given or None}


def one_or_table(meta: str | None, alone: Mapping[str, object], needed: Sequence[str]) -> dict[str, bool]:
    """Cell types are given one way: in a table, or the only one by its files."""
    given = ", ".join(alone)
    return {
        f"with a table of cell types (meta), {given} must be left out": not (meta and any(alone.values())),
        f"there must be a table of cell types (meta), or {' and '.join(needed)}": bool(
            meta or all(alone[name] for name in needed)
        ),
    }


def network_conditions(data: Data, config: Settings, networks: Sequence[str], known: Sequence[str]) -> dict[str, bool]:
    """The network is one of those of a task, or of another package; its arguments are those of the data.

    Args:
        data: whose `arguments` and `head` follow from it.
        config: with the network.
        networks: of the task.
        known: all networks of this package.
    """
    given, name = config.architecture.config, config.architecture.name
    made = {**data.arguments(given), **data.head(config.architecture)}
    return {
        f"the network must be one of {', '.join(networks)}": name in networks or name not in known,
        f"arguments of the network must be those of the data ({made})": all(
            given.get(key) in (None, value) for key, value in made.items()
        ),
    }


def peaks_of(path: Path, genome: Genome, slop: int = 0) -> list[Interval]:
    """Peaks of a BED file, with some bp more on both sides, by the genome's names. Errors as `on_genome`."""
    sizes = genome.sizes
    return [
        Interval(item.chrom, max(item.start - slop, 0), min(item.end + slop, sizes[item.chrom]))
        for item in on_genome(path, genome)
    ]


def look_at(signals: Sequence[Mapping[str, Signal]], layout: Tracks, chromosomes: Sequence[str]) -> None:
    """Warn of tracks of samples that are not what their specs say, as `zoo doctor` does: before a run, not after it."""
    specs = {track.name: track for track in layout.given if track.origin == "sample"}
    for own in signals:
        for name, spec in specs.items():
            there = list(names.match(chromosomes, own[name].sizes).values())
            for finding in doctor.of_signal(own[name], there, spec):
                if finding.status != doctor.OK:
                    warn(f"{own[name].path}: {finding}")


def check_cell(name: str | None, among: Sequence[Cell], field: str) -> None:
    """Raise `InputError` unless a cell type that a configuration names is there."""
    if name is not None and name not in [cell.name for cell in among]:
        raise InputError(
            f"{field} must name a cell type of the run", received={field: name, "cell types": [c.name for c in among]}
        )
