"""Predictions against peaks in bins."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, r2_score, roc_auc_score

import zoo
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.evaluate import binding, bins
from zoo.evaluate.binding import Binding, benchmark, quantitative
from zoo.formats import bigwig
from zoo.genome.interval import Interval


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Scores .9 .8 … .0 on 103 bp each: ten bins of 100 bp, or of 103 bp as the original has them."""
    scores = np.repeat(np.arange(9, -1, -1) / 10, 103).astype(np.float32)
    bigwig.write_track(tmp_path / "p.bw", {"chr1": 1030}, [("chr1", scores)], 1)
    return tmp_path / "p.bw"


def test_bins_follow_the_original_edges(track: Path):
    """maxATAC's bins of 100 bp have 103 bp here. One base before the edge of bin 1, at 103, only bin 0 is positive."""

    def benchmark(*args, **options):
        return binding.benchmark(*args, **options, compat="maxatac")

    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).overall.positives == 1
    assert benchmark(track, [Interval("chr1", 102, 104)], bin_size=100).overall.positives == 2
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).overall.average_precision == 1.0
    last = benchmark(track, [Interval("chr1", 1029, 1030)], bin_size=100)
    assert last.overall.average_precision == pytest.approx(0.1)


def test_bins_have_exactly_their_size(track: Path):
    """[0, 100), [100, 200) …; the last 30 bp are no bin, and a peak there is counted as outside."""
    assert benchmark(track, [Interval("chr1", 99, 100)], bin_size=100).overall.positives == 1
    assert benchmark(track, [Interval("chr1", 99, 101)], bin_size=100).overall.positives == 2
    assert benchmark(track, [Interval("chr1", 102, 103)], bin_size=100).overall.average_precision == 0.5
    found = benchmark(track, [Interval("chr1", 999, 1030), Interval("chr1", 1000, 1030)], bin_size=100)
    assert (found.overall.bins, found.overall.positives) == (10, 1)
    assert (found.extent.peaks, found.extent.peaks_outside) == (2, 1)
    assert bins.edges(zoo.Signal(track), "chr1", 100).tolist() == list(range(0, 1001, 100))
    assert bins.edges(zoo.Signal(track), "chr1", 100, "maxatac").tolist() == list(range(0, 1031, 103))


def test_blacklist_region_and_spelling(track: Path):
    peaks = [Interval("1", 0, 10), Interval("1", 300, 310), Interval("chr9", 0, 5)]
    assert benchmark(track, peaks, bin_size=100).overall.bins == 10
    blacklisted = benchmark(track, peaks, blacklist=[Interval("chr1", 0, 104)], bin_size=100)
    assert blacklisted.overall.bins == 8
    assert blacklisted.extent.to_json() == {
        "total": 10,
        "evaluated": 8,
        "outside": 0,
        "blacklisted": 2,
        "uncovered": 0,
        "zeros": 0,
        "peaks": 3,
        "peaks_outside": 1,
        "peaks_elsewhere": 0,
        "peaks_absent": 1,
        "absent": ["chr9"],
        "unknown": [],
        "fraction": 0.8,
    }
    inside = benchmark(track, peaks, region=Interval("chr1", 206, 618), bin_size=100)
    assert (inside.overall.bins, inside.overall.positives) == (3, 1)
    assert (inside.extent.outside, inside.extent.peaks_outside, inside.overall.covered) == (7, 1, 0.3)
    theirs = benchmark(track, peaks, region=Interval("chr1", 206, 618), bin_size=100, compat="maxatac").overall
    assert (theirs.bins, theirs.positives) == (4, 2)  # 300 to 310 lies over the edge at 309


def test_bins_without_prediction(tmp_path: Path):
    """They are left out and counted; the original counts them as 0."""
    scores = np.array([np.nan, 0.5, 0.2, 0.1], np.float32)
    bigwig.write_track(tmp_path / "p.bw", {"chr1": 800}, [("chr1", scores)], 200)
    peaks = [Interval("chr1", 0, 5), Interval("chr1", 400, 401)]
    found = benchmark(tmp_path / "p.bw", peaks)
    assert (found.overall.bins, found.overall.positives, found.overall.average_precision) == (3, 1, 0.5)
    assert (found.extent.uncovered, found.extent.peaks_outside, found.extent.fraction) == (1, 1, 0.75)
    assert str(found.extent).splitlines() == [
        "Evaluated: 3 of 4 bins (75.0%); left out: 1 without prediction",
        "Peaks that touch no evaluated bin: 1 of 2",
    ]
    theirs = benchmark(tmp_path / "p.bw", peaks, compat="maxatac")
    assert (theirs.overall.bins, theirs.overall.positives, theirs.overall.average_precision) == (4, 2, 0.5)
    assert (theirs.extent.zeros, theirs.extent.uncovered) == (1, 0)
    assert "1 without prediction count as 0" in str(theirs.extent)


def test_a_prediction_of_regions_is_not_flattered_by_the_rest(tmp_path: Path):
    """The same scores, once of 1 % of a chromosome and once of a chromosome of that size: the same figures."""
    random = np.random.default_rng(1)
    positive = random.random(100) < 0.3
    scores = np.full(10_000, np.nan, np.float32)
    scores[5000:5100] = random.random(100) + 0.3 * positive
    part, whole = tmp_path / "part.bw", tmp_path / "whole.bw"
    bigwig.write_track(part, {"chr1": 2_000_000}, [("chr1", scores)], 200)
    bigwig.write_track(whole, {"chr1": 20_000}, [("chr1", scores[5000:5100])], 200)
    starts = 200 * np.flatnonzero(positive)
    found = benchmark(part, [Interval("chr1", int(at) + 10**6, int(at) + 10**6 + 9) for at in starts]).overall
    expected = benchmark(whole, [Interval("chr1", int(at), int(at) + 9) for at in starts]).overall
    for name in ("auroc", "random_precision", "aupr"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.auroc == pytest.approx(roc_auc_score(positive, scores[5000:5100]))
    assert found.covered == 0.01
    theirs = benchmark(
        part, [Interval("chr1", int(at) + 10**6, int(at) + 10**6 + 9) for at in starts], compat="maxatac"
    ).overall
    assert theirs.auroc > 0.99 > found.auroc
    assert theirs.random_precision == pytest.approx(found.random_precision / 100)


@pytest.mark.parametrize("given", ["bed", "intervals"])
def test_bins_that_overlap_regions(tmp_path: Path, track: Path, given: str):
    places = [Interval("1", 150, 260), Interval("chr1", 899, 900)]
    (tmp_path / "r.bed").write_text("".join(f"{item.chrom}\t{item.start}\t{item.end}\n" for item in places))
    regions = tmp_path / "r.bed" if given == "bed" else places
    found = benchmark(track, [Interval("chr1", 200, 210)], regions=regions, bin_size=100)
    assert (found.overall.bins, found.extent.outside) == (3, 7)  # 100, 200 and 800
    assert found.overall.average_precision == 0.5
    with pytest.raises(InputError, match="without chromosomes and without regions"):
        benchmark(track, [Interval("chr1", 200, 210)], regions=regions, region=Interval("chr1", 0, 500))
    with pytest.raises(InputError, match="without chromosomes and without regions"):
        benchmark(track, [Interval("chr1", 200, 210)], chromosomes=["chr1"], region=Interval("chr1", 0, 500))
    with pytest.raises(GenomeMismatch, match="regions and the prediction must have chromosomes in common"):
        benchmark(track, [Interval("chr1", 200, 210)], regions=[Interval("chr7", 5, 9)])


def test_a_blacklist_as_a_track_or_of_other_chromosomes(tmp_path: Path, track: Path):
    values = np.zeros(1030, np.float32)
    values[150:260] = 1
    bigwig.write_track(tmp_path / "b.bw", {"chr1": 1030}, [("chr1", values)], 1)
    found = benchmark(track, [Interval("chr1", 0, 5)], blacklist=tmp_path / "b.bw", bin_size=100)
    assert (found.overall.bins, found.extent.blacklisted) == (8, 2)
    with pytest.warns(ZooWarning, match="blacklist has no chromosome"):
        benchmark(track, [Interval("chr1", 0, 5)], blacklist=[Interval("II", 0, 9)], bin_size=100)


def test_what_a_bigwig_of_peaks_lacks_is_unknown(tmp_path: Path):
    """A BED file lists what is bound; a bigWig that lacks a chromosome says nothing of it."""
    sizes, scores = {"chr1": 1000, "chr2": 1000}, np.arange(5, dtype=np.float32) / 10
    bigwig.write_track(tmp_path / "p.bw", sizes, [(chrom, scores) for chrom in sizes], 200)
    bigwig.write_track(tmp_path / "g.bw", {"chr1": 1000}, [("chr1", np.eye(5, dtype=np.float32)[3])], 200)
    found = benchmark(tmp_path / "p.bw", tmp_path / "g.bw")
    assert (list(found.chromosomes), found.extent.unknown, found.overall.bins) == (["chr1"], ["chr2"], 5)
    assert "Left out, as the measured track lacks them: chr2" in str(found.extent)
    with pytest.raises(InputError, match=r"measured track must have.*chr2"):
        benchmark(tmp_path / "p.bw", tmp_path / "g.bw", ["chr2"])
    assert benchmark(tmp_path / "p.bw", [Interval("chr1", 600, 700)]).overall.bins == 10


@pytest.mark.parametrize("how", bins.AGGREGATES)
def test_aggregates_are_those_of_pybigwig(tmp_path: Path, how: str):
    """Exact ones, of values of different widths, with gaps, and bins without any."""
    random = np.random.default_rng(3)
    starts = np.cumsum(random.integers(1, 90, 60))
    ends = np.minimum(starts + random.integers(1, 70, 60), np.append(starts[1:], starts[-1] + 40))
    values = random.normal(0, 1, 60)
    with pyBigWig.open(str(tmp_path / "t.bw"), "w") as file:
        file.addHeader([("c", int(ends[-1]) + 900)])
        file.addEntries(["c"] * 60, starts.tolist(), ends=ends.tolist(), values=values.tolist())
    places = np.arange(0, ends[-1] + 900, 100)
    with pyBigWig.open(str(tmp_path / "t.bw")) as file:
        spans = zip(places[:-1].tolist(), places[1:].tolist(), strict=True)
        expected = [file.stats("c", start, end, type=how, exact=True)[0] for start, end in spans]
    found = bins.aggregated(bins.open_track(tmp_path / "t.bw"), "c", places, how)
    expected = np.array([np.nan if value is None else value for value in expected])
    if how == "coverage":
        expected[expected == 0] = np.nan
    if how == "std":  # of one base pyBigWig has no number
        expected[np.isnan(expected) & ~np.isnan(found)] = 0
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
    assert np.isnan(found).any()


@pytest.mark.parametrize(
    ("aggregate", "theirs"), [("mean", {"chr1": 0.7226, "chr2": 0.6275}), ("max", {"chr1": 0.8172, "chr2": 0.6882})]
)
def test_an_aggregate_is_that_of_scikit_learn_on_binned_values(tmp_path: Path, shared: Path, aggregate: str, theirs):
    """On the authors' prediction, without their blacklist."""
    folder = shared / "golden" / "maxatac" / "e2e"
    files = folder / "outputs" / "predict" / "ctcf.bw", folder / "inputs" / "gold.bw"
    found = benchmark(*files, ["chr1", "chr2"], aggregate=aggregate, compat="maxatac")
    for chrom, expected in theirs.items():
        scores, gold = (authors_bins(path, chrom, aggregate) for path in files)
        precision, recall, _ = precision_recall_curve(gold > 0, np.round(scores, 9))
        ours = found.chromosomes[chrom]
        assert ours.aupr == pytest.approx(expected, abs=5e-5)
        assert ours.aupr == pytest.approx(auc(recall[:-1], precision[:-1]), abs=1e-12)
        assert ours.average_precision == pytest.approx(
            average_precision_score(gold > 0, np.round(scores, 9)), abs=1e-12
        )
        assert ours.positives == (gold > 0).sum()


def authors_bins(path: Path, chrom: str, how: str) -> np.ndarray:
    """What maxATAC's benchmark computes."""
    with pyBigWig.open(str(path)) as file:
        length = file.chroms(chrom)
        found = file.stats(chrom, 0, length, type=how, nBins=length // 200, exact=True)
    return np.nan_to_num(np.array(found, float))


def test_rounding_of_scores(tmp_path: Path):
    """Scores that are equal after rounding are ties."""
    bigwig.write_track(tmp_path / "p.bw", {"chr1": 600}, [("chr1", np.array([0.504, 0.501, 0.1], np.float32))], 200)
    peaks = [Interval("chr1", 0, 5)]
    assert benchmark(tmp_path / "p.bw", peaks).overall.average_precision == 1
    assert benchmark(tmp_path / "p.bw", peaks, decimals=2).overall.average_precision == 0.5
    for wrong in (-1, 16):
        with pytest.raises(InputError, match="rounded to 0 to 15 decimals"):
            benchmark(tmp_path / "p.bw", peaks, decimals=wrong)


@pytest.mark.filterwarnings("error")
def test_few_positive_bins_are_warned_about(tmp_path: Path):
    scores = np.arange(40, dtype=np.float32)
    bigwig.write_track(tmp_path / "p.bw", {"chr1": 8000}, [("chr1", scores)], 200)
    with pytest.warns(ZooWarning, match="Only 9 of the evaluated bins are positive"):
        benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 1800)])
    assert benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 2000)]).overall.positives == 10


def test_no_or_all_bins_positive(tmp_path: Path, track: Path):
    """An error if there is no other chromosome, else an empty row that says why."""
    with pytest.raises(InputError, match="with and without a peak"):
        benchmark(track, [Interval("chr1", 0, 1030)], bin_size=100)
    scores = np.arange(5, dtype=np.float32) / 10
    sizes = {"chr1": 1000, "chr2": 1000, "chr3": 1000}
    bigwig.write_track(tmp_path / "three.bw", sizes, [(chrom, scores) for chrom in sizes], 200)
    found = benchmark(tmp_path / "three.bw", [Interval("chr1", 0, 5), Interval("chr2", 0, 1000)])
    assert found.chromosomes["chr2"] == Binding(5, 5, why="all bins are positive")
    assert found.chromosomes["chr3"] == Binding(5, 0, why="no bin is positive")
    assert str(found.chromosomes["chr3"]) == "no bin is positive (0 of 5 bins positive)"
    assert found.chromosomes["chr1"].average_precision == 0.2
    assert found.overall.positives == 6
    assert set(found.to_json()) == {"bin_size", "overall", "chromosomes", "curve", "extent", "best"}


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
        bigwig.write_track(tmp_path / "g.bw", {"chr1": 1000}, [("chr1", values)], 1)
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
    found = benchmark(track, [Interval("chr1", 0, 110)], bin_size=100, compat="maxatac")
    (path,) = found.write_tables(tmp_path / "mine")
    assert path.name == "mine_chr1_100bp_PRC.tsv"
    lines = path.read_text().splitlines()
    assert len(lines) == 1 + 10
    assert lines[0].split("\t")[:4] == ["Precision", "Recall", "Threshold", "AUPRC"]
    assert lines[-1].split("\t")[:3] == ["1.0", "0.5", "0.899999976"]  # of float32
    assert [float(value) for value in lines[-1].split("\t")[4:]] == [2, 0.2, pytest.approx(np.log2(0.5 / 0.2))]


@pytest.mark.parametrize("aggregate", ["mean", "max"])
def test_tracks_against_tracks(tmp_path: Path, aggregate: str):
    """Correlations and R² of bins equal those of SciPy and scikit-learn."""
    random = np.random.default_rng(0)
    sizes = {"chr1": 5000, "chr2": 3000}
    one = {chrom: random.gamma(1, 1, size).astype(np.float32) for chrom, size in sizes.items()}
    other = {chrom: (values + random.normal(0, 0.5, len(values))).astype(np.float32) for chrom, values in one.items()}
    for name, tracks in (("p", other), ("m", {chrom[3:]: values for chrom, values in one.items()})):
        lengths = {chrom: len(values) for chrom, values in tracks.items()}
        bigwig.write_track(tmp_path / f"{name}.bw", lengths, tracks.items(), 1)
    found = quantitative(tmp_path / "p.bw", tmp_path / "m.bw", bin_size=10, aggregate=aggregate)
    of = getattr(np, aggregate)
    x, y = (np.concatenate([of(v.reshape(-1, 10), axis=1) for v in tracks.values()]) for tracks in (one, other))
    assert found["all"].pearson == pytest.approx(pearsonr(x, y)[0], abs=1e-6)
    assert found["all"].spearman == pytest.approx(spearmanr(x, y)[0], abs=1e-6)
    assert found["all"].r2 == pytest.approx(r2_score(x, y), abs=1e-6)
    assert found["chr2"].pairs == 300
    with pytest.raises(InputError, match="must be one of max, mean, min, std, sum"):
        quantitative(tmp_path / "p.bw", tmp_path / "m.bw", aggregate="coverage")


def test_tracks_are_compared_where_there_is_a_prediction(tmp_path: Path):
    """Else what was not predicted counts as a prediction of 0; what was not measured is 0."""
    measured = np.array([1, 2, np.nan, 9, 9, 9, 9, 9, 9, 9], np.float32)
    predicted = np.array([2, 4, 0] + [np.nan] * 7, np.float32)
    for name, values in (("p", predicted), ("m", measured)):
        bigwig.write_track(tmp_path / f"{name}.bw", {"chr1": 2000}, [("chr1", values)], 200)
    found, extent = binding.correlated(tmp_path / "p.bw", tmp_path / "m.bw")
    assert (found["all"].pairs, found["all"].pearson) == (3, pytest.approx(1))
    assert (extent.uncovered, extent.fraction) == (7, 0.3)
    assert quantitative(tmp_path / "p.bw", tmp_path / "m.bw", compat="maxatac")["all"].pairs == 10


def test_files_of_other_assemblies(tmp_path: Path, track: Path):
    with pytest.raises(GenomeMismatch, match="no interval may end beyond its chromosome"):
        benchmark(track, [Interval("chr1", 1000, 1031)], bin_size=100)
    with pytest.raises(GenomeMismatch, match="chromosomes in common"):
        benchmark(track, [Interval("II", 0, 5)], bin_size=100)
    bigwig.write_track(tmp_path / "g.bw", {"chr1": 1031}, [("chr1", np.ones(1031, np.float32))], 1)
    for call in (benchmark, quantitative):
        with pytest.raises(GenomeMismatch, match="length"):
            call(track, tmp_path / "g.bw", bin_size=100)
    with pytest.raises(InputError, match="any, half"):
        benchmark(track, [Interval("chr1", 0, 5)], bin_size=100, rule="most")
    with pytest.raises(InputError, match="bin size must be a whole number from 1"):
        benchmark(track, [Interval("chr1", 0, 5)], bin_size=0)


def test_contigs_shorter_than_a_bin_are_left_out(tmp_path: Path):
    """Unless they are asked for."""
    scores = np.array([0.5, 0.1, 0.3], np.float32)
    sizes = {"chr1": 600, "chrUn": 199}
    bigwig.write_track(tmp_path / "p.bw", sizes, [("chr1", scores), ("chrUn", scores[:1])], 200)
    found = benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5), Interval("chrUn", 0, 5)])
    assert list(found.chromosomes) == ["chr1"]
    with pytest.raises(InputError, match=r"at least one bin of 200 bp.*chrUn"):
        benchmark(tmp_path / "p.bw", [Interval("chr1", 0, 5)], ["chr1", "chrUn"])


def test_a_chromosome_that_is_not_there(track: Path):
    with pytest.raises(InputError, match="chr7"):
        benchmark(track, [Interval("chr1", 0, 5)], chromosomes=["chr7"])
    with pytest.raises(InputError, match="must be a bin to evaluate"):
        benchmark(track, [Interval("chr1", 0, 5)], region=Interval("chr1", 0, 50), bin_size=100)
