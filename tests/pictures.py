"""What every picture is checked for: texts within the figure, none upon another, no legend over curves."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_SLACK = 1.5  # pixels: antialiasing, and letters that reach below the line


def check_picture(figure: Figure) -> None:
    """Assert that a figure can be read as it would be saved."""
    FigureCanvasAgg(figure).draw()  # a figure's own canvas draws nothing until it is saved
    texts = [(text.get_text(), text.get_window_extent()) for text in shown_texts(figure)]
    assert texts
    for text, box in texts:
        assert _within(box, figure.bbox), f"{text!r} is clipped: {box} in {figure.bbox}"
    for (one, first), (other, second) in combinations(texts, 2):
        assert not _touch(first, second), f"{one!r} lies on {other!r}"
    for ax in figure.findobj(Axes):
        legend = ax.get_legend()
        if legend is not None:
            assert not _covered(ax, legend.get_window_extent()), "a legend lies over curves"


def shown_texts(figure: Figure) -> Iterator[Text]:
    """Texts that are drawn: not those of ticks outside of their axis, nor empty ones."""
    axes = figure.findobj(Axis)
    ticks = {label for axis in axes for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)}
    used = [axis for axis in axes if axis.get_visible() and axis.axes.axison]
    drawn = {label for axis in used for tick in axis._update_ticks() for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and (text not in ticks or text in drawn):
            yield text


def _within(box: Bbox, outer: Bbox) -> bool:
    return (
        box.x0 >= outer.x0 - _SLACK
        and box.y0 >= outer.y0 - _SLACK
        and box.x1 <= outer.x1 + _SLACK
        and box.y1 <= outer.y1 + _SLACK
    )


def _touch(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    return width > _SLACK and min(one.y1, other.y1) - max(one.y0, other.y0) > _SLACK


def _covered(ax: Axes, box: Bbox) -> bool:
    """Whether any point of a curve or a scatter plot lies in a box."""
    points = [ax.transData.transform(line.get_xydata()) for line in ax.lines if line.get_transform() == ax.transData]
    points += [ax.transData.transform(np.ma.filled(each.get_offsets(), np.nan)) for each in ax.collections]
    inside = [
        ((at[:, 0] > box.x0) & (at[:, 0] < box.x1) & (at[:, 1] > box.y0) & (at[:, 1] < box.y1)).any()
        for at in points
        if len(at)
    ]
    return any(inside)
