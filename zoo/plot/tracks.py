"""Rows of a locus: signal and predictions, and peaks."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.bbi import BigWig
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import style

_COLUMNS = 1000  # what a picture can show from left to right
_AT_ONCE = 1 << 22  # bp that are read together
_LEAST = 0.002  # of the region: the width of a box that can be seen

Read = Callable[[int, int], np.ndarray]
"""Start and end in bp → one value per base, (end - start,), NaN where there is none."""


def recorded(track: Signal, chrom: str) -> Read:
    """The values of a bigWig on a chromosome, NaN where it has none: there is then nothing to be drawn.

    Raises `InputError` if the file has no such chromosome, by any common name.
    """
    own = names.find(chrom, track.sizes)
    if own is None:
        raise InputError(
            "A track must have the chromosome that is drawn",
            where=track.path,
            received={"chrom": chrom, "track": list(track.sizes)[:5]},
        )
    file, size = BigWig(track.path), track.sizes[own]

    def read(start: int, end: int) -> np.ndarray:
        values = np.full(end - start, np.nan, np.float32)
        first, last = max(start, 0), min(end, size)
        if first < last:
            values[first - start : last - start] = file.values(own, first, last)
        return values

    return read


def summarized(read: Read, region: Interval) -> tuple[np.ndarray, np.ndarray]:
    """What each pixel column of a region shows: edges (n + 1,) in bp, and the value furthest from 0 (n,), or NaN."""
    edges = np.unique(np.linspace(region.start, region.end, _COLUMNS + 1).astype(np.int64))
    each = max(_AT_ONCE // max(int(np.diff(edges).max()), 1), 1)
    found = []
    for first in range(0, len(edges) - 1, each):
        part = edges[first : first + each + 1]
        values, places = read(int(part[0]), int(part[-1])), part[:-1] - part[0]
        high, low = np.fmax.reduceat(values, places), np.fmin.reduceat(values, places)
        found.append(np.where(-low > high, low, high))
    return edges, np.concatenate(found)


def plot_values(
    ax: Axes,
    edges: np.ndarray,
    values: np.ndarray,
    region: Interval,
    label: str,
    color: str,
    threshold: float | None = None,
    called: str = "",
    unit: str = "",
    shaded: bool = False,
) -> Axes:
    """Fill values over stretches of a region. Where there is none, nothing is drawn, not even the line of zero.

    Args:
        ax: where.
        edges: (n + 1,) bp, 0-based.
        values: (n,), NaN for missing data.
        region: the x axis.
        label: on the left.
        color: of the values.
        threshold: a dashed line there, which is
        called: so on the right.
        unit: of the values, below the label.
        shaded: a grey ground where there is none.
    """
    known = np.isfinite(values)
    corners, heights = np.repeat(edges, 2)[1:-1], np.repeat(values, 2)
    ax.fill_between(corners, heights, where=np.repeat(known, 2), color=color, linewidth=style.THIN)
    if shaded:
        style.shade(ax, known, edges)
    if threshold is not None:
        style.guide(ax, y=threshold)
        where = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": style.NOTE, "color": style.GREY}
        ax.annotate(style.plain_lines(f"{called or 'threshold'}\n{threshold:.4g}"), (1.005, threshold), **where)
    low = float(np.min(values, initial=0, where=known))
    high = max(float(np.max(values, initial=0, where=known)), threshold or 0)
    room = max(high - low, 1e-6)
    ax.set_ylim(low - 0.05 * room * (low < 0), high + 0.05 * room * (high > 0 or low == 0))
    style.few_values(ax, 2)
    if not known.any():
        ax.set_yticks([])
        ax.text(0.5, 0.5, "no data", transform=ax.transAxes, ha="center", va="center", fontsize=style.NOTE)
    return _row(ax, region, f"{label}\n({unit})" if unit else label)


def plot_signal(
    ax: Axes, track: Signal, region: Interval, label: str, color: str, threshold: float | None = None
) -> Axes:
    """Fill the highest value of a track under each pixel column of a region; nothing where the file has no value.

    Args:
        threshold: draw a dashed line there.
    """
    return plot_values(ax, *summarized(recorded(track, region.chrom), region), region, label, color, threshold)


def plot_intervals(ax: Axes, intervals: Sequence[Interval], region: Interval, label: str, color: str) -> Axes:
    """Draw intervals as boxes, the narrowest as lines that can still be seen."""
    near = [interval for interval in intervals if interval.chrom == region.chrom and interval.start < region.end]
    shown = [(max(each.start, region.start), min(each.end, region.end)) for each in near if each.end > region.start]
    least = _LEAST * len(region)
    boxes = [
        Rectangle((start - max(least - (end - start), 0) / 2, 0.25), max(end - start, least), 0.5)
        for start, end in shown
    ]
    ax.add_collection(PatchCollection(boxes, facecolor=color, linewidth=0))
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    return _row(ax, region, label)


def stack(
    rows: int,
    columns: int = 1,
    width: float = style.WIDTH,
    height: float = 1.0,
    ratios: Sequence[float] | None = None,
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` × `columns` flat axes; those of a column share their positions.

    Args:
        rows: under one another.
        columns: side by side.
        width: inches of the figure.
        height: of a row.
        ratios: heights of the rows over that.
    """
    ratios = [1.0] * rows if ratios is None else ratios
    figure = style.figure(width, sum(ratios) * height + 0.8)
    return figure, figure.subplots(rows, columns, sharex="col", squeeze=False, height_ratios=ratios)


def _row(ax: Axes, region: Interval, label: str) -> Axes:
    style.finish(ax)
    style.name_row(ax, label)
    return style.positions(ax, region)
