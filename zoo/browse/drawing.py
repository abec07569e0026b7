"""Pictures of the model browser: precision-recall curves, and networks as stacks of layers."""

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np

from zoo.errors import InputError
from zoo.predict.thresholds import ThresholdTable

_POINTS = 80  # of a curve
_SIDE, _MARGIN = 240, 44
_WIDTH, _ROW = 520, 26


def networks() -> dict[str, dict]:
    """Name → parameters and rows (`zoo.browse.layers`) of the networks that are built from their names."""
    return json.loads(files("zoo.browse").joinpath("networks.json").read_text(encoding="utf-8"))


def curve(table: ThresholdTable, name: str) -> str:
    """The precision-recall curve of a threshold table as SVG, with the threshold of the best F1."""
    known = np.flatnonzero(table.columns["recall"] > 0)
    if not known.size:
        return ""
    kept = known[np.unique(np.linspace(0, known.size - 1, _POINTS).round().astype(int))]
    line = _path(table.columns["recall"][kept], table.columns["precision"][kept])
    try:
        best = table.best_f1()
    except InputError:
        best = None
    mark, said = "", f"Precision against recall of {name}"
    if best is not None:
        said += f"; best F1 {best.f1:.3f} at score {best.score:.3f}"
        said += f": precision {best.precision:.3f}, recall {best.recall:.3f}"
        mark = f'<circle cx="{_x(best.recall):.1f}" cy="{_y(best.precision):.1f}" r="4"/>'
    width, said = _SIDE + _MARGIN + 12, html.escape(said)
    return (
        f'<svg class="curve" viewBox="0 0 {width} {_SIDE + 48}" role="img" aria-label="{said}">{_axes()}'
        f'<path d="{line}"/>{mark}</svg>\n<p class="note">{said}.</p>\n'
    )


def _x(recall: float) -> float:
    return _MARGIN + _SIDE * recall


def _y(precision: float) -> float:
    return 10 + _SIDE * (1 - precision)


def _path(recall: Sequence[float], precision: Sequence[float]) -> str:
    return "M" + "L".join(f"{_x(r):.1f} {_y(p):.1f}" for r, p in zip(recall, precision, strict=True))


def _axes() -> str:
    """Frame, ticks and names of the axes, both from 0 to 1."""
    frame = f'<rect x="{_MARGIN}" y="10" width="{_SIDE}" height="{_SIDE}"/>'
    ticks = "".join(
        f'<text x="{_x(value):.0f}" y="{_y(0) + 16:.0f}" text-anchor="middle">{value:g}</text>'
        f'<text x="{_MARGIN - 6}" y="{_y(value) + 4:.0f}" text-anchor="end">{value:g}</text>'
        for value in (0, 0.5, 1)
    )
    middle = _SIDE / 2
    return (
        f'{frame}{ticks}<text x="{_MARGIN + middle}" y="{_y(0) + 32:.0f}" text-anchor="middle">Recall</text>'
        f'<text transform="translate(12 {10 + middle}) rotate(-90)" text-anchor="middle">Precision</text>'
    )


def symbols(drawn: Mapping[str, Mapping]) -> str:
    """The drawings of networks, each once, for `use`."""
    made = "".join(
        f'<symbol id="network-{html.escape(name)}" viewBox="0 0 {_WIDTH} {_height(network["rows"])}">'
        f"{_stack(network['rows'])}</symbol>"
        for name, network in drawn.items()
    )
    return f'<svg class="symbols" aria-hidden="true">{made}</svg>\n'


def use(name: str, network: Mapping) -> str:
    """The drawing of a network in its place."""
    said = html.escape(f"Layers of {name}, from the input down: {'; '.join(_words(network['rows']))}")
    box = f'<div class="wide" role="region" aria-label="Layers of {html.escape(name)}, drawing" tabindex="0">'
    return (
        f'{box}<svg class="network" viewBox="0 0 {_WIDTH} {_height(network["rows"])}" role="img" aria-label="{said}">'
        f'<use href="#network-{html.escape(name)}"/></svg></div>\n<p class="note">Layers with the default arguments of '
        f"<code>zoo.build(&quot;{html.escape(name)}&quot;)</code>; activations and normalization are left out.</p>\n"
    )


def _words(rows: Sequence) -> list[str]:
    """The rows as text, for those who do not see the drawing."""
    return [
        f"{row['times']} times ({'; '.join(_words(row['rows']))})" if isinstance(row, Mapping) else _line(row)
        for row in rows
    ]


def _line(row: Sequence[str]) -> str:
    return ", ".join(part for part in row[:2] if part) + f": {row[2]}"


def _height(rows: Sequence) -> int:
    return sum(_ROW * len(row["rows"]) + 8 if isinstance(row, Mapping) else _ROW for row in rows) + 4


def _stack(rows: Sequence) -> str:
    """One box for each row; groups stand in a frame with the number of their turns."""
    made, y = [], 2
    for row in rows:
        if isinstance(row, Mapping):
            height = _ROW * len(row["rows"]) + 4
            made.append(f'<rect class="group" x="1" y="{y}" width="{_WIDTH - 2}" height="{height}"/>')
            made.append(f'<text class="times" x="8" y="{y + height / 2 + 4:.0f}">× {row["times"]}</text>')
            made += [_box(inner, y + 2 + _ROW * n, 40) for n, inner in enumerate(row["rows"])]
            y += height + 4
        else:
            made.append(_box(row, y, 40))
            y += _ROW
    return "".join(made)


def _box(row: Sequence[str], y: int, left: int) -> str:
    words = html.escape(", ".join(part for part in row[:2] if part))
    return (
        f'<rect class="layer" x="{left}" y="{y + 1}" width="{_WIDTH - left - 6}" height="{_ROW - 3}"/>'
        f'<text class="row" x="{left + 8}" y="{y + 17}">{words}</text>'
        f'<text class="row" x="{_WIDTH - 14}" y="{y + 17}" text-anchor="end">{html.escape(row[2])}</text>'
    )
