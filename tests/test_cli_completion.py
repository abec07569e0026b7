"""`zoo completion`: what a shell offers when a word is completed."""

import contextlib
import os
import pty
import shlex
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
        ("zoo plot chr1 --model yeast/REB1 maxatac/CTC", ["maxatac/CTCF"]),
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


COMPLETED = [  # a line → what the shell makes of it
    ("zoo pred", "zoo predict "),
    ("zoo info maxatac/CTC", "zoo info maxatac/CTCF "),
    ("zoo predict maxatac/CTCF maxatac/SPI", "zoo predict maxatac/CTCF maxatac/SPI1 "),
    ("zoo peaks a.bw --model yeast/REB", "zoo peaks a.bw --model yeast/REB1 "),
    ("zoo plot chr1 --model yeast/REB1 maxatac/CTC", "zoo plot chr1 --model yeast/REB1 maxatac/CTCF "),
    ("zoo plot chr1 --model maxatac/MAX --geno", "zoo plot chr1 --model maxatac/MAX --genome "),
    ("zoo plot chr1 --peaks a.bed hg", "zoo plot chr1 --peaks a.bed hg38.2bit "),
    ("zoo predict maxatac/CTCF --geno", "zoo predict maxatac/CTCF --genome "),
    ("zoo predict maxatac/CTCF --genome hg", "zoo predict maxatac/CTCF --genome hg38.2bit "),
    ("zoo predict maxatac/CTCF --strands fo", "zoo predict maxatac/CTCF --strands forward "),
]
ZSH = """
fpath=({folder} $fpath)
autoload -U compinit && compinit -u -D
{read}
zoo() {{ :; }}
finish() {{ print -r -- "$BUFFER" > {folder}/line; exit }}
zle -N finish && bindkey '^X' finish
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory):
    """A function: a shell → the folder with its script and a genome, in `zoo.<shell>`; skips without the shell."""
    from zoo.commands import completion

    folder = tmp_path_factory.mktemp("shells")
    (folder / "hg38.2bit").touch()

    def printed(shell: str) -> Path:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        path = folder / f"zoo.{shell}"
        if not path.exists():
            path.write_text(completion.script(cli.make_parser(), shell))
        return folder

    return printed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(printed, shell: str):
    script = printed(shell) / f"zoo.{shell}"
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("line", "expected"), COMPLETED)
def test_fish(printed, line: str, expected: str):
    code = f"source zoo.fish; complete --do-complete {shlex.quote(line)}"
    done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, cwd=printed("fish"))
    offered = [word.split("\t")[0] for word in done.stdout.splitlines()]
    assert offered == [expected.split()[-1]], done.stderr


def test_zsh_evaluates_it(printed):
    assert in_zsh(printed("zsh"), 'eval "$(cat zoo.zsh)"', "zoo cache ve") == "zoo cache verify "


@pytest.mark.parametrize(("line", "expected"), COMPLETED)
def test_zsh(printed, line: str, expected: str):
    assert in_zsh(printed("zsh"), "source zoo.zsh", line) == expected


def in_zsh(folder: Path, read: str, line: str) -> str:
    """What a terminal's zsh has on its line after `line` and the tabulator."""
    (folder / ".zshrc").write_text(ZSH.format(folder=folder, read=read))
    ours, theirs = pty.openpty()
    environment = {**os.environ, "ZDOTDIR": str(folder), "TERM": "dumb"}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "cwd": folder, "env": environment}
    shell = subprocess.Popen(["zsh", "-i"], start_new_session=True, **streams)
    os.close(theirs)
    os.write(ours, f"{line}\t\x18".encode())
    with contextlib.suppress(OSError):  # the end of a terminal
        while os.read(ours, 1 << 16):
            pass
    os.close(ours)
    assert shell.wait(20) == 0
    return (folder / "line").read_text().removesuffix("\n")


def test_without_shtab_the_extra_is_named(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, out, err = run(capsys, "completion", "bash")
    assert (status, out) == (2, "")
    assert f"shtab must be installed to write completions. Example: {installation.command('completion')}." in err
