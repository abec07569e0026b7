"""Both alleles by the heads of a profile and of its total counts, and the numbers of variant-scorer that follow.

variant-scorer (kundajelab, commit 0e1e3419) scores variants by ChromBPNet and BPNet models. Allele 1 is the
reference's, allele 2 the alternative. Its counts are exp(log total), without a pseudocount taken off.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class AlleleHeads:
    """What a network's heads give for both alleles of n variants.

    Attributes:
        counts: (2, n) float64, exp(log total), the mean over strands.
        profiles: (2, n, bins, tracks) float64, softmax of the mean over strands of the logits; over all bins and
            tracks, whose sum is 1.
        lengths: (2, n) int64, bp of each allele.
        bin: of the first base of a variant.
        peaks: (peaks,) float64, rising, the counts predicted at peaks; None without peaks.
    """

    counts: np.ndarray
    profiles: np.ndarray
    lengths: np.ndarray
    bin: int
    peaks: np.ndarray | None = None

    def __len__(self) -> int:
        return self.counts.shape[1]

    @property
    def allele1_counts(self) -> np.ndarray:
        """(n,) of the reference allele."""
        return self.counts[0]

    @property
    def allele2_counts(self) -> np.ndarray:
        """(n,) of the alternative allele."""
        return self.counts[1]

    @property
    def logfc(self) -> np.ndarray:
        """(n,) log2 of allele 2's counts over allele 1's."""
        return np.log2(self.counts[1] / self.counts[0])

    @property
    def abs_logfc(self) -> np.ndarray:
        """(n,) its absolute value."""
        return np.abs(self.logfc)

    @cached_property
    def original_jsd(self) -> np.ndarray:
        """(n,) Jensen-Shannon distance of the profiles, base 2, of all their bins."""
        return jensen_shannon_distance(*(profile.reshape(len(self), -1) for profile in self.profiles))

    @cached_property
    def jsd(self) -> np.ndarray:
        """(n,) the same; of insertions and deletions without the bases that only one allele has."""
        distances = self.original_jsd.copy()
        for i in np.flatnonzero(self.lengths[0] != self.lengths[1]):
            one, other = (profile.reshape(1, -1) for profile in self._in_common(i))
            distances[i] = jensen_shannon_distance(one / one.sum(), other / other.sum())[0]
        return distances

    @property
    def allele1_quantile(self) -> np.ndarray:
        """(n,) fraction of the peaks whose counts are below the reference allele's, at least one of them."""
        return self._quantile(0)

    @property
    def allele2_quantile(self) -> np.ndarray:
        """(n,) the same of the alternative allele."""
        return self._quantile(1)

    @property
    def active_allele_quantile(self) -> np.ndarray:
        """(n,) the larger of both."""
        return np.maximum(self.allele1_quantile, self.allele2_quantile)

    @property
    def quantile_change(self) -> np.ndarray:
        """(n,) allele 2's quantile minus allele 1's."""
        return self.allele2_quantile - self.allele1_quantile

    @property
    def abs_quantile_change(self) -> np.ndarray:
        """(n,) its absolute value."""
        return np.abs(self.quantile_change)

    def _quantile(self, allele: int) -> np.ndarray:
        below = np.searchsorted(self.peaks, self.counts[allele])
        return np.maximum(below, 1) / len(self.peaks)

    def _in_common(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """The profiles of a variant on the bases that both alleles have: those of the longer allele that the shorter
        one lacks are removed, and as many at the end of the other's profile."""
        first, second = self.lengths[:, i]
        longer = int(second > first)
        shorter, long = sorted((int(first), int(second)))
        kept = np.delete(self.profiles[longer, i], slice(self.bin + shorter, self.bin + long), axis=0)
        other = self.profiles[1 - longer, i, : len(kept)]
        return (other, kept) if longer else (kept, other)


def jensen_shannon_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Square root of the Jensen-Shannon divergence, base 2, of rows that sum to 1: (n, bins) → (n,), 0 to 1."""
    from scipy.special import rel_entr  # the command line, whose help lists the scores, starts without SciPy

    middle = 0.5 * (one + other)
    divergence = 0.5 * sum(rel_entr(row, middle).sum(axis=1) for row in (one, other)) / np.log(2)
    return np.sqrt(np.maximum(divergence, 0))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of (n, bins, tracks) logits, over all bins and tracks of each; float64."""
    logits = logits.astype(np.float64)
    raised = np.exp(logits - logits.max(axis=(1, 2), keepdims=True))
    return raised / raised.sum(axis=(1, 2), keepdims=True)
