"""Figures of the QC report of a prepared sample."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from registry.errors import printable

BASE_COLORS = (("A", "tab:green"), ("C", "tab:blue"), ("G", "tab:orange"), ("T", "tab:red"))


def plot_lengths(ax: Axes, lengths: Sequence[int]) -> Axes:
    """How many fragments there are of 0, 1, … bp; the last number, of all longer ones, is left out."""
    if not any(lengths):
        ax.text(0.5, 0.5, "single reads", transform=ax.transAxes, ha="center", color="0.4")
    ax.fill_between(np.arange(len(lengths) - 1), lengths[:-1], color="tab:blue", linewidth=0)
    ax.set(xlabel="length (bp)", ylabel="fragments", title="Fragment lengths", xlim=(0, len(lengths) - 1))
    ax.set_ylim(0)
    return _finish(ax)


def plot_bias(ax: Axes, shares: Sequence[Sequence[float]]) -> Axes:
    """Fractions of A, C, G and T (2 n + 1, 4) around the 5' ends of reads; nothing where they were not counted."""
    ax.set(xlabel="bp from the reads' first base", ylabel="share of bases", title="Cut-site bias")
    if not len(shares):
        ax.text(0.5, 0.5, "no sequence", transform=ax.transAxes, ha="center", color="0.4")
        return _finish(ax)
    reach = len(shares) // 2
    for (base, color), column in zip(BASE_COLORS, np.transpose(shares), strict=True):
        ax.plot(np.arange(-reach, reach + 1), column, color=color, label=base)
    ax.axvline(0, color="0.4", linewidth=0.8, linestyle="--")
    ax.legend(frameon=False, ncols=4, loc="upper center")
    ax.set_ylim(0, max(0.5, 1.2 * np.max(shares)))
    return _finish(ax)


def plot_fingerprint(ax: Axes, fingerprint: Sequence[float], said: str = "") -> Axes:
    """Fraction of all cuts in the poorest 0 … 100 % of bins; a dashed line for cuts that lie anywhere."""
    ax.plot(np.linspace(0, 1, len(fingerprint)), fingerprint, color="tab:blue")
    ax.plot([0, 1], [0, 1], color="0.4", linewidth=0.8, linestyle="--")
    ax.text(0.04, 0.95, said, transform=ax.transAxes, va="top")
    ax.set(xlabel="share of bins, poorest first", ylabel="share of cuts", title="Signal to noise")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return _finish(ax)


def plot_saturation(ax: Axes, saturation: Sequence[tuple[float, float]] | None, cuts: int) -> Axes:
    """The percentile that a track is divided by, from fractions of its cuts; a dashed line where it settles."""
    ax.set(xlabel="cuts (millions)", ylabel="scaled, over that of all cuts", title="Percentile")
    if saturation is None:
        ax.text(0.5, 0.5, "too few cuts", transform=ax.transAxes, ha="center", color="0.4")
        return _finish(ax)
    shares, values = np.transpose(saturation)
    ax.plot(shares * cuts / 1e6, values, color="tab:blue", marker=".")
    ax.axhline(1, color="0.4", linewidth=0.8, linestyle="--")
    ax.set(xlim=(0, None), ylim=(0, None))
    return _finish(ax)


def plot_quality(summary: Mapping, title: str) -> Figure:
    """All four as one figure, from what `zoo prepare` wrote into OUTPUT.json."""
    quality, noise = summary["quality"], summary["quality"]["signal_to_noise"]
    figure = Figure(figsize=(10, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    plot_lengths(axes[0, 0], quality["lengths"])
    plot_bias(axes[0, 1], (summary["bias"] or {}).get("shares", ()))
    richest = f"richest 1 %: {quality['cuts_in_richest']:.1%} of the cuts"
    plot_fingerprint(axes[1, 0], quality["fingerprint"], richest + (f"\n{noise:.3g} times all others" if noise else ""))
    plot_saturation(axes[1, 1], quality["saturation"], summary["cuts"])
    figure.suptitle(printable(f"{title}: {summary['cuts']:,} cuts"), parse_math=False)  # a `$` in a name is a `$`
    return figure


def _finish(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    return ax
