"""Sites of factors and their scores in all samples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import ZooError, warn
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.many.matrix import Matrix


@dataclass(frozen=True, eq=False)
class FactorScores:
    """The scores of a factor at its sites.

    Attributes:
        name: of the model, or column of one.
        threshold: the score at which a site is bound; None for a model without one.
        chroms: (sites,) int32, numbers in `SiteScores.chroms`.
        spans: (sites, 2) int64, starts and ends in bp.
        scores: (sites, samples) float32, never NaN.
    """

    name: str
    threshold: float | None
    chroms: np.ndarray
    spans: np.ndarray
    scores: np.ndarray

    def bound(self) -> np.ndarray:
        """(sites, samples) bool: where the score reaches the threshold, in double precision as sites are called."""
        return self.scores.astype(np.float64) >= self.threshold


@dataclass(frozen=True, eq=False)
class SiteScores:
    """All of them.

    Attributes:
        samples: their names.
        chroms: names of chromosomes.
        factors: in the order of the models.
    """

    samples: tuple[str, ...]
    chroms: tuple[str, ...]
    factors: tuple[FactorScores, ...]

    def only(self, samples: Sequence[str]) -> "SiteScores":
        """The same of some samples, in the order given."""
        places = [self.samples.index(name) for name in samples]
        factors = [
            FactorScores(item.name, item.threshold, item.chroms, item.spans, item.scores[:, places])
            for item in self.factors
        ]
        return SiteScores(tuple(samples), self.chroms, tuple(factors))


def of_matrix(
    matrix: Matrix, thresholds: Mapping[str, float | None], own: Mapping[str, np.ndarray] | None = None
) -> SiteScores:
    """From the highest scores in regions.

    Args:
        matrix: with the reduction "max".
        thresholds: name of a model → its threshold.
        own: name of a model → which of the regions are its own; all, if it is not there. Regions in which nothing was
            predicted are left out, which is told.

    Raises:
        ZooError: no region left.
    """
    chroms = tuple(sorted({region.chrom for region in matrix.regions}, key=names.natural))
    number = {chrom: place for place, chrom in enumerate(chroms)}
    places = np.array([number[region.chrom] for region in matrix.regions], np.int32)
    spans = np.array([(region.start, region.end) for region in matrix.regions], np.int64).reshape(-1, 2)
    scored = np.isfinite(matrix.values["max"]).all(axis=2)
    if not scored.any():
        raise ZooError("The samples must have a site, or a region with a score", received={"regions": len(spans)})
    if missing := int((~scored.any(axis=1)).sum()):
        warn(f"{missing:,} of {len(scored):,} regions are left out: nothing was predicted there")
    factors = []
    for column, model in enumerate(matrix.models):
        rows = np.arange(len(spans)) if own is None or model not in own else own[model]
        rows = rows[scored[rows, column]]
        scores = matrix.of(model, reduction="max")[rows]
        factors.append(FactorScores(model, thresholds[model], places[rows], spans[rows], scores))
    return SiteScores(matrix.samples, chroms, tuple(factors))


def rows_of(regions: Sequence[Interval], own: Mapping[str, Sequence[Interval]]) -> dict[str, np.ndarray]:
    """Name of a model → places of its own intervals among all regions."""
    place = {(region.chrom, region.start, region.end): number for number, region in enumerate(regions)}
    return {
        model: np.array([place[item.chrom, item.start, item.end] for item in items], np.int64)
        for model, items in own.items()
    }


def intervals_of(chroms: Sequence[str], factor: FactorScores, which: np.ndarray) -> Iterator[tuple[str, int, int]]:
    """Chromosome, start and end of some sites of a factor."""
    for place in which.tolist():
        yield chroms[factor.chroms[place]], *factor.spans[place].tolist()
