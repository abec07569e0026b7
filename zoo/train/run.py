"""A run from its configuration to an evaluated model folder."""

import json
import os
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import matplotlib

from registry import typed
from zoo import architectures
from zoo.environment import versions
from zoo.errors import InputError, ZooWarning
from zoo.loading import load
from zoo.spec import OutputSpec
from zoo.train import export, optimizers
from zoo.train.config import TrainConfig
from zoo.train.loop import BEST, CURVES, Result, Trainer, seconds_per_step
from zoo.train.schedules import WarmUpAndRestarts
from zoo.train.tasks import AccessibilityTask, BindingTask, task_of

CONFIG, VERSIONS, MODEL, KERAS = "train.json", "versions.json", "model", "model.keras"


@dataclass(frozen=True)
class Plan:
    """What a run would take, as `plan` finds it without reading the tracks.

    Attributes:
        windows: of training and of validation.
        megabytes: of both in memory.
        steps_per_epoch: batches.
        parameters: of the network.
        seconds_per_epoch: from a few steps on random windows on this machine, validation left out.
    """

    windows: dict[str, int]
    megabytes: float
    steps_per_epoch: int
    parameters: int
    seconds_per_epoch: float

    def __str__(self) -> str:
        minutes = self.seconds_per_epoch / 60
        return (
            f"{self.windows['training']:,} windows to train on, {self.windows['validation']:,} to validate on, "
            f"{self.megabytes:,.0f} MB in memory; {self.parameters:,} parameters; "
            f"{self.steps_per_epoch:,} steps, about {minutes:,.1f} minutes an epoch"
        )


class Run:
    """A configuration, opened: its network's shapes are known and its files are checked; nothing was written.

    Args:
        config: what to do.
        strategy: a `tf.distribute` strategy; default a single device.
        cache: a folder or address for what was read from the files, see `zoo.data.cache`; default none.
        scratch: a folder on whose disk windows lie instead of in memory; default none.
        progress: show progress bars; by default in a terminal only.

    Raises:
        InputError, GenomeMismatch: files or values that cannot be used.
    """

    def __init__(
        self,
        config: TrainConfig,
        strategy: object = None,
        cache: str | None = None,
        scratch: str | Path | None = None,
        progress: bool | None = None,
    ) -> None:
        self.config, self.strategy, self.cache, self.progress = config, strategy, cache, progress
        self.scratch = scratch
        network = self._network()
        window, bins = network.input_shape[1], architectures.scores(network).output_shape[1]
        target, quantity = (
            (config.accessibility.sample, "accessibility, ln(1 + track)")
            if config.accessibility
            else (config.binding.factor, "binding")
        )
        self.output = OutputSpec(bins, window // bins, 0, target, quantity)
        self.parameters = network.count_params()
        self.task: AccessibilityTask | BindingTask = task_of(config, window, self.output)

    def plan(self) -> Plan:
        """What the run would take."""
        plans = self.task.plans
        shapes = self.task.shapes()
        with tempfile.TemporaryDirectory() as folder:
            seconds = seconds_per_step(self._trainer(shapes, shapes, Path(folder)))
        return Plan(
            windows={part: plan.size for part, plan in plans.items()},
            megabytes=sum(plan.nbytes(self.task.tracks) for plan in plans.values()) / 1e6,
            steps_per_epoch=shapes.steps,
            parameters=self.parameters,
            seconds_per_epoch=shapes.steps * seconds,
        )

    def train(self, folder: Path, resume: bool = False) -> Result:
        """Train into a folder and write the model, its card and its metrics there.

        Args:
            folder: new or empty; with `resume` one of this configuration.
            resume: go on from its checkpoint.

        Raises:
            InputError: the folder has something else in it, or its disk is full; what was there before stays.
            Diverged: the loss is no number any more.
        """
        self._claim(folder, resume)
        try:
            result, is_chief = self._learn(folder)
            if is_chief:
                self._finish(folder, result)
        except OSError as error:
            said = os.strerror(error.errno) if error.errno else error
            raise InputError(
                f"The folder of a run can be written to ({said}); with room again, --resume goes on",
                received={"out": str(folder)},
            ) from None
        return result

    def _learn(self, folder: Path) -> tuple[Result, bool]:
        """The loop; what it kept in memory is free again afterwards. Also whether this process writes files."""
        batches = {part: self.task.batches(part, self._slabs(part, plan)) for part, plan in self.task.plans.items()}
        trainer = self._trainer(batches["training"], batches["validation"], folder)
        return trainer.run(), trainer.is_chief

    def _slabs(self, part: str, plan):
        read = partial(self.task.slabs, part, plan, self.progress, self.scratch)
        if self.cache is None:
            return read()
        from zoo.data.cache import cached

        return cached(self.cache, self.task.files, [part, self.task.recipe], plan, read)

    def _claim(self, folder: Path, resume: bool) -> None:
        """Make the folder ours, or refuse it."""
        text = json.dumps(self.config.to_json(), indent=1) + "\n"
        known = folder / CONFIG
        if resume and known.is_file():
            before = typed.parse(TrainConfig, json.loads(known.read_bytes()), known)  # what it does not name is default
            old, new = (json.loads(json.dumps(config.to_json())) for config in (before, self.config))
            if changed := sorted(key for key in new if old[key] != new[key]):
                raise InputError(
                    "A run goes on with the configuration that it began with",
                    where=known,
                    received={"changed": changed},
                )
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                "The folder of a run is new or empty, or it holds a run to go on with",
                example="--resume",
                received={"out": str(folder)},
            )
        found = json.dumps(versions(), indent=1) + "\n"
        made_with = folder / VERSIONS
        if resume and made_with.is_file() and made_with.read_text(encoding="utf-8") != found:
            warnings.warn(
                f"{made_with}: this run began with other versions; its numbers may differ from an uninterrupted one's.",
                ZooWarning,
                stacklevel=3,
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            known.write_text(text, encoding="utf-8")
            made_with.write_text(found, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"The folder of a run can be written to ({error.strerror})", received={"out": str(folder)}
            ) from None

    def _network(self) -> keras.Model:
        """The network of the configuration, in its precision, with the weights that it begins with."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.config.precision)
        try:
            network = architectures.build(self.config.architecture.name, **self.config.architecture.config)
        finally:
            keras.config.set_dtype_policy(before)
        if self.config.start_from:
            copy_weights(load(self.config.start_from).network, network, self.config.start_from)
        freeze(network, self.config.frozen)
        return network

    def _trainer(self, training, validation, folder: Path) -> Trainer:
        def optimizer(network: keras.Model) -> keras.optimizers.Optimizer:
            chosen, steps = self.config.optimizer, training.steps
            if chosen.name == "maxatac":
                return optimizers.maxatac_adam(chosen.learning_rate)
            if chosen.name == "asap":
                schedule = WarmUpAndRestarts(steps, chosen.learning_rate)
                return optimizers.asap_adamw(network, schedule, chosen.weight_decay)
            total = steps * self.config.epochs
            return optimizers.cosine_adamw(network, total, chosen.learning_rate, chosen.weight_decay)

        return Trainer(
            self.config, self.task, training, validation, self._network, optimizer, folder, self.strategy, self.progress
        )

    def _finish(self, folder: Path, result: Result) -> None:
        """Write the model folder, the plain Keras file and the curves."""
        if not result.best_epoch:
            raise InputError("An epoch was completed whose metric is a number", received={"rows": result.rows})
        draw(folder / CURVES, result, self.config.monitor)
        network = architectures.build(self.config.architecture.name, **self.config.architecture.config)
        network.load_weights(folder / BEST)
        network.save(folder / KERAS)
        staging = Path(tempfile.mkdtemp(dir=folder))
        try:
            learned = export.Learned(self.config, self.task, self.output, result, self.progress)
            export.write(staging, learned, network)
            staging.chmod(0o755)  # temporary folders are their maker's alone
            shutil.rmtree(folder / MODEL, ignore_errors=True)
            staging.rename(folder / MODEL)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def copy_weights(source: keras.Model, target: keras.Model, name: str) -> int:
    """Give the layers of `target` the weights of those of `source` that have their name and shapes; how many.

    Raises `InputError` if there is none.
    """
    known = {layer.name: layer for layer in source.layers if layer.weights}
    copied = 0
    for layer in target.layers:
        other = known.get(layer.name)
        if layer.weights and other and [w.shape for w in layer.weights] == [w.shape for w in other.weights]:
            layer.set_weights(other.get_weights())
            copied += 1
    if not copied:
        raise InputError(
            "A run begins with weights of a network that has layers of the same names and shapes",
            received={"start_from": name, "layers": [layer.name for layer in target.layers if layer.weights][:5]},
        )
    return copied


def freeze(network: keras.Model, patterns: tuple[str, ...]) -> None:
    """Keep the layers whose names match a pattern as they are. Raises `InputError` if a pattern matches none."""
    for pattern in patterns:
        found = [layer for layer in network.layers if re.fullmatch(pattern, layer.name)]
        if not found:
            raise InputError(
                "A pattern of frozen layers matches the name of one",
                example="block[12]_.*",
                received={"frozen": pattern, "layers": [layer.name for layer in network.layers if layer.weights]},
            )
        for layer in found:
            layer.trainable = False


def draw(path: Path, result: Result, monitor: str) -> None:
    """Loss and the monitored metric by epoch, as PNG."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    from zoo.plot.curves import plot_training

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    plot_training(axes[0], result.rows, ("loss", "val_loss"), result.best_epoch)
    plot_training(axes[1], result.rows, (monitor,), result.best_epoch)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
