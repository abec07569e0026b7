"""A locus: signal, prediction and peaks under one another."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot.text import plain

_COLUMNS = 2000  # what a picture can show from left to right


def plot_signal(
    ax: Axes, track: Signal, region: Interval, label: str, color: str, threshold: float | None = None
) -> Axes:
    """Fill the highest value of a track under each pixel column of a region.

    Args:
        threshold: draw a dashed line there.
    """
    values = track.values(region.chrom, region.start, region.end)
    edges = np.unique(np.linspace(0, len(values), _COLUMNS + 1).astype(np.int64))
    top = np.maximum.reduceat(values, edges[:-1])
    ax.fill_between(edges[:-1] + region.start, top, step="post", color=color, linewidth=0)
    if threshold is not None:
        ax.axhline(threshold, color="0.4", linewidth=0.8, linestyle="--")
    ax.set_ylim(0, max(float(top.max()), threshold or 0, 1e-6) * 1.05)
    ax.yaxis.set_major_locator(MaxNLocator(2))
    return _finish(ax, region, label)


def plot_intervals(ax: Axes, intervals: Sequence[Interval], region: Interval, label: str, color: str) -> Axes:
    """Draw intervals as boxes, the narrowest as lines that can still be seen."""
    near = [interval for interval in intervals if interval.chrom == region.chrom and interval.start < region.end]
    boxes = [Rectangle((interval.start, 0.2), len(interval), 0.6) for interval in near if interval.end > region.start]
    ax.add_collection(PatchCollection(boxes, facecolor=color, edgecolor=color, linewidth=0.8))
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    return _finish(ax, region, label)


def stack(rows: int, columns: int = 1, width: float = 12, height: float = 1.0) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` × `columns` flat axes; those of a column share their positions."""
    figure = Figure(figsize=(width, rows * height + 0.8), layout="constrained")
    return figure, figure.subplots(rows, columns, sharex="col", squeeze=False)


def _finish(ax: Axes, region: Interval, label: str) -> Axes:
    ax.set_xlim(region.start, region.end)
    ax.set_ylabel(plain(label), rotation=0, ha="right", va="center")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda position, _: f"{position:,.0f}"))
    ax.spines[["top", "right"]].set_visible(False)
    return ax
