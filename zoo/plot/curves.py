"""Curves over a threshold."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zoo.plot import style
from zoo.plot.text import plain
from zoo.predict.thresholds import ThresholdTable

_LEGEND = 34  # letters of a line of it
_STYLES = ("-", "--", ":", "-.")  # of lines whose colors come again


def plot_precision_recall(ax: Axes, part: Mapping) -> Axes:
    """Precision over recall as steps, the points of the best F1, and a dashed line for random predictions.

    Args:
        ax: where.
        part: `random`, the precision of random predictions, and `series` of `{"name", "recall": [… rising],
            "precision": […], "best": {"f1", "score", "recall", "precision"}}`. The precision at a recall holds down to
            the recall before: the area under the steps is the average precision.
    """
    handles = []
    for number, line in enumerate(part["series"]):
        look = {
            "color": style.COLORS[number % len(style.COLORS)],
            "linestyle": _STYLES[number // len(style.COLORS) % len(_STYLES)],
        }
        best = line["best"]
        ax.step([0, *line["recall"]], [line["precision"][0], *line["precision"]], where="pre", **look)
        ax.plot(best["recall"], best["precision"], marker="o", clip_on=False, color=look["color"])
        said = f"best F1 {best['f1']:.3g} at score {best['score']:.3g}"
        handles.append(Line2D([], [], marker="o", label=f"{_wrapped(line['name'])}\n{said}", **look))
    random = ax.axhline(part["random"], color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
    random.set_label(f"random predictions: {part['random']:.3g}\n(fraction of bound bins)")
    ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
    return _beside(ax, [*handles, random])


def plot_thresholds(ax: Axes, table: ThresholdTable) -> Axes:
    """Precision, recall and F1 at rising thresholds; a dashed line at the best F1."""
    score, f1 = table.columns["threshold"], table.columns["f1"]
    for column, color in (("precision", style.BLUE), ("recall", style.ORANGE), ("f1", style.GREEN)):
        ax.plot(score, table.columns[column], color=color, label="F1" if column == "f1" else column)
    best = f1.argmax()
    said = f"best F1 {f1[best]:.3g}\nat score {score[best]:.3g}"
    ax.axvline(score[best], color=style.GREY, linewidth=1, linestyle=(0, (4, 3)), label=said)
    ax.set(xlabel="threshold (score)", ylabel="fraction", ylim=(0, 1), xlim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
    return _beside(ax)


def plot_series(ax: Axes, series: Sequence[Mapping], x: str, y: str) -> Axes:
    """Lines of `{"name", "x": […], "y": […]}`, one above the other."""
    for line in series:
        ax.plot(line["x"], line["y"], label=_wrapped(line["name"]), marker="." * (len(line["x"]) < 12))
    ax.set(xlabel=plain(x), ylabel=plain(y))
    ax.set_ylim(bottom=min(0, *(min(line["y"], default=0) for line in series)))
    ax.spines[["top", "right"]].set_visible(False)
    return _beside(ax)


def plot_training(ax: Axes, rows: Sequence[Mapping[str, float]], columns: Sequence[str], best_epoch: int) -> Axes:
    """Columns of a training log by epoch; a dashed line at the best one."""
    epochs = [row["epoch"] for row in rows]
    for column in columns:
        ax.plot(
            epochs, [row[column] for row in rows], label=plain(column.replace("_", " ")), marker="." * (len(rows) < 40)
        )
    ax.axvline(best_epoch, color=style.GREY, linewidth=0.8, linestyle="--")
    ax.set(xlabel="epoch")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(columns), borderaxespad=0.2)
    return ax


def _beside(ax: Axes, handles: Sequence | None = None) -> Axes:
    """A legend to the right of the axes, where it hides no curve."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    if not handles:
        return ax
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    ax.legend(handles=handles, frameon=False, fontsize="small", labelspacing=0.8, **place)
    return ax


def _wrapped(name: object) -> str:
    return "\n".join(map(plain, textwrap.wrap(str(name), _LEGEND)))
