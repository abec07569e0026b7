"""The interface of training tasks: part of a configuration, data, and evaluation of a run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from zoo.data.batches import Batches
from zoo.data.slabs import BinTrack, SlabPlan, Slabs
from zoo.environment import versions
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import Component, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train.settings import Data, Settings

if TYPE_CHECKING:  # it needs Keras, which the checks of a configuration do without
    import keras

    from zoo.model import Model

LAST = "epoch"
"""The monitor by which the last epoch is the best: the log counts epochs."""


@dataclass(frozen=True)
class Shapes:
    """The shapes of batches before anything was read.

    Attributes:
        steps: batches of an epoch.
        inputs: name → shape of an input, as the network names them; the window is (bp, channels).
        targets: name → shape of a target; those of several have the names of the network's outputs.
    """

    steps: int
    inputs: Mapping[str, tuple[int, ...]]
    targets: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Result:
    """How a run ended: the best epoch (from 1), its value of the monitored metric, and all rows of the log."""

    best_epoch: int
    best: float
    rows: list[dict[str, float]]

    @property
    def epochs(self) -> str:
        """Which epoch is the best, in words."""
        return f"epoch {self.best_epoch} of {len(self.rows)}"


@dataclass(frozen=True)
class Results:
    """How the runs of an ensemble ended, by the names of its members."""

    members: Mapping[str, Result]

    @property
    def epochs(self) -> str:
        """Which epoch of each is the best, in words."""
        return ", ".join(f"{result.epochs} of {name}" for name, result in self.members.items())


@dataclass(frozen=True)
class Learned:
    """What is known of a network when its run is over, besides its weights.

    Attributes:
        task: its data.
        result: how the run ended, or those of an ensemble.
        components: the parts of the network that are models themselves.
        progress: whether to show progress bars; None for in a terminal only.
        number: of the run, for the record of where the files are from.
        begun: what its weights were when it began, in words; empty for what the configuration says.
        trunk: the model whose trunk it has; None for none.
    """

    task: "TrainingTask"
    result: Result | Results
    components: tuple[Component, ...] = ()
    progress: bool | None = None
    number: str = ""
    begun: str = ""
    trunk: "Model | None" = None


@dataclass(frozen=True)
class Report:
    """Evaluation of a trained model.

    Attributes:
        metrics: of the test chromosomes, by name.
        thresholds: a calibration table, if its scores have some.
        training: the section of the card on training.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    thresholds: ThresholdTable | None = None
    training: str = ""


class TrainingTask(Protocol):
    """A training task: files as batches, with loss and metrics; the spec of the model, and its evaluation.

    It is made of a configuration, the network's window in bp, and the shapes of its outputs for one window by name, and
    reads no track then. Raises `InputError` and `GenomeMismatch` as `zoo.genome` and `zoo.data` do, or if no window is
    left.

    Attributes:
        data: the dataclass of its part of a configuration.
        monitors: what the best epoch can be chosen by → `min` or `max`.
        components: the parts of its networks that are models themselves; the frozen ones stay as they are.
        config: of the run, its chromosomes by the genome's names.
        files: everything that is read, in an order that identifies their use.
        recipe: what else the tracks depend on.
        plans: where the windows of "training" and of "validation" lie.
        tracks: what is kept besides the sequence.

    It may have more: `begun`, the layers of the network that it gives weights to begin with, all or a part of them, and
    `begin(network) -> None`, which does; `windows`, how many windows an epoch has, by part, if others than its plan;
    `new_head = True`, if a run that begins with a model takes over all of its weights but those of its head; and
    `check(network) -> None`, which raises `InputError` for a network that is not one for its data.
    """

    data: ClassVar[type[Data]]
    monitors: ClassVar[Mapping[str, Callable[..., float]]]
    components: ClassVar[tuple[Component, ...]]
    config: Settings
    files: Sequence[Path]
    recipe: Mapping[str, object]
    plans: Mapping[str, SlabPlan]
    tracks: Sequence[BinTrack]

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None: ...

    def shapes(self) -> Shapes:
        """Of the training batches, which need not be there yet."""

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what the plan of `part`, "training" or "validation", needs; the rest as for `Slabs`."""

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of `part` from slabs of its plan."""

    def loss(self, targets: object, outputs: object):
        """(n,) the loss of each window."""

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Fresh metrics of (targets, outputs), as `evaluated` returns them."""

    def evaluated(self, outputs: object):
        """The part of the outputs that validation targets are of."""

    def output(self) -> tuple[OutputSpec, ...]:
        """The heads of the network, each by the name of its output."""

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """The model's spec (`model_spec`), with metrics."""

    def report(self, model: "Model", run: Learned) -> Report:
        """Evaluation of the model of a finished run, from its folder."""


def model_spec(
    config: Settings,
    description: str,
    reads: InputSpec,
    outputs: tuple[OutputSpec, ...],
    prediction: PredictionSpec,
    metrics: Mapping[str, float],
    components: tuple[Component, ...] = (),
) -> ModelSpec:
    """The spec of a model that a run trains: that which is the same for all tasks is filled in."""
    installed = versions()
    return ModelSpec(
        name=config.name,
        description=description,
        architecture=config.architecture,
        input=reads,
        outputs=outputs,
        prediction=prediction,
        metrics=metrics,
        provenance={
            "source": "trained by this package",
            "version": installed["chromatin-zoo"] or "",
            "keras, tensorflow": f"{installed['keras']}, {installed['tensorflow']}",
            "seed": str(config.seed),
            "license": config.license,
            "citation": config.citation,
        },
        components=components,
    )


def training_text(config: Settings, result: Result | Results, bins: str = "") -> str:
    """The section of a card on training.

    Args:
        bins: what the metrics are of, if not of what the model predicts; begins with a comma.
    """
    split, last = config.chromosomes, config.monitor == LAST
    one, several = ("is the last one", "are the last ones") if last else ("was chosen", "were chosen")
    chosen = several if isinstance(result, Results) else one
    chosen += "" if last else f" by {config.monitor.replace('_', ' ')}"
    return (
        f"On {', '.join(split.train)}; {result.epochs} {chosen}"
        f"{', validated' if last else ''} on {', '.join(split.validation)}; "
        f"metrics are of {', '.join(split.test) or 'no chromosome'}, which it has not seen{bins}."
    )


def per_window(values: object):
    """(n, …) → (n,) means."""
    from keras import ops

    return ops.mean(ops.reshape(values, (ops.shape(values)[0], math.prod(values.shape[1:]))), axis=1)
