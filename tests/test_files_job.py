"""Work that survives an interruption: its folder, its lock, its final files."""

import json
import os
from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.files.atomic import check_outputs, paths_of, writing
from zoo.files.job import Job


def job(folder: Path, *reads: object, kind: str = "test") -> Job:
    return Job(kind, folder / "out", (".bw", ".bed"), reads)


def finish(folder: Path, identity: dict, *made: str) -> None:
    with job(folder) as work:
        work.resume(identity)
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
            work.resume(identity)
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
        work.resume({"a": 1})
        work.part("x").write_text("")
    (tmp_path / "out.partial" / "thesis.txt").write_text("precious")
    finish(tmp_path, {"a": 2}, ".bw")
    left = sorted(path.name for path in (tmp_path / "out.partial").iterdir())
    assert left == ["thesis.txt", "zoo-job.json", "zoo-job.lock"]
    finish(tmp_path, {"a": 3}, ".bw")  # it goes on being ours


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
