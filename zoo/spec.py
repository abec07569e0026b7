"""What a model expects and what it returns, as small frozen values that come from and go to JSON.

The spec drives everything: `predict` builds inputs from it and refuses, naming both sides, what disagrees with it.
JSON never names a Python object, and its keys are a closed set.
"""

import dataclasses
import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry import typed
from zoo.errors import InputError, IntegrityError

BASES = "ACGT"  # the one base order of the whole project; every other letter is encoded as all zeros
SCHEMA_VERSION = 1
_VERSION = r" ?(?:==|>=|<=|~=|!=|<|>) ?[0-9][0-9A-Za-z.*+!]{0,31}"
_REQUIREMENT = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,94}}[A-Za-z0-9])?(?:{_VERSION}(?:,{_VERSION}){{0,3}})?")
_LARGEST_WINDOW = 1 << 24  # bp
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
    """A network: the name of a builder (see `zoo.build`) and its arguments.

    Attributes:
        name: of a builder in `zoo.architectures`, or of another package.
        config: its arguments; numbers, text and lists of numbers, but any JSON for the network that comes as data.
        package: that brings the builder, if it is not this one: "my-package>=1.0".
    """

    name: str
    config: Mapping[str, object]
    package: str | None = None

    def __post_init__(self) -> None:
        if self.package is not None and not _REQUIREMENT.fullmatch(self.package):
            raise InputError(
                "The package of a network must be named as pip takes it, with versions if need be",
                example="my-package>=1.0",
                received={"package": self.package},
            )
        nested = {} if self.name == "functional" else self.config
        if deep := {key: value for key, value in nested.items() if not _is_flat(value)}:
            raise IntegrityError(
                "The arguments of a network must be numbers, text, true, false, nothing, or lists of numbers",
                received=deep,
            )


def _is_flat(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return all(isinstance(item, numbers.Real) and not isinstance(item, bool) for item in value)
    return not isinstance(value, Mapping)


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
        reads, returns, stride, views = self.input, self.output, self.prediction.stride, self.prediction.views
        spanned, signal = returns.offset + returns.bins * returns.bin_size, reads.signal
        rules = {
            f"a window must have 1 to {_LARGEST_WINDOW:,} bp": 0 < reads.window <= _LARGEST_WINDOW,
            "there must be at least one bin of at least 1 bp": returns.bins > 0 and returns.bin_size > 0,
            "bins must lie inside the window": returns.offset >= 0 and spanned <= reads.window,
            "the stride must be a multiple of the bin size, and at most the window": 0 < stride <= reads.window
            and stride % max(returns.bin_size, 1) == 0,
            f"views must be among {', '.join(VIEWS)}": bool(views) and set(views) <= set(VIEWS),
            "metrics must be finite numbers": all(map(math.isfinite, self.metrics.values())),
            "the signal's smoothing and read depth must not be negative, its percentile must lie in 0 to 100, and its "
            "fill value must be a number": signal is None
            or (
                min(signal.smoothing, signal.read_depth) >= 0
                and 0 < signal.percentile <= 100
                and math.isfinite(signal.fill)
            ),
        }
        for rule, holds in rules.items():
            if not holds:
                raise InputError(
                    f"A model's spec must agree with itself: {rule}",
                    where=self.name,
                    received={"input": reads, "output": returns, "prediction": self.prediction},
                )

    def to_json(self) -> dict:
        """A JSON object with the schema's version."""
        return {"schema": SCHEMA_VERSION, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: bytes, where: object = "config.json") -> "ModelSpec":
        """Read `config.json`. Raises `IntegrityError` for unknown or missing keys and wrong types."""
        return typed.read(cls, data, SCHEMA_VERSION, where)
