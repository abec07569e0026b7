"""Predictions for regions: which bins each one has, and their scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, TextIO

import numpy as np

from zoo.arguments import whole
from zoo.errors import InputError
from zoo.extras import extra
from zoo.formats import tsv
from zoo.genome.interval import FURTHEST, Interval
from zoo.genome.spans import merge, near
from zoo.notebook.pictures import drawn
from zoo.notebook.tables import table, titled
from zoo.predict.conversion import Aligned, aligned, to_anndata, to_xarray
from zoo.predict.rows import RegionScores
from zoo.spec import OutputSpec

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray
    from matplotlib.figure import Figure

_SHOWN = 10
_BLOCK = 1 << 16  # rows


class Predictions(Sequence):
    """A table of regions × bins. Each item is a `RegionScores`, in the order in which the regions were given.

    A bin has the score that it has in a prediction of the whole genome: bins lie on the chromosome's grid, so the
    first and the last bin of a region may reach past its ends.

    Args:
        rows: of the regions.
        bin_size: bp.
        tracks: names of the tracks of a bin; empty if there is one without a name.
        step: bp from the beginning of a bin to that of the next; None for `bin_size`.
    """

    def __init__(
        self, rows: list[RegionScores], bin_size: int, tracks: tuple[str, ...] = (), step: int | None = None
    ) -> None:
        self._rows, self.bin_size, self.tracks = rows, bin_size, tracks
        self.step = bin_size if step is None else step

    def _with(self, rows: list[RegionScores]) -> "Predictions":
        return Predictions(rows, self.bin_size, self.tracks, self.step)

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Predictions":
        """The same regions with a function of their scores, which keeps the shape of an array."""
        return self._with([replace(row, scores=function(row.scores)) for row in self._rows])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        return self._with(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    @property
    def intervals(self) -> list[Interval]:
        """The regions."""
        return [row.interval for row in self._rows]

    @property
    def max(self) -> np.ndarray:
        """(regions,) float32, the highest score of each region."""
        return np.array([row.max for row in self._rows], np.float32)

    def matrix(self, width: int | None = None) -> np.ndarray:
        """(regions, bins) float32, or (regions, bins, tracks); NaN where nothing was predicted.

        Regions of one length may differ by one bin, as bins lie on the chromosome's grid. With a width each row has as
        many bins: those around the middle of its region (of `centers` the summit), at most half a bin off.

        Args:
            width: bp, a multiple of the bin size (or of the distance of bins that overlap); default all bins. Only
                bins that were predicted have a score: a width beyond all regions is warned about.

        Raises:
            InputError: another width, or without one regions of different numbers of bins.

        >>> starts = np.array([320, 352, 384])
        >>> row = RegionScores(Interval("chr1", 320, 416), starts, starts + 32, np.array([0.1, 0.9, 0.2], np.float32))
        >>> Predictions([row], 32).matrix(width=32)
        array([[0.9]], dtype=float32)
        """
        if width is not None:
            return self.aligned(width).scores
        counts = {len(row.scores) for row in self._rows}
        if len(counts) != 1:
            raise InputError(
                "Regions of a matrix must have one number of bins: as long as one another and alike on the grid of "
                f"{self.bin_size} bp",
                received={"bins": sorted(counts)},
                hint=f"Call matrix(width={min(counts, default=1) * self.step}) for bins around the middle of each",
            )
        return np.stack([row.scores for row in self._rows])

    def aligned(self, width: int) -> Aligned:
        """Scores and starts of the bins of `matrix(width)`. Errors as there."""
        if whole("width", width, 1, FURTHEST) % self.step:
            raise InputError(
                f"The width must be a multiple of {self.step} bp, the distance of bins",
                example=f"width={-(-width // self.step) * self.step}",
                received={"width": width},
            )
        return aligned(self._rows, width, self.bin_size, self.step, len(self.tracks))

    def to_frame(self) -> "pandas.DataFrame":
        """One row per region and bin: region, name, chrom, start, end, score (of several tracks one each).

        Raises `MissingExtra` if pandas is not installed.
        """
        return extra("pandas", "a data frame").DataFrame(self._block(self._rows))

    def to_anndata(self, reduce: str = "max", width: int | None = None) -> "anndata.AnnData":
        """Regions × tracks: an observation for each region, with its place, a variable for each track.

        Args:
            reduce: what of a region's bins is in `X`: "max", "mean" or "sum"; NaN where nothing was predicted.
            width: with `matrix(width)` in `obsm["bins"]`.

        Raises:
            MissingExtra: anndata is not installed.
            InputError: another reduction, or as for `matrix`.
        """
        bins = None if width is None else self.matrix(width)
        return to_anndata(self._rows, self.tracks, reduce, bins, {"bin_size": self.bin_size, "step": self.step})

    def to_xarray(self, width: int | None = None) -> "xarray.DataArray":
        """`matrix(width)` with dimensions region, bin (and track), the places of regions, and where each bin begins.

        The coordinate of a bin is its number, or with a width the bp from the middle of the region to its own.

        Raises `MissingExtra` if xarray is not installed; else as `matrix`.
        """
        if width is None:
            bins = Aligned(self.matrix(), np.stack([row.starts for row in self._rows]))
        else:
            bins = self.aligned(width)
        return to_xarray(self._rows, self.tracks, bins, width, {"bin_size": self.bin_size, "step": self.step})

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

    def plot(self, region: int | str | Interval = 0, *tracks: object, **options: object) -> "Figure":
        """A region with its predictions, as `locus` of `zoo.plot` draws it.

        Args:
            region: the number of one of these regions, its name, or any region (1-based text, or an interval).
            *tracks: bigWigs and others that are drawn above, as for `locus`.
            **options: as for `locus`, such as genes, peaks or threshold.

        Raises `InputError` for a number or a name that none has, and as `locus`.
        """
        return drawn("predictions", self, region, *tracks, **options)

    def _repr_html_(self) -> str:
        names = f", {len(self.tracks):,} tracks" if self.tracks else ""
        title = f"Predictions of {len(self):,} regions in bins of {self.bin_size} bp{names}"
        rows = ([row.interval, row.interval.name, len(row.scores), row.max, self._best(row)] for row in self._rows)
        return titled(title, table(["region", "name", "bins", "highest score", "at"], rows, count=len(self)))

    def _best(self, row: RegionScores) -> Interval | None:
        """The bin of the highest score, None without a prediction."""
        if np.isnan(row.max):
            return None
        at = int(np.nanargmax(row.scores)) // max(len(self.tracks), 1)
        return Interval(row.interval.chrom, int(row.starts[at]), int(row.ends[at]))

    def __str__(self) -> str:
        lines = [f"{'region':<32} {'bins':>5} {'max':>6}  at"]
        for row in self._rows[:_SHOWN]:
            best = self._best(row)
            score, at = ("-", "no prediction") if best is None else (f"{row.max:.3f}", best)
            lines.append(f"{row.interval!s:<32} {len(row.scores):>5} {score:>6}  {at}")
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
        return Predictions(list(self._rows()), self._width, self._tracks, self._bin)

    def _rows(self) -> Iterator[RegionScores]:
        for region in self._regions:
            bins, spans = self._snap(region), self._spans[region.chrom]
            at = int(np.searchsorted(spans[:, 0], bins.start, side="right")) - 1
            first = int(self._offsets[region.chrom][at]) - int(spans[at, 1]) + bins.start
            starts = np.arange(bins.start, bins.end, dtype=np.int64) * self._bin
            ends = np.minimum(starts + self._width, self._lengths[region.chrom])
            yield RegionScores(region, starts, ends, self._scores[region.chrom][first : first + len(bins)])
