"""Predictions against peaks in bins."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import r2_score

from zoo.errors import GenomeMismatch, InputError
from zoo.evaluate import bins
from zoo.evaluate.binding import Binding, benchmark, quantitative
from zoo.genome.interval import Interval
from zoo.predict import writers


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Ten bins of 100 bp: scores .9 .8 … .0, on 1,030 bp, so that bins are 103 bp wide."""
    scores = np.repeat(np.arange(9, -1, -1) / 10, 103).astype(np.float32)
    writers.bigwig(tmp_path / "p.bw", {"chr1": 1030}, [("chr1", scores)], 1)
    return tmp_path / "p.bw"


def test_bins_follow_the_original_edges(track: Path):
    # one base before the edge of bin 1, at 103: only bin 0 is positive
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).overall.positives == 1
    assert benchmark(track, [Interval("chr1", 102, 104)], bin_size=100).overall.positives == 2
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).overall.average_precision == 1.0
    assert benchmark(track, [Interval("chr1", 1029, 1030)], bin_size=100).overall.average_precision == pytest.approx(
        0.1
    )


def test_blacklist_region_and_spelling(track: Path):
    peaks = [Interval("1", 0, 10), Interval("1", 300, 310), Interval("chr9", 0, 5)]
    assert benchmark(track, peaks, bin_size=100).overall.bins == 10
    assert benchmark(track, peaks, blacklist=[Interval("chr1", 0, 104)], bin_size=100).overall.bins == 8
    inside = benchmark(track, peaks, region=Interval("chr1", 206, 618), bin_size=100).overall
    assert (inside.bins, inside.positives) == (4, 2)  # 300 to 310 lies over the edge at 309


def test_bins_without_prediction_count_as_zero(tmp_path: Path):
    scores = np.array([np.nan, 0.5, 0.2, 0.1], np.float32)
    writers.bigwig(tmp_path / "p.bw", {"chr1": 800}, [("chr1", scores)], 200)
    assert benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5)]).overall.average_precision == 0.25


def test_no_or_all_bins_positive(tmp_path: Path, track: Path):
    """An error if there is no other chromosome, else an empty row that says why."""
    with pytest.raises(InputError, match="with and without a peak"):
        benchmark(track, [Interval("chr1", 0, 1030)], bin_size=100)
    scores = np.arange(5, dtype=np.float32) / 10
    sizes = {"chr1": 1000, "chr2": 1000, "chr3": 1000}
    writers.bigwig(tmp_path / "three.bw", sizes, [(chrom, scores) for chrom in sizes], 200)
    found = benchmark(tmp_path / "three.bw", [Interval("chr1", 0, 5), Interval("chr2", 0, 1000)])
    assert found.chromosomes["chr2"] == Binding(5, 5, why="all bins are positive")
    assert found.chromosomes["chr3"] == Binding(5, 0, why="no bin is positive")
    assert str(found.chromosomes["chr3"]) == "no bin is positive (0 of 5 bins positive)"
    assert found.chromosomes["chr1"].average_precision == 0.2
    assert found.overall.positives == 6
    assert set(found.to_json()) == {"bin_size", "overall", "chromosomes", "curve"}


@pytest.mark.parametrize(
    ("rule", "positive"), [("any", [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]), ("half", [0, 1, 0, 1, 0, 0, 0, 0, 0, 0])]
)
@pytest.mark.parametrize("kind", ["intervals", "bed", "bigwig"])
def test_rules_of_overlap(tmp_path: Path, rule: str, positive: list[int], kind: str):
    """Half of the bases, over all peaks of a bin together; peaks are intervals, a file, or a track above 0."""
    gold = [Interval("chr1", 49, 130), Interval("chr1", 170, 190), Interval("chr1", 300, 350)]
    if kind == "bed":
        (tmp_path / "g.bed").write_text("".join(f"{item.chrom}\t{item.start}\t{item.end}\n" for item in gold))
        gold = tmp_path / "g.bed"
    elif kind == "bigwig":
        values = np.zeros(1000, np.float32)
        for item in gold:
            values[item.start : item.end] = 0.3
        values[60:70] = 0  # bin 0 keeps 41 bases
        writers.bigwig(tmp_path / "g.bw", {"chr1": 1000}, [("chr1", values)], 1)
        gold = tmp_path / "g.bw"
    else:
        gold = [*gold, Interval("chrUn", 5, 9)]
    bound = bins.Bound(gold, {"chr1": 1000, "chr2": 50}, rule)
    expected = [bool(value) for value in positive]
    if kind != "bigwig" and rule == "half":
        expected[0] = True  # 51 bases
    assert bound("chr1", np.arange(0, 1001, 100)).tolist() == expected
    assert not bound("chr2", np.array([0, 50])).any()


def test_every_point_as_a_table(tmp_path: Path, track: Path):
    found = benchmark(track, [Interval("chr1", 0, 110)], bin_size=100)
    (path,) = found.write_tables(tmp_path / "mine")
    assert path.name == "mine_chr1_100bp_PRC.tsv"
    lines = path.read_text().splitlines()
    assert len(lines) == 11
    assert lines[0].split("\t")[:4] == ["Precision", "Recall", "Threshold", "AUPRC"]
    assert [float(value) for value in lines[-1].split("\t")[:3]] == [1.0, 0.5, 0.899999976]  # of float32


@pytest.mark.parametrize("aggregate", ["mean", "max"])
def test_tracks_against_tracks(tmp_path: Path, aggregate: str):
    """Correlations and R² of bins equal those of SciPy and scikit-learn."""
    random = np.random.default_rng(0)
    sizes = {"chr1": 5000, "chr2": 3000}
    one = {chrom: random.gamma(1, 1, size).astype(np.float32) for chrom, size in sizes.items()}
    other = {chrom: (values + random.normal(0, 0.5, len(values))).astype(np.float32) for chrom, values in one.items()}
    for name, tracks in (("p", other), ("m", {chrom[3:]: values for chrom, values in one.items()})):
        lengths = {chrom: len(values) for chrom, values in tracks.items()}
        writers.bigwig(tmp_path / f"{name}.bw", lengths, tracks.items(), 1)
    found = quantitative(tmp_path / "p.bw", tmp_path / "m.bw", bin_size=10, aggregate=aggregate)
    of = getattr(np, aggregate)
    x, y = (np.concatenate([of(v.reshape(-1, 10), axis=1) for v in tracks.values()]) for tracks in (one, other))
    assert found["all"].pearson == pytest.approx(pearsonr(x, y)[0], abs=1e-6)
    assert found["all"].spearman == pytest.approx(spearmanr(x, y)[0], abs=1e-6)
    assert found["all"].r2 == pytest.approx(r2_score(x, y), abs=1e-6)
    assert found["chr2"].pairs == 300
    with pytest.raises(InputError, match="mean"):
        quantitative(tmp_path / "p.bw", tmp_path / "m.bw", aggregate="sum")


def test_files_of_other_assemblies(tmp_path: Path, track: Path):
    with pytest.raises(GenomeMismatch, match="none ends behind its chromosome"):
        benchmark(track, [Interval("chr1", 1000, 1031)], bin_size=100)
    with pytest.raises(GenomeMismatch, match="chromosomes in common"):
        benchmark(track, [Interval("II", 0, 5)], bin_size=100)
    writers.bigwig(tmp_path / "g.bw", {"chr1": 1031}, [("chr1", np.ones(1031, np.float32))], 1)
    for call in (benchmark, quantitative):
        with pytest.raises(GenomeMismatch, match="one length"):
            call(track, tmp_path / "g.bw", bin_size=100)
    with pytest.raises(InputError, match="any, half"):
        benchmark(track, [Interval("chr1", 0, 5)], bin_size=100, rule="most")
    with pytest.raises(InputError, match="at least one bin of 0 bp"):
        benchmark(track, [Interval("chr1", 0, 5)], bin_size=0)


def test_contigs_shorter_than_a_bin_are_left_out(tmp_path: Path):
    """Unless they are asked for."""
    scores = np.array([0.5, 0.1, 0.3], np.float32)
    sizes = {"chr1": 600, "chrUn": 199}
    writers.bigwig(tmp_path / "p.bw", sizes, [("chr1", scores), ("chrUn", scores[:1])], 200)
    found = benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5), Interval("chrUn", 0, 5)])
    assert list(found.chromosomes) == ["chr1"]
    with pytest.raises(InputError, match="chrUn"):
        benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5)], ["chr1", "chrUn"])


def test_a_chromosome_that_is_not_there(track: Path):
    with pytest.raises(InputError, match="chr7"):
        benchmark(track, [Interval("chr1", 0, 5)], chromosomes=["chr7"])
    with pytest.raises(InputError, match="bin to evaluate"):
        benchmark(track, [Interval("chr1", 0, 5)], region=Interval("chr1", 0, 50), bin_size=100)
