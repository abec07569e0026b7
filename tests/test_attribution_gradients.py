"""Gradients along a way, against Captum's; targets; other backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from asap_golden import Golden
from attributing import explain, flat, lively, off, sequences
from keras import ops

import zoo
from zoo import architectures
from zoo.attribution.gradients import input_gradient
from zoo.attribution.methods.by_references import integrated_gradients
from zoo.attribution.targets import Target, resolve
from zoo.errors import InputError
from zoo.genome.encode import one_hot

TARGETS = {
    "softmax_weighted": resolve("profile_local", 512),
    "sum_normalised_weighted": Target("normalized", lambda y: y / ops.sum(y, axis=-1, keepdims=True), local=True),
    "plain_sum": resolve("sum", 512),
}


@pytest.mark.parametrize("name", TARGETS)
def test_the_numbers_of_captum(shared: Path, name: str):
    """50 Gauss-Legendre steps; differences relative to the largest attribution."""
    folder, target = shared / "golden" / "asap", TARGETS[name]
    golden = np.load(folder / "data" / "integrated_gradients.npz")
    order = np.array([0, 2, 1, 3, 4])  # theirs is A, G, C, T
    x, references = one_hot(order[golden["x_idx"]]), one_hot(order[golden["baseline_idx"]])[None]
    network = flat(architectures.scores(Golden(folder / "convnext_dcnn").network(mappability=False)))
    predicted = np.asarray(network.predict_on_batch(np.concatenate([x, references[0]])))
    np.testing.assert_allclose(target.values(predicted), golden[f"target_{name}"], rtol=1e-5)
    gradient = input_gradient(network, target.weights if target.local else None)
    mean = integrated_gradients(gradient, x, references, np.ones((1, 512), np.float32), 50, 32)
    ours = ((x[:, None] - references) * mean)[0]
    theirs = golden[f"attr_{name}"][..., [0, 2, 1, 3]]
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_more_steps_where_fifty_do_not_add_up(ctcf: zoo.Model, shared: Path):
    human = shared / "data" / "hg19_chr20_gm12878"
    files = {"genome": human / "hg19_chr20_to_11095000.2bit", "signal": human / "gm12878_minmax_p99.bw"}
    peaks = next(human.glob("peaks_GM12878/*BroadGm12878Ctcf*"))
    found = ctcf.attribute(**files, regions=peaks, method="integrated_gradients", count=4)
    assert found.error.max() < 1e-2


def test_gradients_are_those_of_differences():
    network = architectures.scores(lively(zoo.build("maxatac", window=256, filters=4)))
    x = sequences(1, 256, 5)
    slope = explain(network, x, "gradients", target=4)
    assert slope.baseline is None
    step = 2e-3
    for place, channel in ((128, 0), (142, 1), (147, 2), (94, 3), (132, 4)):  # steep, so that rounding is below 1 %
        moved = np.repeat(x, 2, axis=0)
        moved[:, place, channel] += [-step, step]
        low, high = np.asarray(network.predict_on_batch(moved))[:, 4].astype(float)
        found = slope.signal[0, place] if channel == 4 else slope.values[0, place, channel]
        assert found == pytest.approx((high - low) / (2 * step), rel=0.01)
    times = explain(network, x, "input_x_gradient", target=4)
    np.testing.assert_array_equal(times.values, slope.values * x[..., :4])
    np.testing.assert_array_equal(times.signal, slope.signal * x[..., 4])


@pytest.mark.parametrize(
    ("target", "name", "wanted"),
    [
        ("sum", "sum", 10.0),
        (2, "2", 3.0),
        ("2", "2", 3.0),
        ((1, 3), "1:3", 5.0),
        ("1:3", "1:3", 5.0),
        ("profile", "profile", np.exp([1, 2, 3, 4]) @ [1, 2, 3, 4] / np.exp([1, 2, 3, 4]).sum()),
    ],
)
def test_targets(target: object, name: str, wanted: float):
    found = resolve(target, 4)
    assert found.name == name
    assert found.values(np.array([[1, 2, 3, 4]], np.float32))[0] == pytest.approx(wanted)


@pytest.mark.parametrize("target", [4, -1, "4", "1:5", "3:3", "center", (1, 2, 3), 1.5, True, None])
def test_targets_outside_the_output(target: object):
    with pytest.raises(InputError, match=r'The target must be "sum", "profile".* within 0:4'):
        resolve(target, 4)


def test_a_profile_is_complete_with_its_own_weights():
    network = lively(
        zoo.build("convnext_dcnn", window=128, filters=8, residual_filters=8, residual_blocks=2, final_filters=24)
    )
    x = sequences(2, 128)
    for method in ("deeplift", "integrated_gradients"):
        assert off(explain(network, x, method, target="profile", count=3)).max() < 1e-2
    local = explain(network, x, "integrated_gradients", target="profile_local", count=3)
    assert off(local).max() > 1e-2  # does not add up, and says so


_WORKER = """
import json, sys, numpy as np
from attributing import explain, lively, sequences
import zoo
for name, config, channels in json.loads(sys.argv[1]):
    found = explain(lively(zoo.build(name, **config)), sequences(2, config["window"], channels), count=2)
    np.save(f"{sys.argv[2]}/{name}.npy", found.values)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_give_the_same(backend: str, tmp_path: Path):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    cases = [
        ("maxatac", {"window": 64, "filters": 4, "dilations": (1, 2)}, 5),
        ("convnext_lstm", {"window": 64, "filters": 8, "units": 6, "hidden": 10}, 4),
        ("convnext_transformer", {"window": 64, "channels": 8, "tower_blocks": 1, "encoder_layers": 1}, 4),
    ]
    subprocess.run(
        [sys.executable, "-c", _WORKER, json.dumps(cases), str(tmp_path)],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parent)},
        check=True,
    )
    for name, config, channels in cases:
        ours = explain(lively(zoo.build(name, **config)), sequences(2, config["window"], channels), count=2).values
        theirs = np.load(tmp_path / f"{name}.npy")
        assert np.abs(theirs - ours).max() < 1e-4 * np.abs(ours).max()
