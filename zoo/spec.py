"""What a model expects and what it returns, as small frozen values that come from and go to JSON.

The spec drives everything: `predict` builds inputs from it and refuses, naming both sides, what disagrees with it.
JSON never names a Python object, and its keys are a closed set. `config.json` of the first version (one signal, one
output) reads as one of the second (`zoo.spec_first`).
"""

import dataclasses
import math
import numbers
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry import typed
from zoo import spec_first
from zoo.errors import InputError, IntegrityError
from zoo.notebook.models import parts_of
from zoo.notebook.tables import titled
from zoo.track_table import TrackTable

BASES = "ACGT"  # the one base order of the whole project; every other letter is encoded as all zeros
UNKNOWN_ASSEMBLY = "unknown assembly"  # `InputSpec.genome` of a model whose file does not say
SCHEMA_VERSION = 2
WINDOW, CONTROLS, COVARIATES = "window", "controls", "covariates"  # the inputs of a network
_VERSION = r" ?(?:==|>=|<=|~=|!=|<|>) ?[0-9][0-9A-Za-z.*+!]{0,31}"
_NESTED = ("functional", "ensemble", "committee")  # networks whose configuration holds others
_REQUIREMENT = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,94}}[A-Za-z0-9])?(?:{_VERSION}(?:,{_VERSION}){{0,3}})?")
_LARGEST_WINDOW = 1 << 24  # bp
_MOST_TRACKS = 1 << 14
TRAINING_STRANDS = ("both", "forward", "legacy_revcomp")  # what training windows are read from
VIEWS = ("forward", "reverse_complement", "rotated", "rotated_reverse_complement")
ORIGINS = ("sample", "genome", "derived")
DERIVED = {"difference": 2, "mean": None, "sum": None, "log1p": 1}  # function → tracks that it takes
KINDS = ("binding", "accessibility", "profile", "counts", "coverage", "mappability", "expression", "other")
TRANSFORMS = ("identity", "log1p", "log", "logit", "squashed")


@dataclass(frozen=True)
class TrackSpec:
    """A track that a model reads beside DNA, and how that which it was trained on was made.

    Attributes:
        assay: what was measured.
        smoothing: bp added on each side of a cut site.
        read_depth: reads that the coverage was scaled to; 0 for none in particular.
        percentile: the percentile of the positive bases that became 1; larger values stay above 1. None: not scaled so.
        fill: the value of bases without data.
        name: of the track, by which a user gives it.
        origin: "sample" (the user's own), "genome" (the same for every sample, such as mappability) or "derived".
        function: of a derived track, one of `DERIVED`.
        of: the names of the tracks that it is derived from, in order; they need not be read by the network themselves.
    """

    assay: str
    smoothing: int
    read_depth: int
    percentile: float | None
    fill: float
    name: str = "signal"
    origin: str = "sample"
    function: str | None = None
    of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.of)
        takes = DERIVED.get(self.function, 0)
        _hold(
            self.name,
            {
                "a track's smoothing and read depth must not be negative, its percentile must lie in 0 to 100, and its "
                "fill value must be a number": min(self.smoothing, self.read_depth) >= 0
                and (self.percentile is None or 0 < self.percentile <= 100)
                and math.isfinite(self.fill),
                f"a track's origin must be {', '.join(ORIGINS)}": self.origin in ORIGINS,
                "a track must have a name": bool(self.name),
                f"a derived track, and no other, must be a function ({', '.join(DERIVED)}) of tracks": (
                    (count == takes or (takes is None and count > 0))
                    if self.origin == "derived" and self.function in DERIVED
                    else self.origin != "derived" and self.function is None and not count
                ),
            },
            {"track": self},
        )


@dataclass(frozen=True)
class CovariateSpec:
    """One number that a model reads of a sample or a window beside its tracks.

    Attributes:
        name: by which a user gives it.
        description: what it is, with its unit.
        per: "sample" (one number for all windows) or "window" (one number for each).
        default: what it is where nothing is given; None if it must be given.
    """

    name: str
    description: str
    per: str = "sample"
    default: float | None = None


@dataclass(frozen=True)
class CovariateTable:
    """Known values of several covariates by one name, such as those of a cell type.

    Attributes:
        name: by which a user gives it instead of the numbers: `covariates={"cell_type": "HepG2"}`.
        covariates: their names.
        rows: name of a row → a number for each.
    """

    name: str
    covariates: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        _hold(
            self.name,
            {
                "a table of covariates must have rows of one finite number for each": bool(self.rows)
                and all(len(row) == len(self.covariates) and all(map(math.isfinite, row)) for row in self.rows.values())
            },
            {"table": self},
        )


@dataclass(frozen=True)
class InputSpec:
    """A window of `window` bp: one-hot DNA in the order A, C, G, T, then the tracks; controls and covariates, if any.

    Attributes:
        window: length in bp.
        genome: the assembly that the model was trained on.
        tracks: what the network reads beside DNA, in its order.
        sources: tracks that only derived ones need.
        covariates: names of a vector, in the network's order.
        controls: tracks of a control experiment, which the network reads by themselves, in its order; zeros where none
            are given.
        control_swap: for each of these the place of that which a window read from the other strand has in its stead;
            empty if each stays what it is.
        control_bp: how much of the controls the network reads, in the middle of the window; None for all of it.
        covariate_tables: known values of covariates by a name.
    """

    window: int
    genome: str
    tracks: tuple[TrackSpec, ...] = ()
    sources: tuple[TrackSpec, ...] = ()
    covariates: tuple[CovariateSpec, ...] = ()
    controls: tuple[TrackSpec, ...] = ()
    control_swap: tuple[int, ...] = ()
    control_bp: int | None = None
    covariate_tables: tuple[CovariateTable, ...] = ()

    @property
    def channels(self) -> int:
        """Columns of a window: 4 bases, and 1 for each track."""
        return len(BASES) + len(self.tracks)

    @property
    def given(self) -> tuple[TrackSpec, ...]:
        """The tracks that a user gives, in the order of the spec: all that are not derived."""
        return tuple(track for track in (*self.tracks, *self.sources) if track.origin != "derived")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Input of the network → its shape for one window, in the order in which they are read."""
        shapes: dict[str, tuple[int, ...]] = {WINDOW: (self.window, self.channels)}
        if self.controls:
            shapes[CONTROLS] = (self.window, len(self.controls))
        return shapes | ({COVARIATES: (len(self.covariates),)} if self.covariates else {})


@dataclass(frozen=True)
class OutputSpec:
    """A head: `bins` values of `bin_size` bp, the first beginning `offset` bp into the window, for each of its tracks.

    Attributes:
        target: what is predicted (a factor, a cell type).
        quantity: what a value is, in words.
        name: of the head, and of the network's output if it has several.
        kind: one of `KINDS`.
        transform: what a value is of the quantity measured: "identity" (x), "log1p" (ln(1 + x)), "log", "logit",
            "squashed" (as the table of tracks says).
        tracks: names of the tracks of each bin; empty if there is one without a name: then the head is (batch, bins).
        swap: for each track the place of that which a window read from the other strand gives in its stead; empty if
            each stays what it is.
        step: bp from the beginning of a bin to that of the next; None for `bin_size`. Bins overlap where it is less.
        pseudocount: with the transform "log", what was added to the quantity before: ln(x + pseudocount).
        table: what is known of the tracks beside their names.
        genome: the assembly that the head was trained on, if another than that of the input.
    """

    bins: int
    bin_size: int
    offset: int
    target: str
    quantity: str
    name: str = "scores"
    kind: str = "other"
    transform: str = "identity"
    tracks: tuple[str, ...] = ()
    swap: tuple[int, ...] = ()
    step: int | None = None
    pseudocount: float = 0.0
    table: TrackTable | None = None
    genome: str | None = None

    def __post_init__(self) -> None:
        _hold(
            self.name,
            {
                "there must be at least one bin of at least 1 bp": self.bins > 0 and self.bin_size > 0,
                "a bin must begin 1 bp to its own size after the one before": self.step is None
                or 0 < self.step <= self.bin_size,
                f"the kind of an output must be {', '.join(KINDS)}": self.kind in KINDS,
                f"the transform of an output must be {', '.join(TRANSFORMS)}": self.transform in TRANSFORMS,
                f"an output must have at most {_MOST_TRACKS:,} tracks, each with a name of its own": len(self.tracks)
                <= _MOST_TRACKS
                and _unique(self.tracks),
                "the strand swap must be a permutation of the tracks that undoes itself": _undoes_itself(
                    self.swap, len(self.tracks)
                ),
                "a pseudocount must be 0 or more, and is of the transform log": self.pseudocount == 0
                or (0 < self.pseudocount < math.inf and self.transform == "log"),
                "a table of tracks must have a row for each track, and a squash if that is the transform": (
                    len(self.table or ()) in (0, max(len(self.tracks), 1))
                    and (self.transform == "squashed") == (self.table is not None and self.table.squash is not None)
                ),
            },
            {"output": self},
        )

    @property
    def is_fraction(self) -> bool:
        """Whether values lie from 0 to 1: scores of binding, and what is called a probability."""
        return self.transform == "identity" and (self.kind == "binding" or self.quantity.startswith("probability"))

    @property
    def every(self) -> int:
        """bp from the beginning of a bin to that of the next."""
        return self.bin_size if self.step is None else self.step

    @property
    def span(self) -> int:
        """bp from the beginning of the first bin to the end of the last one."""
        return (self.bins - 1) * self.every + self.bin_size

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one window: (bins,), or (bins, tracks) if tracks have names."""
        return (self.bins, len(self.tracks)) if self.tracks else (self.bins,)


@dataclass(frozen=True)
class Architecture:
    """A network: the name of a builder (see `zoo.build`) and its arguments.

    Attributes:
        name: of a builder in `zoo.architectures`, or of another package.
        config: its arguments: numbers, text and lists of numbers; any JSON for networks that hold others or are data.
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
        nested = {} if self.name in _NESTED else self.config
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
        views: the views of a window that the weights can read (see `zoo.forward.views`), the published one first.
        center_only: only the central `stride` bp of each window count; else windows that overlap are averaged.
        readout: what is predicted if nothing is named: a head, or one of `zoo.forward.readouts`; None: the first head.
        component: what `zoo.load` returns if nothing is named; None: the whole network.
        trim: bp at each end of a window whose predictions do not count.
        batch_size: windows at once, of networks with long windows; None for 256.
        strands: "both" if the published prediction is the mean over both.
    """

    stride: int
    views: tuple[str, ...]
    center_only: bool = False
    readout: str | None = None
    component: str | None = None
    trim: int = 0
    batch_size: int | None = None
    strands: str = "forward"


@dataclass(frozen=True)
class Component:
    """A part of a network that is a model itself: a nested one of that name, which reads and returns what the whole
    does.

    Attributes:
        frozen: whether training leaves it as it is.
        architecture: of the part; None if it can only be used, and not be saved by itself.
    """

    name: str
    description: str
    frozen: bool = False
    architecture: Architecture | None = None


@dataclass(frozen=True)
class ModelSpec:
    """Everything that `config.json` says of a model.

    >>> import zoo
    >>> spec = zoo.load("yeast/ATAC").spec
    >>> spec.output.kind, spec.output.transform, spec.input.given
    ('accessibility', 'log1p', ())
    """

    name: str
    description: str
    architecture: Architecture
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    prediction: PredictionSpec
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]
    components: tuple[Component, ...] = ()

    def __post_init__(self) -> None:
        reads, heads, stride, views = self.input, self.outputs, self.prediction.stride, self.prediction.views
        known = {track.name for track in (*reads.tracks, *reads.sources)}
        every = heads[0].every if heads else 1
        rules = {
            f"a window must have 1 to {_LARGEST_WINDOW:,} bp": 0 < reads.window <= _LARGEST_WINDOW,
            "there must be at least one output": bool(heads),
            "bins must lie inside the window": all(
                head.offset >= 0 and head.offset + head.span <= reads.window for head in heads
            ),
            "tracks, covariates, outputs and components must have names of their own": all(
                _unique([item.name for item in items])
                for items in ((*reads.tracks, *reads.sources), reads.covariates, heads, self.components)
            ),
            "a derived track must be of tracks of the spec that are not derived": all(
                set(track.of) <= known - {other.name for other in reads.tracks if other.origin == "derived"}
                for track in reads.tracks
            )
            and not any(track.origin == "derived" for track in reads.sources),
            "controls must have names of their own, as tracks of a sample; their strand swap must undo itself; and at "
            "most a window of them is read": _unique([track.name for track in (*reads.given, *reads.controls)])
            and all(track.origin == "sample" for track in reads.controls)
            and _undoes_itself(reads.control_swap, len(reads.controls))
            and (reads.control_bp is None or 0 < reads.control_bp <= reads.window),
            "the component of the default must be one of the components": self.prediction.component
            in (None, *(part.name for part in self.components)),
            "a table of covariates must have a name of its own, and be of covariates per sample": all(
                set(table.covariates) <= {item.name for item in reads.covariates if item.per == "sample"}
                for table in reads.covariate_tables
            )
            and _unique([item.name for item in (*reads.covariates, *reads.covariate_tables)]),
            "a covariate must be one number per sample or per window": all(
                item.per in ("sample", "window") and (item.default is None or math.isfinite(item.default))
                for item in reads.covariates
            ),
            "the stride must be a multiple of the bin size, and at most the window": 0 < stride <= reads.window
            and stride % every == 0,
            "what is trimmed must be whole bins, and leave as much as the stride": self.prediction.trim >= 0
            and self.prediction.trim % every == 0
            and bool(heads)
            and (not self.prediction.trim or stride <= heads[0].span - 2 * self.prediction.trim),
            f"views must be among {', '.join(VIEWS)}": bool(views) and set(views) <= set(VIEWS),
            "the strands must be forward or, of a model with the reverse-complement view, both": self.prediction.strands
            in ("forward", *(["both"] if "reverse_complement" in views else [])),
            "a batch must have at least one window": self.prediction.batch_size is None
            or self.prediction.batch_size > 0,
            "metrics must be finite numbers": all(map(math.isfinite, self.metrics.values())),
        }
        _hold(self.name, rules, {"input": reads, "outputs": heads, "prediction": self.prediction})

    def __repr__(self) -> str:
        return f"ModelSpec({self.summary})"

    def _repr_html_(self) -> str:
        return titled(self.name, *parts_of(self.to_json()))

    @property
    def summary(self) -> str:
        """The name, what is read, and the bins of each head, in a line."""
        heads = ", ".join(
            f"{head.bins} bins of {head.bin_size} bp" + (f" × {len(head.tracks)} tracks" if head.tracks else "")
            for head in self.outputs
        )
        return f"{self.name!r}: {self.input.window:,} bp × {self.input.channels} → {heads}"

    @property
    def output(self) -> OutputSpec:
        """The first head, which is meant where none is named."""
        return self.outputs[0]

    def to_json(self) -> dict:
        """A JSON object with the schema's version."""
        return {"schema": SCHEMA_VERSION, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: bytes, where: object = "config.json") -> "ModelSpec":
        """Read `config.json`, of the first version too.

        Raises `IntegrityError` for unknown or missing keys and wrong types.
        """
        return typed.read(cls, data, SCHEMA_VERSION, where, {spec_first.SCHEMA_VERSION: spec_first.upgraded})


def _undoes_itself(swap: tuple[int, ...], count: int) -> bool:
    """Whether a strand swap is empty, or a permutation of so many tracks that is its own inverse."""
    return not swap or (
        sorted(swap) == list(range(count)) and all(swap[other] == place for place, other in enumerate(swap))
    )


def _unique(names: Iterable[str]) -> bool:
    return all(name and count == 1 for name, count in Counter(names).items())


def _hold(name: str, rules: Mapping[str, bool], received: Mapping[str, object]) -> None:
    """Raise `InputError` for the first rule that does not hold."""
    for rule, holds in rules.items():
        if not holds:
            raise InputError(f"A model's spec must agree with itself: {rule}", where=name, received=dict(received))
