"""Tasks: the table of them, one that is added from outside, and several signals."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pyBigWig
import pytest
import toy
import training

import zoo
from zoo.data import synthetic
from zoo.data.slabs import BinTrack, SlabPlan, Slabs
from zoo.data.windows import Layout, tiled
from zoo.errors import InputError
from zoo.evaluate import models
from zoo.genome.encode import one_hot
from zoo.spec import Component, InputSpec, OutputSpec, PredictionSpec
from zoo.train import tasks
from zoo.train.config import TrainConfig
from zoo.train.home import Home
from zoo.train.run import TrainingRun
from zoo.train.tasks.accessibility import AccessibilityData, AccessibilityTask
from zoo.train.tasks.base import Data, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.bases import BasesData, BasesTask
from zoo.train.tasks.binding import BindingData, BindingTask
from zoo.train.tasks.bins import BinsData, BinsTask
from zoo.train.tasks.coverage import CoverageData, CoverageTask
from zoo.train.tasks.profile import ProfileData, ProfileTask
from zoo.train.tasks.sites import SitesTask
from zoo.train.tasks.sites_data import SitesData

TRAIN = Path(zoo.__file__).parent / "train"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """With the signals of two samples."""
    return synthetic.make(tmp_path_factory.mktemp("tasks"), training.LENGTHS, samples=2)


def test_the_table():
    assert {
        "accessibility": AccessibilityTask,
        "binding": BindingTask,
        "profile": ProfileTask,
        "bins": BinsTask,
        "bases": BasesTask,
        "coverage": CoverageTask,
        "sites": SitesTask,
    } == tasks.TASKS
    assert {kind: task.data for kind, task in tasks.TASKS.items()} == {
        "accessibility": AccessibilityData,
        "binding": BindingData,
        "profile": ProfileData,
        "bins": BinsData,
        "bases": BasesData,
        "coverage": CoverageData,
        "sites": SitesData,
    }
    assert AccessibilityTask.monitors == {"val_loss": min, "val_pearson": max, "val_spearman": max}
    assert BindingTask.monitors == {"val_loss": min, "val_dice": max}


@pytest.mark.parametrize(
    "module", ["run", "export", "config", "loop", "home", "inputs", "reading", "state", "transfer"]
)
def test_what_is_the_same_for_all_tasks_names_none(module: str):
    assert not re.findall(
        "binding|accessibility|profile|coverage", (TRAIN / f"{module}.py").read_text(encoding="utf-8").lower()
    )


def test_a_name_that_is_taken():
    for name in ("binding", "seed", "", "two words", None):
        with pytest.raises(InputError, match="A task must have a name of its own"):
            tasks.register(name, BindingTask)
    assert tasks.TASKS["binding"] is BindingTask
    for name in ("binding", "gc", None):
        with pytest.raises(InputError, match="must be one that was added from outside"):
            tasks.unregister(name)


@dataclass(frozen=True)
class GcData(Data):
    """What the task of this test is trained on: nothing but DNA."""

    step: int

    def conditions(self, config: TrainConfig) -> Mapping[str, bool]:
        return {"step must be that of the windows": self.step > 0}


class GcBatches:
    """Each window once, in order, with the share of G and C in its bins."""

    def __init__(self, slabs: Slabs) -> None:
        self.slabs, self.steps, self.inputs = slabs, -(-slabs.size // 16), {"window": (slabs.layout.core, 4)}
        self.targets = {"gc": (slabs.layout.core // slabs.bin_size, 1)}

    def batch(self, step: int, worker: int = 0, workers: int = 1):
        step %= self.steps
        rows = np.arange(16 * step, min(16 * step + 16, self.slabs.size))
        codes, gc = self.slabs.read(rows, self.slabs.layout.core)
        return one_hot(codes), gc[..., None]


class GcTask:
    """The share of G and C in bins."""

    data = GcData
    monitors = {"val_loss": min}
    components = ()

    def __init__(self, config: TrainConfig, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        self.config, self.files, self.recipe = config, [Path(config.genome)], {}
        self.bins = next(iter(outputs.values()))[0]
        self.window, self.genome = window, zoo.Genome(config.genome)
        self.tracks = [BinTrack([self._gc], np.float32)]
        layout = Layout(window, 0, config.data.step)
        self.plans = {
            part: SlabPlan({chrom: tiled(self.genome, chrom, layout) for chrom in chroms}, layout, window // self.bins)
            for part, chroms in (("training", config.chromosomes.train), ("validation", config.chromosomes.validation))
        }

    def _gc(self, chrom: str, start: int, end: int, size: int) -> np.ndarray:
        codes = self.genome.codes(chrom, start, end).reshape(-1, size)
        return ((codes == 1) | (codes == 2)).mean(axis=1)

    def slabs(self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: object = None) -> Slabs:
        return Slabs(self.genome, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def batches(self, part: str, slabs: Slabs) -> GcBatches:
        return GcBatches(slabs)

    def shapes(self) -> Shapes:
        return Shapes(-(-self.plans["training"].size // 16), {"window": (self.window, 4)}, {"gc": (self.bins, 1)})

    def loss(self, targets: object, outputs: object):
        return per_window((targets - outputs) ** 2)

    def metrics(self) -> dict:
        import keras

        return {"loss": keras.metrics.MeanSquaredError()}

    def evaluated(self, outputs: object):
        return outputs

    def output(self) -> tuple[OutputSpec, ...]:
        return (OutputSpec(self.bins, self.window // self.bins, 0, "DNA", "share of G and C", "gc"),)

    def spec(self, metrics: Mapping[str, float]):
        views = ("forward", "reverse_complement")
        reads = InputSpec(self.window, self.config.assembly)
        return model_spec(self.config, "GC", reads, self.output(), PredictionSpec(self.window, views), metrics)

    def report(self, model: zoo.Model, run: object) -> Report:
        x, y = self.batches("test", self.slabs("test", self.plans["validation"])).batch(0)
        error = float(np.abs(model.predict(x) - y[..., 0]).mean())
        return Report({"mean error": error}, training=training_text(self.config, run.result))


@pytest.fixture
def with_gc() -> Iterator[None]:
    tasks.register("gc", GcTask)
    yield
    tasks.unregister("gc")


CONFIG = """name: test/GC
genome: GENOME
assembly: synthetic
architecture:
  name: dcnn
  config: {filters: 8, residual_filters: 8, residual_blocks: 2, final_filters: 16, window: 1024}
chromosomes: {train: [chr1], validation: [chr2]}
optimizer: {name: adamw, learning_rate: 1e-2}
gc: {step: 1024}
epochs: 1
batch_size: 16
"""


def test_a_task_from_outside(with_gc: None, files: synthetic.Synthetic, tmp_path: Path):
    """From a file to a model folder that loads and predicts."""
    (tmp_path / "gc.yaml").write_text(CONFIG.replace("GENOME", str(files.genome)))
    config = TrainConfig.read(tmp_path / "gc.yaml", gc={"step": 512})
    assert (config.kind, config.data, config.to_json()["gc"]) == ("gc", GcData(512), {"step": 512})
    result = TrainingRun(config).train(tmp_path / "run")
    assert [row["epoch"] for row in result.rows] == [1]
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    assert (model.spec.output.name, model.spec.output.target, list(model.spec.metrics)) == ("gc", "DNA", ["mean error"])
    found = model.predict(genome=files.genome, regions="chr3:20,001-22,048")[0]
    assert np.isfinite(found.scores).all()
    assert "chosen by val loss on chr2" in (tmp_path / "run" / "model" / "README.md").read_text()
    TrainingRun(config).train(tmp_path / "run", resume=True)
    with pytest.raises(InputError, match=r"must go on with the configuration.*'gc'"):
        Home(tmp_path / "run", dataclasses.replace(config, data=GcData(1024)), resume=True).check()


class ToyBatches(GcBatches):
    """Two tracks and a covariate in; two heads out, of which one is validated."""

    def __init__(self, slabs: Slabs, part: str) -> None:
        super().__init__(slabs)
        self.inputs = {"window": (64, 6), "covariates": (1,)}
        self.targets = {"profile": (32, 3)} | ({"counts": (1,)} if part == "training" else {})

    def batch(self, step: int, worker: int = 0, workers: int = 1):
        bases, gc = super().batch(step)
        tracks = np.repeat(gc, 2, axis=1)
        x = {"window": np.concatenate([bases, tracks, 1 - tracks], axis=-1)}
        x["covariates"] = np.full((len(gc), 1), 0.5, np.float32)
        targets = {"profile": np.repeat(gc, 3, axis=-1), "counts": gc.sum(axis=1)}
        return x, targets if "counts" in self.targets else targets["profile"]


class ToyTask(GcTask):
    """For the network of `toy`."""

    def batches(self, part: str, slabs: Slabs) -> ToyBatches:
        return ToyBatches(slabs, part)

    def shapes(self) -> Shapes:
        inputs = {"window": (64, 6), "covariates": (1,)}
        return Shapes(-(-self.plans["training"].size // 16), inputs, {"profile": (32, 3), "counts": (1,)})

    def loss(self, targets: object, outputs: object):
        return sum(per_window((targets[name] - outputs[name]) ** 2) for name in targets)

    def evaluated(self, outputs: object):
        return outputs["profile"]

    def spec(self, metrics: Mapping[str, float]):
        made = toy.spec()
        return model_spec(self.config, "toy", made.input, made.outputs, made.prediction, metrics)

    def report(self, model: zoo.Model, run: object) -> Report:
        return Report()


@pytest.fixture
def with_toy() -> Iterator[None]:
    tasks.register("gc", ToyTask)
    yield
    tasks.unregister("gc")


def test_several_inputs_and_heads(files: synthetic.Synthetic, with_toy, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("zoo.architectures.build", lambda name, **config: toy.build())
    (tmp_path / "gc.yaml").write_text(CONFIG.replace("GENOME", str(files.genome)))
    run = TrainingRun(TrainConfig.read(tmp_path / "gc.yaml"))
    assert run.plan().steps_per_epoch == 8
    run.train(tmp_path / "run")
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    x = {"window": np.zeros((2, 64, 6), np.float32), "covariates": np.ones((2, 1), np.float32)}
    assert (model.predict(x).shape, model.predict(x, head="counts").shape) == ((2, 32, 3), (2, 1))


def test_a_configuration_of_a_task_that_is_not_there(files: synthetic.Synthetic, tmp_path: Path):
    (tmp_path / "gc.yaml").write_text(CONFIG.replace("GENOME", str(files.genome)))
    with pytest.raises(InputError, match=r"must have its keys.*unknown=\['gc'\]"):
        TrainConfig.read(tmp_path / "gc.yaml")
    (tmp_path / "none.yaml").write_text(CONFIG.replace("GENOME", str(files.genome)).replace("gc: {step: 1024}", ""))
    with pytest.raises(InputError, match="There must be data of one kind: accessibility, binding, profile"):
        TrainConfig.read(tmp_path / "none.yaml")


def two(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """A network with a track for each of two samples."""
    config = training.accessibility(files)
    network = dataclasses.replace(config.architecture, config={**config.architecture.config, "tracks": 2})
    data = AccessibilityData({"first": str(files.signal), "second": str(files.others[0])}, "test")
    return dataclasses.replace(config, **{"architecture": network, "data": data, "epochs": 1, **changes})


def test_names_of_signals():
    assert AccessibilityData("a/K562.bw", "s").signals == {"K562": "a/K562.bw"}
    assert AccessibilityData("a/K562.bw", "s").names == ()
    assert AccessibilityData(("a/K562.bw", "b/HepG2.bigWig"), "s").names == ("K562", "HepG2")
    assert AccessibilityData({"y": "a.bw", "x": "b.bw"}, "s").signals == {"y": "a.bw", "x": "b.bw"}
    assert AccessibilityData({"y": "a.bw"}, "s", "p.bed", ("b.bed",)).files() == {
        "signal y": "a.bw",
        "peaks": "p.bed",
        "blacklist 1": "b.bed",
    }
    for signal, message in (
        (("a/s.bw", "b/s.bw"), "signals must have names of their own, as in"),
        ((), "signal must be a path, a list of paths"),
        ({"": "a.bw"}, "signal must be a path, a list of paths"),
        (3, "signal must be a path, a list of paths"),
    ):
        with pytest.raises(InputError, match=message):
            AccessibilityData(signal, "s")


def test_signals_in_a_file(files: synthetic.Synthetic, tmp_path: Path):
    """Paths of a mapping are relative to the file, too; their order is kept and counts."""
    config = two(files)
    assert TrainConfig.read(training.write(config, tmp_path / "run.json")) == config
    (tmp_path / "base.json").write_text((tmp_path / "run.json").read_text())
    (tmp_path / "run.yaml").write_text("extends: base.json\naccessibility: {signal: {b: b.bw, a: a.bw}}\n")
    found = TrainConfig.read(tmp_path / "run.yaml")  # instead of those of the file that it extends
    assert list(found.data.signals.items()) == [("b", str(tmp_path / "b.bw")), ("a", str(tmp_path / "a.bw"))]
    found = TrainConfig.read(tmp_path / "run.yaml", accessibility={"signal": {"c": "/c.bw", "d": "/d.bw"}})
    assert found.data == AccessibilityData({"c": "/c.bw", "d": "/d.bw"}, "test")
    turned = AccessibilityData(dict(reversed(config.data.signal.items())), "test")
    with Home(tmp_path / "run", config, resume=False):
        pass
    with pytest.raises(InputError, match=r"must go on with the configuration.*'accessibility'"):
        Home(tmp_path / "run", dataclasses.replace(config, data=turned), resume=True).check()


def test_as_many_signals_as_tracks(files: synthetic.Synthetic):
    for data, count in ((AccessibilityData(str(files.signal), "s"), "1 signal is"), (two(files).data, "2 signals are")):
        network = dataclasses.replace(two(files).architecture, config={"tracks": 3})
        with pytest.raises(InputError, match=f"as many as there are signals .{count} given; give more as in --signal"):
            two(files, data=data, architecture=network)
    network = dataclasses.replace(two(files).architecture, config=training.accessibility(files).architecture.config)
    with pytest.raises(InputError, match=r"must read and predict what the data hold.*\(256, 1\).*\(256, 2\)"):
        TrainingRun(two(files, architecture=network))


def test_targets_of_several_signals(files: synthetic.Synthetic):
    """ln(1 + the largest value of each bin), in the order of the signals."""
    task = AccessibilityTask(two(files), 1024, {"accessibility": (256, 2)})
    plan = task.plan(["chr3"])
    _, y = task.batches("validation", task.slabs("validation", plan)).batch(0)
    first = next(iter(plan.starts["chr3"]))
    for track, path in enumerate((files.signal, files.others[0])):
        with pyBigWig.open(str(path)) as signal:
            values = signal.values("chr3", int(first), int(first) + 512, numpy=True).reshape(-1, 4).max(axis=1)
        np.testing.assert_allclose(y[0, :, track], np.log1p(values), rtol=1e-6)
    batches = task.batches("training", task.slabs("training", task.plans["training"]))
    assert batches.batch(0)[1].shape == (16, 256, 2)
    assert batches.targets == task.shapes().targets == {"accessibility": (256, 2)}


def test_two_tracks(files: synthetic.Synthetic, tmp_path: Path):
    TrainingRun(two(files)).train(tmp_path / "run")
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    assert (model.spec.output.tracks, model.spec.output.shape) == (("first", "second"), (256, 2))
    metrics = set(model.spec.metrics)
    assert metrics >= {"pearson chr3 (first)", "mean pearson, mean profile (second)"}
    written = model.predict(genome=files.genome, chromosomes="chr3", output=tmp_path / "o")
    assert [path.name for path in written.bigwigs.values()] == ["o.first.bw", "o.second.bw"]
    with pytest.raises(InputError, match=r"must predict one.*'first', 'second'"):
        next(models.windows(model.spec, zoo.Genome(files.genome), zoo.Signal(files.signal)))


def nested() -> keras.Model:
    """A network with a model within it, both of the bases of bins alone."""
    inner = keras.Input((1024, 4), name="window")
    bins = keras.layers.AveragePooling1D(4)(inner)
    part = keras.Model(inner, keras.layers.Dense(1, kernel_initializer="ones", name="inner")(bins), name="part")
    read = keras.Input((1024, 4), name="window")
    other = keras.layers.Dense(1, kernel_initializer="ones", name="outer")(keras.layers.AveragePooling1D(4)(read))
    return keras.Model(read, keras.layers.Add(name="sum")([part(read), other]))


def kernels(model: zoo.Model) -> list[np.ndarray]:
    """Of the component and of the layer beside it."""
    return [layer.get_weights()[0] for layer in (model.component("part").network.layers[-1],
                                                 model.network.get_layer("outer"))]  # fmt: skip


def test_frozen_components_stay_as_they_are(
    with_gc: None, files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zoo.architectures.build", lambda name, **config: nested())
    (tmp_path / "gc.yaml").write_text(CONFIG.replace("GENOME", str(files.genome)))
    free, frozen = (Component("part", "what bases add", value) for value in (False, True))
    monkeypatch.setattr(GcTask, "components", (free,))
    TrainingRun(TrainConfig.read(tmp_path / "gc.yaml")).train(tmp_path / "first")
    first = zoo.load((tmp_path / "first" / "model").resolve())
    assert first.spec.components == (free,)
    assert not any((kernel == 1).all() for kernel in kernels(first))
    going_on = TrainConfig.read(tmp_path / "gc.yaml", start_from=str((tmp_path / "first" / "model").resolve()))
    monkeypatch.setattr(GcTask, "components", (frozen,))
    TrainingRun(going_on).train(tmp_path / "second")
    second = zoo.load((tmp_path / "second" / "model").resolve())
    assert second.spec.components == (frozen,)
    same = [np.array_equal(*pair) for pair in zip(kernels(first), kernels(second), strict=True)]
    assert same == [True, False]
    with pytest.raises(InputError, match=r"a frozen one with weights.*missing=\['part'\].*Give --from"):
        TrainingRun(TrainConfig.read(tmp_path / "gc.yaml"))
    monkeypatch.setattr(GcTask, "components", (Component("other", "none such"),))
    with pytest.raises(InputError, match=r"must be models within it.*missing=\['other'\], present=\['part'\]"):
        TrainingRun(going_on)
    monkeypatch.setattr(GcTask, "components", ())
    assert TrainingRun(going_on).components == (free,)  # those of the model that it begins with
