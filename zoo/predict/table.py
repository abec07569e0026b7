"""Predictions for regions: which bins each one has, and their scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TextIO

import numpy as np

from zoo.errors import InputError, MissingExtra
from zoo.formats import tsv
from zoo.genome.interval import Interval
from zoo.genome.spans import merge, near
from zoo.spec import OutputSpec

_SHOWN = 10
_BLOCK = 1 << 16  # rows


@dataclass(frozen=True)
class RegionScores:
    """The bins that overlap one region.

    Attributes:
        interval: the region.
        starts: (bins,) int64, where each bin begins on the chromosome.
        ends: (bins,) int64, where it ends.
        scores: (bins,) float32, or (bins, tracks); NaN where nothing was predicted (blacklist).
    """

    interval: Interval
    starts: np.ndarray
    ends: np.ndarray
    scores: np.ndarray

    @property
    def max(self) -> float:
        """The highest score of all bins and tracks, NaN if there is none."""
        return float(np.fmax.reduce(self.scores, axis=None))


class Predictions(Sequence):
    """A table of regions × bins. Each item is a `RegionScores`, in the order in which the regions were given.

    A bin has the score that it has in a prediction of the whole genome: bins lie on the chromosome's grid, so the
    first and the last bin of a region may reach past its ends.
    """

    def __init__(self, rows: list[RegionScores], bin_size: int, tracks: tuple[str, ...] = ()) -> None:
        self._rows, self.bin_size, self.tracks = rows, bin_size, tracks

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Predictions":
        """The same regions with a function of their scores, which keeps the shape of an array."""
        rows = [replace(row, scores=function(row.scores)) for row in self._rows]
        return Predictions(rows, self.bin_size, self.tracks)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        return (
            Predictions(self._rows[index], self.bin_size, self.tracks)
            if isinstance(index, slice)
            else self._rows[index]
        )

    @property
    def intervals(self) -> list[Interval]:
        """The regions."""
        return [row.interval for row in self._rows]

    @property
    def max(self) -> np.ndarray:
        """(regions,) float32, the highest score of each region."""
        return np.array([row.max for row in self._rows], np.float32)

    def matrix(self) -> np.ndarray:
        """(regions, bins) float32, or (regions, bins, tracks).

        Raises `InputError` unless all regions have the same number of bins.
        """
        counts = {len(row.scores) for row in self._rows}
        if len(counts) != 1:
            raise InputError(
                "Regions of a matrix must have one number of bins: as long as one another and alike on the grid of "
                f"{self.bin_size} bp",
                received={"bins": sorted(counts)},
            )
        return np.stack([row.scores for row in self._rows])

    def to_frame(self):
        """One row per region and bin: region, name, chrom, start, end, score (of several tracks one each).

        A pandas data frame.

        Raises `MissingExtra` if pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtra("The package pandas must be installed for a data frame", extra="pandas") from None
        return pandas.DataFrame(self._block(self._rows))

    def write_tsv(self, handle: TextIO) -> None:
        """Write the same rows as `to_frame` as tab-separated text with a header."""
        tsv.write_rows(handle, self)

    @property
    def columns(self) -> dict[str, type]:
        """Column of `to_frame` → its type."""
        scores = [f"score_{track}" for track in self.tracks] or ["score"]
        texts, places = ("region", "name", "chrom"), ("start", "end")
        return {**dict.fromkeys(texts, str), **dict.fromkeys(places, np.int64), **dict.fromkeys(scores, np.float32)}

    def blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """The same rows, some at a time: of regions, or of a part of a long one."""
        held, rows = [], 0
        for row in self._rows:
            for first in range(0, len(row.scores), _BLOCK):
                part = slice(first, first + _BLOCK)
                held.append(RegionScores(row.interval, row.starts[part], row.ends[part], row.scores[part]))
                rows += len(held[-1].scores)
                if rows >= _BLOCK:
                    yield self._block(held)
                    held, rows = [], 0
        if held:
            yield self._block(held)

    def _block(self, regions: Sequence[RegionScores]) -> dict[str, np.ndarray]:
        counts = [len(row.scores) for row in regions]
        texts = ([said(row.interval) for row in regions] for said in (str, attrgetter("name"), attrgetter("chrom")))
        places = ([getattr(row, field) for row in regions] for field in ("starts", "ends"))
        scores = np.concatenate([row.scores for row in regions])
        values = [np.repeat(text, counts) for text in texts] + [np.concatenate(place) for place in places]
        return dict(zip(self.columns, [*values, *scores.reshape(len(scores), -1).T], strict=True))

    def __str__(self) -> str:
        lines = [f"{'region':<32} {'bins':>5} {'max':>6}  at"]
        for row in self._rows[:_SHOWN]:
            if np.isnan(row.max):
                lines.append(f"{row.interval!s:<32} {len(row.scores):>5} {'-':>6}  no prediction")
                continue
            at = int(np.nanargmax(row.scores)) // max(len(self.tracks), 1)
            best = Interval(row.interval.chrom, int(row.starts[at]), int(row.ends[at]))
            lines.append(f"{row.interval!s:<32} {len(row.scores):>5} {row.max:>6.3f}  {best}")
        if len(self._rows) > _SHOWN:
            lines.append(f"… and {len(self._rows) - _SHOWN} more regions")
        return "\n".join(lines)

    __repr__ = __str__


class RegionCollector:
    """Keeps the scores of the bins that overlap some regions while a prediction runs over whole chromosomes."""

    def __init__(self, regions: list[Interval], lengths: dict[str, int], output: OutputSpec) -> None:
        self._regions, self._lengths, self._bin, self._width = regions, lengths, output.every, output.bin_size
        self._tracks = output.tracks if len(output.shape) > 1 else ()
        on_grid = [self._snap(region) for region in regions]
        self._spans = merge(on_grid)
        self._offsets = {chrom: np.cumsum(spans[:, 1] - spans[:, 0]) for chrom, spans in self._spans.items()}
        shapes = {chrom: (ends[-1], *output.shape[1:]) for chrom, ends in self._offsets.items()}
        self._scores = {chrom: np.full(shape, np.nan, np.float32) for chrom, shape in shapes.items()}

    def _snap(self, region: Interval) -> Interval:
        """The region in bins."""
        first = max((region.start - self._width + self._bin) // self._bin, 0)
        return Interval(region.chrom, first, -(-region.end // self._bin))

    def add(self, chrom: str, first: int, scores: np.ndarray) -> None:
        """Take a piece of scores that begins at bin `first`."""
        spans = self._spans[chrom]
        here = near(spans, first, first + len(scores))
        for (left, right), end in zip(spans[here], self._offsets[chrom][here], strict=True):
            low, high = max(left, first), min(right, first + len(scores))
            if low < high:
                self._scores[chrom][end - (right - low) : end - (right - high)] = scores[low - first : high - first]

    def table(self) -> Predictions:
        """The scores of every region."""
        return Predictions(list(self._rows()), self._width, self._tracks)

    def _rows(self) -> Iterator[RegionScores]:
        for region in self._regions:
            bins, spans = self._snap(region), self._spans[region.chrom]
            at = int(np.searchsorted(spans[:, 0], bins.start, side="right")) - 1
            first = int(self._offsets[region.chrom][at]) - int(spans[at, 1]) + bins.start
            starts = np.arange(bins.start, bins.end, dtype=np.int64) * self._bin
            ends = np.minimum(starts + self._width, self._lengths[region.chrom])
            yield RegionScores(region, starts, ends, self._scores[region.chrom][first : first + len(bins)])
