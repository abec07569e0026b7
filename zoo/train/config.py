"""What a training run is made of, as frozen values that check themselves and come from and go to YAML or JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.schema import Name
from zoo.architectures import ARCHITECTURES, is_known
from zoo.errors import InputError, IntegrityError
from zoo.spec import Architecture
from zoo.train import reading
from zoo.train import rules as must
from zoo.train.tasks import TASKS
from zoo.train.tasks.base import Data

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
OPTIMIZERS = ("asap", "maxatac", "adamw")


@dataclass(frozen=True)
class Split:
    """Chromosomes to train on, to choose the epoch by, and to judge the result by."""

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
    """How weights are moved.

    Attributes:
        name: "asap" (AdamW with its decay groups, warm-up and restarts), "maxatac" (Adam, 1e-3 / (1 + 1e-5 · step)), or
            "adamw" (half a cosine from `learning_rate` to 0 over the whole run, no decay of biases and normalizations).
        learning_rate: the highest.
        weight_decay: for AdamW, "asap" and "adamw"; default 0.1.
    """

    name: str
    learning_rate: float = 1e-3
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        fields = {
            "name": must.one_of(OPTIMIZERS),
            "learning_rate": must.real(0, 1e30, "a number of 0 or more"),
            "weight_decay": must.optional(must.real(0, 1e6)),
        }
        must.check("The optimizer", self, fields)
        conditions = {
            "weight_decay must be left out for maxatac, which has none": self.decay == 0 or self.name != "maxatac"
        }
        must.require("The optimizer", conditions, {"name": self.name, "weight_decay": self.weight_decay})

    @property
    def decay(self) -> float:
        """The weight decay of AdamW; 0 for what has none."""
        return (0.0 if self.name == "maxatac" else 0.1) if self.weight_decay is None else self.weight_decay


@dataclass(frozen=True)
class TrainConfig:
    """A training run.

    Attributes:
        name: `family/MODEL` of the result.
        genome: path of the 2bit file.
        assembly: its name.
        architecture: builder and arguments.
        chromosomes: which for what.
        optimizer: and its learning rate.
        data: what is learned from; in a file its key is the name of its task (`zoo.train.tasks`).
        batch_size: windows of a step, over all workers.
        epochs: at most.
        steps: of an epoch, for tasks whose epoch is not a pass over their windows.
        monitor: what the best epoch is chosen by.
        patience: epochs without a better one after which it ends; None for never.
        precision: "float32", "mixed_bfloat16", "mixed_float16".
        seed: of everything random.
        checkpoint_steps: a checkpoint is written every so many steps, and at the end of each epoch.
        start_from: a model of the zoo whose weights it begins with.
        frozen: layers that stay as they are, as patterns of whole names (`block[12]_.*`).
        folds: sets of chromosomes for cross-validation, see `fold`.
        license: terms of the result.
        citation: of the data or method.
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
    patience: int | None = None
    precision: str = "float32"
    seed: int = 0
    checkpoint_steps: int = 500
    start_from: str | None = None
    frozen: tuple[str, ...] = ()
    folds: tuple[tuple[str, ...], ...] = ()
    license: str = "as the owner of the data says"
    citation: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        Name.parse(self.name)
        must.check("A training configuration", self, _FIELDS, self.name)
        must.require("A training configuration", self._conditions(), self._brief(), self.name)
        given = self.architecture.config
        arguments = {**given, **self.data.arguments(given)}
        object.__setattr__(self, "architecture", dataclasses.replace(self.architecture, config=arguments))

    @property
    def kind(self) -> str:
        """The name of the task."""
        return next(kind for kind, task in TASKS.items() if task.data is type(self.data))

    def _conditions(self) -> dict[str, bool]:
        """What must hold between fields, and whether it does."""
        monitors = TASKS[self.kind].monitors
        return {
            **self.data.conditions(self),
            f"monitor must be one of {', '.join(monitors)}": self.monitor in monitors,
        }

    def _brief(self) -> dict[str, object]:
        """What those conditions are about."""
        shown = ("steps", "monitor", "architecture")
        return {"kind": self.kind, **{name: getattr(self, name) for name in shown}}

    def to_json(self) -> dict:
        """A JSON object, with the data under the name of their task."""
        found = dataclasses.asdict(self)
        return {self.kind if key == "data" else key: value for key, value in found.items()}

    def fold(self, number: int) -> "TrainConfig":
        """The run of a fold: set `number`, from 0, is for validation, the next one for testing, the others to train on.

        Raises `InputError` if there is no such fold.
        """
        if not 0 <= number < len(self.folds) or len(self.folds) < 3:
            raise InputError(
                "A fold must be one of at least three that the configuration has, from 0",
                where=self.name,
                received={"fold": number, "folds": len(self.folds)},
            )
        validation, test = self.folds[number], self.folds[(number + 1) % len(self.folds)]
        train = [chrom for part in self.folds if part not in (validation, test) for chrom in part]
        return dataclasses.replace(self, chromosomes=Split(tuple(train), validation, test))

    @classmethod
    def read(cls, path: str | Path, **changes: object) -> "TrainConfig":
        """Read a YAML or JSON file, with some of its values replaced.

        Paths of files are relative to its folder; `$NAME` and `~` in them stand for what they do in a shell.

        Args:
            path: the file.
            changes: key → value; for keys of a part a mapping of these, `optimizer={"learning_rate": 1e-4}`.

        Raises:
            InputError: not such a file, an unknown or missing key, a wrong type, or a rule that is broken.
        """
        files = {kind: task.data.PATHS for kind, task in TASKS.items()}
        found = reading.load(Path(path), changes, files)
        for kind in TASKS:
            if found.get(kind) is None and changes.get(kind):
                raise InputError(
                    f"Data of {kind} models must go to a configuration of such a model",
                    where=path,
                    received=changes[kind],
                )
        return cls.parse(reading.over(found, changes, files), path)

    @classmethod
    def parse(cls, found: dict, where: object) -> "TrainConfig":
        """The configuration of plain keys and values, as YAML and JSON have them. Errors as for `read`."""
        known = reading.keys_of(cls)
        del known["data"]
        parts = {kind: reading.Key(task.data | None, False) for kind, task in TASKS.items()}
        reading.check_keys(known | parts, found := json.loads(json.dumps(found)), where)
        given = {kind: value for kind in TASKS if (value := found.pop(kind, None)) is not None}
        if len(given) != 1:
            raise InputError(
                f"There must be data of one kind: {', '.join(TASKS)}", where=where, received={"kinds": list(given)}
            )
        [(kind, value)] = given.items()
        try:
            values = {name: typed.parse(known[name].kind, item, f"{where}: {name}") for name, item in found.items()}
            return cls(**values, data=typed.parse(TASKS[kind].data, value, f"{where}: {kind}"))
        except IntegrityError as error:
            raise InputError(str(error)) from None
        except InputError as error:
            error.add_note(f"(The configuration is {where}.)")
            raise


_FIELDS = {
    "genome": must.PATH,
    "assembly": must.TEXT,
    "architecture": must.Rule(
        lambda value: isinstance(value, Architecture) and is_known(value.name),
        f"a network with its arguments, its name one of {', '.join(ARCHITECTURES)}",
    ),
    "chromosomes": must.of(Split, "chromosomes to train, validate and test on"),
    "optimizer": must.of(Optimizer, "an optimizer"),
    "data": must.Rule(
        lambda value: any(type(value) is task.data for task in TASKS.values()),
        "data of one kind, those of a task",
    ),
    "batch_size": must.whole(1, 1 << 20),
    "epochs": must.whole(1, 1 << 20),
    "steps": must.optional(must.whole(1)),
    "monitor": must.TEXT,
    "patience": must.optional(must.whole(1, 1 << 20)),
    "precision": must.one_of(PRECISIONS),
    "seed": must.whole(0, (1 << 32) - 1),
    "checkpoint_steps": must.whole(1),
    "start_from": must.optional(must.TEXT),
    "frozen": must.PATTERNS,
    "folds": must.several(must.several(must.TEXT, "", True, 1), "lists of chromosomes, none of them empty"),
    "license": must.REMARK,
    "citation": must.REMARK,
    "command": must.REMARK,
}
