"""Training runs: what they leave, how they go on, how they end badly."""

import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pyBigWig
import pytest
import running
import training

import zoo
from zoo.data import synthetic
from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooWarning
from zoo.spec import Architecture
from zoo.train import state
from zoo.train.config import TrainConfig
from zoo.train.loop import Diverged
from zoo.train.run import TrainingRun

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("loop"))


def bound_run(files: synthetic.Synthetic) -> TrainConfig:
    """Of the finished run of a binding model."""
    return training.binding(files, epochs=3, limits="One factor of one sample.")


@pytest.fixture(scope="module")
def bound(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a binding model."""
    folder = tmp_path_factory.mktemp("bound") / "run"
    TrainingRun(bound_run(files)).train(folder)
    return folder


@pytest.fixture(scope="module")
def open_chromatin(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of an accessibility model."""
    folder = tmp_path_factory.mktemp("open") / "run"
    TrainingRun(training.accessibility(files)).train(folder)
    return folder


def test_what_a_run_leaves(bound: Path):
    names = {path.name for path in bound.iterdir()}
    expected = {"best.weights.h5", "checkpoint.npz", "curves.png", "history.csv", "model", "model.keras"}
    assert names == expected | {"tensorboard", "train.json", "versions.json", "zoo-run.json", "zoo-run.lock"}
    rows = (bound / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,val_loss,val_dice,learning_rate,seconds"
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2", "3"]
    assert (bound / "curves.png").read_bytes()[:4] == b"\x89PNG"
    events = [path.read_bytes() for path in (bound / "tensorboard").iterdir()]
    assert sum(data.count(b"val_dice") for data in events) == 3


def test_the_model_of_a_run(bound: Path):
    model = zoo.load((bound / "model").resolve())
    assert model.check().passed
    assert model.spec.input.tracks == (training.SIGNAL,)
    assert model.spec.prediction.views == ("forward", "reverse_complement")
    assert set(model.spec.metrics) >= {"AUPR", "average precision (both strands)", "positive bins"}
    card = (bound / "model" / "README.md").read_text()
    assert "On chr1; epoch" in card
    assert "chosen by val dice on chr2; metrics are of chr3" in card
    assert "Thresholds are calibrated on chr2." in card
    assert "| best F1 (f1) |" in card
    assert "Precision was measured on chr2: " in card  # a chromosome of one block has no interval
    assert (np.diff(model.thresholds.columns["precision"]) >= 0).all()
    assert model.thresholds.columns["recall"][0] == 1
    plain = keras.saving.load_model(bound / "model.keras")
    x = np.random.default_rng(0).random((2, 1024, 5), np.float32)
    np.testing.assert_array_equal(np.asarray(plain(x, training=False)), np.asarray(model.network(x, training=False)))


def test_an_accessibility_model_of_a_run(open_chromatin: Path, files: synthetic.Synthetic):
    model = zoo.load((open_chromatin / "model").resolve())
    assert model.check().passed
    assert (model.spec.prediction.stride, model.spec.prediction.center_only) == (512, True)
    names = set(model.spec.metrics)
    assert names >= {"pearson chr3", "spearman chr3", "pearson chr3, k-mer regression", "pearson chr3, mean profile"}
    table = model.predict(genome=files.genome, regions="chr3:20,001-22,048")
    assert len(table) == 1


def test_a_run_that_is_over_stays_as_it_is(bound: Path, files: synthetic.Synthetic):
    before = (bound / "model" / "model.weights.h5").read_bytes()
    written = json.loads((bound / "train.json").read_text())
    older = {
        key: value for key, value in reversed(written.items()) if key != "folds"
    }  # a key that is newer than the run
    (bound / "train.json").write_text(json.dumps(older))
    result = TrainingRun(bound_run(files)).train(bound, resume=True)
    assert len(result.rows) == 3
    assert (bound / "model" / "model.weights.h5").read_bytes() == before


def test_a_folder_that_exists_is_refused(bound: Path, files: synthetic.Synthetic, tmp_path: Path):
    run = TrainingRun(training.binding(files))
    with pytest.raises(InputError, match=r"must be new or empty.*--resume"):
        run.train(bound)
    with pytest.raises(InputError, match=r"must go on with the configuration that it began with.*'epochs'"):
        run.train(bound, resume=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="new or empty"):
        run.train(tmp_path / "file")
    with pytest.raises(InputError, match="new or empty"):
        run.train(tmp_path, resume=True)


def command(config: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "zoo", "train", "--config", str(config), "--out", str(out), *more]


@pytest.fixture
def train(tmp_path: Path, capfd: pytest.CaptureFixture):
    """Function: the same command in this process."""

    def run(config: Path, out: Path, *more: str, **environment: str) -> running.Done:
        words = command(config, out, *more)[3:]
        return running.run(["zoo", *words], tmp_path, capfd, **environment)

    return run


def test_killed_and_resumed_is_as_if_nothing_had_happened(
    files: synthetic.Synthetic, open_chromatin: Path, tmp_path: Path, train
):
    """SIGKILL in the middle of an epoch; dropout, batch normalization and moments of Adam go on where they were."""
    config = training.accessibility(files, checkpoint_steps=2)
    path = training.write(config, tmp_path / "run.json")
    process = subprocess.Popen(command(path, tmp_path / "killed"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    checkpoint, deadline = tmp_path / "killed" / "checkpoint.npz", time.monotonic() + 120
    while not checkpoint.is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    at = training.progress(tmp_path / "killed")
    steps = TrainingRun(config).plan().steps_per_epoch
    assert 0 < at["step"] < steps * config.epochs
    assert at["step"] % steps
    assert not (tmp_path / "killed" / "model").exists()
    done = train(path, tmp_path / "killed", "--resume")
    assert done.returncode == 0, done.stderr
    assert "test/ATAC: epoch" in done.stdout
    killed, whole = training.weights(tmp_path / "killed"), training.weights(open_chromatin)
    assert killed.keys() == whole.keys()
    for name in whole:
        np.testing.assert_array_equal(killed[name], whole[name])
    rows = [training.progress(run)["rows"] for run in (tmp_path / "killed", open_chromatin)]
    for one, other in zip(*rows, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def _interrupted(arguments: list[str], ready: Callable[[], bool]) -> None:
    """Ctrl-C as soon as something is so; the command ends with status 130 and no traceback."""
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 200
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said


def test_interrupted_within_an_epoch_and_within_the_export(
    files: synthetic.Synthetic, open_chromatin: Path, tmp_path: Path, train
):
    """Ctrl-C twice; the weights are byte for byte those of a run that was never interrupted."""
    path = training.write(training.accessibility(files, checkpoint_steps=2), tmp_path / "run.json")
    folder = tmp_path / "run"
    _interrupted(command(path, folder), (folder / "checkpoint.npz").is_file)
    assert training.progress(folder)["step"] > 0
    assert not (folder / "model").exists()
    _interrupted(command(path, folder, "--resume"), lambda: any(folder.glob(".zoo-staging-*/model/config.json")))
    assert not list(folder.glob(".zoo-staging-*"))
    assert not (folder / "model").exists()
    done = train(path, folder, "--resume")
    assert done.returncode == 0, done.stderr
    one, other = (zoo.load((run / "model").resolve()).network.get_weights() for run in (folder, open_chromatin))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_card_makes_the_model_again(bound: Path, tmp_path: Path, train):
    """The configuration that it shows, with the command that it shows."""
    card = (bound / "model" / "README.md").read_text()
    assert "`zoo train --config training.json --out FOLDER`" in card
    assert "One factor of one sample." in card.split("**Training.**")[1].split("\n")[0]
    (tmp_path / "training.json").write_text(card.split("```json\n")[1].split("```")[0])
    done = train(tmp_path / "training.json", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    one, other = training.weights(bound), training.weights(tmp_path / "again")
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    spec = [zoo.load((run / "model").resolve()).spec for run in (bound, tmp_path / "again")]
    assert spec[0].metrics == spec[1].metrics


def test_a_network_that_predicts_something_else_is_refused_at_once(files: synthetic.Synthetic):
    """Else broadcasting would compare every bin with every other."""
    with pytest.raises(InputError, match=r"must read and predict what the data hold.*'window': .1024, 4."):
        TrainingRun(training.accessibility(files, architecture=Architecture("maxatac", {"filters": 4, "channels": 4})))
    data = dataclasses.replace(training.accessibility(files).data, unmappable=str(files.peaks), mappability=True)
    with pytest.raises(InputError, match=r"must read and predict what the data hold.*mappability"):
        TrainingRun(
            training.accessibility(files, data=data, architecture=Architecture("convnext_cnn", {"window": 1024}))
        )


def test_input_that_cannot_be_read_leaves_no_folder(files: synthetic.Synthetic, tmp_path: Path):
    config = training.binding(files)
    data = dataclasses.replace(config.data, binding=str(files.signal))  # coverage, not zeros and ones
    with pytest.raises(InputError, match="must hold zeros and ones"):
        TrainingRun(dataclasses.replace(config, data=data)).train(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cache must be a folder"):
        TrainingRun(config, cache=str(tmp_path / "file")).train(tmp_path / "run")
    with pytest.raises(InputError, match="scratch folder must have room"):
        TrainingRun(config, scratch=tmp_path / "missing").train(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_judged_by_is_looked_at_before_training(files: synthetic.Synthetic, tmp_path: Path):
    config = training.accessibility(files)
    (tmp_path / "peaks.bed").write_text("chr1\t30000\t30500\nchr3\t99999\t100200\n")
    data = dataclasses.replace(config.data, peaks=str(tmp_path / "peaks.bed"))
    with pytest.raises(GenomeMismatch, match="Peaks must lie within their chromosomes"):
        TrainingRun(dataclasses.replace(config, data=data))
    (tmp_path / "peaks.bed").write_text("chr1\t30000\t30500\n")
    with pytest.raises(InputError, match="at least one window"):
        TrainingRun(dataclasses.replace(config, data=data))


def gentle(files: synthetic.Synthetic):
    """With a low learning rate, so that rounding, which Adam blows up at its first steps, stays small."""
    config = training.binding(files)
    return dataclasses.replace(config, optimizer=dataclasses.replace(config.optimizer, learning_rate=1e-4))


def _losses(folder: Path) -> list[float]:
    return [row["loss"] for row in training.progress(folder)["rows"]]


@pytest.fixture(scope="module")
def alone(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses of one."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    TrainingRun(gentle(files)).train(folder)
    return _losses(folder)


def test_two_workers_train_to_the_loss_of_one(files: synthetic.Synthetic, alone: list[float], tmp_path: Path):
    """Two processes on loopback; batch normalization has the moments of both."""
    path = training.write(gentle(files), tmp_path / "run.json")
    workers = ["127.0.0.1:29471", "127.0.0.1:29472"]
    processes = []
    for index in range(2):
        cluster = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(cluster)}
        arguments = command(path, tmp_path / f"worker{index}", "--strategy", "multiworker")
        processes.append(
            subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    said = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    np.testing.assert_allclose(_losses(tmp_path / "worker0"), alone, rtol=1e-4)
    assert (tmp_path / "worker0" / "model" / "config.json").is_file()
    assert not (tmp_path / "worker1" / "model").exists()


def test_two_devices_train_to_the_loss_of_one(files: synthetic.Synthetic, alone: list[float], tmp_path: Path):
    path = training.write(gentle(files), tmp_path / "run.json")
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
    np.testing.assert_allclose(_losses(tmp_path / "two"), alone, rtol=1e-4)


def test_a_loss_that_is_no_number_stops_the_run(files: synthetic.Synthetic, tmp_path: Path):
    good = training.accessibility(
        files,
        checkpoint_steps=1,
        optimizer=dataclasses.replace(training.accessibility(files).optimizer, learning_rate=1e30),
    )
    with pytest.raises(
        Diverged, match=r"epoch 1, step \d+ of \d+: The loss must be a finite number.*learning_rate="
    ) as told:
        TrainingRun(good).train(tmp_path / "run")
    step = int(str(told.value).split("step ")[1].split(" ")[0])
    assert training.progress(tmp_path / "run")["step"] == step - 1
    assert not (tmp_path / "run" / "model").exists()


@contextmanager
def largest_file(size: int):
    """No file may become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path):
    path = tmp_path / "checkpoint.npz"
    state.save(path, [np.zeros(100)], state.TrainingProgress(step=1))
    before = path.read_bytes()
    with largest_file(4096), pytest.raises(InputError, match="the one before stays"):
        state.save(path, [np.zeros(100_000)], state.TrainingProgress(step=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_in_the_middle_of_a_run(files: synthetic.Synthetic, tmp_path: Path):
    """The best weights do not fit; with room again the run goes on and ends as one that had it all the time."""
    config = training.binding(files)
    with (
        largest_file(20_000),
        pytest.raises(InputError, match=r"must be writable: File too large.*--resume goes on"),
    ):
        TrainingRun(config).train(tmp_path / "full")
    assert not (tmp_path / "full" / "model").exists()
    TrainingRun(config).train(tmp_path / "full", resume=True)
    TrainingRun(config).train(tmp_path / "room")
    for name, value in training.weights(tmp_path / "room").items():
        np.testing.assert_array_equal(training.weights(tmp_path / "full")[name], value)


def test_other_versions_are_told(bound: Path, files: synthetic.Synthetic):
    (bound / "versions.json").write_text("{}\n")
    with pytest.warns(ZooWarning, match="began with other versions"):
        TrainingRun(bound_run(files)).train(bound, resume=True)


def test_a_checkpoint_of_another_network_or_damaged(tmp_path: Path):
    path = tmp_path / "checkpoint.npz"
    state.save(path, [np.zeros(3)], state.TrainingProgress(step=1))
    with pytest.raises(IntegrityError, match="must be of the network and the optimizer"):
        state.restore(path, [keras.Variable(np.zeros(4))])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntegrityError, match="must hold whole, plain arrays"):
        state.restore(path, [keras.Variable(np.zeros(3))])


def test_patience(files: synthetic.Synthetic, tmp_path: Path):
    """A learning rate of 0: the first epoch stays the best, and after two more the run ends."""
    still = dataclasses.replace(training.binding(files).optimizer, learning_rate=0.0)
    config = training.binding(files, optimizer=still, monitor="val_loss", patience=2, epochs=9, steps=2)
    result = TrainingRun(dataclasses.replace(config, frozen=(".*_norm.*",))).train(tmp_path / "run")
    assert (result.best_epoch, len(result.rows)) == (1, 3)


def test_going_on_from_a_model_with_frozen_layers(bound: Path, files: synthetic.Synthetic, tmp_path: Path):
    start = str((bound / "model").resolve())
    config = training.binding(files, start_from=start, frozen=("block[1-4]_.*",), epochs=1)
    run = TrainingRun(config)
    run.train(tmp_path / "run")
    assert (len(run.transfer.taken), run.transfer.begun, run.transfer.left, run.transfer.given) == (21, (), (), ())
    assert str(run.transfer) in (tmp_path / "run" / "model" / "README.md").read_text()
    before, after = (zoo.load((folder / "model").resolve()).network for folder in (bound, tmp_path / "run"))
    for layer in before.layers:
        if layer.weights:
            same = all(
                np.array_equal(*pair)
                for pair in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
            )
            assert same == layer.name.startswith(("block1", "block2", "block3", "block4")), layer.name
    with pytest.raises(InputError, match=r"must match the name of one.*block\[12\]"):
        TrainingRun(training.binding(files, frozen=("stem",)))
    with pytest.raises(InputError, match="layers of the same names and shapes"):
        TrainingRun(training.accessibility(files, start_from=start))


def test_going_on_from_the_authors_model(shared: Path, files: synthetic.Synthetic, tmp_path: Path):
    config = training.binding(files, start_from="maxatac/CTCF", frozen=("block.*",), epochs=1, steps=1)
    TrainingRun(dataclasses.replace(config, architecture=Architecture("maxatac", {}))).train(tmp_path / "run")
    before, after = zoo.load("maxatac/CTCF").network, zoo.load((tmp_path / "run" / "model").resolve()).network
    changed = [
        layer.name
        for layer in before.layers
        if any(
            not np.array_equal(*pair)
            for pair in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
        )
    ]
    assert changed == ["binding"]


def test_all_folds(files: synthetic.Synthetic, tmp_path: Path, train):
    folds = (("chr1",), ("chr2",), ("chr3",))
    path = training.write(training.accessibility(files, folds=folds, epochs=1), tmp_path / "run.json")
    done = train(path, tmp_path / "cv", "--fold", "all")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in (tmp_path / "cv" / "folds.tsv").read_text().splitlines()]
    assert rows[0] == ["metric", "mean", "standard deviation", "fold 0", "fold 1", "fold 2"]
    table = {row[0]: [float(value) for value in row[1:]] for row in rows[1:]}
    mean, _, *values = table["mean pearson"]
    assert mean == pytest.approx(np.mean(values), abs=1e-3)
    assert "mean pearson, k-mer regression" in table
    for number, chrom in enumerate(("chr2", "chr3", "chr1")):
        assert f"pearson {chrom}" in zoo.load((tmp_path / "cv" / f"fold{number}" / "model").resolve()).spec.metrics


def test_mixed_precision(files: synthetic.Synthetic, tmp_path: Path):
    result = TrainingRun(training.binding(files, precision="mixed_bfloat16")).train(tmp_path / "run")
    assert len(result.rows) == 2
    assert zoo.load((tmp_path / "run" / "model").resolve()).network.layers[1].compute_dtype == "float32"
    TrainingRun(training.binding(files, precision="mixed_float16", epochs=1)).train(tmp_path / "half")
    assert np.isfinite(_losses(tmp_path / "half")).all()


def test_mappability_is_learned_beside(files: synthetic.Synthetic, tmp_path: Path):
    (tmp_path / "unmappable.bed").write_text("chr1\t30000\t30500\nchr1\t70000\t70900\n")
    config = training.accessibility(files, epochs=1)
    data = dataclasses.replace(config.data, unmappable=str(tmp_path / "unmappable.bed"), mappability=True)
    config = dataclasses.replace(config, data=data)
    result = TrainingRun(config).train(tmp_path / "run")
    assert np.isfinite(result.rows[0]["loss"])
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    assert [(head.name, head.kind, head.transform) for head in model.spec.outputs] == [
        ("accessibility", "accessibility", "log1p"),
        ("mappability", "mappability", "identity"),
    ]
    x = np.eye(4, dtype=np.float32)[np.arange(1024) % 4][None]
    expected = np.asarray(model.network(x)["mappability"])[..., 0]
    np.testing.assert_allclose(model.predict(x, head="mappability"), expected, atol=1e-6)
    asked = {"genome": files.genome, "regions": "chr3:20,001-21,024"}
    assert 0 < model.predict(**asked, head="mappability")[0].scores.mean() < 1


def test_a_plan_reads_no_track(files: synthetic.Synthetic, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zoo.Signal, "values", None)
    plan = TrainingRun(training.binding(files)).plan()
    assert plan.steps_per_epoch == 6
    assert plan.windows["training"] > 200
    assert plan.parameters == TrainingRun(training.binding(files)).parameters
    assert "windows to train on" in str(plan)


def bigwig(path: Path, sizes: dict[str, int]) -> str:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        file.addEntries([next(iter(sizes))], [100], ends=[200], values=[1.0])
    return str(path)


def test_files_that_do_not_belong_together(files: synthetic.Synthetic, tmp_path: Path):
    config = training.binding(files)

    def changed(**data: object):
        return dataclasses.replace(config, data=dataclasses.replace(config.data, **data))

    one = bigwig(tmp_path / "one.bw", {"chr1": 120_000})
    with pytest.raises(InputError, match=r"chromosomes of a run must be in the signal of CTCF.*'chr2', 'chr3'"):
        TrainingRun(changed(signal=one))
    other = bigwig(tmp_path / "other.bw", {**training.LENGTHS, "chr2": 60_001})
    with pytest.raises(GenomeMismatch, match="60,001"):
        TrainingRun(changed(signal=other))
    with pytest.raises(GenomeMismatch, match="the binding track of CTCF"):
        TrainingRun(changed(binding=other))
    for line, said in (
        ("chr1\t1\t99999999\n", "must end within"),
        ("chr77\t1\t9\n", "must have chromosomes in common"),
    ):
        (tmp_path / "peaks.bed").write_text(line)
        with pytest.raises(GenomeMismatch, match=said):
            TrainingRun(changed(peaks=str(tmp_path / "peaks.bed")))
    (tmp_path / "peaks.bed").write_text("chr3\t5000\t5100\n")
    with pytest.raises(InputError, match=r"At least one peak must be left.*on other chromosomes=1"):
        TrainingRun(changed(peaks=str(tmp_path / "peaks.bed")))
    with pytest.raises(InputError, match="chromosomes of a run must be in the genome"):
        TrainingRun(dataclasses.replace(config, chromosomes=dataclasses.replace(config.chromosomes, test=("chr9",))))
    meta = (
        "Cell_Line\tATAC_Signal_File\tBinding_File\tATAC_Peaks\tCHIP_Peaks\tTrain_Test_Label\nA\tno.bw\t\t\t\tTrain\n"
    )
    (tmp_path / "meta.tsv").write_text(meta)
    with pytest.raises(InputError, match="line 2: ATAC_Signal_File"):
        TrainingRun(changed(meta=str(tmp_path / "meta.tsv"), signal=None, peaks=None))


def test_several_cell_types(files: synthetic.Synthetic, tmp_path: Path):
    """A table of two, judged apart."""
    row = f"{files.signal}\t\t{files.peaks}\t{files.peaks}\tTrain\n"
    head = "Cell_Line\tATAC_Signal_File\tBinding_File\tATAC_Peaks\tCHIP_Peaks\tTrain_Test_Label\n"
    (tmp_path / "meta.tsv").write_text(f"{head}A\t{row}B\t{row}")
    config = training.binding(files, epochs=1)
    data = dataclasses.replace(config.data, meta=str(tmp_path / "meta.tsv"), signal=None, peaks=None)
    TrainingRun(dataclasses.replace(config, data=data)).train(tmp_path / "run")
    metrics = zoo.load((tmp_path / "run" / "model").resolve()).spec.metrics
    assert metrics["AUPR (A)"] == metrics["AUPR (B)"]


def test_regions_from_tables_and_no_peak_to_judge_by(files: synthetic.Synthetic, tmp_path: Path):
    (tmp_path / "roi.tsv").write_text(
        "Chr\tStart\tStop\tROI_Type\tCell_Line\n"
        + "".join(f"chr1\t{start}\t{start + 1024}\tCHIP\tCTCF\n" for start in range(5000, 90_000, 4000))
    )
    (tmp_path / "peaks.bed").write_text("chr1\t8000\t8300\nchr2\t16000\t16300\n")
    config = training.binding(files, epochs=1)
    data = dataclasses.replace(
        config.data, train_roi=str(tmp_path / "roi.tsv"), peaks=str(tmp_path / "peaks.bed"), random_share=0.0
    )
    run = TrainingRun(dataclasses.replace(config, data=data))
    assert (run.plan().windows["training"], run.plan().windows["validation"]) == (22, 1)
    run.train(tmp_path / "run")
    assert zoo.load((tmp_path / "run" / "model").resolve()).spec.metrics == {"positive bins": 0}


def test_publish_a_run_and_load_it_back(bound: Path, files: synthetic.Synthetic, tmp_path: Path, train):
    import hub_server

    families = tmp_path / "families"
    families.mkdir()
    path = training.write(bound_run(files), tmp_path / "run.json")
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "secret"}
        environment |= {"ZOO_CACHE": str(tmp_path / "cache"), "ZOO_FAMILIES": str(families)}
        more = ("--resume", "--publish", "lab/test", "--tag", "v0.1", "--families", str(families))
        done = train(path, bound, *more, **environment)
        assert done.returncode == 0, done.stderr
        assert "lab/test@v0.1: test/CTCF" in done.stdout
        check = [sys.executable, "-m", "zoo", "check", "test/CTCF", "--json"]
        whole = {**os.environ, **environment}
        done = subprocess.run(check, env=whole, capture_output=True, text=True, timeout=280)
        assert json.loads(done.stdout)["passed"], done.stderr
