"""Figures of attributions: loci, comparisons of alleles, patterns."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.genome.motifs import Match
from zoo.genome.signal import Signal
from zoo.plot import style, wording
from zoo.plot.loci import compose
from zoo.plot.logo import information, plot_logo
from zoo.plot.parts import BarsPart, ContributionsPart, IntervalsPart, Part, SignalPart, plot_bars, plot_bases
from zoo.plot.tracks import recorded, stack

_WINDOW = "position in the window (bp)"
_ROW = 1.25  # inches
_LETTERS = 110  # of a line of a pattern's title


def plot_contributions(ax: Axes, found: Attributions, number: int, region: Interval | None = None) -> Axes:
    """Contribution scores of the bases of a window: letters where there is room, else bars.

    Args:
        number: of the window.
        region: the stretch of it to be shown; default all. On the genome, or in the window if that has no place.
    """
    start, stop, shown = _stretch(found, number, region)
    plot_bases(ax, found.values[number, start:stop], shown.start).set_ylabel("contribution")
    return _places(style.finish(ax), found, shown)


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
    start, stop, shown = _stretch(found, number, region)
    rows = zip((tracks or {}).items(), style.COLORS * len(tracks or {}), strict=False)
    parts: list[Part] = [
        *(SignalPart(name, recorded(track, shown.chrom), color) for (name, track), color in rows),
        *(IntervalsPart(name, items) for name, items in (intervals or {}).items()),
        ContributionsPart("contribution\nof bases", found.values[number, start:stop]),
    ]
    if found.signal is not None and found.signal[number].any():
        signal = found.signal[number, start:stop]
        parts.append(BarsPart("contribution\nof signal", signal.reshape(len(signal), -1).sum(axis=1)))
    return compose(parts, shown, wording.headline(found, number, style.place(shown)))


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
    first = int(np.clip((differing[0] + differing[-1]) // 2 - width // 2, 0, max(before.codes.shape[1] - width, 0)))
    window = _window(before, number)
    stop = min(first + width, before.codes.shape[1])
    shown = Interval(window.chrom, window.start + first, window.start + stop)
    figure, axes = stack(3, height=_ROW)
    rows = {"reference": before.values[number, first:stop], "variant": after.values[number, first:stop]}
    low = min(np.minimum(values, 0).sum(axis=1).min() for values in rows.values())
    high = max(np.maximum(values, 0).sum(axis=1).max() for values in rows.values())
    for ax, (name, values) in zip(axes[:2, 0], rows.items(), strict=True):
        plot_bases(ax, values, shown.start)
        ax.set_ylim(1.05 * low, 1.05 * high or 1)
        style.name_row(style.finish(ax), name)
    plot_bars(axes[2, 0], (after.scores - before.scores)[number, first:stop], shown.start)
    style.name_row(axes[2, 0], "change")
    for ax in axes[:, 0]:
        ax.axvspan(
            window.start + differing[0], window.start + differing[-1] + 1, color=style.FAINT, linewidth=0, zorder=-1
        )
        _places(ax, before, shown)
    for ax in axes[:2, 0]:
        ax.set_xlabel("")
    figure.align_ylabels(axes[:, 0])
    place = style.place(shown) if before.intervals else ""
    predicted = style.number(before.prediction[number]), style.number(after.prediction[number])
    amounts = f"predicted {predicted[0]} (reference) and {predicted[1]} (variant)"
    style.headline(figure, f"{wording.first_line(before, place)}\n{amounts}")
    return figure


def plot_patterns(patterns: Sequence[Pattern], matches: Sequence[Sequence[Match]] = ()) -> Figure:
    """Each pattern's contributions and its sequence logo, with the motif it matches best."""
    figure, axes = stack(max(len(patterns), 1), 2, height=_ROW)
    for ax in axes.ravel()[2 * len(patterns) :]:
        ax.set_axis_off()
    for row, pattern in enumerate(patterns):
        plot_logo(axes[row, 0], pattern.contributions.T)
        plot_logo(axes[row, 1], information(pattern.frequencies)).set_ylim(0, 2)
        near = matches[row] if len(matches) else ()
        best = f", {near[0].name} (P = {style.number(near[0].p_value, 1)})" if near else ""
        title = textwrap.wrap(f"{pattern.short}: {pattern.seqlets:,} seqlets{best}", _LETTERS)
        axes[row, 0].set_title(style.plain_lines("\n".join(title)), loc="left", fontsize=style.LABEL)
        axes[row, 0].set_ylabel("contribution")
        axes[row, 1].set(ylabel="bits", yticks=(0, 1, 2))
    widest = max((pattern.frequencies.shape[1] for pattern in patterns), default=1)
    for ax in axes[: len(patterns)].ravel():
        style.positions(style.finish(ax), Interval("pattern", 0, widest))
        ax.set_xlabel("")
    for ax in axes[-1]:
        ax.set_xlabel("position in the pattern (bp)")
    return figure


def _stretch(found: Attributions, number: int, region: Interval | None) -> tuple[int, int, Interval]:
    """First position in the window, the one after the last, and what that is on the axis."""
    window = _window(found, number)
    if region is None:
        return 0, len(window), window
    start, stop = region.start - window.start, region.end - window.start
    elsewhere = bool(found.intervals) and region.chrom != window.chrom
    if elsewhere or not 0 <= start < stop <= len(window):
        raise InputError(
            "The region that is shown must lie within the window",
            received={"region": str(region), "window": str(window) if found.intervals else len(window)},
        )
    return start, stop, region


def _window(found: Attributions, number: int) -> Interval:
    """Where a window lies; from 0 on if it has no place."""
    return found.intervals[number] if found.intervals else Interval("window", 0, found.codes.shape[1])


def _places(ax: Axes, found: Attributions, shown: Interval) -> Axes:
    style.positions(ax, shown)
    if not found.intervals:
        ax.set_xlabel(_WINDOW)
    return ax
