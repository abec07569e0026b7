"""Many models and samples on the command line: `zoo predict`, `zoo doctor`, and what is refused before Keras."""

import json
import subprocess
import sys

import pytest
from stands import Stand
from test_cli_predict import parsed

import zoo
from zoo import checkup, loading
from zoo.cli import main
from zoo.commands import many
from zoo.data import synthetic
from zoo.errors import InputError

LENGTHS = {"chr1": 20_003, "chr2": 12_001}
REGION = "chr1:5,001-9,000"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return synthetic.make(tmp_path_factory.mktemp("cli"), LENGTHS, seed=6, samples=2)


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stand]:
    """Two models of the registry that need no network."""
    models = {name: Stand(name) for name in ("maxatac/CTCF", "maxatac/MAX")}
    monkeypatch.setattr(loading, "load", lambda name, component=None: models[name])
    return models


# --- what is typed


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("a/b", False),
        ("a/b --signal s.bw", False),
        ("--signal s.bw a/b", False),
        ("--signal s a/b", False),
        ("a/b --signal x=s.bw --signal y=t.bw", False),
        ("a/b c/d", True),
        ("a/*", True),
        ("-tf CT*", True),
        ("a/b --signal s.bw t.bw", True),
        ("--signal s.bw t.BigWig a/b", True),
        ("a/b -i x=s.bw y=t.bw", True),
        ("a/b --samples s.tsv", True),
        ("a/b --workers 2", True),
        ("a/b --dask tcp://h:1", True),
        ("a/b --plan p.tsv", True),
        ("a/b --reduce sum", True),
    ],
)
def test_one_model_and_one_track_are_no_pass(line: str, wanted: bool):
    assert many.is_many(namespace(line)) == wanted


def namespace(line: str):
    import argparse

    return argparse.Namespace(**parsed(f"{line} --genome g.2bit"))


@pytest.mark.parametrize(
    ("line", "name", "samples"),
    [
        ("a/b c/d --signal s.bw", ["a/b", "c/d"], ["s.bw"]),
        ("a/* --signal s.bw t.bw --regions r.bed", "a/*", ["s.bw", "t.bw"]),
        ("--signal s.bw t.bw a/b", "a/b", ["s.bw", "t.bw"]),
        ("a/b --signal A=s.bw B=t.bw C=u.bw", "a/b", {"A": "s.bw", "B": "t.bw", "C": "u.bw"}),
        ("a/b --samples s.tsv", "a/b", "s.tsv"),
        ("a/b c/d", ["a/b", "c/d"], None),
    ],
)
def test_models_and_samples(line: str, name: object, samples: object):
    options = namespace(line)
    assert options.name == name
    assert many.samples_of(options) == samples


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a/b --signal s.bw t.bw --signal u.bw", "Samples must be given without signal"),
        ("a/b --signal s.bw --signal t.bw u.bw", "must be given once, after one --signal"),
        ("a/b --samples s.tsv --signal t.bw u.bw", "must be given once, after one --signal"),
        ("a/b --signal t.bw u.bw --samples s.tsv", "samples must be given once"),
        ("a/b --signal A=s.bw t.bw", "all by a name, NAME=PATH, or all without"),
        ("a/b --signal A=s.bw A=t.bw", "names of their own"),
        ("a/b --signal s.bw s.bw", "names of their own"),
        ("a/* --signal x=s.bw --signal y=t.bw", "must be given by a table"),
        ("a/* --samples s.tsv --signal t.bw", "Samples must be given without signal"),
        ("a/* --covariate x=1", "must be given without covariate"),
        ("a/* --windows w.bed", "must be given without windows"),
        ("a/* --centers w.bed", "must be given without centers"),
        ("a/* --head x", "must be given without head"),
        ("a/* --table x.tsv", "must be given without table"),
        ("a/b c/d -tf CTCF", "not be given together"),
    ],
)
def test_what_does_not_go_together(line: str, said: str):
    with pytest.raises(InputError, match=said):
        many.samples_of(namespace(line))


# --- the command


def test_a_pass_by_the_command(stands, files, tmp_path, capsys):
    command = ["predict", *stands, "--genome", str(files.genome), "--signal", f"A={files.signal}"]
    command += [f"B={files.others[0]}", "--regions", REGION, "--threshold", "0.3", "--output", str(tmp_path / "m")]
    assert main([*command, "--write", "bed,matrix", "--reduce", "max,mean"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["threshold", "precision", "A", "B"]
    assert [line.split()[0] for line in shown[2:4]] == ["CTCF", "MAX"]
    assert (tmp_path / "m.A.CTCF.bed").read_text()
    header = (tmp_path / "m.matrix.tsv").read_text().splitlines()[0].split("\t")
    assert header[6:8] == ["max|maxatac/CTCF|A", "max|maxatac/CTCF|B"]
    assert len(header) == 6 + 8


def test_a_matrix_to_the_terminal(stands, files, capsys):
    command = ["predict", "maxatac/CTCF", "maxatac/MAX", "--genome", str(files.genome), "--signal", str(files.signal)]
    assert main([*command, "--regions", REGION]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t")[6:] == ["maxatac/CTCF|atac", "maxatac/MAX|atac"]
    assert lines[1].split("\t")[2:6] == ["chr1", "5000", "9000", "126"]
    assert len(lines) == 2


def test_an_interruption_says_how_to_go_on(stands, files, tmp_path, capsys, interrupt_at):
    command = ["predict", *stands, "--genome", str(files.genome), "--signal", str(files.signal), "--regions"]
    (tmp_path / "r.bed").write_text("chr1\t100\t16000\nchr2\t100\t9000\n")
    command += [str(tmp_path / "r.bed"), "--output", str(tmp_path / "m")]
    interrupt_at("chr2")
    assert main(command) == 130
    assert "interrupted. The same command goes on where it stopped." in capsys.readouterr().err
    interrupt_at(None)
    assert main(command) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["maxatac/Q*", "--signal", "A"], "pattern of models must match one"),
        (["maxatac/CTCF", "maxatac/NOTHING", "--signal", "A"], "NOTHING"),
        (["maxatac/CTCF", "maxatac/MAX", "--signal", "x.bw"], "(sample x)"),
        (["maxatac/CTCF", "--samples", "x.tsv"], "must be readable text"),
        (["maxatac/CTCF", "maxatac/MAX"], "signal"),
        (["maxatac/CTCF", "maxatac/MAX", "--signal", "A", "--write", "zarr"], "must be written as bigwig"),
        (["maxatac/CTCF", "maxatac/MAX", "--signal", "A", "--output", "atac"], "replace"),
        (["maxatac/CTCF", "maxatac/MAX", "--signal", "A", "--output", "m", "--head", "x"], "without head"),
    ],
)
def test_what_is_refused_before_keras_is_imported(files, tmp_path, more: list[str], said: str):
    (tmp_path / "atac.summary.tsv").mkdir()
    more = [str(files.signal) if argument == "A" else argument for argument in more]
    code = "import sys; from zoo.cli import main; status = main(sys.argv[1:])\n"
    code += "sys.exit(f'imported {status}' if {'keras', 'tensorflow'} & set(sys.modules) else status)"
    command = [sys.executable, "-c", code, "predict", *more, "--genome", str(files.genome), "--regions", REGION]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


# --- the doctor


def test_the_doctor_names_samples(files, tmp_path):
    report = checkup.doctor(files.genome, samples={"A": files.signal, "B": tmp_path / "no.bw"})
    about = {finding.about for finding in report.findings}
    assert {"genome", "A", "B"} <= about
    wrong = [finding for finding in report.findings if finding.status == "error"]
    assert [finding.about for finding in wrong] == ["B"]
    assert report.cost is None


def test_the_doctor_says_what_a_pass_costs(files, monkeypatch):
    from zoo.predict import cost

    models = [Stand("a/X"), Stand("a/Y"), Stand("a/DNA", tracks=())]
    monkeypatch.setattr(checkup.models, "load", lambda names, component=None: {m.spec.name: m for m in models})
    monkeypatch.setattr(cost, "_SECONDS", 0.01)
    given = {"model": models, "samples": {"A": files.signal, "B": files.others[0]}, "regions": ["chr1:1-20,000"]}
    found = checkup.doctor(files.genome, write="bed,bigwig,h5ad", **given)
    cost = found.cost
    assert (cost.models, cost.groups, cost.units) == (3, 2, 3)
    windows = 1 + (20_003 - 256 + 63) // 64  # of 256 bp every 64 bp
    assert cost.windows == windows * (2 * 2 + 1)
    bins = 626  # of 32 bp
    assert cost.files >= 5 * bins * 5 + 4 * 3 * 2
    assert cost.parts >= 4 * bins * 5 + 12 * 6
    assert cost.disk == cost.parts + cost.files
    assert cost.memory > 1e8
    assert "3 models, in 2 groups that read the same, on 2 samples" in " ".join(str(found).split())
    assert json.loads(json.dumps(found.to_json()))["cost"]["units"] == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"samples": {"A": "x.bw"}, "signal": "y.bw"}, "Samples must be given without signal"),
        ({"samples": {"A": "x.bw"}, "vcf": "y.vcf"}, "must be given without vcf"),
        ({"signal": "y.bw", "write": "bed"}, "must be given without write"),
        ({"samples": ["x.bw", "x.bw"]}, "name of its own"),
    ],
)
def test_what_the_doctor_does_not_take(files, more: dict, said: str):
    with pytest.raises(InputError, match=said):
        zoo.doctor(files.genome, **more)


def test_the_doctor_by_the_command(files, capsys):
    assert main(["doctor", "--genome", str(files.genome), "--signal", str(files.signal), str(files.others[0])]) == 0
    said = capsys.readouterr().out
    assert "atac " in said
    assert "atac_2" in said
