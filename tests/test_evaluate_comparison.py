"""Baselines of binding, confidence intervals and tests."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from zoo.errors import GenomeMismatch, InputError
from zoo.evaluate import baselines, bins, comparison
from zoo.evaluate.binding import benchmark
from zoo.formats.bigwig import write_track
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal

PLACES = np.arange(0, 1001, 100)


def bigwig(path: Path, values: np.ndarray, chrom: str = "chr1") -> Signal:
    write_track(path, {chrom: len(values)}, [(chrom, values.astype(np.float32))], 1)
    return Signal(path)


def test_motifs_where_chromatin_is_open(tmp_path: Path):
    """Both strands; once where a palindrome hits both; none over N, none outside, none across two regions."""
    pytest.importorskip("memelite")
    site = "GATTACAGATTACA"
    other = "TGTAATCTGTAATC"
    text = list("A" * 1000)
    for at, word in ((120, site), (150, other), (320, site), (540, site), (700, site[:7]), (723, site[7:])):
        text[at : at + len(word)] = word
    text[330] = "N"
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("".join(text))})
    pwm = np.full((4, len(site)), 0.01)
    pwm["ACGT".index("A")] = 0.01
    for at, base in enumerate(site):
        pwm["ACGT".index(base), at] = 0.97
    regions = [Interval("chr1", 100, 400), Interval("chr1", 600, 707), Interval("chr1", 723, 800)]
    motif = baselines.Motif(Genome(tmp_path / "g.2bit"), {"m": pwm}, regions)
    assert motif("chr1", PLACES).tolist() == [0, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    everywhere = baselines.Motif(Genome(tmp_path / "g.2bit"), {"m": pwm}, [Interval("chr1", 0, 1000)])
    assert everywhere("chr1", PLACES).tolist() == [0, 2, 0, 0, 0, 1, 0, 0, 0, 0]
    assert everywhere("chr2", PLACES).sum() == 0
    palindrome = np.where(np.eye(4)[encode("GATTACGTAATC")].T > 0, 0.97, 0.01)
    text[60:72] = "GATTACGTAATC"
    write_twobit(tmp_path / "h.2bit", {"chr1": encode("".join(text))})
    twice = baselines.Motif(Genome(tmp_path / "h.2bit"), {"p": palindrome}, [Interval("chr1", 0, 1000)])
    assert twice("chr1", PLACES)[0] == 1


def test_signals_alone_and_flat(tmp_path: Path):
    values = np.zeros(1000)
    values[[5, 250]] = 3, 7
    signal = bigwig(tmp_path / "s.bw", values, "1")
    assert baselines.track(signal)("chr1", PLACES).tolist() == [3, 0, 7, 0, 0, 0, 0, 0, 0, 0]
    with pytest.raises(InputError, match="must have the chromosome"):
        baselines.track(signal)("chr2", PLACES)
    flat = baselines.Flat(signal)
    assert flat.mean == pytest.approx(0.01)
    assert flat.values("1", 10, 13).tolist() == pytest.approx([0.01] * 3)
    assert baselines.Flat(signal, [Interval("1", 0, 10)]).mean == pytest.approx(0.3)


def test_binding_in_other_cells(tmp_path: Path):
    """The mean of arcsinh over cell types, of tracks or of the seventh column of peaks."""
    values = np.zeros(1000)
    values[210] = 5
    bigwig(tmp_path / "one.bw", values)
    (tmp_path / "two.narrowPeak").write_text("chr1\t195\t205\t.\t0\t.\t8\t-1\t-1\t5\n1\t0\t9\t.\t0\t.\t2\t-1\t-1\t1\n")
    found = baselines.other_cells([tmp_path / "one.bw", tmp_path / "two.narrowPeak"])("chr1", PLACES)
    expected = np.zeros(10)
    expected[1], expected[2] = np.arcsinh(8) / 2, (np.arcsinh(5) + np.arcsinh(8)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    (tmp_path / "bad.narrowPeak").write_text("chr1\t1\t9\t.\t0\t.\thigh\n")
    with pytest.raises(InputError, match="line 1: A line of peaks must"):
        baselines.other_cells([tmp_path / "bad.narrowPeak"])
    with pytest.raises(InputError, match="must be a cell type to predict from"):
        baselines.other_cells([])


@pytest.fixture
def data(tmp_path: Path) -> tuple[Signal, bins.Bound, dict]:
    random = np.random.default_rng(0)
    truth = random.random(2000) < 0.05
    peaks = [Interval("chr1", 100 * int(at) + 30, 100 * int(at) + 40) for at in np.flatnonzero(truth)]
    good, poor = truth + random.normal(0, 0.5, 2000), truth + random.normal(0, 3, 2000)
    signal = bigwig(tmp_path / "p.bw", np.repeat(good - good.min(), 100))
    scores = {"good": good, "poor": poor}
    predictors = {
        name: lambda chrom, places, v=v: v[places[:-1] // 100].astype(np.float32) for name, v in scores.items()
    }
    return signal, bins.Bound(peaks, signal.sizes), predictors | {"truth": truth, "peaks": peaks}


def test_predictors_on_the_same_bins(data: tuple, monkeypatch: pytest.MonkeyPatch):
    """Each as scikit-learn and `benchmark` have it, inside an interval that the bootstrap gives."""
    signal, bound, items = data
    truth, peaks = items.pop("truth"), items.pop("peaks")
    monkeypatch.setattr(comparison, "_BLOCK", 2000)
    good, poor = comparison.compare(items, bound, signal, bin_size=100, repeats=300)
    assert (good.name, poor.name) == ("good", "poor")
    for row, name in ((good, "good"), (poor, "poor")):
        scores = items[name]("chr1", np.arange(0, 200_001, 100))
        assert row.binding.average_precision == pytest.approx(average_precision_score(truth, scores), abs=1e-9)
        assert row.interval[0] < row.binding.average_precision < row.interval[1]
        assert row.interval[1] - row.interval[0] < 0.3
    assert good.interval[0] > poor.interval[1]
    assert good.binding.aupr == pytest.approx(benchmark(signal.path, peaks, bin_size=100).overall.aupr, abs=1e-6)
    again = comparison.compare(items, bound, signal, bin_size=100, repeats=300)
    assert again[0].interval == good.interval
    assert set(good.to_json()) == {"name", "binding", "interval", "curve", "best"}


def test_intervals_by_hand():
    """Two blocks that are drawn in all ways: scores are right in the first one and wrong in the second one."""
    positive, scores = np.array([True, False, True, False]), np.array([0.9, 0.1, 0.2, 0.8])
    blocks = np.array([0, 0, 1, 1])
    weights = np.array([[2, 0], [0, 2], [1, 1]])
    low, high = comparison.interval(positive, scores, blocks, weights)
    values = [1.0, 0.5, 0.5 * 1 + 0.5 * 2 / 3]
    assert (low, high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_differences():
    """Six pairs that all differ one way: p = 2 / 2**6."""
    one, other = np.array([0.7, 0.6, 0.9, 0.8, 0.5, 0.4]), np.array([0.6, 0.4, 0.6, 0.4, 0.2, 0.39])
    found = comparison.paired(one, other)
    assert (found.name, found.p_value) == ("Wilcoxon signed-rank", pytest.approx(2 / 64))
    assert found.median == pytest.approx(0.25)
    assert comparison.paired(one, one).p_value is None
    free = comparison.unpaired([1, 2, 3], [4, 5, 6])
    assert (free.name, free.median, free.p_value) == ("Mann-Whitney U", -3, pytest.approx(0.1))
    with pytest.raises(InputError, match="must have as many numbers"):
        comparison.paired([1], [1, 2])
    with pytest.raises(InputError, match="must be numbers to compare"):
        comparison.unpaired([], [1])


def test_peaks_of_another_assembly(data: tuple):
    signal, _, _ = data
    with pytest.raises(GenomeMismatch):
        bins.Bound([Interval("chr1", 0, 10**9)], signal.sizes)


def test_a_gain_by_hand():
    """Average precisions of 1 and 1/2 of one factor, equal ones of the other; the mean of pairs of runs."""
    positive = {"A": np.array([True, False, False]), "B": np.array([True, False, False])}
    best, second = np.array([3.0, 2.0, 1.0]), np.array([2.0, 3.0, 1.0])
    blocks = np.zeros(3, int)
    found = comparison.gain(positive, [{"A": best, "B": second}], [{"A": second, "B": second}], blocks)
    assert (found.value, found.low, found.high) == (0.25, 0.25, 0.25)
    runs = [{"A": best, "B": second}, {"A": second, "B": second}]
    found = comparison.gain(positive, runs, [runs[1]] * 2, blocks)
    assert (found.value, found.low, found.high) == (0.125, 0.0, 0.25)  # pairs of runs are drawn
    with pytest.raises(InputError, match=r"must be pairs.*\(1, 2\)"):
        comparison.gain(positive, runs[:1], runs, blocks)
    with pytest.raises(InputError, match="must be pairs"):
        comparison.gain(positive, [], [], blocks)


def test_blocks_of_a_gain():
    """Better in one block of two, and as good in the other: drawn alone, each counts by itself; without a bound bin
    none does."""
    positive = {"A": np.array([True, False, True, False, False])}
    one, other = {"A": np.array([5.0, 1, 4, 2, 0])}, {"A": np.array([5.0, 1, 2, 4, 0])}
    blocks = np.array([0, 0, 1, 1, 2])
    found = comparison.gain(positive, [one], [other], blocks)
    assert found.value == pytest.approx(1 - 5 / 6)
    assert (found.low, found.high) == (0.0, 0.5)
    places = np.arange(0, 600_001, 50_000)
    assert comparison.blocks_of(places, np.arange(12) % 3 == 0).tolist() == [0, 1, 3, 4]
