"""Leopard's ensembles: which files an entry has, and the mean of files of one's own."""

import json
from pathlib import Path

import dream_files
import numpy as np
import pytest

import registry
import zoo
from zoo import loading
from zoo.errors import InputError, ZooWarning
from zoo.porting import leopard
from zoo.predict.options import Options

FILES = {"CTCF": 36, "E2F1": 4, "EGR1": 8, "FOXA1": 2, "FOXA2": 2, "GABPA": 10}
FILES |= {"HNF4A": 2, "JUND": 10, "MAX": 14, "NANOG": 2, "REST": 10, "TAF1": 8}
NAMES = [f"weights_{pair}_{seed}.h5" for pair in ("A549_MCF-7", "MCF-7_A549") for seed in (1, 2)]


@pytest.fixture(scope="module")
def networks() -> list:
    """Four of the authors' size whose outputs differ."""
    return [dream_files.leopard_network(seed) for seed in (2, 7, 8, 9)]


@pytest.fixture(scope="module")
def home(networks: list, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of their files, and what else the authors' have."""
    folder = tmp_path_factory.mktemp("code_1bp") / "CTCF"
    (folder / "util").mkdir(parents=True)
    (folder / "train.py").write_text("raise SystemExit\n")
    for name, network in zip(NAMES, networks, strict=True):
        (folder / name).write_bytes(dream_files.leopard(network))
    return folder


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    random = np.random.default_rng(4)
    bases = np.eye(4)[random.integers(0, 4, (2, 10_240))]
    return np.concatenate([bases, random.random((2, 10_240, 2))], axis=-1).astype(np.float32)


def mean(networks: list, x: np.ndarray) -> np.ndarray:
    return np.mean([np.asarray(network(x, training=False)) for network in networks], axis=0)


def test_an_entry_has_all_files_of_its_factor(shared: Path):
    """36 of CTCF, six pairs by six seeds; in all 108."""
    manifest = json.loads((shared / "reference" / "dream-weights-manifest.json").read_text())["systems"]["leopard"]
    known = [item["path"] for item in manifest["files"]]
    models = registry.families()["leopard"].models
    for factor, count in FILES.items():
        paths = [file.path for file in models[factor].files.values()]
        assert len(paths) == count
        assert sorted(paths) == sorted(path for path in known if path.startswith(f"code_1bp/{factor}/"))
    assert sum(FILES.values()) == len(known) == 108


def test_the_fast_entry_has_the_first_seed_of_each_pair():
    models = registry.families()["leopard"].models
    assert len(models) == 2 * len(FILES)
    for factor in FILES:
        every, fast = ([file.path for file in models[name].files.values()] for name in (factor, f"{factor}-fast"))
        assert fast == [path for path in every if path.endswith("_1.h5")]
        assert {path.rsplit("_", 1)[0] for path in fast} == {path.rsplit("_", 1)[0] for path in every}


@pytest.mark.parametrize(("name", "members"), [("E2F1", [0, 1, 2, 3]), ("E2F1-fast", [0, 2]), ("FOXA1-fast", [1])])
def test_an_entry_is_the_mean_of_its_files(home: Path, networks: list, x, tmp_path: Path, name: str, members: list):
    family = registry.families()["leopard"]
    files = [(home / NAMES[member]).read_bytes() for member in members]
    entry = family.models[name]
    (tmp_path / "model").mkdir()
    leopard.convert(family, entry, dict(zip(entry.files, files, strict=True)), tmp_path / "model")
    model = zoo.Model.read(tmp_path / "model")
    assert np.abs(model.predict(x) - mean([networks[member] for member in members], x)).max() < 1e-5
    assert model.spec.name == f"leopard/{name}"


def test_a_folder_is_the_mean_of_its_files(home: Path, networks: list, x):
    model, wanted = zoo.load(home), mean(networks, x)
    assert np.abs(model.predict(x) - wanted).max() < 1e-5
    assert np.abs(wanted - np.asarray(networks[0](x, training=False))).max() > 0.1
    assert (model.spec.name, model.spec.architecture.config["members"]) == ("local/CTCF", 4)
    assert model.spec.description.endswith(": mean of 4 models")
    assert sum(key.startswith("sha256 of weights_") for key in model.spec.provenance) == 4
    assert loading.info(home)["source"] == str(home)
    assert Options.resolve(model.spec, compat="leopard").trim == 100


def test_a_list_of_files_is_averaged_by_ensemble(home: Path, networks: list, x):
    """The authors' fast mode."""
    files = sorted(home.glob("weights_*_1.h5"))
    model = zoo.ensemble([zoo.load(file) for file in files], "local/CTCF-fast")
    assert np.abs(model.predict(x) - mean(networks[::2], x)).max() < 1e-5


def test_a_folder_of_one_file(home: Path, networks: list, x, tmp_path: Path):
    (tmp_path / NAMES[1]).write_bytes((home / NAMES[1]).read_bytes())
    model = zoo.load(tmp_path)
    assert model.spec.architecture.name == "leopard"
    assert np.abs(model.predict(x) - mean(networks[1:2], x)).max() < 1e-5


def test_pairs_of_different_numbers_of_seeds(home: Path, tmp_path: Path):
    for name in NAMES[:3]:
        (tmp_path / name).write_bytes((home / name).read_bytes())
    with pytest.warns(ZooWarning, match="A549 and MCF-7: 2, MCF-7 and A549: 1"):
        assert loading.info(tmp_path)["architecture"]["config"]["members"] == 3


def test_what_a_folder_must_hold(home: Path, tmp_path: Path):
    (tmp_path / NAMES[0]).write_bytes((home / NAMES[0]).read_bytes())
    other = {"window": 202, "tracks": 2, "filters": 4, "kernel_size": 10, "pool_size": 5, "units": 3, "hidden": 4}
    data = dream_files.deepgrn(dream_files.network("deepgrn", **other), 202, other)
    (tmp_path / NAMES[1]).write_bytes(data)
    with pytest.raises(InputError, match=r"networks of Leopard only.*weights_A549_MCF-7_2.h5"):
        zoo.load(tmp_path)
    (tmp_path / NAMES[1]).write_bytes(b"no HDF5")
    with pytest.raises(InputError, match=r"networks of Leopard only.*weights_A549_MCF-7_2.h5"):
        zoo.load(tmp_path)
    with pytest.raises(InputError, match="have no components"):
        zoo.load(home, component="bias")
    with pytest.raises(InputError, match="must be loaded"):
        loading.fetch(home)
