"""Models of several tracks, covariates and heads on the command line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import toy

import registry.store
import zoo
from zoo import folder
from zoo.cli import main
from zoo.commands import predict
from zoo.commands.parser import Parser
from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit

LENGTH = 2_017


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def parse(line: str):
        parser = Parser(prog="zoo predict")
        predict.add(parser)
        return parser.parse_args(["a/b", "--genome", "g", *line.split()])

    return parse


@pytest.mark.parametrize(
    ("line", "dest", "value"),
    [
        ("", "signal", None),
        ("--signal a.bw", "signal", "a.bw"),
        ("--signal out/a=b.bw", "signal", "out/a=b.bw"),
        ("--signal atac=a.bw --signal mappability=x/m=1.bw", "signal", {"atac": "a.bw", "mappability": "x/m=1.bw"}),
        ("-s atac=a.bw", "signal", {"atac": "a.bw"}),
        ("--covariate depth=1e1 --covariate island=i.bed", "covariate", {"depth": 10.0, "island": "i.bed"}),
        ("--covariate depth=nan", "covariate", {"depth": "nan"}),  # refused where the model's own are known
        ("--track plus minus --track both", "track", ["plus", "minus", "both"]),
        ("--head counts", "head", "counts"),
    ],
)
def test_pairs(parse, line: str, dest: str, value: object):
    assert getattr(parse(line), dest) == value


def test_a_file_with_a_sign_of_equality_in_its_name_is_a_file(parse):
    Path("a=b.bw").touch()
    assert parse("--signal a=b.bw").signal == "a=b.bw"
    assert parse("--signal b=b.bw").signal == {"b": "b.bw"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--signal a.bw --signal b.bw", "--signal must be one path, or NAME=PATH for each of the tracks.*b.bw"),
        ("--signal a.bw --signal b=b.bw", "--signal must be one path, or NAME=PATH"),
        ("--signal a=a.bw --signal b.bw", "--signal must be one path, or NAME=PATH"),
        ("--signal a=a.bw --signal a=b.bw", "--signal must name each of them once.*'a'"),
        ("--covariate depth", "--covariate must be NAME=VALUE.*covariate='depth'"),
        ("--covariate =3", "--covariate must be NAME=VALUE"),
        ("--covariate depth=", "--covariate must be NAME=VALUE"),
        ("--covariate depth=1 --covariate depth=2", "--covariate must name each of them once"),
    ],
)
def test_what_is_no_pair(parse, line: str, said: str):
    with pytest.raises(InputError, match=said):
        parse(line)


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    return zoo.Model(toy.spec(), toy.network())


@pytest.fixture(scope="module")
def files(model: zoo.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the model, a genome of one chromosome and two tracks."""
    root, random = tmp_path_factory.mktemp("toy"), np.random.default_rng(5)
    write_twobit(root / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), LENGTH)))})
    for name in ("atac", "map"):
        bigwig.write_track(
            root / f"{name}.bw", {"chr1": LENGTH}, [("chr1", random.random(LENGTH).astype(np.float32))], 1
        )
    x = {"window": np.zeros((1, toy.WINDOW, 6), np.float32), "covariates": np.ones((1, 1), np.float32)}
    x["window"][..., 0] = 1
    heads = {name: np.asarray(head) for name, head in model.network(x).items()}
    (root / "model").mkdir()
    folder.write(root / "model", model.spec, model.network, folder.Golden.of(model.spec, x, heads), None, "# TOY\n")
    registry.store.write_digests(root / "model", {"source": "tests"})
    return root


@pytest.fixture
def command(files: Path, model: zoo.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The checks read the model's folder; its network, which the package does not know, is at hand."""
    monkeypatch.setattr("zoo.commands.heavy.load", lambda name, component=None: model)
    monkeypatch.chdir(files)
    given = "predict ./model --genome g.2bit --chromosomes chr1 --signal atac=atac.bw --signal mappability=map.bw"
    return lambda more: main([*given.split(), *more.split(), "--output", str(tmp_path / "o")])


def test_named_tracks_and_a_covariate_to_files(command, model: zoo.Model, files: Path, tmp_path: Path):
    assert command("--covariate depth=1.5 --track plus both") == 0
    expected = model.predict(
        genome=files / "g.2bit",
        signal={"atac": files / "atac.bw", "mappability": files / "map.bw"},
        covariates={"depth": 1.5},
        track=["plus", "both"],
        chromosomes="chr1",
        output=tmp_path / "expected",
    )
    assert {path.name for path in tmp_path.glob("o.*")} == {"o.plus.bw", "o.both.bw", "o.json"}
    for track, path in expected.bigwigs.items():
        with pyBigWig.open(str(path)) as wanted, pyBigWig.open(str(tmp_path / f"o.{track}.bw")) as found:
            np.testing.assert_array_equal(*(file.values("chr1", 0, LENGTH, numpy=True) for file in (found, wanted)))


def test_a_head(command, tmp_path: Path):
    assert command("--covariate depth=1.5 --head counts") == 0
    parameters = json.loads((tmp_path / "o.json").read_text())["parameters"]
    assert (parameters["head"], parameters["tracks"]) == ("counts", None)
    assert {path.name for path in tmp_path.iterdir()} == {"o.bw", "o.json"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "covariates of test/TOY must be given by their names"),
        ("--covariate depth=deep", "depth must be a finite number"),
        ("--covariate depth=1 --signal dnase=d.bw", r"unknown=\['dnase'\]"),
        ("--covariate depth=1 --head profiles", "head must be one of those that test/TOY has: profile, counts"),
        ("--covariate depth=1 --track sense", "track must be one of those of the head profile: plus, minus, both"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_model_is_loaded(
    command, more: str, said: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zoo.commands.heavy.load", lambda name, component=None: pytest.fail("it was loaded"))
    assert command(more) == 2
    assert re.search(said, capsys.readouterr().err)


def test_no_output_replaces_a_track_or_a_covariates_file(files: Path, capsys: pytest.CaptureFixture, monkeypatch):
    monkeypatch.chdir(files)
    line = "predict ./model --genome g.2bit --signal atac=atac.bw --signal mappability=map.bw --covariate depth=1"
    assert main([*line.split(), "--chromosomes", "chr1", "--head", "counts", "--output", "map"]) == 2
    assert "map.bw" in capsys.readouterr().err


def test_all_of_this_is_checked_without_tensorflow(files: Path):
    """What would load the model ends the program and says what was imported by then."""
    code = "import sys; from zoo.cli import main; from zoo.commands import heavy\n"
    code += "heavy.load = lambda name, component=None: sys.exit(str({'keras', 'tensorflow'} & set(sys.modules)))\n"
    code += "main(sys.argv[1:])"
    line = "predict ./model --genome g.2bit --signal atac=atac.bw --signal mappability=map.bw --covariate depth=1"
    done = subprocess.run(
        [sys.executable, "-c", code, *line.split(), "--chromosomes", "chr1", "--track", "plus", "--output", "o"],
        cwd=files, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == "set()\n"
