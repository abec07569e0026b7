"""What is kept of a finished unit: called bins, reductions of regions and, if they are written, all scores.

A unit is a piece of the work of a group of models on a sample. Its file has numbers only, and depends on what was
predicted alone: whoever computes it writes the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.genome.interval import Interval
from zoo.genome.spans import by_chromosome
from zoo.predict.plan import ChromosomePlan, Grid

REDUCTIONS = ("max", "mean", "sum")
Stretch = tuple[str, int, np.ndarray]  # chromosome, first bin, (bins, columns)


def stretches(rows: Iterable[tuple[ChromosomePlan, int, np.ndarray]]) -> list[Stretch]:
    """Predicted rows, joined where they lie side by side."""
    found: list[tuple[str, int, list[np.ndarray]]] = []
    end = None
    for plan, first, scores in rows:
        if found and (plan.chrom, first) == (found[-1][0], end):
            found[-1][2].append(scores)
        elif len(scores):
            found.append((plan.chrom, first, [scores]))
        end = first + len(scores)
    return [(chrom, first, np.concatenate(parts)) for chrom, first, parts in found]


@dataclass(frozen=True, eq=False)
class RegionBins:
    """The bins of regions, and what of them a unit has.

    Attributes:
        spans: chromosome → (regions, 2) int64, the bins that overlap each.
        places: chromosome → (regions,) int64, their numbers in the order given.
        count: of all regions.
    """

    spans: Mapping[str, np.ndarray]
    places: Mapping[str, np.ndarray]
    count: int

    @classmethod
    def of(cls, regions: Sequence[Interval], grid: Grid) -> "RegionBins":
        """Regions on a grid: bins that overlap a region are its own, as in a table of `Model.predict`."""
        spans, places = {}, {}
        for chrom, items in by_chromosome(_Placed(*each) for each in enumerate(regions)).items():
            bounds = np.array([(item.region.start, item.region.end) for item in items], np.int64)
            first = np.maximum((bounds[:, 0] - grid.overlap) // grid.bin_size, 0)
            spans[chrom] = np.stack([first, -(-bounds[:, 1] // grid.bin_size)], axis=1)
            places[chrom] = np.array([item.number for item in items], np.int64)
        return cls(spans, places, len(regions))

    def reduce(self, found: Sequence[Stretch], columns: int) -> dict[str, np.ndarray]:
        """Arrays of the regions that stretches have bins of: their numbers, the highest score, the sum and the count
        of bins with a score. (regions,) int64, (regions, columns) float32 and float64, (regions,) int64."""
        rows: dict[int, list] = {}
        for chrom, first, scores in found:
            spans, stop = self.spans.get(chrom, np.empty((0, 2), np.int64)), first + len(scores)
            for i in np.flatnonzero((spans[:, 0] < stop) & (spans[:, 1] > first)).tolist():
                low, high = max(int(spans[i, 0]), first) - first, min(int(spans[i, 1]), stop) - first
                some = scores[low:high]
                some = some[~np.isnan(some[:, 0])]
                if not len(some):
                    continue
                row = rows.setdefault(int(self.places[chrom][i]), [_lowest(columns), np.zeros(columns), 0])
                row[0] = np.maximum(row[0], some.max(axis=0))
                row[1] = row[1] + some.sum(axis=0, dtype=np.float64)
                row[2] += len(some)
        return {
            "regions": np.array(list(rows), np.int64),
            "highest": np.array([row[0] for row in rows.values()], np.float32).reshape(-1, columns),
            "sums": np.array([row[1] for row in rows.values()], np.float64).reshape(-1, columns),
            "counts": np.array([row[2] for row in rows.values()], np.int64),
        }


@dataclass(frozen=True)
class _Placed:
    """A region and its number; it lies on the chromosome of the region."""

    number: int
    region: Interval

    @property
    def chrom(self) -> str:
        return self.region.chrom


def _lowest(columns: int) -> np.ndarray:
    return np.full(columns, -np.inf, np.float32)


@dataclass(frozen=True, eq=False)
class Reduced:
    """Reductions of regions, put together from units: of those that are asked for.

    Attributes:
        highest: (regions, columns) float32, -inf where no bin has a score; None if it is not needed.
        sums: (regions, columns) float64, or None.
        counts: (regions,) int64, of bins with a score.
    """

    highest: np.ndarray | None
    sums: np.ndarray | None
    counts: np.ndarray

    @classmethod
    def none(cls, regions: int, columns: int, reduce: Sequence[str] = REDUCTIONS) -> "Reduced":
        """Before the first unit."""
        highest = np.full((regions, columns), -np.inf, np.float32) if "max" in reduce else None
        sums = np.zeros((regions, columns)) if {"mean", "sum"} & set(reduce) else None
        return cls(highest, sums, np.zeros(regions, np.int64))

    def add(self, unit: Mapping[str, np.ndarray]) -> None:
        """Add what `RegionBins.reduce` gave of a unit."""
        at = unit["regions"]
        if self.highest is not None:
            self.highest[at] = np.maximum(self.highest[at], unit["highest"])
        if self.sums is not None:
            self.sums[at] += unit["sums"]
        self.counts[at] += unit["counts"]

    def put(self, how: str, column: int, into: np.ndarray) -> None:
        """Write one of the reductions of a column into (regions,) float32; NaN where no bin has a score."""
        into[:] = (self.highest if how == "max" else self.sums)[:, column]
        if how == "mean":
            with np.errstate(invalid="ignore", divide="ignore"):
                into[:] = self.sums[:, column] / self.counts
        into[self.counts == 0] = np.nan


def called(
    found: Sequence[Stretch], chromosomes: Sequence[str], thresholds: Sequence[float | None]
) -> dict[str, np.ndarray]:
    """Bins at or above the threshold of each column, column by column, in the order of the stretches.

    Returns:
        `edges` (columns + 1,) int64: where each column's begin and end; of each bin its `chrom` (number in
        `chromosomes`) int32, number `bin` int64 and `score` float32.
    """
    numbers = {chrom: number for number, chrom in enumerate(chromosomes)}
    columns, edges = [], [0]
    for column, threshold in enumerate(thresholds):
        for chrom, first, scores in found if threshold is not None else ():
            at = np.flatnonzero(scores[:, column].astype(np.float64) >= threshold)
            columns.append((np.full(len(at), numbers[chrom], np.int32), at + first, scores[at, column]))
        edges.append(sum(len(each[0]) for each in columns))
    chrom, bins, scores = zip(*columns, strict=True) if columns else ([], [], [])
    return {
        "edges": np.array(edges, np.int64),
        "chrom": np.concatenate([np.empty(0, np.int32), *chrom]),
        "bin": np.concatenate([np.empty(0, np.int64), *bins]),
        "score": np.concatenate([np.empty(0, np.float32), *scores]),
    }


def called_of(unit: Mapping[str, np.ndarray], column: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """The called bins of a column: (number of the chromosome, first bin, scores) of runs side by side."""
    low, high = unit["edges"][column : column + 2].tolist()
    chrom, bins, scores = (unit[name][low:high] for name in ("chrom", "bin", "score"))
    cuts = np.flatnonzero((np.diff(bins) != 1) | (np.diff(chrom) != 0)) + 1
    for first, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(bins)], strict=True):
        if first < stop:
            yield int(chrom[first]), int(bins[first]), scores[first:stop]


def bins_of(found: Sequence[Stretch], chromosomes: Sequence[str], columns: int) -> dict[str, np.ndarray]:
    """All scores of a unit: of each stretch `where` (chromosome's number, first bin, bins) (stretches, 3) int64; and
    `scores` (columns, bins) float32."""
    numbers = {chrom: number for number, chrom in enumerate(chromosomes)}
    where = np.array([(numbers[chrom], first, len(scores)) for chrom, first, scores in found], np.int64).reshape(-1, 3)
    empty = np.empty((0, columns), np.float32)
    return {"where": where, "scores": np.ascontiguousarray(np.concatenate([empty, *(part[2] for part in found)]).T)}
