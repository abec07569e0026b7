"""FactorNet, DeepGRN, Leopard and scFAN through every command, in Python and on the command line, on real inputs."""

import csv
import json
from pathlib import Path

import dream_files
import hg19
import numpy as np
import pytest

import zoo
from zoo import cli
from zoo.attribution.result import Attributions
from zoo.commands import heavy
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal

pytestmark = pytest.mark.filterwarnings("ignore:.*thin. only")  # 1.1 Mb of one chromosome
AT = 10_010_000
REGION = f"{hg19.CHROM}:{AT + 1}-{AT + 400}"
REGISTERED = (
    "factornet/EGR1",  # the mean of two unlike models
    "factornet/REST-GENCODE_Unique35_DGF-final",
    "factornet/MAX-onePeak_Unique35_DGF",
    "deepgrn/EGR1_pair",
    "deepgrn/MAX_single",
)
FILES = ("leopard", "scfan")
_SLOW = pytest.mark.slow
NAMES = [  # two of each kind are enough from day to day: a graph takes seconds to compile
    pytest.param(name, marks=[] if name in ("factornet/EGR1", "deepgrn/EGR1_pair", *FILES) else [_SLOW])
    for name in (*REGISTERED, *FILES)
]


@pytest.fixture(scope="module")
def inputs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> hg19.Inputs:
    return hg19.made(shared, tmp_path_factory.mktemp("hg19"))


@pytest.fixture(scope="module")
def files(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of random numbers in the layouts of their authors."""
    path = tmp_path_factory.mktemp("files") / "best_model.hdf5"
    path.write_bytes(scfan_file())
    return {"leopard": str(shared / "zoo_weights" / "leopard" / "models" / "random_not_trained.h5"), "scfan": str(path)}


@pytest.fixture(scope="module")
def models(files: dict[str, str]):
    """Function: a model by its name, loaded once."""
    loaded: dict[str, zoo.Model] = {}

    def load(name: str) -> zoo.Model:
        name = files.get(name, name)
        if name not in loaded:
            loaded[name] = zoo.load(name)
        return loaded[name]

    return load


def scfan_file() -> bytes:
    """A small scFAN of three factors, as Keras 2.0 writes it."""
    network = dream_files.network("scfan", filters=(16, 12, 8), hidden=16, outputs=3)
    tensors = {layer.name: layer.get_weights() for layer in network.layers if layer.weights}
    layers = {}
    for i in (1, 2, 3):
        name, norm = f"conv2d_{i}", f"batch_normalization_{i}"
        kernel, bias = tensors[f"convolution{i}"]
        layers[name] = {f"{name}/kernel:0": kernel[None, ::-1], f"{name}/bias:0": bias}
        keys = ("gamma", "beta", "moving_mean", "moving_variance")
        layers[norm] = {f"{norm}/{key}:0": v for key, v in zip(keys, tensors[f"norm{i}"], strict=True)}
    for name, ours in (("dense_1", "hidden"), ("dense_2", "output")):
        layers[name] = {f"{name}/{key}:0": v for key, v in zip(("kernel", "bias"), tensors[ours], strict=True)}
    return dream_files.written(None, layers, backend="theano")


def options_of(call: dict[str, object]) -> list[str]:
    """The command line of arguments."""
    found = ["--genome", str(call["genome"])]
    for option, pairs in (("--signal", call["signal"]), ("--covariate", call.get("covariates", {}))):
        for name, value in pairs.items():
            found += [option, f"{name}={value}"]
    return found + (["--track", str(call["track"])] if "track" in call else [])


def run(*arguments: object) -> None:
    assert cli.main([str(argument) for argument in arguments]) == 0


@pytest.mark.parametrize("name", REGISTERED)
def test_what_the_registry_says(shared: Path, name: str, capsys: pytest.CaptureFixture):
    """list, search, info, fetch."""
    family, _, model = name.partition("/")
    run("list", f"{family}/*", "--json")
    assert name in [item["name"] for item in json.loads(capsys.readouterr().out)]
    run("info", name)
    assert f"model            {name}: {model.partition('-')[0].partition('_')[0]}" in capsys.readouterr().out
    run("fetch", name)
    folder = Path(capsys.readouterr().out.split()[-1])
    assert (folder / "config.json").is_file()
    assert zoo.load(folder).spec.name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_command(
    name: str, models, inputs: hg19.Inputs, files, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch
):
    """The command line has Python's numbers: check, doctor, predict, attribute, variants, haplotypes, benchmark."""
    model = models(name)
    monkeypatch.setattr(heavy, "load", lambda *_: model)
    call = inputs.of(model.spec)
    heads = {"track": model.spec.output.tracks[1]} if model.spec.output.tracks else {}
    shown = files.get(name, name)
    command = (shown, *options_of(call | heads))
    if name in REGISTERED:
        run("check", name)
        assert "passed" in capsys.readouterr().out
    run("doctor", "--model", shown, *options_of(call), "--regions", REGION)
    assert "windows in about" in capsys.readouterr().out
    bins = predicted(model, call | heads, command, tmp_path)
    explained(model, call | heads, command, tmp_path)
    with_alleles(model, call | heads, command, tmp_path, inputs)
    (tmp_path / "peaks.bed").write_text(f"{hg19.CHROM}\t{AT}\t{AT + 200}\n")
    width, place = min(model.spec.output.bin_size, 200), ("--region", REGION)
    written = ("--bin-size", width, "--output", tmp_path / "b", "--json")
    capsys.readouterr()
    run("benchmark", "--prediction", tmp_path / "p.bw", "--peaks", tmp_path / "peaks.bed", *place, *written)
    assert json.loads(capsys.readouterr().out)
    assert bins > 1


def predicted(model: zoo.Model, call: dict, command: tuple, folder: Path) -> int:
    """Files have the table's numbers: a row for each bin, and in the bigWig its middle. Returns how many bins."""
    table = model.predict(**call, regions=REGION)[0]
    run("predict", *command, "--regions", REGION, "--output", folder / "p")
    with open(folder / "p.tsv") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert [int(row["start"]) for row in rows] == table.starts.tolist()
    np.testing.assert_allclose([float(row["score"]) for row in rows], table.scores, atol=1e-6)
    output = model.spec.output
    middles = table.starts + (output.bin_size - output.every) // 2
    values = Signal(folder / "p.bw").values(hg19.CHROM, int(middles[0]), int(middles[-1]) + output.every)
    np.testing.assert_allclose(values[:: output.every], table.scores, atol=1e-6)
    before = (folder / "p.bw").stat().st_mtime_ns
    run("predict", *command, "--regions", REGION, "--output", folder / "p")
    assert (folder / "p.bw").stat().st_mtime_ns == before
    return len(table.scores)


def explained(model: zoo.Model, call: dict, command: tuple, folder: Path) -> None:
    """Contributions add up, and are those of Python."""
    run("attribute", *command, "--regions", REGION, "--count", 2, "--output", folder / "a")
    found = Attributions.load(folder / "a.npz")
    off = found.error * np.abs(found.difference)
    assert (off < 1e-4 * np.abs(found.difference) + 1e-6).all()
    direct = model.attribute(**call, regions=REGION, count=2)
    np.testing.assert_allclose(found.values, direct.values, atol=1e-6)
    middle = found.intervals[0].start + model.spec.input.window // 2
    assert middle == AT + 200
    assert (folder / "a.bw").is_file()


def with_alleles(model: zoo.Model, call: dict, command: tuple, folder: Path, inputs: hg19.Inputs) -> None:
    """A variant by itself and on a haplotype."""
    base = Genome(inputs.genome).sequence(hg19.CHROM, AT + 199, AT + 200)
    other = "A" if base != "A" else "G"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "given.vcf").write_text(f"{head}{hg19.CHROM}\t{AT + 200}\trs1\t{base}\t{other}\t.\tPASS\t.\n")
    run("variants", command[0], folder / "given.vcf", *command[1:], "--output", folder / "v")
    with open(folder / "v.tsv") as handle:
        (row,) = csv.DictReader(handle, delimiter="\t")
    scores = model.score_variants([(hg19.CHROM, AT + 200, base, other)], **call).scores
    assert float(row["difference"]) == pytest.approx(scores["difference"][0], abs=1e-6)
    assert float(row["difference"]) != 0
    run("haplotypes", command[0], folder / "given.vcf", *command[1:], "--regions", REGION, "--output", folder / "h")
    tracks = [Signal(folder / f"h.{name}.bw").values(hg19.CHROM, AT, AT + 300) for name in ("reference", "haplotype1")]
    assert (tracks[0] != tracks[1]).any()
    np.testing.assert_allclose(tracks[0], Signal(folder / "p.bw").values(hg19.CHROM, AT, AT + 300), atol=1e-6)
