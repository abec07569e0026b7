"""Sections of a report as figures, of plain numbers."""

import math
from collections.abc import Callable, Mapping
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.plot import style
from zoo.plot.curves import best_f1, named, plot_precision_recall, plot_series
from zoo.plot.differences import heat_size, plot_heat, plot_overlap, plot_volcano
from zoo.plot.quality import PANELS
from zoo.plot.text import plain

_HIGH = 3.8  # inches
_FEW = 500  # points: each can be seen
_MORE = 1.2  # inches beside a legend: of the title, of an axis, of a line for random predictions


def plot_points(ax: Axes, part: Mapping) -> Axes:
    """Points of `{"name", "x": […], "y": […]}` of one scale; a dashed line where both are equal."""
    few = sum(len(line["x"]) for line in part["series"]) <= _FEW
    look = {"s": (style.POINT if few else style.DOT) ** 2, "alpha": style.OPAQUE if few else style.CLOUD}
    for color, line in zip(cycle(style.COLORS), part["series"]):
        ax.scatter(line["x"], line["y"], label=named(line), color=color, linewidths=0, **look)
    both = [value for line in part["series"] for axis in ("x", "y") for value in line[axis]]
    if both:
        low, high = min(both), max(both)
        room = 0.03 * (high - low) or 1.0
        ax.set(xlim=(low - room, high + room), ylim=(low - room, high + room), aspect="equal")
        style.diagonal(ax, low)
    ax.set(xlabel=plain(part["x"]), ylabel=plain(part["y"]))
    style.legend(style.finish(ax), markerscale=1 if few else 2)
    return ax


def plot_histogram(ax: Axes, part: Mapping) -> Axes:
    """Histograms of `{"name", "y": […]}` over bins between the same edges."""
    for color, line in zip(cycle(style.COLORS), part["series"]):
        ax.stairs(line["y"], part["edges"], fill=True, alpha=style.CLOUD, label=named(line), color=color)
    ax.set(xlabel=plain(part["x"]), ylabel=plain(part["y"]), ylim=(0, None), xlim=(part["edges"][0], part["edges"][-1]))
    style.legend(style.finish(ax))
    return ax


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
    drawn = style.figure(*_size(part))
    if titled:
        style.headline(drawn, part["title"])
    PLOTS[part["kind"]](drawn.subplots(), part)
    return drawn


def _size(part: Mapping) -> tuple[float, float]:
    """Inches; a legend beside the curves has room for all lines."""
    if part["kind"] == "heat":
        return heat_size(len(part["rows"]), len(part["columns"]), part["rows"], part["columns"])
    labels = map(best_f1 if part["kind"] == "precision_recall" else named, part.get("series", ()))
    return style.PLOT, max(_HIGH, style.legend_high(labels) + _MORE)
