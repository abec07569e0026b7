"""Models on the Hub: the real client against a server on the loopback that can be told to fail."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import registry
from registry import address, digests, installation, pinning, publish
from registry.errors import HubError, InputError, IntegrityError, OfflineMiss, ZooWarning

REPO = "lab/test"


def make(root: Path, model: str, content: str = "weights", family: str = "test") -> Path:
    """A model folder: enough for the registry, which does not look into weights."""
    folder = root / model
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "name": f"{family}/{model}",
        "description": f"{model} of tests",
        "metrics": {"best_f1": 0.5},
        "provenance": {"citation": "nobody", "license": "none"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.weights.h5").write_text(content + model)
    (folder / "golden.npz").write_text("golden")
    (folder / "README.md").write_text(f"# {model}\n")
    digests.write_digests(folder, {"source": "tests"})
    return folder


def release(tmp_path: Path, models: list[str], tag: str = "v1.0", content: str = "weights"):
    folders = [make(tmp_path / f"made-{content}", model, content) for model in models]
    return publish(folders, REPO, tag, families=tmp_path / "families")


def never(family, entry):
    def convert(files, target: Path) -> None:
        raise AssertionError("nothing is converted here")

    return convert


def fetch(name: str) -> Path:
    return registry.fetch(name, never)


def weights(folder: Path) -> str:
    return (folder / "model.weights.h5").read_text()


def empty_cache(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


def test_127_models_in_one_commit_and_back(hub, tmp_path: Path):
    models = [f"M{number}" for number in range(127)]
    done = release(tmp_path, models)
    repo = hub.repos[REPO]
    assert done.new_commit
    assert len(done.files) == 127 * 4 + 2
    assert ["M0/config.json" in commit.files for commit in repo.commits] == [False, True]
    assert repo.tags["v1.0"] == done.commit == repo.commits[-1].sha
    assert json.loads(done.index.read_text())["hub"]["commit"] == done.commit
    empty_cache(tmp_path)
    for model in models:
        folder = fetch(f"test/{model}")
        made = tmp_path / "made-weights" / model
        for path in made.iterdir():
            if path.name != digests.DIGESTS:
                assert (folder / path.name).read_bytes() == path.read_bytes()


def test_publishing_again_makes_no_commit(hub, tmp_path: Path):
    first = release(tmp_path, ["A", "B"])
    again = release(tmp_path, ["A", "B"])
    assert (again.new_commit, again.commit, again.files) == (False, first.commit, {})
    more = release(tmp_path, ["C"], tag="v1.1")
    assert more.new_commit
    assert set(more.files) == {
        *(f"C/{name}" for name in ("config.json", "model.weights.h5", "golden.npz", "README.md")),
        "config.json",
        "README.md",
    }
    assert weights(fetch("test/A")) == "weightsA"  # what was there stays
    assert weights(fetch("test/C")) == "weightsC"


def test_a_tag_is_for_one_release(hub, tmp_path: Path):
    release(tmp_path, ["A"])
    with pytest.raises(InputError, match="A tag must be new"):
        release(tmp_path, ["A"], content="better")
    done = release(tmp_path, ["A"], content="better", tag="v1.1")
    assert set(done.files) == {"A/model.weights.h5", "config.json", "README.md"}


def test_dry_run_writes_nothing(hub, tmp_path: Path):
    done = publish([make(tmp_path / "made", "A")], REPO, "v1.0", dry_run=True, families=tmp_path / "families")
    assert done.commit is None
    assert done.files["A/model.weights.h5"] == len("weightsA")
    assert REPO not in hub.repos
    assert not list((tmp_path / "families").iterdir())


def test_revisions(hub, tmp_path: Path):
    first = release(tmp_path, ["A"])
    release(tmp_path, ["A"], content="better", tag="v1.1")
    assert weights(fetch("test/A")) == "betterA"
    assert weights(fetch("test/A@v1.0")) == "weightsA"
    assert weights(fetch(f"hf://{REPO}/A@v1.1")) == "betterA"
    assert weights(fetch(f"hf://{REPO}/A")) == "betterA"
    old = fetch(f"hf://{REPO}/A@{first.commit}")
    assert weights(old) == "weightsA"
    assert digests.read_digests(old).source["commit"] == first.commit
    assert digests.read_digests(fetch("test/A@v1.0")).source["source"] == f"hf://{REPO}/A@v1.0"
    pinned = address.Pinned(*registry.resolve("test/A"))
    assert address.of("test/A@v1.0") == address.Hub("test/A@v1.0", REPO, "A", "v1.0", pinned)
    assert address.of(f"test/A@{pinned.family.hub.commit[:7]}") == pinned
    with pytest.raises(OfflineMiss, match="v9"):
        fetch("test/A@v9")
    with pytest.raises(OfflineMiss, match="the index has no B; it has A"):
        fetch(f"hf://{REPO}/B")


def test_offline_after_the_first_time(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    release(tmp_path, ["A"])
    names = ("test/A", f"hf://{REPO}/A@v1.0")
    folders = [fetch(name) for name in names]
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    before = len(hub.requests)
    assert [fetch(name) for name in names] == folders
    assert len(hub.requests) == before
    empty_cache(tmp_path)
    with pytest.raises(OfflineMiss, match="switched off"):
        fetch("test/A")


def test_private_repositories_need_the_token(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    publish([make(tmp_path / "made", "A")], REPO, "v1.0", private=True, families=tmp_path / "families")
    assert weights(fetch("test/A")) == "weightsA"
    empty_cache(tmp_path)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(OfflineMiss, match="needs a token"):
        fetch("test/A")
    monkeypatch.setenv("HF_TOKEN", "other")
    with pytest.raises(HubError, match=REPO):
        release(tmp_path, ["B"], tag="v1.1")


@pytest.mark.parametrize("path", ["A/model.weights.h5", "config.json", "A/README.md"])
def test_a_flipped_bit_is_fetched_once_more(hub, tmp_path: Path, path: str):
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    hub.fail("resolve", path, ["flip"])
    assert weights(fetch("test/A")) == "weightsA"


@pytest.mark.parametrize("path", ["A/model.weights.h5", "config.json"])
def test_bytes_that_stay_wrong_are_refused(hub, tmp_path: Path, path: str):
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    hub.fail("resolve", path, ["flip"] * 8)
    with pytest.warns(ZooWarning), pytest.raises(IntegrityError, match=f"{path}.*promised.*found"):
        fetch("test/A")
    assert not [p for p in (tmp_path / "cache" / "models").rglob("*") if p.is_file()]
    hub.faults.clear()
    assert weights(fetch("test/A")) == "weightsA"  # nothing wrong was kept


@pytest.mark.parametrize("fault", [429, 500, 503, "cut", "drop", "no-etag", ("slow", 1)])
def test_a_passing_fault_ends_in_success(hub, tmp_path: Path, fault: object):
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    hub.fail("resolve", "A/model.weights.h5", [fault])
    assert weights(fetch("test/A")) == "weightsA"


@pytest.mark.parametrize("fault", [401, 403, 404, "drop"])
def test_a_lasting_fault_names_the_file(hub, tmp_path: Path, fault: object):
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    hub.fail("resolve", "A/model.weights.h5", [fault] * 20)
    with pytest.raises(OfflineMiss, match=r"A/model\.weights\.h5"):
        fetch("test/A")
    hub.faults.clear()
    assert weights(fetch("test/A")) == "weightsA"


def test_a_tag_that_moves_between_two_files(hub, tmp_path: Path):
    first = release(tmp_path, ["A"])
    second = release(tmp_path, ["A"], content="better", tag="v1.1")
    empty_cache(tmp_path)
    moved = []

    def move(kind: str, path: str) -> None:
        if not moved and "model.weights" in path:
            moved.append(hub.move_tag(REPO, "v1.0", second.commit))

    hub.before = move
    folder = fetch(f"hf://{REPO}/A@v1.0")
    assert moved
    assert weights(folder) == "weightsA"  # all files are of the commit that the tag meant at first
    assert digests.read_digests(folder).source["commit"] == first.commit


EIGHT = """
import sys, registry
def never(family, entry): return None
print(registry.fetch("test/A", never))
"""


def environment(hub, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": os.pathsep.join(sys.path)}


def test_eight_processes_download_once(hub, tmp_path: Path):
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    hub.requests.clear()
    arguments = [sys.executable, "-c", EIGHT]
    processes = [
        subprocess.Popen(arguments, env=environment(hub, tmp_path), stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    folders = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 8
    assert len(folders) == 1
    downloads = [request for request in hub.requests if request[0] == "GET" and "model.weights.h5" in request[1]]
    assert len(downloads) == 1


def test_kill_at_any_moment(hub, tmp_path: Path):
    """SIGKILL at 20 random moments of a download: the next call repairs what is left."""
    release(tmp_path, ["A"])
    moments = random.Random(0)
    for _ in range(20):
        empty_cache(tmp_path)
        process = subprocess.Popen(
            [sys.executable, "-c", EIGHT], env=environment(hub, tmp_path), stdout=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.05, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert weights(fetch("test/A")) == "weightsA"


PUBLISH = """
import sys
from registry import publish
publish([sys.argv[1]], "lab/test", sys.argv[2], families=sys.argv[3])
"""


def test_kill_during_publishing(hub, tmp_path: Path):
    """All of a release is there or nothing; publishing again completes it."""
    release(tmp_path, ["A"])
    moments = random.Random(1)
    for number in range(20):
        folder = make(tmp_path / f"made-{number}", "A", f"w{number}")
        arguments = [sys.executable, "-c", PUBLISH, str(folder), f"v2.{number}", str(tmp_path / "families")]
        process = subprocess.Popen(arguments, env=environment(hub, tmp_path), stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 1.2))
        process.kill()
        process.wait()
        publish([folder], REPO, f"v2.{number}", families=tmp_path / "families")
        registry.families.cache_clear()
        assert weights(fetch("test/A")) == f"w{number}A"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index.update(extra=1), "unknown"),
        (
            lambda index: index["models"]["A"]["files"].update({"../../x.json": {"size": 1, "sha256": "0" * 64}}),
            "plain name",
        ),
        (
            lambda index: index["models"]["A"]["files"].update({"/etc/x.json": {"size": 1, "sha256": "0" * 64}}),
            "plain name",
        ),
        (lambda index: index["models"]["A"]["files"].update({"x.pkl": {"size": 1, "sha256": "0" * 64}}), "plain name"),
        (
            lambda index: index["models"]["A"]["files"].update({"C:x.json": {"size": 1, "sha256": "0" * 64}}),
            "plain name",
        ),
        (lambda index: index["models"].update({"../B": index["models"]["A"]}), "names family/MODEL"),
        (lambda index: index["models"]["A"].update(facts="high"), "facts"),
        (lambda index: index["models"]["A"]["files"]["README.md"].update(size="1"), "size"),
    ],
)
def test_a_hostile_index_is_refused(hub, tmp_path: Path, change, message: str):
    """At a revision that the user chose, nothing but the index's own rules stands between it and the disk."""
    from huggingface_hub import HfApi

    release(tmp_path, ["A"])
    index = json.loads(hub.repos[REPO].commits[-1].files["config.json"])
    change(index)
    HfApi(endpoint=hub.url, token="secret").upload_file(
        path_or_fileobj=json.dumps(index).encode(), path_in_repo="config.json", repo_id=REPO
    )
    with pytest.raises((IntegrityError, InputError), match=message), pytest.warns(ZooWarning):
        fetch(f"hf://{REPO}/A")
    assert not [p for p in (tmp_path / "cache" / "models").rglob("*") if p.is_file()]


def test_what_may_not_be_published(hub, tmp_path: Path):
    folder = make(tmp_path / "made", "A")
    (folder / "notes.pkl").write_text("x")
    digests.write_digests(folder, {})
    with pytest.raises(InputError, match=r"notes\.pkl"):
        publish([folder], REPO, "v1.0")
    (folder / "notes.pkl").unlink()
    with pytest.raises(IntegrityError):
        publish([folder], REPO, "v1.0")  # digests are of another state
    other = make(tmp_path / "made", "B", family="other")
    with pytest.raises(InputError, match="one family"):
        publish([make(tmp_path / "made", "A"), other], REPO, "v1.0")
    assert REPO not in hub.repos


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"repo": "test"}, "A repository must be org/name"),
        ({"repo": "lab/../x"}, "A repository must be org/name"),
        ({"repo": "https://huggingface.co/lab/test"}, "A repository must be org/name"),
        ({"tag": "v1/0"}, "A tag must be of letters"),
        ({"tag": "a b"}, "A tag must be of letters"),
        ({"families": "made/A/config.json"}, "folder of the index must be one that can be written"),
        ({"families": "made/A/config.json/x"}, "folder of the index must be one that can be written"),
        ({"families": "bad"}, "schema|JSON"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_forms_are_checked_before_the_hub_is_asked(
    hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict, said: str, dry_run: bool
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "test.json").write_text("x")
    folder = make(tmp_path / "made", "A")
    hub.requests.clear()
    with pytest.raises((InputError, IntegrityError), match=said):
        publish([folder], **{"repo": REPO, "tag": "v1.0", **how}, dry_run=dry_run)
    assert not hub.requests


def test_a_card_holds_text_only(hub, tmp_path: Path):
    folder = make(tmp_path / "made", "A")
    config = json.loads((folder / "config.json").read_text())
    config["description"] = "<script>alert(1)</script> ` | x"
    (folder / "config.json").write_text(json.dumps(config))
    digests.write_digests(folder, {})
    publish([folder], REPO, "v1.0", families=tmp_path / "families")
    card = hub.repos[REPO].commits[-1].files["README.md"].decode()
    assert "<script" not in card
    assert "alert(1)" in card
    assert card.startswith("---\nlibrary_name: keras\n")


def test_disk_full(tmp_path: Path, shared: Path):
    """A quota of 300 kB per file: a clear error in one line, and nothing is left behind."""
    code = (
        "import resource, signal, zoo\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try: zoo.load('maxatac/CTCF')\n"
        "except zoo.errors.ZooError as error: print(error)\n"
    )
    environment = {**os.environ, "ZOO_CACHE": str(tmp_path), "ZOO_SHARED": str(shared)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "The cache must be writable: File too large." in done.stdout
    assert not [path for path in (tmp_path / "models").rglob("*") if path.is_file() or ".staging" in path.name]


# --- a server that may say anything


@pytest.mark.parametrize("name", ["ETag", "X-Linked-ETag", "X-Repo-Commit", "Content-Disposition"])
@pytest.mark.parametrize("pinned", [False, True])
def test_a_servers_word_names_no_file(hub, tmp_path: Path, name: str, pinned: bool):
    """Absolute, upwards, whatever: nothing appears outside the cache, and what is there stays."""
    release(tmp_path, ["A"])
    empty_cache(tmp_path)
    victim = tmp_path / "thesis.txt"
    for text in (str(victim), f'"{victim}"', "../../../../thesis.txt", str(tmp_path / "new.txt")):
        victim.write_text("precious")
        hub.headers = {name: text}
        before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts and "state" not in path.parts}
        assert weights(fetch("test/A" if pinned else f"hf://{REPO}/A@v1.0")) == "weightsA"
        after = {path for path in tmp_path.rglob("*") if "cache" not in path.parts and "state" not in path.parts}
        assert (after, victim.read_text()) == (before, "precious")
        empty_cache(tmp_path)


@pytest.mark.parametrize(
    "said", ["../../x", "/etc/passwd", "main", "a" * 39, "A" * 40, "a" * 41, "", 5, None, ["a" * 40], f"{'a' * 40}\n"]
)
def test_a_commit_is_40_hex_digits(hub, tmp_path: Path, said: object):
    release(tmp_path, ["A"])
    hub.commit_said = [] if said is None else said
    with pytest.raises(IntegrityError, match="40 hex digits"):
        fetch(f"hf://{REPO}/A@v1.0")
    with pytest.raises(IntegrityError, match="40 hex digits"):
        release(tmp_path, ["B"], tag="v1.1")
    assert not list((tmp_path / "state").rglob("notes/*"))


def test_a_note_that_was_tampered_with_is_no_path(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    release(tmp_path, ["A"])
    fetch(f"hf://{REPO}/A@v1.0")
    (note,) = (tmp_path / "state").rglob("notes/*")
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert weights(fetch(f"hf://{REPO}/A@v1.0")) == "weightsA"
    for text in ("../../../x", "/etc", "\xff"):
        note.write_bytes(text.encode("latin-1"))
        with pytest.raises((IntegrityError, OfflineMiss)):
            fetch(f"hf://{REPO}/A@v1.0")


def hostile(hub, change) -> None:
    """Let the repository have another index, which no package pins."""
    from huggingface_hub import HfApi

    index = json.loads(hub.repos[REPO].commits[-1].files["config.json"])
    change(index)
    HfApi(endpoint=hub.url, token="secret").upload_file(
        path_or_fileobj=json.dumps(index).encode(), path_in_repo="config.json", repo_id=REPO
    )


STAMP = {"size": 1, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index["models"]["A"]["files"]["README.md"].update(size=10**15), "4,294,967,296"),
        (lambda index: index["models"]["A"]["files"]["README.md"].update(size=-1), "number of bytes"),
        (lambda index: index["models"]["A"]["files"]["README.md"].update(sha256="../x"), "64 lower-case"),
        (lambda index: index["models"]["A"]["files"].pop("golden.npz"), r"missing=\['golden.npz'\]"),
        (
            lambda index: index["models"]["A"]["files"].update({f"x{n}.md": STAMP for n in range(40)}),
            "at most 32 files",
        ),
        (
            lambda index: index["models"].update({f"M{n}": index["models"]["A"] for n in range(10_001)}),
            "at most 10,000",
        ),
        (lambda index: index["models"].update({"A@v1": index["models"]["A"]}), "names family/MODEL"),
        (lambda index: index.update(family="../test"), "names family/MODEL"),
        (lambda index: index["models"]["A"]["facts"].update(x=int("9" * 19)), "whole numbers"),
        (lambda index: index.update(title="\x1b]0;x\x07"), "control character"),
    ],
)
def test_an_absurd_index_is_refused(hub, tmp_path: Path, change, message: str):
    release(tmp_path, ["A"])
    hostile(hub, change)
    with pytest.raises(IntegrityError, match=message), pytest.warns(ZooWarning):
        fetch(f"hf://{REPO}/A")


@pytest.mark.parametrize("name", ["test/A", f"hf://{REPO}/A@v1.0"])
def test_a_cached_model_is_not_checked_against_itself(hub, tmp_path: Path, name: str):
    release(tmp_path, ["A"])
    folder = fetch(name)
    (folder / "model.weights.h5").write_text("evil")
    digests.write_digests(folder, digests.read_digests(folder).source)
    with pytest.warns(ZooWarning, match="receipt"):
        assert weights(fetch(name)) == "weightsA"


def test_a_pinned_model_needs_no_receipt(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Pin, index, files: whoever shares a cache can check these, and needs no network; other bytes are refused."""
    release(tmp_path, ["A"])
    folder = fetch("test/A")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "somebody else"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert fetch("test/A") == folder
    (index,) = (tmp_path / "cache" / "indexes").iterdir()
    forged = json.loads(index.read_text())
    (folder / "model.weights.h5").write_text("evil")
    digests.write_digests(folder, {})
    found = digests.read_digests(folder).files["model.weights.h5"]
    forged["models"]["A"]["files"]["model.weights.h5"] = {"size": found.size, "sha256": found.sha256}
    index.write_text(json.dumps(forged))
    with pytest.warns(ZooWarning, match="receipt"), pytest.raises(OfflineMiss):
        fetch("test/A")
    monkeypatch.delenv("ZOO_OFFLINE")
    with pytest.warns(ZooWarning, match="receipt"):
        assert weights(fetch("test/A")) == "weightsA"


def test_the_password_of_a_hub_is_in_no_message_and_no_record(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    release(tmp_path, ["A"])
    monkeypatch.setenv("HF_ENDPOINT", hub.url.replace("http://", "http://alice:S3CRET@"))
    monkeypatch.delenv("HF_TOKEN")
    folder = fetch(f"hf://{REPO}/A@v1.0")
    assert all(b"S3CRET" not in path.read_bytes() for path in folder.iterdir())
    for attempt in (lambda: fetch(f"hf://{REPO}/B@v1.0"), lambda: release(tmp_path, ["B"], tag="v2")):
        with pytest.raises((OfflineMiss, HubError)) as caught:
            attempt()
        assert "S3CRET" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        '{"name": "test/A"}',
        '{"name": "test/A", "description": "d", "metrics": {"best_f1": "x"}, "provenance": {}}',
        '{"name": "test/A", "description": "d", "metrics": {}, "provenance": []}',
        '{"name": "test/A", "description": "d", "metrics": {"a": 1e400}, "provenance": {}}',
        '{"name": "test/A", "description": "\\u001b[2J", "metrics": {}, "provenance": {}}',
        '{"name": "A", "description": "d", "metrics": {}, "provenance": {}}',
        '{"name": "test/../A", "description": "d", "metrics": {}, "provenance": {}}',
        '{"name": "test/A@v1", "description": "d", "metrics": {}, "provenance": {}}',
        "[]",
        "",
    ],
)
def test_a_config_is_checked_before_anything_is_uploaded(hub, tmp_path: Path, config: str):
    folder = make(tmp_path / "made", "A")
    (folder / "config.json").write_text(config)
    digests.write_digests(folder, {})
    hub.requests.clear()
    with pytest.raises((IntegrityError, InputError)):
        publish([folder], REPO, "v1.0")
    assert not hub.requests


def test_what_a_check_refuses_is_not_uploaded(hub, tmp_path: Path):
    looked_at = []

    def check(folder: Path) -> None:
        looked_at.append(folder.name)
        if folder.name == "B":
            raise IntegrityError("B must be better")

    hub.requests.clear()
    with pytest.raises(IntegrityError, match="better"):
        publish([make(tmp_path / "made", name) for name in "AB"], REPO, "v1.0", check=check)
    assert (looked_at, hub.requests) == (["A", "B"], [])
    with pytest.raises(InputError, match="given once"):
        publish([make(tmp_path / "made", "A"), make(tmp_path / "again", "A")], REPO, "v1.0")


@pytest.mark.parametrize("xet", [None, "installed"])
def test_publishing_needs_no_xet(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xet: str | None):
    """Neither the library nor a Hub that has it; by default its client uses nothing else."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    if xet is None:
        monkeypatch.setitem(sys.modules, "hf_xet", None)
    release(tmp_path, ["A"])
    assert constants.HF_HUB_DISABLE_XET is False
    assert hub.repos[REPO].commits[-1].files["A/model.weights.h5"] == b"weightsA"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection fails, and every name is unknown."""

    def fail(*_: object, **__: object):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.socket.connect", fail)
    monkeypatch.setattr("socket.getaddrinfo", fail)
    monkeypatch.setattr("registry.download.time.sleep", lambda seconds: None)


def test_a_dry_run_needs_no_network(hub, tmp_path: Path, no_network):
    """What is there already is not known, and counted with the rest."""
    with pytest.warns(ZooWarning, match="Files that the Hub has already are counted, too.*Network is unreachable"):
        done = publish([make(tmp_path / "made", "A")], REPO, "v1.0", dry_run=True)
    assert sorted(done.files) == [
        *(f"A/{name}" for name in ("README.md", "config.json", "golden.npz", "model.weights.h5")),
        "README.md",
        "config.json",
    ]
    with pytest.raises(HubError, match="The Hub must be reachable"):
        publish([tmp_path / "made" / "A"], REPO, "v1.0")
    assert not list((tmp_path / "families").iterdir())


def test_a_network_that_is_switched_off(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    hub.requests.clear()
    with pytest.warns(ZooWarning, match="switched off by ZOO_OFFLINE"):
        assert publish([make(tmp_path / "made", "A")], REPO, "v1.0", dry_run=True).new_commit
    with pytest.raises(InputError, match=r"Publishing must be allowed to use the network\. Unset ZOO_OFFLINE"):
        publish([tmp_path / "made" / "A"], REPO, "v1.0")
    assert not hub.requests


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_installed_package_is_not_changed(hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool):
    """Its own folder is no place for an index: refused before the Hub is asked, unless another one is named."""
    monkeypatch.setattr(installation, "_ROOT", tmp_path)
    monkeypatch.delenv("ZOO_FAMILIES")
    hub.requests.clear()
    with pytest.raises(InputError, match="folder of the index must be named, as an installed package is not changed"):
        publish([make(tmp_path / "made", "A")], REPO, "v1.0", dry_run=dry_run)
    assert not hub.requests
    done = publish([tmp_path / "made" / "A"], REPO, "v1.0", dry_run=dry_run, families=tmp_path / "mine")
    assert done.index == (None if dry_run else tmp_path / "mine" / "test.json")


def test_a_checkout_has_its_own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ZOO_FAMILIES", raising=False)
    assert pinning.home(None) == Path(registry.__file__).parent / "families"
    monkeypatch.setenv("ZOO_FAMILIES", str(tmp_path))
    assert pinning.home(None) == tmp_path
    assert pinning.home("other") == Path("other")
