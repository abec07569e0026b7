"""What predictions on a grid and those of exact windows have in common: their identity, files and sidecar."""

import functools
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from zoo.environment import backend
from zoo.errors import InputError
from zoo.files.progress import Progress
from zoo.formats.content import Bins, Intervals, RegionTable, Row
from zoo.formats.formats import BINS, INTERVALS, TABLE, TOTALS, Format
from zoo.forward.forward import Forward
from zoo.forward.precision import FLOAT32, described
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.predict.files import PredictionFiles, PredictionOutput, ScoreFile
from zoo.predict.options import CHROMBPNET, MAXATAC, OF_NETWORK, Options
from zoo.predict.table import Predictions
from zoo.predict.thresholds import Threshold, ThresholdTable
from zoo.spec import ModelSpec

# What an interruption costs at most: windows, and the cost of a network times windows, less than a minute of any here.
_MOST, _COST = 1024, 5e11
_COMPARED = 256  # windows
_SHARED = 128  # windows at least for each that is predicted once more
_GOES_WITH = {
    MAXATAC: "chromosomes, regions or windows, not with centers",
    CHROMBPNET: "centers",
    **dict.fromkeys(OF_NETWORK, "chromosomes or regions, not with windows or centers"),
}


@dataclass(frozen=True)
class Kept:
    """The finished parts of a prediction.

    Attributes:
        scores: all of them: of exact windows (windows, bins) or (windows, bins, tracks).
        windows: that were predicted in this call.
        resumed: chromosomes that an earlier, interrupted call had begun; of exact windows whether there was one.
    """

    scores: ScoreFile | np.ndarray
    windows: int
    resumed: list[str] | bool

    @property
    def times(self) -> int:
        """How many chromosomes were resumed; of exact windows 1 or 0."""
        return len(self.resumed) if isinstance(self.resumed, list) else int(self.resumed)


class Prediction(ABC):
    """One prediction: a model's forward pass, the files it reads and how.

    Args:
        spec: of the model.
        forward: its compiled network.
        inputs: the files.
        options: how.
        progress: show a progress bar; by default in a terminal only.
        shared: windows that a group of windows has in common with the next one.

    Attributes:
        size: windows of a group, which is kept as soon as it is complete.

    Raises:
        InputError: compat, where it has no meaning.
    """

    marks: Mapping[str, object] = MappingProxyType({})  # what more its identity has
    compats: tuple[str | None, ...] = (None, MAXATAC)
    usual: tuple[str, ...] = ("bigwig", "bed", "table")  # formats, those of them that there is content for

    def __init__(
        self,
        spec: ModelSpec,
        forward: Forward,
        inputs: Inputs,
        options: Options,
        progress: bool | None,
        shared: int = 0,
    ) -> None:
        self._spec, self._forward, self._inputs, self._options = spec, forward, inputs, options
        self._shown = progress
        if options.compat not in self.compats:
            raise InputError(
                f"compat={options.compat!r} must go with {_GOES_WITH[options.compat]}",
                received={"compat": options.compat},
            )
        self.size = group_size(forward, shared)
        forward.check_batch(min(options.batch_size, self.size))

    @property
    def bins(self) -> int:
        """How many bins are predicted, those of windows that overlap as often as they are."""
        return sum(counts["windows"] for counts in self._counts().values()) * self._options.output.bins

    @abstractmethod
    def to_table(self) -> Predictions:
        """Predict to a table in memory."""

    def to_files(self, output: PredictionOutput, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        """Predict to files; what an interrupted run finished is not predicted again.

        Args:
            output: their place and formats.
            threshold: of the intervals, or None.
            provenance: of the model.
        """
        formats, of_formats = output.formats(self._there(threshold), self.usual)
        counts = self._counts()
        parts_of = {**_identity(self._inputs, self._options, list(counts), provenance), **self.marks}
        whole = {**parts_of, "threshold": threshold.to_json() if threshold else None, **of_formats}

        suffixes = {format: output.suffixes(format) for format in formats}

        def write(kept: Kept, paths: dict[str, Path], record: dict) -> None:
            places = {format: [paths[suffix] for suffix in each] for format, each in suffixes.items()}
            intervals = self._write(places, kept, threshold)
            record |= _described(self._inputs, whole, counts, provenance) | self._more() | self._precision()
            record |= self._probability(threshold)
            record |= {"formats": [format.name for format in formats], "resumed": kept.resumed, "intervals": intervals}

        made = [suffix for each in suffixes.values() for suffix in each]
        with output:
            record, kept = output.run(parts_of, whole, made, lambda: self._keep(output), write)
        windows, resumed = (0, 0) if kept is None else (kept.windows, kept.times)
        return output.found(formats, threshold, record["intervals"], windows, resumed)

    def _write(self, places: Mapping[Format, Sequence[Path]], kept: Kept, threshold: Threshold | None) -> int:
        """Write a prediction in each format, to as many files as that has; returns the number of intervals."""
        shown = self._options.shown
        bins, called = (
            self._bins(kept).mapped(shown),
            Intervals(
                lambda: self._rows_shown(kept, threshold), self._options.bed_style(self._spec.name.rpartition("/")[2])
            ),
        )
        table = functools.cache(lambda: self._table(kept).mapped(shown))
        for format, paths in places.items():
            contents = {BINS: lambda: bins, INTERVALS: lambda: called, TABLE: table}
            content = {**contents, TOTALS: lambda: self._totals(kept)}[format.holds]()
            for number, path in enumerate(paths):
                format.write(path, content.track(number) if format.each_track and bins.tracks else content)
        return called.count

    def _rows_shown(self, kept: Kept, threshold: Threshold) -> Iterator[Row]:
        """Intervals that are called by their scores, in the scale of the output."""
        for chrom, start, end, score in self._called(kept, threshold):
            yield chrom, start, end, float(self._options.shown(score))

    def _there(self, threshold: Threshold | None) -> dict[str, bool]:
        """What there is content of, by what formats hold."""
        return {BINS: True, INTERVALS: threshold is not None, TABLE: bool(self._inputs.regions), TOTALS: False}

    def _more(self) -> dict[str, object]:
        """What else the sidecar says."""
        return {}

    def _probability(self, threshold: Threshold | None) -> dict[str, object]:
        """What the sidecar says of probabilities: that of the threshold."""
        table = self._options.calibrated
        if table is None:
            return {}
        at = None if threshold is None else float(table.probabilities(np.float64(threshold.score)))
        said = {"threshold": at}
        return {"probability": {**said, "of": "a bin as wide as those calibrated on, by its highest score"}}

    def _precision(self) -> dict[str, object]:
        """What the sidecar says of a precision below float32: how far from that some windows of the work are."""
        if self._options.precision == FLOAT32:
            return {}
        windows, output, reader = self._some(_COMPARED), self._options.output, self._inputs.reader
        starts = [(item.chrom, item.start + output.offset) for item in windows]
        covariates = reader.covariates_of(((chrom, at, at + output.span) for chrom, at in starts), len(windows))
        found = self._forward.difference(*reader.batch(windows), *covariates)
        return described(self._options.precision, found, len(windows))

    @abstractmethod
    def _some(self, count: int) -> list[Interval]:
        """At most so many windows, from all of the work."""

    @abstractmethod
    def _counts(self) -> dict[str, dict[str, int]]:
        """Chromosome → bp and windows, in the order of the work."""

    @abstractmethod
    def _keep(self, output: PredictionOutput) -> Kept:
        """Predict what no earlier run finished."""

    @abstractmethod
    def _bins(self, kept: Kept) -> Bins:
        """All scores, averaged."""

    @abstractmethod
    def _called(self, kept: Kept, threshold: Threshold) -> Iterable[Row]:
        """Intervals at or above the threshold: (chromosome, start, end, highest score)."""

    @abstractmethod
    def _table(self, kept: Kept) -> Predictions:
        """The bins of every region or window."""

    def _totals(self, kept: Kept) -> RegionTable:
        """The total counts of every window, where `_there` has them."""
        raise NotImplementedError

    def _bar(self, total: int, done: int = 0) -> Progress:
        """A progress bar over windows; silent where nobody watches a terminal, unless asked for."""
        return Progress(self._spec.name, "window", total, done, self._shown)


def group_size(forward: Forward, shared: int) -> int:
    """Windows of a group, which is kept as soon as it is complete; `shared` are predicted in the next one once more."""
    by_cost = int(_COST // max(forward.cost, 1))
    return max(min(by_cost, _MOST), _SHARED * shared, 1)


def _identity(inputs: Inputs, options: Options, chromosomes: list[str], provenance: dict) -> dict:
    """What scores depend on: network, bytes of the inputs, parameters. Not names, and not the threshold."""
    return {
        "network_sha256": provenance["network_sha256"],
        "backend": backend(),
        "inputs": inputs.identity(),
        "parameters": {
            "stride": options.stride,
            "views": list(options.views),
            "center_only": options.center_only,
            "compat": options.compat,
            "scale": options.scale,
            **({} if options.calibrated is None else {"probabilities": table_identity(options.calibrated)}),
            **({} if options.precision == FLOAT32 else {"precision": options.precision}),
            **options.selection.to_json(),
            "chromosomes": chromosomes,
            "regions": intervals_identity(inputs.regions),
            "blacklist": intervals_identity(inputs.blacklist),
        },
    }


def _described(inputs: Inputs, whole: dict, chromosomes: dict, provenance: dict) -> dict:
    """The sidecar of a prediction with the identity `whole`: how its files came about, and what was left out."""
    paths, absent = inputs.paths().items(), inputs.absent
    lacking = sorted({chrom for missing in absent.values() for chrom in missing}, key=names.natural)
    return {
        "model": provenance,
        "inputs": {**whole["inputs"], **{name: {"path": str(path), **whole["inputs"][name]} for name, path in paths}},
        "parameters": whole["parameters"],
        "threshold": whole["threshold"],
        "chromosomes": chromosomes,
        "left out": {"chromosomes that the signal lacks": lacking, "regions elsewhere": inputs.elsewhere},
    }


def table_identity(table: ThresholdTable) -> str:
    """The digest of a threshold table."""
    return hashlib.sha256(table.to_tsv().encode()).hexdigest()


def intervals_identity(intervals: list[Interval] | None) -> dict | None:
    """Number and digest of intervals: a BED may have a million lines."""
    if intervals is None:
        return None
    text = "".join(f"{item.chrom}\t{item.start}\t{item.end}\t{item.name}\n" for item in intervals)
    return {"count": len(intervals), "sha256": hashlib.sha256(text.encode()).hexdigest()}
