"""Spans of a chromosome, by hand and against a chromosome of flags."""

import numpy as np
import pytest

from zoo.genome import spans
from zoo.genome.interval import Interval

MERGED = np.array([[0, 4], [10, 11], [20, 30]])  # at the chromosome's beginning, of 1 bp, and longer


def on(chrom: str, *pairs: tuple[int, int]) -> list[Interval]:
    return [Interval(chrom, *pair) for pair in pairs]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(5, 9)], [[5, 9]]),
        ([(0, 3), (3, 4)], [[0, 4]]),  # book-ended
        ([(0, 3), (4, 5)], [[0, 3], [4, 5]]),  # 1 bp between them
        ([(5, 20), (8, 9), (10, 12), (19, 21)], [[5, 21]]),  # nested
        ([(30, 31), (8, 20), (0, 3), (5, 9)], [[0, 3], [5, 20], [30, 31]]),  # unsorted
        ([(7, 8), (7, 8), (7, 9)], [[7, 9]]),  # the same start
        ([(-5, 2), (1, 6)], [[-5, 6]]),  # beyond the chromosome's beginning
    ],
)
def test_merge(given: list[tuple[int, int]], expected: list[list[int]]):
    found = spans.merge(on("c", *given))
    assert found["c"].tolist() == expected
    assert found["c"].dtype == np.int64
    assert spans.merge_spans(np.array(given)).tolist() == expected


def test_merge_of_several_chromosomes_and_of_nothing():
    found = spans.merge([*on("b", (5, 9)), *on("a", (0, 2)), *on("b", (1, 5))])
    assert {chrom: item.tolist() for chrom, item in found.items()} == {"b": [[1, 9]], "a": [[0, 2]]}
    assert list(found) == ["b", "a"]
    assert spans.merge([]) == {}
    assert spans.of_one([]).shape == spans.merge_spans(spans.NONE).shape == (0, 2)


def test_items_by_chromosome_keep_their_order():
    items = [*on("b", (5, 9)), *on("a", (0, 2)), *on("b", (1, 5))]
    assert spans.by_chromosome(items) == {"b": [items[0], items[2]], "a": [items[1]]}
    assert spans.by_chromosome([]) == {}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 1, True),
        (3, 4, True),
        (4, 10, False),  # touches a span on either side, shares a base with none
        (4, 11, True),
        (10, 11, True),
        (11, 12, False),
        (-5, 0, False),
        (-5, 1, True),
        (0, 100, True),
        (21, 22, True),
        (29, 30, True),
        (30, 1 << 39, False),
    ],
)
def test_a_stretch_that_shares_a_base(start: int, end: int, expected: bool):
    assert spans.touches({"c": MERGED}, "c", start, end) is expected
    assert spans.touched(MERGED, np.array([start]), np.array([end])).tolist() == [expected]
    assert spans.touches({"c": MERGED}, "other", start, end) is False
    assert spans.touches({"c": spans.NONE}, "c", start, end) is False


def test_stretches_and_no_spans():
    starts = np.array([-10, 0, 5])
    assert spans.touched(spans.NONE, starts, starts + 3).tolist() == [False, False, False]
    assert spans.covered(spans.NONE, starts, starts + 3).tolist() == [0, 0, 0]
    assert spans.bases_before(spans.NONE, starts).tolist() == [0, 0, 0]
    assert spans.touched(MERGED, np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


def test_covered_bases():
    starts, ends = np.array([-5, 0, 3, 4, 10, 9, 25, 30, -9]), np.array([0, 4, 11, 10, 11, 26, 40, 40, 90])
    assert spans.covered(MERGED, starts, ends).tolist() == [0, 4, 2, 0, 1, 7, 5, 0, 15]
    assert spans.bases_before(MERGED, np.array([-1, 0, 1, 4, 10, 11, 20, 29, 30, 99])).tolist() == [
        *(0, 0, 1, 4, 4, 5, 5, 14, 15, 15)
    ]


def test_windows_by_hand():
    starts, merged = np.array([0, 10, 20, 30]), spans.of_one(on("chr1", (19, 21), (20, 22), (45, 50)))
    assert spans.touched(merged, starts, starts + 10).tolist() == [False, True, True, False]
    assert spans.touched(merged, starts, starts + 15).tolist() == [False, True, True, False]
    assert spans.touched(merged, starts, starts + 16).tolist() == [False, True, True, True]
    assert spans.covered(merged, starts, starts + 10).tolist() == [0, 1, 2, 0]
    assert spans.covered(merged, starts, starts + 18).tolist() == [0, 3, 2, 3]


def test_random_intervals_against_flags():
    random = np.random.default_rng(3)
    flags, intervals = np.zeros(1000, bool), []
    for start in random.integers(0, 980, 40).tolist():
        end = start + int(random.integers(1, 20))
        flags[start:end] = True
        intervals += on("c", (start, end))
    merged, starts = spans.of_one(intervals), np.arange(950)
    assert spans.runs(flags).tolist() == merged.tolist()
    for width in (1, 2, 50):
        expected = [int(flags[start : start + width].sum()) for start in starts]
        assert spans.covered(merged, starts, starts + width).tolist() == expected
        assert spans.touched(merged, starts, starts + width).tolist() == [count > 0 for count in expected]
        for start, count in zip(starts.tolist(), expected, strict=True):
            assert (len(merged[spans.near(merged, start, start + width)]) > 0) == (count > 0)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", []),
        (".", []),
        ("x", [[0, 1]]),
        ("xx.x", [[0, 2], [3, 4]]),
        (".x..xx.", [[1, 2], [4, 6]]),
    ],
)
def test_runs_of_flags(flags: str, expected: list[list[int]]):
    assert spans.runs(np.array([letter == "x" for letter in flags], bool)).tolist() == expected


def test_edges_between_equal_values():
    assert spans.steps(np.array([3.0])).tolist() == [0, 1]
    assert spans.steps(np.array([0, 0, 2, 2, 0])).tolist() == [0, 2, 4, 5]
    assert spans.steps(np.array([1.0, np.nan, np.nan])).tolist() == [0, 1, 2, 3]


def test_spans_near_a_stretch():
    apart = np.array([[0, 4], [10, 11], [11, 12], [20, 30]])  # two are book-ended
    assert apart[spans.near(apart, 4, 10)].tolist() == []
    assert apart[spans.near(apart, 3, 11)].tolist() == [[0, 4], [10, 11]]
    assert apart[spans.near(apart, 11, 12)].tolist() == [[11, 12]]
    assert spans.near(apart, -5, 99) == slice(0, 4)
    assert spans.near(apart, 30, 40) == slice(4, 4)
    assert spans.near(spans.NONE, 0, 9) == slice(0, 0)


def test_bins_that_stretches_touch():
    edges = np.array([10, 20, 25, 40])
    starts, ends = np.array([0, 0, 9, 10, 19, 20, 24, 39, 40, 0]), np.array([5, 10, 11, 20, 20, 25, 26, 50, 41, 99])
    first, last = spans.bins_touched(edges, starts, ends)
    assert [list(range(*pair)) for pair in zip(first.tolist(), last.tolist(), strict=True)] == [
        *([], [], [0], [0], [0], [1], [1, 2], [2], [], [0, 1, 2])
    ]
    assert (int(first.min()), int(last.max())) == (0, 3)


class Ramp:
    """A track whose value is the position."""

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        return np.arange(start, end, dtype=np.float32)


def test_values_of_bins_a_few_at_a_time():
    found = list(spans.read_bins(Ramp(), "c", np.array([5, 7, 8, 12]), 2))
    assert [(first, values.tolist(), heads.tolist()) for first, values, heads in found] == [
        (0, [5, 6, 7], [0, 2]),
        (2, [8, 9, 10, 11], [0]),
    ]
    assert list(spans.read_bins(Ramp(), "c", np.array([5]), 2)) == []


def test_intervals_on_the_names_of_another_file():
    """Both spellings of one chromosome, and those that it lacks, counted."""
    given = [Interval("1", 0, 5), Interval("chr1", 3, 9, "a"), Interval("chrUn", 1, 2), Interval("chrUn", 4, 5)]
    here, absent = spans.placed(given, {"chr1": 100, "chr2": 50})
    assert here == [Interval("chr1", 0, 5), Interval("chr1", 3, 9, "a")]
    assert absent == {"chrUn": 2}
    assert spans.placed([], {"chr1": 100}) == ([], {})


def test_intervals_that_end_beyond_their_chromosome():
    items = on("c", (0, 9), (9, 10), (9, 11), (50, 60))
    assert spans.beyond(items, {"c": 10}) == items[2:]
    assert spans.beyond([], {"c": 10}) == []
