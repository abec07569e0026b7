"""`zoo cache`: what the cache holds, and its removal."""

import io
import json
import os
import time
from pathlib import Path

import pytest
from test_cli import run

import registry
from registry import store


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With maxatac/CTCF in two revisions, maxatac/MAX, and a model of a repository, of 1,000 bytes each."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for *place, key in (
        ["maxatac", "CTCF", 1],
        ["maxatac", "CTCF", 2],
        ["maxatac", "MAX", 1],
        ["hub", "lab", "a", "B", 1],
    ):
        store.get(store.place(*place, key=key), _fill)
    return tmp_path / "cache"


def _fill(target: Path) -> dict[str, str]:
    (target / "model.weights.h5").write_bytes(bytes(1000))
    return {}


def models(capsys, *arguments: object) -> list[str]:
    status, out, err = run(capsys, "cache", "list", "--json", *arguments)
    assert status == 0, err
    return [model["name"] for model in json.loads(out)["models"]]


def test_list(capsys, cache: Path):
    assert models(capsys) == ["hf://lab/a/B", "maxatac/CTCF", "maxatac/CTCF", "maxatac/MAX"]
    assert models(capsys, "ctcf") == ["maxatac/CTCF"] * 2
    assert models(capsys, "maxatac/M*") == ["maxatac/MAX"]
    assert models(capsys, "nothing") == []
    _, out, _ = run(capsys, "cache", "list", "--json", "max/")
    assert json.loads(out) == {"cache": str(cache), "bytes": 0, "models": []}
    folder = store.folders()[-1]
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size > 1000
    _, out, _ = run(capsys, "cache", "list")
    day = time.strftime("%Y-%m-%d")
    assert out.splitlines()[0].split() == ["model", "size", "last", "use"]
    assert out.splitlines()[1].split() == ["hf://lab/a/B", "0.0", "MB", day]
    assert out.splitlines()[-3:-1] == ["hf://lab/a: 1 model, 0.0 MB", "maxatac: 3 models, 0.0 MB"]
    assert out.splitlines()[-1] == f"4 models, 0.0 MB in {cache}"


def test_last_use_is_that_of_the_last_load(capsys, cache: Path):
    (folder,) = (path for path in store.folders() if path.parent.name == "MAX")
    os.utime(folder, (0, 0))
    assert json.loads(run(capsys, "cache", "list", "max", "--json")[1])["models"][-1]["last_use"].startswith("19")
    store.get(folder, _fill)
    assert time.time() - folder.stat().st_mtime < 100
    assert run(capsys, "cache", "verify")[0] == 0


def test_remove_says_what_it_frees(capsys, cache: Path, tmp_path: Path):
    size = sum(path.stat().st_size for folder in store.folders() for path in folder.iterdir() if "CTCF" in str(path))
    status, out, _ = run(capsys, "cache", "rm", "CTCF", "maxatac/CTCF", "--yes", "--json")
    assert status == 0
    assert json.loads(out)["bytes"] == size
    assert len(json.loads(out)["removed"]) == 2
    assert models(capsys) == ["hf://lab/a/B", "maxatac/MAX"]
    assert not (cache / "models" / "maxatac" / "CTCF").exists()
    assert len(list((tmp_path / "state" / "chromatin-zoo" / "receipts").iterdir())) == 2
    status, out, _ = run(capsys, "cache", "rm", "*", "--yes")
    assert out == "removed hf://lab/a/B\nremoved maxatac/MAX\n0.0 MB freed\n"
    assert list((cache / "models").iterdir()) == []
    status, _, err = run(capsys, "cache", "rm", "maxatac/CTCF", "--yes")
    assert status == 2
    assert "The cache must have the model. Received: name='maxatac/CTCF'" in err


def test_remove_asks_at_a_terminal_and_needs_a_yes_elsewhere(capsys, cache: Path, monkeypatch: pytest.MonkeyPatch):
    status, _, err = run(capsys, "cache", "rm", "*")
    assert status == 2
    assert "--yes must be given" in err
    for answer, left in (("\n", 4), ("n\n", 4), ("y\n", 3)):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True
        monkeypatch.setattr("sys.stdin", terminal)
        status, out, err = run(capsys, "cache", "rm", "maxatac/MAX")
        assert status == 0
        assert "Remove 1 model, 0.0 MB? [y/N]" in err
        assert len(models(capsys)) == left
        assert ("nothing removed" in out) is (left == 4)


@pytest.mark.parametrize("foreign", ["file", "link", "unreadable", "outside"])
def test_remove_never_takes_what_is_not_its_own(capsys, cache: Path, tmp_path: Path, foreign: str):
    (folder,) = (path for path in store.folders() if path.parent.name == "MAX")
    if foreign == "file":
        (folder / "notes.txt").write_text("mine")
    elif foreign == "link":
        (tmp_path / "mine").write_text("mine")
        (folder / "model.weights.h5").unlink()
        (folder / "model.weights.h5").symlink_to(tmp_path / "mine")
    elif foreign == "unreadable":
        (folder / "digests.json").write_text("{")
    else:
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    before = sorted(path for path in tmp_path.rglob("*") if path.parent.name != "locks")
    status, _, err = run(capsys, "cache", "rm", "maxatac/*", "--yes")
    if foreign == "outside":  # a link is no folder of the cache
        assert status == 0
        assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["digests.json", "model.weights.h5"]
        return
    assert status == 2
    assert "A folder to remove must hold nothing but the files of its model" in err
    assert sorted(path for path in tmp_path.rglob("*") if path.parent.name != "locks") == before


def test_verify_as_json_and_by_pattern(capsys, cache: Path):
    (folder,) = (path for path in store.folders() if path.parent.name == "MAX")
    (folder / "model.weights.h5").write_bytes(b"x")
    status, out, _ = run(capsys, "cache", "verify", "--json", "maxatac/*")
    found = json.loads(out)
    assert (status, [row["sound"] for row in found]) == (1, [True, True, False])
    assert "SHA-256" in found[2]["error"]
    assert run(capsys, "verify")[0] == 1


def test_what_was_removed_is_made_again(capsys, cache: Path):
    (folder,) = (path for path in store.folders() if path.parent.name == "MAX")
    run(capsys, "cache", "rm", "maxatac/MAX", "--yes")
    assert store.get(folder, _fill) == folder
    registry.audit(folder)
