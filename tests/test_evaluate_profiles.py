"""Profiles and counts against cut sites: ChromBPNet's metrics."""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.evaluate import profiles

LN2 = np.log(2)


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    return dict(np.load(shared / "zoo_weights" / "chrombpnet" / "k562" / "metrics_golden.npz"))


def test_golden_of_the_original(golden: dict[str, np.ndarray]):
    """Largest difference: 1.4e-16 (normalized distances)."""
    found = profiles.profile_metrics(golden["true_counts"], golden["probabilities"], seed=0)
    for name, key in {
        "jsd_pw": "jsd",
        "jsd_norm": "jsd_normalised",
        "jsd_rnd": "jsd_shuffled",
        "jsd_rnd_norm": "jsd_shuffled_normalised",
    }.items():
        np.testing.assert_allclose(getattr(found, name), golden[key], rtol=0, atol=1e-14, equal_nan=True)
    np.testing.assert_allclose(
        profiles.observed_log_counts(golden["true_counts"]), golden["log_counts_true"], rtol=0, atol=1e-14
    )
    row = profiles.metrics(golden["true_counts"], golden["probabilities"], golden["log_counts_predicted"])["peaks"]
    assert (row.regions, row.without_counts) == (16, 1)
    for name, key in {
        "spearmanr": "spearman",
        "pearsonr": "pearson",
        "mse": "mse",
        "median_jsd": "median_jsd",
        "median_norm_jsd": "median_norm_jsd",
    }.items():
        assert getattr(row, name) == pytest.approx(float(golden[key]), abs=1e-14), name


def test_groups_and_names_of_the_original(golden: dict[str, np.ndarray], shared: Path):
    peaks = np.arange(16) % 2 == 0
    found = profiles.metrics(golden["true_counts"], golden["probabilities"], golden["log_counts_predicted"], peaks)
    assert {name: row.regions for name, row in found.items()} == {"peaks": 8, "nonpeaks": 8, "peaks_and_nonpeaks": 16}
    part = profiles.metrics(
        golden["true_counts"][peaks], golden["probabilities"][peaks], golden["log_counts_predicted"][peaks]
    )
    assert part["peaks"].median_jsd == found["peaks"].median_jsd
    written = json.loads((shared / "zoo_weights" / "chrombpnet" / "yeast" / "chrombpnet_metrics.json").read_text())
    ours = profiles.original(part)
    assert {kind: {group: set(row) for group, row in rows.items()} for kind, rows in ours.items()} == {
        kind: {group: set(row) for group, row in rows.items()} for kind, rows in written.items()
    }


def test_distances_of_small_profiles():
    counts = np.array([[1, 1], [2, 0], [2, 0], [0, 0]])
    predicted = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    found = profiles.profile_metrics(counts, predicted)
    half = np.sqrt((0.5 * np.log(2 / 3) + 0.5 * LN2 + np.log(4 / 3)) / 2)  # of (1/2, 1/2) and (1, 0): mean (3/4, 1/4)
    np.testing.assert_allclose(found.jsd_pw, [half, 0, np.sqrt(LN2), np.nan], atol=1e-12)
    # the first is flat, and the third farther from the prediction than from a flat profile
    np.testing.assert_allclose(found.jsd_norm, [np.nan, 1, 0, np.nan], atol=1e-12)


def test_medians_leave_out_regions_without_counts():
    counts = np.array([[2, 0], [0, 0], [2, 0], [2, 0]])
    predicted = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [1.0, 0.0]])
    row = profiles.metrics(counts, predicted, np.log([3.0, 1.0, 3.0, 3.0]))["peaks"]
    assert (row.regions, row.without_counts, row.median_jsd, row.median_norm_jsd) == (4, 1, 0.0, 1.0)
    assert (row.pearsonr, row.spearmanr, row.mse) == (pytest.approx(1), pytest.approx(1), pytest.approx(0, abs=1e-30))
    none = profiles.metrics(counts[1:2], predicted[1:2], np.zeros(1))["peaks"]
    assert (none.without_counts, none.median_jsd, none.pearsonr, none.mse) == (1, None, None, 0.0)


def test_pseudocount_of_the_counts():
    assert profiles.observed_log_counts(np.array([[1, 1], [0, 0]]), 2.0).tolist() == [np.log(4), np.log(2)]
    row = profiles.metrics(np.array([[1, 1]]), np.array([[0.5, 0.5]]), np.array([np.log(4) + 1]), pseudocount=2.0)
    assert row["peaks"].mse == pytest.approx(1)


def test_strands_share_a_distribution():
    counts = np.random.default_rng(0).poisson(1, (3, 20, 2))
    logits = np.random.default_rng(1).normal(size=(3, 20, 2))
    predicted = profiles.probabilities_of(logits)
    np.testing.assert_allclose(predicted.sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(predicted.ravel()[:40], np.exp(logits[0].ravel()) / np.exp(logits[0]).sum())
    joint = profiles.profile_metrics(counts, predicted)
    flat = profiles.profile_metrics(counts.reshape(3, 40), predicted.reshape(3, 40))
    assert np.array_equal(joint.jsd_pw, flat.jsd_pw)
    assert np.array_equal(joint.jsd_rnd, flat.jsd_rnd)


def test_permuted_bases_depend_on_the_seed_alone():
    counts = np.random.default_rng(0).poisson(0.5, (2000, 30)) + 1
    predicted = np.full(counts.shape, 1 / 30)
    first, again = (profiles.profile_metrics(counts, predicted, seed=3).jsd_rnd for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, profiles.profile_metrics(counts, predicted, seed=4).jsd_rnd)
    random = np.random.RandomState(3)  # across the pieces that are compared together
    wanted = [random.permutation(row) for row in counts]
    found = profiles.profile_metrics(wanted, counts / counts.sum(axis=1, keepdims=True)).jsd_pw
    np.testing.assert_allclose(first, found, atol=1e-9)


def test_smoothing_is_that_of_bpnet_lite():
    weights = np.exp(-0.5 * (np.arange(-40, 41) / 7) ** 2)
    spike = np.zeros((1, 201), int)
    spike[0, 100] = 3
    wanted = np.zeros(201)
    wanted[60:141] = 3 * weights / weights.sum()
    np.testing.assert_allclose(profiles.smoothed(spike)[0], wanted, atol=1e-15)
    edge = np.zeros((1, 201, 2), int)
    edge[0, 0, 1] = 1
    np.testing.assert_allclose(profiles.smoothed(edge)[0, :41, 1], weights[40:] / weights.sum(), atol=1e-15)
    assert not profiles.smoothed(edge)[0, :, 0].any()
    near = np.roll(wanted / wanted.sum(), 2)[None]
    plain, smooth = (profiles.profile_metrics(spike, near, smooth=smooth).jsd_pw[0] for smooth in (False, True))
    assert plain > 0.75
    assert smooth < 0.2


FLAT = np.full((2, 4), 0.25)


@pytest.mark.parametrize(
    ("counts", "predicted", "rule"),
    [
        (np.array([[0.5, 1, 1, 1]] * 2), FLAT, "whole numbers, 0 or more"),
        (np.array([[-1, 1, 1, 1]] * 2), FLAT, "neither smoothed nor normalized"),
        (np.array([[np.nan, 1, 1, 1]] * 2), FLAT, "whole numbers, 0 or more"),
        (np.array([[np.inf, 1, 1, 1]] * 2), FLAT, "whole numbers, 0 or more"),
        (np.array([["1", "1", "1", "1"]] * 2), FLAT, "Counts must be numbers"),
        (np.ones(4), FLAT, "regions × bp"),
        (np.ones((2, 0)), FLAT, "regions × bp"),
        (np.ones((2, 5)), FLAT, "shape of the counts"),
        (np.ones((3, 4)), FLAT, "shape of the counts"),
        (np.ones((2, 4)), np.log(FLAT), "must be probabilities"),
        (np.ones((2, 4)), FLAT * 7, "must be probabilities"),
        (np.ones((2, 4)), FLAT * np.nan, "must be probabilities"),
    ],
)
def test_arrays_that_cannot_be_compared(counts: np.ndarray, predicted: np.ndarray, rule: str):
    with pytest.raises(InputError, match=rule):
        profiles.profile_metrics(counts, predicted)


@pytest.mark.parametrize(
    ("log_counts", "options", "rule"),
    [
        (np.zeros(3), {}, "one predicted log count"),
        (np.zeros((2, 1)), {}, "one predicted log count"),
        (np.zeros(2), {"peaks": np.ones(2)}, "marked as a peak"),
        (np.zeros(2), {"peaks": np.ones(3, bool)}, "marked as a peak"),
        (np.array([0, np.nan]), {}, "must be finite"),
        (np.zeros(2), {"pseudocount": 0}, "above 0"),
        (np.zeros(2), {"seed": -1}, "whole number"),
        (np.zeros(2), {"smooth": 1}, "True or False"),
    ],
)
def test_counts_that_cannot_be_compared(log_counts: np.ndarray, options: dict, rule: str):
    with pytest.raises(InputError, match=rule):
        profiles.metrics(np.ones((2, 4), int), FLAT, log_counts, **options)


def test_no_region():
    with pytest.raises(InputError, match="at least one of each"):
        profiles.metrics(np.ones((0, 4), int), np.ones((0, 4)), np.zeros(0))


def test_pieces_give_what_all_together_give():
    random = np.random.default_rng(0)
    counts, peaks = random.poisson(1, (50, 20)), random.random(50) < 0.5
    predicted, log_counts = profiles.probabilities_of(random.normal(size=(50, 20))), random.normal(size=50)
    whole, pieces = (profiles.RegionPairs(seed=1, smooth=True) for _ in range(2))
    whole.add(counts, predicted, log_counts, peaks)
    for some in (slice(0, 7), slice(7, 50)):
        pieces.add(counts[some], predicted[some], log_counts[some], peaks[some])
    one, other = whole.result(), pieces.result()
    assert one.metrics() == other.metrics()
    assert np.array_equal(one.profiles.jsd_rnd, other.profiles.jsd_rnd)
    assert np.array_equal(one.observed, np.log1p(counts.sum(axis=1)))
    with pytest.raises(InputError, match="must be a region"):
        profiles.RegionPairs().result()
