"""From the index to verified bytes in the cache, with every fault on the way."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import release

import registry
from registry import digests, store
from registry.errors import IntegrityError, OfflineMiss, ZooError, ZooWarning

MODEL = "models/TEST/TEST_1.h5"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A release, its index, an empty cache, and no source set."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("ZOO_SHARED", raising=False)
    monkeypatch.setattr("registry.download.time.sleep", lambda _: None)
    root = tmp_path / "release"
    return root, *release.write(root, b"the weights")


def copy(files, target: Path) -> None:
    """A conversion that keeps the bytes as they are."""
    for role, data in files.items():
        (target / role).write_bytes(data)


def cached(tmp_path: Path) -> list[str]:
    files = (path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(str(path.relative_to(tmp_path)) for path in files)


def test_mirror_folder(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    assert not registry.is_cached(family, entry)
    folder = registry.fetch_entry(family, entry, copy)
    assert (folder / "model").read_bytes() == b"the weights"
    assert registry.is_cached(family, entry)
    shutil.rmtree(root)
    assert registry.fetch_entry(family, entry, copy) == folder  # from the cache alone
    assert not list((tmp_path / "cache").rglob(".staging-*"))


def test_shared_is_a_mirror_too(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    root.rename(tmp_path / "maxatac_data")
    monkeypatch.setenv("ZOO_SHARED", str(tmp_path))
    assert (registry.fetch_entry(family, entry, copy) / "model").read_bytes() == b"the weights"


def test_upstream_release(place, monkeypatch: pytest.MonkeyPatch):
    root, family, entry = place
    with release.serve(root) as server:
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        registry.fetch_entry(family, entry, copy)
        registry.fetch_entry(family, entry, copy)
        assert server.requests == {MODEL: 1, "models/TEST/TEST.tsv": 1}  # the second came from the cache


def test_public_address():
    family = registry.families()["maxatac"]
    assert family.upstream.address("models/CTCF/x.h5") == (
        "https://raw.githubusercontent.com/MiraldiLab/maxATAC_data/43f19e99471ea0a037f5165c27c73520eaeec309/models/CTCF/x.h5"
    )


@pytest.mark.parametrize("faults", [[503], [429, 500], ["drop"], ["cut", "cut"], ["drop", 503]])
def test_passing_faults_are_retried(place, monkeypatch: pytest.MonkeyPatch, faults: list):
    root, family, entry = place
    with release.serve(root) as server:
        server.faults[MODEL] = list(faults)
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        folder = registry.fetch_entry(family, entry, copy)
        assert (folder / "model").read_bytes() == b"the weights"
        assert server.requests[MODEL] == len(faults) + 1


@pytest.mark.parametrize(
    ("faults", "error", "message", "requests"),
    [
        ([404], OfflineMiss, "HTTP 404", 1),
        ([403], OfflineMiss, "HTTP 403", 1),
        ([503] * 4, OfflineMiss, "HTTP 503", 4),
        (["drop"] * 4, OfflineMiss, MODEL, 4),
    ],
)
def test_lasting_faults_name_the_file(
    place, monkeypatch, tmp_path, faults: list, error: type, message: str, requests: int
):
    root, family, entry = place
    with release.serve(root) as server:
        server.faults[MODEL] = list(faults)
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        with pytest.raises(error, match=message) as caught:
            registry.fetch_entry(family, entry, copy)
        assert MODEL in str(caught.value)
        assert server.requests[MODEL] == requests
        assert cached(tmp_path) == []
        assert registry.fetch_entry(family, entry, copy).is_dir()  # and the next call succeeds


def test_truncated_download_is_refused(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    with release.serve(root) as server:
        server.faults[MODEL] = ["cut"] * 4
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        with pytest.raises(OfflineMiss, match="5 of 11 bytes arrived"):
            registry.fetch_entry(family, entry, copy)
    assert cached(tmp_path) == []


def test_wrong_digest_is_refused_with_both_named(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    (root / MODEL).write_bytes(b"the weighty")
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.warns(ZooWarning), pytest.raises(IntegrityError) as caught:
        registry.fetch_entry(family, entry, copy)
    assert entry.files["model"].sha256 in str(caught.value)
    assert hashlib.sha256(b"the weighty").hexdigest() in str(caught.value)
    assert MODEL in str(caught.value)
    assert cached(tmp_path) == []


def test_a_damaged_mirror_is_passed_over(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    shutil.copytree(root, tmp_path / "damaged")
    (tmp_path / "damaged" / MODEL).write_bytes(b"the weighty")
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "damaged"))
    with release.serve(root) as server:
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        with pytest.warns(ZooWarning, match="This source is passed over"):
            folder = registry.fetch_entry(family, entry, copy)
    assert (folder / "model").read_bytes() == b"the weights"


def test_nothing_reachable_lists_what_was_tried(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    _, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("ZOO_UPSTREAM", "http://127.0.0.1:9")
    with pytest.raises(OfflineMiss) as caught:
        registry.fetch_entry(family, entry, copy)
    for tried in ("not in the cache", f"ZOO_MIRROR={tmp_path / 'nowhere'}", "http://127.0.0.1:9", "refused"):
        assert tried in str(caught.value)


def test_offline_uses_no_network(place, monkeypatch: pytest.MonkeyPatch):
    root, family, entry = place
    with release.serve(root) as server:
        monkeypatch.setenv("ZOO_UPSTREAM", server.url)
        for switch in ("ZOO_OFFLINE", "HF_HUB_OFFLINE"):
            monkeypatch.setenv(switch, "1")
            with pytest.raises(OfflineMiss, match="switched off"):
                registry.fetch_entry(family, entry, copy)
            monkeypatch.delenv(switch)
        assert not server.requests


@pytest.mark.parametrize("damage", ["flip", "remove", "add", "digests"])
def test_a_damaged_cache_is_made_again(place, monkeypatch: pytest.MonkeyPatch, damage: str):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    folder = registry.fetch_entry(family, entry, copy)
    match damage:
        case "flip":
            (folder / "model").write_bytes(b"the weighty")
        case "remove":
            (folder / "model").unlink()
        case "add":
            (folder / "more").write_bytes(b"")
        case "digests":
            (folder / digests.DIGESTS).write_text("{")
    with pytest.warns(ZooWarning, match="made again"):
        assert registry.fetch_entry(family, entry, copy) == folder
    assert (folder / "model").read_bytes() == b"the weights"
    digests.verify(folder)


def test_a_conversion_that_fails_leaves_nothing(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))

    def fail(files, target: Path) -> None:
        copy(files, target)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.fetch_entry(family, entry, fail)
    assert cached(tmp_path) == []


def test_four_processes_at_once(tmp_path: Path):
    root = tmp_path / "release"
    release.write(root, b"the weights" * 100_000)
    code = (
        "import sys, pathlib, release, registry, test_registry_store as t\n"
        f"own = pathlib.Path({str(tmp_path / 'own')!r}) / sys.argv[1]\n"
        "family, entry = release.write(own, b'the weights' * 100_000)\n"
        "print(registry.fetch_entry(family, entry, t.copy))\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parent),
        "ZOO_CACHE": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "ZOO_MIRROR": str(root),
    }
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], env=environment, stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    answers = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    (folder,) = answers
    digests.verify(Path(folder))
    assert [path.name for path in Path(folder).parent.iterdir()] == [Path(folder).name]


def test_an_unwritable_cache_is_named(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(ZooError, match="cache must be writable"):
        registry.fetch_entry(family, entry, copy)


def test_new_bytes_in_the_index_are_another_folder(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    old = registry.fetch_entry(family, entry, copy)
    new_family, new_entry = release.write(root, b"better weights")
    new = registry.fetch_entry(new_family, new_entry, copy)
    assert old != new
    assert (new / "model").read_bytes() == b"better weights"


CONVERT = """
import sys, keras, zoo
print("ready", flush=True)
zoo.fetch("maxatac/CTCF")
"""


@pytest.mark.slow
def test_kill_during_conversion(shared: Path, tmp_path: Path):
    """SIGKILL at 20 random moments of a conversion: the next call repairs what is left."""
    import random

    moments = random.Random(0)
    environment = {**os.environ, "ZOO_CACHE": str(tmp_path), "ZOO_SHARED": str(shared)}
    for _ in range(20):
        shutil.rmtree(tmp_path / "models", ignore_errors=True)
        arguments = [sys.executable, "-c", CONVERT]
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.wait()
        process.stdout.close()
    done = subprocess.run([sys.executable, "-m", "zoo", "check", "maxatac/CTCF"], env=environment, capture_output=True)
    assert done.returncode == 0


def test_a_model_is_not_lost_before_there_is_another(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    folder = registry.fetch_entry(family, entry, copy)
    (folder / ".DS_Store").write_text("a file of the system's")
    assert registry.fetch_entry(family, entry, copy) == folder  # is nobody's business
    (folder / "thresholds").write_text("damaged")
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.warns(ZooWarning), pytest.raises(OfflineMiss):
        registry.fetch_entry(family, entry, copy)
    assert (folder / "model").read_bytes() == b"the weights"  # still there for whoever mends it


def test_an_address_that_is_none(place, monkeypatch: pytest.MonkeyPatch):
    _, family, entry = place
    monkeypatch.setenv("ZOO_UPSTREAM", "notaurl")
    with pytest.raises(OfflineMiss, match="unknown url type"):
        registry.fetch_entry(family, entry, copy)


# --- who vouches for a cached folder


def forge(folder: Path, name: str, data: bytes) -> None:
    """Replace a file and what the folder says of it, as whoever can write to the cache can."""
    path = folder / name
    stamp = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    digests.write_digests(folder, {"source": "a forger"})


@pytest.mark.parametrize("content", [b"the weights", b"x" * (33 << 20)], ids=["small", "large"])
def test_a_cache_is_not_checked_against_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def make(target: Path) -> dict[str, str]:
        (target / "model").write_bytes(content)
        return {}

    folder = store.get(store.place("test", "A", key=1), make)
    forge(folder, "model", b"e" + content[1:])
    with pytest.warns(ZooWarning, match="must come with a receipt"):
        store.get(folder, make)
    assert (folder / "model").read_bytes() == content
    with open(folder / "model", "r+b") as handle:  # size and time stamp alone convince nobody
        stamp = (folder / "model").stat()
        handle.write(b"e")
    os.utime(folder / "model", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.warns(ZooWarning, match="SHA-256 must be"):
        store.get(folder, make)
    assert (folder / "model").read_bytes() == content


def test_receipts_are_not_in_the_cache(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """So that whoever replaces every digest in it still convinces nobody; and a receipt is for one place."""
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    folder = registry.fetch_entry(family, entry, copy)
    assert not list((tmp_path / "cache").rglob("receipts"))
    assert len(list((tmp_path / "state" / "chromatin-zoo" / "receipts").iterdir())) == 1
    other = folder.parent / "0123456789abcdef"
    shutil.copytree(folder, other)
    with pytest.warns(ZooWarning, match="receipt"):
        store.get(other, lambda target: copy({"model": b"another model"}, target) or {})
    assert (other / "model").read_bytes() == b"another model"


def test_a_cache_that_somebody_else_filled(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Made again where that is possible, else refused, unless the user trusts whoever can write to it."""
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    folder = registry.fetch_entry(family, entry, copy)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "somebody else"))
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.warns(ZooWarning, match="receipt"), pytest.raises(OfflineMiss) as caught:
        registry.fetch_entry(family, entry, copy)
    assert "ZOO_TRUST_CACHE=1" in caught.value.__notes__[0]
    monkeypatch.setenv("ZOO_TRUST_CACHE", "1")
    assert registry.fetch_entry(family, entry, copy) == folder
    (folder / "model").write_bytes(b"the weighty")  # trusted, but damaged
    with pytest.warns(ZooWarning, match="SHA-256"), pytest.raises(OfflineMiss):
        registry.fetch_entry(family, entry, copy)


def test_a_home_that_cannot_keep_receipts(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.warns(ZooWarning, match="No receipt could be kept"):
        folder = registry.fetch_entry(family, entry, copy)
    assert (folder / "model").read_bytes() == b"the weights"


@pytest.mark.parametrize("kind", ["file", "dangling link", "link to a folder", "empty folder", "half of it"])
def test_what_lies_in_a_folders_place(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str):
    """A cache that is damaged in any way is made again; what a link leads to stays as it was."""
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    folder = registry.fetch_entry(family, entry, copy)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    if kind == "half of it":
        (folder / "model").unlink()
    else:
        shutil.rmtree(folder)
    match kind:
        case "file":
            folder.write_text("x")
        case "dangling link":
            folder.symlink_to(tmp_path / "nowhere")
        case "link to a folder":
            folder.symlink_to(tmp_path / "mine")
        case "empty folder":
            folder.mkdir()
    with pytest.warns(ZooWarning, match="made again"):
        assert (registry.fetch_entry(family, entry, copy) / "model").read_bytes() == b"the weights"
    assert not folder.is_symlink()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["models", "locks", "models/maxatac"])
def test_a_cache_with_a_file_for_a_folder(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    (tmp_path / "cache" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / name).write_text("")
    with pytest.raises(ZooError, match="cache must be writable"):
        registry.fetch_entry(family, entry, copy)


@pytest.mark.parametrize("value", ["~nobody-of-this-name/cache", "x" * 5000])
def test_a_cache_that_is_no_path(place, monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("ZOO_CACHE", value)
    with pytest.raises(ZooError, match="ZOO_CACHE must be a path"):
        registry.fetch_entry(*place[1:], copy)


def test_a_lock_that_is_a_link_is_not_followed(place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    root, family, entry = place
    monkeypatch.setenv("ZOO_MIRROR", str(root))
    (tmp_path / "thesis.txt").write_text("precious")
    locks = tmp_path / "cache" / "locks"
    locks.mkdir(parents=True)
    (locks / f"{registry.place_of(family, entry).name}.lock").symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(ZooError, match="is a link"):
        registry.fetch_entry(family, entry, copy)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 1, "source": {}, "files": {"model": {"size": 1e400, "sha256": "%s"}}}' % ("0" * 64),
        '{"schema": 1, "source": {}, "files": {"model": {"size": -1, "sha256": "%s"}}}' % ("0" * 64),
        '{"schema": 1, "source": {}, "files": {"model": {"size": 1, "sha256": "../../x"}}}',
        '{"schema": 1, "source": {"source": "\\u001b[2J"}, "files": {}}',
        '{"schema": 1, "source": {"source": 5}, "files": {}}',
        '{"schema": true, "source": {}, "files": {}}',
        '{"schema": 1, "source": {}, "files": {}, "schema": 1}',
        '{"schema": 1, "source": {}, "files": ' + '{"a":' * 900 + "1" + "}" * 901,
        "\xff",
    ],
)
def test_odd_digests(tmp_path: Path, text: str):
    (tmp_path / digests.DIGESTS).write_text(text, encoding="latin-1")
    with pytest.raises(IntegrityError, match=r"digests\.json") as caught:
        digests.verify(tmp_path)
    assert "\x1b" not in str(caught.value)


def test_passwords_are_in_no_record(place, monkeypatch: pytest.MonkeyPatch):
    root, family, entry = place
    with release.serve(root) as server:
        monkeypatch.setenv("ZOO_UPSTREAM", server.url.replace("http://", "http://alice:S3/CR#ET@"))
        with pytest.raises(OfflineMiss) as caught:
            registry.fetch_entry(family, entry, copy)  # no such address: its password ends the host
        monkeypatch.setenv("ZOO_UPSTREAM", server.url.replace("http://", "http://alice:S3CRET@"))
        folder = registry.fetch_entry(family, entry, copy)
    assert "CR" not in str(caught.value)
    assert "S3" not in (folder / digests.DIGESTS).read_text()
    assert "http://***@127.0.0.1" in digests.read_digests(folder).source["source"]
