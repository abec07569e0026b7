"""Borzoi and Borzoi Prime from files of borzoi-pytorch, against the goldens of that package."""

import json
from pathlib import Path

import enformer_by_hand as by_hand
import keras
import numpy as np
import pytest
from model_case import unfilled

from zoo.errors import IntegrityError
from zoo.genome.encode import one_hot
from zoo.porting import borzoi_torch, state_dict
from zoo.porting.state_network import StateNetwork


@pytest.fixture(scope="module")
def root(shared: Path) -> Path:
    return shared / "zoo_weights" / "borzoi"


@pytest.fixture(scope="module")
def golden(root: Path):
    return np.load(root / "small" / "golden.npz")


def read(path: Path, config: Path, **said: object) -> StateNetwork:
    told = json.loads(config.read_text())
    known = {name: told[name] for name in ("target_length", "position_length")}
    return borzoi_torch.read(
        state_dict.read(path.read_bytes(), path), {**known, "window": told["length"], **said}, path
    )


@pytest.fixture(scope="module")
def small(root: Path) -> keras.Model:
    folder = root / "small"
    return read(folder / "model.safetensors", folder / "config.json").file.network()


def largest(found: object, expected: np.ndarray) -> float:
    assert np.shape(found) == expected.shape
    return float(np.abs(np.asarray(found, float) - expected).max())


def test_outputs(small, golden):
    outputs = small(one_hot(golden["index"]), training=False)
    for head in ("human", "mouse"):
        assert largest(outputs[head], golden[head]) < 1e-4  # of up to 67


def test_positions_of_the_window(root: Path, golden):
    """Calico's own code scales by these; the outputs differ by up to 7.5."""
    folder = root / "small"
    network = read(folder / "model.safetensors", folder / "config.json", position_length=64).file.network()
    outputs = network(one_hot(golden["index"]), training=False)
    assert largest(outputs["human"], golden["human_window_positions"]) < 1e-4
    assert largest(outputs["human"], golden["human"]) > 1


def test_prime(root: Path, tmp_path: Path):
    folder, golden = root / "prime_small", np.load(root / "prime_small" / "golden.npz")
    path = by_hand.write_safetensors(tmp_path / "model.safetensors", dict(np.load(folder / "weights.npz")))
    found = read(path, folder / "config.json")
    assert (found.system, found.squash, found.bins.count, found.bins.size) == ("Borzoi", "root", 320, 16)
    network = found.file.network()
    outputs = network(one_hot(golden["index"]), training=False)
    for head in ("human", "mouse"):
        assert largest(outputs[head], golden[head]) < 2e-5  # of up to 4.5
    before = keras.Model(network.input, network.get_layer("crop").output)
    assert largest(before(one_hot(golden["index"]), training=False), golden["before_heads"]) < 2e-5


@pytest.mark.parametrize(
    ("name", "key", "bins", "size"),
    [("borzoi", "borzoi_both_heads", 6144, 32), ("prime", "prime_both_heads", 12_288, 16)],
)
def test_tensors_of_full_size(root: Path, name: str, key: str, bins: int, size: int):
    told = json.loads((root / "full_tensors.json").read_text())
    shapes = {tensor: tuple(shape) for tensor, shape in told[name].items()}
    state = state_dict.StateDict(shapes, "full", lambda tensor: np.broadcast_to(np.float32(0), shapes[tensor]))
    found = borzoi_torch.read(state, {}, Path("model.safetensors"))
    network = unfilled("borzoi", **found.file.config)
    ours = {layer.name: [tuple(weight.shape) for weight in layer.weights] for layer in network.layers if layer.weights}
    assert ours == {layer: [array.shape for array in arrays] for layer, arrays in found.file.tensors.items()}
    assert sum(int(np.prod(w.shape)) for w in network.trainable_weights) == told["parameters"][key]
    assert network.input_shape == (None, 524_288, 4)
    assert (found.bins.count, found.bins.size) == (bins, size)
    assert {value.shape[1] for value in network.output.values()} == {bins}
    assert found.file.config["position_length"] == 4096


def test_bins_that_are_not_said(root: Path):
    folder = root / "small"
    state = state_dict.read((folder / "model.safetensors").read_bytes(), folder / "model.safetensors")
    said = {"return_center_bins_only": False}
    with pytest.raises(IntegrityError, match=r"must say how many bins are predicted.*16352"):
        borzoi_torch.read(state, said, folder / "model.safetensors")
    found = borzoi_torch.read(state, {**said, "target_length": 16_352}, folder / "model.safetensors")
    assert (found.file.config["crop"], found.bins.count) == (16, 16_352)
    with pytest.raises(IntegrityError, match=r"window of a network must be a multiple of 128 bp.*8200"):
        borzoi_torch.read(state, {"window": 8200}, folder / "model.safetensors")
