"""Basenji2 against the golden of its authors' code, and against plain NumPy."""

import io
import json
import math
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from model_case import unfilled

import zoo
from zoo.errors import InputError, IntegrityError
from zoo.porting import calico, calico_params

FOLDER = "zoo_weights/basenji2"


def one_hot(index: np.ndarray) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[index][..., :4]


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / FOLDER / "small_golden.npz") as file:
        return dict(file)


def edited(data: bytes, change) -> bytes:
    """The file with its layers changed: `change` gets them as data."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config["config"]["layers"])
        file.attrs["model_config"] = json.dumps(config)
    return buffer.getvalue()


@pytest.mark.parametrize("beside", [False, True])
def test_the_file_reproduces_the_original(shared: Path, golden: dict, tmp_path: Path, beside: bool):
    shutil.copy(shared / FOLDER / "small.h5", tmp_path / "small.h5")
    if beside:
        shutil.copy(shared / FOLDER / "small.json", tmp_path / "params.json")
    model = zoo.load(tmp_path / "small.h5")
    found = np.asarray(model.network(one_hot(golden["index"]))["human"])
    assert np.abs(found - golden["output"]).max() < 1e-3  # of 325
    head = model.spec.output
    assert (head.bins, head.bin_size, head.offset, model.spec.prediction.stride) == (56, 128, 512, 7168)
    assert (head.name, head.kind, head.transform, head.swap) == ("human", "coverage", "identity", ())
    assert model.spec.input.genome == "hg38"


def test_another_gelu_base_order_or_crop_is_seen(shared: Path, golden: dict):
    found = calico.read((shared / FOLDER / "small.h5").read_bytes(), "small.h5")
    x, expected = one_hot(golden["index"]), golden["output"]

    def off(x: np.ndarray, **others: object) -> float:
        network = zoo.build("basenji2", **{**found.network.config, **others})
        network.set_weights(found.network.network().get_weights())
        values = np.asarray(network(x)["human"])
        return np.abs(values[:, : expected.shape[1]] - expected).max()

    assert off(x) < 1e-3
    assert off(x, gelu="exact") > 0.1
    assert off(x, gelu="sigmoid") > 1
    assert off(x[..., [0, 2, 1, 3]]) > 1
    assert off(x, crop=3) > 1
    assert off(x, dilations=(1, 2, 3, 5, 6, 9, 14, 21, 32, 48, 72)) > 1


def test_a_file_of_the_published_weights_time(shared: Path):
    """Code of 2020 has a layer GELU of its own, x · sigmoid(1.702 x); a network says so or is refused."""

    def of_2020(layers: list) -> None:
        for layer in layers:
            if layer["class_name"] == "TFOpLambda":
                layer |= {"class_name": "GELU", "inbound_nodes": [[[layer["inbound_nodes"][0][0], 0, 0, {}]]]}
                layer["config"] = {"name": layer["config"]["name"]}

    data = (shared / FOLDER / "small.h5").read_bytes()
    assert calico.read(data, "small.h5").network.config["gelu"] == "tanh"
    assert calico.read(edited(data, of_2020), "small.h5").network.config["gelu"] == "sigmoid"


def test_the_head_of_the_mouse(shared: Path, tmp_path: Path):
    buffer = io.BytesIO((shared / FOLDER / "small.h5").read_bytes())
    with h5py.File(buffer, "r+") as file:
        weights = file["model_weights"]
        weights.move("dense", "dense_1")
        weights.attrs["layer_names"] = [name.replace("dense", "dense_1") for name in weights.attrs["layer_names"]]
        config = file.attrs["model_config"]
        config = config.decode() if isinstance(config, bytes) else config
        file.attrs["model_config"] = config.replace('"dense"', '"dense_1"')
    (tmp_path / "mouse.h5").write_bytes(buffer.getvalue())
    rows = "".join(f"{5313 + i}\t1\tENCFF{i // 2}\t/x\t32\t2\tmean\tDNASE:liver\n" for i in range(10))
    header = "index\tgenome\tidentifier\tfile\tclip\tscale\tsum_stat\tdescription\n"
    (tmp_path / "targets_mouse.txt").write_text(header + rows)
    spec = zoo.load(tmp_path / "mouse.h5").spec
    assert (spec.output.name, spec.input.genome) == ("mouse", "mm10")
    assert spec.output.tracks[:4] == ("ENCFF0", "ENCFF0-2", "ENCFF1", "ENCFF1-2")
    assert (spec.output.transform, spec.output.table.squash) == ("identity", None)


def changed(kind: str, number: int = 0, **settings: object):
    def change(layers: list) -> None:
        [layer for layer in layers if layer["class_name"] == kind][number]["config"].update(settings)

    return change


def with_relu(layers: list) -> None:
    for layer in layers:
        if layer["class_name"] == "TFOpLambda":
            layer |= {"class_name": "ReLU", "inbound_nodes": [[[layer["inbound_nodes"][0][0], 0, 0, {}]]]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_relu, "Basenji of 2018 with its ReLU, are not read"),
        (changed("BatchNormalization", 4, epsilon=1e-5), "have epsilon 0.001 in batch_normalization_4"),
        (changed("Conv1D", 0, use_bias=True), "have use_bias False in conv1d"),
        (changed("Conv1D", 8, kernel_size=[3]), "have kernel_size .1,. in conv1d_8"),
        (changed("Conv1D", 7, padding="causal"), "have padding same in conv1d_7"),
        (changed("Conv1D", 29, filters=65), "have the sizes that its plan says.*final_filters"),
        (lambda layers: layers.pop(-1), "must be undamaged|have"),
    ],
)
def test_a_network_that_differs_is_refused(shared: Path, change, message: str):
    data = edited((shared / FOLDER / "small.h5").read_bytes(), change)
    with pytest.raises(IntegrityError, match=message):
        calico.read(data, "small.h5").network.network()


def test_dilations_are_rounded_to_even_step_by_step():
    reader = calico_params._Reader("here")
    options = {"rate_mult": 1.5, "repeat": 11, "round": True}
    assert calico_params._dilations(reader, options) == (1, 2, 3, 4, 6, 9, 14, 21, 32, 48, 72)
    assert calico_params._dilations(reader, {**options, "round": False}) == (1, 2, 2, 3, 5, 8, 11, 17, 26, 38, 58)


def test_published_size():
    network = unfilled("basenji2")
    assert sum(math.prod(weight.shape) for weight in network.weights) == 30_123_584
    assert network.output["human"].shape == (None, 896, 5313)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"window": 1000}, "multiple of 128 bp"),
        ({"window": 1024, "crop": 4}, "crop must leave some of the 8 bins"),
        ({"window": 1024, "crop": 0, "dilations": ()}, "There must be blocks of the tower, and residual blocks"),
    ],
)
def test_arguments_that_do_not_go_together(config: dict, message: str):
    few = {"stem_filters": 2, "filters": 6 * (4,), "residual_filters": 2, "final_filters": 2, "tracks": (1,)}
    with pytest.raises(InputError, match=message):
        zoo.build("basenji2", **{**few, **config})


def by_hand(network: keras.Model, config: dict, x: np.ndarray) -> np.ndarray:
    """The network in float64, from the text."""
    weights = {layer.name: [w.astype(float) for w in layer.get_weights()] for layer in network.layers}

    def gelu(x: np.ndarray) -> np.ndarray:
        return x * (0.5 + 0.5 * np.tanh(0.851 * x))  # the sigmoid without overflow

    def block(x: np.ndarray, name: str, dilation: int = 1) -> np.ndarray:
        (kernel,), (gamma, beta, mean, variance) = weights[f"{name}_conv"], weights[f"{name}_norm"]
        reach = dilation * (len(kernel) // 2)
        around = np.pad(gelu(x), ((reach, reach), (0, 0)))
        y = sum(around[i * dilation : i * dilation + len(x)] @ part for i, part in enumerate(kernel))
        return (y - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    x = x.astype(float)
    for name in ("stem", *(f"tower{i}" for i in range(1, len(config["filters"]) + 1))):
        x = block(x, name)
        x = np.maximum(x[::2], x[1::2])
    for i, dilation in enumerate(config["dilations"], start=1):
        x = x + block(block(x, f"block{i}_dilated", dilation), f"block{i}_back")
    x = block(x[config["crop"] : len(x) - config["crop"]], "final")
    kernel, bias = weights["human"]
    return np.log1p(np.exp(gelu(x) @ kernel + bias))


def test_other_sizes_by_hand():
    config = {"window": 160, "stem_filters": 5, "stem_kernel_size": 7, "filters": (6, 7), "kernel_size": 3, "crop": 2}
    config |= {"dilations": (1, 2, 5), "residual_filters": 4, "residual_kernel_size": 3, "final_filters": 9}
    network = zoo.build("basenji2", **config, tracks=(3,))
    random = np.random.default_rng(5)
    for weight in network.weights:
        moved = random.normal(size=weight.shape) * 0.5
        weight.assign(np.abs(1 + moved) if "variance" in weight.path or "gamma" in weight.path else moved)
    x = one_hot(random.integers(0, 5, (2, 160)))
    found = np.asarray(network(x)["human"])
    expected = np.array([by_hand(network, config, window) for window in x])
    assert found.shape == expected.shape == (2, 16, 3)
    assert np.abs(found - expected).max() < 3e-6 * np.abs(expected).max()
