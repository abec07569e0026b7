"""What is kept of a unit, with arrays made by hand: stretches, regions, called bins, all bins."""

import numpy as np
import pytest

from zoo.genome.interval import Interval
from zoo.many.pieces import Reduced, RegionBins, bins_of, called, called_of, stretches
from zoo.predict.plan import ChromosomePlan, Grid

nan, F32 = np.nan, np.float32
GRID = Grid(64, 32, 32, 0, 2, 0)
WIDE = Grid(256, 50, 50, 0, 1, 0, overlap=150)  # bins of 200 bp every 50 bp


def plan(chrom: str) -> ChromosomePlan:
    empty = np.empty((0, 2), np.int64)
    return ChromosomePlan(chrom, 10_000, 32, 0, empty, None, empty)


def column(*scores: float) -> np.ndarray:
    return F32(scores)[:, None]


def test_rows_side_by_side_are_one_stretch():
    one, two = plan("a"), plan("b")
    rows = [(one, 3, column(1)), (one, 4, column()), (one, 4, column(2, 3)), (one, 7, column(4)), (two, 8, column(5))]
    found = stretches(rows)
    assert [(chrom, first, scores.ravel().tolist()) for chrom, first, scores in found] == [
        ("a", 3, [1, 2, 3]),
        ("a", 7, [4]),
        ("b", 8, [5]),
    ]
    assert stretches([]) == []


def test_bins_of_regions():
    """A bin is a region's if they have a base in common; the first of bins that overlap begins before the region."""
    regions = [Interval("b", 64, 96), Interval("a", 31, 33), Interval("a", 0, 1)]
    found = RegionBins.of(regions, GRID)
    assert found.spans["a"].tolist() == [[0, 2], [0, 1]]
    assert found.places["a"].tolist() == [1, 2]
    assert (found.spans["b"].tolist(), found.places["b"].tolist(), found.count) == ([[2, 3]], [0], 3)
    assert RegionBins.of([Interval("a", 200, 201), Interval("a", 0, 50)], WIDE).spans["a"].tolist() == [[1, 5], [0, 1]]


def test_regions_are_reduced_to_what_they_need():
    """Of two columns; a bin without a score counts for nothing, and a region of such bins alone is not there."""
    regions = RegionBins.of([Interval("a", 0, 96), Interval("a", 64, 160), Interval("a", 320, 352)], GRID)
    scores = F32([[1, -1], [nan, nan], [3, -3], [5, -5]])
    found = regions.reduce([("a", 0, scores), ("a", 10, F32([[nan, nan]])), ("z", 0, scores)], 2)
    assert found["regions"].tolist() == [0, 1]
    assert found["highest"].tolist() == [[3, -1], [5, -3]]
    assert found["sums"].tolist() == [[4, -4], [8, -8]]
    assert found["counts"].tolist() == [2, 2]
    empty = regions.reduce([], 2)
    assert (empty["highest"].shape, empty["sums"].shape, len(empty["regions"])) == ((0, 2), (0, 2), 0)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_region_across_units_is_that_of_one_unit(cut: int):
    regions = RegionBins.of([Interval("a", 0, 128), Interval("a", 32, 64), Interval("a", 999, 1000)], GRID)
    scores = F32([[0.1], [0.7], [nan], [0.2]])
    whole, parts = Reduced.none(3, 1), Reduced.none(3, 1)
    whole.add(regions.reduce([("a", 0, scores)], 1))
    for part in (slice(0, cut), slice(cut, 4)):
        parts.add(regions.reduce([("a", part.start, scores[part])], 1))
    for found in (whole, parts):
        into = np.empty(3, np.float32)
        wanted = {"max": [0.7, 0.7, nan], "mean": [1 / 3, 0.7, nan], "sum": [1, 0.7, nan]}
        for how, values in wanted.items():
            found.put(how, 0, into)
            np.testing.assert_array_equal(into, F32(values))
        assert found.counts.tolist() == [3, 1, 0]


def test_what_no_reduction_needs_is_not_there():
    assert Reduced.none(3, 2, ("max",)).sums is None
    assert Reduced.none(3, 2, ("mean",)).highest is None
    assert Reduced.none(3, 2, ("sum", "max")).sums.dtype == np.float64


def test_called_bins():
    """Compared in float64, as `peaks.call` does; a column without a threshold has none."""
    below = np.nextafter(F32(0.1), F32(0))
    scores = F32([[0.1, 9, 0], [below, 9, 0.5], [nan, 9, 0.75]])
    unit = called([("b", 5, scores), ("a", 0, scores[:1])], ("a", "b"), [0.1, None, 0.5])
    assert unit["edges"].tolist() == [0, 2, 2, 4]
    assert unit["chrom"].tolist() == [1, 0, 1, 1]
    assert unit["bin"].tolist() == [5, 0, 6, 7]
    assert unit["score"].tolist() == F32([0.1, 0.1, 0.5, 0.75]).tolist()
    runs = [[(chrom, first, part.tolist()) for chrom, first, part in called_of(unit, which)] for which in range(3)]
    assert runs == [[(1, 5, F32([0.1]).tolist()), (0, 0, F32([0.1]).tolist())], [], [(1, 6, [0.5, 0.75])]]
    nothing = called([], ("a",), [0.5])
    assert (nothing["edges"].tolist(), list(called_of(nothing, 0))) == ([0, 0], [])


def test_neighbors_on_two_chromosomes_are_not_joined():
    unit = called([("a", 4, column(1)), ("b", 5, column(1))], ("a", "b"), [0.5])
    assert [(chrom, first) for chrom, first, _ in called_of(unit, 0)] == [(0, 4), (1, 5)]


def test_all_bins_column_by_column():
    kept = bins_of([("a", 2, F32([[1, 2], [3, nan]])), ("b", 0, F32([[5, 6]]))], ("a", "b"), 2)
    assert kept["where"].tolist() == [[0, 2, 2], [1, 0, 1]]
    np.testing.assert_array_equal(kept["scores"], F32([[1, 3, 5], [2, nan, 6]]))
    assert bins_of([], ("a",), 2)["scores"].shape == (2, 0)
