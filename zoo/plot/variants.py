"""Pictures of variants' effects."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from zoo.plot.text import plain
from zoo.variants.allelic import AllelicAgreement


def plot_allelic(ax: Axes, scores: np.ndarray, log_odds: np.ndarray, agreement: AllelicAgreement | None = None) -> Axes:
    """Scores against log odds of allelic reads: where both have one sign, the predicted direction is right.

    Args:
        ax: where.
        scores: (n,), such as `log2_fold_change`; NaN for skipped variants, which are not shown.
        log_odds: (n,) of `zoo.variants.allelic.Allelic`; infinite ones (reads of one allele only) are not shown.
        agreement: for the title.
    """
    shown = np.isfinite(scores) & np.isfinite(log_odds)
    right = np.sign(scores) == np.sign(log_odds)
    for which, color, label in ((right, "tab:blue", "same direction"), (~right, "tab:orange", "opposite")):
        chosen = which & shown
        label = f"{label} ({chosen.sum():,})"
        ax.scatter(log_odds[chosen], scores[chosen], s=12, color=color, label=label, linewidths=0)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.axvline(0, color="0.4", linewidth=0.8)
    ax.set(xlabel="log odds of reads (alternative allele)", ylabel="score")
    if agreement is not None:
        measures = f"Spearman {agreement.spearman:.2f}, balanced accuracy {agreement.balanced_accuracy:.2f}"
        ax.set_title(f"{measures}, {agreement.variants:,} variants")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def plot_changes(ax: Axes, changes: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str) -> Axes:
    """A heat map of changes, (rows, columns): red above 0, blue below (Cazares et al. 2023, figure 7)."""
    most = max(float(np.nanmax(np.abs(changes), initial=0)), 1e-12)
    image = ax.imshow(changes, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    ax.set_xticks(range(len(columns)), list(map(plain, columns)), rotation=90, fontsize="small")
    ax.set_yticks(range(len(rows)), list(map(plain, rows)), fontsize="small")
    ax.figure.colorbar(image, ax=ax, label=plain(label))
    return ax
