"""Curves over a threshold."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from zoo.plot import style
from zoo.plot.text import plain
from zoo.predict.thresholds import ThresholdTable


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
        look, best = style.look(number), line["best"]
        mark = {"marker": "o", "markersize": style.MARK}
        ax.step([0, *line["recall"]], [line["precision"][0], *line["precision"]], where="pre", **look)
        ax.plot(best["recall"], best["precision"], clip_on=False, linestyle="", color=look["color"], **mark)
        handles.append(Line2D([], [], label=best_f1(line), **mark, **look))
    random = f"random predictions: {part['random']:.3g}\n(fraction of bound bins)"
    style.guide(ax, y=part["random"], label=random)
    ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    style.legend(style.finish(ax), [*handles, ax.lines[-1]])
    return ax


def best_f1(line: Mapping) -> str:
    """What the legend says of a line of `plot_precision_recall`."""
    return f"{named(line)}\nbest F1 {line['best']['f1']:.3g} at score {line['best']['score']:.3g}"


def plot_thresholds(ax: Axes, table: ThresholdTable) -> Axes:
    """Precision, recall and F1 at rising thresholds; a dashed line at the best F1."""
    score, f1 = table.columns["threshold"], table.columns["f1"]
    for number, column in enumerate(("precision", "recall", "f1")):
        said = "F1" if column == "f1" else column
        ax.plot(score, table.columns[column], label=said, **style.look(number))
    best = f1.argmax()
    style.guide(ax, x=score[best], label=f"best F1 {f1[best]:.3g}\nat score {score[best]:.3g}")
    ax.set(xlabel="threshold (score)", ylabel="fraction", ylim=(0, 1), xlim=(0, 1))
    style.legend(style.finish(ax))
    return ax


def plot_series(ax: Axes, series: Sequence[Mapping], x: str, y: str) -> Axes:
    """Lines of `{"name", "x": […], "y": […]}`; of two with `limit_of`, another one's name, a band around that."""
    limits = {line["name"]: [each for each in series if each.get("limit_of") == line["name"]] for line in series}
    limits = {name: pair for name, pair in limits.items() if len(pair) == 2}
    for number, line in enumerate(line for line in series if line.get("limit_of") not in limits):
        look = style.look(number, len(line["x"]))
        ax.plot(line["x"], line["y"], label=named(line), **look)
        if pair := limits.get(line["name"]):
            said = style.plain_lines(style.wrapped(pair[0]["name"].rpartition(",")[0]))
            band = {"color": look["color"], "alpha": style.CLOUD, "linewidth": 0, "label": said}
            ax.fill_between(line["x"], *(each["y"] for each in pair), **band)
    ax.set(xlabel=plain(x), ylabel=plain(y))
    ax.set_ylim(bottom=min(0, *(min(line["y"], default=0) for line in series)))
    style.legend(style.finish(ax))
    return ax


def plot_training(ax: Axes, rows: Sequence[Mapping[str, float]], columns: Sequence[str], best_epoch: int) -> Axes:
    """Columns of a training log by epoch; a dashed line at the best one."""
    epochs = [row["epoch"] for row in rows]
    for number, column in enumerate(columns):
        values, said = [row[column] for row in rows], plain(words(column))
        ax.plot(epochs, values, label=said, **style.look(number, len(rows)))
    style.guide(ax, x=best_epoch, label=f"best epoch: {best_epoch}")
    ax.set(xlabel="epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.legend(style.finish(ax), loc="lower left", bbox_to_anchor=(0, 1.02), ncols=len(columns) + 1)
    return ax


def words(column: str) -> str:
    """A column of a training log in words: `validation loss`."""
    return column.replace("val_", "validation ").replace("_", " ")


def named(line: Mapping) -> str:
    """The name of a line, on several if it is long."""
    return style.plain_lines(style.wrapped(str(line["name"])))
