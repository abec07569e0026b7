"""Curves over a threshold."""

from matplotlib.axes import Axes

from zoo.predict.thresholds import ThresholdTable


def plot_thresholds(ax: Axes, table: ThresholdTable) -> Axes:
    """Precision, recall and F1 at rising thresholds; a dashed line at the best F1."""
    score = table.columns["threshold"]
    for column, color in (("precision", "tab:blue"), ("recall", "tab:orange"), ("f1", "tab:green")):
        ax.plot(score, table.columns[column], color=color, label="F1" if column == "f1" else column)
    ax.axvline(score[table.columns["f1"].argmax()], color="0.4", linewidth=0.8, linestyle="--")
    ax.set(xlabel="threshold (score)", ylim=(0, 1), xlim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax
