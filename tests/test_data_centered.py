"""Regions by the base in their middle, background with the base composition of peaks, and limits of counts."""

from pathlib import Path

import numpy as np
import pytest

from zoo.data import centered, gc, outliers
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit


def regions(*places: tuple[str, int]) -> centered.Centered:
    return centered.of(places)


def test_a_region_is_half_before_and_half_after_its_middle():
    found = regions(("chr1", 10), ("chr1", 5), ("chr2", 96), ("chr2", 95))
    assert found.inside({"chr1": 100, "chr2": 100}, 10).tolist() == [True, True, False, True]
    assert found.inside({"chr1": 100, "chr2": 100}, 12).tolist() == [True, False, False, False]
    assert found.intervals(10)[0] == Interval("chr1", 5, 15)


def test_sums_in_the_order_of_the_regions(monkeypatch: pytest.MonkeyPatch):
    """However long the stretches are that are read at once."""
    track = {"chr1": np.arange(1000.0), "chr2": np.ones(1000)}
    asked = regions(("chr2", 500), ("chr1", 900), ("chr1", 10), ("chr2", 4))
    for block in (1 << 22, 100, 7):
        monkeypatch.setattr(centered, "_BLOCK", block)
        found = centered.sums(lambda chrom, start, end: track[chrom][start:end], asked, 4)
        assert found.tolist() == [4, 898 + 899 + 900 + 901, 8 + 9 + 10 + 11, 4]


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    """8 kb: the first half A and T, then G and C, then one base in ten."""
    codes = np.concatenate([encode("AT" * 2000), encode("GC" * 1000), encode("GATATATATA" * 200)])
    write_twobit(tmp_path / "g.2bit", {"chr1": codes})
    return Genome(tmp_path / "g.2bit")


def test_summits_by_the_genomes_names(genome: Genome, tmp_path: Path):
    path = tmp_path / "p.narrowPeak"
    row = "\t.\t0\t.\t1\t1\t1\t{}\n"
    path.write_text("1\t100\t300" + row.format(50) + "chr9\t100\t300" + row.format(50))
    with pytest.warns(ZooWarning, match=r"1 of 2 regions are left out: the genome lacks chr9"):
        found, whole = centered.read(path, genome)
    assert (found.chroms.tolist(), found.middles.tolist(), whole) == (["chr1"], [150], [Interval("chr1", 100, 300)])
    path.write_text("chr1\t7900\t8100" + row.format(50))
    with pytest.raises(GenomeMismatch, match="Peaks must lie within their chromosomes"):
        centered.read(path, genome)
    path.write_text("chr9\t100\t300" + row.format(50))
    with pytest.raises(GenomeMismatch, match="must have chromosomes in common"):
        centered.read(path, genome)


def test_candidates_are_whole_windows_away_from_peaks(genome: Genome):
    """Every 1,000 bp; the peak at 3,500 takes 2,500 … 4,600, extended by 1,000 on both sides."""
    found = gc.candidates(genome, ["chr1"], 2000, [Interval("chr1", 3500, 3600)])
    assert (found.middles - 1000).tolist() == [0, 5000, 6000]  # 2,500 and 4,600 themselves are out
    assert gc.fractions(genome, found, 2000).tolist() == [0, 55, 10]
    assert gc.candidates(genome, ["chr1"], 2000, [], step=3000).middles.tolist() == [1000, 4000, 7000]


def test_background_has_the_hundredth_of_its_peak_or_the_next_one():
    offered = np.array([40, 40, 41, 43, 43, 44, 90])
    drawn = gc.matched(np.array([40, 43]), offered, 2, seed=0)
    assert sorted(drawn[:2]) == [0, 1]
    assert sorted(drawn[2:]) == [3, 4]
    assert offered[gc.matched(np.array([42]), offered, 1, seed=0)] in (41, 43)
    many = gc.matched(np.full(50, 40), np.repeat([39, 40, 41], 20), 1, seed=1)
    assert len(set(many)) == 50
    assert gc.matched(np.array([40, 43]), offered, 2, seed=0).tolist() == drawn.tolist()


def test_background_that_cannot_be_matched():
    with pytest.raises(InputError, match=r"as many regions of the peaks' G \+ C.*peaks=3.*left=5"):
        gc.matched(np.full(3, 40), np.full(5, 40), 2, seed=0)
    with pytest.raises(InputError, match=r"more than 0.05 away='100%'.*mean G \+ C of peaks=0.6"):
        gc.matched(np.full(10, 60), np.full(50, 40), 1, seed=0)
    with pytest.warns(ZooWarning, match=r"100% of 10 background regions differ by more than 0.02 in G \+ C"):
        gc.matched(np.full(10, 44), np.full(50, 40), 1, seed=0)


def test_limits_are_quantiles_and_exclude_what_lies_on_them():
    limits = outliers.of_peaks(np.arange(100.0, 201), np.empty(0), 0.1, seed=1234)
    assert limits == outliers.CountLimits(100.01, 199.99, 99, 15.0)
    assert limits.kept(np.array([100.0, 101, 199, 200])).tolist() == [False, True, True, False]
    limits = outliers.of_peaks(np.arange(1.0, 101), np.zeros(50), 0.1, seed=1234)
    assert (limits.lowest, limits.regions) == (0, 99)  # five without a cut site put the lower quantile at 0


def test_a_shallow_sample():
    with pytest.warns(ZooWarning, match="The median region has 5 cut sites: the depth is low, and counts weigh 1"):
        assert outliers.of_peaks(np.arange(11.0), np.empty(0), 0.1, seed=0).weight == 1


def test_background_has_fewer_cut_sites_than_weak_peaks():
    peaks, negatives = np.full(100, 100.0), np.array([0.0, 10, 20, 30, 40, 50, 60])
    limits = outliers.of_background(peaks, negatives, 0.5)
    assert limits.kept(negatives).tolist() == [False, True, True, True, False, False, False]
    assert (limits.regions, limits.weight) == (3, 2.0)
    with pytest.raises(InputError, match=r"fewer cut sites than weak peaks have.*is background=0.0.*bias_threshold"):
        outliers.of_background(np.zeros(100), negatives, 0.5)


def test_lengths_of_profiles():
    centered.check_width(2114, 1000)
    for window, output in ((2113, 1000), (2114, 999), (1000, 1002), (1000, 0)):
        with pytest.raises(InputError, match="lengths of window and profile must be even"):
            centered.check_width(window, output)
