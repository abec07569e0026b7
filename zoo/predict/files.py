"""Predictions as files: by default a bigWig, a BED of what is above the threshold, a JSON of how; of regions a table.

Scores are kept, as one float32 per bin, one chromosome after the other in one file, until all are there. The same
call, made again after an interruption, goes on with the next piece. Another call (other inputs, other parameters)
starts anew.
"""

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.files.job import Job
from zoo.formats.content import Piece, pieces_of, plain_names
from zoo.formats.formats import BINS, FORMATS, INTERVALS, TABLE, TOTALS, Format, named
from zoo.genome.interval import Interval
from zoo.notebook.pictures import drawn
from zoo.notebook.tables import facts, table, titled
from zoo.predict.plan import ChromosomePlan
from zoo.predict.thresholds import Threshold

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Predicted = Iterable[tuple[ChromosomePlan, int, np.ndarray]]
_NEEDED = {  # what formats hold → what there must be for it
    INTERVALS: "a threshold",
    TABLE: "regions or windows",
    TOTALS: "centers, and a model with a head of total counts",
}


@dataclass(frozen=True)
class PredictionFiles:
    """What a prediction wrote.

    Attributes:
        bigwig: one value per bin; of several tracks that of the first; None if others were asked for.
        bigwigs: track → its bigWig, if several are predicted; else empty.
        bed: intervals at or above the threshold, or None without a threshold.
        table: the bins of every region, or None without regions.
        counts: the total counts of every region, or None unless windows around regions are predicted.
        written: format → its files, of all formats.
        sidecar: how the files came about.
        threshold: the score of the BED and what the model's table promises for it.
        intervals: lines of the BED.
        windows: windows that were predicted in this call; 0 if an earlier one had made these files.
        resumed: chromosomes of which an earlier, interrupted call had finished at least a piece.
    """

    bigwig: Path | None
    bigwigs: Mapping[str, Path]
    bed: Path | None
    table: Path | None
    counts: Path | None
    written: Mapping[str, Sequence[Path]]
    sidecar: Path
    threshold: Threshold | None
    intervals: int
    windows: int
    resumed: int

    def __str__(self) -> str:
        lines = []
        for name, paths in self.written.items():
            called = f"  {self.intervals:,} intervals, {self.threshold}" if FORMATS[name].holds == INTERVALS else ""
            lines += [f"{path}{called}" for path in paths]
        return "\n".join([*lines, f"{self.sidecar}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [[name, path, path.stat().st_size if path.is_file() else None] for name, path in self._named()]
        known = {"threshold": self.threshold, "intervals": None if self.bed is None else self.intervals}
        return titled("Files of a prediction", facts(known), table(["format", "file", "bytes"], rows))

    def _named(self) -> list[tuple[str, Path]]:
        return [(name, path) for name, paths in self.written.items() for path in paths] + [("sidecar", self.sidecar)]

    def plot(self, region: str | Interval, *tracks: object, **options: object) -> "Figure":
        """A region of these bigWigs, with the threshold, as `locus` of `zoo.plot` draws it.

        Args:
            region: 1-based text such as "chr20:10,395,001-10,396,000", an interval, or with `genes` a gene.
            *tracks: bigWigs and others that are drawn above, as for `locus`.
            **options: as for `locus`, such as genes, peaks or variants.

        Raises `InputError` without a bigWig, and as `locus`.
        """
        return drawn("files", self, region, *tracks, **options)


def formats_of(write: object) -> tuple[Format, ...] | None:
    """The formats that a user names, see `zoo.formats.formats.named`; None for the default ones."""
    return None if write is None else named(write, (BINS, INTERVALS, TABLE, TOTALS))


class PredictionOutput(Job):
    """The place of a prediction's files: `<base>.bw`, `.bed`, `.tsv`, `.json`, or of other formats.

    Args:
        base: path without extension.
        reads: everything that is read.
        tracks: names, if several are predicted: then `<base>.<track>.bw` each.
        formats: of the files; by default a bigWig, with a threshold a BED, with regions a table, around regions total
            counts.
    """

    def __init__(
        self,
        base: str | Path,
        reads: Iterable[object] = (),
        tracks: Sequence[str] = (),
        formats: Sequence[Format] | None = None,
    ) -> None:
        self._tracks, self._formats = dict(zip(tracks, plain_names(tracks), strict=True)), formats
        usual = [FORMATS[name] for name in ("bigwig", "bed", "table", "counts")]
        suffixes = [suffix for format in (*usual, *(formats or ())) for suffix in self.suffixes(format)]
        super().__init__("prediction", base, list(dict.fromkeys([".bw", *suffixes])), reads)

    def suffixes(self, format: Format) -> list[str]:
        """Of the files of a format, in the order of the tracks if each has its own."""
        each = self._tracks.values() if format.each_track else ()
        return [f".{name}{format.suffix}" for name in each] or [format.suffix]

    def formats(self, there: Mapping[str, bool], default: Sequence[str]) -> tuple[tuple[Format, ...], dict]:
        """The formats of a prediction; and what of its identity is of them.

        Args:
            there: what formats hold → whether the prediction has it.
            default: names of the formats if none are named, as far as there is content for them.

        Raises:
            InputError: a format that holds what this prediction does not have; `MissingExtra` for a package that is
                not installed.
        """
        usual = tuple(format for name in default if there[(format := FORMATS[name]).holds])
        formats = usual if self._formats is None else tuple(self._formats)
        for format in formats:
            if not there[format.holds]:
                raise InputError(
                    f"The format {format.name} must go with {_NEEDED[format.holds]}", received={"write": format.name}
                )
            format.check_installed()
        return formats, {} if formats == usual else {"formats": [format.name for format in formats]}

    def found(
        self, formats: Sequence[Format], threshold: Threshold | None, intervals: int, windows: int, resumed: int
    ) -> PredictionFiles:
        """What is at the final places, as a prediction returns it."""
        written = {format.name: [self.finals[suffix] for suffix in self.suffixes(format)] for format in formats}
        first = {name: paths[0] for name, paths in written.items()}
        return PredictionFiles(
            bigwig=first.get("bigwig"),
            bigwigs=dict(zip(self._tracks, written.get("bigwig", ()), strict=False)),  # of tracks with names
            bed=first.get("bed"),
            table=first.get("table"),
            counts=first.get("counts"),
            written=written,
            sidecar=self.sidecar,
            threshold=threshold,
            intervals=intervals,
            windows=windows,
            resumed=resumed,
        )


class ScoreFile:
    """A file of the scores of finished pieces, side by side.

    Args:
        path: the file.
        plans: of all chromosomes, in order.
        shape: of the scores of a bin: (), or (tracks,).
    """

    def __init__(self, path: Path, plans: Sequence[ChromosomePlan], shape: tuple[int, ...]) -> None:
        self._path, self._plans, self._shape = path, plans, shape
        self._each = 4 * int(np.prod(shape))  # bytes of a bin
        ends = np.cumsum([plan.bins for plan in plans]).tolist()
        self._offsets = dict(zip((plan.chrom for plan in plans), [0, *ends], strict=False))

    def holds(self, group: Sequence[ChromosomePlan]) -> bool:
        """Whether an earlier run finished a group of pieces."""
        kept = self._path.stat().st_size // self._each if self._path.is_file() else 0
        return self._offsets[group[-1].chrom] + group[-1].bounds[1] <= kept

    def keep(self, group: Sequence[ChromosomePlan], predicted: Predicted) -> None:
        """Keep the scores of a group of pieces, which lie side by side, as soon as all are there."""
        bounds = [[self._offsets[piece.chrom] + bin_ for bin_ in piece.bounds] for piece in group]
        low, high = bounds[0][0], bounds[-1][1]
        scores = np.full((high - low, *self._shape), np.nan, "<f4")
        for plan, first, part in predicted:
            start = self._offsets[plan.chrom] + first - low
            scores[start : start + len(part)] = part
        with open(self._path, "ab") as file:
            file.truncate(self._each * low)  # the rest of a group whose writing was interrupted
            file.write(scores.tobytes())
            file.flush()
            os.fsync(file.fileno())

    def pieces(self) -> Iterator[Piece]:
        """All of them, see `zoo.formats.content.Bins`."""
        for plan in self._plans:
            yield from pieces_of(plan.chrom, self.of(plan), plan.bin_size)

    def of(self, plan: ChromosomePlan) -> np.ndarray:
        """(bins,) or (bins, tracks) of a chromosome."""
        first = self._offsets[plan.chrom]
        return self._all[first : first + plan.bins]

    @functools.cached_property
    def _all(self) -> np.ndarray:
        return np.memmap(self._path, "<f4", "r").reshape(-1, *self._shape)
