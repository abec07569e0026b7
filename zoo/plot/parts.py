"""What a picture of a locus is made of: rows, each of which knows how high it is and draws itself into axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from zoo.genome.gtf import Gene
from zoo.genome.interval import Interval
from zoo.genome.vcf import Variant
from zoo.plot import gene_models, lollipops, style
from zoo.plot.logo import plot_logo
from zoo.plot.tracks import Read, plot_intervals, plot_values, summarized

LETTERS = 200
"""bp whose letters can be read across a page; of more, bars are drawn."""
_INCHES = 6.2  # that axes are wide at least: what is left of a page beside names and notes


class Part(Protocol):
    """A row of a picture. Attributes: label: on its left."""

    label: str

    @property
    def height(self) -> float:
        """Inches."""

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it into axes of that height."""


@dataclass(frozen=True)
class SignalPart:
    """Values along the region, filled from 0.

    Attributes:
        label: on the left.
        read: the values.
        color: of the values.
        unit: of them.
        threshold: a dashed line there, or None.
        called: how the line is named.
        shaded: a grey ground where there is no value; for predictions, in which that means something.
    """

    label: str
    read: Read
    color: str = style.BLUE
    unit: str = ""
    threshold: float | None = None
    called: str = ""
    shaded: bool = False

    @property
    def height(self) -> float:
        """Inches."""
        return max(0.75, style.lines_high(f"{self.label}\n({self.unit})" if self.unit else self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        values = summarized(self.read, region)
        cut = self.threshold, self.called
        return plot_values(ax, *values, region, self.label, self.color, *cut, self.unit, self.shaded)


@dataclass(frozen=True)
class IntervalsPart:
    """Peaks as boxes. Attributes: label: on the left; intervals: on any chromosome; color: of the boxes."""

    label: str
    intervals: Sequence[Interval]
    color: str = style.GREY

    @property
    def height(self) -> float:
        """Inches."""
        return max(0.28, style.lines_high(self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        return plot_intervals(ax, self.intervals, region, self.label, self.color)


@dataclass(frozen=True, eq=False)
class GenesPart:
    """Genes in rows. Attributes: genes: that touch the region; region: what is shown; label: on the left."""

    genes: Sequence[Gene]
    region: Interval
    label: str = "genes"

    @cached_property
    def placed(self) -> gene_models.Layout:
        """Where they are drawn."""
        return gene_models.layout(self.genes, self.region, _INCHES)

    @property
    def height(self) -> float:
        """Inches."""
        return max(gene_models.ROW * self.placed.count, style.lines_high(self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        return gene_models.plot_genes(ax, self.placed, region, self.label)


@dataclass(frozen=True, eq=False)
class ContributionsPart:
    """Contribution scores of the bases: a logo where its letters can be read, else bars by their sign.

    Attributes:
        label: on the left.
        values: (bp of the region, 4) for A, C, G, T, of more than `LETTERS` bp also (…, 1), their sums; NaN for missing
            data.
        unit: of them.
    """

    label: str
    values: np.ndarray
    unit: str = ""

    @property
    def height(self) -> float:
        """Inches."""
        return max(1.0, style.lines_high(f"{self.label}\n({self.unit})" if self.unit else self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        plot_bases(ax, self.values, region.start)
        style.shade(ax, np.isfinite(self.values).all(axis=1), np.arange(region.start, region.end + 1))
        style.finish(ax)
        style.name_row(ax, f"{self.label}\n({self.unit})" if self.unit else self.label)
        return style.positions(ax, region)


@dataclass(frozen=True, eq=False)
class BarsPart:
    """Signed values of the bases. Attributes: label: on the left; values: (bp of the region,), NaN for missing data."""

    label: str
    values: np.ndarray

    @property
    def height(self) -> float:
        """Inches."""
        return max(0.85, style.lines_high(self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        plot_bars(ax, self.values, region.start)
        style.name_row(ax, self.label)
        return style.positions(ax, region)


@dataclass(frozen=True, eq=False)
class VariantsPart:
    """Variants as lollipops. Attributes: variants: in the region, sorted; region: what is shown; label: on the left."""

    variants: Sequence[Variant]
    region: Interval
    label: str = "variants"

    @cached_property
    def placed(self) -> tuple[np.ndarray, np.ndarray]:
        """Where their names stand."""
        return lollipops.layout(self.variants, self.region, _INCHES)

    @property
    def height(self) -> float:
        """Inches."""
        rows = int(self.placed[0].max(initial=0)) + 2
        return max(lollipops.ROW * rows, style.lines_high(self.label))

    def draw(self, ax: Axes, region: Interval) -> Axes:
        """Draw it."""
        return lollipops.plot_lollipops(ax, self.variants, self.placed, region, self.label)


def plot_bases(ax: Axes, values: np.ndarray, first: int) -> Axes:
    """Contributions of bases: letters where there is room for them, else a bar for each, by its sign.

    Args:
        ax: where.
        values: as `ContributionsPart` has them.
        first: of the first base, in bp, 0-based.
    """
    if len(values) <= LETTERS:
        return plot_logo(ax, np.nan_to_num(values), first)
    return plot_bars(ax, values.sum(axis=1), first)


def plot_bars(ax: Axes, values: np.ndarray, first: int) -> Axes:
    """Signed values (bp,) of bases as bars: those above 0 red, those below blue.

    Bars of several bases that share a pixel are those furthest from 0.
    """
    region = Interval("-", first, first + len(values))
    edges, shown = summarized(lambda start, end: values[start - first : end - first], region)
    for sign, color in style.SIGNED:
        heights = np.where(sign * shown > 0, shown, np.nan)
        ax.stairs(heights, edges, fill=True, facecolor=color, edgecolor=color, linewidth=style.THIN)
    style.guide(ax, y=0, dashed=False)
    ax.set_xlim(first, first + len(values))
    style.few_values(ax)
    return style.finish(ax)
