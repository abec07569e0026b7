"""Work that survives an interruption: its folder, its lock, its final files."""

import json
import os
from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.files.atomic import check_outputs, paths_of, writing
from zoo.files.job import Job
from zoo.files.keeping import keeping_others


def job(folder: Path, *reads: object, kind: str = "test") -> Job:
    return Job(kind, folder / "out", (".bw", ".bed"), reads)


def finish(folder: Path, identity: dict, *made: str) -> None:
    with job(folder) as work:
        work.resume(identity, [])
        with work.finish(identity, made) as (paths, said):
            for suffix, path in paths.items():
                path.write_text(suffix)
            said["more"] = 1


def everything(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_final_files_and_their_record(tmp_path: Path):
    finish(tmp_path, {"a": 1}, ".bw", ".bed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bed", "out.bw", "out.json"]
    said = json.loads((tmp_path / "out.json").read_text())
    assert said["made_by"] == "chromatin-zoo"
    assert said["kind"] == "test"
    assert said["files"].keys() == {"out.bw", "out.bed"}
    assert said["more"] == 1
    with job(tmp_path) as work:
        assert work.done({"a": 1})["more"] == 1
        assert work.done({"a": 2}) is None
        (tmp_path / "out.bed").write_text("changed")
        assert work.done({"a": 1}) is None


def test_another_run_is_replaced_unless_others_are_kept(tmp_path: Path):
    """The same one does nothing or is made again; the error names what differs."""
    first = {"network_sha256": "x", "inputs": {"genome": 1, "signal": 2}, "stride": 3}
    finish(tmp_path, first, ".bw")
    before = everything(tmp_path)
    for identity, differing in (
        ({**first, "network_sha256": "y"}, "model"),
        ({**first, "inputs": {"genome": 1, "signal": 3, "blacklist": 4}, "stride": 4},
         "signal (inputs), blacklist (inputs), stride"),
        ({"inputs": 5}, "model, inputs, stride"),
    ):  # fmt: skip
        with keeping_others(), pytest.raises(InputError, match="must not replace that of another run") as caught:
            finish(tmp_path, identity, ".bw")
        assert caught.value.received == {"output": str(tmp_path / "out.json"), "differing": differing}
        assert everything(tmp_path) == before
    (tmp_path / "out.bw").write_text("damaged")
    with keeping_others():
        finish(tmp_path, first, ".bw")
    assert everything(tmp_path) == before
    record = json.loads((tmp_path / "out.json").read_text())
    del record["identity"]  # as earlier versions wrote it
    (tmp_path / "out.json").write_text(json.dumps(record))
    with keeping_others(), pytest.raises(InputError) as caught:
        finish(tmp_path, {"a": 1}, ".bw")
    assert list(caught.value.received) == ["output"]
    finish(tmp_path, {"a": 1}, ".bed")
    assert {path.name for path in tmp_path.iterdir()} == {"out.bed", "out.json"}


def test_a_run(tmp_path: Path):
    """Parts, then files; what an interrupted one kept is there in the next; once more does nothing."""
    calls: list[str] = []

    def run(stop: bool = False) -> tuple[dict, str | None]:
        def keep() -> str:
            calls.append("keep")
            if not work.part("x").exists():
                work.part("x").write_text("kept")
            if stop:
                raise KeyboardInterrupt
            return work.part("x").read_text()

        def write(kept: str, paths: dict[str, Path], record: dict) -> None:
            calls.append("write")
            for suffix, path in paths.items():
                path.write_text(f"{kept} {suffix}")
            record["more"] = 1

        with job(tmp_path) as work:
            return work.run({"a": 1}, {"a": 1, "b": 2}, [".bw"], keep, write, lambda kept: [".bed"] * (kept == "kept"))

    with pytest.raises(KeyboardInterrupt):
        run(stop=True)
    record, kept = run()
    assert (kept, calls) == ("kept", ["keep", "keep", "write"])
    assert {name: text for name, text in everything(tmp_path).items() if name != "out.json"} == {
        "out.bw": "kept .bw",
        "out.bed": "kept .bed",
    }
    assert record == json.loads((tmp_path / "out.json").read_text())
    assert {"made_by", "kind", "identity_sha256", "identity", "versions", "seconds", "files", "more"} == record.keys()
    assert job(tmp_path).paths(record) == [tmp_path / "out.bw", tmp_path / "out.bed", tmp_path / "out.json"]
    assert run() == (record, None)
    assert calls == ["keep", "keep", "write"]


def test_files_that_a_later_call_does_not_make_are_gone(tmp_path: Path):
    finish(tmp_path, {"a": 1}, ".bw", ".bed")
    finish(tmp_path, {"a": 2}, ".bw")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bw", "out.json"]


def test_a_file_of_the_users_own_with_such_a_name_stays(tmp_path: Path):
    (tmp_path / "out.bed").write_text("mine")
    finish(tmp_path, {"a": 1}, ".bw")
    assert (tmp_path / "out.bed").read_text() == "mine"


def test_parts_of_the_same_work_are_kept_and_of_others_removed(tmp_path: Path):
    for identity, kept in (({"a": 1}, False), ({"a": 1}, True), ({"a": 2}, False)):
        with job(tmp_path) as work:
            work.resume(identity, [])
            assert work.part("x").exists() == kept
            work.part("x").write_text("x")
    with job(tmp_path) as work:
        work.part("y.tmp").mkdir()
        (work.part("y.tmp") / "z").write_text("")
    with job(tmp_path) as work:
        assert not work.part("y.tmp").exists()
        assert work.part("x").exists()


@pytest.mark.parametrize("mark", [None, "{}", '{"my": "experiment"}', "[]", "no json", '{"made_by": "me"}'])
@pytest.mark.parametrize("name", ["zoo-job.json", "run.json"])
def test_a_folder_without_our_mark_is_never_touched(tmp_path: Path, mark: str | None, name: str):
    folder = tmp_path / "out.partial"
    folder.mkdir()
    for other in ("thesis.txt", "part-thesis.txt", "zoo-job.lock"):
        (folder / other).write_text("precious")
    if mark is not None:
        (folder / name).write_text(mark)
    before = everything(tmp_path)
    with pytest.raises(InputError, match=r"must be a folder that runs make.*Choose another output"), job(tmp_path):
        pass
    assert everything(tmp_path) == before


def test_a_link_in_place_of_the_folder_or_its_mark_is_not_followed(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "zoo-job.json").write_text('{"made_by": "chromatin-zoo"}')
    (elsewhere / "part-1").write_text("precious")
    (tmp_path / "out.partial").symlink_to(elsewhere)
    before = everything(elsewhere)
    with pytest.raises(InputError), job(tmp_path):
        pass
    assert everything(elsewhere) == before


def test_what_a_user_puts_into_our_folder_stays(tmp_path: Path):
    with job(tmp_path) as work:
        work.resume({"a": 1}, [])
        work.part("x").write_text("")
    (tmp_path / "out.partial" / "thesis.txt").write_text("precious")
    finish(tmp_path, {"a": 2}, ".bw")
    left = sorted(path.name for path in (tmp_path / "out.partial").iterdir())
    assert left == ["thesis.txt", "zoo-job.json", "zoo-job.lock"]
    finish(tmp_path, {"a": 3}, ".bw")  # it goes on being ours


@pytest.mark.parametrize("name", [".filelock-probe-0f", "zoo-job.lock", "part-zoo-job.json.0f.tmp"])
def test_a_folder_with_scratch_of_a_lock_or_mark_is_taken(tmp_path: Path, name: str):
    """As another run leaves it for a moment, or one that was killed then."""
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / name).touch()
    with job(tmp_path) as work:
        work.resume({"a": 1}, [])


def test_an_empty_folder_is_taken(tmp_path: Path):
    """As a run leaves it that is killed between the removal of the mark and that of the folder."""
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "zoo-job.lock").write_text("")
    finish(tmp_path, {"a": 1}, ".bw")
    assert not (tmp_path / "out.partial").exists()


def test_a_json_file_that_is_no_record_of_such_work_is_not_replaced(tmp_path: Path):
    for text in ("{}", '{"name": "package"}', "no json"):
        (tmp_path / "out.json").write_text(text)
        with pytest.raises(InputError, match="no record of a test"):
            job(tmp_path)
        assert (tmp_path / "out.json").read_text() == text
    (tmp_path / "out.json").unlink()
    finish(tmp_path, {"a": 1}, ".bw")
    with pytest.raises(InputError, match="no record of a prediction"):
        job(tmp_path, kind="prediction")


def test_outputs_over_what_is_read(tmp_path: Path):
    model = tmp_path / "model"
    (model / "deep").mkdir(parents=True)
    (tmp_path / "a.bed").write_text("")
    (tmp_path / "hard").hardlink_to(tmp_path / "a.bed")
    (tmp_path / "soft").symlink_to("a.bed")
    (tmp_path / "alias").symlink_to(model)
    reads = (model, [tmp_path / "a.bed", "chr1:1-2"], None, 5, "x" * 5000, "~nobodyx/y")
    for name in ("a.bed", "hard", "soft", "model", "model/config.json", "model/deep/x", "alias/x", "model/new/x"):
        with pytest.raises(InputError, match=r"must (replace no|not lie)"):
            check_outputs([tmp_path / name], reads)
    check_outputs([tmp_path / "model2", tmp_path / "b.bed"], reads)
    assert paths_of(*reads) == [model, tmp_path / "a.bed"]


@pytest.mark.parametrize("base", ["", ".", "..", "a/", "~nobodyx/x", "a\0b", "x" * 300, 3, None, b"x"])
def test_odd_outputs(tmp_path: Path, base: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="output"):
        Job("test", base, (".bw",), ())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path):
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match="must be writable"):
        job(tmp_path)


def test_nothing_is_made_before_the_work(tmp_path: Path):
    Job("test", tmp_path / "deep" / "out", (".bw",), ())
    assert not list(tmp_path.iterdir())


def test_text_files_appear_complete_or_not_at_all(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "x") as handle:
        handle.write("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with writing(tmp_path / "x") as handle:
        handle.write("β")
    assert (tmp_path / "x").read_bytes() == "β".encode()


# --- as an adversary


_STEPS = ("replace", "rename", "unlink", "mkdir", "rmdir", "open", "fsync")


def killed_at(step: int, work, *arguments: object) -> bool:
    """Run `work` in a child that dies, as by SIGKILL, before its `step`-th change of files; whether it got that far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = iter(range(step))

    def dying(real):
        def called(*args, **more):
            if next(left, None) is None:
                os._exit(9)
            return real(*args, **more)

        return called

    for name in _STEPS:
        setattr(os, name, dying(getattr(os, name)))
    try:
        work(*arguments)
        os._exit(0)
    except BaseException:
        os._exit(1)


@pytest.mark.parametrize("next_made", [(".bw", ".bed"), (".bw",)])
@pytest.mark.parametrize("same", [True, False])
def test_a_kill_between_any_two_steps(tmp_path: Path, same: bool, next_made: tuple[str, ...]):
    """Whatever was at work before, the next call leaves its own files and record, and nothing else."""
    if same and next_made != (".bw", ".bed"):
        return
    for step in range(200):
        folder = tmp_path / str(step)
        folder.mkdir()
        (folder / "mine.bed").write_text("precious")
        finish(folder, {"a": 0}, ".bw", ".bed")
        dead = killed_at(step, finish, folder, {"a": 1}, ".bw", ".bed")
        finish(folder, {"a": 1 if same else 2}, *next_made)
        names = {"mine.bed", "out.json", *(f"out{suffix}" for suffix in next_made)}
        assert {path.name for path in folder.iterdir()} == names, step
        with job(folder) as work:
            assert work.done({"a": 1 if same else 2}) is not None, step
        if not dead:
            break
    assert 10 < step < 199


def test_after_a_kill_a_record_never_stands_beside_files_of_another_call(tmp_path: Path):
    for step in range(200):
        folder = tmp_path / str(step)
        folder.mkdir()
        finish(folder, {"a": 0}, ".bw", ".bed")
        dead = killed_at(step, finish, folder, {"a": 1}, ".bw")
        work = job(folder)
        if (folder / "out.json").exists():
            assert (work.done({"a": 0}) is not None) != (work.done({"a": 1}) is not None), step
            assert (folder / "out.bed").exists() == (work.done({"a": 0}) is not None), step
        if not dead:
            break
    assert 10 < step < 199


def test_a_killed_run_keeps_its_parts(tmp_path: Path):
    def work() -> None:
        with job(tmp_path) as mine:
            mine.resume({"a": 1}, [])
            mine.part("x").write_text("x")
            mine.part("y.tmp").write_text("y")
            os._exit(9)

    assert killed_at(10_000, work)
    with job(tmp_path) as mine:
        mine.resume({"a": 1}, [])
        assert mine.part("x").read_text() == "x"
        assert not mine.part("y.tmp").exists()


def test_many_runs_at_once_take_turns_or_are_refused(tmp_path: Path):
    """No two are inside at the same time, also while one removes the folder."""
    children = []
    for number in range(6):
        child = os.fork()
        if child:
            children.append(child)
            continue
        try:
            for _ in range(40):
                try:
                    with job(tmp_path) as mine:
                        inside = tmp_path / "inside"
                        inside.touch(exist_ok=False)
                        mine.resume({"a": number}, [])
                        inside.unlink()
                except InputError as error:
                    if "one run at a time" not in str(error):
                        raise
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 6
    assert not list(tmp_path.iterdir())


def test_a_file_that_no_run_made_is_not_replaced(tmp_path: Path):
    (tmp_path / "out.bed").write_text("mine")
    with pytest.raises(InputError, match=r"must not replace a file that no run made.*remove that file"):
        finish(tmp_path, {"a": 1}, ".bw", ".bed")
    assert everything(tmp_path) == {"out.bed": "mine"}
    with job(tmp_path) as work, pytest.raises(InputError, match="no run made"):
        work.resume({"a": 1}, [".bed"])
    (tmp_path / "out.bed").unlink()
    (tmp_path / "out.bed").symlink_to("nowhere")
    with pytest.raises(InputError, match="no run made"):
        finish(tmp_path, {"a": 1}, ".bed")


def test_a_folder_that_vanishes(tmp_path: Path):
    """An error of the system in one line; nothing hangs."""
    import shutil

    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(InputError, match=r"output must be writable: No such file.*home/out.bw"), job(home) as work:
        work.resume({"a": 1}, [])
        shutil.rmtree(home)
        with work.finish({"a": 1}, [".bw"]) as (paths, _):
            paths[".bw"].write_text("x")
    with job(home) as work:
        shutil.rmtree(home)
    assert not home.exists()


def test_a_link_to_a_folder_and_a_link_as_output(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    finish(tmp_path / "link", {"a": 1}, ".bw")
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["out.bw", "out.json"]
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "real" / "out.bw").unlink()
    (tmp_path / "real" / "out.bw").symlink_to(tmp_path / "precious")
    finish(tmp_path / "link", {"a": 2}, ".bw")  # a file of ours was there: the link goes, what it names stays
    assert (tmp_path / "precious").read_text() == "mine"


def test_the_folder_is_as_private_as_the_user_wants(tmp_path: Path):
    before = os.umask(0o077)
    try:
        with job(tmp_path) as work:
            assert work.folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_a_folder_that_an_older_version_marked_is_taken(tmp_path: Path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "zoo-job.json").write_text('{"made_by": "chromatin-zoo"}')
    finish(tmp_path, {"a": 1}, ".bw")
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("files", ["null", "3", '"out.bed"', '["../mine"]', '{"../mine": 1, "out.bed": null}', "[[1]]"])
def test_a_record_with_odd_files(tmp_path: Path, files: str):
    (tmp_path / "deep").mkdir()
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "deep" / "out.json").write_text(f'{{"made_by": "chromatin-zoo", "kind": "test", "files": {files}}}')
    finish(tmp_path / "deep", {"a": 1}, ".bw")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_full_disk(tmp_path: Path):
    """On a file system of 256 kB: an error, the old files as they were, and room for the next run."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, timeout=20).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        finish(disk, {"a": 1}, ".bw")
        before = everything(disk)
        with pytest.raises(InputError, match="output must be writable: No space left"), job(disk) as work:
            work.resume({"a": 2}, [])
            with work.finish({"a": 2}, [".bw"]) as (paths, _):
                paths[".bw"].write_bytes(bytes(1 << 20))
        finish(disk, {"a": 1}, ".bw")
        assert {name: text for name, text in everything(disk).items() if "partial" not in name} == before
        (disk / "fill").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        with pytest.raises(InputError, match="must be writable"):
            finish(disk, {"a": 3}, ".bw")
        (disk / "fill").unlink()
        finish(disk, {"a": 3}, ".bw")
        assert sorted(path.name for path in disk.iterdir()) == ["out.bw", "out.json"]
    finally:
        subprocess.run(["umount", str(disk)], check=True, timeout=20)
