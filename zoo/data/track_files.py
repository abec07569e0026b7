"""The table of tracks that a network learns to predict: a name and a file for each, and how its coverage is scaled.

Calico's own tables (`targets.txt` of Basenji2, Enformer and Borzoi) are such tables, with paths of bigWig files.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.paths import user_path
from zoo.data.meta import rows
from zoo.errors import InputError
from zoo.track_table import ROOTED, STATISTICS, TrackTable

_WHAT = "The table of tracks"
_NAMES, _FILE = ("identifier", "name"), "file"
_INDEX = ("index", "")  # the latter as pandas writes it
_COLUMNS = (*_NAMES, "description", "clip", "clip_soft", "scale", "sum_stat", "strand_pair", *_INDEX, "genome")
_OTHER_NAMES = {"avg": "mean", "avg_sqrt": "mean_sqrt"}  # of statistics, in Calico's programs
_SHOWN = 20


@dataclass(frozen=True)
class TrackFiles:
    """Tracks in the order of the table.

    Attributes:
        names: of the tracks, each another one.
        files: a bigWig each.
        swap: for each track the place of that of the other strand; empty if each stays what it is.
        table: their scale.
    """

    names: tuple[str, ...]
    files: tuple[str, ...]
    swap: tuple[int, ...]
    table: TrackTable


def read(path: str | Path, squash: str | None = None) -> TrackFiles:
    """Read a tab-separated table with a header.

    Its columns are `identifier` or `name`, `file` (paths are relative to the table's folder) and, if need be,
    `description`, `clip`, `clip_soft`, `scale` (default 1), `sum_stat` (default sum; avg is mean) and `strand_pair`:
    the number of a track in the column `index` (or of its row, from 0), or its name. A column has a value in each row.

    Args:
        path: of the table.
        squash: as for `TrackTable`; needs soft clips.

    Raises:
        InputError: no such table; the message has all rows that are wrong, by their lines.
    """
    found = list(rows(path, (_FILE,), _WHAT, _COLUMNS))
    if not found:
        raise InputError(f"{_WHAT} must have a track", where=path)
    columns = {name: [row[name].strip() for row, _ in found] for name in found[0][0]}
    lines = [int(where.rpartition(" ")[2]) for _, where in found]
    problems = _Problems(str(path), lines)
    names = _names(columns, problems)
    clips, soft_clips, scales = (
        problems.numbers(name, columns.get(name, ()), name == "scale") for name in ("clip", "clip_soft", "scale")
    )
    statistics = _statistics(columns.get("sum_stat", ()), problems)
    problems.add("file", columns[_FILE], list(map(bool, columns[_FILE])), "a path")
    swap = _swap(columns, names, problems)
    problems.raise_any()
    if squash is None and (soft_clips or set(statistics) & set(ROOTED)):
        raise InputError(
            "The squash must be chosen for tracks with a soft clip, or a root as their statistic",
            where=path,
            example="squash: power",
            hint="--squash power is that of Borzoi's weights, --squash root that of Borzoi Prime's",
        )
    folder = user_path(path, "table").absolute().parent
    table = TrackTable(
        descriptions=tuple(columns.get("description", ())),
        scales=scales or (1.0,) * len(names),
        clips=clips,
        soft_clips=soft_clips,
        statistics=statistics or ("sum",) * len(names),
        squash=squash,
    )
    return TrackFiles(
        tuple(names), tuple(str(folder / user_path(file, "file")) for file in columns[_FILE]), swap, table
    )


class _Problems:
    """What is wrong with the cells of a table, by line."""

    def __init__(self, path: str, lines: Sequence[int]) -> None:
        self.path, self._lines, self._found = path, lines, []

    def add(self, column: str, cells: Sequence[str], right: Sequence[bool], words: str) -> None:
        """Note the cells of a column that are not right."""
        self._found += [
            (line, f"line {line}: {column} must be {words}, not {cell[:80]!r}")
            for line, cell, holds in zip(self._lines, cells, right, strict=False)
            if not holds
        ]

    def numbers(self, column: str, cells: Sequence[str], positive: bool) -> tuple[float, ...]:
        """The numbers of a column; none if the table lacks it, or leaves all of it empty."""
        if not any(cells):
            return ()
        values = list(map(_number, cells))
        right = [value is not None and (value > 0 if positive else value >= 0) for value in values]
        self.add(column, cells, right, "a number above 0" if positive else "a number of 0 or more")
        return tuple(value or 0.0 for value in values)

    def raise_any(self) -> None:
        """Raise `InputError` that lists what was noted, if anything was."""
        if messages := [message for _, message in sorted(self._found)]:
            more = {"more": len(messages) - _SHOWN} if len(messages) > _SHOWN else {}
            raise InputError(
                f"{_WHAT} must have a valid row for each track, and each of its columns a value in every row",
                where=self.path,
                received={"problems": messages[:_SHOWN], **more},
            )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _statistics(cells: Sequence[str], problems: _Problems) -> tuple[str, ...]:
    """Those of the bins; none if the table lacks the column, or leaves all of it empty."""
    if not any(cells):
        return ()
    found = [_OTHER_NAMES.get(cell, cell) for cell in cells]
    problems.add("sum_stat", cells, [item in STATISTICS for item in found], f"one of {', '.join(STATISTICS)}")
    return tuple(found)


def _names(columns: Mapping[str, Sequence[str]], problems: _Problems) -> Sequence[str]:
    column = next((name for name in _NAMES if name in columns), None)
    if column is None or all(name in columns for name in _NAMES):
        raise InputError(
            f"{_WHAT} must have one column that names the tracks, {' or '.join(_NAMES)}",
            where=problems.path,
            received={"columns": list(columns)},
        )
    names = columns[column]
    count = Counter(names)
    problems.add(column, names, [bool(name) and count[name] == 1 for name in names], "a name of its own")
    return names


def _swap(columns: Mapping[str, Sequence[str]], names: Sequence[str], problems: _Problems) -> tuple[int, ...]:
    """The place of each track's partner; empty where each is its own."""
    cells = columns.get("strand_pair", ())
    if not any(cells):
        return ()
    index = next((columns[name] for name in _INDEX if name in columns), [str(place) for place in range(len(names))])
    places = {name: place for place, name in enumerate(names)}
    count = Counter(index)
    places |= {number: place for place, number in enumerate(index) if count[number] == 1}
    partners = [places.get(cell) for cell in cells]
    right = [partner is not None and partners[partner] == place for place, partner in enumerate(partners)]
    problems.add("strand_pair", cells, right, "a track of the table whose strand_pair is this one")
    return () if partners == list(range(len(names))) else tuple(partner or 0 for partner in partners)
