"""The commands of the registry: search, env, verify, publish."""

import json
from pathlib import Path

import hub_server
import pytest
from test_cli import run
from test_registry_hub import make

import registry
from registry import store


def test_search_by_alias_and_name(capsys):
    status, out, _ = run(capsys, "search", "pu.1")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["maxatac/SPI1"]
    assert max(map(len, out.splitlines())) <= 80
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
    import os

    os.utime(large, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    store.verify(folder)  # size and time stamp are as they were: not hashed at every load …
    status, out, _ = run(capsys, "verify")  # … but here
    assert status == 1
    assert out.startswith(f"DAMAGED\t{folder}")
    assert "large.h5" in out


def _fill(target: Path, size: int) -> dict[str, str]:
    (target / "large.h5").write_bytes(bytes(size))
    return {}


def test_publish(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, families = make(tmp_path / "made", "A"), tmp_path / "families"
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        arguments = ("publish", folder, "--repo", "lab/test", "--tag", "v1.0", "--families", families)
        status, out, _ = run(capsys, *arguments, "--dry-run")
        assert status == 0
        assert "lab/test@v1.0: 1 models, 6 files, 0.0 MB would be uploaded" in out
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
        assert "zoo: error: lab/test: The Hub takes the release" in err
