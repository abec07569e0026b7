"""`zoo completion`: what a shell offers when a word is completed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import run

from registry import installation
from zoo import cli

COMPLETE = """
source /dev/stdin
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_shtab_zoo 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory):
    """A function: words of a command line → what bash offers for the last of them, in a folder with two files."""
    from zoo.commands import completion

    folder = tmp_path_factory.mktemp("files")
    (folder / "hg38.2bit").touch()
    (folder / "atac.bw").touch()
    script = completion.script(cli.make_parser(), "bash")

    def offered(words: str) -> list[str]:
        code = COMPLETE.format(words=words)
        done = subprocess.run(["bash", "-c", code], input=script, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return offered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("zoo pre", ["prepare", "predict"]),
        ("zoo cache ''", ["list", "rm", "verify"]),
        ("zoo info maxatac/CTC", ["maxatac/CTCF"]),
        ("zoo predict maxatac/FOX", [f"maxatac/FOX{x}" for x in ("A1", "K2", "M1", "P1")]),
        ("zoo predict maxatac/CTCF --geno", ["--genome"]),
        ("zoo predict maxatac/CTCF --genome hg", ["hg38.2bit"]),
        ("zoo predict maxatac/CTCF --genome hg38.2bit --signal ''", ["hg38.2bit", "atac.bw"]),
        ("zoo predict maxatac/CTCF --strands ''", ["forward", "both"]),
        ("zoo peaks atac.bw --model yeast/REB", ["yeast/REB1"]),
        ("zoo train --config h", ["hg38.2bit"]),
        ("zoo completion ''", ["bash", "zsh", "fish"]),
    ],
)
def test_bash(offered, words: str, expected: list[str]):
    assert sorted(offered(words)) == sorted(expected)


def test_the_command_prints_it(capsys):
    status, out, _ = run(capsys, "completion", "bash")
    assert status == 0
    assert out.rstrip().endswith("complete -o bashdefault -F _shtab_zoo zoo")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(capsys, shell: str, tmp_path: Path):
    status, out, _ = run(capsys, "completion", shell)
    assert status == 0
    assert "maxatac/CTCF" in out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(out)
    done = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_fish_offers_models(capsys, tmp_path: Path):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    (tmp_path / "zoo.fish").write_text(run(capsys, "completion", "fish")[1])
    code = f"source {tmp_path}/zoo.fish; complete --do-complete 'zoo info maxatac/CTC'"
    done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\t")[0] == "maxatac/CTCF", done.stderr


def test_without_shtab_the_extra_is_named(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, out, err = run(capsys, "completion", "bash")
    assert (status, out) == (2, "")
    assert f"shtab must be installed to write completions. Example: {installation.command('completion')}." in err
