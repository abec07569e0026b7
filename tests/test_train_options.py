"""Options of training: mixing of windows, rates of layers, layers that thaw, and when a run ends."""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import training

from zoo import architectures
from zoo.data import sites, synthetic
from zoo.errors import InputError
from zoo.spec import Architecture
from zoo.train import command, optimizers, transfer
from zoo.train.config import Optimizer, TrainConfig
from zoo.train.loop import Trainer
from zoo.train.run import TrainingRun
from zoo.train.tasks.sites_data import SitesData

CONFIGS = Path(__file__).parents[1] / "recipes" / "configs"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("options"))


def of_sites(files: synthetic.Synthetic, **data: object) -> TrainConfig:
    """Two factors with the same sites; few windows."""
    found = SitesData(
        factors=("A", "B"),
        track_specs=(dataclasses.replace(training.SIGNAL, name="signal"),),
        cell_type="cell",
        peaks={"A": str(files.peaks), "B": str(files.peaks)},
        signal=str(files.signal),
        jitter=50,
        motifs_per_factor=1,
    )
    return TrainConfig(
        name="test/AB",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("motif_cnn", {"window": 128, "learned": 4, "filters": 4}),
        chromosomes=training.SPLIT,
        optimizer=Optimizer("adamw", 1e-3, 0.0),
        data=dataclasses.replace(found, **data),
        batch_size=6,
        epochs=1,
        steps=2,
    )


def batches_of(config: TrainConfig):
    task = TrainingRun(config).task
    return task.batches("training", task.slabs("training", task.plans["training"], progress=False))


def test_partners_are_others():
    others, weights = sites.partners(np.random.default_rng(0), 0.2, 50)
    assert sorted(others) == list(range(50))
    assert (others != np.arange(50)).all()
    assert weights.dtype == np.float32
    assert 0.5 <= weights.min() < 0.7 < 0.99 < weights.max() <= 1


def test_mixed_by_hand():
    """Unknown where one of both is; half of each at a weight of a half."""
    x = np.array([[4.0], [8.0], [0.0], [4.0]], np.float32)
    y = np.array([[1.0, -1.0, 0.0], [0.0, 0.5, 1.0], [0.0, 0.0, 1.0], [-1.0, 0.5, 0.0]], np.float32)
    mixed_x, mixed_y = sites.mixed(x, y, np.array([0.75, 0.5], np.float32))
    assert mixed_x.tolist() == [[3.0], [6.0]]
    assert mixed_y.tolist() == [[0.75, -1.0, 0.25], [-1.0, 0.5, 0.5]]
    assert mixed_x.dtype == mixed_y.dtype == np.float32


def test_batches_are_mixed(files: synthetic.Synthetic, monkeypatch: pytest.MonkeyPatch):
    """The same windows as without, each with another one; the same again; workers have parts of it."""
    plain, mixing = (batches_of(of_sites(files, mix=mix)) for mix in (0.0, 0.3))
    x, y = mixing.batch(5)
    for one, other in zip(mixing.batch(5), (x, y), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (mixing.batch(6)[0] != x).any()
    for worker in range(2):
        for part, whole in zip(mixing.batch(5, worker, 2), (x, y), strict=True):
            np.testing.assert_array_equal(part, whole[worker::2])
    others = np.array([3, 0, 1, 5, 2, 4])
    monkeypatch.setattr(sites, "partners", lambda *_: (others, np.full(6, 0.75, np.float32)))
    for mixed, own in zip(mixing.batch(5), plain.batch(5), strict=True):
        np.testing.assert_allclose(mixed, 0.75 * own + 0.25 * own[others], rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "changes", "said"),
    [
        ({"mix": -0.1}, {}, "mix must be a number of 0"),
        ({"mix": 0.2}, {"batch_size": 1}, "batch_size must be 2 or more where windows are mixed"),
    ],
)
def test_mixing_that_makes_no_sense(files: synthetic.Synthetic, data: dict, changes: dict, said: str):
    with pytest.raises(InputError, match=said):
        dataclasses.replace(of_sites(files, **data), **changes)


def test_no_motifs_are_sought(files: synthetic.Synthetic, tmp_path: Path):
    """Kernels begin at random, as many as the network has by itself; the card names no motif."""
    config = of_sites(files, motifs_per_factor=0)
    assert "given" not in config.architecture.config
    run = TrainingRun(config)
    assert run.task.found == {}
    run.train(tmp_path / "run")
    assert "Motifs that the network" not in (tmp_path / "run/model/README.md").read_text()


def three_layers() -> keras.Model:
    """Dense layers first, second and head, without biases."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((4,))
    for name in ("first", "second", "head"):
        x = keras.layers.Dense(4, use_bias=False, name=name)(x)
    return keras.Model(inputs, x)


def moved(network: keras.Model, optimizer: keras.optimizers.Optimizer, gradient: float, names=None) -> dict[str, float]:
    """Layer → by how much a step with such gradients lowers its weights, the mean."""
    trained = [layer.kernel for layer in network.layers[1:] if names is None or layer.name in names]
    before = {layer.name: layer.get_weights()[0] for layer in network.layers[1:]}
    gradients = [keras.ops.full(weight.shape, gradient) for weight in trained]
    tf.function(lambda: optimizer.apply(gradients, trained))()
    return {name: float(np.mean(value - network.get_layer(name).get_weights()[0])) for name, value in before.items()}


def optimizer_of(network: keras.Model, settings: Optimizer, thaw: dict[str, int] | None = None):
    optimizer = optimizers.chosen(settings, network, 10, 1000, thaw)
    optimizer.build(network.trainable_variables)
    return optimizer


def test_layers_have_rates_of_their_own():
    """A first step of Adam has the size of the learning rate; the last pattern counts."""
    network = three_layers()
    optimizer = optimizer_of(network, Optimizer("adam", 0.01, rates={"trunk": 0.1, "sec.*": 2.0}))
    found = moved(network, optimizer, 1.0)
    assert found == pytest.approx({"first": 0.001, "second": 0.02, "head": 0.01}, rel=1e-3)


def test_weight_decay_has_the_rates_too():
    """Without gradients a step takes off learning rate × weight decay × rate."""
    network = three_layers()
    for layer in network.layers[1:]:
        layer.set_weights([np.full((4, 4), 2.0)])
    optimizer = optimizer_of(network, Optimizer("adamw", 0.1, 0.05, rates={"first": 0.1}))
    found = moved(network, optimizer, 0.0)
    assert found == pytest.approx({"first": 0.001, "second": 0.01, "head": 0.01}, rel=1e-4)
    assert optimizer.weight_decay == 0.05


@pytest.mark.parametrize("name", ["adam", "maxatac", "factornet"])
def test_the_first_step_of_a_layer_that_thawed(name: str):
    """It has the size of the learning rate, as that of a layer that is trained from the beginning."""
    network = three_layers()
    optimizer = optimizer_of(network, Optimizer(name, 0.01), {"first": 2})
    for _ in range(20):
        found = moved(network, optimizer, 1.0, ("second", "head"))
        assert found["first"] == 0
    found = moved(network, optimizer, 1.0)
    assert found == pytest.approx({"first": 0.01, "second": 0.01, "head": 0.01}, rel=1e-2)
    assert int(optimizer.iterations) == 21


def test_a_layer_that_thaws_before_its_time():
    """As where steps do not count, whose gradients overflowed in half precision."""
    network = three_layers()
    found = moved(network, optimizer_of(network, Optimizer("adam", 0.01), {"first": 2}), 1.0)
    assert found == pytest.approx({"first": 0.01, "second": 0.01, "head": 0.01}, rel=1e-2)


def test_the_rate_of_a_trunk_that_is_frozen():
    """As by `--freeze trunk` with a configuration that has one."""
    network = three_layers()
    transfer.freeze(network, ["trunk"])
    found = moved(network, optimizer_of(network, Optimizer("adam", 0.01, trunk_rate=0.1)), 1.0, ("head",))
    assert found == pytest.approx({"first": 0, "second": 0, "head": 0.01}, rel=1e-2)


def test_patterns_of_layers():
    network = three_layers()
    assert transfer.by_layer(network, {"trunk": 1, "second": 2}, "rates") == {"first": 1, "second": 2}
    with pytest.raises(InputError, match=r"must match the name of one.*rates='third'"):
        optimizers.chosen(Optimizer("adam", rates={"third": 0.1}), network, 10, 1)
    with pytest.raises(InputError, match=r"must be trained from the first epoch on.*trunk"):
        transfer.thawing(network, {"trunk": 1, "head": 2})
    network.get_layer("first").trainable = False
    with pytest.raises(InputError, match=r"must match one that is trained.*thaw='first'"):
        transfer.thawing(network, {"first": 1})
    assert transfer.thawing(network, {"trunk": 1}) == {"second": 1}


def test_the_head_of_two_towers():
    network = architectures.build("motif_cnn", window=128)
    assert transfer.head_layers(network) == {"given_logits", "learned_logits"}
    assert {"given_scan", "learned_combine"} < {layer.name for layer in transfer.trunk(network)}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda config: Optimizer("adam", rates={"(": 0.1}), "rates must be regular expressions"),
        (lambda config: Optimizer("adam", rates={"first": 0}), "rates must be .* numbers above 0"),
        (lambda config: Optimizer("adam", rates={"first": 0.1}, trunk_rate=0.5), "left out beside rates"),
        (lambda config: dataclasses.replace(config, thaw={"stem": 0}), "thaw must be regular expressions"),
        (lambda config: dataclasses.replace(config, thaw={"stem": 2}), "must be before the last of 2 epochs"),
        (lambda config: TrainingRun(dataclasses.replace(config, thaw={"stem": 1})), "must match the name of one"),
    ],
)
def test_values_that_make_no_sense(files: synthetic.Synthetic, make, said: str):
    with pytest.raises(InputError, match=said):
        make(training.accessibility(files))


def test_on_the_command_line(files: synthetic.Synthetic, tmp_path: Path):
    path = training.write(training.accessibility(files, epochs=5), tmp_path / "run.json")
    parser = command.add_options(argparse.ArgumentParser())

    def configured(*words: str) -> TrainConfig:
        return command.configure(path, parser.parse_args(words), {})

    config = configured("--rates", "trunk=0.1", "--rates", "stem.*=0.01", "--thaw", "trunk=3")
    assert config.optimizer.rates == {"trunk": 0.1, "stem.*": 0.01}
    assert config.thaw == {"trunk": 3}
    assert TrainConfig.read(training.write(config, tmp_path / "again.json")) == config
    for words in (("--thaw", "trunk=1.5"), ("--thaw", "trunk=soon"), ("--rates", "trunk=slow")):
        with pytest.raises(InputError, match=r"values of their types.*(thaw|rates)"):
            configured(*words)


class Killed(Exception):
    """What a run is ended by."""


def thawing(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """With dropout and batch normalization; the head first, then the last block, then all."""
    found = {"trunk": 2, "block2_.*": 1}
    return training.accessibility(files, epochs=3, thaw=found, checkpoint_steps=1, **changes)


@pytest.fixture(scope="module")
def thawed(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    """A finished run, and the weights of its layers at the beginning and after each epoch."""
    folder, seen = tmp_path_factory.mktemp("thawed") / "run", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_end_epoch", _noting(Trainer._end_epoch, seen))
        TrainingRun(thawing(files)).train(folder)
    return folder, seen


def _noting(end_epoch, seen: list[dict]):
    def noting(trainer: Trainer, *arguments: object) -> None:
        seen.append({layer.name: layer.get_weights() for layer in trainer.network.layers if layer.weights})
        end_epoch(trainer, *arguments)

    return noting


def test_layers_thaw_one_after_the_other(thawed: tuple[Path, list[dict]], files: synthetic.Synthetic):
    """Statistics of normalizations, too."""
    _, (first, second, third) = thawed
    run = TrainingRun(thawing(files))
    shapes = run.task.shapes()
    network = run.trainer(shapes, shapes, Path()).network
    begun = {layer.name: layer.get_weights() for layer in network.layers if layer.weights}
    head = transfer.head_layers(network)

    def same(one: dict, other: dict) -> set[str]:
        return {name for name in one if all(map(np.array_equal, one[name], other[name]))}

    late = {name for name in begun if not name.startswith("block2_")} - head
    assert same(begun, first) == set(begun) - head
    assert same(first, second) == late
    assert same(second, third) == set()
    assert any("norm" in name for name in late)


@pytest.mark.parametrize("at", [5, 13])
def test_a_run_goes_on_where_layers_thaw(
    at: int, thawed: tuple[Path, list[dict]], files: synthetic.Synthetic, tmp_path: Path, monkeypatch
):
    """Ended within the first epoch, and within the second one: the same weights and moments."""
    train, steps = Trainer._train, TrainingRun(thawing(files)).task.shapes().steps
    assert 5 < steps < 13 < 2 * steps

    def killed(trainer: Trainer, batch: object, progress) -> None:
        if progress.step == at:
            raise Killed
        train(trainer, batch, progress)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "_train", killed)
        TrainingRun(thawing(files)).train(tmp_path / "run")
    TrainingRun(thawing(files)).train(tmp_path / "run", resume=True)
    one, other = training.weights(tmp_path / "run"), training.weights(thawed[0])
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_two_devices_thaw_as_one(files: synthetic.Synthetic, tmp_path: Path):
    config = training.binding(files, epochs=2, thaw={"trunk": 1})
    config = dataclasses.replace(config, optimizer=Optimizer("adamw", 1e-4, 0.1, rates={"block1_.*": 0.1}))
    path = training.write(config, tmp_path / "run.json")
    TrainingRun(config).train(tmp_path / "one")
    code = (
        "import sys, tensorflow as tf\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "from pathlib import Path\n"
        "from zoo.train.config import TrainConfig\n"
        "from zoo.train.run import TrainingRun\n"
        "strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])\n"
        "TrainingRun(TrainConfig.read(sys.argv[1]), strategy).train(Path(sys.argv[2]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path, tmp_path / "two"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    one, two = ([row["loss"] for row in training.progress(tmp_path / name)["rows"]] for name in ("one", "two"))
    np.testing.assert_allclose(two, one, rtol=1e-4)


def test_patience_is_the_default(files: synthetic.Synthetic, tmp_path: Path):
    """A configuration that shall have none says so."""
    assert training.accessibility(files).patience == 10
    maxatac = {"genome": "/g", "binding": {"meta": "meta.tsv"}}
    assert TrainConfig.read(CONFIGS / "maxatac.yaml", **maxatac).patience is None
    assert TrainConfig.read(CONFIGS / "maxatac.yaml", **maxatac, patience=3).patience == 3
    path = training.write(training.accessibility(files, patience=None), tmp_path / "run.json")
    assert TrainConfig.read(path).patience is None


def test_patience_begins_when_all_layers_have_thawed(files: synthetic.Synthetic, tmp_path: Path):
    """A learning rate of 0, so that the first epoch stays the best: it ends one epoch after a layer thawed."""
    still = dataclasses.replace(training.binding(files).optimizer, learning_rate=0.0)
    config = training.binding(files, optimizer=still, monitor="val_loss", patience=1, epochs=9, steps=2)
    config = dataclasses.replace(config, frozen=(".*_norm.*",), thaw={"block3_conv1": 2})
    result = TrainingRun(config).train(tmp_path / "run")
    assert (result.best_epoch, len(result.rows)) == (1, 3)
