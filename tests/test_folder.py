"""Model folders: the spec as JSON, the weights as plain HDF5, loading and checking."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import edit_json, small_spec

import registry.store
import zoo
from zoo.errors import InputError, IntegrityError
from zoo.spec import ModelSpec


@pytest.fixture
def copy(small_folder: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged, without digests so that the later checks see the damage."""
    shutil.copytree(small_folder, tmp_path / "model")
    (tmp_path / "model" / registry.store.DIGESTS).unlink()
    return tmp_path / "model"


def test_spec_survives_json():
    spec = small_spec()
    assert ModelSpec.from_json(json.dumps(spec.to_json()).encode()) == spec


def test_spec_of_a_released_model_survives_json(shared):
    spec = zoo.load("maxatac/CTCF").spec
    assert ModelSpec.from_json(json.dumps(spec.to_json()).encode()) == spec
    assert spec.architecture.config["dilations"] == (1, 1, 2, 4, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec.update(schema=9), "schema version 1"),
        (lambda spec: spec.update(extra=1), "unknown=..extra"),
        (lambda spec: spec.pop("metrics"), "missing=..metrics"),
        (lambda spec: spec["input"].update(window="256"), "input: window"),
        (lambda spec: spec["input"].update(window=True), "input: window"),
        (lambda spec: spec["input"].update(signal=[1]), "signal"),
        (lambda spec: spec["prediction"].update(views="forward"), "views"),
        (lambda spec: spec["metrics"].update(best_f1="high"), "best_f1"),
        (lambda spec: spec["architecture"].update(config={"dilations": ["a"]}), "dilations"),
    ],
)
def test_spec_has_a_closed_set_of_keys_and_types(change, message: str):
    value = json.loads(json.dumps(small_spec().to_json()))
    change(value)
    with pytest.raises(IntegrityError, match=message):
        ModelSpec.from_json(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["output"].update(bins=9), "must lie inside the window"),
        (lambda spec: spec["prediction"].update(stride=50), "must be a multiple of the bin size"),
        (lambda spec: spec["prediction"].update(views=["sideways"]), "views must be among"),
        (lambda spec: spec["output"].update(bin_size=0), "bin"),
    ],
)
def test_spec_agrees_with_itself(change, message: str):
    value = json.loads(json.dumps(small_spec().to_json()))
    change(value)
    with pytest.raises(InputError, match=message):
        ModelSpec.from_json(json.dumps(value).encode())


def test_a_folder_loads_by_path(small_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(small_folder.parent)
    for name in (small_folder, str(small_folder), f"./{small_folder.name}", small_folder.name):
        assert zoo.load(name).spec.name == "test/SMALL"
    assert zoo.info("./small")["cached"]


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", Path("nowhere")])
def test_no_folder(name: object):
    with pytest.raises(InputError, match=r"config\.json"):
        zoo.load(name)


def test_names_are_strings_or_paths():
    with pytest.raises(InputError, match="string or a path"):
        zoo.load(5)


def test_load_in_another_process_gives_the_same(small, small_folder: Path):
    x = np.random.default_rng(0).random((2, 256, 5)).astype(np.float32)
    code = (
        "import sys, numpy as np, zoo; x = np.random.default_rng(0).random((2, 256, 5)).astype(np.float32); "
        f"print(zoo.load({str(small_folder)!r}).predict(x).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    np.testing.assert_array_equal(np.array(json.loads(done.stdout)), small.predict(x).tolist())


def test_check(small, copy: Path):
    assert small.check().passed
    assert small.check().versions["keras"]
    golden = np.load(copy / "golden.npz")
    np.savez(copy / "golden.npz", inputs=golden["inputs"], outputs=golden["outputs"] + 0.001)
    check = zoo.load(copy).check()
    assert not check.passed
    assert check.difference == pytest.approx(0.001, rel=1e-3)


def test_a_changed_byte_is_found_by_the_digests(small_folder: Path, tmp_path: Path):
    shutil.copytree(small_folder, tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("# LARGE\n")
    with pytest.raises(IntegrityError, match=r"README\.md.*promised.*found"):
        zoo.load(tmp_path / "model")


def edit_weights(folder: Path, change) -> None:
    with h5py.File(folder / "model.weights.h5", "a") as file:
        change(file)


def nan(file: h5py.File) -> None:
    file["layers/conv1d/vars/1"][0] = np.nan


def missing(file: h5py.File) -> None:
    del file["layers/conv1d/vars/1"]


def additional(file: h5py.File) -> None:
    file["layers/conv1d/vars/2"] = np.zeros(3, np.float32)


def shape(file: h5py.File) -> None:
    del file["layers/conv1d/vars/1"]
    file["layers/conv1d/vars/1"] = np.zeros(9, np.float32)


def dtype(file: h5py.File) -> None:
    del file["layers/conv1d/vars/1"]
    file["layers/conv1d/vars/1"] = np.zeros(4, np.float64)


def external_link(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: h5py.File) -> None:
    file["x"] = h5py.SoftLink("/layers")


def objects(file: h5py.File) -> None:
    file["x"] = "text"


def moved(file: h5py.File) -> None:
    file.move("layers/conv1d", "layers/conv1d_x")


def external_data(file: h5py.File) -> None:
    file.create_dataset("x", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def shape_bomb(file: h5py.File) -> None:
    del file["layers/conv1d/vars/1"]
    file.create_dataset("layers/conv1d/vars/1", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("x", layout)


def soft_link_loop(file: h5py.File) -> None:
    file["x"] = h5py.SoftLink("/x")


def hard_link_loop(file: h5py.File) -> None:
    file["layers/conv1d/again"] = file["layers"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shape_bomb, "lie in it"),
        (virtual, "arrays of its own"),
        (soft_link_loop, "no links"),
        (hard_link_loop, "one name"),
        (nan, "finite"),
        (missing, "62 tensors"),
        (additional, "62 tensors"),
        (shape, r"unexpected=\[\(\(9,\)"),
        (dtype, "float64"),
        (external_link, "no links"),
        (soft_link, "no links"),
        (objects, "arrays of its own"),
        (external_data, "arrays of its own"),
        (moved, "tensor of every layer"),
    ],
)
def test_weights_that_are_not_the_networks_are_refused(copy: Path, change, message: str):
    edit_weights(copy, change)
    with pytest.raises(IntegrityError, match=message) as caught:
        zoo.load(copy)
    assert "model.weights.h5" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5(copy: Path, content: bytes):
    (copy / "model.weights.h5").write_bytes(content)
    with pytest.raises(IntegrityError, match="A weights file must be"):
        zoo.load(copy)


def test_a_spec_of_another_network(copy: Path):
    spec = json.loads((copy / "config.json").read_text())
    edit_json(copy / "config.json", output={**spec["output"], "bins": 4})
    with pytest.raises(IntegrityError, match="shapes that its spec promises"):
        zoo.load(copy)


def test_golden_arrays_hold_no_objects(copy: Path):
    np.savez(copy / "golden.npz", inputs=np.array([{}], dtype=object), outputs=np.zeros(1))
    with pytest.raises(IntegrityError, match=r"golden\.npz"):
        zoo.load(copy).check()
