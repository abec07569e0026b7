"""Tables of numbers and lists of text, as wide as the terminal."""

import shutil
import sys
import textwrap
from collections.abc import Collection, Sequence

from registry.metrics import label

_LEAST = 20  # characters of the last column of a list, however narrow the terminal is


def table(rows: dict[str, dict], width: int | None = None, of_names: bool = False) -> str:
    """Rows of numbers under their names; turned, and in parts, where that is wider than the terminal.

    Args:
        rows: name → column → number.
        width: of the terminal; by default its own.
        of_names: columns are names of the user's: shown as they are, and never turned.
    """
    width = width or shutil.get_terminal_size().columns
    columns = dict.fromkeys(key for row in rows.values() for key in row if key != "why" and not key.endswith("error"))
    lines = [["", *(column if of_names else label(column) for column in columns)]]
    lines += [[name, *(_number(row.get(column)) for column in columns)] for name, row in rows.items()]
    notes = [f"{name}: {row['why']}" for name, row in rows.items() if row.get("why")]
    parts = [lines]
    if _width(lines) > width:
        lines = [list(column) for column in zip(*lines, strict=True)] if not of_names else lines
        parts, first = [], 1
        while first < len(lines[0]):
            last = first + 1
            while last < len(lines[0]) and _width([[line[0], *line[first : last + 1]] for line in lines]) <= width:
                last += 1
            parts.append([[line[0], *line[first:last]] for line in lines])
            first = last
    return "\n".join(["\n\n".join(map(_aligned, parts)), *notes])


def listing(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = (), width: int | None = None
) -> str:
    """Rows of text under their heads; a last column that is wider than the terminal goes on below itself.

    Args:
        heads: of the columns.
        rows: (columns,) each.
        numbers: columns that are aligned to the right.
        width: of the terminal; by default its own, and unlimited where what is printed goes elsewhere.
    """
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    lines = [list(heads), *map(list, rows)]
    widths = _widths(lines)[:-1]
    margin = sum(widths) + 2 * len(widths)
    shown = []
    for *cells, last in lines:
        start = [cell.rjust(widths[at]) if at in numbers else cell.ljust(widths[at]) for at, cell in enumerate(cells)]
        rest = [last] if width is None else textwrap.wrap(last, max(width - margin, _LEAST)) or [""]
        shown += ["  ".join([*start, rest[0]]).rstrip(), *(" " * margin + text for text in rest[1:])]
    return "\n".join(shown)


def _widths(lines: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _width(lines: list[list[str]]) -> int:
    return sum(_widths(lines)) + 2 * len(lines[0]) - 2


def _aligned(lines: list[list[str]]) -> str:
    widths = _widths(lines)
    rows = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    return "\n".join("  ".join(row).rstrip() for row in rows)


def _number(value: object) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
