"""Tables of thresholds: how they are made, read and used."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooWarning
from zoo.evaluate import calibration, promises
from zoo.evaluate.calibration import calibrate
from zoo.evaluate.counts import GRID, Counts
from zoo.formats import bigwig
from zoo.genome.interval import Interval
from zoo.predict import thresholds
from zoo.predict.thresholds import ThresholdTable

AT = {threshold: int(np.searchsorted(GRID, threshold)) for threshold in (0, 0.1, 0.101, 0.5, 0.501, 0.8, 0.9, 1.0)}


def counted(positive: list[bool], scores: list[float], pieces: int = 1) -> Counts:
    counts = Counts()
    for part in np.array_split(np.arange(len(scores)), pieces):
        counts.add(np.array(positive)[part], np.array(scores)[part])
    return counts


def test_counts_by_hand():
    counts = counted([False, True, True, False, False], [0.9, 0.8, 0.5, 0.5, 0.1], pieces=2)
    assert [counts.called[AT[t]] for t in (0, 0.1, 0.101, 0.5, 0.501, 0.8, 0.9, 1.0)] == [5, 5, 4, 4, 2, 2, 1, 0]
    assert [counts.hits[AT[t]] for t in (0, 0.101, 0.5, 0.501, 0.8, 0.9, 1.0)] == [2, 2, 2, 1, 1, 0, 0]
    assert (counts.positives, counts.total) == (2, 5)
    assert [counts.precision[AT[t]] for t in (0, 0.101, 0.501, 0.9)] == [0.4, 0.5, 0.5, 0]
    assert [counts.best_precision[AT[t]] for t in (0, 0.101, 0.501, 0.9)] == [0.4, 0.5, 0.5, 0.5]
    assert np.isnan(counts.precision[AT[1.0]])
    assert np.isnan(counts.best_precision[AT[1.0]])
    both = counts + counts
    assert (both.positives, both.total, both.hits[0]) == (4, 10, 4)


@pytest.mark.parametrize("pieces", [1, 13])
def test_counts_of_random_scores(pieces: int):
    random = np.random.default_rng(0)
    positive = random.random(5000) < 0.1
    scores = np.round(np.clip(random.beta(1, 6, 5000) + 0.2 * positive, 0, 1), 3)
    counts = counted(positive, scores, pieces)
    for index in (0, 1, 100, 333, 500, 900):
        called = scores >= GRID[index] - 1e-12
        best = max((positive[scores >= t - 1e-12].mean() for t in GRID[: index + 1]), default=1)
        assert counts.hits[index] == positive[called].sum()
        assert counts.best_precision[index] == pytest.approx(best)


def test_precision_is_measured_where_the_threshold_was_not_chosen():
    """Two groups, so that all halvings are alike: hits of the one are from 0.8 on, of the other from 0.4 to 0.5."""
    one = counted([True] * 2 + [False] * 2, [0.9, 0.8, 0.7, 0.1])
    other = counted([True, True, False, False], [0.5, 0.4, 0.9, 0.2])
    precision, called = promises.crossfitted([one, other])
    at = int(np.searchsorted(GRID, 0.8))  # together 2 of 3 are right: one reaches that above 0.1, the other above 0.2
    assert one.best_precision[np.searchsorted(GRID, 0.101)] == pytest.approx(2 / 3)
    assert other.best_precision[np.searchsorted(GRID, 0.201)] == pytest.approx(2 / 3)
    assert precision[at] == pytest.approx((2 + 2) / (4 + 3))  # 0.101 on the other group, 0.201 on the first one
    assert called[at] == 7 * promises._HALVINGS
    assert np.isnan(precision[AT[1.0]])  # asked for what no bin has


def test_a_cross_fitted_precision_is_that_of_other_bins():
    """Scores that tell nothing: the best of 1,000 thresholds looks good on its own bins, and is chance on others."""
    random = np.random.default_rng(5)
    groups = []
    for _ in range(60):
        positive, scores = random.random(100) < 0.02, random.random(100)
        groups.append(counted(positive, scores))
    whole = sum(groups, Counts())
    naive = whole.best_precision[whole.called >= 10][-1]
    precision, _ = promises.crossfitted(groups)
    assert naive > 2 * whole.positives / whole.total
    honest = precision[whole.called >= 10][-1]
    assert honest == pytest.approx(whole.positives / whole.total, rel=0.4)


def test_precision_rises_and_rests_on_ten_calls():
    """As isotonic regression has it; a precision of fewer calls than that, or of none, is unknown."""
    counts = counted([True] * 20 + [False] * 100, np.concatenate([np.full(20, 0.6), np.full(95, 0.3), np.full(5, 0.9)]))
    risen = promises.rising(counts.precision, counts.called, counts)
    assert risen[AT[0]] == pytest.approx(20 / 120)
    assert risen[AT[0.5]] == pytest.approx(20 / 25)
    assert np.isnan(risen[np.searchsorted(GRID, 0.601) :]).all()  # 5 calls, and then none
    assert (np.diff(risen[np.isfinite(risen)]) >= 0).all()


@pytest.fixture
def samples(tmp_path: Path) -> list[tuple[Path, list[Interval]]]:
    """Two cell types: in one the highest of three bins is bound, in the other the lowest."""
    found = []
    for number, bound in enumerate((0, 400)):
        path = tmp_path / f"p{number}.bw"
        scores = np.array([0.75, 0.5, 0.25], np.float32)
        bigwig.write_track(path, {"chr1": 600, "chr2": 600}, [("chr1", scores), ("chr2", scores[::-1])], 200)
        found.append((path, [Interval("chr1", bound, bound + 9)]))
    return found


def test_cell_types_count_alike(samples: list, tmp_path: Path):
    """With the authors' precision: the best one at a threshold or a lower one. Nothing is called above 0.75."""
    found = calibrate(samples, ["chr1"], compat="maxatac")
    at = int(np.searchsorted(GRID, 0.75))
    assert found.columns["precision"][at] == pytest.approx((1 + 1 / 3) / 2)
    assert found.columns["recall"][at] == 0.5
    assert found.columns["f1"][at] == pytest.approx((1 + 0) / 2)
    assert found.columns["threshold"][-1] == 0.75
    (tmp_path / "t.tsv").write_text(found.to_tsv())
    again = ThresholdTable.read(tmp_path / "t.tsv")
    for name, column in found.columns.items():
        np.testing.assert_allclose(again.columns[name], column, rtol=1e-9)
    assert (tmp_path / "t.tsv").read_text().splitlines()[0].split("\t")[0] == "Standard_Thresh"
    assert thresholds.resolve("recall=0.5", again).score == 0.75


def test_cell_types_whose_scores_end_at_different_places(tmp_path: Path):
    """Where one has no call it counts as a recall of 0, and says nothing of precision; columns stay monotone."""
    found = []
    for number, top in enumerate((0.9, 0.4)):
        path = tmp_path / f"p{number}.bw"
        scores = np.tile(np.array([top, top / 2, 0.1, 0.05], np.float32), 100)
        bigwig.write_track(path, {"chr1": 80_000}, [("chr1", scores)], 200)
        found.append((path, [Interval("chr1", 800 * at + 1, 800 * at + 2) for at in range(0, 100, 1 + number)]))
    table = calibrate(found, compat="maxatac")
    assert table.columns["threshold"][-1] == 0.899  # 0.9 in single precision is less than 0.9
    assert table.columns["recall"][-1] == 0.5
    assert (np.diff(table.columns["precision"]) >= 0).all()
    (tmp_path / "t.tsv").write_text(table.to_tsv())
    assert len(ThresholdTable.read(tmp_path / "t.tsv").columns["f1"]) == len(table.columns["f1"])


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, list[Interval]]:
    """5,000 bins on two chromosomes, a tenth of them bound; scores that say something."""
    random = np.random.default_rng(2)
    positive = random.random(5000) < 0.1
    scores = np.round(np.clip(random.beta(2, 5, 5000) + 0.25 * positive, 0, 1), 4).astype(np.float32)
    sizes = {"chr1": 600_000, "chr2": 400_000}
    bigwig.write_track(tmp_path / "large.bw", sizes, [("chr1", scores[:3000]), ("chr2", scores[3000:])], 200)
    starts = 200 * np.flatnonzero(positive)
    peaks = [Interval("chr1", int(at), int(at) + 5) for at in starts if at < 600_000]
    peaks += [Interval("chr2", int(at) - 600_000, int(at) - 599_995) for at in starts if at >= 600_000]
    return tmp_path / "large.bw", peaks


@pytest.mark.filterwarnings("error")
def test_a_table_promises_what_other_bins_keep(large: tuple):
    """Calibrated on one chromosome, the table's precision is found on the other one, to its error."""
    _, peaks = large
    made = calibration.calibration([large], ["chr1"])
    (sample,) = made.samples
    assert (sample.crossfitted, sample.extent.evaluated, sample.extent.total) == (True, 3000, 3000)
    assert sample.extent.peaks_elsewhere == sum(item.chrom == "chr2" for item in peaks)
    table, other = made.table, calibration.calibration([large], ["chr2"], compat="maxatac").table
    assert table.columns["recall"][0] == 1
    assert np.isfinite(np.stack(list(table.columns.values()))).all()
    best = thresholds.resolve("f1", table)
    at = int(np.searchsorted(other.columns["threshold"], best.score))
    assert best.precision == pytest.approx(other.columns["precision"][at], abs=0.08)
    assert calibrate([large], ["chr1"]).to_tsv() == table.to_tsv()  # the same halvings every time


def test_covered_bins_and_regions_only(large: tuple, tmp_path: Path):
    """A prediction of chr1's first half: the rest of it is no true negative."""
    import pyBigWig

    prediction, peaks = large
    with pyBigWig.open(str(prediction)) as file:
        scores = file.values("chr1", 0, 300_000, numpy=True)[::200].astype(np.float32)
    bigwig.write_track(tmp_path / "half.bw", {"chr1": 600_000}, [("chr1", scores)], 200)
    first = Interval("chr1", 0, 300_000)
    half = calibration.calibration([(tmp_path / "half.bw", peaks)])
    same = calibration.calibration([(prediction, peaks)], regions=[first])
    assert half.table.to_tsv() == same.table.to_tsv()
    assert (half.samples[0].extent.uncovered, same.samples[0].extent.outside) == (1500, 1500)
    theirs = calibration.calibration([(tmp_path / "half.bw", peaks)], compat="maxatac")
    assert theirs.samples[0].extent.zeros == 1500
    assert theirs.table.columns["precision"][0] < half.table.columns["precision"][0]


def test_few_positive_bins_are_warned_about(samples: list):
    with pytest.warns(ZooWarning, match=r"^1 positive bins are too few"):
        table = calibrate(samples[:1], ["chr1"])
    assert table.columns["precision"][-1] == 1


def test_predictions_that_cannot_be_calibrated(samples: list, tmp_path: Path):
    with pytest.raises(InputError, match=r"p0.bw: .*with and without a peak.*positive=0, bins=3"):
        calibrate(samples, ["chr2"])
    with pytest.raises(InputError, match="chr7"):
        calibrate(samples, ["chr7"])
    with pytest.raises(InputError, match="There must be a prediction"):
        calibrate([])
    with pytest.raises(InputError, match="highest=3"):
        Counts().add(np.array([True]), np.array([3.0]))
    with pytest.raises(GenomeMismatch, match=r"p0\.bw: The peaks and the prediction must have chromosomes"):
        calibrate([(samples[0][0], [Interval("II", 3, 4)])])
    with pytest.raises(InputError, match="compat must be None"):
        calibrate(samples, compat="macs3")


def test_the_original_table_is_close_to_one_of_its_model(shared: Path):
    """CTCF on the synthetic goldens: the best F1 and its threshold are those of all scores, to a step of the grid."""
    folder = shared / "golden" / "maxatac" / "e2e"
    files = folder / "outputs" / "predict" / "ctcf.bw", folder / "inputs" / "gold.bed"
    best = thresholds.resolve("f1", calibrate([files], compat="maxatac"))
    assert best.score == 0.823
    assert best.f1 == pytest.approx(0.697, abs=5e-4)
    honest = thresholds.resolve("f1", calibrate([files]))
    assert (honest.score, honest.precision) == (0.823, pytest.approx(0.726, abs=5e-4))


HEAD = "Standard_Thresh\tMonotonic_Avg_Precision\tMonotonic_Avg_Recall\tMonotonic_Avg_log2FC\tAvg_F1\n"
ROWS = [[0, 0.1, 1, 0, 0.18], [0.4, 0.5, 0.6, 2.3, 0.55], [0.8, 0.9, 0.2, 3.2, 0.33]]


def written(path: Path, rows: list, head: str = HEAD) -> Path:
    path.write_text(head + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (1, 4, 7, "line 3, column Avg_F1: A threshold table must have values of f1 from 0 to 1. Received: f1=7.0"),
        (2, 1, 5, "line 4, column Monotonic_Avg_Precision: A threshold table must have values of precision from 0"),
        (0, 0, -3, "line 2, column Standard_Thresh: A threshold table must have values of threshold from 0 to 1"),
        (2, 0, 1.01, "line 4, column Standard_Thresh: A threshold table must have values of threshold from 0 to 1"),
        (1, 2, -0.1, "line 3, column Monotonic_Avg_Recall: A threshold table must have values of recall from 0 to 1"),
        (
            1,
            3,
            1e9,
            "line 3, column Monotonic_Avg_log2FC: A threshold table must have log2 fold changes of",
        ),
        (1, 0, 0, "line 3, column Standard_Thresh: A threshold table must have thresholds that rise"),
        (2, 0, 0.3, "line 4, column Standard_Thresh: A threshold table must have thresholds that rise"),
        (
            2,
            1,
            0.4,
            "line 4, column Monotonic_Avg_Precision: A threshold table must have values of precision that ne",
        ),
        (
            2,
            3,
            2.2,
            "line 4, column Monotonic_Avg_log2FC: A threshold table must have values of log2fc that n",
        ),
        (
            2,
            2,
            0.7,
            "line 4, column Monotonic_Avg_Recall: A threshold table must have values of recall that n",
        ),
        (1, 1, "nan", "line 3: A row of a threshold table must have 5 finite numbers"),
        (1, 1, "1e400", "line 3: A row of a threshold table must have 5 finite numbers"),
        (1, 1, "9" * 5000, "line 3: A row of a threshold table must have 5 finite numbers"),
        (1, 1, "many", "line 3: A row of a threshold table must have 5 finite numbers"),
        (1, 1, "0.5\t0.5", "line 3: A row of a threshold table must have 5 finite numbers"),
        (1, 1, "", "line 3: A row of a threshold table must have 5 finite numbers"),
    ],
)
def test_tables_that_cannot_be(tmp_path: Path, row: int, column: int, value: object, said: str):
    rows = [list(numbers) for numbers in ROWS]
    rows[row][column] = value
    with pytest.raises(IntegrityError) as error:
        ThresholdTable.read(written(tmp_path / "t.tsv", rows))
    assert said in str(error.value)


@pytest.mark.parametrize("damage", ["empty", "header", "columns", "twice", "binary", "folder", "missing", "huge"])
def test_files_that_are_no_table(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "t.tsv"
    written(path, ROWS)
    if damage in ("empty", "binary"):
        path.write_bytes({"empty": b"", "binary": bytes(range(256))}[damage])
    elif damage == "header":
        path.write_text(HEAD)
    elif damage in ("columns", "twice"):
        written(path, ROWS, HEAD.replace("Avg_F1", {"columns": "F1", "twice": "Standard_Thresh"}[damage]))
    elif damage in ("folder", "missing"):
        path.unlink()
        if damage == "folder":
            path.mkdir()
    else:
        monkeypatch.setattr(thresholds, "_MOST_BYTES", 50)
    with pytest.raises(IntegrityError, match="A threshold table must"):
        ThresholdTable.read(path)


def test_tables_of_the_program_and_of_its_release(tmp_path: Path, shared: Path):
    """Both names of the columns, in any order; the program repeats its last row with the threshold 1."""
    head = "Monotonic_Precision\tMonotonic_Recall\tThreshold\tMonotonic_log2FC\tMonotonic_F1\n"
    rows = [[row[1], row[2], row[0], row[3], row[4]] for row in [*ROWS, [1, *ROWS[2][1:]], [1, *ROWS[2][1:]]]]
    table = ThresholdTable.read(written(tmp_path / "own.tsv", rows, head))
    assert thresholds.resolve("precision=0.5", table).score == 0.4
    assert ThresholdTable.read(written(tmp_path / "t.tsv", ROWS)).columns["recall"].tolist() == [1, 0.6, 0.2]
    released = sorted((shared / "maxatac_data" / "models").glob("*/*.tsv"))
    assert len(released) == 20
    for path in released:
        assert len(ThresholdTable.read(path).columns["f1"]) == 1001


def test_a_row_without_a_call_promises_nothing(tmp_path: Path):
    """The released tables end with a precision of 1 and a recall of 0."""
    table = ThresholdTable.read(
        written(tmp_path / "t.tsv", [*ROWS, [0.999, 1, 0.0003, 3.3, 0.0006], [1, 1, 0, 3.3, 0]])
    )
    with pytest.warns(ZooWarning, match=r"precision=1, a score of 0.999, finds 0.03% of what is bound"):
        found = thresholds.resolve("precision=1", table)
    assert (found.score, found.recall) == (0.999, 0.0003)
    assert thresholds.resolve("1", table) == thresholds.Threshold("1", 1.0)
    padded = ThresholdTable.read(written(tmp_path / "p.tsv", [*ROWS, [1, 1, 0, 3.3, 0]]))
    with pytest.raises(InputError, match=r"precision must be within the table's reach, 0\.9 at most"):
        thresholds.resolve("precision=1", padded)
    with pytest.raises(InputError, match=r"log2fc must be within the table's reach, 3\.2 at most"):
        thresholds.resolve("log2fc=3.25", padded)
    short = ThresholdTable.read(written(tmp_path / "s.tsv", ROWS))
    assert thresholds.resolve(0.85, short) == thresholds.Threshold("0.85", 0.85)  # beyond the last row
    assert thresholds.resolve(0.5, short).precision == 0.5
    nothing = ThresholdTable.read(written(tmp_path / "n.tsv", [[0, 0, 0, 0, 0]]))
    with pytest.raises(InputError, match="F1 above 0"):
        thresholds.resolve("f1", nothing)


@pytest.mark.parametrize(
    "asked", ["precison=0.9", "precision", "f1=0.5", "nan", "", "precision=x", "recall=", "0.5=f1"]
)
def test_words_that_are_no_threshold(asked: str):
    with pytest.raises(InputError, match="A threshold must be a name or a score"):
        thresholds.resolve(asked, None)


def test_thresholds_out_of_range(tmp_path: Path):
    table = ThresholdTable.read(written(tmp_path / "t.tsv", ROWS))
    for asked in ("precision=0", "precision=1.5", "recall=-1", "recall=0"):
        with pytest.raises(InputError, match="must be above 0 and at most 1"):
            thresholds.resolve(asked, table)
    for asked in (-0.1, 1.1):
        with pytest.raises(InputError, match="must be a score from 0 to 1"):
            thresholds.resolve(asked, table)
    with pytest.raises(InputError, match=r"must have a threshold table, and this model has none.*Give a score, or a"):
        thresholds.resolve("f1", None)
    assert thresholds.resolve("7.5", None).score == 7.5


def test_a_threshold_is_printed_in_ascii(tmp_path: Path):
    table = ThresholdTable.read(written(tmp_path / "t.tsv", ROWS))
    said = str(thresholds.resolve("f1", table))
    assert said == "f1: score >= 0.4 (precision 0.500, recall 0.600, log2fc 2.300, f1 0.550)"
    assert said.isascii()


@pytest.mark.filterwarnings("error")
def test_a_table_has_the_interval_of_its_precision_and_says_of_what_it_is(large: tuple, tmp_path: Path):
    table = calibrate([large], ["chr1"])
    assert list(table.columns)[5:] == ["precision_low", "precision_high"]
    positives = sum(peak.chrom == "chr1" for peak in large[1])  # each in a bin of its own
    assert table.measured == thresholds.Measured(("chr1",), 1, 3000, positives, 200)
    assert str(table.measured) == f"chr1: {positives} of 3,000 bins of 200 bp bound"
    (tmp_path / "t.tsv").write_text(table.to_tsv())
    head, *_ = (tmp_path / "t.tsv").read_text().splitlines()
    assert head.split("\t")[5:] == ["Precision_95_Low", "Precision_95_High"]
    again = ThresholdTable.read(tmp_path / "t.tsv")
    assert again.measured is None
    assert again.to_tsv() == table.to_tsv()
    found = thresholds.resolve("f1", again)
    assert found.precision_low < found.precision < found.precision_high
    low, high = found.interval
    assert f"(precision {found.precision:.3f} ({low:.2f} to {high:.2f}), recall " in str(found)
    assert set(found.to_json()) == {"asked", "score", *thresholds.COLUMNS, *thresholds.INTERVAL} - {"threshold"}
    assert again.examples()[0] == ("f1", found.score, found.precision, found.recall, (low, high))
    other = sum(calibration.calibration([large], ["chr2"]).samples[0].groups, Counts())
    assert low < other.precision[int(np.searchsorted(GRID, found.score))] < high


def test_a_table_without_intervals_stays_as_it_is(tmp_path: Path):
    """Those that ship and those of the authors: the same bytes, and no more keys."""
    folder = Path(__file__).parents[1] / "registry" / "builtin" / "yeast"
    paths = [path for path in sorted(folder.glob("*/thresholds.tsv")) if "95" not in path.read_text().split("\n")[0]]
    plain = tmp_path / "plain.tsv"
    for path in [*paths, written(plain, ROWS)]:
        table = ThresholdTable.read(path)
        assert table.to_tsv() == path.read_text()
        assert not table.has_intervals
        assert table.measured is None
        assert set(thresholds.resolve("f1", table).to_json()) == {"asked", "score", *thresholds.COLUMNS} - {"threshold"}
        assert table.examples()[0][4] is None


def test_cell_types_have_the_interval_of_their_mean(large: tuple, samples: list):
    one, two = calibrate([large]), calibrate([large, large])
    assert two.measured.samples == 2
    assert two.measured.bins == 2 * one.measured.bins
    for name in ("precision", "precision_low", "precision_high"):
        np.testing.assert_allclose(two.columns[name], one.columns[name])
    with pytest.warns(ZooWarning, match="too few"):
        assert not calibrate([large, samples[0]], ["chr1"]).has_intervals  # of the other one none is known


MORE = HEAD.strip() + "\tPrecision_95_Low\tPrecision_95_High\tProbability\n"
WIDE = [[*ROWS[0], 0.05, 0.2, 0.01], [*ROWS[1], 0.3, 0.6, 0.4], [*ROWS[2], 0.5, 1, 0.7]]


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (0, 5, 0.15, "line 2, column Precision_95_Low: A threshold table must have intervals around the precision"),
        (2, 6, 0.89, "line 4, column Precision_95_High: A threshold table must have intervals around the precision"),
        (1, 5, 0.01, "column Precision_95_Low: A threshold table must have values of precision_low that never fall"),
        (2, 7, 0.39, "column Probability: A threshold table must have values of probability that never fall"),
        (2, 7, 1.1, "column Probability: A threshold table must have values of probability from 0 to 1"),
        (1, 7, "", "line 3: A row of a threshold table must have 8 finite numbers"),
    ],
)
def test_further_columns_that_cannot_be(tmp_path: Path, row: int, column: int, value: object, said: str):
    rows = [list(numbers) for numbers in WIDE]
    rows[row][column] = value
    with pytest.raises(IntegrityError) as error:
        ThresholdTable.read(written(tmp_path / "t.tsv", rows, MORE))
    assert said in str(error.value)


def test_half_an_interval_is_none(tmp_path: Path):
    head = MORE.replace("\tPrecision_95_High", "")
    with pytest.raises(IntegrityError, match="must have five columns, and may have three more"):
        ThresholdTable.read(written(tmp_path / "t.tsv", [[*row[:6], row[7]] for row in WIDE], head))


def test_probabilities_by_a_table(tmp_path: Path):
    table = ThresholdTable.read(written(tmp_path / "t.tsv", WIDE, MORE))
    scores = np.array([[0, 0.39999], [0.4, 0.7999], [0.8, 1], [np.nan, 0]], np.float32)
    found = table.probabilities(scores)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.01, 0.01], [0.4, 0.4], [0.7, 0.7], [np.nan, 0.01]], rtol=1e-6)
    plain = ThresholdTable.read(written(tmp_path / "p.tsv", ROWS))
    with pytest.raises(InputError, match="Probabilities must come from a threshold table that has them"):
        plain.probabilities(scores)
    assert thresholds.resolve("f1", table).interval == (0.3, 0.6)


@pytest.fixture
def folds(large: tuple, tmp_path: Path) -> list[Path]:
    """The same scores as `large`, of two models: each of a chromosome that it has not seen."""
    import pyBigWig

    sizes, paths = {"chr1": 600_000, "chr2": 400_000}, []
    with pyBigWig.open(str(large[0])) as file:
        for chrom, size in sizes.items():
            scores = file.values(chrom, 0, size, numpy=True)[::200].astype(np.float32)
            paths.append(tmp_path / f"{chrom}.bw")
            bigwig.write_track(paths[-1], sizes, [(chrom, scores)], 200)
    return paths


def test_folds_are_evaluated_together(large: tuple, folds: list[Path]):
    """As one track of all chromosomes, each by the model that has not seen it."""
    whole, pooled = calibration.calibration([large]), calibration.calibration([(folds, large[1])])
    assert pooled.table.to_tsv() == whole.table.to_tsv()
    assert pooled.table.measured.chromosomes == ("chr1", "chr2")
    assert pooled.samples[0].extent == whole.samples[0].extent
    only = calibration.calibration([(folds, large[1])], ["chr2"])
    assert only.table.to_tsv() == calibration.calibration([large], ["chr2"]).table.to_tsv()
    assert calibrate([(folds[:1], large[1])], ["chr1"]).to_tsv() == calibrate([large], ["chr1"]).to_tsv()


def test_folds_that_share_a_chromosome(large: tuple, folds: list[Path], tmp_path: Path):
    with pytest.raises(InputError, match=r"large\.bw: Predictions to pool must each have chromosomes of their own.*"):
        calibrate([([folds[1], large[0]], large[1])])
    with pytest.raises(InputError, match=r"chr1\.bw: .*Received: chrom='chr1', also in='.*chr1\.bw'"):
        calibrate([([folds[0], folds[0]], large[1])])
    renamed = tmp_path / "renamed.bw"
    bigwig.write_track(renamed, {"1": 600_000}, [("1", np.full(3000, 0.5, np.float32))], 200)
    with pytest.raises(InputError, match=r"renamed\.bw: .*chrom='1', also in='.*chr1\.bw'"):
        calibrate([([folds[0], renamed], large[1])])
    bigwig.write_track(renamed, {"1": 600_000}, [], 200)
    with pytest.raises(InputError, match=r"renamed\.bw: A prediction to pool must have a value"):
        calibrate([([folds[0], renamed], large[1])])
    bigwig.write_track(renamed, {"chr2": 400_200}, [("chr2", np.full(2001, 0.5, np.float32))], 200)
    with pytest.raises(GenomeMismatch, match=r"400,?200"):
        calibrate([([folds[0], renamed], large[1])])
    with pytest.raises(InputError, match=r"chr1\.bw: The prediction must have the chromosomes.*chr3"):
        calibrate([(folds, large[1])], ["chr3"])


def test_probabilities_on_request(large: tuple, samples: list, tmp_path: Path):
    """They never fall, agree with what is bound, and change nothing else of the table."""
    made = calibration.calibration([large], probabilities=True)
    levels = made.table.columns["probability"]
    assert (np.diff(levels) >= 0).all()
    whole = sum(made.samples[0].groups, Counts())
    bound, total = whole.between
    assert np.sum(levels * total[: len(levels)]) + levels[-1] * total[len(levels) :].sum() == pytest.approx(bound.sum())
    plain = calibrate([large])
    assert not plain.has_probabilities
    for name, column in plain.columns.items():
        np.testing.assert_array_equal(column, made.table.columns[name])
    (tmp_path / "t.tsv").write_text(made.table.to_tsv())
    assert ThresholdTable.read(tmp_path / "t.tsv").has_probabilities
    assert made.reliability.error < 0.03
    assert sum(each.bins for each in made.reliability.classes) == 5000
    with pytest.raises(InputError, match="Probabilities must be without compat"):
        calibrate([large], compat="maxatac", probabilities=True)
    with (
        pytest.warns(ZooWarning, match="too few"),
        pytest.raises(InputError, match=r"at least 10 bound bins of each sample.*bound=\[1\]"),
    ):
        calibrate(samples[:1], ["chr1"], probabilities=True)
