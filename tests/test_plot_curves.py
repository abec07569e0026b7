"""Curves of precision and recall, of thresholds and of training, by what is drawn and where."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.plot.curves import plot_precision_recall, plot_series, plot_thresholds, plot_training
from zoo.plot.sections import figure
from zoo.predict.thresholds import ThresholdTable

PART = {
    "kind": "precision_recall",
    "title": "Precision and recall",
    "random": 0.02,
    "series": [
        {
            "name": "model",
            "recall": [0.5, 1.0],
            "precision": [1.0, 0.25],
            "best": {"f1": 2 / 3, "score": 0.45, "precision": 1.0, "recall": 0.5},
        }
    ],
}


def test_steps_hold_the_precision_down_to_the_recall_before():
    """Their area is the average precision: 0.5 × 1 + 0.5 × 0.25."""
    ax = plot_precision_recall(Figure().subplots(), PART)
    steps, point, random = ax.lines
    assert steps.get_drawstyle() == "steps-pre"
    assert steps.get_xydata().tolist() == [[0, 1], [0.5, 1], [1, 0.25]]
    vertices = steps.get_path().cleaned().vertices[:-1]
    recall, precision = vertices.T
    assert np.trapezoid(precision, recall) == pytest.approx(0.5 * 1 + 0.5 * 0.25)
    assert point.get_xydata().tolist() == [[0.5, 1]]
    assert point.get_marker() == "o"
    assert set(random.get_ydata()) == {0.02}
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1))
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == [
        "model\nbest F1 0.667 at score 0.45",
        "random predictions: 0.02\n(fraction of bound bins)",
    ]


def test_lines_whose_colors_come_again_differ():
    part = {**PART, "series": [{**PART["series"][0], "name": f"model {number}"} for number in range(12)]}
    ax = plot_precision_recall(Figure().subplots(), part)
    drawn = ax.lines[:-1:2]
    assert len(drawn) == len({(line.get_color(), line.get_linestyle()) for line in drawn}) == 12


def legend_is_beside(ax: Axes) -> bool:
    """Whether it lies outside the axes and within the picture."""
    ax.figure.draw_without_rendering()
    legend, inside, whole = ax.get_legend().get_window_extent(), ax.get_window_extent(), ax.figure.bbox
    within = whole.x0 <= legend.x0 and legend.x1 <= whole.x1 and whole.y0 <= legend.y0 and legend.y1 <= whole.y1
    return within and not legend.overlaps(inside.padded(-1))


def long_names(count: int) -> list[dict]:
    return [{**PART["series"][0], "name": f"factornet/EGR1-a-name-of-a-model without spaces {i}"} for i in range(count)]


@pytest.mark.parametrize("count", [1, 3, 8, 14])
def test_a_legend_hides_no_curve(count: int):
    assert legend_is_beside(figure({**PART, "series": long_names(count)}, titled=True).axes[0])
    lines = [{"name": line["name"], "x": [0, 1], "y": [0, 1]} for line in long_names(count)]
    curves = {"kind": "curves", "title": "t", "x": "x", "y": "y", "series": lines}
    assert legend_is_beside(figure(curves).axes[0])


def test_the_threshold_of_the_best_f1_is_named():
    columns = {
        "threshold": np.array([0, 0.45, 0.9]),
        "precision": np.array([0.1, 0.5, 0.9]),
        "recall": np.array([1, 0.8, 0.1]),
        "log2fc": np.array([0, 2, 3]),
        "f1": np.array([0.18, 0.615, 0.18]),
    }
    ax = plot_thresholds(Figure(figsize=(5, 3), layout="constrained").subplots(), ThresholdTable(columns))
    assert [line.get_label() for line in ax.lines] == [
        *("precision", "recall", "F1"),
        "best F1 0.615\nat score 0.45",
    ]
    assert set(ax.lines[3].get_xdata()) == {0.45}
    assert legend_is_beside(ax)


def test_a_legend_of_training_is_above():
    ax = Figure(figsize=(4.5, 3.2), layout="constrained").subplots()
    rows = [{"epoch": epoch, "loss": 1 / epoch, "val_loss": 2 / epoch} for epoch in (1, 2, 3)]
    assert legend_is_beside(plot_training(ax, rows, ("loss", "val_loss"), 3))


ENDS = (("lower", 1), ("upper", 3))


def test_a_series_without_points_is_drawn():
    plot_series(Figure().subplots(), [{"name": "", "x": [], "y": []}], "x", "y")


def test_limits_are_a_band_around_their_line():
    limits = [{"name": f"a, 95 % interval, {end} limit", "x": [0, 1], "y": [y, y], "limit_of": "a"} for end, y in ENDS]
    ax = plot_series(Figure().subplots(), [{"name": "a", "x": [0, 1], "y": [2, 2]}, *limits], "x", "y")
    assert len(ax.lines) == 1
    (band,) = ax.collections
    assert band.get_datalim(ax.transData).get_points().tolist() == [[0, 1], [1, 3]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "a, 95 % interval"]
    alone = plot_series(Figure().subplots(), limits, "x", "y")
    assert (len(alone.lines), len(alone.collections)) == (2, 0)
