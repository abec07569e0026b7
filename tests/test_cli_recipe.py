"""The command `zoo recipe`: the scripts of `recipes`, by their names."""

import subprocess
import sys
from pathlib import Path

import pytest
import running
from test_cli import run

from registry import installation
from zoo.commands import recipe

ROOT = Path(__file__).parents[1]
HELPERS = {"small", "yeast"}  # parts of others


def test_all_are_listed_in_one_line_each(capsys):
    status, out, _ = run(capsys, "recipe")
    listed, others = out.split("\n\n")
    lines = dict(line.split(maxsplit=1) for line in listed.splitlines())
    scripts = {path.stem for path in (ROOT / "recipes").glob("*.py")}
    assert status == 0
    assert {name for name in lines if "/" not in name} == scripts - HELPERS
    assert lines["train_asap"] == "Train a model of chromatin accessibility as ASAP's were"
    assert lines["interpret"] == "From peaks to motifs: what a model reads in open or bound chromatin, in one command"
    assert others.startswith(f"Beside them in {ROOT}/recipes: configs, ")


@pytest.mark.parametrize("words", [("--help",), ("--", "--help")])
def test_arguments_are_those_of_the_recipe(capsys, words: tuple, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["zoo"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    status, out, _ = run(capsys, "recipe", "demo", *words)
    assert status == 0
    assert out.startswith("usage: demo.py [-h]")


def test_a_recipe_runs_where_the_command_is_given(tmp_path: Path, capfd: pytest.CaptureFixture):
    """One that imports its neighbours, and reads a configuration beside it."""
    few = ("--epochs", 1, "--set", "motifs=8", "filters=8")
    done = running.run(["zoo", "recipe", "train_asap", *few], tmp_path, capfd, ZOO_SHARED="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "runs/synthetic-ATAC/model"
    assert (tmp_path / "runs/synthetic-ATAC/model/config.json").is_file()


def test_an_error_of_a_recipe_is_its_own(tmp_path: Path):
    command = [sys.executable, "-m", "zoo", "recipe", "convert", "maxatac", "CTFC", "--out", tmp_path / "made"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "convert: error: The registry must list the model; closest: maxatac/CTCF" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("trian_asap",),
            "A recipe must be one of those that `zoo recipe` lists. Received: name='trian_asap'. The clo",
        ),
        (("yeast",), "A recipe must be one of those that `zoo recipe` lists. Received: name='yeast'."),
        (("../setup",), "A recipe must be one of those that `zoo recipe` lists."),
        (("demo", "--copy", "mine"), "--copy must be given without a recipe"),
        (("--copy", "mine", "demo"), "--copy must be given without a recipe"),
        (("--list",), "`zoo recipe` must have options that it knows"),
    ],
)
def test_what_cannot_be_run_is_refused(capsys, words: tuple, message: str):
    status, _, err = run(capsys, "recipe", *words)
    assert (status, message in err) == (2, True), err


def test_no_recipe_has_an_option_that_the_command_takes():
    for name, path in recipe.recipes().items():
        assert '"--copy"' not in path.read_text(encoding="utf-8"), name


def test_a_copy_can_be_edited_and_run(capsys, tmp_path: Path):
    target = tmp_path / "mine"
    assert run(capsys, "recipe", "--copy", target)[:2] == (0, f"{target}\n")
    copied = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    there = (path for path in (ROOT / "recipes").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert copied == {path.relative_to(ROOT / "recipes") for path in there}
    script = target / "demo.py"
    script.write_text(script.read_text().replace("Predict binding", "Predict what I like"))
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    status, _, err = run(capsys, "recipe", "--copy", target)
    assert (status, "must be new or empty" in err) == (2, True)
    assert "what I like" in script.read_text()


def test_models_are_put_into_a_checkout_only(tmp_path: Path, run_recipe, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installation, "_ROOT", tmp_path)
    done = run_recipe("train_yeast", "REB1", "--install", cwd=tmp_path)
    assert done.returncode == 1
    assert "train_yeast: error: The package must be a checkout to put models into" in done.stderr
