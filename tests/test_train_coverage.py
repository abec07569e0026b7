"""A head for tracks of one's own on the trunk of another model: what is taken over, what stays, what comes out."""

import argparse
import dataclasses
import json
from pathlib import Path

import coverage_runs
import keras
import numpy as np
import pytest
import tensorflow as tf
import training
from coverage_runs import BIN, BINS, CROP, NETWORK, WINDOW

import zoo
from zoo import architectures
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.genome.sequence import Genome
from zoo.spec import Architecture
from zoo.train import command, optimizers, transfer
from zoo.train.config import Optimizer, TrainConfig
from zoo.train.losses import poisson_multinomial
from zoo.train.metrics import MeanOverTracks, PearsonCorrelation, PearsonOfTracks
from zoo.train.run import TrainingRun
from zoo.train.schedules import WarmUp
from zoo.train.tasks.coverage import CoverageData


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return synthetic.make(tmp_path_factory.mktemp("coverage"), training.LENGTHS, samples=2)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coverage_runs.published(tmp_path_factory.mktemp("start") / "model")


@pytest.fixture(scope="module")
def targets(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coverage_runs.table(files, tmp_path_factory.mktemp("table") / "mine.tsv")


def weights_of(network: keras.Model) -> dict[str, np.ndarray]:
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in network.weights}


def test_loss_by_hand():
    """Two bins of one track: totals 4 and 3, fractions of what is predicted 2/3 and 1/3."""
    measured, predicted = np.array([[[3.0], [1.0]]]), np.array([[[2.0], [1.0]]])
    total = 3 - 4 * np.log(3)
    bins = -(3 * np.log(2 / 3) + np.log(1 / 3))
    found = poisson_multinomial(measured, predicted, 0.2, 0.0)
    np.testing.assert_allclose(found, [[(bins + 0.2 * total) / 2]], rtol=1e-6)
    assert poisson_multinomial(measured, predicted).shape == (1, 1)


def test_loss_of_borzoi(shared: Path):
    """That of borzoi-pytorch, which had a weight of 1 here, for the outputs and targets of its golden."""
    with np.load(shared / "zoo_weights/borzoi/small/golden.npz") as golden:
        each = poisson_multinomial(golden["target_human"], golden["human"], 1.0, 0.0)
        assert float(np.mean(each)) == pytest.approx(float(golden["loss"]), rel=2e-6)


def test_correlation_of_many_tracks_is_the_mean_of_each():
    random = np.random.default_rng(0)
    y, p = (random.gamma(1, size=(7, 5, 4)).astype(np.float32) for _ in range(2))
    p[..., 1] += y[..., 1]
    p[..., 3] = 2
    one, each = PearsonOfTracks(4), MeanOverTracks([PearsonCorrelation() for _ in range(4)])
    for rows in (slice(0, 3), slice(3, 7)):
        one.update_state(y[rows], p[rows])
        each.update_state(y[rows], p[rows])
    wanted = [np.corrcoef(y[..., t].ravel(), p[..., t].ravel())[0, 1] for t in range(3)]
    assert float(one.result()) == pytest.approx(np.sum(wanted) / 4, rel=1e-5)
    assert float(one.result()) == pytest.approx(float(each.result()), rel=1e-6)


def test_warm_up():
    rate = WarmUp(4, 0.2)
    np.testing.assert_allclose([rate(step) for step in (0, 1, 4, 9)], [0, 0.05, 0.2, 0.2])


def test_the_trunk_is_taken_over_and_the_head_is_new(files, targets, start):
    run = TrainingRun(coverage_runs.coverage(files, targets, start))
    network, before = run._network(), zoo.load(start).network
    given, mine = weights_of(before), weights_of(network)
    new = {"coverage/kernel", "coverage/bias"}
    assert set(mine) - set(given) == new
    assert all((mine[path] == given[path]).all() for path in set(mine) - new)
    assert {name: head.shape for name, head in network.output.items()} == {"coverage": (None, BINS, 2)}
    assert run.transfer.taken == ("conv0", "norm1", "conv1", "norm2", "conv2", "norm3", "conv3")
    assert (run.transfer.begun, run.transfer.left) == (("coverage",), ("human", "mouse"))
    trained = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    assert (run.transfer.trained, run.transfer.frozen) == (trained, 3 * 2 * 6)
    assert "7 layers are those of toy/all (conv0 to conv3)" in str(run.transfer)
    assert run.transfer.changed == ()


def test_arguments_that_are_not_the_models_are_listed(files, targets, start):
    """A shorter window with a smaller crop has the same weights; that is said."""
    other = Architecture(NETWORK, {"window": 512, "crop": 4})
    run = TrainingRun(coverage_runs.coverage(files, targets, start, architecture=other))
    assert run.transfer.changed == ("window: default → 512", "crop: default → 4")
    assert "Arguments that are not that model's: window: default → 512, crop: default → 4." in str(run.transfer)


def test_a_head_of_the_same_size_is_new_too(files, targets, tmp_path):
    """Networks whose head has one name whatever it predicts: equal shapes are no reason to keep it."""
    config = {"filters": 8, "residual_filters": 8, "residual_blocks": 1, "final_filters": 8, "window": WINDOW}
    network = architectures.build("dcnn", **config, tracks=2)
    other = architectures.build("dcnn", **config, tracks=2)
    moved = transfer.take_trunk(network, other, "dcnn")
    [head] = transfer.head_layers(other)
    assert moved.begun == moved.left == (head,)
    one, two = weights_of(network), weights_of(other)
    differing = {path.partition("/")[0] for path in one if (one[path] != two[path]).any()}
    assert differing == {head}
    data = CoverageData(targets=str(targets), bin_size=4, loss="poisson")
    made = coverage_runs.coverage(files, targets, None, architecture=Architecture("dcnn", config), data=data)
    assert made.architecture.config["tracks"] == 2
    assert TrainingRun(made).task.output()[0].shape == (WINDOW // 4, 2)


@pytest.mark.parametrize(
    ("network", "bin_size"),
    [
        (Architecture(NETWORK, {"filters": 7}), BIN),
        (Architecture("dcnn", {"window": WINDOW, "filters": 8, "residual_blocks": 1}), 4),
    ],
)
def test_another_trunk_is_refused(files, targets, start, network, bin_size):
    """Of other sizes, or of another network."""
    data = CoverageData(targets=str(targets), bin_size=bin_size)
    config = coverage_runs.coverage(files, targets, start, architecture=network, data=data)
    with pytest.raises(InputError, match=r"must have the trunk of the model.*'(conv0|stem_conv)'"):
        TrainingRun(config)


def test_a_network_without_a_head_of_its_own_is_refused():
    x = keras.Input((8, 4))
    with pytest.raises(InputError, match="must end with a layer that has weights, which is its head"):
        transfer.head_layers(keras.Model(x, keras.layers.Activation("relu")(x)))


@pytest.mark.parametrize(("given", "said"), [(8, "'network': 16|network=16"), (48, "whole bins on both sides")])
def test_another_bin_size_is_refused(files, targets, given, said):
    data = CoverageData(targets=str(targets), bin_size=given)
    with pytest.raises(InputError, match=said):
        TrainingRun(coverage_runs.coverage(files, targets, None, data=data))


def test_bin_sizes_of_networks():
    assert transfer.bin_size_of(coverage_runs.build(), WINDOW) == BIN
    x = inputs = keras.Input((64, 4))
    x = keras.layers.UpSampling1D(2)(keras.layers.MaxPooling1D(8)(x))
    x = keras.layers.Add()([x, keras.layers.MaxPooling1D(4)(inputs)])
    assert transfer.bin_size_of(keras.Model(inputs, keras.layers.Dense(2)(x)), 64) == 4
    x = keras.layers.Conv1D(3, 7)(inputs)
    assert transfer.bin_size_of(keras.Model(inputs, x), 64) is None
    x = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    assert transfer.bin_size_of(keras.Model(inputs, x), 64) is None


def after_steps(config: TrainConfig, folder: Path) -> tuple[dict, dict]:
    run = TrainingRun(config)
    before = weights_of(run._network())
    batches = {part: run.task.batches(part, run._slabs(part, plan)) for part, plan in run.task.plans.items()}
    folder.mkdir()
    trainer = run.trainer(batches["training"], batches["validation"], folder)
    trainer.run()
    after = weights_of(trainer.network)
    return {path: before[path] for path in after if not path.startswith("coverage/")}, after


def test_a_frozen_trunk_stays_with_its_statistics(files, targets, start, tmp_path):
    config = coverage_runs.coverage(files, targets, start, frozen=("trunk",))
    before, after = after_steps(config, tmp_path / "run")
    assert {path for path in before if (before[path] != after[path]).any()} == set()
    assert any("moving_mean" in path for path in before)
    assert TrainingRun(config).transfer.trained == 2 * 6 + 2


def test_of_an_unfrozen_trunk_everything_moves(files, targets, start, tmp_path):
    before, after = after_steps(coverage_runs.coverage(files, targets, start), tmp_path / "run")
    assert {path for path in before if (before[path] == after[path]).all()} == set()


def test_a_pattern_freezes_a_part(files, targets, start, tmp_path):
    """Here with the Poisson loss of every bin."""
    data = CoverageData(targets=str(targets), bin_size=BIN, loss="poisson")
    config = coverage_runs.coverage(files, targets, start, frozen=("(conv|norm)[01]",), data=data)
    before, after = after_steps(config, tmp_path / "run")
    same = {path.partition("/")[0] for path in before if (before[path] == after[path]).all()}
    assert same == {"conv0", "norm1", "conv1"}


@pytest.mark.parametrize("clip_norm", [None, 0.01])
def test_the_trunk_has_a_rate_of_its_own(clip_norm):
    """A first step of Adam has the size of the learning rate; the same gradients, whatever the rate."""
    moves = {}
    for factor in (1.0, 0.1):
        keras.utils.set_random_seed(1)
        network = coverage_runs.build(outputs="coverage", tracks=(2,))
        before = weights_of(network)
        settings = Optimizer("adam", 0.01, trunk_rate=factor, clip_norm=clip_norm)
        optimizer = optimizers.chosen(settings, network, 10, 1)
        optimizer.build(network.trainable_variables)
        ones = [keras.ops.ones(weight.shape) for weight in network.trainable_variables]
        tf.function(optimizer.apply)(ones)
        moves[factor] = {path: (before[path] - value).mean() for path, value in weights_of(network).items()}
    for path, move in moves[1.0].items():
        if "moving" not in path:
            wanted = move if path.startswith("coverage/") else 0.1 * move
            assert moves[0.1][path] == pytest.approx(wanted, rel=1e-2)
            assert move == pytest.approx(0.01, rel=1e-2)


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (lambda: Optimizer("adam", trunk_rate=0.0), "trunk_rate must be a number above 0"),
        (lambda: Optimizer("asap", trunk_rate=0.5), "weight_decay must be 0 where the trunk has a rate"),
        (lambda: Optimizer("maxatac", warm_up=3), "must be left out for all but adam"),
        (lambda: Optimizer("adam", clip_norm=-1.0), "clip_norm must be a number above 0"),
    ],
)
def test_optimizers_that_make_no_sense(optimizer, said):
    with pytest.raises(InputError, match=said):
        optimizer()


def options(*arguments: object) -> argparse.Namespace:
    return command.add_options(argparse.ArgumentParser()).parse_args(list(map(str, arguments)))


@pytest.fixture
def config_file(files, tmp_path) -> Path:
    """Without a network, which is that of the model, and without a bin size, which follows from it."""
    path = tmp_path / "coverage.json"
    values = {
        "name": "test/MINE",
        "genome": str(files.genome),
        "assembly": "synthetic",
        "chromosomes": dataclasses.asdict(training.SPLIT),
        "optimizer": {"name": "adam", "learning_rate": 0.003, "clip_norm": 1.0},
        "coverage": {"loss": "poisson_mn"},
        "monitor": "val_pearson",
        "batch_size": 4,
        "epochs": 2,
    }
    path.write_text(json.dumps(values))
    return path


def test_a_run_of_the_command(files, targets, start, config_file, tmp_path, capsys):
    """What it prints; the record; the card; and what the model is for."""
    given = ("--config", config_file, "--from", start, "--tracks", targets, "--out", tmp_path / "run")
    command.main(options(*given, "--trunk-rate", 0.5))
    said = capsys.readouterr().out
    assert "Weights of 7 layers are those of" in said
    assert "new: coverage; not taken over: human, mouse" in said
    record = json.loads((tmp_path / "run/train.json").read_text())
    assert record["architecture"] == {
        "name": NETWORK,
        "config": {"outputs": "coverage", "tracks": [2]},
        "package": None,
    }
    assert (record["coverage"]["bin_size"], record["optimizer"]["trunk_rate"]) == (BIN, 0.5)
    folder = tmp_path / "run/model"
    card = (folder / "README.md").read_text()
    assert "Weights of 7 layers are those of" in card
    assert "To make it again" in card
    one = zoo.load(folder)
    assert one.spec.provenance["source"] == "trained by this package, from weights of toy/all"
    assert one.spec.provenance["license"] == "as the owner of the data says; weights of toy/all: not stated"
    [head] = one.spec.outputs
    assert (head.bins, head.bin_size, head.offset) == (BINS, BIN, CROP * BIN)
    assert (head.tracks, head.swap, head.kind) == (("up", "down"), (1, 0), "coverage")
    assert one.check().passed
    metrics = one.spec.metrics
    assert {"mean pearson", "pearson (up)", "pearson (down)", "mean pearson, mean profile"} <= set(metrics)
    assert metrics["windows"] == 76
    assert {"poisson loss", "poisson loss, mean profile", "poisson loss, mean of each track"} <= set(metrics)
    again = command.prepare(options("--config", tmp_path / "run/train.json", "--out", tmp_path / "again"))
    [config] = again.values()
    assert TrainConfig.parse(record, "record") == config


def test_the_model_does_what_models_do(files, targets, start, config_file, tmp_path):
    given = ("--config", config_file, "--from", start, "--tracks", targets, "--out", tmp_path / "run", "--epochs", 1)
    command.main(options(*given, "--freeze", "trunk"))
    one = zoo.load(tmp_path / "run/model")
    where = {"genome": files.genome, "regions": "chr3:20,001-24,000"}
    found = one.predict(**where, track="down", output=tmp_path / "out", strands="both")
    table = one.predict(**where, track="down", strands="both")
    assert table.matrix().shape[1] >= 4000 // BIN
    assert found.bigwig.is_file()
    vcf = tmp_path / "one.vcf"
    reference = "ACGT"[Genome(files.genome).codes("chr3", 22_000, 22_001)[0]]
    other = "A" if reference != "A" else "C"
    vcf.write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr3\t22001\t.\t{reference}\t{other}\n")
    scores = one.score_variants(vcf, genome=files.genome, track="down")
    assert not scores.skipped
    assert all(np.isfinite(values).all() for values in scores.scores.values())
    explained = one.attribute(**where, track="down", method="gradients")
    assert np.isfinite(explained.values).all()
    with pytest.raises(InputError):
        one.predict(**where, track="sideways")


def test_tracks_that_do_not_vary_are_counted(files, targets):
    task = TrainingRun(coverage_runs.coverage(files, targets, None)).task
    windows = task._read(task.plan(["chr3"]), False)
    measured = np.concatenate([windows.batch(step)[1] for step in range(windows.steps)])
    noise = np.random.default_rng(0).random((len(measured), BINS, 2), np.float32)
    noise[..., 1] = 2
    rows = iter(noise)
    found = task._compared({"": lambda x: np.stack([next(rows) for _ in x])}, windows)
    r = np.corrcoef(measured[..., 0].ravel(), noise[..., 0].ravel())[0, 1]
    assert found == {
        "windows": len(measured),
        "mean pearson": pytest.approx(r, abs=1e-4),
        "tracks that do not vary": 1,
        "poisson loss": pytest.approx((noise - measured * np.log(noise + 1e-8)).mean(), rel=1e-4),
        "pearson (up)": pytest.approx(r, abs=1e-4),
    }


def test_a_plan_writes_nothing(targets, start, config_file, tmp_path, capsys):
    """Windows of 1,024 bp every 768 bp from the first base that is known, 1,000, to 120,000 and to 60,000."""
    command.main(options("--config", config_file, "--from", start, "--tracks", targets, "--dry-run"))
    said = capsys.readouterr().out
    assert "154 windows to train on, 76 to validate on" in said
    assert "Weights of 7 layers" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coverage.json"]


def test_terms_of_the_weights_stay():
    own = {"source": "trained by this package", "license": "CC0", "citation": "me", "seed": "0"}
    before = {
        "source": "a file",
        "license": "MIT",
        "citation": "they",
        "redistribution": "no, as they say",
        "sha256": "00",
    }
    assert transfer.provenance(own, "their/MODEL", before) == {
        "source": "trained by this package, from weights of their/MODEL",
        "license": "CC0; weights of their/MODEL: MIT",
        "citation": "me; they",
        "seed": "0",
        "redistribution": "no, as they say",
    }
    assert transfer.provenance(own, "x/Y", {"citation": "me"})["citation"] == "me"


def test_a_model_of_one_named_track_gives_its_golden_outputs(tmp_path):
    """What it predicts has no axis for the track, the golden outputs have one."""
    assert zoo.load(coverage_runs.published(tmp_path / "one", outputs="human", tracks=(1,))).check().passed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 5}, "steps must be left out"),
        ({"architecture": Architecture("maxatac", {})}, "must have an argument tracks"),
        ({"monitor": "val_dice"}, "monitor must be one of val_loss, val_pearson"),
    ],
)
def test_rules(files, targets, change, said):
    with pytest.raises(InputError, match=said):
        coverage_runs.coverage(files, targets, None, **change)


def test_files_that_are_missing(files, targets, start, tmp_path):
    with pytest.raises(InputError, match=r"must exist.*targets"):
        TrainingRun(coverage_runs.coverage(files, tmp_path / "none.tsv", start))
    path = coverage_runs.table(files, tmp_path / "more.tsv", "third\tnone.bw\t1\tsum\tthird\n")
    with pytest.raises(InputError, match=r"must exist.*track third"):
        TrainingRun(coverage_runs.coverage(files, path, start))


def test_a_configuration_without_a_network_needs_a_model(config_file, targets):
    with pytest.raises(InputError, match=r"missing.*architecture"):
        TrainConfig.read(config_file, coverage={"targets": str(targets), "bin_size": BIN})


def test_tracks_belong_to_coverage(files, targets, tmp_path):
    path = training.write(training.accessibility(files), tmp_path / "run.json")
    with pytest.raises(InputError, match=r"must be those of its kind, accessibility.*--tracks"):
        command.configure(path, options("--config", path, "--tracks", targets), {})


def test_targets_of_the_network_named_by_the_options(config_file, targets):
    given = ("--config", config_file, "--tracks", targets, "--bin-size", BIN, "--architecture", NETWORK)
    config = command.configure(config_file, options(*given, "--set", "crop=4"), {})
    assert config.architecture == Architecture(NETWORK, {"crop": 4, "outputs": "coverage", "tracks": (2,)})
