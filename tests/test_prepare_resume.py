"""Preparing again after an interruption: what was finished stays, and the bytes are those of an uninterrupted run."""

import errno
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_prepare_sample import SIZES as BAM_SIZES
from test_prepare_sample import bam

from zoo.errors import InputError
from zoo.genome.bigwig import Writer
from zoo.prepare import fragments, reading, reads, stages
from zoo.prepare.rows import Rows
from zoo.prepare.sample import prepare

SIZES = {"chr1": 60_000, "chr2": 20_000}
KILLS = """
import json
import sys
from pathlib import Path
from dying import child, moments, step
from zoo.prepare import fragments, reading
from zoo.prepare.rows import Rows
from zoo.prepare.sample import prepare
reads, output, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
reading.EVERY_S, fragments.blocks.__defaults__ = 0.0, (*fragments.blocks.__defaults__[:-1], 2000)
of = Rows.of
def stepping(text):
    step()
    return of(text)
Rows.of = stepping
sizes = {"chr1": 60_000, "chr2": 20_000}
def run():
    prepare(reads, output, sizes, shift=False, cut_sites=True, progress=False)
def files():
    found = {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}
    if "out.json" in found:
        found["out.json"] = {**json.loads(found["out.json"]), "seconds": None}
    return found
status, total = child(run)
whole, kept = files(), 0
assert status == 0
for moment in moments(total, count):
    for path in output.parent.iterdir():
        path.unlink()
    assert child(run, at=moment)[0] == -9, moment
    kept += any(output.parent.glob("*.partial/part-*"))
    child(run, at=2 + moment // 2)  # killed as it goes on, unless it ends before that
    status, _ = child(run)
    there = files()
    assert (status, there) == (0, whole), (moment, status, [name for name in whole if there.get(name) != whole[name]])
    assert not any(path.is_dir() for path in output.parent.iterdir())
print(kept)
"""


def write_sample(path: Path, rows: int = 900) -> Path:
    random = np.random.default_rng(1)
    starts = random.integers(0, 19_000, rows)
    ends = starts + random.integers(30, 400, rows)
    chroms = np.where(random.random(rows) < 0.7, "chr1", "chr2")
    text = "".join(f"{chrom}\t{a}\t{b}\tc{a % 3}\n" for chrom, a, b in zip(chroms, starts, ends, strict=True))
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def test_killed_at_twenty_moments(tmp_path: Path):
    """SIGKILL within reading, smoothing, writing and drawing; then a run whose bytes are all those of a quiet one."""
    sample = write_sample(tmp_path / "f.tsv.gz")
    (tmp_path / "to").mkdir()
    command = [sys.executable, "-c", KILLS, str(sample), str(tmp_path / "to" / "out"), "20"]
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path / "mpl")}
    home = Path(__file__).parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, cwd=home, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) >= 10


class Stop(Exception):
    """What a test interrupts with."""


def interrupted(monkeypatch: pytest.MonkeyPatch, place: object, name: str, after: int) -> list:
    """Have a function raise at its call number `after`; the list counts them."""
    calls, original = [], getattr(place, name)

    def stops(*arguments, **options):
        calls.append(arguments)
        if len(calls) == after:
            raise Stop
        return original(*arguments, **options)

    monkeypatch.setattr(place, name, stops)
    return calls


def test_reading_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After 6 of 8 blocks, three are read again at most; none of the sites counts twice."""
    sample = write_sample(tmp_path / "f.tsv.gz")
    quiet = prepare(sample, tmp_path / "quiet", SIZES)
    monkeypatch.setattr(reading, "EVERY_S", 0.0)
    monkeypatch.setattr(fragments.blocks, "__defaults__", (*fragments.blocks.__defaults__[:-1], 2000))
    with monkeypatch.context() as patch:
        calls = interrupted(patch, Rows, "of", 6)
        with pytest.raises(Stop):
            prepare(sample, tmp_path / "out", SIZES)
    assert (tmp_path / "out.partial" / "part-reading.json").is_file()
    calls = interrupted(monkeypatch, Rows, "of", 0)
    made = prepare(sample, tmp_path / "out", SIZES)
    assert 2 <= len(calls) <= 6
    assert made.signal.read_bytes() == quiet.signal.read_bytes()
    assert made.coverage.read_bytes() == quiet.coverage.read_bytes()
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("keep_duplicates", [True, False])
def test_reading_alignments_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_duplicates: bool
):
    """By the position in the compressed file, after duplicates are removed; every filter counts a read once."""
    random = np.random.default_rng(0)
    pairs = [(int(at), int(at) + int(width)) for at, width in zip(*random.integers(40, 300, (2, 300)), strict=True)]
    records = [read for start, end in pairs for read in ((99, start, 60), (147, end, 60))]
    path = bam(tmp_path / "r.bam", [*records, (65, 10, 60), (129, 900, 60)])
    quiet = prepare(path, tmp_path / "quiet", BAM_SIZES, keep_duplicates=keep_duplicates)
    monkeypatch.setattr(reading, "EVERY_S", 0.0)
    monkeypatch.setattr(reads, "_OFTEN", 50)
    with monkeypatch.context() as patch:
        interrupted(patch, reads, "_cluster", 330)
        with pytest.raises(Stop):
            prepare(path, tmp_path / "out", BAM_SIZES, keep_duplicates=keep_duplicates)
    counted = interrupted(monkeypatch, reads, "count", 0)
    removed = interrupted(monkeypatch, reads, "without_duplicates", 0)
    judged = interrupted(monkeypatch, reads, "_cluster", 0)
    made = prepare(path, tmp_path / "out", BAM_SIZES, keep_duplicates=keep_duplicates)
    assert (len(counted), len(removed)) == (0, int(not keep_duplicates))
    whole = json.loads(quiet.summary.read_text())["filters"]
    assert len(judged) == whole["reads"] - whole["duplicates"] - 300
    assert json.loads(made.summary.read_text())["filters"] == whole
    assert made.signal.read_bytes() == quiet.signal.read_bytes()


def test_finished_stages_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sample = write_sample(tmp_path / "f.tsv.gz")
    with monkeypatch.context() as patch:
        interrupted(patch, stages.tracks, "normalize_runs", 1)
        with pytest.raises(Stop):
            prepare(sample, tmp_path / "out", SIZES)
    read = interrupted(monkeypatch, fragments, "blocks", 0)
    covered = interrupted(monkeypatch, stages, "_cover", 0)
    prepare(sample, tmp_path / "out", SIZES)
    assert (len(read), len(covered)) == (0, 0)


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sample = write_sample(tmp_path / "f.tsv.gz")

    def full(self, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "add", full)
        with pytest.raises(InputError, match="must be writable: No space left on device"):
            prepare(sample, tmp_path / "out", SIZES)
    read = interrupted(monkeypatch, fragments, "blocks", 0)
    prepare(sample, tmp_path / "out", SIZES)
    assert not read


def test_the_same_call_twice_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sample = write_sample(tmp_path / "f.tsv.gz")
    first = prepare(sample, tmp_path / "out", SIZES)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    read = interrupted(monkeypatch, fragments, "blocks", 0)
    assert prepare(sample, tmp_path / "out", SIZES) == first
    assert not read
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    prepare(sample, tmp_path / "out", SIZES, smoothing=5)
    assert read
    first.signal.write_bytes(b"changed")
    assert prepare(sample, tmp_path / "out", SIZES, smoothing=5).signal.read_bytes() != b"changed"


def test_files_of_an_earlier_call_do_not_stay_beside_a_new_record(tmp_path: Path):
    """Another read depth, cut sites no longer asked for, other clusters; but what the user changed stays."""
    sample = write_sample(tmp_path / "f.tsv.gz")

    def names() -> set[str]:
        return {path.name for path in tmp_path.iterdir()} - {"f.tsv.gz"}

    shown = (".png", ".html", "_mqc.json")
    always = {"out.bw", "out.json", *(f"out{end}" for end in shown)}
    prepare(sample, tmp_path / "out", SIZES, cut_sites=True)
    assert names() == {*always, "out_RP20M.bw", "out_IS_slop20.bed.gz"}
    prepare(sample, tmp_path / "out", SIZES, read_depth=1_000_000)
    assert names() == {*always, "out_RP1M.bw"}
    prepare(sample, tmp_path / "out", SIZES, cells={"c0": "A", "c1": "B"})
    made = {f"out_{cluster}{end}" for cluster in "AB" for end in (".bw", "_RP20M.bw", ".json", *shown)}
    assert names() == {*made, "out.json"}
    assert json.loads((tmp_path / "out.json").read_text())["clusters"] == ["A", "B"]
    (tmp_path / "out_B.png").write_bytes(b"mine")
    prepare(sample, tmp_path / "out", SIZES, cells={"c0": "A"})
    assert names() == {*(name for name in made if "_A" in name), "out_B.png", "out.json"}


def test_scratch_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its files lie there, are used again, and go; another's folder of that name is not touched."""
    sample = write_sample(tmp_path / "f.tsv.gz")
    (tmp_path / "scratch").mkdir()
    with monkeypatch.context() as patch:
        interrupted(patch, stages.tracks, "write", 1)
        with pytest.raises(Stop):
            prepare(sample, tmp_path / "out", SIZES, scratch=tmp_path / "scratch")
    (left,) = (tmp_path / "scratch").iterdir()
    assert (left / "part-0-runs").is_file()
    read = interrupted(monkeypatch, fragments, "blocks", 0)
    prepare(sample, tmp_path / "out", SIZES, scratch=tmp_path / "scratch")
    assert not read
    assert not any((tmp_path / "scratch").iterdir())
    left.mkdir()
    (left / "mine").write_text("x")
    with pytest.raises(InputError, match="must be a folder that runs make"):
        prepare(sample, tmp_path / "out", SIZES, scratch=tmp_path / "scratch", smoothing=3)
    assert (left / "mine").read_text() == "x"
    with pytest.raises(InputError, match="scratch folder must exist"):
        prepare(sample, tmp_path / "out", SIZES, scratch=tmp_path / "none", smoothing=3)
