"""What a threshold table promises for other chromosomes: intervals of precision, and probabilities."""

import numpy as np
import pytest

from zoo.evaluate import counts as counting
from zoo.evaluate import probabilities, promises
from zoo.evaluate.counts import GRID, Counts
from zoo.predict.thresholds import ThresholdTable


def counted(positive: np.ndarray, scores: np.ndarray) -> Counts:
    counts = Counts()
    counts.add(np.asarray(positive, bool), np.asarray(scores, float))
    return counts


def blocks(random: np.random.Generator, count: int = 15, each: int = 400) -> list[Counts]:
    """Blocks of a genome: each has its own density of sites, and its own background."""
    found = []
    for _ in range(count):
        positive = random.random(each) < 0.04 * random.gamma(4, 1 / 4)
        scores = random.normal(-2 + random.normal(0, 0.2), 1, each) + 2 * positive
        found.append(counted(positive, 1 / (1 + np.exp(-scores))))
    return found


def test_the_interval_holds_on_other_chromosomes(monkeypatch: pytest.MonkeyPatch):
    """400 genomes of 15 blocks: what is called on 15 other blocks has a precision in the 95 % interval.

    A binomial interval of the calls, which knows neither blocks nor that the other chromosomes have a finite number of
    sites, holds far less often.
    """
    for module in (counting, promises):  # thresholds 0, 0.01 … 1 for the sake of speed
        monkeypatch.setattr(module, "GRID", np.arange(101) / 100)
    random, inside, alone = np.random.default_rng(1), {"f1": [], "0.4": [], "recall": []}, []
    for _ in range(400):
        groups, other = blocks(random), sum(blocks(random), Counts())
        whole = sum(groups, Counts())
        precision = promises.rising(*promises.crossfitted(groups), whole)
        low, high = promises.interval(precision, whole.called, promises.resampled(groups, 400), len(groups))
        recall = whole.hits / whole.positives
        at = {
            "f1": int(np.nanargmax(2 * precision * recall / (precision + recall))),
            "0.4": int(np.argmax(precision >= 0.4)),
            "recall": int(np.flatnonzero(recall >= 0.5)[-1]),
        }
        for name, row in at.items():
            inside[name].append(low[row] <= other.precision[row] <= high[row])
        row = at["f1"]
        error = 1.96 * np.sqrt(precision[row] * (1 - precision[row]) / whole.called[row])
        alone.append(abs(other.precision[row] - precision[row]) <= error)
    coverage = {name: np.mean(each) for name, each in inside.items()}
    assert all(0.925 <= each <= 0.975 for each in coverage.values()), coverage
    assert np.mean(alone) < 0.85


def test_resamples_by_hand():
    """Two blocks: where both samples are the same block twice, its threshold and its calls are known."""
    one = counted([1, 1, 0, 0], [0.9, 0.8, 0.7, 0.1])
    other = counted([1, 1, 0, 0], [0.5, 0.4, 0.9, 0.2])
    found = promises.resampled([one, other], 400)
    at = int(np.searchsorted(GRID, 0.8))  # together 2 of 3 are right: of one above 0.1, of the other above 0.2
    values = np.unique(np.round(found[:, at], 9))
    # chosen on `one` (0.101) or `other` (0.201) or both (0.101 has 4 of 6, at 0.2 the same): measured on 2 blocks
    assert set(values) <= {0.5, 0.571428571, 0.666666667}
    assert np.isnan(found[:, -1]).all()  # no bin has a score of 1


def test_a_miss_is_expected_where_none_was_seen():
    """Ten of ten calls are right in every bootstrap sample; Jeffreys' interval of five of five is wider."""
    groups = [counted([1] + [0] * 99, [0.9] + [0.1] * 99) for _ in range(10)]
    whole = sum(groups, Counts())
    precision = promises.rising(*promises.crossfitted(groups), whole)
    low, high = promises.interval(precision, whole.called, promises.resampled(groups), len(groups))
    at = int(np.searchsorted(GRID, 0.9))
    assert (precision[at], high[at]) == (1, 1)
    assert low[at] == pytest.approx(0.6206, abs=1e-4)  # betaincinv(5.5, 0.5, 0.025)
    assert np.isnan(low[at + 1])


def test_an_observed_precision_has_the_interval_of_what_is_true():
    """By blocks, of 300 genomes; where nothing is called none is known."""
    random, threshold, inside = np.random.default_rng(2), 0.4, []
    truth = sum(blocks(random, 2000), Counts()).precision[400]
    for _ in range(300):
        groups = blocks(random)
        found, low, high = promises.observed(groups, threshold)
        assert found == sum(groups, Counts()).precision[400]
        inside.append(low <= truth <= high)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert np.isnan(promises.observed(groups, 1)).all()
    sure = [counted([1] + [0] * 99, [0.9] + [0.1] * 99) for _ in range(10)]
    assert promises.observed(sure, 0.5) == (1, pytest.approx(0.7828, abs=1e-4), 1)  # betaincinv(10.5, 0.5, 0.025)


def test_an_interval_is_around_its_precision_and_rises():
    groups = blocks(np.random.default_rng(3))
    whole = sum(groups, Counts())
    precision = promises.rising(*promises.crossfitted(groups), whole)
    low, high = promises.interval(precision, whole.called, promises.resampled(groups), len(groups))
    known = np.isfinite(precision)
    assert ((low <= precision) & (precision <= high))[known].all()
    assert (np.diff(low[known]) >= 0).all()
    assert (np.diff(high[known]) >= 0).all()
    assert np.isnan(low[~known]).all()
    doubled = promises.interval(precision, whole.called, promises.resampled(groups * 4), 60)
    assert (doubled[1] - doubled[0])[known].mean() < 0.7 * (high - low)[known].mean()


def test_isotonic_probabilities_by_hand():
    bound, total = np.array([0, 2, 1, 0, 3]), np.array([10, 10, 10, 0, 4])
    assert probabilities.fitted(bound, total).tolist() == [0, 0.15, 0.15, 0.15, 0.75]
    assert probabilities.fitted(bound[3:], total[3:]).tolist() == [0.75, 0.75]
    counts = counted([1, 0, 1, 0], [0.05, 0.2, 0.3, 0.95])
    rows = np.array([100, 200, 900])  # thresholds 0.1, 0.2 and 0.9
    assert probabilities.classed(counts, rows).tolist() == [[1, 1, 0], [1, 2, 1]]


def test_reliability_by_hand():
    """Two blocks, each fitted on the other: one says 0.25 and 0.75 where the other has 0.5 and 1."""
    rows = np.array([0, 500])
    one = counted([1, 0, 0, 0, 1, 1, 1, 0], [0.1] * 4 + [0.9] * 4)
    other = counted([1, 0, 1, 0, 1, 1, 1, 1], [0.1] * 4 + [0.9] * 4)
    found = probabilities.reliability([[one, other]], rows)
    assert [(each.low, each.bins, each.predicted, each.observed) for each in found.classes] == [
        (0.2, 4, 0.25, 0.5),
        (0.5, 4, 0.5, 0.25),
        (0.7, 4, 0.75, 1),
        (0.9, 4, 1, 0.75),
    ]
    assert (found.error, found.folds) == (0.25, 2)


def test_probabilities_of_other_blocks_are_reliable():
    """Of the true probability of each bin, which scores know: off by little in each class, and not at all by rank."""
    random, groups = np.random.default_rng(4), []
    for _ in range(60):
        truth = random.beta(0.3, 3, 1000)
        groups.append(counted(random.random(1000) < truth, truth**2))
    rows = np.arange(901)
    found = probabilities.reliability([groups], rows)
    assert found.error < 0.01
    assert len(found.classes) == 10
    assert all(abs(each.predicted - each.observed) < 0.06 for each in found.classes if each.bins > 100)
    levels = probabilities.fitted(*probabilities.classed(sum(groups, Counts()), rows))
    truth = np.sqrt(GRID[rows] + 0.0005)
    np.testing.assert_allclose(levels[50:700], truth[50:700], atol=0.08)
    table = ThresholdTable({"threshold": GRID[rows], "probability": levels})
    scores = np.sort(random.random((3, 50)).astype(np.float32), axis=None)
    assert (np.diff(table.probabilities(scores)) >= 0).all()
