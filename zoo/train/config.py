"""What a training run is made of, as frozen values that come from and go to YAML or JSON."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.schema import Name
from zoo.data.meta import AUTO
from zoo.errors import InputError, IntegrityError
from zoo.spec import TRAINING_STRANDS, Architecture, SignalSpec

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
MONITORS = {"val_pearson": max, "val_spearman": max, "val_dice": max, "val_loss": min}
OPTIMIZERS = ("asap", "maxatac", "adamw")


@dataclass(frozen=True)
class Split:
    """Chromosomes to train on, to choose the epoch by, and to judge the result by."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccessibilityData:
    """What an accessibility model is trained on.

    Attributes:
        signal: bigWig.
        sample: what it was measured in.
        peaks: narrowPeak, for evaluation; none needed to train.
        blacklist: BED or VCF files; windows that touch them are left out.
        unmappable: BED file of bases that reads cannot be placed on.
        mappability: whether the network answers for the mappable share, too.
        step: bp from one training slab to the next.
    """

    signal: str
    sample: str
    peaks: str | None = None
    blacklist: tuple[str, ...] = ()
    unmappable: str | None = None
    mappability: bool = False
    step: int = 1024


@dataclass(frozen=True)
class BindingData:
    """What a binding model is trained on: one cell type, or a table of them.

    Attributes:
        factor: what binds.
        signal_spec: how the ATAC-seq track was made.
        meta: table of cell types (`zoo.data.meta`); or
        signal: bigWig of one cell type,
        peaks: BED of the factor's peaks,
        binding: bigWig of zeros and ones; by default the peaks, and
        atac_peaks: BED, if any; or "auto" for where the signal says that chromatin is open.
        train_roi: table of windows to train on, instead of those around peaks (`zoo.data.regions.read_table`).
        validate_roi: the same to validate on.
        blacklist: BED files.
        slop: bp that are added on both sides of a peak of a BED file where it serves as label.
        jitter: bp by which a training window may lie off the middle of its region.
        random_share: share of windows that lie anywhere.
        random_windows: how many different ones of those there are.
        strands: as for `zoo.data.binding.BindingTraining`.
        pan_cell: the same.
    """

    factor: str
    signal_spec: SignalSpec
    meta: str | None = None
    signal: str | None = None
    peaks: str | None = None
    binding: str | None = None
    atac_peaks: str | None = None
    train_roi: str | None = None
    validate_roi: str | None = None
    blacklist: tuple[str, ...] = ()
    slop: int = 0
    jitter: int = 0
    random_share: float = 0.0
    random_windows: int = 10_000
    strands: str = "both"
    pan_cell: bool = True


@dataclass(frozen=True)
class Optimizer:
    """How weights are moved.

    Attributes:
        name: "asap" (AdamW with its decay groups, warm-up and restarts), "maxatac" (Adam, 1e-3 / (1 + 1e-5 · step)), or
            "adamw" (half a cosine from `learning_rate` to 0 over the whole run, no decay of biases and normalizations).
        learning_rate: the highest.
        weight_decay: for AdamW.
    """

    name: str
    learning_rate: float = 1e-3
    weight_decay: float = 0.1


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
        accessibility: data of an accessibility model, or
        binding: of a binding model.
        batch_size: windows of a step, over all workers.
        epochs: at most.
        steps: of an epoch; binding models only, as an epoch of the others is a pass over the slabs.
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
        command: what makes the model again, for its card.
    """

    name: str
    genome: str
    assembly: str
    architecture: Architecture
    chromosomes: Split
    optimizer: Optimizer
    accessibility: AccessibilityData | None = None
    binding: BindingData | None = None
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
        chosen = [*self.chromosomes.train, *self.chromosomes.validation, *self.chromosomes.test]
        rules = {
            "a run has data of one kind, accessibility or binding": (self.accessibility is None)
            != (self.binding is None),
            "a chromosome is trained on, validated on or tested on": len(set(chosen)) == len(chosen),
            "there are chromosomes to train on and to validate on": bool(
                self.chromosomes.train and self.chromosomes.validation
            ),
            f"precision is one of {', '.join(PRECISIONS)}": self.precision in PRECISIONS,
            f"monitor is one of {', '.join(MONITORS)}": self.monitor in MONITORS,
            f"the optimizer is one of {', '.join(OPTIMIZERS)}": self.optimizer.name in OPTIMIZERS,
            "batch size, epochs and checkpoint steps are at least 1": min(
                self.batch_size, self.epochs, self.checkpoint_steps
            )
            > 0,
            f"strands is one of {', '.join(TRAINING_STRANDS)}": self.binding is None
            or self.binding.strands in TRAINING_STRANDS,
            "an epoch of a binding model has steps": self.binding is None or (self.steps or 0) > 0,
            "steps are for binding models": self.accessibility is None or self.steps is None,
            "mappability needs a list of unmappable bases": self.accessibility is None
            or not self.accessibility.mappability
            or self.accessibility.unmappable is not None,
        }
        for rule, holds in rules.items():
            if not holds:
                raise InputError(f"In a training configuration {rule}", where=self.name, received=_brief(self))

    def to_json(self) -> dict:
        """A JSON object."""
        return dataclasses.asdict(self)

    def fold(self, number: int) -> "TrainConfig":
        """The run of a fold: set `number`, from 0, is for validation, the next one for testing, the others to train on.

        Raises `InputError` if there is no such fold.
        """
        if not 0 <= number < len(self.folds) or len(self.folds) < 3:
            raise InputError(
                "A fold is one of at least three that the configuration has, from 0",
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
            changes: field → value; for fields of a part a mapping, `binding={"peaks": …}`.

        Raises:
            InputError: not such a file, an unknown or missing key, a wrong type, or a rule that is broken.
        """
        path = Path(path)
        found = load(path)
        for part in ("accessibility", "binding"):
            if found.get(part) is None and changes.get(part):
                raise InputError(f"This configuration is not for {part} models", where=path, received=changes[part])
        merged = _over(_absolute(found, path.resolve().parent, changes), changes)
        try:
            return typed.parse(cls, json.loads(json.dumps(merged)), path)
        except IntegrityError as error:
            raise InputError(str(error)) from None


_FILES = {
    "accessibility": ("signal", "peaks", "blacklist", "unmappable"),
    "binding": ("meta", "signal", "peaks", "binding", "atac_peaks", "train_roi", "validate_roi", "blacklist"),
}


def load(path: Path) -> dict:
    """The keys and values of a YAML or JSON file, unchecked, over those of the file that its key `extends` names.

    Raises `InputError` if one cannot be read.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"A training configuration can be read ({error})", received={"config": str(path)}) from None
    try:
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(
            f"A training configuration is YAML or JSON ({' '.join(str(error).split())})", where=path
        ) from None
    if not isinstance(found, dict):
        raise InputError("A training configuration holds keys and values", example="name: yeast/REB1", where=path)
    base = found.pop("extends", None)
    return found if base is None else _over(load(path.parent / str(base)), found)


def _over(base: Mapping[str, object], changes: Mapping[str, object]) -> dict:
    """A dictionary with some values replaced, and within the dictionaries in it likewise."""
    parts = {
        key: _over(base[key], value) if isinstance(value, Mapping) and isinstance(base.get(key), Mapping) else value
        for key, value in changes.items()
    }
    return {**base, **parts}


def _absolute(found: dict, folder: Path, changes: Mapping[str, object]) -> dict:
    """The same with absolute paths of files, those aside that will be replaced anyway."""

    def place(value: object) -> object:
        if isinstance(value, list):
            return [place(item) for item in value]
        if not isinstance(value, str):
            return value
        expanded = str(Path(os.path.expandvars(value)).expanduser())
        if unset := re.search(r"\$\{?(\w+)", expanded):
            raise InputError(
                "A variable in a path is set in the environment",
                example=f"export {unset[1]}=/data",
                received={"path": value},
            )
        return str(folder / expanded)

    placed = dict(found)
    if "genome" in found and "genome" not in changes:
        placed["genome"] = place(found["genome"])
    for part, names in _FILES.items():
        if isinstance(found.get(part), dict):
            mine = [name for name in names if name in found[part] and name not in changes.get(part, {})]
            mine = [name for name in mine if found[part][name] != str(AUTO)]
            placed[part] = {**found[part], **{name: place(found[part][name]) for name in mine}}
    return placed


def _brief(config: TrainConfig) -> dict[str, object]:
    """What the rules are about."""
    shown = ("chromosomes", "precision", "monitor", "batch_size", "epochs", "steps")
    return {name: getattr(config, name) for name in shown}
