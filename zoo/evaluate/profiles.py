"""Predicted profiles and total counts of regions against cut sites that were counted there (ChromBPNet's metrics).

Counts are those of a region's bases, (n, bp), or of bases of several strands that share one total, (n, bp, strands).
Names are those of ChromBPNet's `*_metrics.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate1d
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from zoo.arguments import number, switch, whole
from zoo.errors import InputError
from zoo.evaluate.agreement import Pairs

PSEUDOCOUNT = 0.001  # added to the total that counts are divided by, as the original does
SIGMA, WIDTH = 7, 81  # bp, of the Gaussian kernel of bpnet-lite
PEAKS, NONPEAKS, BOTH = "peaks", "nonpeaks", "peaks_and_nonpeaks"
CALLED = {PEAKS: "peaks", NONPEAKS: "negatives", BOTH: "peaks and negatives"}
"""Groups of regions as pages name them."""
_TOGETHER = 1024  # regions at once


@dataclass(frozen=True, eq=False)
class ProfileMetrics:
    """How far predicted profiles are from those observed, region by region, (n,) float64 each.

    Distances are NaN for regions without counts, and normalized ones also where the observed profile is flat.

    Attributes:
        jsd_pw: Jensen-Shannon distance of observed and predicted profile: the square root of the divergence in nats.
        jsd_norm: the same from 0, as far as a flat profile or farther, to 1, identical.
        jsd_rnd: distance of the observed profile from one with its bases permuted.
        jsd_rnd_norm: that, normalized.
    """

    jsd_pw: np.ndarray
    jsd_norm: np.ndarray
    jsd_rnd: np.ndarray
    jsd_rnd_norm: np.ndarray


@dataclass(frozen=True)
class Metrics:
    """Of a group of regions.

    Attributes:
        regions: how many.
        without_counts: how many of them have no counts, and so no distance of profiles.
        pearsonr: correlation of observed and predicted log counts; None where one of them does not vary.
        spearmanr: rank correlation, the same.
        mse: mean squared error of log counts.
        median_jsd: median Jensen-Shannon distance; None, as those below, if no region has counts.
        median_norm_jsd: median of the normalized one, 1 at best.
        median_jsd_rnd: median distance of profiles with permuted bases: the random baseline.
        median_norm_jsd_rnd: the same, normalized.
    """

    regions: int
    without_counts: int
    pearsonr: float | None
    spearmanr: float | None
    mse: float
    median_jsd: float | None
    median_norm_jsd: float | None
    median_jsd_rnd: float | None
    median_norm_jsd_rnd: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Regions one by one.

    Attributes:
        peaks: (n,) bool, which of them are peaks.
        observed: (n,) float64, ln(pseudocount + total) of what was counted.
        predicted: (n,) float64, the same as it is predicted.
        profiles: distances of profiles.
    """

    peaks: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    profiles: ProfileMetrics

    def metrics(self) -> dict[str, Metrics]:
        """Those of "peaks", "nonpeaks" and, if there are both, "peaks_and_nonpeaks"."""
        groups = {PEAKS: self.peaks, NONPEAKS: ~self.peaks}
        groups = {name: chosen for name, chosen in groups.items() if chosen.any()}
        if len(groups) == 2:
            groups[BOTH] = np.ones_like(self.peaks)
        return {name: self._group(chosen) for name, chosen in groups.items()}

    def _group(self, chosen: np.ndarray) -> Metrics:
        pairs = Pairs()
        pairs.add(self.observed[chosen], self.predicted[chosen])
        counts, of = pairs.result(kendall=False), self.profiles
        medians = (_median(values[chosen]) for values in (of.jsd_pw, of.jsd_norm, of.jsd_rnd, of.jsd_rnd_norm))
        without = int(np.isnan(of.jsd_pw[chosen]).sum())
        return Metrics(int(chosen.sum()), without, counts.pearson, counts.spearman, counts.mse, *medians)


class RegionPairs:
    """Regions with their predictions, in pieces; the result does not depend on how they are cut.

    Args:
        pseudocount: what the model adds to totals before the logarithm.
        seed: of the permutations, NumPy's global one in the original.
        smooth: compare counts smoothed by a Gaussian kernel (σ 7 bp, width 81 bp), as bpnet-lite can.

    Raises:
        InputError: values of another kind.
    """

    def __init__(self, pseudocount: float = 1.0, seed: int = 0, smooth: bool = False) -> None:
        self._pseudocount = _pseudocount(pseudocount)
        self._random, self._smooth = np.random.RandomState(whole("seed", seed, 0, 2**32 - 1)), switch("smooth", smooth)
        self._parts: list[tuple[np.ndarray, ...]] = []

    def add(
        self, counts: np.ndarray, probabilities: np.ndarray, log_counts: np.ndarray, peaks: np.ndarray | None = None
    ) -> None:
        """Regions: observed counts (n, bp) or (n, bp, strands), predicted probabilities of that shape, which add up to
        1 in each region, predicted ln(pseudocount + total) (n,), and whether they are peaks (n,), by default all.

        Raises:
            InputError: counts that are no whole numbers, probabilities that are none, or shapes that differ.
        """
        counts, probabilities, log_counts = check_counts(counts), np.asarray(probabilities), np.asarray(log_counts)
        _check_probabilities(probabilities, counts.shape)
        peaks = np.ones(len(counts), bool) if peaks is None else np.asarray(peaks)
        if not (log_counts.shape == peaks.shape == counts.shape[:1] and peaks.dtype == bool):
            raise InputError(
                "Each region must have one predicted log count, and be marked as a peak or as none",
                received={"regions": len(counts), "log_counts": log_counts.shape, "peaks": (peaks.shape, peaks.dtype)},
            )
        for first in range(0, len(counts), _TOGETHER):
            some = slice(first, first + _TOGETHER)
            distances = _distances(counts[some], probabilities[some], self._random, self._smooth)
            observed = observed_log_counts(counts[some], self._pseudocount)
            self._parts.append((peaks[some], observed, log_counts[some].astype(np.float64), *distances))

    def result(self) -> Comparison:
        """Of everything that was added. Raises `InputError` if that is nothing."""
        if not self._parts:
            raise InputError("There must be a region to evaluate", received={"regions": 0})
        peaks, observed, predicted, *distances = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return Comparison(peaks, observed, predicted, ProfileMetrics(*distances))


def profile_metrics(
    counts: np.ndarray, probabilities: np.ndarray, seed: int = 0, smooth: bool = False
) -> ProfileMetrics:
    """Compare profiles with counts; arguments and errors as for `RegionPairs`."""
    pairs = RegionPairs(seed=seed, smooth=smooth)
    pairs.add(counts, probabilities, np.zeros(len(counts)))
    return pairs.result().profiles


def metrics(
    counts: np.ndarray,
    probabilities: np.ndarray,
    log_counts: np.ndarray,
    peaks: np.ndarray | None = None,
    pseudocount: float = 1.0,
    seed: int = 0,
    smooth: bool = False,
) -> dict[str, Metrics]:
    """Metrics of peaks, of other regions and of both, of those that there are; arguments and errors as for
    `RegionPairs`.
    """
    pairs = RegionPairs(pseudocount, seed, smooth)
    pairs.add(counts, probabilities, log_counts, peaks)
    return pairs.result().metrics()


def observed_log_counts(counts: np.ndarray, pseudocount: float = 1.0) -> np.ndarray:
    """ln(pseudocount + total) of regions, (n,) float64. Raises `InputError` as `RegionPairs` does."""
    counts = check_counts(counts)
    return np.log(_pseudocount(pseudocount) + counts.sum(axis=tuple(range(1, counts.ndim)), dtype=np.float64))


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """Softmax over the bases of each region, and over strands that share a total: the same shape, float64."""
    logits = np.asarray(logits, np.float64)
    return softmax(logits, axis=tuple(range(1, logits.ndim)))


def smoothed(values: np.ndarray) -> np.ndarray:
    """Convolve (n, bp) or (n, bp, strands) with a Gaussian kernel (σ 7 bp, width 81 bp) along bases; zeros outside."""
    kernel = np.exp(-0.5 * ((np.arange(WIDTH) - (WIDTH - 1) / 2) / SIGMA) ** 2)
    return correlate1d(np.asarray(values, np.float64), kernel / kernel.sum(), axis=1, mode="constant")


def original(found: Mapping[str, Metrics]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Metrics as `*_metrics.json` of ChromBPNet holds them."""
    of = {"counts_metrics": ("spearmanr", "pearsonr", "mse"), "profile_metrics": ("median_jsd", "median_norm_jsd")}
    return {
        kind: {group: {name: getattr(row, name) for name in names} for group, row in found.items()}
        for kind, names in of.items()
    }


def check_counts(counts: np.ndarray) -> np.ndarray:
    """Counts as an array. Raises `InputError` unless they are whole numbers, 0 or more, (n, bp[, strands])."""
    counts = np.asarray(counts)
    if counts.ndim not in (2, 3) or not counts.size:
        raise InputError(
            "Counts must be an array of regions × bp, or of regions × bp × strands, at least one of each",
            received={"shape": counts.shape},
        )
    if counts.dtype.kind not in "buif":
        raise InputError("Counts must be numbers", received={"dtype": str(counts.dtype)})
    wrong = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        raise InputError(
            "Counts of cut sites must be whole numbers, 0 or more",
            received={"value": counts[wrong][0].item(), "region": int(np.argwhere(wrong)[0, 0])},
            hint="Give a track of cut sites that is neither smoothed nor normalized, not one of coverage",
        )
    return counts


def _check_probabilities(probabilities: np.ndarray, shape: tuple[int, ...]) -> None:
    if probabilities.shape != shape:
        raise InputError(
            "Predicted profiles must have the shape of the counts",
            received={"probabilities": probabilities.shape, "counts": shape},
        )
    totals = probabilities.sum(axis=tuple(range(1, probabilities.ndim)))
    if not (probabilities >= 0).all() or not np.allclose(totals, 1, atol=1e-3):
        raise InputError(
            "Predicted profiles must be probabilities, which add up to 1 in each region",
            received={"lowest": float(probabilities.min()), "first sum": float(totals[0])},
            hint="`zoo.evaluate.profiles.probabilities_of` makes them of logits",
        )


def _distances(
    counts: np.ndarray, probabilities: np.ndarray, random: np.random.RandomState, smooth: bool
) -> np.ndarray:
    """The four rows of `ProfileMetrics`, (4, n)."""
    permuted = np.stack([random.permutation(row) for row in counts.reshape(len(counts), -1)]).reshape(counts.shape)
    seen, mixed = ((smoothed(x) if smooth else x).reshape(len(x), -1) for x in (counts, permuted))
    totals = seen.sum(axis=1, keepdims=True)
    fractions = seen / (PSEUDOCOUNT + totals)
    others = probabilities.reshape(seen.shape), mixed / (PSEUDOCOUNT + mixed.sum(axis=1, keepdims=True))
    rows = []
    with np.errstate(divide="ignore", invalid="ignore"):  # regions without counts
        most = jensenshannon(seen / totals, np.full(seen.shape, 1 / seen.shape[1]), axis=1)
        for other in others:
            distance = jensenshannon(fractions, other, axis=1)
            rows += [distance, np.where(most > 0, np.clip((distance - most) / -most, 0, 1), np.nan)]
    return np.stack(rows)


def _pseudocount(value: float) -> float:
    return number("pseudocount", value, "above 0", lambda value: value > 0, example=1.0)


def _median(values: np.ndarray) -> float | None:
    """Of those that are numbers; None if none is."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None
