"""Which regions a profile model learns from, by their numbers of cut sites, and how much the counts weigh in its loss.

The rules are those of ChromBPNet (its `find_chrombpnet_hyperparams` and `find_bias_hyperparams`).
"""

from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError, warn

QUANTILE = 0.9999
_PEAK_QUANTILE = 0.01  # of the counts of peaks, by which background is told from signal
_LOSS_RATIO = 10  # the median count over this is the weight of the counts


@dataclass(frozen=True)
class CountLimits:
    """Between which counts regions are learned from, both excluded.

    Attributes:
        lowest: cut sites in a profile.
        highest: the same.
        regions: how many of those that the limits were found by lie between them.
        weight: of the counts in the loss.
    """

    lowest: float
    highest: float
    regions: int
    weight: float

    def kept(self, totals: np.ndarray) -> np.ndarray:
        """Which regions are learned from, by their cut sites (n,). (n,) bool."""
        return (totals > self.lowest) & (totals < self.highest)


def of_peaks(
    peaks: np.ndarray, negatives: np.ndarray, ratio: float, seed: int, quantile: float = QUANTILE
) -> CountLimits:
    """Limits for peaks and background: quantiles of both in the proportion in which an epoch has them.

    The background is drawn as the original draws it, so that with its seed, 1234, the numbers are its.

    Args:
        peaks: (n,) cut sites in the profiles of the peaks of the training and validation chromosomes.
        negatives: (m,) of the background.
        ratio: background regions for each peak.
        seed: of the draw.
        quantile: the upper one; the lower one is 1 - `quantile`.
    """
    count = min(int(ratio * len(peaks)), len(negatives))
    drawn = np.random.RandomState(seed).choice(negatives, count, replace=False) if count else negatives[:0]
    return _limits(np.concatenate([peaks, drawn]), quantile)


def of_background(peaks: np.ndarray, negatives: np.ndarray, factor: float, quantile: float = QUANTILE) -> CountLimits:
    """Limits for background alone, of which regions with as many cut sites as weak peaks have are left out.

    Args:
        peaks, negatives, quantile: as for `of_peaks`.
        factor: of the 0.01 quantile of the peaks, from which on a region is no background; 0.5 for ATAC-seq, 0.8 for
            DNase-seq.

    Raises:
        InputError: no region is left.
    """
    threshold = factor * float(np.quantile(peaks, _PEAK_QUANTILE))
    quiet = negatives[negatives < threshold]
    limits = _limits(quiet, quantile) if len(quiet) else None
    if limits is None or not limits.regions:
        raise InputError(
            "The background of a bias model must have regions with fewer cut sites than weak peaks have",
            received={
                "cut sites below which a region is background": threshold,
                "regions below": len(quiet),
                "background regions": len(negatives),
                "0.01 quantile of peaks": threshold / factor,
                "bias_threshold": factor,
            },
            hint="Give stronger peaks, or a higher bias_threshold",
        )
    return limits


def _limits(totals: np.ndarray, quantile: float) -> CountLimits:
    """Limits by quantiles of the regions themselves; the median that makes the weight includes those at the limits."""
    highest, lowest = (float(np.quantile(totals, value)) for value in (quantile, 1 - quantile))
    weight = float(np.median(totals[(totals >= lowest) & (totals <= highest)])) / _LOSS_RATIO
    if weight < 1:
        warn(
            f"The median region has {weight * _LOSS_RATIO:g} cut sites: the depth is low, and counts weigh 1 in the "
            f"loss instead of {weight:g}."
        )
    regions = int(((totals > lowest) & (totals < highest)).sum())
    return CountLimits(lowest, highest, regions, max(weight, 1.0))
