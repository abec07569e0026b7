"""Pictures of variants' effects."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from zoo.variants.allelic import AllelicAgreement


def plot_allelic(ax: Axes, scores: np.ndarray, log_odds: np.ndarray, agreement: AllelicAgreement | None = None) -> Axes:
    """Scores beside the log odds of reads: quadrants on the diagonal are right."""
    right = np.sign(scores) == np.sign(log_odds)
    for which, color, label in ((right, "tab:blue", "same direction"), (~right, "tab:orange", "opposite")):
        ax.scatter(log_odds[which], scores[which], s=12, color=color, label=label, linewidths=0)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.axvline(0, color="0.4", linewidth=0.8)
    ax.set(xlabel="log odds of reads (alternative)", ylabel="score")
    if agreement is not None:
        said = f"Spearman {agreement.spearman:.2f}, balanced accuracy {agreement.balanced_accuracy:.2f}"
        ax.set_title(f"{said}, {agreement.variants:,} variants")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def plot_changes(ax: Axes, changes: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str) -> Axes:
    """A heat map of changes, (rows, columns): red above 0, blue below (Cazares et al. 2023, figure 7)."""
    most = max(float(np.nanmax(np.abs(changes), initial=0)), 1e-12)
    image = ax.imshow(changes, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    ax.set_xticks(range(len(columns)), columns, rotation=90, fontsize="small")
    ax.set_yticks(range(len(rows)), rows, fontsize="small")
    ax.figure.colorbar(image, ax=ax, label=label)
    return ax
