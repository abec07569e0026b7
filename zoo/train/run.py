"""A run from its configuration to an evaluated model folder."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras

from registry.paths import user_path
from zoo import architectures, weights
from zoo.data.batches import Batches
from zoo.errors import InputError
from zoo.loading import load
from zoo.spec import WINDOW, Component
from zoo.train import export, optimizers, state, transfer
from zoo.train.config import TrainConfig
from zoo.train.home import CURVES, KERAS, MODEL, Home, writing_to
from zoo.train.loop import BEST, CHECKPOINT, Trainer, is_chief, seconds_per_step
from zoo.train.tasks import TASKS
from zoo.train.tasks.base import Learned, Result, TrainingTask


@dataclass(frozen=True)
class TrainingEstimate:
    """The cost of a run, as `plan` estimates it without reading the tracks.

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


class TrainingRun:
    """A configuration, opened: its network's shapes are known and its files are checked; nothing was written.

    Args:
        config: what to do.
        strategy: a `tf.distribute` strategy; default a single device.
        cache: a folder or address for what was read from the files, see `zoo.data.cache`; default none.
        scratch: a folder on whose disk windows lie instead of in memory; default none.
        progress: show progress bars; by default in a terminal only.

    Attributes:
        transfer: what the network has of the model that the run begins with; None without one.

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
        self._start = transfer.member(load(config.start_from).whole, config.seed) if config.start_from else None
        self._replaces_head = _hook(TASKS[config.kind], "new_head", False)
        self.transfer: transfer.Transfer | None = None
        self.components: tuple[Component, ...] = ()
        self.task: TrainingTask | None = None
        network = self._network()
        shapes = {name: tuple(output.shape[1:]) for name, output in named_outputs(network).items()}
        self.task = TASKS[config.kind](config, window_of(network), shapes)
        self.components = self._components(network)
        self.parameters = network.count_params()
        transfer.by_layer(network, config.optimizer.rates or {}, "rates")
        transfer.thawing(network, config.thaw or {})
        if self.transfer is not None:
            head = config.data.head(config.architecture)
            changed = transfer.changed_arguments(config.architecture, self._start.spec.architecture, head)
            given = tuple(name for name in _hook(self.task, "begun", ()) if name in self.transfer.taken)
            self.transfer = replace(self.transfer.counted(network), changed=changed, given=given)
        _hook(self.task, "check", lambda network: None)(network)
        self._check_shapes(network, shapes)

    def plan(self) -> TrainingEstimate:
        """The estimated cost of the run."""
        plans = self.task.plans
        shapes = self.task.shapes()
        seconds = seconds_per_step(self.trainer(shapes, shapes, Path()))
        return TrainingEstimate(
            windows={part: plan.size for part, plan in plans.items()} | _hook(self.task, "windows", {}),
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
        folder = user_path(folder, "out")
        home = Home(folder, self.config, resume)
        owns = is_chief(self.strategy)  # of several workers, one has the folder
        if owns:
            home.check()
        batches = {part: self.task.batches(part, self._slabs(part, plan)) for part, plan in self.task.plans.items()}
        with writing_to(folder), home if owns else nullcontext(folder.mkdir(parents=True, exist_ok=True)):
            result = self.trainer(batches["training"], batches["validation"], folder).run()
            del batches  # what it kept in memory
            if owns:
                self._finish(home, result)
        return result

    def ended(self, folder: Path) -> Result | None:
        """How this run ended in a folder; None if its model is not there. Errors as for `train` with `resume`."""
        Home(folder, self.config, resume=True).check()
        if not (folder / MODEL).is_dir() or not (folder / CHECKPOINT).is_file():
            return None
        progress = state.read(folder / CHECKPOINT)
        return Result(progress.best_epoch, progress.best, progress.rows)

    def _slabs(self, part: str, plan):
        read = partial(self.task.slabs, part, plan, self.progress, self.scratch)
        if self.cache is None:
            return read()
        from zoo.data.cache import cached

        return cached(self.cache, self.task.files, [part, self.task.recipe], plan, read, self.scratch)

    def _check_shapes(self, network: keras.Model, outputs: dict[str, tuple[int, ...]]) -> None:
        """What the network reads and predicts is what the windows hold, or broadcasting would compare other things."""
        shapes = self.task.shapes()
        if len(outputs) == 1 == len(shapes.targets):  # whatever its name
            outputs = dict(zip(shapes.targets, outputs.values(), strict=True))
        reads = {tensor.name: tuple(tensor.shape[1:]) for tensor in network.inputs}
        if len(reads) == 1 == len(shapes.inputs):
            reads = dict(zip(shapes.inputs, reads.values(), strict=True))
        if reads != dict(shapes.inputs) or outputs != dict(shapes.targets):
            raise InputError(
                "The network must read and predict what the data hold",
                where=self.config.name,
                received={"network": {**reads, **outputs}, "data": {**shapes.inputs, **shapes.targets}},
                hint="Choose another network or other arguments of it (--set NAME=VALUE)",
            )

    def _network(self) -> keras.Model:
        """The network of the configuration, in its precision, with the weights that it begins with."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.config.precision)
        try:
            network = architectures.build(self.config.architecture.name, **self.config.architecture.config)
        finally:
            keras.config.set_dtype_policy(before)
        if self._start is not None:
            take = transfer.take_trunk if self._replaces_head else transfer.copy_weights
            taken = take(self._start.network, network, self._start.spec.name)
            self.transfer = self.transfer or taken
        if self.task is not None:
            _hook(self.task, "begin", lambda network: None)(network)
        transfer.freeze(network, self.config.frozen)
        for component in self.components:
            network.get_layer(component.name).trainable &= not component.frozen
        return network

    def _components(self, network: keras.Model) -> tuple[Component, ...]:
        """The parts of the network that are models themselves: those of the task, and of the model it begins with.

        Raises `InputError` for one that the network lacks, and for a frozen one that would stay as it is by chance.
        """
        parts = {layer.name: layer for layer in network.layers if isinstance(layer, keras.Model)}
        before = () if self._start is None else self._start.spec.components
        components = {component.name: component for component in before if component.name in parts}
        components |= {component.name: component for component in self.task.components}
        copied = () if self._start is None else transfer.copyable(self._start.network, network)
        begun = {name for name, part in parts.items() if name in copied or not part.weights}
        begun |= set(_hook(self.task, "begun", ()))
        missing = [name for name in components if name not in parts]
        if missing or (
            missing := [name for name, component in components.items() if component.frozen and name not in begun]
        ):
            raise InputError(
                "The components of a network must be models within it; a frozen one with weights of the model that the "
                "run begins with",
                where=self.config.name,
                received={"missing": missing, "present": sorted(parts), "start_from": self.config.start_from},
                hint="Give --from, a model that has them",
            )
        return tuple(components.values())

    def trainer(self, training: Batches, validation: Batches, folder: Path) -> Trainer:
        """What trains the network on these batches, with the optimizer of the configuration, into a folder."""

        def optimizer(network: keras.Model) -> keras.optimizers.Optimizer:
            config = self.config
            return optimizers.chosen(config.optimizer, network, training.steps, config.epochs, config.thaw)

        return Trainer(
            self.config,
            self.task,
            training,
            validation,
            self._network,
            optimizer,
            folder,
            self.strategy,
            self.progress,
        )

    def _finish(self, home: Home, result: Result) -> None:
        """Write the model folder, the plain Keras file and the curves."""
        if not result.best_epoch:
            raise InputError("A run must have an epoch whose metric is a finite number", received={"rows": result.rows})
        network = architectures.build(self.config.architecture.name, **self.config.architecture.config)
        weights.load(network, home.folder / BEST)
        with home.staging() as staging:
            draw(staging / CURVES, result, self.config.monitor)
            network.save(staging / KERAS)
            (staging / MODEL).mkdir()
            begun = "" if self.transfer is None else str(self.transfer)
            trunk = self._start if self._replaces_head else None
            learned = Learned(self.task, result, self.components, self.progress, home.number, begun, trunk)
            export.write(staging / MODEL, learned, network)


def _hook(task: TrainingTask, name: str, default: object) -> object:
    """What a task has by a name that tasks of other packages need not have."""
    return getattr(task, name, default)


def named_outputs(network: keras.Model) -> dict[str, keras.KerasTensor]:
    """The outputs of a network by their names."""
    outputs = network.output
    if isinstance(outputs, dict):
        return outputs
    return dict(zip(network.output_names, outputs if isinstance(outputs, (list, tuple)) else [outputs], strict=True))


def window_of(network: keras.Model) -> int:
    """bp that a network reads: of its input `window`, or of its only one."""
    return next((tensor for tensor in network.inputs if tensor.name == WINDOW), network.inputs[0]).shape[1]


def draw(path: Path, result: Result, monitor: str) -> None:
    """Loss and the monitored metric by epoch, as PNG."""
    from zoo.plot import style
    from zoo.plot.curves import plot_training, words

    figure = style.figure(style.WIDTH, 3.2)
    axes = figure.subplots(1, 2)
    for ax, columns, name in zip(axes, (("loss", "val_loss"), (monitor,)), ("loss", monitor), strict=True):
        plot_training(ax, result.rows, columns, result.best_epoch)
        ax.set_ylabel(style.plain_lines(words(name)), fontsize=style.LABEL)
    style.save(figure, path, "png")
