"""Losses, metrics, schedules and optimizers, against the goldens of both systems."""

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

import zoo
from zoo.porting import asap
from zoo.train.losses import masked_binary_crossentropy, poisson_nll
from zoo.train.metrics import MeanOverTracks, PearsonCorrelation, SpearmanCorrelation, dice_coefficient
from zoo.train.optimizers import asap_adamw, maxatac_adam, not_decayed
from zoo.train.schedules import WarmUpAndRestarts


def test_masked_binary_crossentropy_by_hand():
    truth, scores = np.array([[1.0, 0, -1, 1]], np.float32), np.array([[0.5, 0.25, 0.9, 1.0]], np.float32)
    expected = (np.log(2) - np.log(0.75) + 1e-7) / 3
    assert float(np.mean(masked_binary_crossentropy(truth, scores))) == pytest.approx(expected, rel=1e-5)
    assert not np.any(masked_binary_crossentropy(np.full((2, 4), -1.0, np.float32), np.full((2, 4), 0.3, np.float32)))


def test_loss_and_dice_of_maxatac(shared: Path):
    golden = np.load(shared / "golden" / "maxatac" / "train" / "loss.npz")
    truth, scores = golden["y_true"], golden["y_pred"]
    assert (truth == -1).sum() == 7
    assert float(np.mean(masked_binary_crossentropy(truth, scores))) == pytest.approx(float(golden["loss"]), rel=1e-6)
    assert float(dice_coefficient(truth, scores)) == pytest.approx(float(golden["dice"]), rel=1e-6)


@pytest.mark.parametrize("start", ["scratch", "from_ctcf"])
def test_steps_of_maxatac(shared: Path, start: str):
    """Through `compile` and `train_on_batch`. After two steps rounding grows, because Adam's steps are nearly signs."""
    golden = np.load(shared / "golden" / "maxatac" / "train" / f"steps_{start}.npz")
    x = np.load(shared / "golden" / "maxatac" / "inputs.npz")["x"]
    network = zoo.build("maxatac")
    if start == "scratch":
        network.set_weights([golden[f"init_{i:02d}"] for i in range(62)])
    else:
        network.set_weights(zoo.load("maxatac/CTCF").network.get_weights())
    network.compile(maxatac_adam(), masked_binary_crossentropy, metrics=[dice_coefficient])
    log, size = [], int(golden["batch"])
    for step in range(len(golden["log"])):
        rows = (size * step + np.arange(size)) % len(x)
        network.reset_metrics()
        log.append(network.train_on_batch(x[rows], golden["targets"][rows]))
    np.testing.assert_allclose(log[:2], golden["log"][:2], atol=2e-6)
    np.testing.assert_allclose(log, golden["log"], atol=2e-3)
    assert np.abs(network.predict(x, verbose=0) - golden["predictions"]).mean() < 1e-3


def test_poisson_loss_of_asap(shared: Path):
    folder = shared / "golden" / "asap" / "data"
    arrays, expected = np.load(folder / "metrics_input.npz"), json.loads((folder / "metrics.json").read_text())
    loss = float(np.mean(poisson_nll(arrays["true"], arrays["pred"])))
    assert loss == pytest.approx(expected["training_loss"]["poisson_loss_mean"], rel=1e-6)
    zeros = arrays["pred"].copy()
    zeros[:50] = 0
    loss = float(np.mean(poisson_nll(arrays["true"], zeros)))
    assert loss == pytest.approx(expected["training_loss"]["poisson_loss_with_50_zero_predictions"], rel=1e-5)


def test_pearson_of_asap_in_any_chunks(shared: Path):
    folder = shared / "golden" / "asap" / "data"
    arrays = np.load(folder / "metrics_input.npz")
    expected = json.loads((folder / "metrics.json").read_text())["logspace_input_true"]["pearson_r"]
    for size in (1, 7, 300, 2000):
        metric = PearsonCorrelation()
        for first in range(0, 2000, size):
            metric.update_state(arrays["true"][first : first + size], arrays["pred"][first : first + size])
        assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_pearson_of_large_values_that_vary_little():
    random = np.random.default_rng(0)
    x = random.normal(size=100_000)
    y = x + random.normal(size=100_000)
    metric = PearsonCorrelation()
    for part in np.split(np.stack([x, y]), 20, axis=1):
        metric.update_state(*(part + 1000).astype(np.float32))
    assert float(metric.result()) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-4)


def test_pearson_of_what_does_not_vary():
    metric = PearsonCorrelation()
    assert float(metric.result()) == 0
    metric.update_state(np.ones(5), np.arange(5.0))
    assert float(metric.result()) == 0
    metric.reset_state()
    metric.update_state(np.arange(5.0), -np.arange(5.0))
    assert float(metric.result()) == pytest.approx(-1)


@pytest.mark.parametrize(("steps", "epochs"), [(100, 3), (37, 6)])
def test_schedule_of_asap(shared: Path, steps: int, epochs: int):
    with open(shared / "golden" / "asap" / "data" / f"lr_schedule_{steps}steps_{epochs}epochs.csv") as file:
        rows = list(csv.DictReader(file))
    schedule = WarmUpAndRestarts(steps)
    assert len(rows) == steps * epochs
    for row in rows:
        assert float(schedule(int(row["global_step"]))) == pytest.approx(float(row["lr_used"]), rel=1e-5, abs=1e-10)


def test_schedule_of_a_single_step():
    assert [float(WarmUpAndRestarts(1)(step)) for step in range(3)] == pytest.approx([1e-3, 1e-3, 1e-3])
    again = WarmUpAndRestarts.from_config(WarmUpAndRestarts(7, 2e-3, 0.5, 0.8).get_config())
    assert float(again(3)) == pytest.approx(2e-3)


@pytest.mark.parametrize("name", ["cnn", "lstm", "dcnn", "convnext_dcnn", "convnext_transformer"])
def test_weights_without_decay_are_those_of_asap(shared: Path, name: str):
    record = json.loads((shared / "golden" / "asap" / name / "meta.json").read_text())["train"]
    network = zoo.build(name, mappability=True)
    tensors = {rule.variable.path: rule.tensor for rule in asap.tensor_rules(name, network)}
    assert sorted({tensors[weight.path] for weight in not_decayed(network)}) == sorted(record["not_decayed"])
    optimizer = asap_adamw(network)
    optimizer.build(network.trainable_weights)
    decayed = {tensors[weight.path] for weight in network.trainable_weights if optimizer._use_weight_decay(weight)}
    assert sorted(decayed) == sorted(record["decayed"])


def test_decay_takes_its_share(shared: Path):
    network = zoo.build("xlstm", window=64, channels=16, tower_blocks=1, core_blocks=2)
    optimizer = asap_adamw(network, learning_rate=0.5, weight_decay=0.1)
    before = [np.array(weight) for weight in network.trainable_weights]
    optimizer.apply([keras.ops.zeros_like(weight) for weight in network.trainable_weights], network.trainable_weights)
    kept = {weight.path for weight in not_decayed(network)}
    for weight, old in zip(network.trainable_weights, before, strict=True):
        np.testing.assert_allclose(weight, old if weight.path in kept else 0.95 * old, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [1, 333, 5000])
def test_spearman_in_any_chunks(size: int):
    """Within 1e-3 of exact ranks for continuous values, and for counts with ties."""
    random = np.random.default_rng(1)
    x = random.gamma(0.5, 2.0, 5000).astype(np.float32)
    for y in (x + random.normal(size=5000), random.poisson(x), -x):
        metric = SpearmanCorrelation()
        for first in range(0, 5000 if size > 1 else 300, size):
            metric.update_state(x[first : first + size], y[first : first + size].astype(np.float32))
        seen = 5000 if size > 1 else 300
        assert float(metric.result()) == pytest.approx(spearmanr(x[:seen], y[:seen])[0], abs=1e-3)


def test_spearman_of_what_does_not_vary():
    metric = SpearmanCorrelation()
    assert float(metric.result()) == 0
    metric.update_state(np.ones(5), np.arange(5.0))
    assert float(metric.result()) == 0
    metric.reset_state()
    metric.update_state(np.array([0.0, 1e30, -1e30]), np.array([0.0, 5.0, -7.0]))
    assert float(metric.result()) == pytest.approx(1, abs=1e-6)


def test_the_mean_over_tracks():
    """r is 1 of the first and 0.5 of the second track; of all values together it is near 1."""
    truth = np.array([[[0.0, 100.0], [1.0, 101.0], [2.0, 102.0]]], np.float32)
    scores = np.array([[[0.0, 101.0], [1.0, 100.0], [2.0, 102.0]]], np.float32)
    metric = MeanOverTracks([PearsonCorrelation(), PearsonCorrelation()])
    for _ in range(2):
        metric.update_state(truth, scores)
    assert float(metric.result()) == pytest.approx(0.75, abs=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
