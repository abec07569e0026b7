"""Pictures of variants' effects."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from zoo.plot import style
from zoo.plot.text import plain
from zoo.variants.allelic import AllelicAgreement

_NOISE = 1e-12  # what rounding leaves where nothing changes
_FILLED = 0.8  # of a figure, that axes fill at least


def plot_allelic(
    ax: Axes,
    scores: np.ndarray,
    log_odds: np.ndarray,
    agreement: AllelicAgreement | None = None,
    label: str = "predicted effect",
) -> Axes:
    """Scores against log odds of allelic reads: where both have one sign, the predicted direction is right.

    Args:
        ax: where.
        scores: (n,), such as `log2_fold_change`; NaN for skipped variants, which are not shown.
        log_odds: (n,) of `zoo.variants.allelic.Allelic`; infinite ones (reads of one allele only) are not shown.
        agreement: for the title.
        label: of the scores.
    """
    shown = np.isfinite(scores) & np.isfinite(log_odds)
    right = np.sign(scores) == np.sign(log_odds)
    for which, color, name in ((right, style.BLUE, "same direction"), (~right, style.RED, "opposite")):
        chosen = which & shown
        name = f"{name} ({chosen.sum():,})"
        look = {"s": style.POINT**2, "color": color, "linewidths": 0, "alpha": style.OPAQUE}
        ax.scatter(log_odds[chosen], scores[chosen], label=name, **look)
    style.guide(ax, x=0, y=0, dashed=False)
    ax.set(xlabel="measured effect: log odds of reads with the alternative allele", ylabel=plain(label))
    if agreement is not None:
        measures = f"Spearman {agreement.spearman:.2f}, balanced accuracy {agreement.balanced_accuracy:.2f}"
        ax.set_title(f"{measures}, {agreement.variants:,} variants")
    style.finish(ax)
    style.legend(ax)
    return ax


def plot_changes(ax: Axes, changes: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str) -> Axes:
    """A heat map of changes, (rows, columns): red above 0, blue below, grey without (Cazares et al. 2023, figure 7).

    Where there is no room for all names, some are left out, which the name of the axis says.
    """
    most = float(np.nanmax(np.abs(changes), initial=0))
    most = most if most > _NOISE else 1.0
    ax.set_facecolor(style.LIGHT)
    image = ax.imshow(changes, cmap=style.DIVERGING, vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    width, height = ax.figure.get_size_inches()
    style.finish(ax)
    style.named(ax.xaxis, columns, width * _FILLED)
    style.named(ax.yaxis, rows, height * _FILLED)
    ax.spines[:].set_visible(False)
    style.scale_bar(image, [ax], label)
    return ax


def plot_bars(ax: Axes, values: np.ndarray, names: Sequence[str], label: str) -> Axes:
    """A bar for each name, the first on top: red above 0, blue below.

    Args:
        ax: where.
        values: (n,).
        names: of them; where there is no room for all, some are left out, which the name of the axis says.
        label: of the values.
    """
    colors = dict(style.SIGNED)
    ax.barh(range(len(names)), values, color=[colors[1 if value > 0 else -1] for value in values])
    style.finish(ax)
    style.named(ax.yaxis, names, ax.figure.get_figheight() * _FILLED)
    style.guide(ax, x=0, dashed=False)
    ax.set(xlabel=plain(label), ylim=(len(names) - 0.4, -0.6))
    return ax
