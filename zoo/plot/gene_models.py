"""Genes of a locus: exons as boxes, introns as lines, in rows whose names do not lie upon each other.

A gene of which no exons are known, as its annotation has no more than a line of it, is a box with white arrows in the
direction of its strand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from zoo.genome.gtf import Gene
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge_spans, touched
from zoo.plot import style
from zoo.plot.text import plain

ROW = 0.34
"""Inches that a row of genes is high."""
_MOST_ROWS = 12  # of genes with their names; in more the names are left out
_BETWEEN = 0.08  # inches, from one gene to the next
_ARROWS = 0.22  # inches between arrows along an intron
_MIDDLE = {"ha": "center", "va": "center", "fontsize": style.NOTE}
_ENDS = {"+": "{} →", "-": "← {}"}


@dataclass(frozen=True, eq=False)
class Layout:
    """Where genes are drawn.

    Attributes:
        genes: those that touch the region.
        rows: (n,) of each, from above.
        named: (n,) whether there is room for its name.
        labels: (n,) the middle of each name, in bp.
    """

    genes: Sequence[Gene]
    rows: np.ndarray
    named: np.ndarray
    labels: np.ndarray

    @property
    def count(self) -> int:
        """Rows."""
        return int(self.rows.max(initial=0)) + 1


def layout(genes: Sequence[Gene], region: Interval, inches: float) -> Layout:
    """Rows of genes, sorted by their starts, so that neither they nor their names touch one another.

    Args:
        genes: that touch the region.
        region: what is shown.
        inches: that it is wide at least.
    """
    per_inch = len(region) / inches
    spans, labels = np.zeros((len(genes), 2)), np.zeros(len(genes))
    for number, gene in enumerate(genes):
        start, end = max(gene.start, region.start), min(gene.end, region.end)
        half = style.text_width(_name(gene), style.NOTE) * per_inch / 2
        low, high = region.start + half, region.end - half
        labels[number] = min(max((start + end) / 2, low), high) if low < high else (region.start + region.end) / 2
        spans[number] = min(start, labels[number] - half), max(end, labels[number] + half) + _BETWEEN * per_inch
    order = np.argsort(spans[:, 0], kind="stable")
    rows = np.zeros(len(genes), np.int64)
    rows[order] = style.rows_of(spans[order])
    named = rows < _MOST_ROWS
    if not named.all():  # too many: the others without names, below
        left = np.flatnonzero(~named)
        bare = np.array([(genes[i].start, genes[i].end + _BETWEEN * per_inch) for i in left])
        rows[left] = _MOST_ROWS + style.rows_of(bare)
    return Layout(genes, rows, named, labels)


def plot_genes(ax: Axes, placed: Layout, region: Interval, label: str = "genes", color: str = style.DARK) -> Axes:
    """Draw genes: coding exons high, other parts of exons half as high, introns with arrows in the direction of
    transcription, and names with an arrow.

    Args:
        ax: where; a row is 1 high.
        placed: as `layout` says.
        region: the x axis.
        label: on the left.
        color: of all of it.
    """
    boxes: list[Rectangle] = []
    step = _ARROWS * len(region) / max(ax.figure.get_figwidth() * 0.7, 1)
    for gene, row, named, middle in zip(placed.genes, placed.rows, placed.named, placed.labels, strict=True):
        height = -row - 0.3
        start, end = max(gene.start, region.start), min(gene.end, region.end)
        ax.plot([start, end], [height, height], color=color, linewidth=style.LINE, solid_capstyle="butt", zorder=1)
        exons, coding = parts_of(gene)
        if gene.strand in _ENDS:
            places = np.arange(start + step / 2, end - step / 4, step)
            clear = ~touched(exons, places - step / 5, places + step / 5)
            places = places[clear] if has_exons(gene) else places
            marker = 5 if gene.strand == "+" else 4  # matplotlib's carets to the right and to the left
            shown = {"color": color, "zorder": 1} if has_exons(gene) else {"color": style.WHITE, "zorder": 3}
            arrows = {"linestyle": "", "marker": marker, "markersize": style.DOT, **shown}
            ax.plot(places, np.full(len(places), height), **arrows)
        for spans, tall in ((exons, 0.16), (coding, 0.3)):
            boxes += _boxes(spans, height, tall, region)
        if named:
            ax.text(middle, -row + 0.02, plain(_name(gene)), style="italic", **_MIDDLE)
    ax.add_collection(PatchCollection(boxes, facecolor=color, linewidth=0, zorder=2))
    ax.set_ylim(-placed.count + 0.3, 0.35)
    ax.set_yticks([])
    style.finish(ax)
    ax.spines["left"].set_visible(False)
    if not placed.genes:
        ax.text(0.5, 0.5, "no gene", transform=ax.transAxes, **_MIDDLE)
    unnamed = int((~placed.named).sum())
    style.name_row(ax, f"{label}\n({len(placed.genes):,}, {unnamed:,} without name)" if unnamed else label)
    return style.positions(ax, region)


def has_exons(gene: Gene) -> bool:
    """Whether an exon of it is known."""
    return any(len(item.exons) for item in gene.transcripts)


def parts_of(gene: Gene) -> tuple[np.ndarray, np.ndarray]:
    """Exons and coding sequence of all transcripts of a gene, merged, (n, 2) each; if no exon is known, all of it."""
    if not has_exons(gene):
        return np.array([[gene.start, gene.end]], np.int64), NONE
    return tuple(
        merge_spans(np.concatenate([NONE, *(getattr(item, part) for item in gene.transcripts)]))
        for part in ("exons", "cds")
    )


def _boxes(spans: np.ndarray, middle: float, tall: float, region: Interval) -> list[Rectangle]:
    """Spans as boxes; the shortest can still be seen."""
    least = len(region) / 1500
    inside = np.clip(spans, region.start, region.end)
    inside = inside[inside[:, 0] < inside[:, 1]].tolist()
    return [Rectangle((start, middle - tall / 2), max(end - start, least), tall) for start, end in inside]


def _name(gene: Gene) -> str:
    return _ENDS.get(gene.strand, "{}").format(gene.symbol)
