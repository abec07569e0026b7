"""Configurations of training runs, in files and from the command line."""

import argparse
import dataclasses
from pathlib import Path

import pytest
import training

from zoo.commands import train as command
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.prepare.peaks import open_regions
from zoo.spec import OutputSpec
from zoo.train import loop
from zoo.train.config import Split, TrainConfig
from zoo.train.tasks import BindingTask

CONFIGS = Path(__file__).parents[1] / "recipes" / "configs"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("config"))


def options(*arguments: str) -> argparse.Namespace:
    return command.add_options(argparse.ArgumentParser()).parse_args(arguments)


@pytest.mark.parametrize("kind", ["binding", "accessibility"])
def test_json_and_back(files: synthetic.Synthetic, tmp_path: Path, kind: str):
    config = getattr(training, kind)(files)
    again = TrainConfig.read(training.write(config, tmp_path / "run.json"))
    assert again == config


def test_yaml_with_relative_paths_variables_and_a_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WHERE", "/data")
    (tmp_path / "base.yaml").write_text((CONFIGS / "maxatac.yaml").read_text())
    (tmp_path / "run.yaml").write_text(
        "extends: base.yaml\nname: lab/CTCF\ngenome: $WHERE/hg38.2bit\nbinding: {factor: CTCF, meta: meta.tsv}\n"
    )
    config = TrainConfig.read(tmp_path / "run.yaml", epochs=3, binding={"slop": 5})
    assert (config.genome, config.binding.meta) == ("/data/hg38.2bit", str(tmp_path / "meta.tsv"))
    assert (config.epochs, config.batch_size, config.binding.slop, config.binding.strands) == (3, 1000, 5, "both")
    monkeypatch.delenv("WHERE")
    with pytest.raises(InputError, match=r"variable in a path is set.*export WHERE=/data"):
        TrainConfig.read(tmp_path / "run.yaml")
    assert TrainConfig.read(tmp_path / "run.yaml", genome="/other.2bit").genome == "/other.2bit"


def test_open_chromatin_is_no_file(files: synthetic.Synthetic, tmp_path: Path):
    """`atac_peaks: auto` trains around what the signal shows, too; on the chromosomes of the run."""
    config = training.binding(files)
    config = dataclasses.replace(config, binding=dataclasses.replace(config.binding, atac_peaks="auto"))
    config = TrainConfig.read(training.write(config, tmp_path / "run.json"))
    assert config.binding.atac_peaks == "auto"
    output = OutputSpec(32, 32, 0, "CTCF", "probability")
    with_open = BindingTask(config, 1024, output)
    without = BindingTask(training.binding(files), 1024, output)
    found = [item.chrom for item in open_regions(files.signal, ["chr1", "chr2"])]
    for part, chrom in (("training", "chr1"), ("validation", "chr2")):
        gained = len(with_open.plans[part].starts[chrom]) - len(without.plans[part].starts[chrom])
        assert 0 < gained <= 2 * found.count(chrom)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_that_ships_is_one(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_DATA", "/data")
    config = TrainConfig.read(path, genome="/genome.2bit", **({} if "asap" in path.stem else _data(path)))
    held_out = {*config.chromosomes.validation, *config.chromosomes.test}
    assert not held_out & set(config.chromosomes.train)
    for number in range(len(config.folds)):
        fold = config.fold(number).chromosomes
        assert sorted([*fold.train, *fold.validation, *fold.test]) == sorted(sum(config.folds, ()))


def _data(path: Path) -> dict:
    return {"accessibility": {"signal": "a.bw"}} if path.stem == "yeast_ATAC" else {"binding": {"signal": "a.bw"}}


def test_published_settings(monkeypatch: pytest.MonkeyPatch):
    """Spec of ASAP, sections 4 and 5; of maxATAC, section 0."""
    monkeypatch.setenv("ZOO_DATA", "/data")
    asap = TrainConfig.read(CONFIGS / "asap_K562.yaml")
    assert asap.accessibility.signal == "/data/ENCFF357GNC.bigWig"
    assert asap.accessibility.peaks == "/data/ENCFF333TAT.bed.gz"
    assert (asap.batch_size, asap.epochs, asap.patience, asap.monitor) == (64, 70, 5, "val_pearson")
    assert asap.fold(0).chromosomes.validation == ("chr1", "chr11", "chr13", "chr20")
    assert asap.fold(4).chromosomes == Split(
        tuple(f"chr{number}" for number in (2, 10, 14, 19, 21, 3, 12, 16, 17, 22, 6, 7, 9, 15)),
        ("chr4", "chr5", "chr8", "chr18"),
        ("chr1", "chr11", "chr13", "chr20"),
    )
    maxatac = TrainConfig.read(CONFIGS / "maxatac.yaml", genome="/g")
    assert (maxatac.batch_size, maxatac.steps, maxatac.epochs) == (1000, 100, 100)
    assert maxatac.chromosomes.validation == ("chr2", "chr19")
    assert maxatac.chromosomes.test == ("chr1", "chr8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"precision": "float8"}, "precision is one of float32"),
        ({"monitor": "val_accuracy"}, "monitor is one of"),
        ({"epochs": 0}, "at least 1"),
        ({"accessibility": None}, "data of one kind"),
        ({"chromosomes": Split(("chr1",), ("chr1",))}, "trained on, validated on or tested on"),
        ({"chromosomes": Split((), ("chr1",))}, "chromosomes to train on"),
        ({"steps": 5}, "steps are for binding"),
        ({"name": "no-family"}, "family/MODEL"),
    ],
)
def test_rules(files: synthetic.Synthetic, changes: dict, said: str):
    with pytest.raises(InputError, match=said):
        training.accessibility(files, **changes)
    if "name" not in changes:
        with pytest.raises(InputError, match="an epoch of a binding model has steps"):
            training.binding(files, steps=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "YAML or JSON"),
        ("- 1", "keys and values"),
        ("name: a/b\n", "missing"),
        ("nonsense: 1\nname: a/b\n", "nonsense"),
    ],
)
def test_files_with_mistakes(tmp_path: Path, text: str, said: str):
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        TrainConfig.read(tmp_path / "run.yaml")
    with pytest.raises(InputError, match="can be read"):
        TrainConfig.read(tmp_path / "missing.yaml")


def test_the_command_line_comes_first(files: synthetic.Synthetic, tmp_path: Path):
    path = training.write(training.binding(files), tmp_path / "run.json")
    chosen = options(
        "--epochs", "7", "--learning-rate", "0.5", "--set", "filters=6", "--peaks", "p.bed", "--from", "x/Y"
    )
    config = command.configure(path, chosen, {"epochs": 5, "seed": 3})
    assert (config.epochs, config.seed, config.start_from) == (7, 3, "x/Y")
    assert config.optimizer == dataclasses.replace(training.binding(files).optimizer, learning_rate=0.5)
    assert config.architecture.config == {"filters": 6}
    assert config.binding.peaks == "p.bed"
    config = command.configure(path, options("--train-chroms", "chr1", "chr4", "--test-chroms", "chr5"), {})
    assert config.chromosomes == Split(("chr1", "chr4"), ("chr2",), ("chr5",))
    assert config.binding.signal == str(files.signal)
    config = command.configure(path, options("--factor", "MAX"), {})
    assert (config.name, config.binding.factor) == ("test/MAX", "MAX")
    asap = training.write(training.accessibility(files), tmp_path / "asap.json")
    config = command.configure(asap, options("--architecture", "lstm", "--set", "window=1024"), {})
    assert (config.architecture.name, config.architecture.config) == ("lstm", {"window": 1024})
    with pytest.raises(InputError, match="NAME=VALUE"):
        command.configure(path, options("--set", "filters"), {})


def test_folds(files: synthetic.Synthetic):
    config = training.accessibility(files, folds=(("chr1",), ("chr2",), ("chr3",)))
    assert config.fold(2).chromosomes == Split(("chr2",), ("chr3",), ("chr1",))
    for number, other in ((3, config), (0, training.accessibility(files)), (-1, config)):
        with pytest.raises(InputError, match="A fold is one of at least three"):
            other.fold(number)


def test_several_workers_need_to_know_each_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(InputError, match="TF_CONFIG"):
        loop.strategy_of("multiworker")
    assert loop.strategy_of("single") is None
