"""Losses of profile models: literal, and as the original programs compute them, with gradients and Adam's steps."""

from collections.abc import Callable
from pathlib import Path

import chrombpnet_h5 as h5
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy.special import gammaln
from scipy.stats import multinomial

import zoo
from zoo.train.losses import counts_mse, multinomial_nll, of_signal_windows


def test_the_multinomial_is_scipys():
    """Also of thousands of cut sites at a base, and of none at all."""
    random = np.random.default_rng(0)
    sites = np.stack([random.poisson(scale, (50, 2)) for scale in (0.1, 3, 200, 9000)] + [np.zeros((50, 2), int)])
    logits = random.normal(size=sites.shape).astype(np.float32)
    shares = np.exp(logits.reshape(5, -1).astype(float))
    shares /= shares.sum(axis=1, keepdims=True)
    expected = [-multinomial.logpmf(k.ravel(), k.sum(), p) for k, p in zip(sites, shares, strict=True)]
    found = np.asarray(multinomial_nll(sites.astype(np.float32), logits))
    assert found.shape == (5,)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)
    assert found[4] == 0


def test_a_constant_added_to_logits_changes_nothing():
    logits = np.random.default_rng(1).normal(size=(3, 20, 1)).astype(np.float32)
    sites = np.ones((3, 20, 1), np.float32)
    np.testing.assert_allclose(multinomial_nll(sites, logits), multinomial_nll(sites, logits + 30), rtol=1e-5)
    expected = -gammaln(21) + 20 * np.log(20)
    np.testing.assert_allclose(multinomial_nll(sites, np.zeros_like(logits)), np.full(3, expected), rtol=1e-5)


def test_background_is_left_out_of_a_profile_loss():
    losses = np.float32([1, 2, 3, 4])
    assert ops.mean(of_signal_windows(losses, np.float32([1, 0, 1, 0]))) == 2
    assert ops.mean(of_signal_windows(losses, np.zeros(4, np.float32))) == 0


def terms(network: keras.Model, x: object, sites: np.ndarray, logs: np.ndarray) -> tuple:
    """Both losses of a batch, by window."""
    heads = network(x, training=False)
    return multinomial_nll(sites, heads["profile"]), counts_mse(logs, heads["counts"])


def gradients(network: keras.Model, loss: Callable[[], object]) -> tuple[float, list[np.ndarray]]:
    """A loss, and its gradients by the trainable weights."""
    with tf.GradientTape() as tape:
        value = loss()
    return float(value), [np.asarray(item) for item in tape.gradient(value, network.trainable_variables)]


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    """The original's five training steps on K562."""
    with np.load(shared / "zoo_weights/chrombpnet/k562/train_step.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def x(shared: Path) -> np.ndarray:
    """The 8 windows of those steps."""
    return h5.windows(np.load(shared / "zoo_weights/chrombpnet/inputs.npz")["index"][:8])


@pytest.fixture
def network(shared: Path, golden: dict[str, np.ndarray]) -> keras.Model:
    """At the start of those steps."""
    enzyme = h5.bias(shared / "zoo_weights/chrombpnet/k562/bias_model_scaled.h5", 128, 4)
    access = h5.accessibility(h5.of_arrays(golden, "init"), 64)
    return h5.both(access, enzyme, filters=64)


def names(network: keras.Model) -> list[str]:
    """The original's names of the trainable weights."""
    part = network.get_layer("accessibility")
    return [
        f"{h5.name_of(layer.name, 'wo_bias_')}/{kind}:0"
        for layer in part.layers
        for kind, _ in zip(("kernel", "bias"), layer.weights, strict=False)
    ]


_FREE = "prof_out_precrop/bias"  # its gradient is 0 but for rounding: softmax ignores a constant


def test_chrombpnets_loss_and_gradients(network: keras.Model, x: np.ndarray, golden: dict[str, np.ndarray]):
    """Loss within 1e-6, gradients within 1e-5 of each tensor's largest."""
    sites, weight = golden["counts"][..., None].astype(np.float32), float(golden["counts_loss_weight"])

    def loss():
        profile, counts = terms(network, x, sites, golden["logcounts"])
        return ops.mean(profile) + weight * ops.mean(counts)

    value, found = gradients(network, loss)
    assert value == pytest.approx(float(golden["loss"]), rel=1e-6)
    profile, counts = terms(network, x, sites, golden["logcounts"])
    assert float(ops.mean(profile)) == pytest.approx(float(golden["profile_loss"]), rel=1e-6)
    assert float(ops.mean(counts)) == pytest.approx(float(golden["counts_loss"]), rel=1e-6)
    for name, gradient in zip(names(network), found, strict=True):
        expected = golden[f"grad|{name}"]
        if _FREE in name:
            assert np.abs(gradient).max() < 1e-3
            continue
        difference = np.abs(gradient - expected).max() / np.abs(expected).max()
        assert difference < 1e-5, f"{name}: {difference:.2g}"


def test_five_steps_of_adam(network: keras.Model, x: np.ndarray, golden: dict[str, np.ndarray]):
    """Losses before each step; after the first one, weights where the gradient is not lost in rounding.

    Adam makes whole steps of gradients that are 0 but for rounding: with each step two runs are farther apart. Random
    changes of the gradients by 1e-5 move the fifth loss of this network between 377.468 and 377.501.
    """
    sites, weight = golden["counts"][..., None].astype(np.float32), float(golden["counts_loss_weight"])
    optimizer = keras.optimizers.Adam(float(golden["learning_rate"]), epsilon=1e-7)
    before = network.get_layer("bias").get_weights()
    for step, expected in enumerate(golden["history"], start=1):
        with tf.GradientTape() as tape:
            profile, counts = terms(network, x, sites, golden["logcounts"])
            means = ops.mean(profile), ops.mean(counts)
            total = means[0] + weight * means[1]
        optimizer.apply(tape.gradient(total, network.trainable_variables), network.trainable_variables)
        close = (1e-6, 1e-6, 1e-5, 5e-5, 2e-4)[step - 1]
        assert float(total) == pytest.approx(expected[0], rel=close), f"step {step}"
        assert float(means[0]) == pytest.approx(expected[1], rel=close), f"step {step}"
        if step == 1:
            for name, variable in zip(names(network), network.trainable_variables, strict=True):
                gradient = np.abs(golden[f"grad|{name}"])
                sure = gradient > 1e-3 * gradient.max()
                difference = np.abs(np.asarray(variable) - golden[f"step1|{name}"])[sure].max()
                assert _FREE in name or difference < 1e-6, f"{name}: {difference:.2g}"
    assert all(np.array_equal(*pair) for pair in zip(before, network.get_layer("bias").get_weights(), strict=True))


def test_yeasts_loss(shared: Path):
    """`test_on_batch` of the original's trained networks, from its files."""
    folder = shared / "zoo_weights/chrombpnet/yeast"
    golden = np.load(folder / "golden.npz")
    access = h5.accessibility(h5.of_file(folder / "chrombpnet_nobias.h5"), 32)
    network = h5.both(access, h5.bias(folder / "bias_model_scaled.h5", 16, 4), filters=32, bias_filters=16)
    counts = golden["counts"].astype(np.float32)
    logs = np.log1p(counts.sum(axis=1, keepdims=True))
    profile, squared = terms(network, h5.windows(golden["index"]), counts[..., None], logs)
    found = float(ops.mean(profile)), float(ops.mean(squared))
    assert [found[0] + 18.9 * found[1], *found] == pytest.approx(list(golden["test_on_batch"]), rel=1e-6)


@pytest.mark.parametrize(("name", "filters", "tracks", "controls"), [("plain", 24, 1, 0), ("controls", 32, 2, 2)])
def test_kundajelabs_loss_and_gradients(shared: Path, name: str, filters: int, tracks: int, controls: int):
    """Background windows in the batch, both strands jointly, and the logarithm of the sum over tracks of 1 + total."""
    folder = shared / "zoo_weights/bpnet"
    golden = np.load(folder / f"basepairmodels_{name}_golden.npz")
    network = zoo.build(
        "bpnet", filters=filters, tracks=tracks, controls=controls, control_join="profile", activation_first=True
    )

    def named(layer: str) -> str:
        if layer == "counts_dense" and not controls:
            return "logcounts_predictions"
        return h5.basepair_name_of(layer)

    h5.fill(network, h5.of_file(folder / f"basepairmodels_{name}.h5"), named)
    x: object = h5.windows(np.load(shared / "zoo_weights/chrombpnet/inputs.npz")["index"][:8])
    if controls:
        x = {
            "window": x,
            "controls": np.pad(golden["profile_bias_input"][:8].astype(np.float32), [(0, 0), (557, 557), (0, 0)]),
        }
    sites = golden["counts"].astype(np.float32)
    logs = np.logaddexp.reduce(golden["log_counts"], axis=1, keepdims=True).astype(np.float32)
    weight = float(golden["counts_loss_weight"])

    def loss():
        profile, counts = terms(network, x, sites, logs)
        return ops.mean(of_signal_windows(profile, golden["sample_weight"])) + weight * ops.mean(counts)

    value, found = gradients(network, loss)
    assert value == pytest.approx(float(golden["loss"]), rel=1e-6)
    weights = [
        f"{named(layer.name)}/{kind}:0"
        for layer in network.layers
        for kind, _ in zip(("kernel", "bias"), layer.weights, strict=False)
    ]
    for tensor, gradient in zip(weights, found, strict=True):
        expected = golden[f"grad|{tensor}"]
        if np.abs(expected).max() < 1e-4:  # rounding
            continue
        difference = np.abs(gradient - expected).max() / np.abs(expected).max()
        assert difference < 2e-5, f"{tensor}: {difference:.2g}"


def test_bpnetlites_loss_and_gradients(shared: Path):
    """Of its own file: both strands jointly, ln(1 + the total of both), weight 1."""
    folder = shared / "zoo_weights/bpnet"
    golden = np.load(folder / "ENCSR000AKO_golden.npz")
    network = zoo.load(folder / "ENCSR000AKO.torch").network
    x = h5.windows(np.load(shared / "zoo_weights/chrombpnet/inputs.npz")["index"][:8])
    sites = golden["counts"].transpose(0, 2, 1).astype(np.float32)
    logs = np.log1p(sites.sum(axis=(1, 2)))[:, None]
    weight = float(golden["count_loss_weight"])

    def loss():
        profile, counts = terms(network, x, sites, logs)
        return ops.mean(profile) + weight * ops.mean(counts)

    value, found = gradients(network, loss)
    assert value == pytest.approx(float(golden["loss"]), rel=1e-6)
    profile, counts = (float(ops.mean(each)) for each in terms(network, x, sites, logs))
    assert [profile, counts] == pytest.approx([float(golden["profile_loss"]), float(golden["counts_loss"])], rel=1e-6)
    original = {"stem": "iconv", "profile_convolution": "fconv", "counts_dense": "linear"}
    original |= {f"dilated{number}": f"rconvs.{number - 1}" for number in range(1, 9)}
    tensors = [
        f"{original[layer.name]}.{kind}"
        for layer in network.layers
        for kind, _ in zip(("weight", "bias"), layer.weights, strict=False)
    ]
    for name, gradient in zip(tensors, found, strict=True):
        expected = golden[f"grad|{name}"].T
        difference = np.abs(gradient - expected).max() / np.abs(expected).max()
        rounding = (
            2e-5 if name == "fconv.bias" else 1e-5
        )  # whose two must be opposite, and differ by 6e-6 in the golden
        assert difference < rounding, f"{name}: {difference:.2g}"
