"""`--quiet`, `--verbose` and `--log`: what is said beside the result."""

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from test_cli import run

from zoo import cli
from zoo.errors import InputError, warn
from zoo.files import progress
from zoo.files.progress import Progress


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch):
    """`zoo env` warns, counts something, and prints a word."""

    def env(options):
        warn("The tide is high.")
        with Progress("count", "item", 3, shown=True) as bar:
            bar.update(2)
            bar.update()
        print("result")

    monkeypatch.setattr("zoo.commands.env.run", env)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("env", ["zoo: warning: The tide is high."]),
        ("env -q", []),
        ("--quiet env", []),
        ("env --verbose", ["zoo: warning: The tide is high.", "zoo: count: 3 items in 0.0 s"]),
        ("-v env", ["zoo: warning: The tide is high.", "zoo: count: 3 items in 0.0 s"]),
    ],
)
def test_what_is_printed(capsys, env, words: str, said: list[str]):
    status, out, err = run(capsys, *words.split())
    assert (status, out) == (0, "result\n")
    assert [line for line in re.split("[\r\n]", err) if line.startswith("zoo: ")] == said


def test_quiet_hides_bars_and_not_errors(capsys, monkeypatch: pytest.MonkeyPatch):
    def env(options):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with progress.stage("reading"), Progress("count", "item", 3) as bar:
            bar.update(3)
        raise InputError("A thing must be")

    monkeypatch.setattr("zoo.commands.env.run", env)
    assert run(capsys, "env", "-q") == (2, "", "zoo: error: A thing must be.\n")
    status, _, err = run(capsys, "env")
    assert status == 2
    assert err.startswith("reading …\n")
    assert "zoo: error: A thing must be.\n" in err


LONG = ("doctor", "prepare", "predict", "attribute", "motifs", "variants", "compare", "train", "evaluate", "footprint")


def test_the_first_line_comes_before_any_work(monkeypatch: pytest.MonkeyPatch, capsys):
    """On a terminal; before inputs are read and Keras is imported. Lists begin at once, and say nothing."""
    shown = {}
    for command in cli.COMMANDS:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        broken = replace(command, before=_stop)
        with pytest.raises(InputError):
            broken.run(argparse.Namespace(json=False, force=False))
        shown[command.name] = capsys.readouterr().err
    assert all(shown[name] == f"zoo {name} …\n" for name in LONG)
    assert {name for name, text in shown.items() if not text} == {
        *("list", "search", "info", "tracks", "browse", "fetch", "cache", "verify", "completion", "env")
    }


def _stop(options: argparse.Namespace) -> None:
    raise InputError("The inputs must be read")


def test_quiet_and_verbose_exclude_one_another(capsys):
    for words in ("list -q -v", "-q list -v"):
        status, _, err = run(capsys, *words.split())
        assert status == 2
        assert "must not be given" in err


def lines(log: Path) -> list[str]:
    """Of a log, without the times, which all have."""
    found = [re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} (.*)", line) for line in log.read_text().splitlines()]
    return [match[1] for match in found if match]


@pytest.mark.filterwarnings("always")
def test_a_log_has_all_of_it_and_is_appended_to(capsys, env, tmp_path: Path):
    log = tmp_path / "new" / "run.log"
    status, out, err = run(capsys, "env", "-q", "--log", log)
    assert (status, out, "zoo" in err) == (0, "result\n", False)
    begins, *rest = lines(log)
    assert re.fullmatch(r"INFO zoo [\d.]+: env -q --log .*run\.log", begins)
    assert rest == ["WARNING warning: The tide is high.", "INFO count: 3 items in 0.0 s"]
    assert run(capsys, "--log", log, "info", "maxatac/CTFC")[0] == 2
    assert len(lines(log)) == 5
    assert lines(log)[-1].startswith("ERROR error: The registry must list the model; closest: maxatac/CTCF")


def test_a_crash_is_in_the_log(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def env(options):
        raise ZeroDivisionError("mine")

    monkeypatch.setattr("zoo.commands.env.run", env)
    with pytest.raises(ZeroDivisionError):
        run(capsys, "env", "--log", tmp_path / "run.log")
    text = (tmp_path / "run.log").read_text()
    assert "ERROR the program failed\nTraceback (most recent call last):" in text
    assert text.endswith("ZeroDivisionError: mine\n")


def test_a_log_replaces_and_changes_no_file_of_the_users(capsys, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine\n")
    (tmp_path / "folder").mkdir()
    for name, rule in (("notes.txt", "A log must be a new file"), ("folder", "The log must be writable")):
        status, _, err = run(capsys, "env", "--log", tmp_path / name)
        assert status == 2
        assert rule in err
    assert (tmp_path / "notes.txt").read_text() == "mine\n"
    (tmp_path / "empty.log").touch()
    assert run(capsys, "env", "--log", tmp_path / "empty.log")[0] == 0
    assert len(lines(tmp_path / "empty.log")) == 1


def test_the_stages_of_a_command(capsys, small_folder: Path, genome_files, tmp_path: Path):
    files = ("--genome", genome_files.genome, "--signal", genome_files.signal)
    status, _, err = run(
        capsys, "predict", small_folder, *files, "--chromosomes", "chr10", "--output", tmp_path / "p", "-v"
    )
    assert status == 0
    said = [line.partition("zoo: ")[2] for line in err.splitlines()]
    assert f"genome: {genome_files.genome}" in said
    assert f"signal: {genome_files.signal}" in said
    assert "checking the inputs" in err
    assert any(re.fullmatch(r"test/SMALL: [\d,]+ windows in [\d.]+ s", line) for line in said)
    assert f"written: {tmp_path / 'p.bw'}" in said
    assert re.fullmatch(r"zoo predict: [\d.]+ s", said[-1])
