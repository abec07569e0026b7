"""Precision and recall, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, f1_score, precision_recall_curve, roc_auc_score

from zoo.errors import InputError
from zoo.evaluate.curves import Curve, Scores, section


def curve(positive, scores, pieces: int = 1) -> Curve:
    found = Scores()
    for part in np.array_split(np.arange(len(scores)), pieces):
        found.add(np.asarray(positive, bool)[part], np.asarray(scores)[part])
    return found.curve()


def test_areas_by_hand():
    # by falling score: hit, miss, hit → precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1
    found = curve([True, False, True], [0.9, 0.8, 0.7])
    assert found.average_precision == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    assert found.aupr == pytest.approx(1 / 2 * (1 / 2 + 2 / 3) / 2)  # from recall 1/2 on
    assert found.auroc == 0.5
    assert found.random == pytest.approx(2 / 3)
    assert (found.precision_at(0.05), found.precision_at(0.5), found.precision_at(0.51)) == (1, 1, 2 / 3)
    assert found.best_f1 == (pytest.approx(0.8), pytest.approx(0.7))
    assert found.best == pytest.approx({"f1": 0.8, "score": 0.7, "precision": 2 / 3, "recall": 1})
    assert found.thinned() == {"recall": [0.5, 1.0], "precision": [1.0, 0.666667], "score": [0.9, 0.7]}


@pytest.mark.parametrize("decimals", [1, 3, 9])
@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("pieces", [1, 7])
def test_areas_of_scikit_learn(decimals: int, fraction: float, pieces: int):
    random = np.random.default_rng(round(fraction * 100) + decimals)
    positive = random.random(3000) < fraction
    scores = np.round(random.beta(2, 5, 3000) + 0.1 * positive, decimals).astype(np.float32)
    found = curve(positive, scores, pieces)
    exact = np.round(scores.astype(np.float64), 9)
    precision, recall, thresholds = precision_recall_curve(positive, exact)
    assert found.aupr == pytest.approx(auc(recall[:-1], precision[:-1]), abs=1e-9)
    assert found.average_precision == pytest.approx(average_precision_score(positive, exact), abs=1e-9)
    assert found.auroc == pytest.approx(roc_auc_score(positive, exact), abs=1e-9)
    best = max(f1_score(positive, exact >= threshold) for threshold in thresholds[:: max(len(thresholds) // 100, 1)])
    assert found.best_f1[0] >= best - 1e-12
    assert f1_score(positive, exact >= round(found.best_f1[1], 9)) == pytest.approx(found.best_f1[0])


def test_every_threshold_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    positive, values = random.random(500) < 0.2, np.round(random.random(500), 2)
    scores = Scores()
    scores.add(positive, values)
    precision, recall, thresholds = precision_recall_curve(positive, values)
    for ours, theirs in zip(scores.every_threshold(), (precision[:-1], recall[:-1], thresholds), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


def test_means_keep_double_precision():
    """Two that single precision would make one; scores of a bigWig itself are in single precision."""
    assert curve([True, False], np.array([0.123456782, 0.123456781])).auroc == 1
    assert curve([True, False], np.array([0.123456782, 0.123456781], np.float32)).auroc == 0.5


def test_scores_that_differ_behind_the_ninth_decimal_are_ties():
    """As in maxATAC's benchmark; also where float32 could tell more of them apart."""
    assert curve([True, False], [0.0010000001, 0.0010000003]).auroc == 0.5
    assert curve([True, False], [0.001000002, 0.001000001]).auroc == 1


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_curves_need_both_kinds(positive: list[bool]):
    with pytest.raises(InputError, match=r"with and without a peak.*bins=2"):
        curve(positive, [0.1, 0.2])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_scores_that_are_no_numbers(wrong: float):
    with pytest.raises(InputError, match="item 1: Scores must be finite"):
        curve([True, False], [0.1, wrong])


def test_a_thinned_curve_has_the_point_of_the_best_f1_and_round_recalls():
    random = np.random.default_rng(1)
    positive = random.random(20_000) < 0.3
    found = curve(positive, random.beta(2, 5, 20_000) + 0.1 * positive)
    points = found.thinned(11)
    assert len(points["recall"]) == 12
    assert round(found.best["recall"], 6) in points["recall"]
    at = np.searchsorted(points["recall"], 0.5 - 1e-6)
    assert points["precision"][at] == pytest.approx(found.precision_at(0.5), abs=1e-6)


def test_a_section_of_the_report_by_hand():
    found = curve([True, False, True], [0.9, 0.8, 0.7])
    part = section("Both", {"model": (found.thinned(), found.best)}, found.random)
    assert part == {
        "kind": "precision_recall",
        "title": "Both",
        "note": "",
        "random": pytest.approx(2 / 3),
        "series": [
            {
                "name": "model",
                "recall": [0.5, 1.0],
                "precision": [1.0, 0.666667],
                "best": pytest.approx({"f1": 0.8, "score": 0.7, "precision": 2 / 3, "recall": 1}),
            }
        ],
    }
