"""The training loop: steps, validation, checkpoints, logs. One process or several, one device or many."""

import csv
import io
import json
import math
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import weights
from zoo.data.batches import Batches
from zoo.data.pipeline import dataset, named
from zoo.errors import InputError, ZooError
from zoo.files.atomic import atomic
from zoo.files.progress import Progress
from zoo.train import state, transfer
from zoo.train.config import TrainConfig
from zoo.train.tasks.base import Result, TrainingTask

CHECKPOINT, BEST, HISTORY, TENSORBOARD = "checkpoint.npz", "best.weights.h5", "history.csv", "tensorboard"


class Diverged(ZooError):
    """The loss is no number any more; the last good checkpoint is kept."""


class Trainer:
    """A run in a folder.

    The folder has a checkpoint to go on from, the weights of the best epoch, the log as CSV and for TensorBoard, and
    its curves. Only the first of several workers writes them.

    Args:
        config: of the run.
        task: its loss and metrics.
        training: batches to learn from.
        validation: batches to validate on.
        build: makes the network; called under the strategy.
        optimizer: makes the optimizer of a network.
        folder: of the run.
        strategy: `tf.distribute` strategy; default a single device.
        progress: show a progress bar; by default in a terminal only.

    Attributes:
        network: that is trained.
        step: learn from one of `batches`; returns the sum of its losses and how many windows it has.
    """

    def __init__(
        self,
        config: TrainConfig,
        task: TrainingTask,
        training: Batches,
        validation: Batches,
        build: Callable[[], keras.Model],
        optimizer: Callable[[keras.Model], keras.optimizers.Optimizer],
        folder: Path,
        strategy: tf.distribute.Strategy | None = None,
        progress: bool | None = None,
    ) -> None:
        self.config, self.task, self.training, self.validation, self.folder = config, task, training, validation, folder
        self._strategy = strategy or tf.distribute.get_strategy()
        self._shown = progress
        keras.utils.set_random_seed(config.seed)
        with self._strategy.scope():
            self.network = build()
            if self._strategy.num_replicas_in_sync > 1:
                for layer in self.network._flatten_layers():  # those of components, too
                    if isinstance(layer, keras.layers.BatchNormalization):
                        layer.synchronized = True  # moments of the whole batch, as one device would have them
            self.optimizer = optimizer(self.network)
            self._thawing = transfer.thawing(self.network, config.thaw or {})
            if config.precision == "mixed_float16":
                self.optimizer = keras.mixed_precision.LossScaleOptimizer(self.optimizer)
            self.optimizer.build(self.network.trainable_variables)
        self._trace()
        self._forward = tf.function(lambda x: task.evaluated(self.network(x, training=False)), reduce_retracing=True)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes files."""
        return is_chief(self._strategy)

    def run(self) -> Result:
        """Train from the folder's checkpoint, or from the start, to the end.

        Raises `Diverged` for a loss that is no number; the message names its step.
        """
        variables = self._variables()
        progress = state.TrainingProgress()
        if (self.folder / CHECKPOINT).is_file():
            progress = state.restore(self.folder / CHECKPOINT, variables)
        steps, started = self.training.steps, time.monotonic()
        batches = iter(self.batches(progress.step))
        while not self._is_over(progress):
            epoch, within = divmod(progress.step, steps)
            self._freeze(epoch)
            if not within:
                progress.loss, progress.windows = 0.0, 0
            with Progress(f"epoch {epoch + 1}", "step", steps, within, self._shown) as bar:
                while progress.step < (epoch + 1) * steps:
                    self._train(next(batches), progress)
                    bar.set_postfix(loss=f"{progress.loss / progress.windows:.4f}", refresh=False)
                    bar.update()
                    if progress.step % self.config.checkpoint_steps == 0 and progress.step % steps and self.is_chief:
                        state.save(self.folder / CHECKPOINT, variables, progress)
            self._end_epoch(progress, time.monotonic() - started)
            started = time.monotonic()
            if self.is_chief:
                state.save(self.folder / CHECKPOINT, variables, progress)
        return Result(progress.best_epoch, progress.best, progress.rows)

    def _variables(self) -> list:
        """Everything that changes while training, the states of dropout included."""
        return [*self.network.variables, *self.optimizer.variables]

    def _is_over(self, progress: state.TrainingProgress) -> bool:
        done, within = divmod(progress.step, self.training.steps)
        patience, since = self.config.patience, max(progress.best_epoch, *self._thawing.values(), 0)
        tired = patience is not None and done - since >= patience and not within and done > 0
        return done >= self.config.epochs or tired

    def _freeze(self, epoch: int) -> None:
        """Have the layers that thaw later trained in this epoch (from 0), or not; also when a run goes on."""
        trained = {self.network.get_layer(name): epoch >= begin for name, begin in self._thawing.items()}
        if any(layer.trainable != value for layer, value in trained.items()):
            for layer, value in trained.items():
                layer.trainable = value
            self._trace()

    def _trace(self) -> None:
        """Have the step made again: its graph is of what was trained."""
        self.step = tf.function(self._distributed_step, reduce_retracing=True)

    def batches(self, first_step: int):
        """Each replica's share of the batches from a step on."""
        total = self._strategy.num_replicas_in_sync

        def feed(context: tf.distribute.InputContext) -> tf.data.Dataset:
            each = total // context.num_input_pipelines
            mine = range(context.input_pipeline_id * each, (context.input_pipeline_id + 1) * each)
            return dataset(self.training, first_step, shares=mine, of=total)

        if total == 1:
            return dataset(self.training, first_step)
        return self._strategy.distribute_datasets_from_function(feed)

    def _train(self, batch: object, progress: state.TrainingProgress) -> None:
        loss, windows = (float(value) for value in self.step(batch))
        if not math.isfinite(loss):
            epoch, within = divmod(progress.step, self.training.steps)
            raise Diverged(
                "The loss must be a finite number; the last checkpoint and the best weights are from before",
                where=f"epoch {epoch + 1}, step {within + 1} of {self.training.steps}",
                received={"loss": loss, "learning_rate": float(self.optimizer.learning_rate)},
                hint="Train with a lower --learning-rate",
            )
        progress.loss, progress.windows = progress.loss + loss, progress.windows + int(windows)
        progress.step += 1

    def _distributed_step(self, batch: object) -> tuple:
        """The summed loss of a batch and its number of windows, over all replicas."""
        sums = self._strategy.run(self._replica_step, args=(batch,))
        return tuple(self._strategy.reduce(tf.distribute.ReduceOp.SUM, summed, axis=None) for summed in sums)

    def _replica_step(self, batch: tuple) -> tuple:
        x, targets = batch
        mine = tf.cast(tf.shape(tf.nest.flatten(x)[0])[0], tf.float32)
        global_count = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, mine)
        with tf.GradientTape() as tape:
            loss = ops.sum(self.task.loss(targets, self.network(x, training=True)))
            scaled = self.optimizer.scale_loss(loss / global_count)  # gradients are summed over replicas
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return loss, mine

    def evaluate(self) -> dict[str, float]:
        """Metrics of all validation windows."""
        metrics = self.task.metrics()
        for x, targets in dataset(self.validation, last_step=self.validation.steps):
            outputs = self._forward(x)
            for metric in metrics.values():
                metric.update_state(targets, outputs)
        return {f"val_{name}": float(metric.result()) for name, metric in metrics.items()}

    def _end_epoch(self, progress: state.TrainingProgress, seconds: float) -> None:
        """Validate, log, and keep the weights if they are the best so far."""
        epoch = progress.step // self.training.steps
        row = {
            "epoch": epoch,
            "loss": progress.loss / progress.windows,
            **self.evaluate(),
            "learning_rate": float(self.optimizer.learning_rate),
            "seconds": round(seconds, 1),
        }
        progress.rows.append(row)
        value, choose = row[self.config.monitor], self.task.monitors[self.config.monitor]
        if math.isfinite(value) and (not progress.best_epoch or choose(value, progress.best) != progress.best):
            progress.best, progress.best_epoch = value, epoch
            if self.is_chief:
                with atomic(self.folder / BEST, self.folder) as temporary:
                    weights.save(self.network, temporary)
        if self.is_chief:
            write_history(self.folder / HISTORY, progress.rows)
            write_tensorboard(self.folder / TENSORBOARD, epoch, row)


def strategy_of(name: str) -> tf.distribute.Strategy | None:
    """The strategy "single" (None), "mirrored" (all GPUs of the machine) or "multiworker" (as set in TF_CONFIG).

    Raises `InputError` if several workers are wanted and TF_CONFIG does not list them.
    """
    if name == "single":
        return None
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    try:
        tf_config = json.loads(os.environ.get("TF_CONFIG", ""))
        workers, task = tf_config["cluster"]["worker"], tf_config["task"]
        known = task["type"] == "worker" and 0 <= task["index"] < len(workers) and all(map(_is_address, workers))
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise InputError(
            "The environment variable TF_CONFIG must name all workers, and which of them this process is",
            example='{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}',
            received={"TF_CONFIG": os.environ.get("TF_CONFIG")},
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether this process writes files: the only one, or the first of several workers."""
    resolver = None if strategy is None else strategy.cluster_resolver
    return resolver is None or not resolver.task_id


def _is_address(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[^\s:/]+:\d{1,5}", text) is not None


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """The log as CSV, one row per epoch."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    with atomic(path, path.parent) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def write_tensorboard(folder: Path, step: int, row: dict[str, float]) -> None:
    """One more point of each curve, as TensorBoard's scalars. `tf.summary.scalar` would need that to be installed."""
    kind = tf.compat.v1.SummaryMetadata(data_class="DATA_CLASS_SCALAR")
    kind.plugin_data.plugin_name = "scalars"
    try:
        with tf.summary.create_file_writer(str(folder)).as_default(step=step):
            for name, value in row.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=kind)
    except tf.errors.OpError as error:  # as of a disk that is full
        raise OSError(f"{folder}: {error.message.splitlines()[0][:200]}") from None


def seconds_per_step(trainer: Trainer, steps: int = 3) -> float:
    """How long a training step takes, measured on windows of random numbers. Changes the weights."""
    shapes, size = trainer.training, trainer.config.batch_size
    random = np.random.default_rng(0)
    batch = tuple(
        named([tf.constant(random.random((size, *shape), np.float32)) for shape in side.values()], list(side))
        for side in (shapes.inputs, shapes.targets)
    )
    trainer.step(batch)
    started = time.monotonic()
    for _ in range(steps):
        float(trainer.step(batch)[0])
    return (time.monotonic() - started) / steps
