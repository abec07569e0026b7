"""Whether cut sites were shifted, from what Tn5 likes to cut."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zoo.genome.encode import N
from zoo.genome.sequence import Genome

_REACH = 12  # bp on each side of a site where its bases matter
_UNSHIFTED = 4  # bp from a raw fragment's start to the middle of the target site
_MOST = 20_000  # fragments looked at
_TRIED = 1_000_000  # of which many may lie in unknown sequence
_FEWEST = 200
_CLEAR = 0.25  # a correlation, and its difference from the other one; of real samples 0.3 to 1
_COMPLEMENT = [3, 2, 1, 0]


@dataclass(frozen=True)
class Bias:
    """How symmetric the bases around fragments' ends are.

    Attributes:
        raw: correlation with their mirror image about the ends + 4 bp, as of fragments that were not shifted.
        shifted: the same about the ends themselves.
        fragments: of how many, or of as many forward and reverse reads.
        shares: fractions of A, C, G, T at -16, … 16 bp from the ends, on the reads' strands, (33, 4); none of too few.
    """

    raw: float
    shifted: float
    fragments: int
    shares: tuple[tuple[float, ...], ...] = ()

    @property
    def needs_shift(self) -> bool | None:
        """Whether the ends are still where reads begin; None if neither place is clearly symmetric."""
        clear = abs(self.raw - self.shifted) >= _CLEAR and max(self.raw, self.shifted) >= _CLEAR
        return self.raw > self.shifted if clear else None


def of_cuts(genome: Genome, found: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> Bias:
    """Measure the sequence bias around some cuts.

    The target of Tn5 is a palindrome of 9 bp and its surroundings: around true cut sites the bases of one strand are
    those of the other, read backwards (Adey et al. 2010, Genome Biol 11: R119; Buenrostro et al. 2013).

    Args:
        genome: the sequence.
        found: (chromosome by the genome's name, starts, ends) of fragments, (n,) each; of single reads the starts of
            forward ones and the ends of reverse ones. The first 20,000 of each are looked at.

    Returns:
        Correlations that are 0 where fewer than 200 fragments lie in known sequence: then nothing is clear.
    """
    profile, counts = np.zeros((2 * (_REACH + _UNSHIFTED) + 1, N), np.float64), [0, 0]
    tried = 0
    for chrom, starts, ends in found:
        tried += len(starts)
        for side, places in enumerate((starts, ends - 1)):
            counts[side] += _add(profile, genome, chrom, places, bool(side), _MOST - counts[side])
        if min(counts) >= _MOST or tried >= _TRIED:
            break
    count = min(counts)
    if count < _FEWEST:
        return Bias(0.0, 0.0, count)
    shares = profile / profile.sum(axis=1, keepdims=True)
    listed = tuple(tuple(row) for row in shares.round(4).tolist())
    return Bias(_symmetry(shares, _UNSHIFTED), _symmetry(shares, 0), count, listed)


def _add(profile: np.ndarray, genome: Genome, chrom: str, places: np.ndarray, reverse: bool, most: int) -> int:
    """Count bases around the first bases of reads, on their strand; of how many that lie in known sequence."""
    span, count = _REACH + _UNSHIFTED, 0
    for place in places[(places >= span) & (places + span < genome.sizes[chrom])].tolist():
        if count == most:
            break
        codes = genome.codes(chrom, place - span, place + span + 1)
        if (codes != N).all():
            profile[np.arange(len(profile)), 3 - codes[::-1] if reverse else codes] += 1
            count += 1
    return count


def _symmetry(shares: np.ndarray, offset: int) -> float:
    """Correlation of base fractions with their mirror image about `offset` bp beyond the ends."""
    shares = shares - shares.mean(axis=0)
    middle = len(shares) // 2 + offset
    part = shares[middle - _REACH : middle + _REACH + 1]
    return float(np.corrcoef(part.ravel(), part[::-1, _COMPLEMENT].ravel())[0, 1])
