"""Enformer: its network against the goldens of both original codes and plain NumPy."""

import json
from pathlib import Path

import enformer_by_hand as by_hand
import keras
import numpy as np
import pytest
import tensorflow as tf
from attributing import explain, off
from model_case import unfilled

from zoo.errors import InputError, IntegrityError
from zoo.genome.encode import one_hot
from zoo.porting import enformer, state_dict

SIZES = {"downsamplings": 5, "depth": 2, "outputs": "human mouse"}  # of the golden
RULES = {"enformer-pytorch": "", "deepmind": "_deepmind"}  # rule → ending of the golden's arrays


@pytest.fixture(scope="module")
def golden(shared: Path):
    return np.load(shared / "zoo_weights" / "enformer" / "small" / "golden.npz")


def read(path: Path, **said: object):
    return enformer.read(state_dict.read(path.read_bytes(), path), said, path).file


@pytest.fixture(scope="module")
def small(shared: Path):
    """A function of the configuration and arguments of our network → the network of the golden."""
    path = shared / "zoo_weights" / "enformer" / "small" / "pytorch_model.bin"
    said = json.loads((path.parent / "config.json").read_text())

    def built(changes: dict | None = None, **more: object) -> keras.Model:
        file = read(path, **{**said, "window": 2048, **more})
        file.config.update(changes or {})
        return file.network()

    return built


def by_name(golden) -> dict[str, np.ndarray]:
    return np.load(Path(golden.zip.filename).with_name("weights.npz"))


def largest(found: object, expected: np.ndarray) -> float:
    assert np.shape(found) == expected.shape
    return float(np.abs(np.asarray(found, float) - expected).max())


# --- the network against the original codes


@pytest.mark.parametrize("rule", RULES)
def test_outputs_of_both_codes(small, golden, rule: str):
    outputs = small(use_tf_gamma=rule == "deepmind")(one_hot(golden["index"]), training=False)
    for head in ("human", "mouse"):
        assert largest(outputs[head], golden[f"{head}{RULES[rule]}"]) < 5e-5  # of up to 27.5
        other = next(end for name, end in RULES.items() if name != rule)
        assert largest(outputs[head], golden[f"{head}{other}"]) > 0.1
    if rule == "enformer-pytorch":
        assert largest(outputs["human"], golden["human_float64"]) < 5e-5
        assert largest(outputs["mouse"], golden["mouse_float64"]) < 5e-5


LAYERS = {  # array of the golden → layer of ours
    "stem_conv": "stem_conv",
    "stem": "stem_pool",
    "tower_0": "tower1_pool",
    "tower": "tower4_pool",
    "attention_0": "block1_attention_sum",
    "block_0": "block1",
    "transformer": "block2",
    "embedding": "heads_gelu",
}


def test_every_step(small, golden):
    network = small()
    steps = keras.Model(network.input, {name: network.get_layer(layer).output for name, layer in LAYERS.items()})
    found = steps(one_hot(golden["index"]), training=False)
    for name in LAYERS:
        expected = golden[name]
        part = np.asarray(found[name])[: len(expected), : expected.shape[1]]
        assert largest(part, expected) < 2e-6 * max(10, np.abs(expected).max()), name


def test_odd_windows(small, golden):
    network = small(changes={"window": 1990, "target_length": None})
    layers = {"odd_stem": "stem_pool", "odd_tower": "tower4_pool", "odd_block_0": "block1", "odd_human": "human"}
    steps = keras.Model(network.input, {name: network.get_layer(layer).output for name, layer in layers.items()})
    found = steps(one_hot(golden["index_odd"]), training=False)
    for name in layers:
        expected = golden[name]
        assert largest(found[name][: len(expected)], expected) < 2e-6 * max(20, np.abs(expected).max()), name


def test_an_odd_crop_is_refused(small, golden):
    """Of 64 bins, 41 are 40 for enformer-pytorch and 42 for DeepMind's code; 40 are what the golden has."""
    with pytest.raises(IntegrityError, match=r"as many left out at each end.*target_length=41"):
        small(target_length=41)
    with pytest.raises(InputError, match=r"as many left out at each end.*kept=41"):
        small(changes={"target_length": 41})
    outputs = small()(one_hot(golden["index"]), training=False)
    assert largest(outputs["human"], golden["human_target_odd"]) < 5e-5


def test_loss_and_gradients(small, golden):
    network = small()
    names = [name.removeprefix("gradient:") for name in golden.files if name.startswith("gradient:")]
    x, target = tf.Variable(one_hot(golden["index"])), golden["target_human"]
    with tf.GradientTape() as tape:
        predicted = network(x, training=False)["human"]
        loss = tf.reduce_mean(predicted - target * tf.math.log(tf.maximum(predicted, 1e-20)))
    variables = {part.layer: network.get_layer(part.layer).trainable_variables for part in enformer.parts(SIZES)}
    of_input, of_layers = tape.gradient(loss, [x, {layer: [v.value for v in vs] for layer, vs in variables.items()}])
    assert abs(float(loss) - float(golden["loss"])) < 4e-6
    assert largest(of_input, golden["gradient_input"]) < 2e-5 * np.abs(golden["gradient_input"]).max()
    assert len(names) > 5
    for part in enformer.parts(SIZES):
        prefix = f"gradient:{part.prefix}."
        if not any(name.startswith(prefix) for name in golden.files):
            continue
        expected = enformer.torch_layer(part, lambda name, prefix=prefix: golden.get(prefix + name, np.zeros(())))
        for found, array in zip(of_layers[part.layer], expected[part.layer], strict=False):
            if array.shape:
                assert largest(found, array) < 2e-5 * np.abs(array).max(), part


def test_a_pass_of_training(small, golden):
    """Batch statistics; PyTorch moves its variance by the unbiased one, n / (n - 1) of ours."""
    network = small(changes={"dropout": 0.0, "attention_dropout": 0.0, "position_dropout": 0.0})
    outputs = network(one_hot(golden["index"]), training=True)
    assert largest(outputs["human"], golden["training_human"]) < 5e-5
    places = {"stem.1.fn": 3 * 2048, "conv_tower.0.0": 3 * 1024, "conv_tower.0.1.fn": 3 * 1024}
    places["final_pointwise.1"] = 3 * 40
    layers = {part.prefix: network.get_layer(part.layer) for part in enformer.parts(SIZES)}
    for block, n in places.items():
        before = by_name(golden)[f"{block}.0.running_var"]
        after = golden[f"after_training:{block}.0.running_var"]
        biased = 0.9 * before + (after - 0.9 * before) * (n - 1) / n
        norm = layers[f"{block}.0"]
        np.testing.assert_allclose(norm.moving_variance, biased, rtol=5e-6)
        assert largest(norm.moving_mean, golden[f"after_training:{block}.0.running_mean"]) < 5e-6


def test_dropout_is_of_training_only(small, golden):
    network, x = small(), one_hot(golden["index"])
    assert largest(network(x, training=False)["human"], np.asarray(network(x, training=False)["human"])) == 0
    rates = {layer.name: layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)}
    assert rates.pop("final_dropout") == pytest.approx(0.05)
    assert len(rates) == 6
    assert set(rates.values()) == {0.4}
    attention = network.get_layer("block1_attention")
    assert (attention.dropout, attention.position_dropout) == (0.05, 0.01)


# --- another configuration, against NumPy


CODES = np.random.default_rng(2).integers(0, 4, 336)
CODES[100:120] = 4
MISTAKES = {
    "the GELU": {"gelu": "tanh"},
    "the order of bases": {"bases": "AGCT"},
    "the direction of distances": {"turn": -1},
    "the crop": {"late": 1},
    "the rule of positions": {"rule": "enformer-pytorch"},
}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Outputs of a file of another configuration: heads of other names, an odd number of positions."""
    path = by_hand.write_safetensors(tmp_path_factory.mktemp("other") / "model.safetensors", by_hand.state())
    network = read(path, **{**by_hand.SMALL, "window": 336, "use_tf_gamma": True}).network()
    return {head: np.asarray(value)[0] for head, value in network(one_hot(CODES[None]), training=False).items()}


def test_another_configuration_by_hand(other):
    expected = by_hand.outputs(by_hand.state(), CODES, 11)
    assert list(other) == ["human", "rat"]
    for head, value in other.items():
        assert value.shape == (11, 3 if head == "human" else 2)
        assert largest(value, expected[head]) < 2e-5 * expected[head].max()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_would_be_seen(other, mistake: str):
    wrong = by_hand.outputs(by_hand.state(), CODES, 11, **MISTAKES[mistake])
    for head, value in other.items():
        assert largest(value, wrong[head]) > 1e-2, mistake


def test_attributions_add_up(tmp_path: Path):
    path = by_hand.write_safetensors(tmp_path / "model.safetensors", by_hand.state())
    network = read(path, **{**by_hand.SMALL, "window": 336, "use_tf_gamma": True}).network()
    one = keras.Model(network.input, network.output["human"])
    found = explain(one, one_hot(CODES[None]), "deeplift", references="mononucleotide_shuffle", count=2)
    assert off(found).max() < 1e-4


# --- full size, by shapes


def test_tensors_of_full_size(shared: Path):
    """251,221,292 parameters, and every name and shape."""
    told = json.loads((shared / "zoo_weights" / "enformer" / "full_tensors.json").read_text())
    shapes = {name: tuple(shape) for name, shape in told["tensors"].items()}
    state = state_dict.StateDict(shapes, "full", lambda name: np.broadcast_to(np.float32(0), shapes[name]))
    file = enformer.read(state, {"use_tf_gamma": True}, Path("pytorch_model.bin")).file
    network = unfilled("enformer", **file.config)
    assert network.input_shape == (None, 196_608, 4)
    assert {head: value.shape for head, value in network.output.items()} == {
        "human": (None, 896, 5313),
        "mouse": (None, 896, 1643),
    }
    ours = {layer.name: [tuple(weight.shape) for weight in layer.weights] for layer in network.layers if layer.weights}
    assert ours == {name: [array.shape for array in arrays] for name, arrays in file.tensors.items()}
    counts = [sum(int(np.prod(w.shape)) for w in some) for some in (network.trainable_weights, network.weights)]
    assert counts == [told["parameters"], told["parameters"] + told["statistics"]] == [251_221_292, 251_250_988]
    assert {name: value for name, value in file.config.items() if name in DEFAULTS} == DEFAULTS


DEFAULTS = {"dim": 1536, "depth": 11, "heads": 8, "key": 64, "downsamplings": 7, "dim_divisible_by": 128}
DEFAULTS |= {"window": 196_608, "target_length": 896, "outputs": "human mouse", "tracks": (5313, 1643)}
