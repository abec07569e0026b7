"""Files made to do harm: each is refused with a typed error, and nothing of it runs.

What can be wrong with weights, configs and golden arrays is in test_folder.py, with an index in test_registry_hub.py
and test_registry.py; here is the rest.
"""

import json
from pathlib import Path

import h5py
import pytest
import release
from test_registry_hub import make

import registry
import zoo
from registry import digests, typed
from registry.errors import InputError, IntegrityError, UnknownModel
from zoo.porting import maxatac

CANARY = "ran.txt"


def test_a_lambda_in_the_authors_file_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A full-model file carries a configuration that Keras would execute; only its tensors are read."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.h5"
    path.write_bytes(release.full_model_file())
    code = f"open({CANARY!r}, 'w').write('x')"
    layer = {"class_name": "Lambda", "config": {"function": code, "function_type": "lambda", "module": "os"}}
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": {"layers": [layer]}})
    family, entry = release.write(tmp_path / "release", path.read_bytes())
    target = tmp_path / "folder"
    target.mkdir()
    files = {role: (tmp_path / "release" / file.path).read_bytes() for role, file in entry.files.items()}
    maxatac.convert(family, entry, files, target)
    assert zoo.load(target).check().passed
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("name", ["weights.pkl", "weights.keras", "../model.weights.h5"])
def test_no_other_kind_of_file_is_opened(small_folder: Path, tmp_path: Path, name: str):
    with pytest.raises((InputError, UnknownModel)):
        zoo.load(f"./{tmp_path}/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "maxatac/../../etc",
        "maxatac\\CTCF",
        "\\\\host\\share/x",
        "C:/CTCF",
        "hf://../x/M",
        "hf://a/b/../M",
        "hf://a/M",
        "hf://a/b/M@../x",
    ],
)
def test_names_that_point_elsewhere(name: str):
    with pytest.raises((InputError, UnknownModel)):
        zoo.fetch(name)


def test_links_in_a_model_folder(tmp_path: Path):
    folder = make(tmp_path, "A")
    (folder / "golden.npz").unlink()
    (folder / "golden.npz").symlink_to("/etc/passwd")
    with pytest.raises(IntegrityError, match="plain files"):
        digests.verify(folder)


def test_a_json_file_of_100_megabytes(tmp_path: Path):
    with pytest.raises(IntegrityError, match=r"at most 16,777,216 bytes.*bytes=100000000"):
        typed.load_json(b" " * 100_000_000, "config.json")
    folder = make(tmp_path, "A")
    (folder / "config.json").write_bytes(b"[" + b"0," * 50_000_000 + b"0]")
    with pytest.raises(IntegrityError, match="at most"):
        zoo.load(folder)


def test_json_that_nests_too_deep():
    with pytest.raises(IntegrityError):
        typed.load_json(b'{"a":' * 100_000, "config.json")


def test_a_config_names_no_python_object(small_folder: Path, tmp_path: Path):
    config = json.loads((small_folder / "config.json").read_text())
    for name in ("os", "zoo.cli", "../maxatac", "maxatac.build", "__init__"):
        config["architecture"]["name"] = name
        with pytest.raises(InputError, match="architecture must be one of"):
            zoo.build(config["architecture"]["name"])


def test_cards_have_valid_front_matter_whatever_they_are_given():
    from huggingface_hub import ModelCard

    from registry import card

    spec = json.loads(json.dumps(zoo.info("maxatac/CTCF")))
    spec["description"] = "x: [y\n---\n<img src=x onerror=alert(1)>"
    spec["provenance"]["license"] = "a: 'b\n<script>"
    text = card.of_model(spec)
    parsed = ModelCard(text, ignore_metadata_errors=False)
    assert parsed.data.library_name == "keras"
    assert parsed.data.license == "other"
    assert "<script" not in text
    assert "<img" not in text


def test_porting_is_not_chosen_by_a_downloaded_file(tmp_path: Path):
    """Only the package's own index names a module; the index of a repository has no such key."""
    assert "porting" not in registry.schema.RepositoryIndex.__dataclass_fields__
