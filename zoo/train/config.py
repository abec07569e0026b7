"""The configuration of a training run: a frozen, validated value that is read from and written to YAML or JSON."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.schema import Name
from zoo.architectures import ARCHITECTURES, is_known
from zoo.errors import InputError, IntegrityError
from zoo.spec import Architecture
from zoo.train import reading
from zoo.train import rules as must
from zoo.train.settings import Optimizer, Settings, Split
from zoo.train.tasks import TASKS

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class TrainConfig(Settings):
    """A validated training run of a registered task, from and to a file. Attributes as for `Settings`."""

    def __post_init__(self) -> None:
        Name.parse(self.name)
        must.check("A training configuration", self, _FIELDS, self.name)
        must.require("A training configuration", self._conditions(), self._brief(), self.name)
        given = self.architecture.config
        arguments = {**given, **self.data.arguments(given), **self.data.head(self.architecture)}
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
            f"thaw must be before the last of {self.epochs} epochs": all(
                after < self.epochs for after in (self.thaw or {}).values()
            ),
        }

    def _brief(self) -> dict[str, object]:
        """What those conditions are about."""
        shown = ("steps", "monitor", "architecture", "thaw")
        return {"kind": self.kind, **{name: getattr(self, name) for name in shown}}

    def to_json(self) -> dict:
        """A JSON object, with the data under the name of their task."""
        values = dataclasses.asdict(self)
        return {self.kind if key == "data" else key: value for key, value in values.items()}

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

        Paths of files are relative to its folder; `$NAME` and `~` in them are expanded as in a shell.

        Args:
            path: the file.
            changes: key → value; for keys of a part a mapping of these, `optimizer={"learning_rate": 1e-4}`.

        Raises:
            InputError: not such a file, an unknown or missing key, a wrong type, or a rule that is broken.
        """
        files = {kind: task.data.PATHS for kind, task in TASKS.items()}
        values = reading.load(Path(path), changes, files)
        for kind in TASKS:
            if values.get(kind) is None and changes.get(kind):
                raise InputError(
                    f"Data of {kind} models must go to a configuration of such a model",
                    where=path,
                    received=changes[kind],
                )
        return cls.parse(_of_model(reading.over(values, changes, files)), path)

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
            values = {
                name: typed.parse(known[name].kind, setting, f"{where}: {name}") for name, setting in found.items()
            }
            return cls(**values, data=typed.parse(TASKS[kind].data, value, f"{where}: {kind}"))
        except IntegrityError as error:
            raise InputError(str(error)) from None
        except InputError as error:
            error.add_note(f"(The configuration is {where}.)")
            raise


def _of_model(values: dict) -> dict:
    """Values with the network of the model that the run begins with, where they have none, and what follows from it."""
    network, start = values.get("architecture") or {}, values.get("start_from")
    if not isinstance(network, Mapping) or "name" in network or not must.is_text(start):
        return values
    from zoo.loading import info

    spec = info(start)
    found = {"architecture": reading.over(spec["architecture"], {**network, "name": spec["architecture"]["name"]})}
    for kind in set(TASKS) & set(values):
        if isinstance(values[kind], Mapping):
            found[kind] = {**TASKS[kind].data.of_model(spec), **values[kind]}
    return {**values, **found}


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
    "thaw": must.optional(must.by_pattern(must.whole(1, 1 << 20), "a whole number of 1 or more")),
    "folds": must.several(must.several(must.TEXT, "", True, 1), "lists of chromosomes, none of them empty"),
    "license": must.REMARK,
    "citation": must.REMARK,
    "limits": must.REMARK,
    "command": must.REMARK,
}
