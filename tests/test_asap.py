"""The networks of ASAP against the goldens of the authors' PyTorch package."""

import json
import zlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from asap_golden import Golden, ours

import zoo
from zoo.errors import InputError, IntegrityError
from zoo.layers.rotary import rotate
from zoo.porting import asap
from zoo.train.losses import poisson_nll
from zoo.train.optimizers import asap_adamw

GOLDEN = ("cnn", "lstm", "dcnn", "convnext_dcnn", "convnext_transformer")
LAYERS = {
    "cnn": {
        "stem": "block1_dropout",
        "core.2": "block2_pool",
        "core.6": "block3_pool",
        "core.8": "block4_conv",
        "core.9": "block4_conv",
        "head.1": "hidden",
    },
    "lstm": {"conv1": "stem_conv", "maxpool": "stem_pool", "lstm_last": "lstm"},
    "dcnn": {
        "init_conv": "stem_norm",
        "init_pool": "stem_pool",
        "core.dconv_blocks.0": "block1_dilated_norm",
        "core.conv_blocks.0": "block1_back_norm",
        "core.dconv_blocks.10": "block11_dilated_norm",
        "core.final_conv": "final_norm",
        "core.pool": "bins",
    },
    "convnext_dcnn": {
        "init_conv.dwconv": "stem_conv",
        "init_conv.norm": "stem_norm",
        "init_conv.grn": "stem_response",
        "init_conv": "stem",
        "init_pool": "stem_pool",
        "core.dconv_blocks.0": "block1_dilated_norm",
        "core.conv_blocks.0": "block1_back_norm",
        "core.dconv_blocks.10": "block11_dilated_norm",
        "core.final_conv": "final_norm",
        "core.pool": "bins",
    },
    "convnext_transformer": {
        "stem.conv1": "stem",
        "stem.pool": "stem_pool",
        "conv_tower.conv_list.0": "tower1",
        "conv_tower.conv_list.3": "tower4",
        "core.encoder.layers.0.rotary_emb": "encoder1_attention_norm",  # before its rotation
        "core.encoder.layers.0.self_attn": "encoder1_attention",
        "core.encoder.layers.0": "encoder1",
        "core.encoder.layers.3": "encoder4",
    },
}
BEFORE_RELU = {("cnn", "core.8"), ("cnn", "head.1"), ("lstm", "conv1")}
"""The authors' modules whose output our layer of that name returns after its ReLU."""


def without_dropout(network: keras.Model) -> keras.Model:
    """Switch every dropout of a network off."""
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return network


@pytest.fixture(scope="module", params=GOLDEN)
def golden(request: pytest.FixtureRequest, shared: Path) -> Golden:
    return Golden(shared / "golden" / "asap" / request.param)


def test_outputs_and_input_gradients(golden: Golden):
    network, x, target = golden.network(), tf.constant(golden.x), golden.io["target"]
    with tf.GradientTape() as tape:
        tape.watch(x)
        answers = network(x, training=False)
        loss = tf.reduce_mean(poisson_nll(target, answers["accessibility"]))
    assert golden.tolerance < 1e-4
    assert np.abs(answers["accessibility"] - golden.io["y"]).max() < golden.tolerance
    assert np.abs(answers["accessibility"] - golden.io["y_float64"]).max() < golden.tolerance
    assert np.abs(answers["mappability"] - golden.io["u"]).max() < 1e-6
    assert float(loss) == pytest.approx(float(golden.io["loss_eval"]), rel=1e-6)
    gradient = ours(golden.io["grad_x"])
    assert np.abs(tape.gradient(loss, x) - gradient).max() < 1e-4 * np.abs(gradient).max()


def test_intermediates(golden: Golden):
    network, layers = golden.network(), LAYERS[golden.name]
    inner = keras.Model(network.input, {name: network.get_layer(layers[name]).output for name in layers})
    answers = inner(golden.x, training=False)
    stored = np.load(golden.folder / "intermediates.npz")
    assert set(stored.files) == {f"inter__{name}" for name in layers}
    for name in layers:
        expected, found = stored[f"inter__{name}"], np.asarray(answers[name])
        if name.endswith("rotary_emb"):
            found = np.asarray(rotate(found))
        if (golden.name, name) in BEFORE_RELU:
            expected = np.maximum(expected, 0)
        found = found[: len(expected)]
        if expected.shape != found.shape:
            expected = expected.transpose(0, 2, 1)
        assert np.abs(found - expected).max() < 1e-5 * max(np.abs(expected).max(), 1), name


def test_training_mode(golden: Golden):
    """Batch normalization uses the batch. Keras updates its variance with the biased one, PyTorch with the unbiased."""
    network = without_dropout(golden.network(mappability=False))
    y = network(golden.x, training=True)
    expected = golden.io["y_train_nodrop"]
    assert np.abs(y - expected).max() < 1e-5 * max(expected.max(), 1)
    stored = golden.folder / "bn_after_one_train_forward.npz"
    if not stored.exists():
        return
    found = {rule.tensor: np.asarray(rule.variable) for rule in asap.tensor_rules(golden.name, network)}
    statistics = np.load(stored)
    for name in statistics.files:
        expected, before = statistics[name], golden.weights[name]
        if name.endswith("var"):
            count = len(golden.x) * (2048 if name.startswith("init_conv") else 1024)
            expected = 0.9 * before + (expected - 0.9 * before) * (count - 1) / count
        np.testing.assert_allclose(found[name], expected, rtol=2e-5, atol=2e-6, err_msg=name)


def test_five_steps_of_training(golden: Golden):
    record = golden.meta["train"]
    network = without_dropout(golden.network(mappability=False))
    assert (record["betas"], record["eps"]) == ([0.9, 0.95], 1e-8)
    optimizer = asap_adamw(network, record["lr"], record["weight_decay"])
    x, target = tf.constant(golden.x), tf.constant(golden.io["target"])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(poisson_nll(target, network(x, training=True)))
        variables = [weight.value for weight in network.trainable_weights]
        return loss, tape.gradient(loss, variables)

    losses = []
    for _ in range(record["steps"]):
        loss, gradients = step()
        optimizer.apply(gradients, network.trainable_weights)
        losses.append(float(loss))
    assert losses == pytest.approx(record["loss_per_step"], rel=1e-3)
    y = network(x, training=False)
    assert float(np.mean(poisson_nll(target, y))) == pytest.approx(record["eval_loss_after"], rel=1e-3)
    expected = np.load(golden.folder / "after_training.npz")["y_eval"]
    assert np.abs(y - expected).mean() < 1e-3 * np.abs(expected).mean()


def recipe(tag: str, shapes: list[dict], head: str, multiplier: float, shift: float) -> dict[str, np.ndarray]:
    """The full-size weights of the goldens' README, from seeds."""
    weights = {}
    for item in shapes:
        name, shape = item["name"], item["shape"]
        if item["dtype"] != "float32" or name.endswith("rotary_emb.div_term"):
            continue
        z = np.random.RandomState(zlib.crc32(f"{tag}/{name}".encode())).standard_normal(shape)
        last = name.rsplit(".", 1)[-1]
        if last == "running_mean":
            w = 0.2 * z
        elif last == "running_var":
            w = 1 + 0.5 * np.tanh(z)
        elif last in ("gamma", "beta"):
            w = 0.5 * z
        elif "bias" in name:
            w = 0.1 * z
        elif z.ndim == 1:
            w = 1 + 0.2 * z
        else:
            w = z / np.sqrt(np.prod(shape[1:]))
        if name == f"{head}.weight":
            w = w * multiplier
        if name == f"{head}.bias":
            w = w + shift
        weights[name] = w.astype(np.float32)
    return weights


@pytest.mark.parametrize("name", GOLDEN)
def test_full_size_outputs(shared: Path, name: str):
    folder = shared / "golden" / "asap"
    how = json.loads((folder / name / "full_size_recipe.json").read_text())
    shapes = json.loads((folder / "param_shapes.json").read_text())[name]["tensors"]
    weights = recipe(
        how["recipe_tag"], shapes, how["head_tensor"], how["head_weight_multiplier"], how["head_bias_shift"]
    )
    stored = np.load(folder / name / "full_size_recipe.npz")
    network = asap.from_torch(name, weights, **how["constructor_args"])
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == how["n_params"]
    answers = network(ours(np.eye(5, dtype=np.float32)[stored["x_idx"]][..., :4]), training=False)
    tolerance = 4 * how["max_abs_diff_float32_vs_float64"]
    assert np.abs(answers["accessibility"] - stored["y_float64"]).max() < max(tolerance, 1e-5)
    assert np.abs(answers["mappability"] - stored["u"]).max() < 1e-6


@pytest.mark.parametrize("name", asap.ARGUMENTS)
def test_tensors_are_those_of_the_original(shared: Path, name: str):
    stored = json.loads((shared / "golden" / "asap" / "param_shapes.json").read_text())[name]
    network = zoo.build(name, mappability=True)
    expected = {item["name"]: tuple(item["shape"]) for item in stored["tensors"]}
    found = {rule.tensor: rule.shape for rule in asap.tensor_rules(name, network)}
    constants = {tensor for tensor in expected if tensor.endswith(("num_batches_tracked", "rotary_emb.div_term"))}
    assert found == {tensor: shape for tensor, shape in expected.items() if tensor not in constants}
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == stored["n_params_with_map"]


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("cnn", [0.2, 0.2, 0.2, 0.5]),
        ("lstm", [0.2, 0.2, 0.5]),
        ("dcnn", [0.3] * 11 + [0.05]),
        ("convnext_cnn", [0.2] * 3),
        ("convnext_lstm", [0.2, 0.5]),
        ("convnext_dcnn", [0.3] * 11 + [0.05]),
        ("convnext_transformer", [0.1] * 16),
        ("xlstm", []),
    ],
)
def test_dropout_rates_of_the_original(name: str, rates: list[float]):
    layers = zoo.build(name)._flatten_layers()
    assert [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)] == rates


def test_dilations_of_the_original():
    network = zoo.build("dcnn")
    dilations = [network.get_layer(f"block{block}_dilated_conv").dilation_rate[0] for block in range(1, 12)]
    assert dilations == [1, 2, 2, 3, 5, 8, 11, 17, 26, 38, 58]


@pytest.mark.parametrize(
    ("name", "tensor", "bound"),
    [
        ("dcnn", "core.dconv_blocks.3.conv.weight", (256 * 3) ** -0.5),
        ("cnn", "core.4.bias", (512 * 15) ** -0.5),
        ("lstm", "lstm.weight_ih_l0", 256**-0.5),
        ("lstm", "lstm.bias_hh_l0_reverse", 256**-0.5),
        ("convnext_cnn", "core.3.dwconv.weight", 15**-0.5),
        ("convnext_dcnn", "init_conv.pwconv1.weight", 256**-0.5),
        ("convnext_transformer", "core.encoder.layers.2.self_attn.out_proj.weight", 256**-0.5),
        ("convnext_transformer", "core.encoder.layers.2.self_attn.in_proj_weight", (6 / 1024) ** 0.5),
    ],
)
def test_fresh_weights_are_uniform_as_in_pytorch(name: str, tensor: str, bound: float):
    values = np.concatenate(
        [np.ravel(rule.variable) for rule in asap.tensor_rules(name, zoo.build(name)) if rule.tensor == tensor]
    )
    assert 0.97 * bound < np.abs(values).max() <= bound
    assert values.std() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert abs(values.mean()) < 6 * bound / len(values) ** 0.5


def test_fresh_weights_that_are_special():
    network = zoo.build("convnext_dcnn")
    assert all(not np.any(network.get_layer(f"block{block}_back_norm").gamma) for block in range(1, 12))
    assert not np.any(network.get_layer("stem_response").gamma)
    network = zoo.build("xlstm")
    np.testing.assert_allclose(network.get_layer("core1_forget_gate").bias, [3, 4, 5, 6], rtol=1e-6)
    bias = np.reshape(network.get_layer("core2_memory").cell.bias, (4, 4, 32))
    np.testing.assert_allclose(bias[1, 2, [0, 31]], [5, -7], rtol=1e-6)
    np.testing.assert_allclose(bias[1, 2, 8], 5 - 12 * (8 / 31) ** (0.3 + 1.3 / 3), rtol=1e-6)
    assert not bias[[0, 2, 3]].any()


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    """A checkpoint of a small dilated network, by the authors' names."""
    random = np.random.default_rng(5)
    network = zoo.build("dcnn", filters=16, residual_filters=8, residual_blocks=2, final_filters=24, mappability=True)
    shapes = {rule.tensor: rule.shape for rule in asap.tensor_rules("dcnn", network)}
    return {name: random.normal(size=shape).astype(np.float32) ** 2 for name, shape in shapes.items()}


def test_widths_are_read_off_and_names_may_have_the_prefix_of_distributed_training(tensors):
    plain = asap.from_torch("dcnn", tensors, residual_blocks=2)
    prefixed = asap.from_torch("dcnn", {f"module.{name}": w for name, w in tensors.items()}, residual_blocks=2)
    assert asap.to_config("dcnn", tensors, residual_blocks=2) == {
        "filters": 16,
        "residual_filters": 8,
        "final_filters": 24,
        "mappability": True,
        "residual_blocks": 2,
    }
    for one, other in zip(plain.get_weights(), prefixed.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_first_kernel_has_our_order_of_bases(tensors):
    kernel = asap.from_torch("dcnn", tensors, residual_blocks=2).get_layer("stem_conv").get_weights()[0]
    theirs = tensors["init_conv.conv.weight"]  # (out, A G C T, width)
    for ours_at, theirs_at in enumerate((0, 2, 1, 3)):
        assert np.array_equal(kernel[:, ours_at], theirs[:, theirs_at].T)


@pytest.mark.parametrize(
    "name",
    [
        "init_conv.conv.weight",
        "core.conv_blocks.1.bn.running_var",
        "core.linear_out.bias",
        "unmap_predictor.out.weight",
        "unmap_predictor.out.bias",
    ],
)
def test_missing_tensors_are_named(tensors, name: str):
    del tensors[name]
    with pytest.raises(IntegrityError, match=f"missing.*{name}"):
        asap.from_torch("dcnn", tensors, residual_blocks=2)


@pytest.mark.parametrize("name", ["extra.weight", "core.dconv_blocks.2.conv.weight", "core.conv_blocks.0.conv.bias"])
def test_unknown_tensors_are_named(tensors, name: str):
    tensors[name] = np.zeros(3, np.float32)
    with pytest.raises(IntegrityError, match=f"unknown.*{name}"):
        asap.from_torch("dcnn", tensors, residual_blocks=2)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    "name", ["init_conv.conv.weight", "core.dconv_blocks.1.conv.weight", "core.conv_blocks.0.conv.weight"]
)
def test_wrong_shapes_are_named(tensors, name: str, axis: int):
    tensors[name] = np.repeat(tensors[name], 2, axis)
    with pytest.raises(IntegrityError, match=name):
        asap.from_torch("dcnn", tensors, residual_blocks=2)


@pytest.mark.parametrize("name", ["init_conv.bn.weight", "core.linear_out.weight", "core.final_conv.conv.weight"])
def test_flattened_tensors_are_named(tensors, name: str):
    tensors[name] = np.append(tensors[name].ravel(), 1.0)
    with pytest.raises(IntegrityError, match=name):
        asap.from_torch("dcnn", tensors, residual_blocks=2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_named(tensors, value: float):
    tensors["core.final_conv.bn.bias"][3] = value
    with pytest.raises(IntegrityError, match=r"not finite.*core\.final_conv\.bn\.bias"):
        asap.from_torch("dcnn", tensors, residual_blocks=2)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("dcnn", {"filters": 16}, "must be among window_size, bin_size, residual_blocks.*unknown=..filters"),
        ("cnn", {"channels": 3}, "window_size, bin_size, nr_tracks, use_map. Received: unknown=..channels"),
        ("convnext_transformer", {"window_size": 4096}, "channels, stem_k_size.*window_size.*are the arguments window"),
        ("resnet", {}, "must be one of cnn, lstm, dcnn"),
        ("dcnn", {"window": 1024, "window_size": 2048}, "The window of a checkpoint must be given once"),
    ],
)
def test_unknown_arguments_are_named(tensors, name: str, config: dict, message: str):
    with pytest.raises(InputError, match=message):
        asap.from_torch(name, tensors, **config)


def test_heads_that_are_not_wanted_are_unknown_tensors(tensors):
    with pytest.raises(IntegrityError, match=r"unknown.*unmap_predictor\.out\.bias"):
        asap.from_torch("dcnn", tensors, residual_blocks=2, use_map=False)


def test_scalar_memory_of_the_cuda_kernels_is_the_same_network():
    """Those store the recurrent kernel as (head, in, gate × out) and the bias by head, then gate."""
    keras.utils.set_random_seed(1)
    network = zoo.build("xlstm", channels=32, tower_blocks=0, core_blocks=2)
    random = np.random.default_rng(6)
    shapes = {rule.tensor: rule.shape for rule in asap.tensor_rules("xlstm", network)}
    tensors = {name: 0.3 * random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    prefix = "core.blocks.1.xlstm.slstm_cell."
    cuda = dict(tensors)
    cuda[f"{prefix}_recurrent_kernel_"] = tensors[f"{prefix}_recurrent_kernel_"].transpose(0, 2, 1)
    cuda[f"{prefix}_bias_"] = tensors[f"{prefix}_bias_"].reshape(4, 4, 8).transpose(1, 0, 2).ravel()
    config = {"conv_tower_layers": 0, "core_layers": 2}
    one, other = (asap.from_torch("xlstm", item, **config).get_weights() for item in (tensors, cuda))
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("cnn", {"filters": (8, 8, 8, 8), "hidden": 8}, {}),
        ("lstm", {"filters": 8, "units": 8, "hidden": 8}, {}),
        (
            "dcnn",
            {"filters": 8, "residual_filters": 8, "residual_blocks": 1, "final_filters": 8},
            {"residual_blocks": 1},
        ),
        ("convnext_cnn", {"filters": (8, 8, 8, 8), "hidden": 8}, {}),
        ("convnext_lstm", {"filters": 8, "units": 8, "hidden": 8}, {}),
        (
            "convnext_dcnn",
            {"filters": 8, "residual_filters": 8, "residual_blocks": 1, "final_filters": 8},
            {"residual_blocks": 1},
        ),
        (
            "convnext_transformer",
            {"channels": 16, "tower_blocks": 1, "encoder_layers": 1},
            {"conv_tower_layers": 1, "core_layers": 1},
        ),
        ("xlstm", {"channels": 16, "tower_blocks": 1, "core_blocks": 2}, {"conv_tower_layers": 1, "core_layers": 2}),
    ],
)
def test_the_window_of_every_checkpoint(name: str, ours: dict, theirs: dict):
    """Where the authors' constructor has none, too; the network is that of our builder with its weights."""
    size = {"window": 4096, "bin_size": 8}
    original = zoo.build(name, **ours, **size)
    random = np.random.default_rng(7)
    shapes = {rule.tensor: rule.shape for rule in asap.tensor_rules(name, original)}
    tensors = {tensor: 0.1 * random.normal(size=shape).astype(np.float32) ** 2 for tensor, shape in shapes.items()}
    network = asap.from_torch(name, tensors, **size, **theirs)
    assert network.input_shape == (None, 4096, 4)
    assert network.output_shape == (None, 512, 1)
    assert asap.to_config(name, tensors, **size, **theirs).items() >= size.items()


def test_filters_that_are_the_window(tensors):
    """`filters3` of 0 stands for as many as the window has bp, which the tensors tell."""
    assert asap.to_config("dcnn", tensors, residual_blocks=2, filters3=0)["final_filters"] == 24
