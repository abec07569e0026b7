"""`--force` of every command that writes files: without it those of another run stay, byte for byte."""

from hashlib import sha256
from pathlib import Path

import pytest
from test_cli import run
from test_cli_json import CASES, ONE, place  # noqa: F401

from zoo import cli
from zoo.commands.parser import Parser

RECORDED = {  # command → what makes its run another one than that of `CASES`; the same run again does nothing
    "prepare": "--slop 10",
    "predict": "--stride 512",
    "haplotypes": "--stride 512",
    "footprint": "--bias pwm",
    "compare": "--seed 1",
    "targets": "--rule promoter",
    "attribute": "--seed 1",
    "variants": "--shifts 3",
    "motifs": "--width 90",
}
OTHERS = {  # command → its words and others; a file without a record may be of any run
    "browse": ("--output m.html", "yeast/*"),
    "normalize": (CASES["normalize"][0], "--method arcsinh"),
    "average": (CASES["average"][0], "--chromosomes chr1"),
    "peaks": (CASES["peaks"][0], "--max-gap 0"),
    "plot": (CASES["plot"][0], "--title other"),
    "variants": (f"yeast/REB1 v.vcf {ONE} --picture v.png", "--strands both"),
    "benchmark": (f"{CASES['benchmark'][0]} --output out/b", "--bin-size 100"),
    "calibrate": (CASES["calibrate"][0], "--bin-size 100"),
    "evaluate": (f"{CASES['evaluate'][0]} --output out/e", "--step 100 --robustness --shifts 3"),
    "qc": (f"{CASES['qc'][0]} --output out/q", "--seed 1"),
}
RESULTS = {"qc": 1}  # a model without training fails a part of its report


def everything(folder: Path) -> dict[str, str]:
    """Files and digests. Links, which stand for inputs, are not followed."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture
def home(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """An empty folder with links to the inputs of all commands."""
    for path in place.iterdir():
        if path.name not in ("out", "m.html"):
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_that_writes_files_has_a_case():
    written = set()
    for command in cli.COMMANDS:
        parser = Parser()
        command.add(parser)
        if "--force" in parser._option_string_actions:
            written.add(command.name)
    assert written == set(RECORDED) | set(OTHERS)


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("name", RECORDED)
def test_a_run_with_a_record(capsys, home: Path, name: str):
    if name == "motifs":
        assert run(capsys, *f"attribute ./model {ONE} --regions p.bed --count 1 --output a".split())[0] == 0
    words = name, *CASES[name][0].split()
    assert run(capsys, *words)[0] == 0
    made = everything(home)
    assert run(capsys, *words)[0] == 0
    assert everything(home) == made
    status, _, err = run(capsys, *words, *RECORDED[name].split())
    assert status == 2
    assert "An output must not replace that of another run. Received: output=" in err
    assert "differing=" in err
    assert "--force replaces its files" in err
    assert everything(home) == made
    assert run(capsys, *words, *RECORDED[name].split(), "--force")[0] == 0
    assert everything(home) != made


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("name", OTHERS)
def test_a_run_without_a_record(capsys, home: Path, name: str):
    given, others = OTHERS[name]
    words = name, *given.split()
    assert run(capsys, *words)[0] == RESULTS.get(name, 0)
    made = everything(home)
    for more in ((), others.split()):
        status, _, err = run(capsys, *words, *more)
        assert status == 2
        assert "An output must not replace that of another run. Received: output=" in err
        assert everything(home) == made
    before = {path: (home / path).stat().st_mtime_ns for path in made}
    assert run(capsys, *words, *others.split(), "--force")[0] == RESULTS.get(name, 0)
    assert everything(home).keys() == made.keys()
    assert all((home / path).stat().st_mtime_ns > written for path, written in before.items())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("benchmark --prediction s.bw --peaks p.bed", "--output"),
        (f"predict yeast/REB1 {ONE} --regions chr1:5,001-5,064", "--output"),
        (f"variants yeast/REB1 v.vcf {ONE}", "--output or --picture"),
    ],
)
def test_force_without_files_is_refused(capsys, home: Path, words: str, named: str):
    status, out, err = run(capsys, *words.split(), "--force")
    assert (status, out) == (2, "")
    assert f"--force must be given with {named}, whose files it replaces" in err


def test_a_plan_replaces_only_a_plan(capsys, home: Path):
    """It is made again to list what is left to compute."""
    words = f"predict yeast/REB1 yeast/RAP1 {ONE} --chromosomes chr2 --output out/atlas --plan units.tsv".split()
    for _ in range(2):
        assert run(capsys, *words)[0] == 0
    (home / "units.tsv").write_text("mine\n")
    status, _, err = run(capsys, *words, "--force")
    assert status == 2
    assert "A plan must replace no file but an earlier plan" in err
    assert (home / "units.tsv").read_text() == "mine\n"
