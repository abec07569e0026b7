"""Variants of a locus as lollipops with the names of their alleles."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from zoo.genome.interval import Interval
from zoo.genome.vcf import Variant
from zoo.plot import style
from zoo.plot.text import plain

ROW = 0.2
"""Inches that a row of names is high."""
MOST = 60
"""Variants with a name; of more only the places are shown."""
_LONGEST = 8  # letters of an allele
_BETWEEN = 0.08  # inches between names
_GROUND = {"facecolor": style.WHITE, "edgecolor": "none", "pad": 0.6}  # hides the stems of other names


def alleles(variant: Variant) -> str:
    """`A>G`, long alleles shortened."""
    return f"{_short(variant.ref)}>{_short(variant.alt)}"


def layout(variants: Sequence[Variant], region: Interval, inches: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of names, from below, so that none touches another; and their middles in bp. (n,) each.

    Args:
        variants: in the region, sorted by their places.
        region: what is shown.
        inches: that it is wide at least.
    """
    if len(variants) > MOST:
        return np.zeros(len(variants), np.int64), np.zeros(len(variants))
    per_inch = len(region) / inches
    halves = np.array([style.text_width(alleles(each), style.NOTE) / 2 * per_inch for each in variants])
    middles = np.array([each.start + len(each.ref) / 2 for each in variants])
    middles = np.clip(middles, region.start + halves, np.maximum(region.end - halves, region.start + halves))
    order = np.argsort(middles - halves, kind="stable")
    spans = np.stack([middles - halves, middles + halves + _BETWEEN * per_inch], axis=1)
    rows = np.zeros(len(variants), np.int64)
    rows[order] = style.rows_of(spans[order])
    return rows, middles


def plot_lollipops(
    ax: Axes,
    variants: Sequence[Variant],
    placed: tuple[np.ndarray, np.ndarray],
    region: Interval,
    label: str = "variants",
    color: str = style.RED,
) -> Axes:
    """Draw each variant as a stem on its place, with its alleles above.

    Args:
        ax: where; a row of names is 1 high.
        variants: in the region.
        placed: as `layout` says.
        region: the x axis.
        label: on the left.
        color: of the heads.
    """
    rows, middles = placed
    places = np.array([each.start + len(each.ref) / 2 for each in variants])
    ax.vlines(places, -0.6, rows + 0.1, color=style.LIGHT, linewidth=style.LINE)
    heads = {"marker": "o", "markersize": style.POINT, "color": color, "zorder": 3}
    ax.plot(places, np.full(len(places), -0.45), linestyle="", **heads)
    named = len(variants) <= MOST
    for variant, row, middle in zip(variants, rows, middles, strict=True) if named else ():
        ax.text(middle, row + 0.5, plain(alleles(variant)), ha="center", va="center", fontsize=style.NOTE, bbox=_GROUND)
    ax.set_ylim(-0.8, int(rows.max(initial=0)) + 1.1)
    ax.set_yticks([])
    style.finish(ax)
    ax.spines["left"].set_visible(False)
    style.name_row(ax, label if named else f"{label}\n({len(variants):,})")
    return style.positions(ax, region)


def _short(allele: str) -> str:
    return allele if len(allele) <= _LONGEST else f"{allele[: _LONGEST - 1]}… ({len(allele):,} bp)"
