"""DeepSEA, Beluga, Sei, DanQ, Basset: their layers, and their files against the goldens of the original programs."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import early_files
import keras
import numpy as np
import pytest
import tensorflow as tf
from attributing import explain, off
from model_case import unfilled

from zoo.errors import InputError
from zoo.layers.spline import SplineProjection, spline_basis
from zoo.layers.threshold import threshold
from zoo.layers.unknown import UnknownBases
from zoo.porting import danq, early_layout
from zoo.porting.system_file import SystemFile

# --- layers


def test_the_threshold_of_torch7():
    x = np.float32([-2.0, -1e-9, 0.0, 1e-9, 1e-6, 3.0])
    assert np.asarray(threshold(x)).tolist() == np.float32([1e-6, 1e-6, 1e-6, 1e-9, 1e-6, 3.0]).tolist()
    assert np.asarray(threshold.slope(x)).tolist() == [0, 0, 0, 1, 1, 1]


def test_the_quotient_of_the_threshold():
    """Exact for differences that matter, and never below 0: 1e-9 and -1e-9 would give -500."""
    a, b = np.float32([3.0, 2.0, -1.0, 0.5, 1e-9, -3.0]), np.float32([1.0, -2.0, -4.0, 0.5, -1e-9, -3.0])
    wanted = [1.0, (2 - 1e-6) / 4, 0.0, 1.0, 0.0, 0.0]
    assert np.allclose(np.asarray(threshold.quotient(a, b)), wanted, rtol=1e-6, atol=0)


def test_a_spline_basis_by_hand():
    """With as many functions as a cubic has they are Bernstein polynomials."""
    t = np.arange(5) / 4
    wanted = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    assert np.allclose(spline_basis(5, 4), wanted, atol=1e-7)
    assert np.allclose(spline_basis(40, 9).sum(axis=1), 1, atol=1e-6)
    x = np.random.default_rng(1).random((2, 5, 3), np.float32)
    assert np.allclose(SplineProjection(4)(x), np.einsum("bpc,ps->bsc", x, wanted), atol=1e-6)


@pytest.mark.parametrize(("positions", "count"), [(5, 6), (9, 3)])
def test_a_spline_basis_that_cannot_be(positions: int, count: int):
    with pytest.raises(InputError, match="A cubic basis must have 4 functions or more"):
        spline_basis(positions, count)


def test_the_spline_basis_of_sei(shared: Path):
    golden = np.load(shared / "zoo_weights" / "deepsea" / "sei_golden.npz")["spline"]
    assert np.abs(spline_basis(256, 16) - golden).max() < 1e-7


def test_unknown_bases():
    x = np.float32([[[1, 0, 0, 0], [0, 0, 0, 0], [0.5, 0, 0.5, 0]]])
    assert np.asarray(UnknownBases(0.25)(x)).tolist() == [[[1, 0, 0, 0], 4 * [0.25], [0.5, 0, 0.5, 0]]]


# --- against the original programs

SYSTEMS = {"deepsea": "deepsea", "beluga": "deepsea", "sei": "deepsea", "basset": "basset"}
PROOF = {"deepsea": 2.1e-7, "beluga": 1.2e-7, "sei": 3.3e-7, "basset": 1.8e-7, "danq": 1.2e-7}  # of the specification


def windows(golden) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[golden["index"]][..., :4]


def golden_of(shared: Path, system: str):
    """Golden arrays, windows, and the network of the tensors beside them."""
    root = shared / "zoo_weights" / SYSTEMS.get(system, system)
    golden = np.load(root / f"{system}_golden.npz")
    if system == "danq":
        found = danq.read((root / "danq_weights.h5").read_bytes(), "the file")
    else:
        tensors = {name: value for name, value in np.load(root / f"{system}_weights.npz").items() if value.ndim}
        known, prefix = early_layout.system_of(tensors)
        assert known == system
        found = early_layout.read(system, {name.removeprefix(prefix): v for name, v in tensors.items()}, "the file")
    if system == "sei":
        found = replace(found, config={**found.config, "unknown": 0.0})  # its golden has zeros for N
    return golden, windows(golden), found.network()


def inner(network: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.Model(network.input, network.get_layer(layer).output)(x, training=False))


def differ(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("system", PROOF)
def test_the_original_probabilities(shared: Path, system: str):
    golden, x, network = golden_of(shared, system)
    forward, reverse = (np.asarray(network(seen, training=False))[:, 0] for seen in (x, x[:, ::-1, ::-1]))
    assert differ(forward, golden["features"]) <= PROOF[system]
    assert forward.std() > 0.01
    if "features_reverse_complement" in golden:
        assert differ(reverse, golden["features_reverse_complement"]) <= PROOF[system] + 6e-8  # one rounding more
        assert differ(reverse, golden["features"]) > 1e-3
    if "features_both_strands" in golden:
        assert differ((forward + reverse) / 2, golden["features_both_strands"]) <= PROOF[system]


def test_inside_deepsea(shared: Path):
    golden, x, network = golden_of(shared, "deepsea")
    assert differ(inner(network, "pool1", x[:1]), golden["block_1"]) < 5e-7
    assert differ(inner(network, "hidden", x), golden["hidden_before_threshold"]) < 1.5e-6
    assert (golden["hidden_before_threshold"] < 0).any()


def test_inside_basset(shared: Path):
    golden, x, network = golden_of(shared, "basset")
    assert differ(inner(network, "pool1", x[:1]), golden["block_1"]) < 1e-6
    flat = inner(network, "pool3", x).transpose(0, 2, 1).reshape(4, -1)
    assert differ(flat, golden["flat"]) < 1e-6


def test_inside_danq(shared: Path):
    golden, x, network = golden_of(shared, "danq")
    assert differ(inner(network, "pool", x[:1]), golden["pooled"]) < 1e-6
    assert differ(inner(network, "lstm", x), golden["recurrent"]) < 5e-7
    data = (shared / "zoo_weights" / "danq" / "danq_weights.h5").read_bytes()
    network = danq.read(data, "the file", backward="none").network()
    assert differ(np.asarray(network(x))[:, 0], golden["features_batch_reversal"]) <= PROOF["danq"]
    assert differ(inner(network, "lstm", x), golden["recurrent_batch_reversal"]) < 5e-7


@pytest.mark.parametrize(("system", "feature"), [("deepsea", 3), ("basset", 2)])
def test_the_original_gradients(shared: Path, system: str, feature: int):
    golden, x, network = golden_of(shared, system)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        answers = network(x, training=False)[:, 0, feature]
    wanted = golden[f"gradient_input_of_feature_{feature}"]
    assert differ(tape.gradient(answers, x).numpy(), wanted) < 1.15e-8
    assert np.abs(wanted).max() > 0.01


@pytest.mark.parametrize("system", ["deepsea", "basset", "danq"])
def test_deeplift_adds_up(shared: Path, system: str):
    _, x, network = golden_of(shared, system)
    found = explain(network, x[:1], "deeplift", references="mononucleotide_shuffle", count=3)
    assert off(found).max() < 1e-4


# --- against NumPy

STATES = {
    "deepsea": (early_files.deepsea(2), early_files.of_deepsea, 1000),
    "deepsea of width 6": (early_files.deepsea(5, (3, 6, 4), 6, 7, 3), early_files.of_deepsea, 1000),
    "beluga": (early_files.beluga(2, (3, 5, 4), 7, 8, 4), early_files.of_beluga, 2000),
    "sei": (early_files.sei(2), partial(early_files.of_sei, basis=spline_basis(256, 16)), 4096),
    "sei of other sizes": (
        early_files.sei(4, (3, 4, 2), 5, 3, 5, 9),
        partial(early_files.of_sei, basis=spline_basis(256, 9)),
        4096,
    ),
    "basset": (early_files.basset(2), early_files.of_basset, 600),
    "basset of other widths": (early_files.basset(3, (4, 3, 5), (15, 9, 5), (6, 9), 3), early_files.of_basset, 600),
}


def random_windows(window: int, count: int = 3) -> np.ndarray:
    """With some N, which are zeros."""
    codes = np.random.default_rng(8).integers(0, 4, (count, window))
    codes[0, window // 4 : window // 2] = 4
    return np.eye(5, dtype=np.float32)[codes][..., :4]


def read_state(state: dict) -> SystemFile:
    system, prefix = early_layout.system_of(state)
    found = early_layout.read(system, {name.removeprefix(prefix): value for name, value in state.items()}, "the file")
    return replace(found, config={**found.config, "unknown": 0.0}) if system == "sei" else found


def found_and_wanted(name: str) -> tuple[np.ndarray, np.ndarray]:
    state, original, window = STATES[name]
    x = random_windows(window)
    return np.asarray(read_state(state).network()(x))[:, 0], original(state, x.transpose(0, 2, 1))


@pytest.mark.parametrize("name", STATES)
def test_other_sizes_as_numpy_has_them(name: str):
    found, wanted = found_and_wanted(name)
    assert differ(found, wanted) < 5e-7
    assert np.ptp(wanted, axis=0).max() > 0.02


DANQ = {"danq": {}, "danq of motifs": {"filters": 5, "width": 30, "units": 3, "hidden": 6, "outputs": 4}}


@pytest.mark.parametrize("backward", ["time", "none"])
@pytest.mark.parametrize("name", DANQ)
def test_danq_as_numpy_has_it(name: str, backward: str):
    """DanQ-JASPAR has its last layer one place before that of DanQ."""
    layers, x = early_files.danq(4, **DANQ[name]), random_windows(1000)
    data = early_files.danq_bytes(layers, (0, 3, 6, 7), 9) if DANQ[name] else early_files.danq_bytes(layers)
    found = np.asarray(danq.read(data, "the file", backward).network()(x))[:, 0]
    wanted = early_files.of_danq(layers, x.transpose(0, 2, 1), backward == "time")
    assert differ(found, wanted) < 5e-7
    assert np.ptp(wanted, axis=0).max() > 0.005


def test_unknown_bases_of_sei_are_a_quarter():
    state, original, window = STATES["sei"]
    x, codes = random_windows(window), read_state(state)
    network = replace(codes, config={key: v for key, v in codes.config.items() if key != "unknown"}).network()
    filled = np.where(x.sum(axis=2, keepdims=True) > 0, x, 0.25).transpose(0, 2, 1)
    assert differ(np.asarray(network(x))[:, 0], original(state, filled)) < 5e-7
    assert differ(original(state, filled), original(state, x.transpose(0, 2, 1))) > 1e-3


# Mistakes that an importer can make, each of which the comparisons above must see.


@pytest.mark.parametrize(
    ("name", "value"),
    [("_ROWS", "ACGT"), ("_AFTER_POOL", 1.0), ("_AFTER_LSTM", 1.0), ("_GATES", "ifco"), ("TIME", "none")],
)
def test_a_mistake_in_danq_is_seen(name: str, value: object, monkeypatch: pytest.MonkeyPatch):
    layers, x = early_files.danq(4), random_windows(1000)
    wanted = early_files.of_danq(layers, x.transpose(0, 2, 1))
    monkeypatch.setattr(danq, name, value)
    found = danq.read(early_files.danq_bytes(layers), "the file", danq.TIME).network()
    assert differ(np.asarray(found(x))[:, 0], wanted) > 1e-3


def test_a_kernel_of_danq_that_is_not_flipped_is_seen():
    layers, x = early_files.danq(4), random_windows(1000)
    wanted = early_files.of_danq(layers, x.transpose(0, 2, 1))
    layers[0][0] = layers[0][0][:, :, ::-1]
    found = danq.read(early_files.danq_bytes(layers), "the file").network()
    assert differ(np.asarray(found(x))[:, 0], wanted) > 1e-3


@pytest.mark.parametrize("name", ["deepsea", "beluga", "sei", "basset"])
def test_wrong_bases_and_a_wrong_flattening_are_seen(name: str, monkeypatch: pytest.MonkeyPatch):
    layout = early_layout.LAYOUTS[name]
    wrong = {"ACGT": "AGCT", "AGCT": "ACGT"}[layout.rows]
    with monkeypatch.context() as patch:
        patch.setitem(early_layout.LAYOUTS, name, replace(layout, rows=wrong))
        assert differ(*found_and_wanted(name)) > 1e-3
    monkeypatch.setattr(early_layout, "_positions_first", lambda kernel, *_: kernel)
    assert differ(*found_and_wanted(name)) > 1e-3


# --- the published sizes


@pytest.mark.parametrize(
    ("system", "kinds"),
    [
        ("deepsea", ("tensors", "tensors_predict")),
        ("beluga", ("tensors",)),
        ("sei", ("tensors",)),
        ("basset", ("tensors",)),
    ],
)
def test_the_published_tensors(shared: Path, system: str, kinds: tuple[str, ...]):
    """By their names and shapes; nothing of their size is made."""
    told = json.loads((shared / "zoo_weights" / SYSTEMS[system] / f"{system}_full_tensors.json").read_text())
    for kind in kinds:
        zeros = {name: np.broadcast_to(np.float32(0), shape) for name, shape in told[kind].items() if shape}
        check_published(read_state(zeros), system, told["parameters"])


@pytest.mark.parametrize("name", ["DanQ_bestmodel.hdf5", "DanQ-JASPAR_bestmodel.hdf5"])
def test_the_published_tensors_of_danq(shared: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    told = json.loads((shared / "zoo_weights" / "danq" / "danq_full_tensors.json").read_text())[name]
    layers: dict[str, list] = {}
    for place, shape in told["tensors"].items():
        layers.setdefault(place.split("/")[0], []).append(np.broadcast_to(np.float32(0), shape))
    monkeypatch.setattr(danq, "_layers", lambda data, where: [*layers.values()])
    found = danq.read(b"", "the file")
    if name.startswith("DanQ_"):
        check_published(found, "danq", told["parameters"])
    else:
        wanted = {"filters": 1024, "kernel_size": 30, "pool_size": 15, "units": 512, "hidden": 925, "outputs": 919}
        assert {key: found.config[key] for key in wanted} == wanted
        check_published(found, "danq", told["parameters"], published=False)


def check_published(found: SystemFile, system: str, parameters: int, published: bool = True) -> None:
    """A file's network is that of our builder's defaults, and has these tensors."""
    network, usual = unfilled(system, **found.config), unfilled(system)
    shapes = {layer.name: [tuple(w.shape) for w in layer.weights] for layer in network.layers if layer.weights}
    assert {name: [array.shape for array in arrays] for name, arrays in found.tensors.items()} == shapes
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == parameters
    if published:
        same = {layer.name: [tuple(w.shape) for w in layer.weights] for layer in usual.layers if layer.weights}
        assert same == shapes
