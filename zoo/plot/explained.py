"""Figures of attributions: loci, comparisons of alleles, patterns."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.genome.motifs import Match
from zoo.genome.signal import Signal
from zoo.plot.logo import information, plot_logo
from zoo.plot.text import plain
from zoo.plot.tracks import plot_intervals, plot_signal, stack

_LETTERS = 160  # positions whose letters can be read in a picture; of more, bars are drawn
_COLORS = ("tab:blue", "tab:purple", "tab:green", "tab:brown")


def plot_contributions(ax: Axes, found: Attributions, number: int, region: Interval | None = None) -> Axes:
    """Contribution scores of the bases of a window: letters where there is room, else bars.

    Args:
        number: of the window.
        region: the stretch of it to be shown; default all. On the genome, or in the window if that has no place.
    """
    start, stop, first = _stretch(found, number, region)
    values = found.values[number, start:stop]
    if stop - start <= _LETTERS:
        plot_logo(ax, values, first)
    else:
        _bars(ax, values.sum(axis=1), first)
    return _places(ax, first, stop - start)


def plot_locus(
    found: Attributions,
    number: int,
    tracks: Mapping[str, Signal] | None = None,
    intervals: Mapping[str, Sequence[Interval]] | None = None,
    region: Interval | None = None,
) -> Figure:
    """A window's surroundings under one another: tracks, intervals, attributions of bases and of the signal.

    Args:
        found: attributions of windows on a genome.
        number: of the window.
        tracks: name → bigWig: the signal, the prediction, what was measured.
        intervals: name → peaks.
        region: the stretch of the window to be shown; default all.

    Raises:
        InputError: windows without a place, or a region outside the window.
    """
    if not found.intervals:
        raise InputError(
            "A locus must be a place on a genome",
            received={"windows": "given as arrays"},
            hint="Attribute regions of a genome, or use `plot_contributions`",
        )
    start, stop, first = _stretch(found, number, region)
    shown = Interval(found.intervals[number].chrom, first, first + stop - start)
    tracks, intervals = tracks or {}, intervals or {}
    with_signal = found.signal is not None and bool(found.signal[number].any())
    rows = len(tracks) + len(intervals) + 1 + with_signal
    figure, axes = stack(rows, height=1.1)
    axes = iter(axes[:, 0])
    for (name, track), color in zip(tracks.items(), _COLORS * len(tracks), strict=False):
        plot_signal(next(axes), track, shown, name, color)
    for name, items in intervals.items():
        plot_intervals(next(axes), items, shown, name, "0.3")
    _label(plot_contributions(next(axes), found, number, region), "bases")
    if with_signal:
        ax = next(axes)
        _label(_places(_bars(ax, found.signal[number, start:stop], first), first, stop - start), "signal")
    title = f"{found.model}, {found.method} of {found.target}: {found.prediction[number]:.4g}"
    figure.suptitle(plain(f"{shown}  {title}"))
    return figure


def plot_variant(before: Attributions, after: Attributions, number: int = 0, width: int = 60) -> Figure:
    """Attributions of a window with one allele, with the other, and their difference, around where they differ.

    Args:
        before: with the reference allele.
        after: the same windows with the other one.
        number: of the window.
        width: bp to be shown.

    Raises:
        InputError: windows of other shapes, or without a difference.
    """
    if before.codes.shape != after.codes.shape:
        raise InputError(
            "Both alleles must have the same windows", received={"windows": (before.codes.shape, after.codes.shape)}
        )
    differing = np.flatnonzero(before.codes[number] != after.codes[number])
    if not len(differing):
        raise InputError("The alleles of a window must differ", received={"window": number})
    start = int(np.clip((differing[0] + differing[-1]) // 2 - width // 2, 0, max(before.codes.shape[1] - width, 0)))
    origin = before.intervals[number].start if before.intervals else 0
    region = slice(start, start + width)
    figure, axes = stack(3, height=1.3)
    rows = {"reference": before.values[number, region], "variant": after.values[number, region]}
    low = min(np.minimum(values, 0).sum(axis=1).min() for values in rows.values())
    high = max(np.maximum(values, 0).sum(axis=1).max() for values in rows.values())
    for ax, (name, values) in zip(axes[:2, 0], rows.items(), strict=True):
        plot_logo(ax, values, origin + start)
        ax.set_ylim(1.05 * low, 1.05 * high or 1)
        _label(_places(ax, origin + start, width), name)
    change = (after.scores - before.scores)[number, region]
    _label(_places(_bars(axes[2, 0], change, origin + start), origin + start, width), "change")
    for ax in axes[:, 0]:
        ax.axvspan(origin + differing[0], origin + differing[-1] + 1, color="0.9", zorder=-1)
    predicted = f"{before.prediction[number]:.4g} to {after.prediction[number]:.4g}"
    figure.suptitle(plain(f"{before.model}, {before.method} of {before.target}: {predicted}"))
    return figure


def plot_patterns(patterns: Sequence[Pattern], matches: Sequence[Sequence[Match]] = ()) -> Figure:
    """Each pattern's contributions and its sequence logo, with the motif it matches best."""
    figure, axes = stack(max(len(patterns), 1), 2, height=1.3, width=10)
    for ax in axes.ravel()[2 * len(patterns) :]:
        ax.set_axis_off()
    for row, pattern in enumerate(patterns):
        plot_logo(axes[row, 0], pattern.contributions.T)
        plot_logo(axes[row, 1], information(pattern.frequencies)).set_ylim(0, 2)
        near = matches[row] if len(matches) else ()
        best = f", {near[0].name} (p = {near[0].p_value:.1g})" if near else ""
        axes[row, 0].set_title(plain(f"{pattern.short}: {pattern.seqlets:,} seqlets{best}"))
        axes[row, 1].set_ylabel("bits")
    return figure


def _stretch(attributions: Attributions, number: int, region: Interval | None) -> tuple[int, int, int]:
    """First position in the window, the one after the last, and where the first stands on the axis."""
    length = attributions.codes.shape[1]
    origin = attributions.intervals[number].start if attributions.intervals else 0
    if region is None:
        return 0, length, origin
    start, stop = region.start - origin, region.end - origin
    elsewhere = bool(attributions.intervals) and region.chrom != attributions.intervals[number].chrom
    if elsewhere or not 0 <= start < stop <= length:
        raise InputError(
            "The region that is shown must lie within the window",
            received={
                "region": str(region),
                "window": str(attributions.intervals[number]) if attributions.intervals else length,
            },
        )
    return start, stop, region.start


def _bars(ax: Axes, values: np.ndarray, first: int) -> Axes:
    ax.stairs(values, np.arange(len(values) + 1) + first, fill=True, color="0.3")
    ax.axhline(0, color="0.4", linewidth=0.6)
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _places(ax: Axes, first: int, width: int) -> Axes:
    ax.set_xlim(first, first + width)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda position, _: f"{position:,.0f}"))
    return ax


def _label(ax: Axes, label: str) -> Axes:
    ax.set_ylabel(label, rotation=0, ha="right", va="center")
    return ax
