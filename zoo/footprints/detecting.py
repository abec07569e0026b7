"""Bound and unbound sites of motifs, and how conditions differ (TOBIAS `bindetect`), from footprint scores of peaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import ttest_1samp

from zoo.footprints.scanning import Pattern, Sites, background_places
from zoo.footprints.threshold import Factors, Threshold, factors_of, threshold_of
from zoo.genome.spans import covered, merge_spans

_DRAWS = 100  # of the null distribution
FEW = 1000
"""Scores at random places, below which the threshold is unsure."""
_APART = 0.5  # of motifs of one cluster, the distance at most


@dataclass(frozen=True)
class Change:
    """How a motif's sites differ between two conditions.

    Attributes:
        value: mean of the log2 fold changes less that of random places, over the mean of both standard deviations.
        p_value: of the value among those of samples from random places. It is in units of the spread of a mean, so that
            nearly every motif with many sites is significant: rank by the value.
        highlighted: a value beyond the 5th or 95th percentile of all motifs, or a p-value below their 5th.
    """

    value: float
    p_value: float
    highlighted: bool = False


@dataclass(frozen=True)
class Detected:
    """What became of the sites of all motifs.

    Attributes:
        scores: of each motif (sites, conditions) float64, comparable between conditions.
        bound: the same, whether a score is above the threshold.
        threshold: of all conditions.
        pseudocount: of fold changes.
        factors: of each condition, or none.
        fold_changes: pair of conditions → of each motif (sites,), log2.
        changes: pair of conditions → of each motif.
        background: pair of conditions → (mean, standard deviation) of log2 fold changes at random places.
        random: how many places.
    """

    scores: list[np.ndarray]
    bound: list[np.ndarray]
    threshold: Threshold
    pseudocount: float
    factors: list[Factors]
    fold_changes: dict[tuple[int, int], list[np.ndarray]]
    changes: dict[tuple[int, int], list[Change]]
    background: dict[tuple[int, int], tuple[float, float]]
    random: int


def detect(
    patterns: Sequence[Pattern],
    sites: Sequence[Sites],
    footprints: Sequence[Sequence[np.ndarray]],
    p_value: float,
    normalize: bool = True,
    pseudocount: float | None = None,
) -> Detected:
    """Tell bound from unbound sites.

    Args:
        patterns: the motifs.
        sites: of each, in peaks.
        footprints: of each condition the scores of each peak, float32.
        p_value: of a site that is not bound.
        normalize: whether scores of several conditions are given like distributions.
        pseudocount: of fold changes; by default half the mode of scores at random places.
    """
    background = [_at_random(peaks) for peaks in footprints]
    factors = factors_of(background) if normalize and len(footprints) > 1 else []
    if factors:
        background = [factor(values) for factor, values in zip(factors, background, strict=True)]
    background = [np.maximum(values, 0) for values in background]
    threshold = threshold_of(background, p_value)
    pseudocount = threshold.mode / 2 if pseudocount is None else pseudocount
    joined = [np.concatenate(peaks) for peaks in footprints]
    begins = np.cumsum([0, *(len(item) for item in footprints[0])])[:-1]
    scores = []
    for pattern, found in zip(patterns, sites, strict=True):
        at = begins[found.sequence] + found.start + pattern.width // 2
        columns = [_printed(values[at]) for values in joined]
        if factors:
            columns = [factor(values) for factor, values in zip(factors, columns, strict=True)]
        scores.append(np.stack([_printed(np.maximum(values, 0)) for values in columns], axis=1))
    pairs = list(combinations(range(len(footprints)), 2))
    folds = {pair: [_printed(_fold_changes(*values.T[list(pair)], pseudocount)) for values in scores] for pair in pairs}
    random = {pair: _trimmed(*(background[side] for side in pair), pseudocount) for pair in pairs}
    changes = {
        pair: _highlighted(
            [
                _change(fold[(values[:, list(pair)] > 0).any(axis=1)], *random[pair])
                for fold, values in zip(folds[pair], scores, strict=True)
            ]
        )
        for pair in pairs
    }
    bound = [values > threshold.value for values in scores]
    return Detected(scores, bound, threshold, pseudocount, factors, folds, changes, random, len(background[0]))


def _at_random(peaks: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([values[background_places(len(values))] for values in peaks])


def _printed(values: np.ndarray) -> np.ndarray:
    """As numbers with 5 decimals say."""
    return np.array([float(f"{value:.5f}") for value in values.tolist()])


def _fold_changes(one: np.ndarray, two: np.ndarray, pseudocount: float) -> np.ndarray:
    return np.log2((one + pseudocount) / (two + pseudocount))


def _trimmed(one: np.ndarray, two: np.ndarray, pseudocount: float) -> tuple[float, float]:
    """Mean and standard deviation of the fold changes from their 1st to their 99th percentile."""
    there = (one > 0) | (two > 0)
    folds = _fold_changes(one[there], two[there], pseudocount)
    low, high = np.percentile(folds, [1, 99])
    kept = folds[(folds >= low) & (folds <= high)]
    return float(np.mean(kept)), float(np.std(kept))


def _change(folds: np.ndarray, mean: float, deviation: float) -> Change:
    """Of a motif's fold changes (n,), and those at random places."""
    if not len(folds):
        return Change(0.0, 1.0)
    value = round(_in_deviations(folds, mean, deviation), 5)
    random = np.random.RandomState(len(folds))
    null = [_in_deviations(random.normal(mean, deviation, len(folds)), mean, deviation) for _ in range(_DRAWS)]
    return Change(value, float(ttest_1samp(null, value)[1]) if np.ptp(null) else 1.0)


def _in_deviations(folds: np.ndarray, mean: float, deviation: float) -> float:
    spread = float(np.mean([np.std(folds), deviation]))
    return float((np.mean(folds) - mean) / spread) if spread else 0.0


def _highlighted(changes: list[Change]) -> list[Change]:
    values, p_values = np.array([item.value for item in changes]), np.array([item.p_value for item in changes])
    low, high = np.percentile(values, [5, 95])
    chosen = (values < low) | (values > high) | (p_values < np.percentile(p_values, 5))
    return [Change(item.value, item.p_value, bool(flag)) for item, flag in zip(changes, chosen, strict=True)]


def distances(
    patterns: Sequence[Pattern], sites: Sequence[Sites], begins: np.ndarray, original: bool = False
) -> np.ndarray:
    """How little the sites of motifs share bases, (motifs, motifs) from 0 to 1.

    Args:
        patterns: the motifs.
        sites: of each.
        begins: (peaks,), where each begins if all of them lay on one line, apart.
        original: whether sites that share a single base share none (TOBIAS).
    """
    spans = []
    for item, pattern in zip(sites, patterns, strict=True):
        starts = begins[item.sequence] + item.start
        spans.append(np.stack([starts, starts + pattern.width], axis=1))
    found = 1 - np.eye(len(sites))
    for one, two in combinations(range(len(sites)), 2):
        totals = [np.diff(spans[number]).sum() for number in (one, two)]
        if all(totals):
            shared = covered(merge_spans(spans[two]), *spans[one].T).sum()
            if original:
                shared -= _touching(spans[one], spans[two]) + _touching(spans[two], spans[one])
            found[one, two] = found[two, one] = 1 - shared / min(totals)
    return found


def _touching(before: np.ndarray, after: np.ndarray) -> int:
    """How often the last base of one span is the first one of another."""
    return int(np.isin(before[:, 1] - 1, after[:, 0]).sum())


def clusters(apart: np.ndarray) -> np.ndarray:
    """The number of each motif's cluster, from 1, by their distances: average linkage, cut at 0.5."""
    if len(apart) < 2:
        return np.ones(len(apart), np.int64)
    close = linkage(squareform(apart, checks=False), "average")
    return fcluster(close, _APART, criterion="distance").astype(np.int64)
