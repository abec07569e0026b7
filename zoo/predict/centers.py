"""Windows around the middles of regions: each is predicted whole, as ChromBPNet predicts peaks around their summits."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from zoo.errors import InputError, warn
from zoo.formats.content import RegionTable
from zoo.formats.formats import BINS, INTERVALS, TOTALS
from zoo.forward.forward import Forward
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, touched
from zoo.inputs.opening import Inputs, open_genome
from zoo.predict.files import PredictionFiles, PredictionOutput
from zoo.predict.options import CHROMBPNET, Options
from zoo.predict.prediction import Kept
from zoo.predict.predictor import Predictor
from zoo.predict.table import Predictions, RegionScores
from zoo.predict.thresholds import Threshold
from zoo.predict.totals import Totals, totals_head, with_totals
from zoo.predict.windows import WindowRun, check_bins
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class Places:
    """Regions and the windows around them.

    Attributes:
        inputs: what is read; its regions are the windows.
        regions: as they were given, in their order.
        middles: in bp, of narrowPeak files the summits.
        beyond: how many windows reach beyond an end of their chromosome.
        left_out: how many of these are left out; the others read N there.
    """

    inputs: Inputs
    regions: list[Interval]
    middles: np.ndarray
    beyond: int
    left_out: int

    @classmethod
    def open(
        cls, spec: ModelSpec, genome, signal, centers, chromosomes, blacklist, compat, covariates=None
    ) -> "Places":
        """The files of a prediction around regions.

        Args:
            compat: "chrombpnet" leaves out windows that reach beyond an end of their chromosome.

        Raises:
            InputError: no window is left; or as for `zoo.genome.bed.centers` and `Inputs.open`.
        """
        genome = open_genome(genome)
        found = bed.centers(centers, genome.sizes)
        places = [region for region, _ in found]
        inputs = Inputs.open(spec, genome, signal, places, chromosomes, blacklist, compat, covariates)
        kept = [(region, middle) for region, middle in found if region.chrom in inputs.chromosomes]
        windows = [_around(region, middle, spec.input.window) for region, middle in kept]
        within = [window.start >= 0 and window.end <= genome.sizes[window.chrom] for window in windows]
        beyond = within.count(False)
        if beyond and compat == CHROMBPNET:
            kept = [each for each, inside in zip(kept, within, strict=True) if inside]
            windows = [each for each, inside in zip(windows, within, strict=True) if inside]
        if not windows:
            raise InputError(
                f"A window must be left to predict: with compat={CHROMBPNET!r} none may reach beyond its chromosome",
                received={"regions": beyond, "window": spec.input.window},
            )
        middles = np.array([middle for _, middle in kept], np.int64)
        left_out = beyond if compat == CHROMBPNET else 0
        return cls(replace(inputs, regions=windows), [region for region, _ in kept], middles, beyond, left_out)

    def tell(self) -> None:
        """Warn of what is left out, and of windows beyond an end."""
        self.inputs.tell()
        if self.beyond:
            what = "are left out" if self.left_out else "read N there"
            warn(f"{self.beyond:,} windows around regions reach beyond an end of their chromosome and {what}")

    def identity(self) -> str:
        """A digest of the regions; that of the windows is the inputs'."""
        text = "".join(f"{item.chrom}\t{item.start}\t{item.end}\n" for item in self.regions)
        return hashlib.sha256(text.encode()).hexdigest()


def _around(region: Interval, middle: int, window: int) -> Interval:
    start = middle - window // 2
    return Interval(region.chrom, start, start + window, region.name)


class CenterRun(WindowRun):
    """A prediction of windows around regions: a table has each window's own bins, the files means of windows.

    With `compat="chrombpnet"` files have for each base what the window predicts whose middle is nearest.

    Args:
        spec: as for `Prediction`.
        forward: of the selection that `with_totals` makes.
        places: regions and windows.
        options: how.
        progress: as for `Prediction`.
    """

    compats = (None, CHROMBPNET)

    def __init__(
        self, spec: ModelSpec, forward: Forward, places: Places, options: Options, progress: bool | None
    ) -> None:
        super().__init__(spec, forward, places.inputs, options, progress)
        self._places, self._head = places, totals_head(spec, options.compat)
        self.usual = self.usual if self._head is None else ("bigwig", "bed", "counts")
        self.marks = MappingProxyType({"centers": places.identity()})

    @classmethod
    def of(cls, model: Predictor, places: Places, options: Options, progress: bool | None) -> "CenterRun":
        """The prediction of a model. Raises `InputError` for compat, of a model or a head that it is not made for."""
        forward = model.forward(options.views, with_totals(model.spec, options), options.precision)
        return cls(model.spec, forward, places, options, progress)

    def to_files(self, output: PredictionOutput, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        """As `Prediction.to_files`. Raises `InputError` for windows whose bins cannot be averaged, before the work."""
        formats, _ = output.formats(self._there(threshold), self.usual)
        if self._options.compat is None and any(format.holds in (BINS, INTERVALS) for format in formats):
            check_bins(self._windows, self._options.output)
        return super().to_files(output, threshold, provenance)

    def _there(self, threshold: Threshold | None) -> dict[str, bool]:
        return {**super()._there(threshold), TOTALS: self._head is not None}

    def _more(self) -> dict[str, object]:
        places = self._places
        said = {"regions": len(places.regions), "windows beyond an end": places.beyond, "left out": places.left_out}
        return {"centers": said}

    def _totals(self, kept: Kept) -> RegionTable:
        totals = kept.scores[:, self._columns :]
        return Totals(self._head, self._places.regions, self._places.middles, totals)

    @property
    def _columns(self) -> int:
        """Numbers of a window's bins, before those of its totals."""
        return int(np.prod(self._options.output.shape))

    def _scaled(self, scores: np.ndarray) -> np.ndarray:
        totals = 0 if self._head is None else int(np.prod(self._head.shape))
        of_bins, totals = np.split(scores, [scores.shape[1] - totals], axis=1)
        if self._options.selection.spread:
            of_bins = of_bins.reshape(len(scores), self._options.output.bins, -1)
        return np.concatenate([self._options.scaled(of_bins).reshape(len(scores), -1), totals], axis=1)

    def _of_bins(self, scores: np.ndarray) -> np.ndarray:
        return scores[:, : self._columns].reshape(-1, *self._options.output.shape)

    def _tracks(self, scores: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        scores = self._of_bins(scores)
        found = super()._tracks(scores) if self._options.compat is None else self._nearest(scores)
        for chrom, starts, means in found:
            inside = (starts >= 0) & (starts < self._inputs.genome.sizes[chrom])
            yield chrom, starts[inside], means[inside]

    def _nearest(self, scores: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        chroms = np.array([item.chrom for item in self._windows])
        begins = np.array([item.start for item in self._windows], np.int64) + self._options.output.offset
        for chrom in sorted(set(chroms.tolist()), key=names.natural):
            mine = np.flatnonzero(chroms == chrom)
            starts, found = nearest(begins[mine], self._places.middles[mine], scores[mine])
            found = np.where(self._is_unwanted(chrom, starts).reshape(-1, *[1] * (found.ndim - 1)), np.nan, found)
            yield chrom, starts, found.astype(np.float32)

    def _is_unwanted(self, chrom: str, starts: np.ndarray) -> np.ndarray:
        """Which bins touch the blacklist."""
        spans = self._unwanted.get(chrom, NONE)
        return touched(spans, starts, starts + self._options.output.bin_size)

    def _rows(self, scores: np.ndarray) -> Predictions:
        output, rows = self._options.output, []
        within = output.offset + np.arange(output.bins, dtype=np.int64) * output.every
        places = zip(self._places.regions, self._places.middles.tolist(), self._windows, strict=True)
        for (region, middle, window), own in zip(places, self._of_bins(scores), strict=True):
            starts, end = window.start + within, self._inputs.genome.sizes[window.chrom]
            ends = starts + output.bin_size
            missing = (ends <= 0) | (starts >= end) | self._is_unwanted(window.chrom, starts)
            known = np.where(missing.reshape(-1, *[1] * (own.ndim - 1)), np.float32(np.nan), own)
            rows.append(RegionScores(region, starts, ends, known, middle))
        return Predictions(rows, output.bin_size, output.tracks, output.every)


def nearest(begins: np.ndarray, middles: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each base what the window predicts whose middle is nearest, as ChromBPNet's `pred_bw` does.

    Of two windows that overlap, the first in the order of their starts ends at the floor of the mean of both middles,
    where the second begins.

    Args:
        begins: (n,) int64, the first base that each window predicts, of one chromosome.
        middles: (n,) int64.
        scores: (n, bp) or (n, bp, tracks), a value for each base.

    Returns:
        Bases that have a value, rising; and their values.
    """
    order = np.argsort(begins, kind="stable")
    begins, middles = begins[order], middles[order]
    ends = begins + scores.shape[1]
    halves = (middles[:-1] + middles[1:]) // 2
    ends[:-1] = np.where(begins[1:] < ends[:-1], halves, ends[:-1])
    firsts = np.maximum(begins, np.concatenate([begins[:1], ends[:-1]]))
    spans = list(zip(order.tolist(), begins.tolist(), firsts.tolist(), ends.tolist(), strict=True))
    starts = [np.arange(first, end, dtype=np.int64) for _, _, first, end in spans]
    found = [scores[row, first - begin : end - begin] for row, begin, first, end in spans]
    return np.concatenate(starts), np.concatenate(found)
