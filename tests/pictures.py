"""What every picture is checked for: texts within the figure, none upon another, no legend over curves."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from zoo.plot import style

ODD = {
    "font.size": 33,
    "axes.titlesize": 34,
    "axes.labelsize": 35,
    "legend.fontsize": 36,
    "figure.titlesize": 37,
    "xtick.labelsize": 38,
    "ytick.labelsize": 39,
    "lines.linewidth": 7.7,
    "lines.markersize": 17,
    "figure.dpi": 41,
    "axes.linewidth": 6.6,
    "patch.linewidth": 5.5,
    "savefig.dpi": 43,
    "patch.edgecolor": "lime",
    "patch.facecolor": "lime",
    "axes.prop_cycle": cycler(color=["lime", "teal"]),
}
"""Settings of matplotlib that no picture of the package may show."""
_SIZES = {style.TITLE, style.LABEL, style.TICK, style.NOTE, style.SMALL}
_WIDTHS = {style.CURVE, style.LINE, style.THIN}
_MARKS = {style.MARK, style.POINT, style.DOT}
_GREYS = style.DARK, style.GREY, style.LIGHT, style.FAINT, style.WHITE, "black"
_COLORS = {to_hex(color) for color in (*style.COLORS, *_GREYS)}
_SLACK = 1.5  # pixels: antialiasing, and letters that reach below the line


def check_picture(figure: Figure) -> None:
    """Assert that a figure can be read as it would be saved."""
    FigureCanvasAgg(figure).draw()  # a figure's own canvas draws nothing until it is saved
    texts = [(text.get_text(), text.get_window_extent()) for text in shown_texts(figure)]
    assert texts
    for text, box in texts:
        assert _within(box, figure.bbox), f"{text!r} is clipped: {box} in {figure.bbox}"
    for (one, first), (other, second) in combinations(texts, 2):
        assert not _touch(first, second), f"{one!r} lies on {other!r}"
    for ax in figure.findobj(Axes):
        legend = ax.get_legend()
        if legend is not None:
            assert not _covered(ax, legend.get_window_extent()), "a legend lies over curves"


def check_style(figure: Figure) -> None:
    """Assert that all sizes, widths and colors of a figure are of `zoo.plot.style`."""
    assert figure.dpi == style.DPI
    for text in shown_texts(figure):
        assert text.get_fontsize() in _SIZES, f"{text.get_text()!r} is of {text.get_fontsize()} points"
        assert _colors(text.get_color()) <= _COLORS, text
    for line in _drawn(figure, Line2D):
        assert line.get_linestyle() == "None" or line.get_linewidth() in _WIDTHS, (line, line.get_linewidth())
        assert line.get_marker() in _NO_MARK or line.get_markersize() in _MARKS, (line, line.get_markersize())
        assert _colors(line.get_color()) <= _COLORS, line
    for patch in _drawn(figure, Patch):
        edge = _colors(patch.get_edgecolor())
        assert not edge or patch.get_linewidth() in {0, *_WIDTHS}, (patch, patch.get_linewidth())
        assert (edge if patch.get_linewidth() else set()) | _colors(patch.get_facecolor()) <= _COLORS, patch
    plain = (each for each in _drawn(figure, Collection) if each.get_paths() and each.get_array() is None)
    for points in plain:
        assert set(points.get_linewidths()) <= {0, *_WIDTHS}, points
        assert _colors(points.get_facecolor()) | _colors(points.get_edgecolor()) <= _COLORS, points
        assert {float(size**0.5) for size in getattr(points, "get_sizes", list)()} <= _MARKS, points


_NO_MARK = ("None", None, "", " ", 4, 5, "|", "_")  # nor ticks and the arrows of genes, which are no marks


def _drawn(figure: Figure, kind: type[Artist]) -> list[Artist]:
    """Visible artists of a kind that are no parts of ticks, nor of axes that are off."""
    ticks = {
        part
        for axis in figure.findobj(Axis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for part in tick.get_children()
    }
    grounds = {figure.patch, *(ax.patch for ax in figure.findobj(Axes))}
    off = {spine for ax in figure.findobj(Axes) if not ax.axison for spine in ax.spines.values()}
    return [each for each in figure.findobj(kind) if each.get_visible() and each not in ticks | grounds | off]


def _colors(given: object) -> set[str]:
    """Colors that are not transparent, without their opacity."""
    return {to_hex(color[:3]) for color in to_rgba_array(given) if color[3] > 0}


def shown_texts(figure: Figure) -> Iterator[Text]:
    """Texts that are drawn: not those of ticks outside of their axis, nor empty ones."""
    axes = figure.findobj(Axis)
    ticks = {label for axis in axes for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)}
    used = [axis for axis in axes if axis.get_visible() and axis.axes.axison]
    drawn = {label for axis in used for tick in axis._update_ticks() for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and (text not in ticks or text in drawn):
            yield text


def _within(box: Bbox, outer: Bbox) -> bool:
    return (
        box.x0 >= outer.x0 - _SLACK
        and box.y0 >= outer.y0 - _SLACK
        and box.x1 <= outer.x1 + _SLACK
        and box.y1 <= outer.y1 + _SLACK
    )


def _touch(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    return width > _SLACK and min(one.y1, other.y1) - max(one.y0, other.y0) > _SLACK


def _covered(ax: Axes, box: Bbox) -> bool:
    """Whether any point of a curve or a scatter plot lies in a box."""
    points = [ax.transData.transform(line.get_xydata()) for line in ax.lines if line.get_transform() == ax.transData]
    points += [ax.transData.transform(np.ma.filled(each.get_offsets(), np.nan)) for each in ax.collections]
    inside = [
        ((at[:, 0] > box.x0) & (at[:, 0] < box.x1) & (at[:, 1] > box.y0) & (at[:, 1] < box.y1)).any()
        for at in points
        if len(at)
    ]
    return any(inside)
