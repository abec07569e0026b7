"""Exact windows: each is predicted as it is, wherever it begins; bins of several windows are averaged.

As maxATAC's `--windows` does. The bins of a window begin at its own start, not on the chromosome's grid; windows that
overlap must therefore begin a multiple of the bin size apart, so that a bin of one is a bin of the other.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np

from zoo.errors import InputError
from zoo.files import npz
from zoo.files.progress import Progress
from zoo.formats.content import Bins, Row
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge, touched, touches
from zoo.inputs.opening import Inputs
from zoo.predict import peaks
from zoo.predict.files import PredictionOutput
from zoo.predict.prediction import Kept, Prediction
from zoo.predict.table import Predictions, RegionScores
from zoo.predict.thresholds import Threshold
from zoo.spec import ModelSpec, OutputSpec


def exact(
    spec: ModelSpec, output: OutputSpec, genome, signal, windows, chromosomes, blacklist, compat, covariates=None
) -> Inputs:
    """The files of a prediction, with windows in the place of regions.

    Raises:
        InputError: a window of another length, named by its line; overlapping windows whose bins do not agree; or as
            for `Inputs.open`.
    """
    if not isinstance(windows, (str, Path)):
        windows = list(bed.intervals(windows, {}))
    _check_lengths(windows, spec.input.window)
    inputs = Inputs.open(spec, genome, signal, windows, chromosomes, blacklist, compat, covariates)
    if compat == "maxatac":
        unwanted = merge(inputs.blacklist)
        kept = [item for item in inputs.regions if not touches(unwanted, item.chrom, item.start, item.end)]
        inputs = replace(inputs, regions=kept, blacklist=[])
    if not inputs.regions:
        raise InputError("A window must be left to predict; the blacklist leaves none", received={"compat": compat})
    check_bins(inputs.regions, output)
    return inputs


def _check_lengths(windows: object, length: int) -> None:
    if isinstance(windows, Path) or (isinstance(windows, str) and bed.is_there(windows)):
        rows = ((item, where) for item, _, where in bed.rows(windows, quietly=True))
    else:
        rows = ((item, item) for item in bed.intervals(windows, {}))
    for item, where in rows:
        if len(item) != length:
            raise InputError(
                f"Exact windows must have the model's length, {length:,} bp",
                where=where,
                received={"window": str(item), "bp": len(item)},
                hint="Give other stretches as regions",
            )


def check_bins(windows: Sequence[Interval], output: OutputSpec) -> None:
    """Raise `InputError` for two windows that have bins in common, but not the same ones."""
    span, size = output.span, output.every
    ordered = sorted(windows)
    for before, after in pairwise(ordered):
        if before.chrom == after.chrom and after.start < before.start + span and (after.start - before.start) % size:
            raise InputError(
                f"Windows that overlap must begin a multiple of {size} bp apart, so that their bins can be averaged",
                received={"window": str(before), "and": str(after)},
                hint="Predict them in separate runs, or give them as regions",
            )


class WindowRun(Prediction):
    """A prediction of exact windows."""

    marks = MappingProxyType({"exact windows": True})

    def to_table(self) -> Predictions:
        """Each window's bins, averaged with those of others that it shares them with."""
        with self._bar(len(self._windows)) as bar:
            scores = np.concatenate([self._predict(some, bar) for some in self._parts(self.size)])
        return self._rows(scores)

    def _some(self, count: int) -> list[Interval]:
        return self._windows[:: max(len(self._windows) // count, 1)][:count]

    def _counts(self) -> dict[str, dict[str, int]]:
        chromosomes = sorted({item.chrom for item in self._windows}, key=names.natural)
        counts = {chrom: {"bp": self._inputs.genome.sizes[chrom], "windows": 0} for chrom in chromosomes}
        for item in self._windows:
            counts[item.chrom]["windows"] += 1
        return counts

    def _keep(self, output: PredictionOutput) -> Kept:
        parts, left = output.parts(len(self._windows), self.size)
        windows = sum(map(len, left))
        with self._bar(len(self._windows), len(self._windows) - windows) as bar:
            for items, path in left.items():
                npz.write(path, {"scores": self._predict(slice(items.start, items.stop), bar)})
        whole = output.part("scores.f32.tmp")  # on the disk: memory does not grow with the number of windows
        with open(whole, "wb") as file:
            for path in parts.values():
                shape = (scores := npz.read(path)["scores"]).shape[1:]
                file.write(scores.astype("<f4").tobytes())
        scores = np.memmap(whole, "<f4", "r").reshape(-1, *shape)
        return Kept(scores, windows, windows < len(self._windows))

    def _bins(self, kept: Kept) -> Bins:
        output, lengths = self._options.output, {chrom: count["bp"] for chrom, count in self._counts().items()}
        read = functools.partial(self._tracks, kept.scores)
        return Bins(lengths, output.bin_size, output.every, read, output.tracks, on_grid=False)

    def _called(self, kept: Kept, threshold: Threshold) -> Iterator[Row]:
        output = self._options.output
        overlap = output.bin_size - output.every
        for chrom, starts, means in self._tracks(kept.scores):
            means = self._options.selection.called_of(means)
            for peak in peaks.join(starts, means, threshold.score, output.every, overlap):
                yield chrom, *peak

    def _table(self, kept: Kept) -> Predictions:
        return self._rows(kept.scores)

    @property
    def _windows(self) -> list[Interval]:
        return self._inputs.regions

    @functools.cached_property
    def _unwanted(self) -> dict[str, np.ndarray]:
        """Spans of the blacklist by chromosome."""
        return merge(self._inputs.blacklist)

    def _predict(self, some: slice, bar: Progress) -> np.ndarray:
        """(n, bins) of some windows, or (n, bins, tracks), in the scale of the output."""
        found = []
        for first in range(some.start, some.stop, self._options.batch_size):
            items = self._windows[first : min(first + self._options.batch_size, some.stop)]
            reader, output = self._inputs.reader, self._options.output
            starts = [(item.chrom, item.start + output.offset) for item in items]
            places = ((chrom, start, start + output.span) for chrom, start in starts)
            found.append(self._forward.codes(*reader.batch(items), *reader.covariates_of(places, len(items))))
            bar.update(len(items))
        return self._scaled(np.concatenate(found))

    def _scaled(self, scores: np.ndarray) -> np.ndarray:
        return self._options.scaled(scores)

    def _tracks(self, scores: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Of each chromosome the bins: where they begin, rising; and their means, NaN on the blacklist."""
        output = self._options.output
        within = output.offset + np.arange(output.bins, dtype=np.int64) * output.every
        chroms = np.array([item.chrom for item in self._windows])
        begins = np.array([item.start for item in self._windows], np.int64)
        for chrom in sorted(set(chroms.tolist()), key=names.natural):
            mine = chroms == chrom
            starts, at, counts = np.unique(begins[mine][:, None] + within, return_inverse=True, return_counts=True)
            means = np.zeros((len(starts), *scores.shape[2:]))
            np.add.at(means, at.ravel(), scores[mine].reshape(-1, *scores.shape[2:]))
            means /= counts.reshape(-1, *[1] * (scores.ndim - 2))
            means[touched(self._unwanted.get(chrom, NONE), starts, starts + output.bin_size)] = np.nan
            yield chrom, starts, means.astype(np.float32)

    def _rows(self, scores: np.ndarray) -> Predictions:
        tracks = {chrom: (starts, means) for chrom, starts, means in self._tracks(scores)}
        output, rows = self._options.output, []
        for item in self._windows:
            starts = item.start + output.offset + np.arange(output.bins, dtype=np.int64) * output.every
            known, means = tracks[item.chrom]
            rows.append(RegionScores(item, starts, starts + output.bin_size, means[np.searchsorted(known, starts)]))
        return Predictions(rows, output.bin_size, output.tracks, output.every)

    def _parts(self, size: int) -> Iterator[slice]:
        return (slice(first, min(first + size, len(self._windows))) for first in range(0, len(self._windows), size))
