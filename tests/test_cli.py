"""The command `zoo`."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import running

import registry
import zoo
from zoo import cli
from zoo.commands import printing
from zoo.commands.command import GROUPS, Command
from zoo.console import values
from zoo.data import synthetic
from zoo.errors import InputError


def run(capsys: pytest.CaptureFixture, *arguments: object) -> tuple[int, str, str]:
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as ended:  # a command line that cannot be used, a help
        status = ended.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_list(capsys):
    status, out, _ = run(capsys, "list", "maxatac/FOX*")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == [f"maxatac/FOX{x}" for x in ("A1", "K2", "M1", "P1")]
    status, out, _ = run(capsys, "list", "--json")
    # maxatac, yeast, factornet, deepgrn, leopard, borzoi, basset
    assert len(json.loads(out)) == 127 + 13 + 60 + 24 + 24 + 1 + 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gata", ["maxatac/GATA3", "maxatac/GATA4", "maxatac/GATAD2B"]),
        ("PU.1", ["maxatac/SPI1"]),  # an alias
        ("FOX?1", [f"maxatac/FOX{x}1" for x in "AMP"] + ["factornet/FOXA1", "leopard/FOXA1"]),
        ("maxatac/ctcf", ["maxatac/CTCF"]),
        ("basset", ["basset/Basset"]),
    ],
)
def test_list_by_a_word_or_a_pattern(capsys, text: str, names: list[str]):
    status, out, _ = run(capsys, "list", text)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == names


def test_lists_are_whole_in_a_pipe_and_as_wide_as_the_terminal(capsys, monkeypatch: pytest.MonkeyPatch):
    _, out, _ = run(capsys, "list", "basset")
    head, line = out.splitlines()
    assert head.split("  ")[0] == "model"
    assert "best F1  threshold at best F1  description" in head
    assert (
        line
        == f"basset/Basset        -{'-':>22}  DNase I accessibility of 164 human cell types from 600 bp of sequence"
    )
    assert head.index("description") == line.index("DNase")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "70")
    _, out, _ = run(capsys, "list", "basset")
    assert out.splitlines()[1:] == [
        "basset/Basset        -                     -  DNase I accessibility of",
        "                                              164 human cell types",
        "                                              from 600 bp of sequence",
    ]


def test_list_nothing(capsys):
    status, _, err = run(capsys, "list", "nothing/*")
    assert status == 2
    assert "A pattern must match a model. Received: pattern='nothing/*'. Example: maxatac/FOX*" in err


def test_info(capsys):
    status, out, _ = run(capsys, "info", "maxatac/CTCF")
    assert status == 0
    assert "1,024 bp of DNA (hg38)" in out
    assert "32 bins of 32 bp" in out
    assert re.search(r"^tissue +any, by its ATAC-seq \(trained on A549, GM12878, ", out, re.MULTILINE)
    assert re.search(r"^metric best F1 +0.640825$", out, re.MULTILINE)
    assert re.search(r"^fact epoch +95.0$", out, re.MULTILINE)
    status, out, _ = run(capsys, "info", "maxatac/CTCF", "--json")
    info = json.loads(out)
    assert info["metrics"]["best_f1_threshold"] == 0.454
    assert info["prediction"]["stride"] == 256


def test_unknown_model(capsys):
    for command in ("info", "check", "fetch"):
        status, _, err = run(capsys, command, "maxatac/CTFC")
        assert status == 2
        assert "closest: maxatac/CTCF" in err


def test_check(capsys, small_folder: Path):
    status, out, _ = run(capsys, "check", small_folder)
    assert status == 0
    assert "test/SMALL: passed" in out
    status, out, _ = run(capsys, "check", small_folder, "--json", "--tolerance", "0")
    assert json.loads(out)["tolerance"] == 0
    assert json.loads(out)["passed"] is (status == 0)
    status, _, err = run(capsys, "check", small_folder, "--tolerance", "-1")
    assert status == 2
    assert "--tolerance must be a number of at least 0. Received: tolerance='-1'." in err


def test_fetch_and_offline(capsys, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    status, out, _ = run(capsys, "fetch", "maxatac/ELK*", "maxatac/MAX")
    assert status == 0
    folders = [Path(line.split("\t")[1]) for line in out.splitlines()]
    assert [folder.parent.name for folder in folders] == ["ELK1", "MAX"]
    monkeypatch.setenv("ZOO_SHARED", "/nowhere")
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert run(capsys, "check", "maxatac/MAX")[0] == 0
    status, _, err = run(capsys, "check", "maxatac/YY1")
    assert status == 2
    assert "switched off by ZOO_OFFLINE" in err


def test_predict_files(capsys, small_folder: Path, genome_files, tmp_path: Path):
    arguments = ("--genome", genome_files.genome, "--signal", genome_files.signal, "--output", tmp_path / "out")
    status, out, _ = run(capsys, "predict", small_folder, *arguments, "--threshold", "recall=0.6")
    assert status == 0
    assert "recall=0.6: score >= 0.4 (precision 0.600, recall 0.700" in out
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.bed", "out.json"}
    before = (tmp_path / "out.bw").read_bytes()
    other = (
        "predict", small_folder, *arguments, "--chromosomes", "chr10", "--threshold", "none",
        "--strands", "both", "--stride", "32", "--batch-size", "64", "--center-only",
    )  # fmt: skip
    status, _, err = run(capsys, *other)
    assert status == 2
    assert "An output must not replace that of another run. Received: output=" in err
    assert "differing='stride (parameters), views (parameters), center_only (parameters), chromosomes (para" in err
    assert (tmp_path / "out.bw").read_bytes() == before
    assert run(capsys, *other, "--force")[0] == 0
    assert run(capsys, *other)[0] == 0  # the same again
    parameters = json.loads((tmp_path / "out.json").read_text())["parameters"]
    assert parameters["chromosomes"] == ["chr10"]
    assert parameters["views"] == ["forward", "reverse_complement"]
    assert (parameters["stride"], parameters["center_only"]) == (32, True)


def test_predict_regions_to_standard_output(capsys, small_folder: Path, genome_files):
    status, out, _ = run(
        capsys, "predict", small_folder, "--genome", genome_files.genome, "--signal", genome_files.signal,
        "--regions", "chr10:1,001-1,064", "--views", "all",
    )  # fmt: skip
    assert status == 0
    assert [line.split("\t")[2:5] for line in out.splitlines()[1:]] == [
        ["chr10", "992", "1024"],
        ["chr10", "1024", "1056"],
        ["chr10", "1056", "1088"],
    ]


def test_predict_errors_are_one_line(capsys, small_folder: Path, genome_files, tmp_path: Path):
    (tmp_path / "r.bed").write_text("chr10\t1\t5\nchr10\tx\t9\n")
    status, _, err = run(
        capsys, "predict", small_folder, "--genome", genome_files.genome, "--signal", genome_files.signal,
        "--regions", tmp_path / "r.bed", "--output", tmp_path / "out",
    )  # fmt: skip
    assert status == 2
    assert "r.bed, line 2" in err
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["r.bed"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("predict m --genome g --stepsize 3", "unknown=['--stepsize', '3']. The closest is --stride."),
        ("predict m --genom g", "unknown=['--genom']. The closest is --genome."),  # no abbreviation of an option
        ("predict m", "`zoo predict` must be given --genome."),
        ("predict m --genome", "--genome must have one value."),
        ("predict m --genome g --strands bth", "--strands must be one of forward, both. Received: strands='bth'. The"),
        (
            "predict m --genome g --batch-size 1e3",
            "--batch-size must be a whole number, in digits. Received: batch-si",
        ),
        (
            f"predict m --genome g --stride {'9' * 5000}",
            "--stride must be a whole number from -9,007,199,254,740,992",
        ),
        ("normalize a --output b --max nan", "--max must be a finite number. Received: max='nan'."),
        ("normalize a --output b --max 1e999", "--max must be a finite number."),
        ("list --json=3", "--json must have no value. Received: json='3'."),
        ("list a b", "`zoo list` must have no further arguments. Received: unknown=['b']."),
        ("benchmark --prediction x", "`zoo benchmark` must be given --peaks or --track."),
        ("predit m", "The command must be one of those that `zoo --help` lists. Received: command='predit'. The clos"),
        ("benchmark --prediction x --peaks y -chromosome chr1", "Received: unknown=['-chromosome', 'chr1']."),
        ("--verson", "The closest is --version."),
    ],
)
def test_a_command_line_that_cannot_be_used(capsys, line: str, said: str):
    status, out, err = run(capsys, *line.split())
    assert (status, out) == (2, "")
    assert said in err
    assert err.startswith("zoo: error: ")
    assert len(err.splitlines()) == 1
    assert len(err) < 300


def test_hidden_options_are_known_but_not_proposed():
    from zoo.commands.parser import Parser

    parser = Parser(prog="zoo x")
    parser.add_argument("--genome", required=True)
    parser.add_argument("--stride", "--step_size", type=int).option_strings = ["--stride"]
    parser.add_argument("--xylophone", help="==SUPPRESS==")
    with pytest.raises(InputError, match="must be given --genome"):
        parser.parse_args(["--step_size", "3"])
    with pytest.raises(InputError, match="The closest is --stride"):
        parser.parse_args(["--strides", "3"])
    with pytest.raises(InputError, match="`zoo x --help` lists what it takes"):
        parser.parse_args(["--xylophon", "3"])
    with pytest.raises(InputError, match=r"^--cs must be left out\.$"):
        parser.error("--cs must be left out")


def test_numbers_below_zero_are_values(capsys, tmp_path: Path):
    """argparse takes -1e-3 for an option."""
    status, _, err = run(capsys, "normalize", tmp_path / "no.bw", "--output", tmp_path / "x.bw", "--min", "-1e-3")
    assert status == 2
    assert "no.bw" in err


def test_bounds_of_numbers():
    import argparse

    assert values.whole(1, 9)("+7") == 7
    assert values.real(0, 1)("1e-3") == 0.001
    for read, text, said in [
        (values.whole(1), "0", "must be a whole number of at least 1. Received: '0'"),
        (values.whole(1, 1024), "2000", "must be a whole number from 1 to 1,024. Received: '2000'"),
        (values.whole(at_most=5), "6", "must be a whole number of at most 5. Received: '6'"),
        (values.whole(), "1_000", "must be a whole number, in digits. Received: '1_000'"),
        (values.real(0, 1), "1.5", "must be a number from 0 to 1. Received: '1.5'"),
        (values.real(), "inf", "must be a finite number. Received: 'inf'"),
    ]:
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            read(text)
        assert str(caught.value) == said


def test_json_has_no_nan(capsys):
    with printing.strict_json():
        print(json.dumps({"a": [float("nan"), 1.5, float("-inf")], "b": {"c": (1, None)}, "é": 0.1 + 0.2}))
    out = capsys.readouterr().out
    assert json.loads(out, parse_constant=pytest.fail) == {
        "a": [None, 1.5, None],
        "b": {"c": [1, None]},
        "é": 0.1 + 0.2,
    }


def test_json_is_whole_or_not_there(capsys, monkeypatch: pytest.MonkeyPatch):
    def env(options):
        print('{"half":')
        raise InputError("A thing must be")

    monkeypatch.setattr("zoo.commands.env.run", env)
    status, out, err = run(capsys, "env", "--json")
    assert (status, out, json.loads(err)["error"]["message"]) == (2, "", "A thing must be.")


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["--help"], 0), (["list", "--help"], 0), ([], 2)]
)
def test_help_and_version(capsys, arguments: list[str], status: int):
    found, out, err = run(capsys, *arguments)
    assert found == status
    shown = err if status else out
    assert "usage: zoo" in shown or shown == f"chromatin-zoo {zoo.__version__}\n"


def test_the_help_lists_every_command_once_under_its_group(capsys):
    _, out, _ = run(capsys, "--help")
    sections = dict(section.split(":\n", 1) for section in out.split("\n\n")[2:])
    assert list(sections) == ["options", *GROUPS]
    listed = {title: re.findall(r"^  (\w+)", text, re.MULTILINE) for title, text in sections.items()}
    assert listed["find a model"] == ["list", "search", "info", "tracks", "browse", "fetch", "check"]
    for title in GROUPS:
        assert listed[title] == [each.name for each in cli.COMMANDS if each.group == title]
    assert [each.name for each in cli.COMMANDS if each.group not in GROUPS] == ["verify"]  # cache verify is listed


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_help_ends_with_examples_that_are_accepted(capsys, command: Command):
    _, out, _ = run(capsys, command.name, "--help")
    title, *lines = out.rpartition("\n\n")[2].splitlines()
    assert title == ("example:" if len(lines) == 1 else "examples:")
    assert [line[2:] for line in lines] == list(command.examples)
    assert 1 <= len(lines) <= 2
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "zoo"
        assert cli.make_parser().parse_args(words).command.name == command.name
        for name in (word for word in words if word.partition("/")[0] in registry.families() and "/" in word):
            assert registry.list_models(name), name


def test_warnings_are_one_line(capsys, small_folder: Path, genome_files, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "predict", small_folder, "--genome", genome_files.genome, "--signal",
         _flat(genome_files, tmp_path), "--regions", "chr10:1-32"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    (line,) = done.stderr.splitlines()  # nothing of TensorFlow's start-up either, and no progress bar in a log
    assert line.startswith("zoo: warning: ")
    assert "zero in all stretches" in line


def _flat(files: synthetic.Synthetic, folder: Path) -> Path:
    import numpy as np

    from zoo.formats import bigwig

    bigwig.write_track(folder / "flat.bw", {"chr10": 40_010}, [("chr10", np.zeros(40_010, np.float32))], 1)
    return folder / "flat.bw"


@pytest.fixture
def half_done(small_folder: Path, long_genome: synthetic.Synthetic, tmp_path: Path):
    """A run that has finished its first, small chromosome and is at work on a large one; and its words."""
    words = ["zoo", "predict", small_folder, "--genome", long_genome.genome, "--signal", long_genome.signal]
    words += ["--output", tmp_path / "out", "--batch-size", "64"]
    process = subprocess.Popen([sys.executable, "-m", *words], stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list((tmp_path / "out.partial").glob("*.f32")):
        time.sleep(0.01)
    return process, words


def test_ctrl_c_in_the_middle_and_again(half_done, tmp_path: Path, capfd: pytest.CaptureFixture):
    """SIGINT after the first chromosome: no file under a final name, status 130; the same command finishes the rest."""
    process, words = half_done
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "The same command goes on" in err
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"out.partial"}
    assert list((tmp_path / "out.partial").glob("part-*.f32"))
    done = running.run(words, tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["resumed"][0] == "chr1"
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.bed", "out.json"}


def test_kill_in_the_middle_and_again(half_done, tmp_path: Path, capfd: pytest.CaptureFixture):
    """SIGKILL leaves no file under a final name either, and what it leaves is cleaned up by the next run."""
    process, words = half_done
    process.kill()
    process.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {"out.partial"}
    assert running.run(words, tmp_path, capfd).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.bed", "out.json"}


@pytest.mark.parametrize("redirect", ["| true", "| head -1"])
def test_a_reader_that_has_seen_enough(redirect: str):
    command = f"set -o pipefail; {sys.executable} -m zoo list {redirect}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "The output must be writable: No space left on device."),
        (
            PermissionError(13, "Permission denied", "a/b"),
            "The file must be usable: Permission denied. Received: path=",
        ),
        (ConnectionError("reset"), "The system must be able to do this: reset."),
        (MemoryError(), "The machine must have more free memory"),
    ],
)
def test_errors_of_the_system_are_told(capsys, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str):
    def env(options):
        raise error

    monkeypatch.setattr("zoo.commands.env.run", env)
    status, out, err = run(capsys, "env")
    assert (status, out) == (2, "")
    assert err.startswith(f"zoo: error: {said}")
    assert len(err.splitlines()) == 1


def test_standard_output_that_is_full():
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m zoo list >/dev/full"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "zoo: error: The output must be writable: No space left on device.\n"


def test_no_option_takes_an_empty_value():
    """As of a variable of the shell that is not set: it would be taken for none, or for the working folder."""
    tried = 0
    for name in (command.name for command in cli.COMMANDS):
        parser = cli.make_parser()
        options = next(iter(parser._subparsers._group_actions)).choices[name]
        options.fill()
        for action in options._actions:
            if action.option_strings and action.nargs != 0:
                for value in ("", " "):
                    with pytest.raises(InputError, match="must not be empty"):
                        options.parse_args([action.option_strings[-1], value])
                    tried += 1
    assert tried > 150
