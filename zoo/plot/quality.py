"""Figures of the QC report of a prepared sample."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from zoo.plot import style

_HIGH = 6.0  # inches


def plot_lengths(ax: Axes, lengths: Sequence[int]) -> Axes:
    """How many fragments there are of 0, 1, … bp; the last number, of all longer ones, is left out."""
    ax.set(xlabel="fragment length (bp)", ylabel="fragments", xlim=(0, len(lengths) - 1))
    if not any(lengths):
        return style.finish(_without(ax, "single reads"))
    ax.fill_between(np.arange(len(lengths) - 1), lengths[:-1], color=style.BLUE, linewidth=0)
    ax.set_ylim(0)
    return style.finish(ax)


def plot_bias(ax: Axes, fractions: Sequence[Sequence[float]]) -> Axes:
    """Fractions of A, C, G and T (2 n + 1, 4) around the 5' ends of reads; nothing where they were not counted."""
    ax.set(xlabel="position relative to the 5′ end (bp)", ylabel="fraction of bases")
    if not len(fractions):
        return style.finish(_without(ax, "no sequence"))
    reach = len(fractions) // 2
    for (base, color), column in zip(style.BASE_COLORS, np.transpose(fractions), strict=True):
        ax.plot(np.arange(-reach, reach + 1), column, color=color, linewidth=style.CURVE, label=base)
    style.guide(ax, x=0)
    style.legend(ax, handlelength=1.2)
    ax.set_ylim(0, 1.05 * np.max(fractions))
    return style.finish(ax)


def plot_tss(ax: Axes, profile: Sequence[float] | None, enrichment: float | None) -> Axes:
    """Cuts from 2 kb upstream to 2 kb downstream of start sites, over those at both ends; a dashed line at these."""
    ax.set(xlabel="position relative to the TSS (bp)", ylabel="cuts relative to flanks")
    if profile is None:
        return style.finish(_without(ax, "too few cuts"))
    ax.plot(np.linspace(-2000, 2000, len(profile)), profile, **style.look(0))
    style.guide(ax, y=1)
    _say(ax, f"highest {enrichment:.3g}")
    ax.xaxis.set_major_locator(MultipleLocator(1000))
    ax.set(xlim=(-2000, 2000), ylim=(0, 1.15 * max(*profile, 1)))
    return style.finish(ax)


def plot_fingerprint(ax: Axes, fingerprint: Sequence[float], said: str = "") -> Axes:
    """Fraction of all cuts in the poorest 0 … 100 % of bins; a dashed line for cuts that lie anywhere."""
    ax.plot(np.linspace(0, 1, len(fingerprint)), fingerprint, **style.look(0))
    style.diagonal(ax, 0)
    _say(ax, said)
    ax.set(xlabel="fraction of bins, fewest cuts first", ylabel="fraction of cuts")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return style.finish(ax)


def plot_saturation(ax: Axes, saturation: Sequence[tuple[float, float]] | None, cuts: int) -> Axes:
    """The percentile that a track is divided by, from fractions of its cuts; a dashed line where it settles."""
    ax.set(xlabel="cuts (millions)", ylabel="scaled percentile,\nrelative to all cuts")
    if saturation is None:
        return style.finish(_without(ax, "too few cuts"))
    fractions, values = np.transpose(saturation)
    ax.plot(fractions * cuts / 1e6, values, **style.look(0, len(fractions)))
    style.guide(ax, y=1)
    ax.set(xlim=(0, None), ylim=(0, 1.1 * max(*values, 1)))
    return style.finish(ax)


def _of_noise(ax: Axes, summary: Mapping) -> Axes:
    quality, noise = summary["quality"], summary["quality"]["signal_to_noise"]
    richest = f"richest 1 %: {quality['cuts_in_richest']:.1%} of the cuts"
    times = f"\n{noise:.3g} times all others" if noise else ""
    return plot_fingerprint(ax, quality["fingerprint"], richest + times)


PANELS: Mapping[str, Callable[[Axes, Mapping], Axes]] = {
    "Fragment lengths": lambda ax, summary: plot_lengths(ax, summary["quality"]["lengths"]),
    "Tn5 sequence bias": lambda ax, summary: plot_bias(ax, (summary["bias"] or {}).get("shares", ())),
    "TSS enrichment": lambda ax, summary: plot_tss(ax, summary["tss"]["profile"], summary["tss"]["enrichment"]),
    "Signal to noise": _of_noise,
    "Saturation": lambda ax, summary: plot_saturation(ax, summary["quality"]["saturation"], summary["cuts"]),
}
"""Name of a panel → what draws it, of what `zoo prepare` wrote into OUTPUT.json."""


def panels_of(summary: Mapping) -> list[str]:
    """Those that there are numbers for."""
    return [name for name in PANELS if name != "TSS enrichment" or summary.get("tss") is not None]


def plot_quality(summary: Mapping, title: str) -> Figure:
    """All panels as one figure, with their verdicts, from what `zoo prepare` wrote into OUTPUT.json."""
    shown = panels_of(summary)
    verdicts = {each["panel"]: each["verdict"] for each in summary.get("verdicts", ())}
    columns = -(-len(shown) // 2)
    figure = style.figure(style.WIDTH, _HIGH)
    axes = figure.subplots(2, columns).ravel()
    for ax, name in zip(axes, shown, strict=False):
        PANELS[name](ax, summary)
        style.title(ax, f"{name}: {verdicts[name]}" if name in verdicts else name)
    for ax in axes[len(shown) :]:
        ax.remove()
    style.headline(figure, f"{title}: {summary['cuts']:,} cuts")
    return figure


def _without(ax: Axes, why: str) -> Axes:
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=style.GREY, fontsize=style.NOTE)
    ax.set(xticks=[], yticks=[])
    return ax


def _say(ax: Axes, text: str) -> None:
    ax.text(0.04, 0.97, text, transform=ax.transAxes, va="top", fontsize=style.NOTE)
