"""Configurations of training runs, in files and from the command line."""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import training

from zoo.data import synthetic
from zoo.errors import InputError
from zoo.prepare.peaks import open_regions
from zoo.spec import Architecture
from zoo.train import command, loop
from zoo.train.config import Optimizer, Split, TrainConfig
from zoo.train.tasks.accessibility import AccessibilityData
from zoo.train.tasks.binding import BindingData, BindingTask

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
    assert (config.genome, config.data.meta) == ("/data/hg38.2bit", str(tmp_path / "meta.tsv"))
    assert (config.epochs, config.batch_size, config.data.slop, config.data.strands) == (3, 1000, 5, "both")
    monkeypatch.delenv("WHERE")
    with pytest.raises(InputError, match=r"variable in a path must be set.*export WHERE=/data"):
        TrainConfig.read(tmp_path / "run.yaml")
    assert TrainConfig.read(tmp_path / "run.yaml", genome="/other.2bit").genome == "/other.2bit"


def test_open_chromatin_is_no_file(files: synthetic.Synthetic, tmp_path: Path):
    """`atac_peaks: auto` trains around what the signal shows, too; on the chromosomes of the run."""
    config = training.binding(files)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, atac_peaks="auto"))
    config = TrainConfig.read(training.write(config, tmp_path / "run.json"))
    assert config.data.atac_peaks == "auto"
    bins = {"bins": (32,)}
    with_open = BindingTask(config, 1024, bins)
    without = BindingTask(training.binding(files), 1024, bins)
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
    files = {"signal": "a.bw", "peaks": "a.bed"}
    table = {"meta": "m.tsv", "signal": {"average" if path.stem == "leopard" else "unique35": "a.bw"}}
    if path.stem in ("factornet", "deepgrn", "scfan", "leopard"):
        return {"bases" if path.stem == "leopard" else "bins": table}
    if path.stem == "coverage":  # whose network is that of --from
        return {"coverage": {"bin_size": 32}, "architecture": {"name": "borzoi", "config": {}}}
    if "chrombpnet" in path.stem.lower():
        return {"profile": {**files, "bias": "bias/model"}}
    return {{"yeast_ATAC": "accessibility", "yeast_sites": "sites"}.get(path.stem, "binding"): files}


def test_published_settings(monkeypatch: pytest.MonkeyPatch):
    """Spec of ASAP, sections 4 and 5; of maxATAC, section 0."""
    monkeypatch.setenv("ZOO_DATA", "/data")
    asap = TrainConfig.read(CONFIGS / "asap_K562.yaml")
    assert asap.data.signal == "/data/ENCFF357GNC.bigWig"
    assert asap.data.peaks == "/data/ENCFF333TAT.bed.gz"
    assert (asap.batch_size, asap.epochs, asap.patience, asap.monitor) == (64, 70, 5, "val_pearson")
    assert asap.fold(0).chromosomes.validation == ("chr1", "chr11", "chr13", "chr20")
    assert asap.fold(4).chromosomes == Split(
        tuple(f"chr{number}" for number in (2, 10, 14, 19, 21, 3, 12, 16, 17, 22, 6, 7, 9, 15)),
        ("chr4", "chr5", "chr8", "chr18"),
        ("chr1", "chr11", "chr13", "chr20"),
    )
    maxatac = TrainConfig.read(CONFIGS / "maxatac.yaml", genome="/g", binding={"meta": "meta.tsv"})
    assert (maxatac.batch_size, maxatac.steps, maxatac.epochs, maxatac.patience) == (1000, 100, 100, None)
    yeast = TrainConfig.read(CONFIGS / "yeast_binding.yaml", genome="/g", binding={"meta": "meta.tsv"})
    assert (yeast.epochs, yeast.patience) == (20, 10)
    assert maxatac.chromosomes.validation == ("chr2", "chr19")
    assert maxatac.chromosomes.test == ("chr1", "chr8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"precision": "float8"}, "precision must be one of float32"),
        ({"monitor": "val_accuracy"}, "monitor must be one of val_loss, val_pearson"),
        ({"monitor": "val_dice"}, "monitor must be one of val_loss, val_pearson, val_spearman"),
        ({"epochs": 0}, "epochs must be a whole number of 1 to"),
        ({"epochs": True}, "epochs must be a whole number of 1 to"),
        (
            {"patience": 0, "seed": -1},
            "patience must be a whole number of 1 .*; seed must be a whole number of 0",
        ),
        ({"seed": 1 << 32}, "seed must be a whole number of 0 to 4,294,967,295"),
        ({"batch_size": 2.0}, "batch_size must be a whole number"),
        ({"frozen": ("(",)}, "frozen must be a list of regular expressions"),
        ({"frozen": "block1"}, "frozen must be a list of regular expressions"),
        ({"folds": ((), ("chr1",))}, "folds must be lists of chromosomes, none of them empty"),
        ({"genome": "g\0.2bit"}, r"genome must be a path. Received: genome='g\\x00.2bit'"),
        ({"data": None}, "data must be data of one kind"),
        ({"steps": 5}, "steps must be left out for an accessibility model"),
        ({"name": "no-family"}, "family/MODEL"),
        ({"architecture": Architecture("resnet", {})}, "name one of maxatac, cnn"),
        (
            {"architecture": Architecture("dcnn", {"tracks": 2})},
            r"tracks of the network must be as many as .*1 signal is given.*--signal A.bw B.bw",
        ),
        (
            {"architecture": Architecture("dcnn", {"mappability": True})},
            "mappability must be switched on where",
        ),
    ],
)
def test_rules(files: synthetic.Synthetic, changes: dict, said: str):
    with pytest.raises(InputError, match=said):
        training.accessibility(files, **changes)


def test_rules_of_binding_models(files: synthetic.Synthetic):
    for changes, said in (
        ({"steps": None}, "must be given for a binding model"),
        ({"monitor": "val_pearson"}, "monitor must be one of val_loss, val_dice"),
        ({"architecture": Architecture("dcnn", {})}, "must read a signal beside DNA"),
    ):
        with pytest.raises(InputError, match=said):
            training.binding(files, **changes)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Split(("chr1",), ("chr1",)), "trained on, validated on or tested on"),
        (lambda: Split(("chr1",), ("chr2",), ("chr2",)), "trained on, validated on or tested on"),
        (lambda: Split(("chr1", "chr1"), ("chr2",)), "train must be a list of names, none twice"),
        (lambda: Split((), ("chr1",)), "chromosomes to train on"),
        (lambda: Split("chr1", ("chr2",)), "train must be a list of names"),
        (lambda: Split((1,), ("chr2",)), "train must be a list of names"),
        (lambda: Optimizer("sgd"), "name must be one of asap, maxatac, adamw"),
        (lambda: Optimizer("asap", float("nan")), "learning_rate must be a number of 0 or more"),
        (lambda: Optimizer("asap", -1.0), "learning_rate must be"),
        (lambda: Optimizer("asap", True), "learning_rate must be"),
        (lambda: Optimizer("adamw", 1.0, float("inf")), "weight_decay must be"),
        (lambda: Optimizer("maxatac", 1.0, 0.1), "weight_decay must be left out for maxatac"),
        (lambda: AccessibilityData("a.bw", "s", step=0), "step must be a whole number of 1 to"),
        (lambda: AccessibilityData("", "s"), "signal must be a path"),
        (lambda: AccessibilityData("a.bw", "s", mappability=True), "must come with a list of unmappable bases"),
        (lambda: AccessibilityData("a.bw", "s", mappability=1), "mappability must be true or false"),
        (lambda: bound(jitter=-5), "jitter must be a whole number of 0 to"),
        (lambda: bound(jitter=10**12), "jitter must be a whole number of 0 to"),
        (
            lambda: bound(slop=-1, random_share=1.0),
            "slop must be .*; random_share must be a number of 0 or more",
        ),
        (lambda: bound(random_windows=0), "random_windows must be"),
        (lambda: bound(strands="reverse"), "strands must be one of both"),
        (lambda: bound(pan_cell="yes"), "pan_cell must be true or false"),
        (lambda: bound(blacklist="b.bed"), "blacklist must be a list of paths"),
        (lambda: bound(meta="m.tsv"), "signal, peaks, binding and atac_peaks must be left out"),
        (lambda: bound(peaks=None), r"a table of cell types \(meta\), or signal and peaks"),
        (lambda: bound(signal_spec=None), "signal_spec must be how the signal was made"),
        (lambda: bound(signal_spec=dataclasses.replace(training.SIGNAL, percentile=101.0)), "percentile must lie in 0"),
    ],
)
def test_values_check_themselves(make, said: str):
    with pytest.raises(InputError, match=said):
        make()


def bound(**changes: object) -> BindingData:
    return BindingData(**{"factor": "T", "signal_spec": training.SIGNAL, "signal": "a.bw", "peaks": "a.bed", **changes})


def test_mappability_is_one_switch(files: synthetic.Synthetic, tmp_path: Path):
    """The network's argument follows from that of the data."""
    config = training.accessibility(files)
    assert "mappability" not in config.architecture.config
    data = dataclasses.replace(config.data, unmappable="u.bed", mappability=True)
    assert training.accessibility(files, data=data).architecture.config["mappability"] is True
    path = training.write(config, tmp_path / "run.json")
    chosen = command.configure(path, options("--mappability", "--unmappable", "u.bed"), {})
    assert (chosen.data.mappability, chosen.architecture.config["mappability"]) == (True, True)
    with pytest.raises(InputError, match="must come with a list of unmappable bases"):
        command.configure(path, options("--mappability"), {})


GOOD = """name: yeast/TEST
genome: g.2bit
assembly: test
architecture: {name: maxatac, config: {filters: 4}}
chromosomes: {train: [chr1], validation: [chr2]}
optimizer: {name: maxatac, learning_rate: 1e-3}
binding:
  factor: T
  signal: s.bw
  peaks: r.bed
  signal_spec: {assay: ATAC-seq, smoothing: 20, read_depth: 20000000, percentile: 99.0, fill: 0.0}
steps: 1
monitor: val_dice
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "must be valid YAML or JSON"),
        ("- 1", "must hold keys and values"),
        ("", "must hold keys and values"),
        ("name: a/b\n", r"missing=\['genome', 'assembly', 'architecture', 'chromosomes', 'optimizer'\]"),
        ("nonsense: 1\nepoch: 2\nname: a/b\n", r"unknown=\['nonsense', 'epoch \(did you mean epochs\?\)'\]"),
        (GOOD.replace("test", "2024-01-01"), "line 3: A value must be text, a number.*Put dates in quotes"),
        (GOOD.replace("T\n", "NO\n"), "binding: factor must be text, not False.*in quotes"),
        (GOOD.replace("[chr1]", "[1, 2]"), r"chromosomes: train must be a list, each item text, not \[1, 2\]"),
        (GOOD.replace("[chr1]", "&a [*a]"), "none that holds itself"),
        (GOOD.replace("[chr1]", "[]"), "chromosomes to train on"),
        (GOOD + "1: 2\n", "line 14: A key must be text"),
        (GOOD + "steps: 2\n", "line 14: A key must occur once"),
        (GOOD + "<<: 2\n", "line 14: What << merges must be keys and values"),
        (GOOD + "seed: -1\n", "seed must be a whole number of 0 to"),
        (GOOD + f"seed: {'9' * 5000}\n", "must be valid YAML or JSON"),
        (GOOD + f"seed: {'9' * 400}\n", "seed must be a whole number of 0 to"),
        (GOOD + "seed: true\n", "seed must be a whole number, not True"),
        (GOOD + "seed: 1.0\n", "seed must be a whole number, not 1.0"),
        (GOOD + "checkpoint_steps: .inf\n", "checkpoint_steps must be a whole number, not inf"),
        (GOOD + "frozen: ['(']\n", "frozen must be a list of regular expressions"),
        (GOOD + "extends: 3\n", "The key extends must be a path"),
        (GOOD + "extends: run.yaml\n", "must not extend itself"),
        (GOOD + "extends: missing.yaml\n", "must be a file that can be read: No such file"),
        (GOOD + f"citation: {'[' * 30}{']' * 30}\n", "nested 20 deep at most"),
        (GOOD + f"citation: {'[' * 100_000}\n", "nested 20 deep at most"),
        (GOOD + "citation: !!python/object/apply:os.system [ls]\n", "line 14: A list or keys must be without a tag"),
        (GOOD + "citation: !!python/name:os.system\n", "must be valid YAML or JSON"),
        (GOOD.replace("g.2bit", '"g\\0.2bit"'), "must be a path"),
        (GOOD.replace("g.2bit", "~nobody_at_all/g.2bit"), "must be a path"),
        (GOOD.replace("factor: T", "factor: T\n  jitter: -5"), "jitter must be a whole number of 0 to"),
        (GOOD + "---\n" + GOOD, "must be valid YAML or JSON"),
    ],
)
def test_files_with_mistakes(tmp_path: Path, text: str, said: str):
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        TrainConfig.read(tmp_path / "run.yaml")


def test_a_good_file_reads(tmp_path: Path):
    """With anchors and merges, a number as YAML 1.2 has it, and paths of a base beside that."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.yaml").write_text(GOOD)
    text = "extends: sub/base.yaml\nfolds: [&a [chr1, chr2], [chr3], [chr4]]\n"
    text += "chromosomes: {train: *a, validation: [chr5]}\n"
    (tmp_path / "run.yaml").write_text(text + "binding: {<<: &more {slop: 5}, jitter: 3}\n")
    config = TrainConfig.read(tmp_path / "run.yaml")
    assert config.optimizer == Optimizer("maxatac", 0.001)
    assert config.genome == str(tmp_path / "sub" / "g.2bit")
    assert config.chromosomes == Split(("chr1", "chr2"), ("chr5",))
    assert (config.data.slop, config.data.jitter) == (5, 3)


def test_files_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "latin.yaml").write_bytes("name: yeast/T\ncitation: M\u00fcller\n".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * (2 << 20))
    (tmp_path / "twice.json").write_text('{"seed": 1, "seed": 2}')
    (tmp_path / "endless.json").write_text('{"seed": 1e400}')
    (tmp_path / "deep.json").write_text('{"seed": ' + 900 * "[" + 900 * "]" + "}")
    for name, said in (
        ("missing.yaml", "must be a file that can be read"),
        ("", "must be a file that can be read"),
        ("latin.yaml", "must be text in UTF-8"),
        ("large.yaml", "at most 1,048,576 bytes"),
        ("twice.json", "must be valid JSON.*occurs twice"),
        ("deep.json", "must be valid JSON.*nests deeper than 32 levels"),
    ):
        with pytest.raises(InputError, match=said):
            TrainConfig.read(tmp_path / name)
    with pytest.raises(InputError):
        TrainConfig.read(tmp_path / "endless.json")


@pytest.mark.parametrize("width", [9, 100])
def test_aliases_are_no_bomb(tmp_path: Path, width: int):
    lines = [f"a: &a [{','.join(['x'] * width)}]"]
    lines += [
        f"{new}: &{new} [{','.join([f'*{old}'] * width)}]" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    (tmp_path / "run.yaml").write_text(GOOD + "\n".join(lines))
    with pytest.raises(InputError, match=r"line 1\d: .*at most 20,000 values.*aliases"):
        TrainConfig.read(tmp_path / "run.yaml")


def test_long_text_is_not_repeated_without_end(tmp_path: Path):
    (tmp_path / "run.yaml").write_text(f"{GOOD}a: &a {'x' * 500_000}\nb: [{','.join(['*a'] * 10_000)}]\n")
    with pytest.raises(InputError, match="at most 20,000 values"):
        TrainConfig.read(tmp_path / "run.yaml")


def test_files_that_extend_one_another(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(InputError, match="must not extend itself"):
        TrainConfig.read(tmp_path / "a.yaml")
    for number in range(12):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n")
    with pytest.raises(InputError, match="through more than 10 files"):
        TrainConfig.read(tmp_path / "0.yaml")


def test_the_command_line_comes_first(files: synthetic.Synthetic, tmp_path: Path):
    path = training.write(training.binding(files), tmp_path / "run.json")
    chosen = options(
        "--epochs", "7", "--learning-rate", "0.5", "--set", "filters=6", "--peaks", "p.bed", "--from", "x/Y"
    )
    config = command.configure(path, chosen, {"epochs": 5, "seed": 3})
    assert (config.epochs, config.seed, config.start_from) == (7, 3, "x/Y")
    assert config.optimizer == dataclasses.replace(training.binding(files).optimizer, learning_rate=0.5)
    assert config.architecture.config == {"filters": 6}
    assert config.data.peaks == str(Path("p.bed").absolute())
    config = command.configure(path, options("--train-chroms", "chr1", "chr4", "--test-chroms", "chr5"), {})
    assert config.chromosomes == Split(("chr1", "chr4"), ("chr2",), ("chr5",))
    assert config.data.signal == str(files.signal)
    config = command.configure(path, options("--factor", "MAX"), {})
    assert (config.name, config.data.factor) == ("test/MAX", "MAX")
    asap = training.write(training.accessibility(files), tmp_path / "asap.json")
    config = command.configure(asap, options("--architecture", "lstm", "--set", "window=1024"), {})
    assert (config.architecture.name, config.architecture.config) == ("lstm", {"window": 1024})
    with pytest.raises(InputError, match="NAME=VALUE"):
        command.configure(path, options("--set", "filters"), {})
    config = command.configure(path, options("--meta", "meta.tsv"), {})  # instead of the one cell type's files
    assert (config.data.meta, config.data.signal, config.data.peaks) == (
        str(Path("meta.tsv").absolute()),
        None,
        None,
    )
    assert command.configure(path, options("--patience", "4"), {}).patience == 4
    patient = training.write(training.binding(files, patience=3), tmp_path / "patient.json")
    assert command.configure(patient, options("--patience", "0"), {}).patience is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fold", "0", "--train-chroms", "chr1"), "--fold must not be given with --train-chroms"),
        (("--dry-run", "--publish", "lab/x"), "--dry-run must not be given with --publish"),
        (("--dry-run", "--resume"), "--dry-run must not be given with --resume"),
        (("--publish", "lab"), "A repository must be org/name"),
        (("--tag", "v2"), "--tag or --families must not be given with no --publish"),
        (("--meta", "m.tsv", "--signal", "s.bw"), "--meta must not be given with --signal"),
        (("--fold", "x"), "fold must be a number from 0, or all"),
        (("--fold", "0"), "A fold must be one of at least three"),
        (("--fold", "all"), "must have folds"),
        (("--out", "a\0b"), "out must be a path"),
        (("--unmappable", "u.bed"), r"must be those of its kind, binding. Received: --unmappable='u.bed'"),
        (("--mappability",), "must be those of its kind, binding"),
        (("--genome", "missing.2bit", "--peaks", "missing.bed"), r"must exist. Received: genome='.*', peaks='.*'"),
        (("--genome", "~nobody_at_all/x"), "genome must be a path"),
        (("--train-chroms", "chr1", "chrX"), r"must be in the genome. Received: missing=\['chrX'\]"),
    ],
)
def test_what_is_refused_before_anything_heavy(files: synthetic.Synthetic, tmp_path: Path, arguments: tuple, said: str):
    path = training.write(training.binding(files), tmp_path / "run.json")
    with pytest.raises(InputError, match=said):
        command.prepare(options("--config", str(path), "--out", str(tmp_path / "out"), *arguments))
    assert not (tmp_path / "out").exists()
    asap = training.write(training.accessibility(files), tmp_path / "asap.json")
    with pytest.raises(InputError, match="must be those of its kind, accessibility"):
        command.prepare(options("--config", str(asap), "--out", str(tmp_path / "out"), "--meta", "m.tsv"))


def test_checks_need_no_keras(files: synthetic.Synthetic, tmp_path: Path):
    path = training.write(training.binding(files), tmp_path / "run.json")
    code = (
        "import argparse, sys\n"
        "from zoo.train import command\n"
        "options = command.add_options(argparse.ArgumentParser()).parse_args(['--config', sys.argv[1], '--dry-run'])\n"
        "assert list(command.prepare(options)) == [None]\n"
        "print({'keras', 'tensorflow'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=120)
    assert done.stdout == "set()\n", done.stderr


def test_chromosomes_by_other_names(files: synthetic.Synthetic):
    """`1` for `chr1`, as elsewhere."""
    config = training.binding(files, chromosomes=Split(("1",), ("2",), ("3",)))
    task = BindingTask(config, 1024, {"bins": (32,)})
    assert task.config.chromosomes == training.SPLIT
    assert len(task.plans["training"].starts["chr1"]) > 0
    with pytest.raises(InputError, match="trained on, validated on or tested on"):
        BindingTask(training.binding(files, chromosomes=Split(("1",), ("2",), ("chr1",))), 1024, {"bins": (32,)})


def test_folds(files: synthetic.Synthetic):
    config = training.accessibility(files, folds=(("chr1",), ("chr2",), ("chr3",)))
    assert config.fold(2).chromosomes == Split(("chr2",), ("chr3",), ("chr1",))
    for number, other in ((3, config), (0, training.accessibility(files)), (-1, config)):
        with pytest.raises(InputError, match="A fold must be one of at least three"):
            other.fold(number)


def test_several_workers_need_to_know_each_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for wrong in (None, "", "{", "[]", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}'):
        if wrong is not None:
            monkeypatch.setenv("TF_CONFIG", wrong)
        with pytest.raises(InputError, match="TF_CONFIG must name all workers"):
            loop.strategy_of("multiworker")
    assert loop.strategy_of("single") is None


def test_chrombpnets_published_settings():
    """Its specification, sections 2 and 7."""
    files = {"signal": "a.bw", "peaks": "a.bed", "bias": "bias/model"}
    config = TrainConfig.read(CONFIGS / "chrombpnet.yaml", genome="/hg38.2bit", profile=files)
    assert config.architecture.config == {"filters": 512, "dilated_layers": 8, "bias_filters": 128, "bias_layers": 4}
    assert (config.batch_size, config.epochs, config.patience, config.seed) == (64, 50, 5, 1234)
    assert config.monitor == "val_loss"
    assert (config.optimizer.name, config.optimizer.learning_rate, config.optimizer.decay) == ("adam", 1e-3, 0)
    assert (config.chromosomes.test, config.chromosomes.validation) == (("chr1", "chr3", "chr6"), ("chr8", "chr20"))
    assert len(config.chromosomes.train) == 19
