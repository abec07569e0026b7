"""A prediction by a model: a user's choices, checked against one another, and what they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from registry.paths import user_path
from zoo.arguments import refuse_together
from zoo.errors import InputError
from zoo.formats.formats import INTERVALS
from zoo.forward.readouts import Selection
from zoo.inputs.checks import check_arrays
from zoo.inputs.opening import check_species
from zoo.predict import extent, thresholds
from zoo.predict.centers import CenterRun, Places
from zoo.predict.files import PredictionFiles, PredictionOutput, formats_of
from zoo.predict.options import Options
from zoo.predict.prediction import Prediction
from zoo.predict.predictor import Predictor
from zoo.predict.run import PredictionRun
from zoo.predict.table import Predictions
from zoo.predict.thresholds import PROBABILITY, Threshold, ThresholdTable
from zoo.predict.tiles import tiled_by
from zoo.predict.windows import WindowRun, exact
from zoo.spec import WINDOW

_FILES = 'Give output="out/ctcf", too'


@dataclass(frozen=True)
class PredictionChoice:
    """The arguments of `Model.predict` that say what is read and what is written, and those that depend on them.

    Raises:
        InputError: a threshold that is none.
    """

    genome: object
    signal: object
    regions: object
    chromosomes: object
    windows: object
    centers: object
    covariates: object
    blacklist: object
    output: object
    write: object
    threshold: object
    table: object
    stride: object
    center_only: object
    compat: object
    scale: object

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", thresholds.checked(self.threshold))

    @property
    def cutting(self) -> dict[str, object]:
        """What has an effect on intervals only; None for what was not given. A table may be of probabilities, too."""
        table = None if self.scale == PROBABILITY else self.table
        return {"threshold": None if self.threshold == "auto" else self.threshold, "table": table}

    def refuse_files(self) -> None:
        """Raise `InputError` for what has no effect on windows that are given as arrays."""
        names = ("genome", "signal", "regions", "chromosomes", "windows", "centers", "output", "blacklist", "stride")
        named = {name: getattr(self, name) for name in (*names, "compat", "covariates", "center_only", "write")}
        refuse_together("Windows x", {**named, **self.cutting})

    def check(self) -> None:
        """Raise `InputError` for two arguments that contradict each other, or one without effect."""
        named = {name: getattr(self, name) for name in ("regions", "stride", "center_only")}
        if self.windows is not None:
            refuse_together("Exact windows", {**named, "centers": self.centers})
        if self.centers is not None:
            refuse_together("Windows around centers", named)
        if self.output is not None:
            return
        refuse_together("A prediction without output has no BED file and", self.cutting, _FILES)
        refuse_together("A prediction without output", {"write": self.write}, _FILES)
        if all(where is None for where in (self.windows, self.centers, self.regions, self.chromosomes)):
            raise InputError(
                "The output must be given for a whole genome, which is written to files",
                example='output="out/ctcf"',
                hint="Or name regions or chromosomes",
            )

    def files(self, model: Predictor, options: Options) -> tuple[PredictionOutput, Threshold | None] | None:
        """Where the files go, and the threshold of the BED file if there is one; None for a table in memory.

        Raises:
            InputError: formats or thresholds that cannot be, or a file that is read, too.
        """
        formats = formats_of(self.write)
        cuts = formats is None or any(format.holds == INTERVALS for format in formats)
        if not cuts:
            refuse_together("A prediction without a BED file", self.cutting, "Add bed to the formats to write")
        if self.output is None:
            return None
        threshold = cut(model, self.threshold if cuts else None, self.table, options)
        reads = (self.genome, self.signal, self.covariates, self.regions, self.windows, self.blacklist, self.table)
        reads = (model.path, model.origin, self.centers, *reads)
        return PredictionOutput(self.output, reads, options.output.tracks, formats), threshold

    def run(self, model: Predictor, options: Options, progress: bool | None) -> Prediction:
        """The prediction, with what it reads opened and matched."""
        where: Sequence[object] = (self.chromosomes, self.blacklist, options.compat, self.covariates)
        if self.centers is not None:
            places = Places.open(model.spec, self.genome, self.signal, self.centers, *where)
            check_species(model.spec, options.output, places.inputs.genome)
            places.tell()
            return CenterRun.of(model, places, options, progress)
        if self.windows is not None:
            inputs = exact(model.spec, options.output, self.genome, self.signal, self.windows, *where)
        else:
            inputs = model.inputs(self.genome, self.signal, self.regions, *where)
        check_species(model.spec, options.output, inputs.genome)
        inputs.tell()
        kind = partial(PredictionRun, tiled=tiled_by(model, options)) if self.windows is None else WindowRun
        return kind(model.spec, options.forward(model), inputs, options, progress)


def predict(
    model: Predictor, x: object, choice: PredictionChoice, options: Options, progress: bool | None
) -> np.ndarray | Predictions | PredictionFiles:
    """`Model.predict`, which has the documentation."""
    options = calibrated(model, choice.table, options)
    if x is not None:
        choice.refuse_files()
        arrays, forward = (
            check_arrays(x, model.spec.input),
            options.forward(model),
        )
        forward.check_batch(min(options.batch_size, len(arrays[WINDOW])))
        return options.shown(options.scaled(forward.array(arrays, options.batch_size)))
    choice.check()
    files, run = choice.files(model, options), choice.run(model, options, progress)
    if files is None:
        extent.check_table(options, run.bins)
        return run.to_table().mapped(options.shown)
    extent.check_files(options, run.bins, user_path(choice.output, "output"))
    return run.to_files(*files, model.provenance())


def calibrated(model: Predictor, table: object, options: Options) -> Options:
    """The same options, with the table that has probabilities if they are asked for.

    Raises:
        InputError: there is no such table, or it is of something else than what is predicted.
    """
    if not options.probability:
        return options
    output = options.output
    own = model.thresholds if table is None else ThresholdTable.read(user_path(table, "table"))
    if own is None or not own.has_probabilities:
        raise InputError(
            "Probabilities must come from a threshold table that has them",
            where=model.spec.name if table is None else table,
            example='scale="probability", table="out/thresholds.tsv"',
            hint="Make one with `zoo calibrate --probabilities`",
        )
    elsewhere = table is None and output.name != Selection.of(model.spec).output.name
    if output.tracks or elsewhere or output.transform != "identity":
        raise InputError(
            "Probabilities must be of what the table was calibrated on: a track of the model's own head, untransformed",
            received={"head": output.name, "tracks": list(output.tracks)[:8], "transform": output.transform},
            hint="Leave out scale, or head and track",
        )
    return replace(options, calibrated=own)


def cut(model: Predictor, threshold: object, table: object, options: Options) -> Threshold | None:
    """The threshold of a prediction, by a table of the user's or the model's own; None for no BED file."""
    own = model.thresholds if table is None else ThresholdTable.read(user_path(table, "table"))
    if threshold is None:
        unused = None if options.probability else table
        refuse_together("A prediction without a threshold has no BED file and", {"table": unused})
        return None
    selection = options.selection
    if selection.spread and selection.spread.count(False) == 0:
        if threshold != "auto" or table is not None:
            raise InputError(
                "A threshold must be of the mean over members, not of their spread",
                received={"threshold": threshold, "track": list(selection.names)[:8]},
                hint='track=("mean", "spread") predicts both',
            )
        return None
    if isinstance(threshold, str) and threshold == "auto":
        if own is None or (table is None and options.output.name != Selection.of(model.spec).output.name):
            return None
        threshold = "f1"
    if selection.called is None:
        raise InputError(
            "A threshold must be of one track",
            received={"threshold": threshold, "tracks": list(options.output.tracks)[:8]},
            hint="Name a track, or give threshold=None",
        )
    resolved = thresholds.resolve(threshold, own)
    if options.linear and own is not None:
        raise InputError(
            "A threshold table must be used in the scale that it was measured in, which is the model's own",
            received={"scale": "linear", "threshold": threshold},
            hint="Leave out scale, or give threshold=None",
        )
    return resolved
