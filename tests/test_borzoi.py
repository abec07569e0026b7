"""Borzoi in its sizes against the goldens of its authors' codes, and against plain NumPy."""

import json
import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from model_case import unfilled

import zoo
from zoo.errors import InputError
from zoo.layers.coverage import crop_to
from zoo.porting import borzoi_names
from zoo.porting.system_file import fill

FOLDER = "zoo_weights/borzoi"


def one_hot(index: np.ndarray) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[index][..., :4]


class Golden:
    """A small network of borzoi-pytorch: its tensors in ours, and what it gave."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "config.json").read_text())
        unets = told.get("unets", 2)
        bins = told["length"] // 2 ** (1 + len(told["tower"]) - unets)
        self.config = {
            "window": told["length"],
            "stem_filters": told["stem"],
            "filters": tuple(told["tower"]),
            "blocks": told["depth"],
            "heads": told["heads"],
            "key": told["key"],
            "value": told["value"],
            "position_length": told["position_length"],
            "unets": unets,
            "crop": (bins - told["target_length"]) // 2,
            "final_filters": told.get("head_channels"),
            "outputs": " ".join(told["outputs"]),
            "tracks": tuple(told["outputs"].values()),
        }
        with np.load(folder / "weights.npz") as file:
            self.tensors = dict(file)
        with np.load(folder / "golden.npz") as file:
            self.arrays = dict(file)
        self.x = one_hot(self.arrays["index"])

    def network(self, **others: object) -> keras.Model:
        config = {"unet_dense": True, **self.config, **others}
        network = zoo.build("borzoi", **config)
        taken = set()
        heads = config["outputs"].split()
        tensors = borzoi_names.from_torch(config, heads, lambda name: taken.add(name) or self.tensors[name])
        fill(network, tensors, "golden")
        assert {name for name in self.tensors if not name.endswith("num_batches_tracked")} == taken
        return network

    def close(self, values: object, name: str, most: float) -> bool:
        return np.abs(np.asarray(values) - self.arrays[name]).max() <= most


@pytest.fixture(scope="module")
def small(shared: Path) -> Golden:
    return Golden(shared / FOLDER / "small")


@pytest.fixture(scope="module")
def prime(shared: Path) -> Golden:
    return Golden(shared / FOLDER / "prime_small")


def test_every_stage_of_the_original(small: Golden):
    network = small.network()
    stages = {
        "stem": ("stem_pool", 1e-6),
        "unet0": ("tower5_conv", 1e-5),
        "unet1": ("tower6_conv", 1e-5),
        "block_0": ("block1", 1.5e-5),
        "transformer": ("block2", 1.5e-5),
        "separable1": ("unet1_pointwise", 6e-5),
        "separable0": ("unet2_pointwise", 1.5e-4),
        "embedding": ("heads_gelu", 1.5e-4),
        "human": ("human", 1e-4),
        "mouse": ("mouse", 1e-4),
    }
    found = keras.Model(network.input, {name: network.get_layer(layer).output for name, (layer, _) in stages.items()})(
        small.x
    )
    for name, (_, most) in stages.items():
        assert small.close(found[name][: len(small.arrays[name])], name, most), name


def test_features_of_distances_scaled_by_the_window(small: Golden):
    human = small.network(position_length=None)(small.x)["human"]
    assert small.close(human, "human_window_positions", 1e-4)
    assert not small.close(human, "human", 1)


@pytest.mark.parametrize("query_block", [1, 10, 64, 4096, None])
def test_blocks_of_the_attention_change_nothing(small: Golden, query_block: int | None):
    assert small.close(small.network(query_block=query_block)(small.x)["human"], "human", 1e-4)


@pytest.mark.parametrize(("other", "least"), [("exact", 0.01), ("sigmoid", 1.0)])
def test_another_gelu_is_seen(small: Golden, other: str, least: float):
    assert not small.close(small.network(gelu=other)(small.x)["human"], "human", least)


def test_another_base_order_and_another_crop_are_seen(small: Golden):
    assert not small.close(small.network()(small.x[..., [0, 2, 1, 3]])["human"], "human", 1)
    moved = small.network(crop=47)(small.x)["human"]
    assert not small.close(moved[:, :-2], "human", 1)
    assert small.close(moved[:, 1:-1], "human", 1e-4)


def test_loss_and_gradients(small: Golden):
    network, x, target = small.network(), tf.constant(small.x), small.arrays["target_human"]
    with tf.GradientTape() as tape:
        tape.watch(x)
        human = network(x, training=False)["human"]
        loss = tf.reduce_mean(human - target * tf.math.log(human))
    of = {
        "conv_dna.conv_layer.weight": ("stem_conv", "kernel", lambda g: g.transpose(2, 1, 0)),
        "res_tower.0.norm.weight": ("tower1_norm", "gamma", np.asarray),
        "res_tower.0.conv_layer.weight": ("tower1_conv", "kernel", lambda g: g.transpose(2, 1, 0)),
        "transformer.0.0.fn.1.to_rel_k.weight": ("block1_attention", "position_kernel", np.transpose),
        "transformer.0.0.fn.1.rel_pos_bias": ("block1_attention", "position_bias", lambda g: g[None, :, None]),
        "horizontal_conv0.conv_layer.weight": ("unet2_skip_dense", "kernel", lambda g: g.T[..., None]),
        "separable0.conv_layer.0.weight": ("unet2_depthwise", "kernel", lambda g: g.transpose(1, 2, 0)),
        "separable0.conv_layer.1.weight": ("unet2_pointwise", "kernel", lambda g: g.transpose(2, 1, 0)),
        "human_head.weight": ("human", "kernel", lambda g: g.T[..., None]),
    }
    variables = [getattr(network.get_layer(layer), name).value for layer, name, _ in of.values()]
    by_input, *found = tape.gradient(loss, [x, *variables])
    assert abs(float(loss) - small.arrays["loss"]) < 1e-5
    assert small.close(by_input, "gradient_input", 1e-6)
    assert {name for name in small.arrays if name.startswith("gradient:")} == {f"gradient:{name}" for name in of}
    for (name, (_, _, turn)), gradient in zip(of.items(), found, strict=True):
        expected = small.arrays[f"gradient:{name}"]
        assert np.abs(turn(np.asarray(gradient)) - expected).max() < 2e-5 * np.abs(expected).max(), name


def test_prime(prime: Golden):
    network = prime.network()
    found = keras.Model(network.input, {**network.output, "before_heads": network.get_layer("crop").output})(prime.x)
    for name in ("human", "mouse"):
        assert prime.close(found[name], name, 1.5e-5)
    assert prime.close(found["before_heads"], "before_heads", 3e-5)


def test_sizes_and_names_of_the_published_networks(shared: Path):
    told = json.loads((shared / FOLDER / "full_tensors.json").read_text())
    for name, config in (
        ("borzoi", {"outputs": "human mouse", "tracks": (7611, 2608)}),
        ("prime", {"preset": "prime"}),
    ):
        network = unfilled("borzoi", **config)
        assert count(network) == told["parameters"][f"{name}_both_heads"]
        plan = {"filters": 6 * (0,), "blocks": 8, "unets": 2, "unet_dense": True, "final_filters": 1920}
        plan |= {"unets": 3, "final_filters": None} if name == "prime" else {}
        shapes = {key: np.broadcast_to(np.float32(0), shape) for key, shape in told[name].items()}
        taken: set[str] = set()
        found = borzoi_names.from_torch(plan, ["human", "mouse"], lambda key, t=taken, s=shapes: t.add(key) or s[key])
        expected = {layer.name: [tuple(w.shape) for w in layer.weights] for layer in network.layers if layer.weights}
        assert {layer: [array.shape for array in arrays] for layer, arrays in found.items()} == expected
        assert taken == {key for key in told[name] if not key.endswith("num_batches_tracked")}
    assert count(unfilled("borzoi")) == told["parameters"]["borzoi_human_only"]


def count(network: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in network.trainable_weights)


def test_parameters_of_the_mini_network():
    network = unfilled("borzoi", preset="mini")
    assert sum(math.prod(weight.shape) for weight in network.weights) == 642_994
    assert network.output["human"].shape == (None, 2048, 74)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"window": 1000}, "window of this network must be a multiple of 128 bp"),
        ({"window": 1024, "crop": 16}, "crop must leave some of the 32 bins.*crop=16"),
        ({"window": 1024, "crop": 0, "unets": 7}, "Each step of the U-net must have a block"),
        ({"window": 1024, "crop": 0, "gelu": "erf"}, "GELU must be one of exact, sigmoid, tanh.*gelu='erf'"),
        ({"window": 1024, "crop": 0, "position_length": 0}, "scaled by 1 position or more.*length=0"),
        ({"window": 1024, "crop": 0, "query_block": 0}, "block of the attention must have at least 1 row"),
        ({"window": 1024, "crop": 0, "outputs": "human mouse"}, "Each head must have a name of its own and a number"),
        ({"window": 1024, "crop": 0, "outputs": "human human", "tracks": (1, 1)}, "Each head must have a name of its"),
        ({"window": 1024, "crop": 0, "tracks": (0,)}, "Each head must have a name of its own and a number of tracks"),
    ],
)
def test_arguments_that_do_not_go_together(config: dict, message: str):
    few = {"stem_filters": 2, "filters": 6 * (4,), "blocks": 1, "heads": 1, "key": 2, "value": 2, "tracks": (1,)}
    with pytest.raises(InputError, match=message):
        zoo.build("borzoi", **{**few, **config})


def test_a_crop_leaves_out_as_many_bins_at_each_end():
    assert (crop_to(1536, 896), crop_to(64, 64), crop_to(16384, 6144)) == (320, 0, 5120)
    for bins, kept in ((64, 41), (64, 65), (64, 0), (64, -2)):
        with pytest.raises(
            InputError, match=rf"must be some of {bins}, with as many left out at each end.*kept={kept}"
        ):
            crop_to(bins, kept)


class ByHand:
    """The whole network in float64, from the text: loops over positions, no library of networks."""

    def __init__(self, network: keras.Model, config: dict) -> None:
        self.weights = {layer.name: [w.astype(float) for w in layer.get_weights()] for layer in network.layers}
        self.config = config

    def __call__(self, x: np.ndarray) -> np.ndarray:
        config, kept = self.config, []
        x = self.pool(self.convolution(x.astype(float), "stem_conv"))
        for block in range(1, len(config["filters"]) + 1):
            kept.append(self.convolution(self.active(x, f"tower{block}_norm"), f"tower{block}_conv"))
            x = self.pool(kept[-1])
        for block in range(1, config["blocks"] + 1):
            x = x + self.attention(self.centered(x, f"block{block}_attention_norm"), f"block{block}_attention")
            y = self.dense(self.centered(x, f"block{block}_dense_norm"), f"block{block}_expand")
            x = x + self.dense(np.maximum(y, 0), f"block{block}_project")
        for step in range(1, config["unets"] + 1):
            y = self.active(x, f"unet{step}_norm")
            y = self.dense(y, f"unet{step}_dense") if config["unet_dense"] else y
            skip = self.dense(self.active(kept[-step], f"unet{step}_skip_norm"), f"unet{step}_skip_dense")
            x = self.depthwise(np.repeat(y, 2, axis=0) + skip, f"unet{step}_depthwise")
            x = self.convolution(x, f"unet{step}_pointwise")
        x = x[config["crop"] : len(x) - config["crop"]]
        if config["final_filters"] is not None:
            x = self.convolution(self.active(x, "final_norm"), "final_conv")
        return np.log1p(np.exp(self.dense(self.gelu(x), "human")))

    def gelu(self, x: np.ndarray) -> np.ndarray:
        if self.config["gelu"] == "sigmoid":
            return x / (1 + np.exp(-1.702 * x))
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def active(self, x: np.ndarray, name: str) -> np.ndarray:
        gamma, beta, mean, variance = self.weights[name]
        return self.gelu((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta)

    def centered(self, x: np.ndarray, name: str) -> np.ndarray:
        gamma, beta = self.weights[name]
        centered = x - x.mean(axis=-1, keepdims=True)
        return centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-3) * gamma + beta

    def dense(self, x: np.ndarray, name: str) -> np.ndarray:
        kernel, bias = self.weights[name]
        return x @ kernel + bias

    def convolution(self, x: np.ndarray, name: str) -> np.ndarray:
        kernel, bias = self.weights[name]
        return sum(self.shifted(x, i, len(kernel)) @ part for i, part in enumerate(kernel)) + bias

    def depthwise(self, x: np.ndarray, name: str) -> np.ndarray:
        (kernel,) = self.weights[name]
        return sum(self.shifted(x, i, len(kernel)) * part[:, 0] for i, part in enumerate(kernel))

    def shifted(self, x: np.ndarray, place: int, width: int) -> np.ndarray:
        """What a tap of a 'same' convolution of odd width sees."""
        around = np.pad(x, ((width // 2, width // 2), (0, 0)))
        return around[place : place + len(x)]

    def pool(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(x[::2], x[1::2])

    def attention(self, x: np.ndarray, name: str) -> np.ndarray:
        query, key, value, position, content_bias, position_bias, output, bias = self.weights[name]
        heads, width = content_bias.shape
        n, joined = len(x), []
        q, k, v = ((x @ kernel).reshape(n, heads, -1) for kernel in (query, key, value))
        for h in range(heads):
            scores = np.zeros((n, n))
            for i in range(n):
                for j in range(n):
                    r = self.features(j - i, n) @ position[:, h * width : (h + 1) * width]
                    scaled = q[i, h] / math.sqrt(width)
                    scores[i, j] = (scaled + content_bias[h]) @ k[j, h] + (scaled + position_bias[h]) @ r
            exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
            joined.append(exponentials / exponentials.sum(axis=1, keepdims=True) @ v[:, h])
        return np.concatenate(joined, axis=1) @ output + bias

    def features(self, distance: int, n: int) -> np.ndarray:
        half = self.config["features"] // 2
        base = np.float32(((self.config["position_length"] or n) + 1) ** (1 / half))
        within = [float(abs(distance) < np.float32(base**m) - 1) for m in range(1, half + 1)]
        return np.array(within + [value * np.sign(distance) for value in within])


CONFIGS = [
    {"crop": 3, "final_filters": 12, "position_length": 100, "gelu": "tanh", "unet_dense": True, "unets": 2},
    {"crop": 0, "final_filters": None, "position_length": None, "gelu": "sigmoid", "unet_dense": False, "unets": 1},
    {"crop": 5, "final_filters": None, "position_length": 16, "gelu": "tanh", "unet_dense": True, "unets": 3},
]


@pytest.mark.parametrize("others", CONFIGS, ids=["published", "micro", "prime"])
def test_other_sizes_by_hand(others: dict):
    config = {"window": 192, "stem_filters": 6, "stem_kernel_size": 5, "filters": (6, 7, 8), "kernel_size": 3}
    config |= {"blocks": 2, "heads": 2, "key": 3, "value": 5, "features": 8, "tracks": (4,), "query_block": 5, **others}
    network = zoo.build("borzoi", **config)
    random = np.random.default_rng(8)
    for weight in network.weights:
        moved = random.normal(size=weight.shape) * (0.5 if len(weight.shape) > 1 else 0.2)
        weight.assign(np.abs(1 + moved) if "variance" in weight.path or "gamma" in weight.path else moved)
    x = one_hot(random.integers(0, 5, (2, 192)))
    found, by_hand = np.asarray(network(x)["human"]), ByHand(network, config)
    expected = np.array([by_hand(window) for window in x])
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 2e-6 * np.abs(expected).max()
    if others["gelu"] == "tanh":
        by_hand.config = {**config, "gelu": "sigmoid"}
        assert np.abs(found[0] - by_hand(x[0])).max() > 1e-4 * np.abs(expected).max()
