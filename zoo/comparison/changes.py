"""Changes between two conditions: classes of sites, and of each factor the change beside that of all factors.

A change of depth or quality moves the scores of all factors. Therefore:

- the *shared* change of a contrast is the median over factors of their mean changes; a factor's *relative* change is
  what it has beyond that. Factors react to depth in different measure, so that the interval of a relative change has,
  beside its own variance, the variance between factors (by the quartiles over factors, less what the factors' own
  variances explain): a factor stands out only beyond what factors differ by anyway. It takes three factors, and is
  worth something with twenty.
- a site is gained if it is bound in the condition and not in the other, and if its change reaches a margin both by
  itself and beyond the shared change of sites, the median over factors of the medians of their sites. Lost likewise.
  What crosses the threshold by less is *unclear*.
- the margin is by default twice the standard deviation of a site's change, and of the medians of factors, together.
  With replicates the former is that within conditions. Without any it is that of the factor's sites by their median
  absolute deviation, as if most of them did not change; with three factors and more at most three times that of the
  median factor, and with fewer than 20 sites at least that.
- of several replicates a condition is bound at a site where more than half of them are, and not bound where more than
  half are not: of two, both. Where that is neither, the site is unclear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.comparison import statistics
from zoo.comparison.design import Contrast
from zoo.comparison.means import ChangeSettings, Means
from zoo.comparison.scores import FactorScores, SiteScores
from zoo.comparison.statistics import Estimate

CLASSES = ("", "gained", "lost", "shared", "unclear")
"""Of a site; none where neither condition is bound."""
_NONE, _GAINED, _LOST, _SHARED, _UNCLEAR = range(len(CLASSES))
LEAST_FACTORS = 3  # for a change that is relative to all
_DEVIATIONS = 2.0  # of a site's change, by default
_FEW = 20  # sites, whose own noise is not known well
_MOST_NOISE = 3.0  # times that of the median factor


@dataclass(frozen=True)
class FactorChange:
    """A factor in a contrast: a row of the table of factors.

    Attributes:
        condition: of the contrast.
        against: the other condition.
        factor: name of the model.
        threshold: score at which a site is bound; None for a model without one, which is compared by its scores only.
        sites_condition: sites that are bound in the condition.
        sites_against: in the other one.
        gained: see `zoo.comparison.changes`.
        lost: the same.
        shared: bound in both.
        unclear: sites of one of them that are neither of these.
        change: mean over the sites of both of the change of score, mean of replicates.
        change_low: of the 95 % interval.
        change_high: the same.
        change_p: two-sided, against no change.
        change_q: after Benjamini and Hochberg, over the factors of the contrast.
        relative: the change less the shared one.
        relative_low: of the 95 % interval.
        relative_high: the same.
        relative_p: two-sided, against the change of all factors.
        relative_q: as `change_q`.
        margin: change, by itself and beyond the shared one, that a gained or lost site has at least.
    """

    condition: str
    against: str
    factor: str
    threshold: float | None
    sites_condition: int | None
    sites_against: int | None
    gained: int | None
    lost: int | None
    shared: int | None
    unclear: int | None
    change: float | None
    change_low: float | None
    change_high: float | None
    change_p: float | None
    change_q: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    relative_p: float | None
    relative_q: float | None
    margin: float | None


@dataclass(frozen=True, eq=False)
class SiteChanges:
    """The sites of a factor in a contrast.

    Attributes:
        change: (sites,) float64, of the mean score of replicates.
        shared: the shared change of sites.
        classes: (sites,) int8, places in `CLASSES`.
        union: (sites,) bool, bound in one of the conditions; all, without a threshold.
        margin: see `FactorChange`.
    """

    change: np.ndarray
    shared: float
    classes: np.ndarray
    union: np.ndarray
    margin: float | None

    @property
    def relative(self) -> np.ndarray:
        """(sites,) float64, the change less the shared one."""
        return self.change - self.shared


@dataclass(frozen=True, eq=False)
class Changes:
    """A contrast.

    Attributes:
        contrast: what is compared.
        factors: a row for each.
        sites: of each factor.
        shared: median over factors of their mean changes; None with fewer than three.
        shared_of_sites: median over factors of the medians of their sites.
        between: standard deviation between factors of their mean changes, beyond what their own variances explain.
        blocks: in which there are sites.
    """

    contrast: Contrast
    factors: tuple[FactorChange, ...]
    sites: tuple[SiteChanges, ...]
    shared: float | None
    shared_of_sites: float
    between: float | None
    blocks: int


def changes_of(scores: SiteScores, contrast: Contrast, settings: ChangeSettings) -> Changes:
    """What differs between two conditions."""
    sites, shared_of_sites = _sites(scores.factors, contrast, settings.margin)
    means = Means.of(
        scores.factors, [item.union for item in sites], [item.change for item in sites], contrast, settings
    )
    changed = means.estimates()
    among = np.array([factor.threshold is not None for factor in scores.factors]) & np.isfinite(means.values)
    relative = means.relative(among) if among.sum() >= LEAST_FACTORS else None
    beside = [None] * len(changed) if relative is None else relative.estimates
    rows = [_row(contrast, *each) for each in zip(scores.factors, sites, changed, beside, strict=True)]
    shared, between = (None, None) if relative is None else (relative.shared, relative.between)
    return Changes(contrast, _adjusted(rows), tuple(sites), shared, shared_of_sites, between, means.blocks)


def _row(
    contrast: Contrast, factor: FactorScores, sites: SiteChanges, change: Estimate, relative: Estimate | None
) -> FactorChange:
    relative = relative or Estimate(None)
    counts = dict.fromkeys(("sites_condition", "sites_against", *CLASSES[1:]))
    if factor.threshold is not None:
        part = _Bound.of(factor, contrast)
        counts = {"sites_condition": int(part.ours.sum()), "sites_against": int(part.theirs.sum())}
        counts |= {name: int((sites.classes == number).sum()) for number, name in enumerate(CLASSES) if name}
    return FactorChange(
        contrast.condition,
        contrast.against,
        factor.name,
        factor.threshold,
        **counts,
        **{f"change{end}": value for end, value in _ends(change)},
        **{f"relative{end}": value for end, value in _ends(relative)},
        margin=sites.margin,
    )


def _ends(item: Estimate) -> list[tuple[str, float | None]]:
    return [("", item.value), ("_low", item.low), ("_high", item.high), ("_p", item.p), ("_q", None)]


def _adjusted(rows: Sequence[FactorChange]) -> tuple[FactorChange, ...]:
    """The rows with false discovery rates over all of them."""
    change = statistics.benjamini_hochberg([row.change_p for row in rows])
    relative = statistics.benjamini_hochberg([row.relative_p for row in rows])
    return tuple(
        replace(row, change_q=one, relative_q=other) for row, one, other in zip(rows, change, relative, strict=True)
    )


def _sites(
    factors: Sequence[FactorScores], contrast: Contrast, margin: float | None
) -> tuple[list[SiteChanges], float]:
    """Of each factor the changes and classes of its sites, and the shared change of sites."""
    parts = [_Bound.of(factor, contrast) for factor in factors]
    changes = [_mean(factor, contrast.ours) - _mean(factor, contrast.theirs) for factor in factors]
    kept = [change[part.union] for part, change in zip(parts, changes, strict=True)]
    having = [place for place, factor in enumerate(factors) if factor.threshold is not None and len(kept[place])]
    medians = np.array([np.median(kept[place]) for place in having])
    shared = float(np.median(medians)) if having else 0.0
    between = statistics.spread(medians) if len(having) >= LEAST_FACTORS else 0.0
    noises = {place: _noise(factors[place], contrast, parts[place].union, kept[place]) for place in having}
    if len(contrast.ours) == len(contrast.theirs) == 1:
        noises = _held(noises, kept)
    found = []
    for place, (factor, part, change) in enumerate(zip(factors, parts, changes, strict=True)):
        least = None if factor.threshold is None else margin
        if factor.threshold is not None and margin is None:
            least = _DEVIATIONS * float(np.hypot(noises.get(place, 0.0), between))
        found.append(SiteChanges(change, shared, part.classes(change, shared, least), part.union, least))
    return found, shared


def _held(noises: Mapping[int, float], kept: Sequence[np.ndarray]) -> Mapping[int, float]:
    """The noise of each factor, held near that of the median factor: of its own sites many may change, or few be."""
    if len(noises) < LEAST_FACTORS:
        return noises
    middle = float(np.median(list(noises.values())))
    return {
        place: min(max(noise, middle if len(kept[place]) < _FEW else 0.0), _MOST_NOISE * middle)
        for place, noise in noises.items()
    }


def _mean(factor: FactorScores, samples: Sequence[int]) -> np.ndarray:
    """(sites,) float64 over replicates."""
    return factor.scores[:, list(samples)].mean(axis=1, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Bound:
    """Where conditions are bound, and where they are not: (sites,) bool each, or None without a threshold."""

    ours: np.ndarray | None
    not_ours: np.ndarray | None
    theirs: np.ndarray | None
    not_theirs: np.ndarray | None
    union: np.ndarray

    @classmethod
    def of(cls, factor: FactorScores, contrast: Contrast) -> "_Bound":
        if factor.threshold is None:
            return cls(None, None, None, None, np.ones(len(factor.scores), bool))
        bound = factor.bound()
        ours, not_ours = _most(bound[:, list(contrast.ours)])
        theirs, not_theirs = _most(bound[:, list(contrast.theirs)])
        return cls(ours, not_ours, theirs, not_theirs, ours | theirs)

    def classes(self, change: np.ndarray, shared: float, margin: float | None) -> np.ndarray:
        """(sites,) int8, places in `CLASSES`."""
        found = np.full(len(self.union), _NONE, np.int8)
        if margin is not None:
            found[self.union] = _UNCLEAR
            found[self.ours & self.theirs] = _SHARED
            found[self.ours & self.not_theirs & (change - max(shared, 0.0) >= margin)] = _GAINED
            found[self.theirs & self.not_ours & (change - min(shared, 0.0) <= -margin)] = _LOST
        return found


def _most(bound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where more than half of the replicates are bound, and where more than half are not."""
    count, half = bound.sum(axis=1), bound.shape[1] / 2
    return count > half, bound.shape[1] - count > half


def _noise(factor: FactorScores, contrast: Contrast, union: np.ndarray, change: np.ndarray) -> float:
    """Standard deviation of a site's change: of replicates, or without any of the changes themselves."""
    groups = [factor.scores[union][:, list(places)].astype(np.float64) for places in (contrast.ours, contrast.theirs)]
    degrees = sum(group.shape[1] - 1 for group in groups)
    if not degrees:
        return statistics.noise(change)
    squares = sum(((group - group.mean(axis=1, keepdims=True)) ** 2).sum() for group in groups)
    return float((squares / degrees / len(change) * sum(1 / group.shape[1] for group in groups)) ** 0.5)
