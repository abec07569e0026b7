"""What users give wrongly to models of FactorNet's kind: refused by name, with how to mend it, in Python and by CLI."""

from pathlib import Path

import dream_files
import numpy as np
import pytest

import zoo
from zoo import cli
from zoo.commands import heavy
from zoo.errors import InputError, ZooError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.porting import bins_of_200, factornet

SIZE = 3003
NUMBERS = {f"GEPC{i}": 0.1 * i for i in range(1, 9)}
FLAGS = tuple(bins_of_200.FLAGS)
CELLS = (
    "A549, GM12878, H1-hESC, HCT116, HeLa-S3, HepG2, IMR-90, K562, MCF-7, PC-3, Panc1, induced_pluripotent_stem_cell, "
    "liver"
)


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    """A FactorNet with random weights that reads both tracks, 8 numbers and 6 flags."""
    config = {"window": 1002, "tracks": 2, "filters": 6, "kernel_size": 10, "pool_size": 5, "units": 3, "hidden": 4}
    config |= {"covariates": 14, "outputs": 1}
    about = bins_of_200.About("test/NET", {"source": "tests"}, "none")
    vector = bins_of_200.vector_by_length(14, "GEPC")
    spec = factornet.make_spec(config, about, ("unique35", "dgf"), vector, ("CTCF",))
    return zoo.Model(spec, dream_files.network("factornet", **config))


@pytest.fixture(scope="module")
def saved(model: zoo.Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same as a folder, which the command line names."""
    return str(model.save(tmp_path_factory.mktemp("model") / "net"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome, its tracks, and BED files of many kinds."""
    root, random = tmp_path_factory.mktemp("bad"), np.random.default_rng(5)
    write_twobit(root / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), SIZE)))})
    tracks = {
        "dgf": (random.random(SIZE) < 0.05) * 0.7,
        "unique35": random.choice([1, 0.5, 0], SIZE),
        "one": np.tile([3.0, 0, 0], 1001),  # a mean of 1 per base
    }
    for name, values in tracks.items():
        bigwig.write_track(root / f"{name}.bw", {"chr1": SIZE}, [("chr1", values.astype(np.float32))], 1)
    beds = {
        "flag": "chr1\t1000\t1200\n",
        "empty": "",
        "far": "chr1\t1000\t1200\nchr1\t3000\t3004\n",
        "other": "chr7\t1000\t1200\n",
        "wrong": "chr1\t1000\t1200\nchr1\t1200\t1000\n",
        "windows": "chr1\t500\t1502\n",
        "outside": "chr1\t2500\t3502\n",
        "short": "chr1\t500\t700\n",
    }
    for name, text in beds.items():
        (root / f"{name}.bed").write_text(text)
    return root


def given(folder: Path, changes: dict) -> dict:
    """Arguments that are right, but for some changes; None leaves one out. Names of files stand for paths."""
    paths = {path.name: path for path in folder.iterdir()}

    def found(value: object) -> object:
        return paths.get(value, value) if isinstance(value, str) else value

    signal = {"unique35": "unique35.bw", "dgf": "dgf.bw"} | changes.get("signal", {})
    covariates = NUMBERS | dict.fromkeys(FLAGS, "flag.bed") | changes.get("covariates", {})
    call = {"genome": "g.2bit", "regions": "chr1:901-1100"} | {
        name: value for name, value in changes.items() if name not in ("signal", "covariates")
    }
    parts = {"signal": signal, "covariates": covariates}
    call |= {
        name: {key: found(value) for key, value in part.items() if value is not None} for name, part in parts.items()
    }
    return {name: found(value) for name, value in call.items() if value is not None}


def options(call: dict) -> list[str]:
    """The same on the command line."""
    arguments = []
    for name, value in call.items():
        option = {"covariates": "--covariate"}.get(name, f"--{name}")
        pairs = [f"{key}={item}" for key, item in value.items()] if isinstance(value, dict) else [value]
        for item in pairs:
            arguments += [option, str(item)]
    return arguments


HOW = "`zoo prepare --recipe annotation` makes the BED files of flags"
BAD = {
    "a track is missing": (
        {"signal": {"unique35": None}},
        ["missing=['unique35']", "unique35 is wgEncodeDukeMapabilityUniqueness35bp.bigWig of UCSC (hg19)"],
    ),
    "the sample's track is missing": (
        {"signal": {"dgf": None}},
        ["missing=['dgf']", "`zoo prepare --recipe factornet` makes dgf of reads"],
    ),
    "a track that no model knows": ({"signal": {"dnase": "dgf.bw"}}, ["unknown=['dnase']", "unique35 (", "dgf ("]),
    "an unknown cell type": (
        {"covariates": {"cell_type": "gm12878"} | dict.fromkeys(NUMBERS)},
        [f"The cell_type must be one that test/NET knows: {CELLS}", "Give numbers for another one: GEPC1"],
    ),
    "a cell type and its numbers": ({"covariates": {"cell_type": "GM12878"}}, ["must be given without GEPC1"]),
    "no cell type": ({"covariates": dict.fromkeys(NUMBERS)}, ["missing=['GEPC1', 'GEPC2'", "'cell_type': 'A549'"]),
    "flags without files": (
        {"covariates": dict.fromkeys(FLAGS)},
        ["missing=['cpg_island', 'cds', 'intron', 'promoter', 'utr5', 'utr3']", HOW],
    ),
    "a flag whose file is nowhere": (
        {"covariates": {"cds": "nowhere.bed"}},
        ["The covariate cds must be a number, intervals, or a BED file that exists", "cds='nowhere.bed'", HOW],
    ),
    "a flag beyond its chromosome": (
        {"covariates": {"intron": "far.bed"}},
        ["far.bed", "covariate intron must be of the genome's assembly", "chr1:3001-3004", "length=3003"],
    ),
    "a flag of other chromosomes": (
        {"covariates": {"utr3": "other.bed"}},
        ["covariate utr3 and the genome must have chromosomes in common", "chr7"],
    ),
    "a flag whose file is no BED": (
        {"covariates": {"utr5": "wrong.bed"}},
        ["wrong.bed, line 2", "must be chrom, start, end (0-based, half-open, start < end)"],
    ),
    "a flag whose file is binary": ({"covariates": {"utr5": "g.2bit"}}, ["g.2bit", "must be"]),
    "seven numbers": ({"covariates": {"GEPC8": None}}, ["missing=['GEPC8']", "unknown=[]"]),
    "nine numbers": ({"covariates": {"GEPC9": 0.9}}, ["unknown=['GEPC9']", "missing=[]"]),
    "a number that is none": ({"covariates": {"GEPC3": float("nan")}}, ["GEPC3 must be a finite number"]),
    "a flag that is no number": ({"covariates": {"cds": float("nan")}}, ["cds must be a"]),
    "text for a number": ({"covariates": {"GEPC3": "high"}}, ["GEPC3 must be a finite number"]),
    "both strands": ({"strands": "both"}, ['strands must not be "both" for a model that reads both strands']),
    "a window that ends outside": (
        {"regions": None, "windows": "outside.bed"},
        ["must lie within its chromosome", "chr1:2501-3502"],
    ),
    "a window of another length": ({"regions": None, "windows": "short.bed"}, ["1,002 bp", "short.bed, line 1"]),
    "a region outside": ({"regions": "chr1:2901-3104"}, ["must lie within its chromosome"]),
    "a region elsewhere": ({"regions": "chr9:1-200"}, ["must lie on a chromosome of the genome"]),
}


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused(name: str, model: zoo.Model, saved: str, folder: Path, monkeypatch, capsys):
    changes, wanted = BAD[name]
    call = given(folder, changes)
    with pytest.raises(ZooError) as error:
        model.predict(**call)
    monkeypatch.setattr(heavy, "load", lambda *_: model)
    assert run(["predict", saved, *options(call), "--output", str(folder / "made")]) == 2
    said = capsys.readouterr().err
    for text in wanted:
        assert text in str(error.value)
        assert text in said
    assert "Traceback" not in said
    assert not list(folder.glob("made*"))


def run(arguments: list[str]) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as error:
        return error.code


@pytest.mark.parametrize("verb", ["attribute", "score_variants", "predict_haplotypes"])
@pytest.mark.parametrize(
    "name", ["a track is missing", "an unknown cell type", "flags without files", "a flag beyond its chromosome"]
)
def test_every_verb_refuses_it(name: str, verb: str, model: zoo.Model, folder: Path):
    changes, wanted = BAD[name]
    call = given(folder, changes)
    if verb != "attribute":
        call["variants"] = [("chr1", 1000, "A", "C")]
    if verb == "score_variants":
        del call["regions"]
    with pytest.raises(ZooError) as error:
        getattr(model, verb)(**call)
    for text in wanted:
        assert text in str(error.value)


@pytest.mark.filterwarnings("always::zoo.errors.ZooWarning")
def test_a_track_of_another_recipe(model: zoo.Model, saved: str, folder: Path, monkeypatch, capsys):
    """A mean of 1 per base, as of ATAC-seq tracks scaled to 1x, is warned of in runs, and by the doctor."""
    call = given(folder, {"signal": {"dgf": "one.bw"}})
    said = "one.bw: not scaled as dgf: its mean is 1 per base.*`zoo prepare --recipe factornet` makes dgf"
    with pytest.warns(ZooWarning, match=said):
        model.predict(**call)
    monkeypatch.setattr(heavy, "load", lambda *_: model)
    assert run(["predict", saved, *options(call), "--output", str(folder / "warned")]) == 0
    assert "warning" in (told := capsys.readouterr().err)
    assert "one.bw: not scaled as dgf: its mean is 1 per base" in told
    run(["doctor", "--model", saved, *options(call)])
    assert "not scaled as dgf" in capsys.readouterr().out


def test_none_is_no_flag(model: zoo.Model, folder: Path):
    call = given(folder, {})
    with pytest.raises(InputError, match=r"covariate cds must be a number, intervals, or a BED file.*cds=None"):
        model.predict(**call | {"covariates": call["covariates"] | {"cds": None}})


def test_right_inputs_are_taken(model: zoo.Model, folder: Path, recwarn: pytest.WarningsRecorder):
    """A flag without any interval is 0 everywhere; a number is that for all bins; windows inside are predicted."""
    one = model.predict(**given(folder, {"covariates": dict.fromkeys(FLAGS, "empty.bed")}))
    other = model.predict(**given(folder, {"covariates": dict.fromkeys(FLAGS, 0)}))
    assert np.array_equal(one[0].scores, other[0].scores)
    flagged = model.predict(**given(folder, {}))
    assert not np.array_equal(one[0].scores, flagged[0].scores)
    windows = model.predict(**given(folder, {"regions": None, "windows": "windows.bed"}))
    assert windows[0].starts.tolist() == [901]
    assert not [item for item in recwarn if item.category is ZooWarning]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"covariates": np.zeros((2, 13))}, r"finite numbers \(n, 14\): GEPC1"),
        ({"covariates": np.zeros((2, 15))}, r"finite numbers \(n, 14\)"),
        ({"covariates": np.zeros((3, 14))}, "windows=2"),
        ({"covariates": np.full((2, 14), np.nan)}, "finite numbers"),
        ({"covariates": None}, "Covariates must be given"),
        ({"window": np.zeros((2, 1002, 5))}, r"\(n, 1002, 6\): one-hot A, C, G, T, then unique35, dgf"),
        ({"window": np.zeros((2, 1000, 6))}, r"\(n, 1002, 6\)"),
        ({"window": np.full((2, 1002, 6), np.nan)}, "must be finite numbers"),
        ({"reverse": np.zeros((2, 1002, 6))}, "inputs of the network: window, covariates"),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "attribute"])
def test_arrays(model: zoo.Model, verb: str, change: dict, message: str):
    x = {"window": np.zeros((2, 1002, 6)), "covariates": np.zeros((2, 14))} | change
    with pytest.raises(InputError, match=message):
        getattr(model, verb)({name: array for name, array in x.items() if array is not None})
