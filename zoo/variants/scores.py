"""Scores of the effect of a variant, from predicted profiles of both alleles.

Each function takes the reference's and the alternative's profile, (n, bins) of what was measured (not of its
logarithm), and returns (n,) float64. Directed scores change their sign exactly if the alleles are swapped.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter1d

SMALL = 1e-4  # is added to what is divided by, and to sums before their logarithm, as the authors of ASAP do
_SIGMA = 8  # bins


def log2_fold_change(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """log2 of the alternative's sum over the reference's (Grover et al. 2026: log fold change)."""
    sums = (profile.sum(axis=1, dtype=np.float64) + SMALL for profile in (reference, alternative))
    one, other = map(np.log2, sums)
    return other - one


def difference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The alternative's sum minus the reference's."""
    return alternative.sum(axis=1, dtype=np.float64) - reference.sum(axis=1, dtype=np.float64)


def largest_difference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Alternative minus reference in the bin where that is furthest from 0."""
    change = alternative.astype(np.float64) - reference
    return np.take_along_axis(change, np.abs(change).argmax(axis=1)[:, None], axis=1)[:, 0]


def maximum_reference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The highest bin with the reference's allele."""
    return reference.max(axis=1).astype(np.float64)


def maximum_alternative(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The highest bin with the alternative allele."""
    return alternative.max(axis=1).astype(np.float64)


def jensen_shannon(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of the profiles' shapes, in bits: 0 for the same, 1 for no bin in common."""
    shapes = []
    for profile in (reference, alternative):
        positive = np.maximum(profile.astype(np.float64), 0) + 1e-12
        shapes.append(positive / positive.sum(axis=1, keepdims=True))
    one, other = shapes
    middle = 0.5 * (one + other)
    return 0.5 * sum((shape * np.log2(shape / middle)).sum(axis=1) for shape in shapes)


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "log2_fold_change": log2_fold_change,
    "difference": difference,
    "largest_difference": largest_difference,
    "jensen_shannon": jensen_shannon,
    "maximum_reference": maximum_reference,
    "maximum_alternative": maximum_alternative,
}


def at_one_bin(reference: np.ndarray, alternative: np.ndarray, bin: int) -> dict[str, np.ndarray]:
    """The scores of ASAP's notebook: ratios of both alleles in one bin of profiles smoothed over 8 bins.

    Args:
        reference: (n, bins) whole profiles.
        bin: where.

    Returns:
        "reference_over_alternative", "alternative_over_reference", and "log2_ratio_plus_1", of the first of them.
    """
    one, other = (
        gaussian_filter1d(profile.astype(np.float64), _SIGMA, axis=1)[:, bin] for profile in (reference, alternative)
    )
    ratio = one / (other + SMALL)
    return {
        "reference_over_alternative": ratio,
        "alternative_over_reference": other / (one + SMALL),
        "log2_ratio_plus_1": np.log2(ratio + 1),
    }
