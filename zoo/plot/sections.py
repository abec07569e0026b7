"""Sections of a report as figures, of plain numbers."""

import math
from collections.abc import Callable, Mapping
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.plot import style
from zoo.plot.curves import plot_precision_recall, plot_series
from zoo.plot.differences import heat_size, plot_heat, plot_overlap, plot_volcano
from zoo.plot.quality import PANELS
from zoo.plot.text import plain


def plot_points(ax: Axes, part: Mapping) -> Axes:
    """Points of `{"name", "x": […], "y": […]}`; a dashed line where both are equal."""
    colors = cycle(style.COLORS)
    for line in part["series"]:
        ax.scatter(line["x"], line["y"], s=6, alpha=0.4, linewidths=0, label=_named(line), color=next(colors))
    both = [value for line in part["series"] for axis in ("x", "y") for value in line[axis]]
    if both:
        ax.axline((min(both), min(both)), slope=1, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.set(xlabel=plain(part["x"]), ylabel=plain(part["y"]))
    return _finish(ax)


def plot_histogram(ax: Axes, part: Mapping) -> Axes:
    """Histograms of `{"name", "y": […]}` over bins between the same edges."""
    colors = cycle(style.COLORS)
    for line in part["series"]:
        ax.stairs(line["y"], part["edges"], fill=True, alpha=0.5, label=_named(line), color=next(colors))
    ax.set(xlabel=plain(part["x"]), ylabel=plain(part["y"]), ylim=(0, None))
    return _finish(ax)


def plot_curves(ax: Axes, part: Mapping) -> Axes:
    """Lines of `{"name", "x": […], "y": […]}`, with gaps where a number is missing; a dashed line at `level`."""
    gaps = [
        {**line, **{axis: [math.nan if at is None else at for at in line[axis]] for axis in ("x", "y")}}
        for line in part["series"]
    ]
    if part.get("level") is not None:
        style.guide(ax, y=part["level"])
    return plot_series(ax, gaps, part["x"], part["y"])


def plot_section_volcano(ax: Axes, part: Mapping) -> Axes:
    """Factors `names` by their `changes` and false discovery rates `q`."""
    return plot_volcano(ax, part["changes"], part["q"], part["names"], part["x"])


def plot_section_heat(ax: Axes, part: Mapping) -> Axes:
    """`values` of `rows` and `columns`."""
    return plot_heat(ax, part["values"], part["rows"], part["columns"], part["x"])


def plot_section_overlap(ax: Axes, part: Mapping) -> Axes:
    """`sets` of `{"in": [whether in each of the names, …], "sites"}`."""
    return plot_overlap(ax, {tuple(each["in"]): each["sites"] for each in part["sets"]}, part["names"])


def plot_panel(ax: Axes, part: Mapping) -> Axes:
    """A `panel` of a sample's quality, of the `summary` that `zoo prepare` writes."""
    return PANELS[part["panel"]](ax, part["summary"])


PLOTS: Mapping[str, Callable[[Axes, Mapping], Axes]] = {
    "curves": plot_curves,
    "precision_recall": plot_precision_recall,
    "points": plot_points,
    "histogram": plot_histogram,
    "volcano": plot_section_volcano,
    "heat": plot_section_heat,
    "overlap": plot_section_overlap,
    "quality": plot_panel,
}
"""Kind of a section → how it is drawn."""


def figure(part: Mapping, titled: bool = False) -> Figure:
    """A section of `PLOTS` as a figure."""
    drawn = Figure(figsize=_size(part), layout="constrained")
    if titled:
        drawn.suptitle(plain(part["title"]))
    PLOTS[part["kind"]](drawn.subplots(), part)
    return drawn


def _named(line: Mapping) -> str:
    return style.plain_lines(style.wrapped(str(line["name"])))


def _size(part: Mapping) -> tuple[float, float]:
    """Inches; a legend beside the curves has room for all lines."""
    if part["kind"] == "heat":
        return heat_size(len(part["rows"]), len(part["columns"]))
    if part["kind"] == "precision_recall":
        return 8.0, max(4.4, 0.8 + 0.64 * len(part["series"]))
    return (8.0, max(4.2, 0.8 + 0.4 * len(part["series"]))) if part["kind"] == "curves" else (6.5, 4.2)


def _finish(ax: Axes) -> Axes:
    style.legend(style.finish(ax), markerscale=2)
    return ax
