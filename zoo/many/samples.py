"""The samples of one pass: a name, the tracks, covariates and what a design says of each."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.paths import user_path
from zoo.arguments import items_of
from zoo.errors import InputError

_NAME = "sample"
SIGNAL = "signal"  # the name of a track that is the only one of its sample
_COVARIATE = "covariate:"  # before the name of one, in a table
_TABLES, _SUFFIXES = (".tsv", ".txt"), (".bw", ".bigwig")
_EXAMPLE = "sample\tsignal\tcondition"


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes:
        name: of its files and columns.
        tracks: name of a track, as models call it → a `.bw` path or a `Signal`; empty for DNA alone.
        covariates: name → value, as for `Model.predict`.
        design: further columns of a table of samples, such as condition and replicate.
    """

    name: str
    tracks: Mapping[str, object] = field(default_factory=dict)
    covariates: Mapping[str, object] = field(default_factory=dict)
    design: Mapping[str, str] = field(default_factory=dict)


def samples_of(given: object) -> tuple[Sample, ...]:
    """Samples as a user gives them.

    Args:
        given: a table (`.tsv`; `read`), a `.bw` path, a sequence of these (named by their stems) or of `Sample`, a
            mapping name → `.bw` path, `Signal` or mapping of tracks, or None for DNA alone.

    Raises:
        InputError: none, something else, or two of one name.
    """
    if given is None:
        return (Sample(""),)
    if isinstance(given, (str, Path)) and Path(given).suffix.lower() in _TABLES:
        found = read(given)
    elif isinstance(given, Mapping):
        found = [Sample(_name(name), _tracks(value)) for name, value in given.items()]
    else:
        items = [given] if isinstance(given, (str, Path)) or hasattr(given, "path") else items_of(given)
        found = [item if isinstance(item, Sample) else _of_path(item) for item in items or ()]
    if not found:
        raise InputError(
            "Samples must be given as tracks, or as a table of them",
            example='samples={"GM12878": "gm12878.bw", "K562": "k562.bw"}',
            received={"samples": given},
        )
    names = [sample.name.lower() for sample in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            "Each of the samples must have a name of its own",
            received={"twice": twice[:5]},
            hint="Give names: NAME=PATH, or a mapping",
        )
    return tuple(found)


def read(path: str | Path) -> list[Sample]:
    """Read a table of samples: tab-separated, with a header.

    The column `sample` has names, `signal` paths of tracks (from the table's own folder); for models of several tracks
    there is a column of paths with the name of each, `signal:NAME`. A column `covariate:NAME` has a number, a BED path
    or the name of a row; every other column is of the design: condition, replicate.

    Raises:
        InputError: no such file, no such columns, or a row with an empty place, by its line.
    """
    path = user_path(path, "samples")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file, delimiter="\t")) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"A table of samples must be readable text: {error}", where=path, example=_EXAMPLE) from None
    header = [name.strip() for name in header]
    if _NAME not in header or len(set(header)) < len(header) or "" in header:
        raise InputError(
            "A table of samples must have a header of different names, one of them sample",
            where=path,
            example=_EXAMPLE,
            received={"columns": header[:8]},
        )
    found = []
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}, line {number}"
        if len(row) != len(header) or not all(cell.strip() for cell in row):
            raise InputError(
                f"A row of samples must have {len(header)} cells, none of them empty",
                where=where,
                received={"row": "\t".join(row)[:80]},
            )
        found.append(_of_row(dict(zip(header, map(str.strip, row), strict=True)), path.parent))
    return found


def _of_row(row: Mapping[str, str], folder: Path) -> Sample:
    tracks, covariates, design = {}, {}, {}
    for column, cell in row.items():
        if column == SIGNAL or column.startswith(f"{SIGNAL}:"):
            tracks[column.removeprefix(f"{SIGNAL}:")] = str(_within(folder, cell))
        elif column.startswith(_COVARIATE):
            covariates[column.removeprefix(_COVARIATE)] = _value(folder, cell)
        elif column != _NAME:
            design[column] = cell
    return Sample(_name(row[_NAME]), tracks, covariates, design)


def _within(folder: Path, text: str) -> Path:
    path = user_path(text, "signal")
    return path if path.is_absolute() else folder / path


def _value(folder: Path, text: str) -> object:
    """A number, a file beside the table, or a name."""
    try:
        return float(text)
    except ValueError:
        path = _within(folder, text)
        return str(path) if path.is_file() else text


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or any(ord(char) < 32 for char in name):
        raise InputError("The name of a sample must be text of a line", example="GM12878", received={"sample": name})
    return name


def _of_path(item: object) -> Sample:
    path = getattr(item, "path", item)
    if not isinstance(path, (str, Path)) or Path(path).suffix.lower() not in _SUFFIXES:
        raise InputError(
            "A sample must be a .bw track, or a mapping must name its tracks",
            example='samples={"GM12878": "gm12878.bw"}',
            received={"sample": item},
        )
    return Sample(_name(Path(path).name.rpartition(".")[0]), _tracks(item))


def _tracks(value: object) -> Mapping[str, object]:
    """The tracks of a sample; one alone is `signal`, whatever the one that a model reads is called."""
    return dict(value) if isinstance(value, Mapping) else {SIGNAL: value}


def design_of(samples: Sequence[Sample]) -> dict[str, list[str]]:
    """Column of the design → what it says of each sample; those that every sample has."""
    shared = [name for name in samples[0].design if all(name in sample.design for sample in samples)]
    return {name: [sample.design[name] for sample in samples] for name in shared}
