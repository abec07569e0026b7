"""Model folders: the spec as JSON, the weights as plain HDF5, loading and checking."""

import copy as copying
import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import edit_json, small_spec

import zoo
from registry import digests
from zoo import folder, weights
from zoo.errors import InputError, IntegrityError
from zoo.spec import ModelSpec


@pytest.fixture
def copy(small_folder: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged, without digests so that the later checks see the damage."""
    shutil.copytree(small_folder, tmp_path / "model")
    (tmp_path / "model" / digests.DIGESTS).unlink()
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
        (lambda spec: spec.update(schema=9), "schema version 2"),
        (lambda spec: spec.update(extra=1), "unknown=..extra"),
        (lambda spec: spec.pop("metrics"), "missing=..metrics"),
        (lambda spec: spec["input"].update(window="256"), "input: window"),
        (lambda spec: spec["input"].update(window=True), "input: window"),
        (lambda spec: spec["input"].update(tracks=[1]), "tracks"),
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
        (lambda spec: spec["outputs"][0].update(bins=9), "must lie inside the window"),
        (lambda spec: spec["prediction"].update(stride=50), "must be a multiple of the bin size"),
        (lambda spec: spec["prediction"].update(views=["sideways"]), "views must be among"),
        (lambda spec: spec["outputs"][0].update(bin_size=0), "bin"),
    ],
)
def test_spec_agrees_with_itself(change, message: str):
    value = json.loads(json.dumps(small_spec().to_json()))
    change(value)
    with pytest.raises(InputError, match=message):
        ModelSpec.from_json(json.dumps(value).encode())


FIRST = {
    "schema": 1,
    "name": "test/SMALL",
    "description": "random weights",
    "architecture": {"name": "maxatac", "config": {"window": 256, "filters": 4}},
    "input": {
        "window": 256,
        "genome": "none",
        "signal": {"assay": "ATAC-seq", "smoothing": 20, "read_depth": 20_000_000, "percentile": 99.0, "fill": 0.0},
    },
    "output": {"bins": 8, "bin_size": 32, "offset": 0, "target": "SMALL", "quantity": "binding score"},
    "prediction": {
        "stride": 64,
        "views": ["forward", "reverse_complement", "rotated", "rotated_reverse_complement"],
        "center_only": False,
    },
    "metrics": {"best_f1": 0.64},
    "provenance": {"source": "tests"},
}


def test_a_config_of_the_first_version_reads_as_one_of_the_second():
    assert ModelSpec.from_json(json.dumps(FIRST).encode()) == small_spec()
    alone = copying.deepcopy(FIRST)
    alone["input"]["signal"] = None
    alone["output"]["quantity"] = "accessibility, ln(1 + track)"
    spec = ModelSpec.from_json(json.dumps(alone).encode())
    assert (spec.input.tracks, spec.input.channels) == ((), 4)
    assert (spec.output.name, spec.output.kind, spec.output.transform) == ("accessibility", "accessibility", "log1p")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["input"].update(tracks=[]), "unknown=..tracks"),
        (lambda spec: spec["input"].pop("signal"), "missing=..signal"),
        (lambda spec: spec["output"].update(transform="log1p"), "unknown=..transform"),
        (lambda spec: spec["output"].update(bins="8"), "output: bins.*whole number"),
        (lambda spec: spec.update(outputs=[]), "unknown=..outputs"),
        (lambda spec: spec.pop("output"), "missing=..output"),
        (lambda spec: spec.update(components=[]), "unknown=..components"),
        (lambda spec: spec.update(input=None), "input"),
        (lambda spec: spec.update(output=[1]), "output"),
    ],
)
def test_a_config_of_the_first_version_has_no_keys_of_the_second(change, message: str):
    value = copying.deepcopy(FIRST)
    change(value)
    with pytest.raises(IntegrityError, match=message):
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
    with pytest.raises(InputError, match="name or a path"):
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


def hard_link_fan(file: h5py.File) -> None:
    """14 levels of groups, each with 8 names for the next: a few kB with 8^14 paths."""
    below = file.create_group("level")
    for level in range(14):
        group = file.create_group(f"level{level}")
        for name in range(8):
            group[f"x{name}"] = below
        below = group


def two_names(file: h5py.File) -> None:
    file["again"] = file["layers/conv1d/vars/1"]


def many_objects(file: h5py.File) -> None:
    for number in range(21_000):
        file.create_group(f"many/{number}")


def no_shape(file: h5py.File) -> None:
    file["x"] = h5py.Empty("f4")


def no_utf8(file: h5py.File) -> None:
    file.create_group(b"\xff\xfe")


def compressed(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(1000, np.float32), compression="gzip")


def a_type(file: h5py.File) -> None:
    file["x"] = np.dtype("f4")


def references(file: h5py.File) -> None:
    file.create_dataset("x", (3,), h5py.ref_dtype)


def records(file: h5py.File) -> None:
    file.create_dataset("x", (3,), [("a", "f4")])


def ragged(file: h5py.File) -> None:
    file.create_dataset("x", (3,), h5py.vlen_dtype("f4"))


def astronomic(file: h5py.File) -> None:
    file.create_dataset("x", (1 << 62,), "f4", chunks=(1024,))


def deep(file: h5py.File) -> None:
    file["/".join("abcdefghijklmnopqrstuvwxyz")] = np.zeros(1, np.float32)


def swapped(file: h5py.File) -> None:
    """Names that Keras does not know: it would keep what it initialized."""
    file.move("layers/batch_normalization", "layers/x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shape_bomb, "lie in it"),
        (virtual, "arrays of its own"),
        (soft_link_loop, "no links"),
        (hard_link_loop, "one name"),
        (hard_link_fan, "one name"),
        (two_names, "one name"),
        (many_objects, "at most 20,000"),
        (no_shape, "arrays of its own"),
        (no_utf8, "undamaged"),
        (compressed, "arrays of its own"),
        (a_type, "arrays of its own"),
        (references, "arrays of its own"),
        (records, "arrays of its own"),
        (ragged, "arrays of its own"),
        (astronomic, "lie in it"),
        (deep, "not be deep"),
        (swapped, "tensor"),
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
    edit_json(copy / "config.json", outputs=[{**spec["outputs"][0], "bins": 4}])
    with pytest.raises(IntegrityError, match="shapes that its spec promises"):
        zoo.load(copy)


GOLDEN = {
    "objects": lambda i, o: {"inputs": np.array([{}], dtype=object), "outputs": o},
    "text": lambda i, o: {"inputs": i, "outputs": np.full(o.shape, "x")},
    "complex": lambda i, o: {"inputs": i, "outputs": o.astype("c8")},
    "records": lambda i, o: {"inputs": i, "outputs": np.zeros(o.shape, [("a", "f4")])},
    "float64": lambda i, o: {"inputs": i, "outputs": o.astype("f8")},
    "fewer bins": lambda i, o: {"inputs": i, "outputs": o[:, :7]},
    "fewer rows": lambda i, o: {"inputs": i, "outputs": o[:1]},
    "no rows": lambda i, o: {"inputs": i[:0], "outputs": o[:0]},
    "a number": lambda i, o: {"inputs": i, "outputs": np.float32(1)},
    "numbers": lambda i, o: {"inputs": np.float32(1), "outputs": np.float32(1)},
    "another window": lambda i, o: {"inputs": i[:, :100], "outputs": o},
    "nan": lambda i, o: {"inputs": i, "outputs": np.full_like(o, np.nan)},
    "one array": lambda i, o: {"inputs": i},
    "three arrays": lambda i, o: {"inputs": i, "outputs": o, "more": o},
}


@pytest.mark.parametrize("how", GOLDEN)
def test_odd_golden_arrays(copy: Path, how: str):
    golden = np.load(copy / "golden.npz")
    np.savez(copy / "golden.npz", **GOLDEN[how](golden["inputs"], golden["outputs"]))
    with pytest.raises(IntegrityError, match=r"golden\.npz"):
        folder.read_golden(copy, folder.read_spec(copy))


def npy(shape: str) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "content",
    [bytes(100 << 20), npy("(1099511627776, 256, 5)"), npy("(-1,)"), npy("(1" + "0" * 400 + ",)"), npy("x" * 90), b""],
    ids=["100 MB of zeros", "a huge shape", "a negative shape", "a long shape", "no shape", "nothing"],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_bombs_in_golden_arrays(copy: Path, content: bytes, method: int):
    with zipfile.ZipFile(copy / "golden.npz", "w", method, compresslevel=1) as archive:
        for name in ("inputs.npy", "outputs.npy"):
            archive.writestr(name, content if method == zipfile.ZIP_DEFLATED else content[: 1 << 20])
    with pytest.raises(IntegrityError, match=r"golden\.npz"):
        folder.read_golden(copy, folder.read_spec(copy))


def damaged(data: bytes, generator: random.Random, places: np.ndarray) -> bytes:
    """Some bytes changed at these places, or the end cut off."""
    changed = bytearray(data)
    for _ in range(generator.choice([1, 1, 3, 20])):
        changed[places[generator.randrange(len(places))]] = generator.randrange(256)
    return bytes(changed if generator.random() < 0.8 else changed[: generator.randrange(len(changed))])


def test_random_damage_to_golden_arrays(copy: Path):
    """The same arrays, or an error of ours: 300 times."""
    data, spec, generator = (copy / "golden.npz").read_bytes(), folder.read_spec(copy), random.Random(0)
    sound, refused = folder.read_golden(copy, spec), 0
    for _ in range(300):
        (copy / "golden.npz").write_bytes(damaged(data, generator, np.arange(len(data))))
        try:
            found = folder.read_golden(copy, spec)
        except IntegrityError:
            refused += 1
        else:
            np.testing.assert_array_equal(found.inputs, sound.inputs)
            np.testing.assert_array_equal(found.outputs, sound.outputs)
    assert refused > 150


def test_random_damage_to_the_structure_of_weights(copy: Path):
    """Bytes outside of the numbers: tensors, or an error of ours; 300 times."""
    data, generator, refused = (copy / "model.weights.h5").read_bytes(), random.Random(0), 0
    numbers = np.zeros(len(data), bool)
    with h5py.File(copy / "model.weights.h5") as file:
        for array in weights.arrays(file, copy):
            numbers[array.id.get_offset() : array.id.get_offset() + array.nbytes] = True
    for _ in range(300):
        try:
            with weights.open_plain(damaged(data, generator, np.flatnonzero(~numbers)), copy) as file:
                for array in weights.arrays(file, copy):
                    array[()]
        except IntegrityError:
            refused += 1
    assert 50 < refused < 300


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"best_f1": 0.64', f'"best_f1": {"9" * 400}', "whole numbers"),
        ('"best_f1": 0.64', '"best_f1": 1e400', "range of numbers"),
        ('"best_f1": 0.64', '"best_f1": -1e400', "range of numbers"),
        ('"best_f1": 0.64', '"best_f1": NaN', "NaN"),
        ('"best_f1": 0.64', '"best_f1": null', "metrics: best_f1.*type number"),
        ('"best_f1": 0.64', f'"best_f1": {"[" * 60}{"]" * 60}', "32 levels"),
        ('"best_f1": 0.64', '"best_f1": 0.64, "best_f1": 0.9', "twice"),
        ('"fill": 0.0', '"fill": 1e400', "range of numbers"),
        ('"random weights"', '"\\u001b]0;pwned\\u0007"', "control character"),
        ('"random weights"', '"\\ud800"', "control character"),
        ('"random weights"', '"\\u202e"', "control character"),
        ('"random weights"', '"a\\nb"', "control character"),
        ('"best_f1"', '"a\\u001bb"', "control character"),
        ('"schema": 2', '"schema": true', "schema version 2"),
        ('"schema": 2', '"schema": 2.0', "schema version 2"),
        ('"schema": 2', '"schema": [2]', "schema version 2"),
    ],
)
def test_odd_json(copy: Path, old: str, new: str, message: str):
    text = (copy / "config.json").read_text()
    assert old in text
    (copy / "config.json").write_text(text.replace(old, new))
    with pytest.raises(IntegrityError, match=message) as caught:
        zoo.info(copy)
    assert "config.json" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["input"].update(window=1 << 40), "16,777,216 bp"),
        (lambda spec: spec["prediction"].update(stride=512), "at most the window"),
        (lambda spec: spec["input"]["tracks"][0].update(percentile=0.0), "percentile"),
        (lambda spec: spec["input"]["tracks"][0].update(percentile=101.0), "percentile"),
        (lambda spec: spec["input"]["tracks"][0].update(smoothing=-1), "smoothing"),
    ],
)
def test_spec_is_within_reason(change, message: str):
    value = json.loads(json.dumps(small_spec().to_json()))
    change(value)
    with pytest.raises(InputError, match=message):
        ModelSpec.from_json(json.dumps(value).encode())


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_metrics_are_finite(number: float):
    with pytest.raises(InputError, match="metrics must be finite"):
        small_spec(metrics={"best_f1": number})


@pytest.mark.parametrize(
    "config",
    [
        {"filters": 10**12},
        {"growth": 1e15},
        {"kernel_size": 10**9},
        {"dilations": [1] * 10_000},
        {"dilations": [1, 1, 2, 4, 10**10]},
        {"filters": -1},
        {"pool_size": 0},
    ],
)
def test_a_network_that_does_not_fit_its_weights(copy: Path, config: dict):
    """No hang, no crash, no traceback: the size of the file bounds the configuration, and memory what is left."""
    edit_json(copy / "config.json", architecture={"name": "maxatac", "config": {"window": 256, **config}})
    with pytest.raises((IntegrityError, InputError)):
        zoo.load(copy)
