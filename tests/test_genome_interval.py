"""Intervals and region strings."""

import pytest

from zoo.errors import InputError
from zoo.genome.interval import Interval


def test_region_strings_are_one_based_with_both_ends():
    assert Interval.parse("chr1:1,001-2,000") == Interval("chr1", 1000, 2000)
    assert Interval.parse("chr1:1-1") == Interval("chr1", 0, 1)
    assert str(Interval("chr1", 1000, 2000)) == "chr1:1001-2000"
    assert len(Interval("chr1", 1000, 2000)) == 1000


def test_a_chromosome_is_a_region_where_its_length_is_known():
    assert Interval.parse("chr1", {"chr1": 500}) == Interval("chr1", 0, 500)
    with pytest.raises(InputError, match="chr2"):
        Interval.parse("chr2", {"chr1": 500})


@pytest.mark.parametrize("text", ["chr1:5", "chr1:10-5", "chr1:a-b", "", ":1-2", "chr1:1-2-3", "chr1 1 2"])
def test_other_strings_are_refused(text: str):
    with pytest.raises(InputError):
        Interval.parse(text)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5)])
def test_empty_intervals_are_refused(start: int, end: int):
    with pytest.raises(InputError, match="start < end"):
        Interval("chr1", start, end)


def test_no_chromosome_is_refused():
    with pytest.raises(InputError):
        Interval("", 1, 2)
