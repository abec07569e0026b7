"""Mean changes of factors over their sites, and what these vary with: blocks of the genome, replicates, factors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.comparison import statistics
from zoo.comparison.design import Contrast
from zoo.comparison.scores import FactorScores
from zoo.comparison.statistics import Estimate


@dataclass(frozen=True)
class ChangeSettings:
    """How changes are judged.

    Attributes:
        margin: least change of a gained or lost site; None for twice its standard deviation.
        block: bp of the blocks of the bootstrap.
        draws: of the bootstrap.
        seed: of the draws.
    """

    margin: float | None
    block: int
    draws: int
    seed: int


@dataclass(frozen=True, eq=False)
class Relative:
    """Changes beside that of all factors.

    Attributes:
        estimates: of each factor; None for those that are not compared.
        shared: median over factors.
        between: standard deviation between factors, beyond what their own variances explain.
    """

    estimates: tuple[Estimate | None, ...]
    shared: float
    between: float


@dataclass(frozen=True, eq=False)
class Means:
    """Mean changes.

    Attributes:
        values: (factors,), NaN without a site.
        draws: (draws, factors), of the bootstrap.
        occupied: (factors,) blocks with sites.
        blocks: with sites of any factor.
        deviations: (replicates, factors), of a replicate's mean score from that of its condition.
        groups: replicates of each of the two conditions.
    """

    values: np.ndarray
    draws: np.ndarray
    occupied: np.ndarray
    blocks: int
    deviations: np.ndarray
    groups: tuple[int, int]

    @classmethod
    def of(
        cls,
        factors: Sequence[FactorScores],
        kept: Sequence[np.ndarray],
        changes: Sequence[np.ndarray],
        contrast: Contrast,
        settings: ChangeSettings,
    ) -> "Means":
        """Of the sites of each factor that are kept, (sites,) bool, with changes (sites,) float64."""
        sums, counts = _of_blocks(factors, kept, changes, settings.block)
        weights = statistics.draws_of(len(sums), settings.draws, settings.seed)
        return cls(
            statistics.means_of(np.ones((1, len(sums))), sums, counts)[0],
            statistics.means_of(weights, sums, counts),
            (counts > 0).sum(axis=0),
            len(sums),
            np.array([_deviations(*each, contrast) for each in zip(factors, kept, strict=True)]).T,
            (len(contrast.ours), len(contrast.theirs)),
        )

    def estimates(self) -> list[Estimate]:
        """Of each factor, against no change."""
        variances = statistics.variance_of(self.draws, self.occupied)
        return [
            statistics.estimate(value, [(variance, max(blocks - 1, 1)), *self._replicates(deviations)])
            for value, variance, blocks, deviations in zip(
                self.values, variances, self.occupied, self.deviations.T, strict=True
            )
        ]

    def relative(self, among: np.ndarray) -> Relative:
        """Of the factors that are compared, (factors,) bool, against the change of all of these."""
        draws, deviations = (item[:, among] for item in (self.draws, self.deviations))
        draws = draws[~np.isnan(draws).all(axis=1)]
        draws = draws - np.nanmedian(draws, axis=1, keepdims=True)
        deviations = deviations - np.median(deviations, axis=1, keepdims=True)
        occupied, shared = self.occupied[among], float(np.median(self.values[among]))
        variances, values = statistics.variance_of(draws, occupied), self.values[among] - shared
        known = variances[np.isfinite(variances)]
        between = max(statistics.spread(values) ** 2 - (float(np.median(known)) if len(known) else 0.0), 0.0)
        found: list[Estimate | None] = [None] * len(among)
        for place, i in enumerate(np.flatnonzero(among).tolist()):
            parts = [(variances[place], max(occupied[place] - 1, 1)), (between, len(values) - 1)]
            found[i] = statistics.estimate(values[place], [*parts, *self._replicates(deviations[:, place])])
        return Relative(tuple(found), shared, between**0.5)

    def _replicates(self, deviations: np.ndarray) -> list[tuple[float, float]]:
        """Variance of the difference of two conditions, by what replicates of one of them differ; its degrees."""
        if not (degrees := sum(count - 1 for count in self.groups)):
            return []
        return [(float((deviations**2).sum()) / degrees * sum(1 / count for count in self.groups), degrees)]


def _of_blocks(
    factors: Sequence[FactorScores], kept: Sequence[np.ndarray], changes: Sequence[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of changes and counts of sites, (blocks, factors)."""
    pairs = list(zip(factors, kept, strict=True))
    chroms = np.concatenate([factor.chroms[some] for factor, some in pairs])
    starts = np.concatenate([factor.spans[some, 0] for factor, some in pairs])
    blocks = statistics.blocks_of(chroms, starts, size)
    count = int(blocks.max(initial=-1)) + 1
    each = np.split(blocks, np.cumsum([some.sum() for some in kept])[:-1])
    own = [change[some] for change, some in zip(changes, kept, strict=True)]
    sums = [np.bincount(places, change, count) for places, change in zip(each, own, strict=True)]
    return np.array(sums).T, np.array([np.bincount(places, minlength=count) for places in each]).T


def _deviations(factor: FactorScores, kept: np.ndarray, contrast: Contrast) -> np.ndarray:
    """(replicates,) float64: mean scores of replicates less that of their condition, of both conditions."""
    groups = [factor.scores[kept][:, list(places)] for places in (contrast.ours, contrast.theirs)]
    if not kept.any():
        return np.zeros(sum(group.shape[1] for group in groups))
    means = [group.mean(axis=0, dtype=np.float64) for group in groups]
    return np.concatenate([own - own.mean() for own in means])
