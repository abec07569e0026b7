"""A prepared sample at a glance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.prepare.bias import Bias
from zoo.prepare.quality import SHARES, Quality

_BASES = (("A", "tab:green"), ("C", "tab:blue"), ("G", "tab:orange"), ("T", "tab:red"))


def plot_lengths(ax: Axes, lengths: Sequence[int]) -> Axes:
    """How many fragments there are of each length; the last number, of all longer ones, is left out."""
    ax.fill_between(np.arange(len(lengths) - 1), lengths[:-1], color="tab:blue", linewidth=0)
    ax.set(xlabel="length (bp)", ylabel="fragments", title="Fragment lengths", xlim=(0, len(lengths) - 1))
    ax.set_ylim(0)
    return _finish(ax)


def plot_bias(ax: Axes, bias: Bias | None) -> Axes:
    """Shares of bases around the 5' ends of reads; nothing where they were not looked at."""
    ax.set(xlabel="bp from the reads' first base", ylabel="share of bases", title="Cut-site bias")
    if bias is None or not bias.shares:
        ax.text(0.5, 0.5, "no sequence", transform=ax.transAxes, ha="center", color="0.4")
        return _finish(ax)
    reach = len(bias.shares) // 2
    for (base, color), shares in zip(_BASES, np.transpose(bias.shares), strict=True):
        ax.plot(np.arange(-reach, reach + 1), shares, color=color, label=base)
    ax.axvline(0, color="0.4", linewidth=0.8, linestyle="--")
    ax.legend(frameon=False, ncols=4, loc="upper center")
    ax.set_ylim(0, max(0.5, 1.2 * np.max(bias.shares)))
    return _finish(ax)


def plot_fingerprint(ax: Axes, quality: Quality) -> Axes:
    """Share of all cuts in the poorest bins; a dashed line for cuts that lie anywhere."""
    ax.plot(np.linspace(0, 1, len(quality.fingerprint)), quality.fingerprint, color="tab:blue")
    ax.plot([0, 1], [0, 1], color="0.4", linewidth=0.8, linestyle="--")
    noise = "" if quality.signal_to_noise is None else f"\n{quality.signal_to_noise:.3g} times all others"
    said = f"richest 1 %: {quality.cuts_in_richest:.1%} of the cuts{noise}"
    ax.text(0.04, 0.95, said, transform=ax.transAxes, va="top")
    ax.set(xlabel="share of bins, poorest first", ylabel="share of cuts", title="Signal to noise")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return _finish(ax)


def plot_saturation(ax: Axes, quality: Quality, cuts: int, percentile: float) -> Axes:
    """The percentile that the track is divided by, from fewer cuts; a dashed line where it no longer changes."""
    ax.plot([share * cuts / 1e6 for share in SHARES], quality.saturation, color="tab:blue", marker=".")
    ax.axhline(1, color="0.4", linewidth=0.8, linestyle="--")
    ax.set(xlabel="cuts (millions)", ylabel="scaled, over that of all cuts", title=f"Percentile {percentile:g}")
    ax.set(xlim=(0, None), ylim=(0, None))
    return _finish(ax)


def plot_quality(quality: Quality, bias: Bias | None, cuts: int, percentile: float, title: str) -> Figure:
    """All four as one figure."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    plot_lengths(axes[0, 0], quality.lengths)
    plot_bias(axes[0, 1], bias)
    plot_fingerprint(axes[1, 0], quality)
    plot_saturation(axes[1, 1], quality, cuts, percentile)
    figure.suptitle(title)
    return figure


def _finish(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    return ax
