"""Logos and pictures of attributions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attributing import sequences
from matplotlib import cbook
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pictures import check_picture

import zoo
from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.genome.interval import Interval
from zoo.genome.motifs import Match
from zoo.genome.signal import Signal
from zoo.plot.curves import plot_series, plot_training
from zoo.plot.explained import plot_contributions, plot_locus, plot_patterns, plot_variant
from zoo.plot.logo import information, plot_logo
from zoo.plot.text import plain
from zoo.plot.variants import plot_changes


@pytest.fixture
def found(small: zoo.Model) -> Attributions:
    """Two windows, put somewhere on a chromosome."""
    made = small.attribute(sequences(2, 256, 5), count=2, signal_reference="zeros")
    intervals = [Interval("chr1", 1000, 1256), Interval("chr1", 5000, 5256)]
    return replace(made, intervals=intervals, sizes={"chr1": 10_000})


def boxes(ax) -> list[tuple[float, float, float, float]]:
    """Left, right, bottom and top of each letter that is drawn."""
    corners = [path.get_extents() for letters in ax.collections for path in letters.get_paths()]
    return sorted((round(b.x0, 3), round(b.x1, 3), round(b.y0, 3), round(b.y1, 3)) for b in corners)


def test_letters_are_as_high_as_their_values():
    values = np.array([[2.0, 0, 0, 0], [0, 0.5, 1.5, 0], [0, -1.0, 0, 0.25]])
    ax = plot_logo(Figure().subplots(), values, first=100)
    assert boxes(ax) == [
        (100.03, 100.97, 0, 2),  # A
        (101.03, 101.97, 0, 0.5),  # C, below the higher G
        (101.03, 101.97, 0.5, 2),
        (102.03, 102.97, -1, 0),  # C hangs
        (102.03, 102.97, 0, 0.25),
    ]
    assert ax.get_xlim() == (100, 103)
    with pytest.raises(InputError, match="must have four heights"):
        plot_logo(ax, np.zeros((3, 5)))


def test_information_in_bits():
    frequencies = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]]).T
    np.testing.assert_allclose(information(frequencies), [[2, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]], atol=1e-12)


def test_a_locus(found: Attributions, tmp_path: Path):
    bigwig.write_track(tmp_path / "s.bw", {"chr1": 10_000}, [("chr1", np.arange(100.0))], 100)
    tracks, peaks = {"ATAC-seq": Signal(tmp_path / "s.bw")}, {"peaks": [Interval("chr1", 1100, 1200)]}
    figure = plot_locus(found, 0, tracks, peaks)
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "ATAC-seq",
        "peaks",
        "contribution\nof bases",
        "contribution\nof signal",
    ]
    lines = figure.get_suptitle().split("\n")
    assert lines[0] == "Contribution to predicted SMALL (DeepLIFT), chr1:1,001–1,256"
    assert lines[1].startswith("predicted sum over the window ")
    check_picture(figure)
    assert all(ax.get_xlim() == (1000, 1256) for ax in figure.axes)
    assert not boxes(figure.axes[2])[1:]  # bars: letters would be too narrow
    near = plot_locus(found, 1, region=Interval("chr1", 5100, 5150))
    assert len(boxes(near.axes[0])) == np.count_nonzero(found.values[1, 100:150]) > 40
    near.savefig(tmp_path / "near.svg")
    assert (tmp_path / "near.svg").read_text().count("<path") > 40
    for region in (Interval("chr1", 900, 1100), Interval("chr2", 1000, 1100)):
        with pytest.raises(InputError, match="must lie within the window"):
            plot_locus(found, 0, region=region)
    with pytest.raises(InputError, match="a place on a genome"):
        plot_locus(replace(found, intervals=()), 0)
    ax = plot_contributions(Figure().subplots(), replace(found, intervals=()), 1)
    assert ax.get_xlim() == (0, 256)


def test_before_and_after(found: Attributions):
    after = replace(found, codes=found.codes.copy(), values=0.5 * found.values)
    after.codes[0, 128] = (after.codes[0, 128] + 1) % 4
    figure = plot_variant(found, after, 0, width=40)
    assert [ax.get_ylabel() for ax in figure.axes] == ["reference", "variant", "change"]
    assert all(ax.get_xlim() == (1108, 1148) for ax in figure.axes)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    check_picture(figure)
    with pytest.raises(InputError, match="alleles of a window must differ"):
        plot_variant(found, after, 1)
    with pytest.raises(InputError, match="must have the same windows"):
        plot_variant(found, replace(after, codes=after.codes[:1]), 0)


def test_patterns_with_their_names():
    frequencies = np.full((4, 5), 0.25)
    pattern = Pattern(
        "pos_patterns/pattern_0", 1234, np.arange(3), np.zeros((3, 2)), np.zeros(3), frequencies, frequencies
    )
    figure = plot_patterns([pattern, pattern], [[Match("CTCF", 1e-9)], []])
    titles = [ax.get_title("left") for ax in figure.axes[::2]]
    assert titles == ["pos_0: 1,234 seqlets, CTCF (P = 1×10⁻⁹)", "pos_0: 1,234 seqlets"]
    check_picture(figure)


def test_patterns_of_several_widths_are_all_shown_whole():
    wide, narrow = (replace(_pattern(), frequencies=np.full((4, width), 0.25)) for width in (9, 5))
    figure = plot_patterns([wide, narrow])
    assert [ax.get_xlim() for ax in figure.axes] == [(0, 9)] * 4
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["2", "4", "6", "8"]


def test_text_of_users_is_no_formula_and_obeys_no_control_character(found: Attributions):
    """`$x$` is text in titles, labels and legends; control characters and undecodable bytes are escaped."""
    assert plain("a$b$c\x1b[2J") == r"a\$b\$c\x1b[2J"
    assert plain("\udce4") == r"\udce4"
    figure = Figure()
    ax = figure.subplots()
    ax.set_title(plain("peaks of $x_1$ and $50\\n"))
    FigureCanvasAgg(figure).draw()
    assert ax.title.get_text().count(r"\$") == 3
    assert not cbook.is_math_text(ax.title.get_text())
    bad = r"$\frac{$"  # no formula at all: matplotlib raises while it draws
    for picture in (
        plot_locus(replace(found, model=bad), 0, intervals={bad: []}),
        plot_variant(found, replace(found, codes=(found.codes + 1) % 4, model=bad)),
        plot_patterns([_pattern()], [[Match(bad, 1e-9)]]),
    ):
        FigureCanvasAgg(picture).draw()
    ax = plot_series(figure.subplots(), [{"name": bad, "x": [1, 2], "y": [1, 2]}], bad, bad)
    assert ax.get_legend_handles_labels()[1] == [r"\$\frac{\$"]
    plot_training(figure.subplots(), [{"epoch": 1, bad: 2.0}], [bad], 1)
    plot_changes(figure.subplots(), np.ones((1, 1)), [bad], [bad], bad)
    FigureCanvasAgg(figure).draw()


def _pattern() -> Pattern:
    frequencies = np.full((4, 5), 0.25)
    return Pattern("pos_patterns/pattern_0", 9, np.arange(3), np.zeros((3, 2)), np.zeros(3), frequencies, frequencies)
