"""What a model expects and what it returns, as small frozen values that come from and go to JSON.

The spec drives everything: `predict` builds inputs from it and refuses, naming both sides, what disagrees with it.
JSON never names a Python object, and its keys are a closed set.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from registry import typed
from zoo.errors import InputError

BASES = "ACGT"  # the one base order of the whole project; every other letter is encoded as all zeros
SCHEMA_VERSION = 1
TRAINING_STRANDS = ("both", "forward", "legacy_revcomp")  # what training windows are read from
VIEWS = ("forward", "reverse_complement", "rotated", "rotated_reverse_complement")


@dataclass(frozen=True)
class SignalSpec:
    """How the signal track that a model was trained on was made.

    Attributes:
        assay: what was measured.
        smoothing: bp added on each side of a cut site.
        read_depth: reads that the coverage was scaled to.
        percentile: the percentile of the positive bases that became 1; larger values stay above 1.
        fill: the value of bases without data.
    """

    assay: str
    smoothing: int
    read_depth: int
    percentile: float
    fill: float


@dataclass(frozen=True)
class InputSpec:
    """A window of `window` bp: one-hot DNA in the order A, C, G, T, then the signal if the model takes one.

    Attributes:
        window: length in bp.
        genome: the assembly that the model was trained on.
        signal: how its signal track was made, or None for a model of DNA alone.
    """

    window: int
    genome: str
    signal: SignalSpec | None

    @property
    def channels(self) -> int:
        """Columns of the input: 4 bases, and 1 for the signal."""
        return len(BASES) + (self.signal is not None)


@dataclass(frozen=True)
class OutputSpec:
    """`bins` values for consecutive bins of `bin_size` bp, the first beginning `offset` bp into the window."""

    bins: int
    bin_size: int
    offset: int
    target: str
    quantity: str

    @property
    def logarithmic(self) -> bool:
        """Whether a bin is ln(1 + what was measured), as models of accessibility learn it."""
        return "ln(1 + " in self.quantity


@dataclass(frozen=True)
class Architecture:
    """The name of a builder in `zoo.architectures` and its arguments."""

    name: str
    config: Mapping[str, int | float | str | bool | tuple[int | float, ...] | None]


@dataclass(frozen=True)
class PredictionSpec:
    """The published way to predict a genome: the defaults of `Model.predict`.

    Attributes:
        stride: bp from one window to the next; overlapping predictions are averaged.
        views: the views of a window that the weights can read (see `zoo.predict.views`), the published one first.
        center_only: only the central `stride` bp of each window count; else windows that overlap are averaged.
    """

    stride: int
    views: tuple[str, ...]
    center_only: bool = False


@dataclass(frozen=True)
class ModelSpec:
    """Everything that `config.json` says of a model."""

    name: str
    description: str
    architecture: Architecture
    input: InputSpec
    output: OutputSpec
    prediction: PredictionSpec
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]

    def __post_init__(self) -> None:
        spanned = self.output.offset + self.output.bins * self.output.bin_size
        rules = {
            "a window is at least 1 bp": self.input.window > 0,
            "bins lie inside the window": self.output.offset >= 0 and spanned <= self.input.window,
            "there is at least one bin of at least 1 bp": self.output.bins > 0 and self.output.bin_size > 0,
            "the stride is a multiple of the bin size": self.prediction.stride > 0
            and self.prediction.stride % max(self.output.bin_size, 1) == 0,
            f"views are among {', '.join(VIEWS)}": bool(self.prediction.views)
            and set(self.prediction.views) <= set(VIEWS),
        }
        for rule, holds in rules.items():
            if not holds:
                raise InputError(
                    f"In a model's spec {rule}", where=self.name, received={"input": self.input, "output": self.output}
                )

    def to_json(self) -> dict:
        """A JSON object with the schema's version."""
        return {"schema": SCHEMA_VERSION, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: bytes, where: object = "config.json") -> "ModelSpec":
        """Read `config.json`. Raises `IntegrityError` for unknown or missing keys and wrong types."""
        return typed.read(cls, data, SCHEMA_VERSION, where)
