"""Stitching, calling, thresholds, views, tracks: the small parts of a prediction."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from conftest import TABLE

from zoo.errors import InputError, IntegrityError
from zoo.files.atomic import atomic
from zoo.formats import bigwig
from zoo.forward import views
from zoo.predict import peaks, thresholds
from zoo.predict.stitch import Stitcher
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import OutputSpec

nan = float("nan")


# --- stitching


@pytest.mark.parametrize("batch", [1, 2, 7, 100])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_stitched_means_equal_brute_force(batch: int, stride: int):
    random = np.random.default_rng(batch * 10 + stride)
    kept = np.flatnonzero(random.random(60) < 0.6)  # windows with gaps between them
    starts, values = kept * stride, random.random((len(kept), 4))
    sums, counts = np.zeros(300), np.zeros(300)
    for start, row in zip(starts, values, strict=True):
        sums[start : start + 4] += row
        counts[start : start + 4] += 1
    found, last = np.full(300, nan), 0
    stitcher = Stitcher(bins=4, stride=stride)
    pieces = [
        p for i in range(0, len(starts), batch) for p in stitcher.add(starts[i : i + batch], values[i : i + batch])
    ]
    for first, means in [*pieces, *stitcher.finish()]:
        assert first >= last  # rising, without overlap
        found[first : first + len(means)] = means
        last = first + len(means)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found, (sums / counts).astype(np.float32), rtol=0, atol=0)


def test_finished_bins_leave_at_once():
    stitcher = Stitcher(bins=4, stride=1)
    for start in range(10_000):
        ((first, means),) = stitcher.add(np.array([start]), np.full((1, 4), 0.5))
        assert (first, means.tolist()) == (start, [0.5])
    ((first, means),) = stitcher.finish()
    assert (first, means.tolist()) == (10_000, [0.5] * 3)


# --- intervals above a threshold


def called(scores: list[float], score: float = 0.5, cut: int = 100, length: int = 10_000) -> list:
    array = np.array(scores, np.float32)
    pieces = [(first, array[first : first + cut]) for first in range(0, len(array), cut)]
    return list(peaks.call(pieces, score, 32, length))


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
def test_neighbors_at_or_above_the_threshold_are_joined(cut: int):
    scores = [0.5, 0.25, 0.75, 0.875, nan, 0.625, 0.49, 1.0]
    assert called(scores, cut=cut) == [(0, 32, 0.5), (64, 128, 0.875), (160, 192, 0.625), (224, 256, 1.0)]


def test_the_last_interval_ends_with_the_chromosome():
    assert called([0, 1, 1], length=80) == [(32, 80, 1.0)]


def test_scores_and_thresholds_are_compared_in_float64():
    """Of the neighbors of 0.1 in float32, which is no number of float32, one is above it and one below."""
    below = np.nextafter(np.float32(0.1), np.float32(0))
    assert float(below) < 0.1 < float(np.float32(0.1))
    assert called([below, 0.1, 0.0], score=0.1) == [(32, 64, float(np.float32(0.1)))]
    middle = (1.0 + float(np.nextafter(np.float32(1), np.float32(2)))) / 2  # rounds to 1 in float32
    assert called([1.0, np.nextafter(np.float32(1), np.float32(2))], score=middle)[0][:2] == (32, 64)
    starts = np.array([5, 37, 100])
    assert list(peaks.join(starts, np.array([1, 2, 3], np.float32), middle, 32)) == [(37, 69, 2.0), (100, 132, 3.0)]


def test_bins_that_begin_anywhere_are_joined_where_they_touch():
    starts, scores = np.array([5, 37, 69, 102, 134]), np.array([1, 2, nan, 4, 3], np.float32)
    assert list(peaks.join(starts, scores, 1, 32)) == [(5, 69, 2.0), (102, 166, 4.0)]


def test_nothing_above():
    assert called([0.1, nan]) == []
    assert called([]) == []


# --- thresholds


@pytest.fixture
def table(tmp_path: Path) -> ThresholdTable:
    (tmp_path / "t.tsv").write_text(TABLE)
    return ThresholdTable.read(tmp_path / "t.tsv")


@pytest.mark.parametrize(
    ("asked", "score", "precision", "recall"),
    [
        ("f1", 0.4, 0.6, 0.7),
        ("F1", 0.4, 0.6, 0.7),
        ("precision=0.6", 0.4, 0.6, 0.7),
        ("precision=0.61", 0.6, 0.8, 0.5),
        ("recall=0.5", 0.6, 0.8, 0.5),
        ("recall=0.6", 0.4, 0.6, 0.7),
        ("log2fc=7", 0.8, 0.95, 0.1),
        ("log2fc=6.2", 0.6, 0.8, 0.5),
        ("0.5", 0.5, 0.6, 0.7),
        (0.5, 0.5, 0.6, 0.7),
        (0.4, 0.4, 0.6, 0.7),
        (0, 0.0, 0.01, 0.99),
        (1, 1.0, None, None),
    ],
)
def test_thresholds_by_name_and_value(table: ThresholdTable, asked, score, precision, recall):
    found = thresholds.resolve(asked, table)
    assert (found.score, found.precision, found.recall) == (score, precision, recall)


@pytest.mark.parametrize("asked", ["f2", "precision", "precision=", "precision=high", "f1=0.5", "", "nan", "inf", None])
def test_what_is_no_threshold(table: ThresholdTable, asked: object):
    with pytest.raises(InputError, match="name or a score"):
        thresholds.resolve(asked, table)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("precision=0.96", "precision must be within the table's reach, 0.95 at most"),
        ("recall=1", "recall must be within the table's reach, 0.99 at most"),
        ("1.5", "0 to 1"),
        (-0.1, "0 to 1"),
    ],
)
def test_out_of_reach(table: ThresholdTable, asked: object, message: str):
    with pytest.raises(InputError, match=message):
        thresholds.resolve(asked, table)


def test_without_a_table_only_a_score():
    assert thresholds.resolve(0.3, None).score == 0.3
    with pytest.raises(InputError, match="must have a threshold table"):
        thresholds.resolve("f1", None)


@pytest.mark.parametrize(
    "text", ["", "a\tb\n1\t2\n", TABLE.replace("0.95", "nan"), TABLE.replace("0.95", "x"), TABLE + "1\n"]
)
def test_other_tables_are_refused(tmp_path: Path, text: str):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(IntegrityError, match=r"t\.tsv"):
        ThresholdTable.read(tmp_path / "t.tsv")


# --- views


def test_views_of_a_window():
    x = np.arange(10, dtype=np.float32).reshape(1, 2, 5)  # rows: A, C, G, T, signal
    assert np.asarray(views.reverse_complement(x))[0].tolist() == [[8, 7, 6, 5, 9], [3, 2, 1, 0, 4]]
    assert np.asarray(views.rotate(x))[0].tolist() == [[4, 0, 1, 2, 3], [9, 5, 6, 7, 8]]
    assert np.asarray(views.mirror(np.array([[1, 2, 3]])))[0].tolist() == [3, 2, 1]


def test_answers_are_read_back_in_the_windows_own_order():
    def positions(x):  # a network that returns its signal, wherever that is
        return x[..., 4] if float(np.max(np.asarray(x)[..., 4])) > 1 else x[..., 0]

    x = np.zeros((1, 3, 5), np.float32)
    x[0, :, 4] = [2, 5, 9]
    head = OutputSpec(3, 1, 0, "t", "q", name="s")

    def read(view: str) -> list[float]:
        heads = lambda seen, _: {"s": positions(seen)}  # noqa: E731
        return np.asarray(views.average(heads, x, [view], [head], lambda found: found["s"]))[0].tolist()

    assert read("reverse_complement") == [2, 5, 9]
    assert read("rotated") == [9, 5, 2]  # a network trained on rotated windows answers in mirror image
    assert read("rotated_reverse_complement") == [9, 5, 2]


def test_tracks_become_those_of_the_other_strand():
    y = np.arange(6.0).reshape(1, 2, 3)  # bins × tracks
    assert np.asarray(views.mirror(y, (1, 0, 2)))[0].tolist() == [[4, 3, 5], [1, 0, 2]]


# --- tracks


def test_bigwig_of_bins_with_gaps_and_a_short_last_bin(tmp_path: Path):
    scores = {"c2": np.array([nan, 1, 2, nan, 3], np.float32), "c10": np.array([nan, nan], np.float32)}
    path = tmp_path / "t.bw"
    bigwig.write_track(path, {"c2": 150, "c10": 64}, scores.items(), 32)
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == {"c2": 150, "c10": 64}
        assert file.intervals("c2") == ((32, 64, 1.0), (64, 96, 2.0), (128, 150, 3.0))
        assert file.intervals("c10") is None


def test_bigwig_larger_than_a_chunk(tmp_path: Path):
    scores = np.random.default_rng(0).random(200_001).astype(np.float32)
    bigwig.write_track(tmp_path / "t.bw", {"c": 200_001 * 4}, [("c", scores)], 4)
    with pyBigWig.open(str(tmp_path / "t.bw")) as file:
        assert (file.values("c", 0, 200_001 * 4, numpy=True)[::4] == scores).all()


def test_atomic_files_appear_complete_or_not_at_all(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path, tmp_path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    with atomic(path, tmp_path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
