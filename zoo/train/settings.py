"""The values of a training run, which its task and its files need as well as its configuration."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from zoo.genome.signal import Signal
from zoo.spec import Architecture
from zoo.train import rules as must

OPTIMIZERS = ("asap", "maxatac", "adamw", "adam", "factornet")
_PLAIN = ("maxatac", "adam", "factornet")  # without weight decay


@dataclass(frozen=True)
class Split:
    """Chromosomes to train on, to choose the epoch by, and to evaluate the result on."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        must.check("The chromosomes of a run", self, dict.fromkeys(("train", "validation", "test"), must.NAMES))
        every = [*self.train, *self.validation, *self.test]
        conditions = {
            "there must be chromosomes to train on and to validate on": bool(self.train and self.validation),
            "a chromosome must be trained on, validated on or tested on": len(set(every)) == len(every),
        }
        must.require("The chromosomes of a run", conditions, dataclasses.asdict(self))


@dataclass(frozen=True)
class Optimizer:
    """The optimizer of a run.

    Attributes:
        name: "asap" (AdamW with its decay groups, warm-up and restarts), "maxatac" (Adam, 1e-3 / (1 + 1e-5 · step), as
            Leopard has it, too), "adam" (Adam with a constant rate, as ChromBPNet and DeepGRN have it), "factornet"
            (the same with an epsilon of 1e-8), or "adamw" (half a cosine from `learning_rate` to 0 over the whole run,
            no decay of biases and normalizations).
        learning_rate: the highest.
        weight_decay: for AdamW, "asap" and "adamw"; default 0.1.
        trunk_rate: by what the learning rate of all layers but the head's is multiplied, without weight decay.
        rates: pattern of layers, as `Settings.frozen` has them → by what their learning rate is multiplied, and so
            their weight decay; of several that match a layer the last one counts.
        warm_up: steps over which the rate of "adam" rises from 0.
        clip_norm: the largest norm of all gradients together of "adam"; None for any.
    """

    name: str
    learning_rate: float = 1e-3
    weight_decay: float | None = None
    trunk_rate: float = 1.0
    warm_up: int = 0
    clip_norm: float | None = None
    rates: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        fields = {
            "name": must.one_of(OPTIMIZERS),
            "learning_rate": must.real(0, 1e30, "a number of 0 or more"),
            "weight_decay": must.optional(must.real(0, 1e6)),
            "trunk_rate": must.real(1e-9, 1, "a number above 0, at most 1"),
            "warm_up": must.whole(0),
            "clip_norm": must.optional(must.real(1e-9, 1e9, "a number above 0")),
            "rates": must.optional(must.by_pattern(must.real(1e-9, 1e3), "numbers above 0, at most 1,000")),
        }
        must.check("The optimizer", self, fields)
        named = ("name", "weight_decay", "trunk_rate", "warm_up", "clip_norm", "rates")
        given = {name: getattr(self, name) for name in named}
        conditions = {
            f"weight_decay must be left out for {self.name}, which has none": self.decay == 0
            or self.name not in _PLAIN,
            f"weight_decay must be 0 where the trunk has a rate of its own ({self.name})": self.decay == 0
            or self.trunk_rate == 1,
            "trunk_rate must be left out beside rates, which may have trunk": not self.rates or self.trunk_rate == 1,
            "warm_up and clip_norm must be left out for all but adam": self.name == "adam"
            or (self.warm_up == 0 and self.clip_norm is None),
        }
        must.require("The optimizer", conditions, given)

    @property
    def decay(self) -> float:
        """The weight decay of AdamW; 0 for what has none."""
        return (0.0 if self.name in _PLAIN else 0.1) if self.weight_decay is None else self.weight_decay


@dataclass(frozen=True)
class Data:
    """The part of a configuration that belongs to a task, under the task's name. Subclasses check themselves.

    Attributes:
        PATHS: the fields that name files: each a path, a list of paths, or a mapping of names to paths.
    """

    PATHS = ()  # without an annotation, as it is no key of a configuration

    def files(self) -> dict[str, str]:
        """Every file that is named, by what it is."""
        named: dict[str, str] = {}
        for key in self.PATHS:
            value = getattr(self, key)
            if isinstance(value, str):
                named[key] = value
            elif value is not None:
                several = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
                named |= {f"{key} {name}": path for name, path in several}
        return named

    def tracks(self) -> Mapping[str, Signal]:
        """The bigWig files that must have the chromosomes of the run, by what they are."""
        return {}

    def arguments(self, given: Mapping[str, object]) -> Mapping[str, object]:
        """Arguments of the network that follow from the data, beside those that are given."""
        return {}

    def head(self, network: Architecture) -> Mapping[str, object]:
        """Arguments of the network's head that follow from the data and from which network it is."""
        return {}

    @classmethod
    def of_model(cls, spec: Mapping) -> Mapping[str, object]:
        """Values that follow from the spec (JSON) of a model whose network a run takes over; they need not be given."""
        return {}

    def conditions(self, config: "Settings") -> Mapping[str, bool]:
        """What must hold between the data and the rest of the configuration, in words, and whether it does."""
        return {}


@dataclass(frozen=True)
class Settings:
    """A training run, as its task reads it; `zoo.train.config.TrainConfig` checks it.

    Attributes:
        name: `family/MODEL` of the result.
        genome: path of the 2bit or FASTA file.
        assembly: its name.
        architecture: builder and arguments; in a file what is left out is that of `start_from`.
        chromosomes: which for what.
        optimizer: and its learning rate.
        data: what is learned from; in a file its key is the name of its task (`zoo.train.tasks`).
        batch_size: windows of a step, over all workers.
        epochs: at most.
        steps: of an epoch, for tasks whose epoch is not a pass over their windows.
        monitor: what the best epoch is chosen by.
        patience: epochs without a better one after which it ends, not counted while layers thaw; None for never.
        precision: "float32", "mixed_bfloat16", "mixed_float16".
        seed: of everything random.
        checkpoint_steps: a checkpoint is written every so many steps, and at the end of each epoch.
        start_from: a model of the zoo whose weights it begins with; coverage: all but its head.
        frozen: layers that stay as they are, as patterns of whole names (`block[12]_.*`), or `trunk` for all but the
            head.
        thaw: pattern of layers as above → epochs for which they stay as they are before they are trained, too; of
            several that match a layer the last one counts (gradual unfreezing, Howard & Ruder 2018, ACL: 328-339).
        folds: sets of chromosomes for cross-validation, see `TrainConfig.fold`.
        license: terms of the result.
        citation: of the data or method.
        limits: what the model card adds to the paragraph on training.
        command: what prepares the data, for the card.
    """

    name: str
    genome: str
    assembly: str
    architecture: Architecture
    chromosomes: Split
    optimizer: Optimizer
    data: Data
    batch_size: int = 64
    epochs: int = 70
    steps: int | None = None
    monitor: str = "val_loss"
    patience: int | None = 10
    precision: str = "float32"
    seed: int = 0
    checkpoint_steps: int = 500
    start_from: str | None = None
    frozen: tuple[str, ...] = ()
    thaw: Mapping[str, int] | None = None
    folds: tuple[tuple[str, ...], ...] = ()
    license: str = "as the owner of the data says"
    citation: str = ""
    limits: str = ""
    command: str = ""
