"""Cell types that a model of several tracks is trained on, and their tracks as those of one long genome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.data.meta import rows
from zoo.data.slabs import BinTrack
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.inputs.tracks import Derived, Track
from zoo.spec import CovariateTable, TrackSpec

NAME, PEAKS, RELAXED = "Cell_Line", "Peaks", "Relaxed"
"""Columns of the table of cell types. Of several factors each has its own: `Peaks_CTCF`, `Relaxed_CTCF`."""
_LABEL, _TRAIN = "Train_Test_Label", "Train"  # a column that there may be, and the rows that then count
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Cell:
    """A cell type.

    Attributes:
        name: by which messages, metrics and tables of covariates call it.
        signals: name of a track of the sample → bigWig.
        peaks: factor → BED, of the factors that were measured in it.
        relaxed: factor → BED of all that may be peaks; those of `peaks` where it has none.
        covariates: its numbers, in the network's order.
    """

    name: str
    signals: Mapping[str, Path]
    peaks: Mapping[str, Path]
    relaxed: Mapping[str, Path] = field(default_factory=dict)
    covariates: tuple[float, ...] = ()


def read(
    path: str | Path,
    signals: Sequence[str],
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    known: CovariateTable | None = None,
) -> list[Cell]:
    """The rows of a tab-separated table of cell types, files relative to its folder.

    Its columns are Cell_Line; one for each track of the sample, by its name; Peaks, and Relaxed if there is one, or of
    several factors Peaks_FACTOR and Relaxed_FACTOR; one for each covariate, unless `known` has them. With a column
    Train_Test_Label only rows with Train count. A factor that was not measured in a cell type has an empty cell.

    Args:
        path: the table.
        signals: names of the tracks that each cell type has of its own.
        factors: what binds.
        covariates: names of the numbers that each cell type has.
        known: rows of these numbers by the names of cell types, for a table that lacks their columns.

    Raises:
        InputError: a missing column; files that are missing, cell types that occur twice, that have no peaks, or whose
            numbers are not known (all are listed); or no row.
    """
    columns = _peak_columns(factors)
    given = {name: name for name in covariates} if known is None else {}
    cells: dict[str, Cell] = {}
    problems: list[str] = []
    for row, where in rows(path, (NAME, *signals, *given), "The table of cell types"):
        if row.get(_LABEL, _TRAIN) != _TRAIN:
            continue
        line, name, folder = where.rsplit(", ", 1)[-1], row[NAME], user_path(path).parent
        if not name or name in cells:
            problems.append(f"{line}: {NAME} {name!r} " + ("occurs twice" if name else "is empty"))
        kinds = {what: _files(row, columns[what], folder) for what in (PEAKS, RELAXED)}
        tracks = {track: _file(row[track], folder) for track in signals}
        asked = {**tracks, **{columns[what][key]: at for what, found in kinds.items() for key, at in found.items()}}
        problems += [f"{line}: {what} {row[what]!r} of {name}" for what, file in asked.items() if file is None]
        if not kinds[PEAKS]:
            problems.append(f"{line}: no peaks of {name} ({' or '.join(columns[PEAKS].values())})")
        numbers = _numbers(row, name, covariates, known)
        if isinstance(numbers, str):
            problems.append(f"{line}: {numbers}")
            numbers = ()
        cells[name] = Cell(name, tracks, kinds[PEAKS], kinds[RELAXED], numbers)
    if problems:
        more = {"more": len(problems) - _MOST_SHOWN} if len(problems) > _MOST_SHOWN else {}
        raise InputError(
            "The table of cell types must have each cell type once, with its files and numbers",
            where=path,
            received={"problems": problems[:_MOST_SHOWN], **more},
            hint="Paths are relative to the folder of the table"
            + (f"; a column for each of {', '.join(covariates)} gives other numbers" if covariates else ""),
        )
    if not cells:
        raise InputError("The table of cell types must have a row to train on", where=path)
    return list(cells.values())


def has_columns(path: str | Path, wanted: Sequence[str]) -> bool:
    """Whether a table of cell types has all of some columns. Raises `InputError` if it cannot be read."""
    first = next(rows(path, (NAME,), "The table of cell types"), None)
    return first is not None and set(wanted) <= set(first[0])


def known_row(name: str | None, covariates: Sequence[str], known: CovariateTable | None) -> tuple[float, ...]:
    """The numbers of one cell type that is in no table. Raises `InputError` if they are not known."""
    numbers = _numbers({}, str(name), covariates, known)
    if isinstance(numbers, str):
        raise InputError(
            "The covariates of a cell type must be known by its name, or be in a table of cell types (meta)",
            example=next(iter(known.rows)) if known else None,
            received={"cell_type": name, "covariates": list(covariates), "known": list(known.rows) if known else []},
        )
    return numbers


def _peak_columns(factors: Sequence[str]) -> dict[str, dict[str, str]]:
    """PEAKS or RELAXED → factor → its column."""
    if len(factors) == 1:
        return {what: {factors[0]: what} for what in (PEAKS, RELAXED)}
    return {what: {factor: f"{what}_{factor}" for factor in factors} for what in (PEAKS, RELAXED)}


def _files(row: Mapping[str, str], columns: Mapping[str, str], folder: Path) -> dict[str, Path | None]:
    """Factor → the file of its column, None if it is not there; without those whose cell is empty."""
    return {factor: _file(row[column], folder) for factor, column in columns.items() if row.get(column)}


def _file(name: str, folder: Path) -> Path | None:
    path = folder / user_path(name, "table") if name else folder
    return path if path.is_file() else None


def _numbers(
    row: Mapping[str, str], name: str, covariates: Sequence[str], known: CovariateTable | None
) -> tuple[float, ...] | str:
    """The numbers of a cell type, or what is wrong with them."""
    if not covariates:
        return ()
    if known is not None:
        if name not in known.rows:
            return f"no row of {', '.join(covariates)} is known for {name}; of {', '.join(known.rows)} there is one"
        return tuple(known.rows[name][known.covariates.index(item)] for item in covariates)
    texts = {item: row.get(item, "") for item in covariates}
    try:
        numbers = tuple(map(float, texts.values()))
    except ValueError:
        return f"{texts} of {name} are no numbers"
    return numbers if np.isfinite(numbers).all() else f"{texts} of {name} are not finite"


def tracks_of(
    specs: Sequence[TrackSpec], sources: Sequence[TrackSpec], signals: Mapping[str, Signal], genome: Genome
) -> tuple[Track | Derived, ...]:
    """What a network reads of one cell type.

    Args:
        specs: its tracks, in the network's order.
        sources: tracks that only derived ones need.
        signals: name → file of every track that is not derived.
        genome: whose names of chromosomes they are read by.

    Raises `GenomeMismatch` for a file that has no chromosome of the genome.
    """
    given = {
        spec.name: Track(spec, signals[spec.name], _names(genome, signals[spec.name]))
        for spec in (*specs, *sources)
        if spec.origin != "derived"
    }
    return tuple(
        Derived(spec, tuple(given[name] for name in spec.of)) if spec.origin == "derived" else given[spec.name]
        for spec in specs
    )


def _names(genome: Genome, signal: Signal) -> dict[str, str]:
    return names.check_shared(genome.sizes, signal.sizes, str(genome.path), str(signal.path))


class CellGenome:
    """Chromosomes of several cell types, each by a name of its own: sequence and tracks as `Slabs` reads them.

    A window is so read from the tracks of its cell type, and from no other's.

    Args:
        genome: the sequence.
        tracks: of each cell type, what the network reads.
        labels: of each cell type one more, if there is one.

    Attributes:
        tracks: of all of them.
    """

    def __init__(
        self,
        genome: Genome,
        tracks: Sequence[Sequence[Track | Derived]],
        labels: Sequence[BinTrack] = (),
    ) -> None:
        self._genome, self._tracks, self._labels = genome, tracks, labels
        count = len(tracks[0]) if tracks else 0
        self.tracks = [BinTrack([self._reader(place)], np.float32) for place in range(count)]
        if labels:
            self.tracks.append(BinTrack([self._label], labels[0].dtype))

    def codes(self, place: str, start: int, end: int) -> np.ndarray:
        """Base codes of a stretch."""
        return self._genome.codes(split(place)[1], start, end)

    def _reader(self, number: int):
        def read(place: str, start: int, end: int, size: int) -> np.ndarray:
            cell, chrom = split(place)
            return self._tracks[cell][number].values(chrom, start, end)

        return read

    def _label(self, place: str, start: int, end: int, size: int) -> np.ndarray:
        cell, chrom = split(place)
        return self._labels[cell].samples[0](chrom, start, end, size)


def place(cell: int, chrom: str) -> str:
    """The name of a chromosome of a cell type."""
    return f"{cell} {chrom}"


def split(name: str) -> tuple[int, str]:
    """Cell type and chromosome of a name."""
    cell, _, chrom = name.partition(" ")
    return int(cell), chrom
