"""How every picture looks: colors, font sizes, widths, axes, legends, numbers, places on a chromosome.

Every number of this kind stands here, and nowhere else. Colors are those of Okabe & Ito (2008), which people with any
color vision can tell apart; differences are blue and red over white (ColorBrewer's RdBu), which they can, too.
"""

import io
import math
import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.ticker import AutoLocator, FixedFormatter, FixedLocator, Formatter, MaxNLocator, ScalarFormatter

from zoo.genome.interval import Interval
from zoo.plot.text import plain

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442",
)  # fmt: skip
DARK, GREY, LIGHT, FAINT, WHITE = "0.25", "0.45", "0.75", "0.93", "white"
COLORS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, DARK)
"""Of lines and tracks, in this order."""
BASE_COLORS = (("A", GREEN), ("C", BLUE), ("G", ORANGE), ("T", RED))
SIGNED = ((1, RED), (-1, BLUE))
"""Of changes and contributions: above 0, and below."""
DIVERGING, RISING = "RdBu_r", "Blues"
"""Color maps: of differences, in the colors of `SIGNED`; of scores from 0 on."""
HALO = [withStroke(linewidth=2, foreground=WHITE)]
"""A white ground of letters before points."""
TITLE, LABEL, TICK, NOTE, SMALL = 10.0, 9.0, 8.0, 7.0, 5.5
"""Font sizes in points: of titles of pictures; of plots within them, axes and tracks; ticks and legends; what stands
within axes; one of very many names."""
CURVE, LINE, THIN = 1.4, 0.8, 0.5
"""Widths in points: of curves; of axes and guides; around values, of which the narrowest can still be seen."""
MARK, POINT, DOT = 5.0, 4.0, 2.5
"""Diameters in points: of marks on a curve and in a grid; of points that have names; of points of a cloud."""
OPAQUE, CLOUD = 0.8, 0.4
"""Opacities: of points that may lie upon others, and of fills and clouds of many."""
DPI = 150
WIDTH, PLOT = 10.0, 6.5
"""Inches: of a picture as wide as a page, and of one plot with its legend. Printed in two columns (183 mm) and in one
and a half (120 mm), their letters are of 5 to 7 points, as journals ask."""
LONGEST = 24.0
"""Inches: no side of a picture of many names is longer."""
CROWDED = 40
"""Rows or columns: of more the names are small."""
_NAME = 0.08  # inches from one small name to the next
_MANY_POINTS = 12  # of a curve: it has no marks
_STYLES = ("-", "--", ":", "-.")  # of lines whose colors come again
_ZERO = {"color": GREY, "linewidth": THIN, "linestyle": "-", "zorder": 1}
_TICK, _APART = 3.0, 8.0  # points: ticks; from their numbers to the name of a row
_MOST_TICKS = 6  # intervals between them: there is room for the longest numbers side by side
_ROOMY, _LEAST = 14, 9  # pixels of letters in pages
_SALT = "chromatin-zoo"
_UNDATED = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LONGEST_NAME = 40  # letters of one of many names
_WRAP = 24  # letters of a track's name on a line
_VERTICAL = 13  # letters an inch of the name of a scale
_MEGABASE = 1_000_000


def figure(width: float, height: float) -> Figure:
    """An empty figure in inches, whose layout leaves room for all labels."""
    return Figure(figsize=(width, height), layout="constrained", dpi=DPI)


def save(drawn: Figure, to: object, form: str, **metadata: str | None) -> None:
    """Write a figure, the same bytes of the same picture; letters of a PDF stay letters.

    Args:
        drawn: the figure.
        to: a path, or a binary file.
        form: "png", "svg" or "pdf".
        metadata: of the file.
    """
    with rc_context({"svg.hashsalt": _SALT, "pdf.fonttype": 42}):
        drawn.savefig(to, format=form, dpi=DPI, metadata=_UNDATED[form] | metadata)


def inline(drawn: Figure, salt: str) -> str:
    """A figure as an SVG element of a page, whose letters are letters: where there is room those of ticks are of 14
    pixels, and on the narrowest screen, on which it scrolls, none is of less than 9.

    Args:
        drawn: the figure.
        salt: of its identifiers, which must differ from those of the page's other figures.
    """
    text = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        drawn.savefig(text, format="svg", metadata=_UNDATED["svg"])
    svg, points = text.getvalue(), 72 * drawn.get_figwidth()
    smallest = min((each.get_fontsize() for each in drawn.findobj(Text) if each.get_text()), default=TICK)
    wide, narrow = (math.ceil(10 * points * pixels / 16) / 10 for pixels in (_ROOMY / TICK, _LEAST / smallest))
    size = f'style="width: {wide}rem; min-width: {narrow}rem"'
    return svg[svg.index("<svg") :].replace("<svg", f"<svg {size}", 1)


def hexadecimal(color: str) -> str:
    """A color of this module as pages write it, `#0072b2`."""
    return to_hex(color)


def finish(ax: Axes) -> Axes:
    """Give axes the sizes of this module, numbers without offsets, and no frame above and on the right."""
    ax.tick_params(labelsize=TICK, width=LINE, length=_TICK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_linewidth(LINE)
    for text in (ax.title, ax.xaxis.label, ax.yaxis.label):
        text.set_size(LABEL)
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_offset_text().set_size(TICK)
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(Numbers())
    if type(ax.xaxis.get_major_locator()) is AutoLocator:
        ax.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS))
    return ax


def title(ax: Axes, text: str) -> None:
    """The title of one of several plots."""
    ax.set_title(plain_lines(text), fontsize=LABEL)


def look(number: int, points: int | None = None) -> dict[str, object]:
    """How the line of a number is drawn: no two of the first 28 alike; with marks if it has few points."""
    marked = {"marker": "o", "markersize": POINT} if points is not None and points < _MANY_POINTS else {}
    turn, place = divmod(number, len(COLORS))
    return {"color": COLORS[place], "linestyle": _STYLES[turn % len(_STYLES)], "linewidth": CURVE, **marked}


def legend(ax: Axes, handles: Sequence | None = None, **options: object) -> None:
    """A legend on the right of the axes, where it covers no curve; none without labels."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0} | options
        ax.legend(handles=handles, frameon=False, fontsize=TICK, **place)


def legend_high(labels: Iterable[str]) -> float:
    """Inches of a legend."""
    return sum(0.06 + 1.25 * TICK / 72 * (label.count("\n") + 1) for label in labels)


def guide(ax: Axes, x: float | None = None, y: float | None = None, dashed: bool = True, **options: object) -> None:
    """A line at a value, dashed, or thin and solid where values begin."""
    line = {"color": GREY, "linewidth": LINE, "linestyle": "--", "zorder": 2.5} if dashed else _ZERO
    if x is not None:
        ax.axvline(x, **line | options)
    if y is not None:
        ax.axhline(y, **line | options)


def diagonal(ax: Axes, start: float) -> None:
    """A dashed line where both axes are equal, through this value."""
    ax.axline((start, start), slope=1, color=GREY, linewidth=LINE, linestyle="--")


def headline(drawn: Figure, text: str) -> None:
    """The title of a figure, on the lines that its width has room for."""
    letters = int(drawn.get_figwidth() * 72 / TITLE / 0.6)
    drawn.suptitle(plain_lines(wrapped(text, max(letters, 20))), fontsize=TITLE)


def name_row(ax: Axes, label: str) -> None:
    """The name of a track on the left of its axes, on several lines if it is long."""
    ax.set_ylabel(plain_lines(wrapped(label)), rotation=0, ha="right", va="center", fontsize=LABEL, labelpad=_APART)


def wrapped(label: str, letters: int = _WRAP) -> str:
    """A name on lines of at most so many letters."""
    lines = [part for line in label.split("\n") for part in textwrap.wrap(line, letters) or [""]]
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


def longest(names: Sequence[str]) -> float:
    """Inches of the longest of many names, as they are shown at ticks."""
    return text_width(_shortened(max(names, key=len, default="")), TICK)


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


class Numbers(Formatter):
    """Whole numbers at ticks, all with as many decimals: no offset or factor beside the axis."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        """The number at one tick."""
        return numbers([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The numbers at all ticks."""
        return numbers(values)


def numbers(values: Sequence[float]) -> list[str]:
    """Numbers of an axis in one form: `1,250`; `−0.50`, `0`, `1.00`; `0.5×10⁻⁵`, `1.0×10⁻⁵`."""
    known = np.asarray(values, float)
    most = float(np.abs(known).max(initial=0))
    known = np.where(np.abs(known) < 1e-9 * most, 0, known)  # what is left of sums
    exponent = 0 if not most or 1e-4 <= most < 1e9 else math.floor(math.log10(most))
    scaled = known / 10.0**exponent
    step = np.diff(np.unique(np.append(scaled, 0)))
    near = 1e-3 * (step[step > 1e-9 * np.abs(scaled).max(initial=0)].min(initial=np.inf))
    decimals = next((n for n in range(12) if (np.abs(np.round(scaled, n) - scaled) <= near).all()), 12)
    return [_powered(f"{each:,.{decimals}f}", exponent) if each else "0" for each in scaled.tolist()]


def number(value: float, digits: int = 4) -> str:
    """A number within a text, in at most so many digits: `1,250`, `−0.5`, `2×10⁻⁵`."""
    mantissa, _, exponent = f"{value:,.{digits}g}".partition("e")
    return _powered(mantissa, int(exponent or 0))


def _powered(mantissa: str, exponent: int) -> str:
    power = f"×10{str(exponent).translate(_RAISED)}" if exponent else ""
    return mantissa.replace("-", "−") + power


def few_values(ax: Axes, most: int = 3) -> None:
    """A y axis of few ticks."""
    ax.yaxis.set_major_locator(MaxNLocator(most, min_n_ticks=2))
    ax.yaxis.set_major_formatter(Numbers())


def named(axis: Axis, names: Sequence[str], inches: float) -> None:
    """Names at 0, 1, … of an axis: small ones if they are many, and some of them, which its label says, if too many.

    Args:
        axis: x, whose names are turned if they have no room side by side, or y.
        names: of rows or columns.
        inches: that they have together at least.
    """
    names, step = list(map(_shortened, names)), max(math.ceil(len(names) * _NAME / inches), 1)
    axis.set_ticks(range(0, len(names), step), list(map(plain, names[::step])))
    if step > 1:
        axis.set_label_text(f"{len(names):,}, one in {step} named", fontsize=NOTE)
    size = SMALL if len(names) > CROWDED else TICK
    turned = 90 if axis.axis_name == "x" and _crowded(names, size, inches) else 0
    axis.axes.tick_params(axis=axis.axis_name, length=0, labelsize=size, labelrotation=turned)


def _shortened(name: str) -> str:
    """A name's ends, if it is long: names of files often differ in these."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def _crowded(names: Sequence[str], size: float, inches: float) -> bool:
    """Whether names touch one another side by side."""
    room = inches / max(len(names), 1)
    return len(names) > CROWDED or any(text_width(name, size) + _NAME > room for name in names)


def scale_bar(image: AxesImage, axes: Sequence[Axes], label: str) -> None:
    """The colors of a heat map beside its axes, 3 inches high at most, with numbers and their name."""
    high = image.figure.get_figheight()
    ticks = {"ticks": MaxNLocator(5), "format": Numbers()}
    bar = image.figure.colorbar(image, ax=axes, aspect=25, shrink=min(3 / high, 0.8), **ticks)
    bar.set_label(plain_lines(wrapped(label, int(min(3, 0.8 * high) * _VERTICAL))))
    bar.outline.set_visible(False)
    finish(bar.ax)


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
