"""What one pass writes: sites and tracks of each model and sample, matrices, a summary."""

import contextlib
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.console.table import table
from zoo.files import npz
from zoo.files.job import Job
from zoo.formats import bed
from zoo.formats.content import BedStyle, Bins, Piece, plain_names
from zoo.formats.formats import BINS, FORMATS, MATRIX, Format
from zoo.many.filling import Filling
from zoo.many.finished import KIND
from zoo.many.groups import Group
from zoo.many.matrix import Matrix
from zoo.many.models import short
from zoo.many.pieces import Reduced, called_of
from zoo.many.samples import design_of
from zoo.many.unit import Unit
from zoo.many.units import column_of
from zoo.many.work import Work
from zoo.predict.peaks import Caller
from zoo.predict.thresholds import Threshold

SUMMARY = ".summary.tsv"
_OPEN = 256  # BED files at once


@dataclass(frozen=True)
class Sites:
    """The sites of a model in a sample: a row of the summary.

    Attributes:
        sample: its name.
        model: or column of one.
        factor: that it predicts, or what else.
        threshold: as it was named.
        score: of the threshold.
        sites: how many intervals.
        bases: bp in them.
        precision: that the model's table promises at the threshold, or None.
        recall: the same.
    """

    sample: str
    model: str
    factor: str
    threshold: str | None
    score: float | None
    sites: int | None
    bases: int | None
    precision: float | None
    recall: float | None


class ManyOutput(Job):
    """The place of the files of one pass.

    `<base>.summary.tsv` and `<base>.json`; `<base>.<sample>.<model>.bed` and `.bw`; `<base>.matrix.tsv` and others.
    Names of files have a model's family only if two models are alike without it, and no sample where DNA alone is read.

    Args:
        base: path without extension.
        work: what is predicted.
        formats: to write.
    """

    def __init__(self, base: object, work: Work, formats: Sequence[Format]) -> None:
        self._work, self.formats = work, tuple(formats)
        self._each = [format for format in formats if format.holds != MATRIX]
        self._labels = _labels(work)
        super().__init__(KIND, base, [SUMMARY, *self.suffixes], work.reads)

    @property
    def suffixes(self) -> list[str]:
        """Of all files but the summary."""
        each = [self.suffix(key, format) for key in self._labels for format in self._each if self._has(key, format)]
        return [*(format.suffix for format in self.formats if format.holds == MATRIX), *each]

    def whole(self, parts_of: Mapping[str, object]) -> dict[str, object]:
        """All that the files depend on, by all that units depend on."""
        return {
            **parts_of,
            "formats": [format.name for format in self.formats],
            "columns": [name for _, _, name in self._work.columns],
            "design": design_of(self._work.request.samples),
        }

    def suffix(self, key: tuple[int, int, int], format: Format) -> str:
        """Of the file of a column (number of group, sample and column)."""
        return f".{self._labels[key]}{format.suffix}"

    def _has(self, key: tuple[int, int, int], format: Format) -> bool:
        return format.holds == BINS or self._work.groups[key[0]].thresholds[key[2]] is not None

    def write(self, paths: Mapping[str, Path]) -> tuple[list[Sites], Matrix | None]:
        """Write all files to temporary paths, by suffix."""
        work, rows = self._work, []
        filling = None if work.regions is None else Filling(work)
        for g, group in enumerate(work.groups):
            for s in range(len(work.samples[g])):
                found = Collected(work, g, s, self.part)
                beds = {c: paths.get(self._bed(g, s, c)) for c in range(len(group.columns))}
                rows += found.sites(beds)
                if filling is not None:
                    filling.put(g, s, found.reduced)
                self._tracks(found, g, s, paths)
        matrix = None if filling is None else filling.matrix()
        for format in self.formats:
            if format.holds == MATRIX:
                format.write(paths[format.suffix], matrix)
        order = {name: number for number, (_, _, name) in enumerate(work.columns)}
        rows.sort(key=lambda row: order[row.model])
        with open(paths[SUMMARY], "w", newline="", encoding="utf-8") as handle:
            write_summary(handle, rows)
        return rows, matrix

    def _bed(self, g: int, s: int, c: int) -> str:
        return self.suffix((g, s, c), FORMATS["bed"])

    def _tracks(self, found: "Collected", g: int, s: int, paths: Mapping[str, Path]) -> None:
        for format in self._each:
            if format.holds == BINS:
                for c in range(len(self._work.groups[g].columns)):
                    format.write(paths[self.suffix((g, s, c), format)], found.bins(c))


def _labels(work: Work) -> dict[tuple[int, int, int], str]:
    """(Number of group, sample, column) → what names of files have: `sample.model`."""
    models = short([name for _, _, name in work.columns])
    labels = {}
    for (g, c, _), model in zip(work.columns, models, strict=True):
        for s, sample in enumerate(work.samples[g]):
            labels[g, s, c] = ".".join(filter(None, (sample.name, model)))
    return dict(zip(labels, plain_names(labels.values()), strict=True))


class Collected:
    """The units of a group on a sample, read one after the other.

    Args:
        work: the pass.
        g: number of the group.
        s: number of the sample.
        part: name of a unit's file → its path.

    Attributes:
        reduced: reductions of regions, once `sites` has gone through; None without regions.
    """

    def __init__(self, work: Work, g: int, s: int, part) -> None:
        self._work, self._g, self._s = work, g, s
        self._paths = [part(Unit(g, k, s).name) for k in range(len(work.pieces[g]))]
        regions, columns = work.region_bins[g], len(self._group.columns)
        self.reduced = None if regions is None else Reduced.none(regions.count, columns, work.request.reduce)

    @property
    def _group(self) -> Group:
        return self._work.groups[self._g]

    @property
    def _lengths(self) -> dict[str, int]:
        return self._work.inputs[self._g, self._s].lengths

    def sites(self, beds: Mapping[int, Path | None]) -> list[Sites]:
        """Go through the units: call sites, write those of columns with a path, add up the regions."""
        columns, rows = range(len(self._group.columns)), []
        for first in range(0, len(columns), _OPEN):
            some = columns[first : first + _OPEN]
            rows += self._sites({column: beds.get(column) for column in some}, reduce=first == 0)
        return rows

    def _sites(self, beds: Mapping[int, Path | None], reduce: bool) -> list[Sites]:
        group, grid, lengths = self._group, self._group.grid, self._lengths
        chromosomes, sample = self._work.chromosomes, self._work.samples[self._g][self._s].name
        with contextlib.ExitStack() as stack:
            callers = {}
            for column, path in beds.items():
                if (threshold := group.thresholds[column]) is not None:
                    handle = None if path is None else stack.enter_context(open(path, "w", encoding="utf-8"))
                    callers[column] = _Sites(threshold, handle, group.styles[column], grid.bin_size, grid.overlap)
            for path in self._paths:
                unit = npz.read(path)
                if reduce and self.reduced is not None:
                    self.reduced.add(unit)
                for column, caller in callers.items():
                    for number, first, scores in called_of(unit, column):
                        chrom = chromosomes[number]
                        caller.add(chrom, lengths[chrom], first, scores)
            return [
                _row((sample, group.columns[column], group.factors[column]), callers.get(column)) for column in beds
            ]

    def bins(self, column: int) -> Bins:
        """All scores of a column."""
        grid, chromosomes = self._group.grid, self._work.chromosomes

        def pieces() -> Iterator[Piece]:
            for path in self._paths:
                where = npz.read(path)["where"]
                scores, end = column_of(path, column, int(where[:, 2].sum())), 0
                for chrom, first, count in where.tolist():
                    starts = (first + np.arange(count, dtype=np.int64)) * grid.bin_size
                    end += count
                    yield chromosomes[chrom], starts, scores[end - count : end]

        return Bins(self._lengths, grid.bin_size + grid.overlap, grid.bin_size, pieces)


class _Sites:
    """Sites of a column: counted, and written if there is a file."""

    def __init__(
        self, threshold: Threshold, handle: TextIO | None, style: BedStyle, bin_size: int, overlap: int
    ) -> None:
        self.threshold, self._handle, self._style, self._sizes = threshold, handle, style, (bin_size, overlap)
        self.count = self.bases = 0
        self._chrom, self._caller = "", None

    def add(self, chrom: str, length: int, first: int, scores: np.ndarray) -> None:
        """Take called bins, in order."""
        if chrom != self._chrom:
            self.finish()
            bin_size, overlap = self._sizes
            self._chrom, self._caller = chrom, Caller(self.threshold.score, bin_size, length, overlap)
        self._put(self._caller.add(first, scores))

    def finish(self) -> "_Sites":
        """Take no more of this chromosome."""
        if self._caller is not None:
            self._put(self._caller.finish())
        return self

    def _put(self, sites: Iterator[tuple[int, int, float]]) -> None:
        for start, end, score in sites:
            self.count, self.bases = self.count + 1, self.bases + end - start
            if self._handle is not None:
                self._handle.write(bed.line((self._chrom, start, end, score), self.count, self._style))


def _row(of: tuple[str, str, str], found: _Sites | None) -> Sites:
    if found is None:
        return Sites(*of, None, None, None, None, None, None)
    cut, found = found.threshold, found.finish()
    return Sites(*of, cut.asked, cut.score, found.count, found.bases, cut.precision, cut.recall)


def write_summary(handle: TextIO, rows: Sequence[Sites]) -> None:
    """Write the summary as tab-separated text, empty where there is nothing to say."""
    writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
    writer.writerow(Sites.__dataclass_fields__)
    for row in rows:
        writer.writerow(["" if value is None else value for value in asdict(row).values()])


def sites_table(rows: Sequence[Sites]) -> str:
    """The summary for a terminal: a line for each model that has a threshold, with its sites in each sample."""
    lines: dict[str, dict[str, object]] = {}
    names = list(dict.fromkeys(row.model for row in rows if row.sites is not None))
    shown = dict(zip(names, short(names), strict=True))
    for row in (row for row in rows if row.sites is not None):
        line = lines.setdefault(shown[row.model], {"threshold": row.score, "precision": row.precision})
        line[row.sample or "sites"] = row.sites
    return "\n".join(["Sites at each model's threshold", table(lines, of_names=True)])
