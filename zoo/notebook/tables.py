"""Tables in HTML: every text escaped, headings marked as such, in the colors of the page around them."""

import html
import numbers
from collections.abc import Iterable, Mapping, Sequence

from registry.errors import printable

MOST = 20
"""Rows that a table shows."""
_LONGEST = 300  # characters of a cell
_STYLE = "text-align:{};padding:.1em .6em"
_LEFT, _RIGHT = (f'style="{_STYLE.format(side)}"' for side in ("left", "right"))


def titled(title: str, *parts: str) -> str:
    """Parts under a title, as one element."""
    return f'<div class="zoo"><p><strong>{text(title)}</strong></p>{"".join(parts)}</div>'


def paragraph(value: object) -> str:
    """A line of text; of several lines each by itself."""
    return f"<p>{'<br>'.join(map(text, str(value).splitlines()))}</p>"


def facts(values: Mapping[str, object]) -> str:
    """Names and values, a row for each; those without a value are left out."""
    rows = [
        f'<tr><th scope="row" {_LEFT}>{text(name)}</th><td {_LEFT}>{text(shown(value))}</td></tr>'
        for name, value in values.items()
        if value is not None and value != ""
    ]
    return f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "", count: int | None = None) -> str:
    """Rows under their columns, the first cell of each as its heading; at most `MOST`, and how many more there are.

    Args:
        columns: their names.
        rows: of as many cells each; those beyond the most are not asked for.
        caption: of the table.
        count: of all rows, if `rows` does not say.
    """
    kept = [row for _, row in zip(range(MOST), rows, strict=False)]
    total = len(rows) if count is None and isinstance(rows, Sequence) else count
    sides = [_RIGHT if any(_is_number(row[i]) for row in kept) else _LEFT for i in range(len(columns))]
    head = "".join(f'<th scope="col" {side}>{text(column)}</th>' for column, side in zip(columns, sides, strict=True))
    body = "".join(f"<tr>{_cells(row, sides)}</tr>" for row in kept)
    if total is not None and total > len(kept):
        body += f'<tr><td colspan="{len(columns)}" {_LEFT}>… {total - len(kept):,} more</td></tr>'
    headed = f"<caption {_LEFT}>{text(caption)}</caption>" if caption else ""
    return f"<table>{headed}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def folded(title: str, content: str) -> str:
    """Content that is shown once it is asked for; nothing if there is none."""
    return f"<details><summary>{text(title)}</summary>{content}</details>" if content else ""


def text(value: object) -> str:
    """Text of anything as HTML that says it, and does nothing."""
    return html.escape(printable(str(value)), quote=True)


def shown(value: object) -> str:
    """A value as a cell has it: numbers short, nothing as a dash, long text cut."""
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    if isinstance(value, numbers.Real):
        return f"{value:.4g}"
    if isinstance(value, (tuple, list)):
        return shown(", ".join(map(shown, value)))
    whole = str(value)
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"


def _cells(row: Sequence[object], sides: Sequence[str]) -> str:
    cells = [text(shown(value)) for value in row]
    others = "".join(f"<td {side}>{cell}</td>" for cell, side in zip(cells[1:], sides[1:], strict=True))
    return f'<th scope="row" {sides[0]}>{cells[0]}</th>{others}'


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
