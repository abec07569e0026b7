"""Calico's tables of tracks, `targets*.txt`: tab-separated, a row for each track of a head, in its order.

Old tables (Basenji2, Enformer) have a column of the genome, and for its second one an index that does not begin at 0.
New ones (Borzoi) have a soft clip, and for each track that of the other strand, by its index.
"""

import gzip
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, IntegrityError
from zoo.track_table import STATISTICS, TrackTable

_MOST_BYTES = 1 << 25  # of a table; that of Borzoi has 1.3 MB
_ENDINGS = (".txt", ".tsv", ".txt.gz", ".tsv.gz")
_NUMBERS = {"clip": "clips", "clip_soft": "soft_clips", "scale": "scales"}  # column → of `TrackTable`
_SQUASHED = ("clip_soft", "scale", "sum_stat")


@dataclass(frozen=True)
class Targets:
    """The tracks of a head.

    Attributes:
        names: one of its own for each: its identifier; of the second track of an identifier with -2 behind it.
        swap: for each track the place of that of the other strand; empty if the table does not say.
        table: the rest.
    """

    names: tuple[str, ...]
    swap: tuple[int, ...] = ()
    table: TrackTable | None = None


def numbered(count: int) -> Targets:
    """The tracks of a head without a table: track0, track1, …"""
    return Targets(tuple(f"track{i}" for i in range(count)))


def beside(path: Path, head: str, count: int, squash: str | None, only: bool = True) -> Targets | None:
    """The table beside a model's file; None if there is none.

    Args:
        path: of the file; beside it are looked for `targets_HEAD.txt` and `targets.txt`, also `.tsv`, also `.gz`.
        head: its name.
        count: its tracks.
        squash: how coverage was squashed, if the table has soft clips.
        only: whether the network has no other head, so that `targets.txt` is of this one.

    Raises:
        InputError: a table that cannot be read.
        IntegrityError: one of another number of tracks, or with rows that are not of such a table; the line is named.
    """
    for stem in (f"targets_{head}", *(["targets"] if only else [])):
        for ending in _ENDINGS:
            place = path.with_name(stem + ending)
            if place.is_file():
                return read(_text(place), place, count, squash)
    return None


def _text(place: Path) -> str:
    try:
        with (gzip.open if place.name.endswith(".gz") else open)(place, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"A table of tracks must have at most {_MOST_BYTES:,} bytes", where=place)
        return data.decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"A table of tracks must be readable text ({error})", where=place) from None


def read(text: str, where: object, count: int, squash: str | None = None) -> Targets:
    """Read a table. Arguments and errors as for `beside`."""
    header, *lines = text.splitlines() or [""]
    rows = _Rows(header.split("\t"), [line.split("\t") for line in lines if line.strip()], where)
    if len(rows.cells) != count:
        raise IntegrityError(
            f"A table of tracks must have a row for each of the {count:,} tracks of the head",
            where=where,
            received={"rows": len(rows.cells)},
            hint="Move the table away if it is of another model",
        )
    columns = {known: tuple(rows.numbers(name)) for name, known in _NUMBERS.items() if name in rows.header}
    if "sum_stat" in rows.header:
        columns["statistics"] = tuple(rows.choices("sum_stat", STATISTICS))
    if "description" in rows.header:
        columns["descriptions"] = tuple(rows.column("description"))
    squashed = squash if "clip_soft" in rows.header else None
    if squashed and (missing := [name for name in _SQUASHED if name not in rows.header]):
        raise IntegrityError(
            "A table of tracks with soft clips must have their scales and statistics",
            where=where,
            received={"missing": missing},
        )
    table = TrackTable(**columns, squash=squashed) if columns else None
    return Targets(_unique(rows.column("identifier")), rows.swap(), table)


def of_columns(columns: Mapping[str, object], where: object, count: int, squash: str | None = None) -> Targets:
    """The same of columns by name, each a list of numbers, or text with | between the cells."""
    cells = [
        value.split("|") if isinstance(value, str) else [f"{item:g}" for item in value] for value in columns.values()
    ]
    if len({len(column) for column in cells}) != 1:
        raise IntegrityError("The columns of a table of tracks must be of one length", where=where)
    lines = ("\t".join(row) for row in zip(*cells, strict=True))
    return read("\n".join(["\t".join(columns), *lines]), where, count, squash)


def _unique(identifiers: list[str]) -> tuple[str, ...]:
    """Each identifier, with -2, -3, … behind it from its second time on."""
    taken, names = set(identifiers), []
    seen: Mapping[str, int] = {}
    for identifier in identifiers:
        number = seen[identifier] = seen.get(identifier, 0) + 1
        name = identifier
        while number > 1 and (name := f"{identifier}-{number}") in taken:
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)


class _Rows:
    """The cells of a table by column. Raises `IntegrityError` with the line of what is wrong."""

    def __init__(self, header: list[str], cells: list[list[str]], where: object) -> None:
        self.where, self.cells = where, cells
        self.header = ["index" if not name and place == 0 else name for place, name in enumerate(header)]
        if "identifier" not in self.header or len(set(self.header)) != len(self.header):
            raise self.error("have a header with a column identifier", 1, {"header": header[:12]})
        for line, row in enumerate(cells, start=2):
            if len(row) != len(header):
                raise self.error(f"have {len(header)} columns in each row", line, {"columns": len(row)})

    def error(self, rule: str, line: int, received: Mapping[str, object]) -> IntegrityError:
        """That the table must be different."""
        return IntegrityError(f"A table of tracks must {rule}", where=f"{self.where}, line {line}", received=received)

    def column(self, name: str) -> list[str]:
        """The cells of a column, none of them empty."""
        place = self.header.index(name)
        found = [row[place].strip() for row in self.cells]
        if "" in found:
            raise self.error(f"have {name} of each track", found.index("") + 2, {name: ""})
        return found

    def numbers(self, name: str) -> list[float]:
        """The same as numbers that are not negative."""
        found = []
        for line, cell in enumerate(self.column(name), start=2):
            try:
                found.append(float(cell))
            except ValueError:
                found.append(math.nan)
            if not 0 <= found[-1] < math.inf or (name == "scale" and not found[-1]):
                raise self.error(f"have a number above 0 as {name}", line, {name: cell})
        return found

    def choices(self, name: str, known: tuple[str, ...]) -> list[str]:
        """The same, each one of some words."""
        found = self.column(name)
        for line, cell in enumerate(found, start=2):
            if cell not in known:
                raise self.error(f"have one of {', '.join(known)} as {name}", line, {name: cell})
        return found

    def swap(self) -> tuple[int, ...]:
        """For each row the place of that of the other strand, which the table has by its index."""
        if "strand_pair" not in self.header:
            return ()
        index = self.column("index") if "index" in self.header else [str(i) for i in range(len(self.cells))]
        places, found = {cell: place for place, cell in enumerate(index)}, []
        pairs = self.column("strand_pair")
        for line, (cell, own) in enumerate(zip(pairs, index, strict=True), start=2):
            other = places.get(cell)
            if other is None or pairs[other] != own:
                raise self.error("name as strand_pair a track that names it back", line, {"strand_pair": cell})
            found.append(other)
        return tuple(found)
