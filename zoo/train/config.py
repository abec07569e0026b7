"""What a training run is made of, as frozen values that check themselves and come from and go to YAML or JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.schema import Name
from zoo.architectures import ARCHITECTURES, is_known
from zoo.errors import InputError, IntegrityError
from zoo.spec import TRAINING_STRANDS, Architecture, TrackSpec
from zoo.train import reading
from zoo.train import rules as must

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
MONITORS = {"val_pearson": max, "val_spearman": max, "val_dice": max, "val_loss": min}
OPTIMIZERS = ("asap", "maxatac", "adamw")
_MONITORS_OF = {
    "accessibility": ("val_loss", "val_pearson", "val_spearman"),
    "binding": ("val_loss", "val_dice"),
}
_BP = 1 << 20  # the most that a window may be moved or widened by


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
class AccessibilityData:
    """What an accessibility model is trained on.

    Attributes:
        signal: bigWig.
        sample: what it was measured in.
        peaks: narrowPeak, for evaluation; none needed to train.
        blacklist: BED or VCF files; windows that touch them are left out.
        unmappable: BED file of bases that reads cannot be placed on.
        mappability: whether the network predicts the mappable fraction of each bin, too; this is the one switch, from
            which the argument of that name of the network follows.
        step: bp from one training slab to the next.
    """

    signal: str
    sample: str
    peaks: str | None = None
    blacklist: tuple[str, ...] = ()
    unmappable: str | None = None
    mappability: bool = False
    step: int = 1024

    def __post_init__(self) -> None:
        fields = {
            "signal": must.PATH,
            "sample": must.TEXT,
            "peaks": must.optional(must.PATH),
            "blacklist": must.PATHS,
            "unmappable": must.optional(must.PATH),
            "mappability": must.SWITCH,
            "step": must.whole(1, _BP),
        }
        must.check("The data of an accessibility model", self, fields)
        listed = bool(self.unmappable) or not self.mappability
        needed = {"mappability must come with a list of unmappable bases (unmappable)": listed}
        must.require("The data of an accessibility model", needed, {"unmappable": self.unmappable})


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
    signal_spec: TrackSpec
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

    def __post_init__(self) -> None:
        paths = ("meta", "signal", "peaks", "binding", "atac_peaks", "train_roi", "validate_roi")
        fields = dict.fromkeys(paths, must.optional(must.PATH)) | {
            "factor": must.TEXT,
            "signal_spec": must.of(TrackSpec, "how the signal was made: assay, smoothing, read_depth, …"),
            "blacklist": must.PATHS,
            "slop": must.whole(0, _BP),
            "jitter": must.whole(0, _BP),
            "random_share": must.real(0, 0.9999, "a number of 0 or more and less than 1"),
            "random_windows": must.whole(1),
            "strands": must.one_of(TRAINING_STRANDS),
            "pan_cell": must.SWITCH,
        }
        must.check("The data of a binding model", self, fields)
        made = {
            "assay": must.TEXT,
            "smoothing": must.whole(0, _BP),
            "read_depth": must.whole(1, 1 << 40),
            "percentile": must.real(0, 100),
            "fill": must.real(-1e6, 1e6),
        }
        must.check("The signal_spec of a binding model", self.signal_spec, made)
        alone = {name: getattr(self, name) for name in ("signal", "peaks", "binding", "atac_peaks")}
        conditions = {
            "with a table of cell types (meta), signal, peaks, binding and atac_peaks must be left out": not (
                self.meta and any(alone.values())
            ),
            "there must be a table of cell types (meta), or signal and peaks": bool(
                self.meta or (self.signal and self.peaks)
            ),
        }
        must.require("The data of a binding model", conditions, {"meta": self.meta, **alone})


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
        command: what prepares the data, for the card.
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
        must.check("A training configuration", self, _FIELDS, self.name)
        must.require("A training configuration", self._conditions(), self._brief(), self.name)
        if self.accessibility:  # one switch: the network's argument follows
            arguments = {**self.architecture.config, "mappability": self.accessibility.mappability}
            if not self.accessibility.mappability and "mappability" not in self.architecture.config:
                del arguments["mappability"]
            object.__setattr__(self, "architecture", dataclasses.replace(self.architecture, config=arguments))

    @property
    def kind(self) -> str:
        """What is learned: "accessibility" or "binding"."""
        return "accessibility" if self.accessibility else "binding"

    def _conditions(self) -> dict[str, bool]:
        """What must hold between fields, and whether it does."""
        arguments, binding = self.architecture.config, self.binding is not None
        monitors = _MONITORS_OF[self.kind]
        switch = arguments.get("mappability")
        return {
            "there must be data of one kind, accessibility or binding": (self.accessibility is None) == binding,
            "steps (of an epoch) must be given for a binding model": not binding or self.steps is not None,
            "steps must be left out for an accessibility model, whose epoch is a pass over its windows": binding
            or self.steps is None,
            f"monitor must be one of {', '.join(monitors)}": self.monitor in monitors,
            "tracks of the network must be 1, as a run has one signal": arguments.get("tracks", 1) == 1,
            "mappability must be switched on where the data are (accessibility: mappability)": binding
            or switch in (None, self.accessibility is not None and self.accessibility.mappability),
            "the network of a binding model must read a signal beside DNA (maxatac)": not binding
            or self.architecture.name == "maxatac"
            or self.architecture.name not in ARCHITECTURES,  # whose shapes are compared with the data when it is built
        }

    def _brief(self) -> dict[str, object]:
        """What those conditions are about."""
        shown = ("steps", "monitor", "architecture")
        return {"kind": self.kind, **{name: getattr(self, name) for name in shown}}

    def to_json(self) -> dict:
        """A JSON object."""
        return dataclasses.asdict(self)

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
            changes: field → value; for fields of a part a mapping, `binding={"peaks": …}`.

        Raises:
            InputError: not such a file, an unknown or missing key, a wrong type, or a rule that is broken.
        """
        found = reading.load(Path(path), changes)
        for part in ("accessibility", "binding"):
            if found.get(part) is None and changes.get(part):
                raise InputError(
                    f"Data of {part} models must go to a configuration of such a model",
                    where=path,
                    received=changes[part],
                )
        return cls.parse(reading.over(found, changes), path)

    @classmethod
    def parse(cls, found: dict, where: object) -> "TrainConfig":
        """The configuration of plain keys and values, as YAML and JSON have them. Errors as for `read`."""
        reading.check_keys(cls, found := json.loads(json.dumps(found)), where)
        try:
            return typed.parse(cls, found, where)
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
    "accessibility": must.optional(must.of(AccessibilityData, "data of an accessibility model")),
    "binding": must.optional(must.of(BindingData, "data of a binding model")),
    "batch_size": must.whole(1, 1 << 20),
    "epochs": must.whole(1, 1 << 20),
    "steps": must.optional(must.whole(1)),
    "monitor": must.one_of(MONITORS),
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
