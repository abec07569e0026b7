"""Digests of inputs: once a day for a file that stays, anew for one that changed in whatever way."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from zoo.files import hashed
from zoo.genome.sequence import Genome


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache file, of an empty cache; files count as large, and as settled if their time is old."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_REHASH", raising=False)
    monkeypatch.setattr(hashed, "_LARGE", 1)
    # no test can set the time of a change of the inode
    monkeypatch.setattr(
        hashed._Stamp, "settled", property(lambda self: self.mtime_ns / 1e9 + hashed._SETTLED < time.time())
    )
    return tmp_path / "cache" / "inputs.json"


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files whose digest was computed."""
    names, real = [], hashed.digests.sha256

    def sha256(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(hashed.digests, "sha256", sha256)
    return names


def write(path: Path, data: bytes, age: float = 100.0) -> Path:
    path.write_bytes(data)
    os.utime(path, (time.time() - age,) * 2)
    return path


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_once_for_a_file_that_stays(tmp_path: Path, kept: Path, computed: list[str]):
    one, other = write(tmp_path / "one", b"ACGT"), write(tmp_path / "other", b"TTTT")
    for _ in range(2):
        assert hashed.sha256(one) == digest(b"ACGT")
        assert hashed.sha256(other) == digest(b"TTTT")
    assert computed == ["one", "other"]
    assert set(json.loads(kept.read_text())["files"]) == {str(one), str(other)}


def test_anew_for_a_file_that_changed(tmp_path: Path, kept: Path, computed: list[str]):
    """By its bytes, by another file in its place, and by a change that keeps size and time of modification."""
    path = write(tmp_path / "one", b"ACGT")
    hashed.sha256(path)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"TCGT")
    os.utime(path, ns=times)
    assert hashed.sha256(path) == digest(b"TCGT")
    new = tmp_path / "new"
    new.write_bytes(b"GCGT")
    os.utime(new, ns=times)
    new.replace(path)
    assert hashed.sha256(path) == digest(b"GCGT")
    assert computed == ["one", "one", "one"]


@pytest.mark.parametrize("age", [1.0, -1000.0], ids=["just changed", "in the future"])
def test_a_file_that_may_change_again(age: float, tmp_path: Path, kept: Path, computed: list[str]):
    path = write(tmp_path / "one", b"ACGT", age)
    assert [hashed.sha256(path), hashed.sha256(path)] == [digest(b"ACGT")] * 2
    assert computed == ["one", "one"]
    assert not kept.exists()


def test_the_time_of_a_change_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file whose time was set back was changed now all the same."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    assert not hashed._Stamp.of(write(tmp_path / "one", b"ACGT")).settled
    assert hashed._Stamp(4, 0, 0, 1, 1).settled


def test_small_files_are_not_kept(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hashed, "_LARGE", 5)
    hashed.sha256(write(tmp_path / "one", b"ACGT"))
    assert not kept.exists()


def test_a_switch(tmp_path: Path, kept: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "one", b"ACGT")
    hashed.sha256(path)
    monkeypatch.setenv("ZOO_REHASH", "1")
    hashed.sha256(path)
    assert computed == ["one", "one"]


def test_after_a_day(tmp_path: Path, kept: Path, computed: list[str]):
    path = write(tmp_path / "one", b"ACGT")
    hashed.sha256(path)
    content = json.loads(kept.read_text())
    content["files"][str(path)]["at"] -= 86_400
    kept.write_text(json.dumps(content))
    hashed.sha256(path)
    assert computed == ["one", "one"]
    content["files"][str(path)]["at"] += 3 * 86_400  # a clock that was wrong
    kept.write_text(json.dumps(content))
    hashed.sha256(path)
    assert computed == ["one", "one", "one"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\x00", b"[]", b'{"schema": 2, "files": {}}', b'{"schema": 1, "files": {"a": 3}}']
)
def test_a_damaged_cache(content: bytes, tmp_path: Path, kept: Path, computed: list[str]):
    """It is ignored, and replaced."""
    kept.parent.mkdir()
    kept.write_bytes(content)
    path = write(tmp_path / "one", b"ACGT")
    assert [hashed.sha256(path), hashed.sha256(path)] == [digest(b"ACGT")] * 2
    assert computed == ["one"]


def test_a_cache_of_another_user(tmp_path: Path, kept: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "one", b"ACGT")
    hashed.sha256(path)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert hashed.sha256(path) == digest(b"ACGT")
    assert computed == ["one", "one"]


def test_a_link_in_the_place_of_the_cache(tmp_path: Path, kept: Path, computed: list[str]):
    path = write(tmp_path / "one", b"ACGT")
    hashed.sha256(path)
    kept.rename(tmp_path / "elsewhere.json")
    kept.symlink_to(tmp_path / "elsewhere.json")
    hashed.sha256(path)
    assert computed == ["one", "one"]


def test_a_cache_that_cannot_be_written(tmp_path: Path, kept: Path, computed: list[str]):
    kept.parent.write_text("a file")
    path = write(tmp_path / "one", b"ACGT")
    assert [hashed.sha256(path), hashed.sha256(path)] == [digest(b"ACGT")] * 2
    assert computed == ["one", "one"]


def test_the_oldest_are_dropped(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hashed, "_MOST", 2)
    for name in "abc":
        hashed.sha256(write(tmp_path / name, b"ACGT"))
    assert [Path(name).name for name in json.loads(kept.read_text())["files"]] == ["b", "c"]


def test_a_genome(genome_files, tmp_path: Path, kept: Path, computed: list[str]):
    data = genome_files.genome.read_bytes()
    genome = Genome(write(tmp_path / "g.2bit", data))
    assert genome.identity() == genome.identity() == {"bytes": len(data), "sha256": digest(data)}
    assert computed == ["g.2bit"]
