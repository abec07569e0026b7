"""Curves over a threshold."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from zoo.plot.text import plain
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


def plot_series(ax: Axes, series: Sequence[Mapping], x: str, y: str) -> Axes:
    """Lines of `{"name", "x": […], "y": […]}`, one above the other."""
    for line in series:
        ax.plot(line["x"], line["y"], label=plain(line["name"]), marker="." * (len(line["x"]) < 12))
    ax.set(xlabel=plain(x), ylabel=plain(y))
    ax.set_ylim(bottom=min(0, *(min(line["y"], default=0) for line in series)))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def plot_training(ax: Axes, rows: Sequence[Mapping[str, float]], columns: Sequence[str], best_epoch: int) -> Axes:
    """Columns of a training log by epoch; a dashed line at the best one."""
    epochs = [row["epoch"] for row in rows]
    for column in columns:
        ax.plot(epochs, [row[column] for row in rows], label=column.replace("_", " "), marker="." * (len(rows) < 40))
    ax.axvline(best_epoch, color="0.4", linewidth=0.8, linestyle="--")
    ax.set(xlabel="epoch")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax
