"""Pictures of reports and comparisons can be read, whatever the numbers and names are."""

from collections.abc import Mapping

import numpy as np
import pytest
from gallery import PICTURES, SECTIONS, heat
from matplotlib.figure import Figure
from pictures import check_picture, shown_texts

from zoo.plot import style
from zoo.plot.sections import figure
from zoo.plot.variants import plot_changes


@pytest.mark.parametrize("part", SECTIONS.values(), ids=SECTIONS)
def test_sections(part: Mapping):
    drawn = figure(part, titled=True)
    check_picture(drawn)
    assert max(drawn.get_size_inches()) <= 24


def names_of(part: Mapping) -> tuple[set[str], set[str]]:
    """Rows and columns that are named."""
    texts = {text.get_text() for text in shown_texts(figure(part))}
    return texts & set(part["rows"]), texts & set(part["columns"])


def test_a_heat_map_names_all_factors_and_says_which_samples_it_names():
    rows, columns = names_of(heat(127, 50))
    assert (len(rows), len(columns)) == (127, 50)
    part = heat(127, 600)
    rows, columns = names_of(part)
    assert (len(rows), len(columns)) == (127, 200)
    assert figure(part).axes[0].get_xlabel() == "600, one in 3 named"


def test_changes_that_are_not_known_are_neither_red_nor_blue():
    ax = plot_changes(style.figure(4, 3).subplots(), np.array([[np.nan, 1.0]]), ["a"], ["x", "y"], "change")
    assert ax.images[0].get_array().mask.tolist() == [[True, False]]
    assert ax.get_facecolor()[:3] == (0.75, 0.75, 0.75)


def test_agreement_with_allelic_reads():
    drawn = PICTURES["allelic reads"]()
    assert drawn.axes[0].get_title().endswith("100 variants")
    check_picture(drawn)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([(0.99, 0.5, "beyond the edge")], "is clipped"),
        ([(0.3, 0.5, "one upon"), (0.32, 0.5, "another")], "lies on"),
    ],
)
def test_the_check_finds_what_it_is_for(texts: list, message: str):
    drawn = Figure()
    for x, y, text in texts:
        drawn.text(x, y, text)
    with pytest.raises(AssertionError, match=message):
        check_picture(drawn)


def test_the_check_finds_a_legend_over_a_curve():
    drawn = Figure()
    ax = drawn.subplots()
    ax.plot(np.linspace(0, 1, 100), np.linspace(0, 1, 100), label="curve")
    ax.legend(loc="center")
    with pytest.raises(AssertionError, match="legend lies over"):
        check_picture(drawn)
