"""The commands of the registry: search, env, verify, publish."""

import json
import os
import shutil
from pathlib import Path

import hub_server
import numpy as np
import pytest
from conftest import edit_json
from test_cli import run

import registry
from registry import digests, store


def test_search_by_alias_and_name(capsys):
    status, out, _ = run(capsys, "search", "pu.1")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["maxatac/SPI1"]
    status, out, _ = run(capsys, "search", "*DNase-seq*pair*")
    assert "deepgrn/CTCF_pair" in out
    assert "single" not in out
    status, out, _ = run(capsys, "search", "gata", "--json")
    assert [row["name"] for row in json.loads(out)] == ["maxatac/GATA3", "maxatac/GATA4", "maxatac/GATAD2B"]
    status, _, err = run(capsys, "search", "nothing at all")
    assert status == 2
    assert "The text must occur in the name, the aliases" in err


def test_env_shows_what_is_in_force(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_CACHE", "/somewhere")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example/")
    status, out, _ = run(capsys, "env", "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["1 cache"], found["3 Hub"]) == ("/somewhere", "http://hub.example")
    for key in ("HF_ENDPOINT", "ZOO_UPSTREAM", "ZOO_UCSC", "ZOO_MIRROR", "ZOO_FAMILIES"):
        monkeypatch.setenv(key, "https://alice:S3/C?R#E@T@hub.example")
    _, out, _ = run(capsys, "env")
    assert out.count("https://***@hub.example") == 5
    assert "S3" not in out
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    _, out, _ = run(capsys, "env")
    assert "3 Hub                    off" in out


def test_verify_hashes_everything(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    folder = store.get(store.place("test", "A", key=1), lambda target: _fill(target, 33 << 20))
    assert run(capsys, "verify")[:2] == (0, f"sound\t{folder}\n")
    large = folder / "large.h5"
    stamp = large.stat()
    with open(large, "r+b") as handle:
        handle.write(b"x")
    os.utime(large, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as if it had not been touched
    status, out, _ = run(capsys, "verify")
    assert status == 1
    assert out.startswith(f"DAMAGED\t{folder}")
    assert "large.h5" in out
    digests.write_digests(folder, {})  # the folder agrees with itself again, and nobody else does
    status, out, _ = run(capsys, "verify")
    assert (status, out.split("\t")[0]) == (1, "DAMAGED")
    assert "receipt of this user" in out
    monkeypatch.setenv("ZOO_TRUST_CACHE", "1")
    assert run(capsys, "verify")[0] == 0


def _fill(target: Path, size: int) -> dict[str, str]:
    (target / "large.h5").write_bytes(bytes(size))
    return {}


def test_publish(capsys, tmp_path: Path, small_folder: Path, monkeypatch: pytest.MonkeyPatch):
    folder, families = shutil.copytree(small_folder, tmp_path / "made"), tmp_path / "families"
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        arguments = ("publish", folder, "--repo", "lab/test", "--tag", "v1.0", "--families", families)
        status, out, _ = run(capsys, *arguments, "--dry-run")
        assert status == 0
        assert "lab/test@v1.0: 1 models, 7 files, 0.1 MB would be uploaded" in out
        assert not hub.repos
        status, out, _ = run(capsys, *arguments, "--private")
        assert status == 0
        assert hub.repos["lab/test"].private
        assert hub.repos["lab/test"].commits[-1].sha in out
        assert registry.Family.read(families / "test.json").hub.repo == "lab/test"
        assert "nothing changed" in run(capsys, *arguments)[1]
        monkeypatch.setenv("HF_TOKEN", "wrong")
        status, _, err = run(capsys, *arguments)
        assert status == 2
        assert "zoo: error: lab/test: The Hub must accept the release" in err


def golden_of_another(folder: Path) -> None:
    golden = np.load(folder / "golden.npz")
    np.savez(folder / "golden.npz", inputs=golden["inputs"], outputs=golden["outputs"] + np.float32(0.01))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: edit_json(folder / "config.json", input={}), "missing="),
        (lambda folder: edit_json(folder / "config.json", architecture={"name": "os", "config": {}}), "rchitecture"),
        (lambda folder: (folder / "model.weights.h5").write_bytes(b"x"), "HDF5"),
        (lambda folder: (folder / "golden.npz").write_bytes(b"x"), "golden"),
        (lambda folder: (folder / "thresholds.tsv").write_bytes(b"x"), "thresholds.tsv"),
        (golden_of_another, "golden outputs within"),
    ],
)
def test_publish_checks_everything(capsys, tmp_path: Path, small_folder: Path, monkeypatch, change, message: str):
    """Each with digests that agree; nothing is asked of the Hub."""
    folder = shutil.copytree(small_folder, tmp_path / "made")
    change(folder)
    digests.write_digests(folder, {"source": "tests"})
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        status, _, err = run(capsys, "publish", folder, "--repo", "lab/test", "--tag", "v1", "--dry-run")
        assert (status, hub.requests) == (2, [])
    assert message in err
