"""Predictions against peaks in bins."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.evaluate.binding import area_under_precision_recall, benchmark
from zoo.genome.interval import Interval
from zoo.predict import writers


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Ten bins of 100 bp: scores .9 .8 … .0, on 1,030 bp, so that bins are 103 bp wide."""
    scores = np.repeat(np.arange(9, -1, -1) / 10, 103).astype(np.float32)
    writers.bigwig(tmp_path / "p.bw", {"chr1": 1030}, [("chr1", scores)], 1)
    return tmp_path / "p.bw"


def test_areas_by_hand():
    # by falling score: hit, miss, hit → precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1
    found = area_under_precision_recall(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    assert found.average_precision == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    assert found.aupr == pytest.approx(1 / 2 * (1 / 2 + 2 / 3) / 2)  # from recall 1/2 on
    assert (found.random, found.positives, found.bins) == (pytest.approx(2 / 3), 2, 3)


def test_bins_follow_the_original_edges(track: Path):
    # one base before the edge of bin 1, at 103: only bin 0 is positive
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).positives == 1
    assert benchmark(track, [Interval("chr1", 102, 104)], bin_size=100).positives == 2
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).average_precision == 1.0
    assert benchmark(track, [Interval("chr1", 1029, 1030)], bin_size=100).average_precision == pytest.approx(0.1)


def test_blacklist_region_and_spelling(track: Path):
    peaks = [Interval("1", 0, 10), Interval("1", 300, 310), Interval("chr9", 0, 5)]
    assert benchmark(track, peaks, bin_size=100).bins == 10
    assert benchmark(track, peaks, blacklist=[Interval("chr1", 0, 104)], bin_size=100).bins == 8
    inside = benchmark(track, peaks, region=Interval("chr1", 206, 618), bin_size=100)
    assert (inside.bins, inside.positives) == (4, 2)  # 300 to 310 lies over the edge at 309


def test_bins_without_prediction_count_as_zero(tmp_path: Path):
    scores = np.array([np.nan, 0.5, 0.2, 0.1], np.float32)
    writers.bigwig(tmp_path / "p.bw", {"chr1": 800}, [("chr1", scores)], 200)
    assert benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5)]).average_precision == 0.25


@pytest.mark.parametrize("peaks", [[Interval("chr2", 0, 5)], [Interval("chr1", 0, 1030)]])
def test_no_or_all_bins_positive(track: Path, peaks: list):
    with pytest.raises(InputError, match="with and without a peak"):
        benchmark(track, peaks, bin_size=100)


def test_a_chromosome_that_is_not_there(track: Path):
    with pytest.raises(InputError, match="chr7"):
        benchmark(track, [Interval("chr1", 0, 5)], chromosomes=["chr7"])
    with pytest.raises(InputError, match="bin to evaluate"):
        benchmark(track, [Interval("chr1", 0, 5)], region=Interval("chr1", 0, 50), bin_size=100)
