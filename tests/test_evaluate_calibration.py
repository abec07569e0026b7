"""Tables of thresholds."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.evaluate.calibration import GRID, Counts, calibrate
from zoo.genome.interval import Interval
from zoo.predict import thresholds, writers
from zoo.predict.thresholds import ThresholdTable


def columns(positive: list[bool], scores: list[float], pieces: int = 1) -> np.ndarray:
    counts = Counts()
    for part in np.array_split(np.arange(len(scores)), pieces):
        counts.add(np.array(positive)[part], np.array(scores)[part])
    return counts.columns()


def test_a_table_by_hand():
    """Precision never falls, although the highest score is a miss; recall 0 beyond it; 1 where nothing is called."""
    precision, recall, fold, f1 = columns([False, True, True, False, False], [0.9, 0.8, 0.5, 0.5, 0.1], pieces=2)
    at = {threshold: int(np.searchsorted(GRID, threshold)) for threshold in (0, 0.1, 0.101, 0.5, 0.501, 0.8, 0.9, 1.0)}
    assert [precision[at[t]] for t in (0, 0.1, 0.101, 0.5)] == [0.4, 0.4, 0.5, 0.5]
    assert [precision[at[t]] for t in (0.501, 0.8, 0.9, 1.0)] == [0.5, 0.5, 0.5, 1.0]  # 1/2, 1/2, 0 → 1/2, none → 1
    assert [recall[at[t]] for t in (0, 0.5, 0.501, 0.8, 0.9, 1.0)] == [1, 1, 0.5, 0.5, 0, 0]
    assert fold[at[0.5]] == pytest.approx(np.log2(0.5 / 0.4))
    assert f1[at[0.5]] == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert f1[at[1.0]] == 0


@pytest.mark.parametrize("pieces", [1, 13])
def test_counts_of_random_scores(pieces: int):
    random = np.random.default_rng(0)
    positive = random.random(5000) < 0.1
    scores = np.round(np.clip(random.beta(1, 6, 5000) + 0.2 * positive, 0, 1), 3)
    precision, recall, _, _ = columns(positive, scores, pieces)
    for index in (0, 1, 100, 333, 500, 900):
        called = scores >= GRID[index] - 1e-12
        best = max((positive[scores >= t - 1e-12].mean() for t in GRID[: index + 1]), default=1)
        assert recall[index] == pytest.approx(positive[called].sum() / positive.sum())
        assert precision[index] == pytest.approx(best)
    assert (np.diff(precision) >= 0).all()
    assert (np.diff(recall) <= 0).all()


@pytest.fixture
def samples(tmp_path: Path) -> list[tuple[Path, list[Interval]]]:
    """Two cell types: in one the highest of three bins is bound, in the other the lowest."""
    found = []
    for number, bound in enumerate((0, 400)):
        path = tmp_path / f"p{number}.bw"
        scores = np.array([0.75, 0.5, 0.25], np.float32)
        writers.bigwig(path, {"chr1": 600, "chr2": 600}, [("chr1", scores), ("chr2", scores[::-1])], 200)
        found.append((path, [Interval("chr1", bound, bound + 9)]))
    return found


def test_cell_types_count_alike(samples: list, tmp_path: Path):
    found = calibrate(samples, ["chr1"])
    at = int(np.searchsorted(GRID, 0.75))
    assert found.columns["precision"][at] == pytest.approx((1 + 1 / 3) / 2)
    assert found.columns["recall"][at] == 0.5
    assert found.columns["f1"][at] == pytest.approx((1 + 0) / 2)
    (tmp_path / "t.tsv").write_text(found.to_tsv())
    again = ThresholdTable.read(tmp_path / "t.tsv")
    for name, column in found.columns.items():
        np.testing.assert_allclose(again.columns[name], column, rtol=1e-9)
    assert (tmp_path / "t.tsv").read_text().splitlines()[0].split("\t")[0] == "Standard_Thresh"
    assert thresholds.resolve("recall=0.5", again).score == 0.75


def test_predictions_that_cannot_be_calibrated(samples: list, tmp_path: Path):
    with pytest.raises(InputError, match=r"p0.bw: .*with and without a peak.*positive=0, bins=3"):
        calibrate(samples, ["chr2"])
    with pytest.raises(InputError, match="chr7"):
        calibrate(samples, ["chr7"])
    with pytest.raises(InputError, match="There is a prediction"):
        calibrate([])
    with pytest.raises(InputError, match="highest=3"):
        Counts().add(np.array([True]), np.array([3.0]))


def test_the_original_table_is_close_to_one_of_its_model(shared: Path):
    """CTCF on the synthetic goldens: the best F1 and its threshold are those of all scores, to a step of the grid."""
    folder = shared / "golden" / "maxatac" / "e2e"
    table = calibrate([(folder / "outputs" / "predict" / "ctcf.bw", folder / "inputs" / "gold.bed")])
    best = thresholds.resolve("f1", table)
    assert best.score == 0.823
    assert best.f1 == pytest.approx(0.697, abs=5e-4)
