"""Figures of the QC report of a prepared sample."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from registry.errors import printable
from zoo.plot import style


def plot_lengths(ax: Axes, lengths: Sequence[int]) -> Axes:
    """How many fragments there are of 0, 1, … bp; the last number, of all longer ones, is left out."""
    if not any(lengths):
        _without(ax, "single reads")
    ax.fill_between(np.arange(len(lengths) - 1), lengths[:-1], color=style.BLUE, linewidth=0)
    ax.set(xlabel="length (bp)", ylabel="fragments", title="Fragment lengths", xlim=(0, len(lengths) - 1))
    ax.set_ylim(0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return _finish(ax)


def plot_bias(ax: Axes, fractions: Sequence[Sequence[float]]) -> Axes:
    """Fractions of A, C, G and T (2 n + 1, 4) around the 5' ends of reads; nothing where they were not counted."""
    ax.set(xlabel="bp from the reads' first base", ylabel="fraction of bases", title="Tn5 sequence bias")
    if not len(fractions):
        return _finish(_without(ax, "no sequence"))
    reach = len(fractions) // 2
    for (base, color), column in zip(style.BASE_COLORS, np.transpose(fractions), strict=True):
        ax.plot(np.arange(-reach, reach + 1), column, color=color, label=base)
    ax.axvline(0, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0, handlelength=1.2)
    ax.set_ylim(0, 1.05 * np.max(fractions))
    return _finish(ax)


def plot_tss(ax: Axes, profile: Sequence[float] | None, enrichment: float | None) -> Axes:
    """Cuts from 2 kb upstream to 2 kb downstream of start sites, over those at both ends; a dashed line at these."""
    ax.set(xlabel="bp from the transcription start site", ylabel="cuts, over flanks", title="TSS enrichment")
    if profile is None:
        return _finish(_without(ax, "too few cuts"))
    ax.plot(np.linspace(-2000, 2000, len(profile)), profile, color=style.BLUE)
    ax.axhline(1, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.text(0.02, 0.98, f"highest {enrichment:.3g}", transform=ax.transAxes, va="top")
    ax.xaxis.set_major_locator(MultipleLocator(1000))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlim=(-2000, 2000), ylim=(0, 1.15 * max(*profile, 1)))
    return _finish(ax)


def plot_fingerprint(ax: Axes, fingerprint: Sequence[float], said: str = "") -> Axes:
    """Fraction of all cuts in the poorest 0 … 100 % of bins; a dashed line for cuts that lie anywhere."""
    ax.plot(np.linspace(0, 1, len(fingerprint)), fingerprint, color=style.BLUE)
    ax.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.8, linestyle="--")
    ax.text(0.04, 0.95, said, transform=ax.transAxes, va="top")
    ax.set(xlabel="fraction of bins, poorest first", ylabel="fraction of cuts", title="Signal to noise")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return _finish(ax)


def plot_saturation(ax: Axes, saturation: Sequence[tuple[float, float]] | None, cuts: int) -> Axes:
    """The percentile that a track is divided by, from fractions of its cuts; a dashed line where it settles."""
    ax.set(xlabel="cuts (millions)", ylabel="percentile, scaled,\nover that of all cuts", title="Saturation")
    if saturation is None:
        return _finish(_without(ax, "too few cuts"))
    fractions, values = np.transpose(saturation)
    ax.plot(fractions * cuts / 1e6, values, color=style.BLUE, marker=".")
    ax.axhline(1, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.set(xlim=(0, None), ylim=(0, None))
    return _finish(ax)


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
    figure = Figure(figsize=(5 * columns, 7), layout="constrained")
    axes = figure.subplots(2, columns).ravel()
    for ax, name in zip(axes, shown, strict=False):
        PANELS[name](ax, summary)
        ax.set_title(f"{name}: {verdicts[name]}" if name in verdicts else name)
    for ax in axes[len(shown) :]:
        ax.remove()
    figure.suptitle(printable(f"{title}: {summary['cuts']:,} cuts"), parse_math=False)  # a `$` in a name is a `$`
    return figure


def _without(ax: Axes, why: str) -> Axes:
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", color=style.GREY)
    return ax


def _finish(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    return ax
