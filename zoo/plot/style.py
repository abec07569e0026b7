"""How every picture looks: colours, font sizes, axes, legends, places on a chromosome.

Colours are those of Okabe & Ito (2008), which people with any colour vision can tell apart; differences are blue and
red over white (ColorBrewer's RdBu), which they can, too.
"""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from zoo.genome.interval import Interval
from zoo.plot.text import plain

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442",
)  # fmt: skip
DARK, GREY, LIGHT, FAINT = "0.25", "0.45", "0.75", "0.93"
COLORS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, DARK)
"""Of lines and tracks, in this order."""
BASE_COLORS = (("A", GREEN), ("C", BLUE), ("G", ORANGE), ("T", RED))
DIVERGING, RISING = "RdBu_r", "Blues"
"""Colour maps: of differences, of scores from 0 on."""
TITLE, LABEL, TICK, NOTE = 10, 9, 8, 7
"""Font sizes in points: of titles; names of axes and tracks; ticks and legends; what stands within axes."""
THIN = 0.5
"""Points, of the line around values: the narrowest can still be seen."""
DPI = 150
WIDTH = 10.0
"""Inches, of a picture as wide as a page."""
CROWDED = 40
"""Rows or columns: of more the names are small."""
_SMALL, _NAME = 5.5, 0.08  # points of such a name, and inches from one to the next
_LINE = 0.8  # points
_WRAP = 24  # letters of a track's name on a line
_MEGABASE = 1_000_000


def figure(width: float, height: float) -> Figure:
    """An empty figure in inches, whose layout leaves room for all labels."""
    return Figure(figsize=(width, height), layout="constrained", dpi=DPI)


def finish(ax: Axes) -> Axes:
    """Give axes the font sizes of `TITLE`, `LABEL` and `TICK`, and no frame above and on the right."""
    ax.tick_params(labelsize=TICK, width=_LINE, length=3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_linewidth(_LINE)
    for text, size in ((ax.title, TITLE), (ax.xaxis.label, LABEL), (ax.yaxis.label, LABEL)):
        text.set_size(size)
    return ax


def legend(ax: Axes, **options: object) -> None:
    """A legend on the right of the axes, where it covers no curve; none without labels."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False, fontsize=TICK, loc="upper left", bbox_to_anchor=(1.01, 1.0), **options)


def guide(ax: Axes, x: float | None = None, y: float | None = None) -> None:
    """A dashed line at a value."""
    line = {"color": GREY, "linewidth": _LINE, "linestyle": "--", "zorder": 2.5}
    if x is not None:
        ax.axvline(x, **line)
    if y is not None:
        ax.axhline(y, **line)


def headline(drawn: Figure, text: str) -> None:
    """The title of a figure, on the lines that its width has room for."""
    letters = int(drawn.get_figwidth() * 72 / TITLE / 0.6)
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, max(letters, 20)) or [""]]
    drawn.suptitle(plain_lines("\n".join(lines)), fontsize=TITLE)


def name_row(ax: Axes, label: str) -> None:
    """The name of a track on the left of its axes, on several lines if it is long."""
    ax.set_ylabel(plain_lines(wrapped(label)), rotation=0, ha="right", va="center", fontsize=LABEL)


def wrapped(label: str) -> str:
    """A name on lines of at most two dozen letters."""
    lines = [part for line in label.split("\n") for part in textwrap.wrap(line, _WRAP) or [""]]
    return "\n".join(lines)


def plain_lines(text: str) -> str:
    """`plain`, line by line."""
    return "\n".join(map(plain, text.split("\n")))


def lines_high(label: str) -> float:
    """Inches that a name needs on the left of its axes."""
    return 0.165 * (wrapped(label).count("\n") + 1) + 0.06


def text_width(text: str, size: float) -> float:
    """Inches of a text in points of a size."""
    if not text.strip():
        return 0.0
    return TextPath((0, 0), plain(text).replace(r"\$", "S"), size=size, prop=FontProperties()).get_extents().width / 72


def place(region: Interval, assembly: str | None = None) -> str:
    """A region as genome browsers write it, 1-based with both ends included: `chr20:10,395,001–10,396,000, hg19`."""
    return f"{region.chrom}:{region.start + 1:,}–{region.end:,}" + (f", {assembly}" if assembly else "")


def positions(ax: Axes, region: Interval, most: int = 5) -> Axes:
    """An x axis of a region: few round positions, counted from 1, with thousands separators; megabases of long ones.

    Args:
        ax: whose x is in bp, 0-based; a base is 1 wide.
        region: from its start to its end.
        most: ticks.
    """
    ticks = MaxNLocator(most, integer=True, steps=[1, 2, 2.5, 5, 10]).tick_values(region.start + 1, region.end)
    ticks = np.unique(ticks.astype(np.int64))
    ticks = ticks[(ticks > region.start) & (ticks <= region.end)]
    step = int(np.diff(ticks).min()) if len(ticks) > 1 else 1
    in_mb, decimals = step >= _MEGABASE // 10, 0 if step % _MEGABASE == 0 else 1 if step % 100_000 == 0 else 2
    shown = [f"{tick / _MEGABASE:,.{decimals}f}" if in_mb else f"{tick:,}" for tick in ticks.tolist()]
    ax.set_xlim(region.start, region.end)
    ax.xaxis.set_major_locator(FixedLocator((ticks - 0.5).tolist()))
    ax.xaxis.set_major_formatter(FixedFormatter(shown))
    ax.set_xlabel(plain(f"position on {region.chrom} ({'Mb' if in_mb else 'bp'})"), fontsize=LABEL)
    return ax


def few_values(ax: Axes, most: int = 3) -> None:
    """A y axis of few ticks, each with its whole number."""
    ax.yaxis.set_major_locator(MaxNLocator(most, min_n_ticks=2))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "−")))


def named(axis: Axis, names: Sequence[str], inches: float) -> None:
    """Names at 0, 1, … of an axis: small ones if they are many, and some of them, which its label says, if too many.

    Args:
        axis: x, whose names are turned, or y.
        names: of rows or columns.
        inches: that they have together at least.
    """
    step = max(math.ceil(len(names) * _NAME / inches), 1)
    axis.set_ticks(range(0, len(names), step), list(map(plain, names[::step])))
    if step > 1:
        axis.set_label_text(f"{len(names):,}, one in {step} named", fontsize=NOTE)
    size = _SMALL if len(names) > CROWDED else TICK
    turned = 90 if axis.axis_name == "x" else 0
    axis.axes.tick_params(axis=axis.axis_name, length=0, labelsize=size, labelrotation=turned)


def shade(ax: Axes, known: np.ndarray, edges: np.ndarray, least: float = 0) -> None:
    """A grey ground where data are missing.

    Args:
        ax: whose x is in bp.
        known: (n,) whether there are data between each two
        edges: (n + 1,).
        least: bp of a stretch that is shaded.
    """
    padded = np.concatenate([[True], known, [True]])
    for first, last in np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2):
        if edges[last] - edges[first] >= least:
            ax.axvspan(edges[first], edges[last], color=FAINT, linewidth=0, zorder=0)


def rows_of(spans: np.ndarray) -> np.ndarray:
    """The row of each of some spans (n, 2), sorted by their starts: the first in which it touches no other."""
    ends: list[float] = []
    rows = np.zeros(len(spans), np.int64)
    for number, (start, end) in enumerate(spans.tolist()):
        row = next((row for row, last in enumerate(ends) if last <= start), len(ends))
        ends[row : row + 1] = [end]
        rows[number] = row
    return rows
