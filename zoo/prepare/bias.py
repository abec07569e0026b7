"""Whether ends of fragments were shifted, from what Tn5 likes to cut."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zoo.genome.encode import N
from zoo.genome.sequence import Genome

_REACH = 12  # bp on each side of a site where its bases matter
_UNSHIFTED = 4  # bp from a raw fragment's start to the middle of the target site
_MOST = 20_000  # fragments looked at
_FEWEST = 200
_CLEAR = 0.25  # a correlation, and its difference from the other one; of real samples 0.3 to 1
_COMPLEMENT = [3, 2, 1, 0]


@dataclass(frozen=True)
class Bias:
    """How symmetric the bases around fragments' ends are.

    Attributes:
        raw: correlation with their mirror image about the ends + 4 bp, as of fragments that were not shifted.
        shifted: the same about the ends themselves.
        fragments: how many were looked at.
        shares: of A, C, G and T at -16, … 16 bp from the ends, on the reads' strands, (33, 4); none of too few.
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


def of_fragments(genome: Genome, found: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> Bias:
    """Look at the sequence around the ends of some fragments.

    The target of Tn5 is a palindrome of 9 bp and its surroundings: around true cut sites the bases of one strand are
    those of the other, read backwards (Adey et al. 2010, Genome Biol 11: R119; Buenrostro et al. 2013).

    Args:
        genome: the sequence.
        found: (chromosome by the genome's name, starts (n,), ends (n,)), as they come; the first ones are looked at.

    Returns:
        Correlations that are 0 where fewer than 200 fragments lie in known sequence: then nothing is clear.
    """
    profile, count = np.zeros((2 * (_REACH + _UNSHIFTED) + 1, N), np.float64), 0
    for chrom, starts, ends in found:
        count += _add(profile, genome, chrom, starts, ends, _MOST - count)
        if count >= _MOST:
            break
    if count < _FEWEST:
        return Bias(0.0, 0.0, count)
    shares = profile / profile.sum(axis=1, keepdims=True)
    listed = tuple(tuple(row) for row in shares.round(4).tolist())
    return Bias(_symmetry(shares, _UNSHIFTED), _symmetry(shares, 0), count, listed)


def _add(profile: np.ndarray, genome: Genome, chrom: str, starts: np.ndarray, ends: np.ndarray, most: int) -> int:
    """Count bases around starts, and around the last bases on the other strand; of how many fragments."""
    span, size = _REACH + _UNSHIFTED, genome.sizes[chrom]
    usable = (starts >= span) & (ends + span < size)
    count = 0
    for start, end in zip(starts[usable], ends[usable], strict=True):
        left = genome.codes(chrom, int(start) - span, int(start) + span + 1)
        right = genome.codes(chrom, int(end) - 1 - span, int(end) + span)
        if (left != N).all() and (right != N).all():
            places = np.arange(len(profile))
            profile[places, left] += 1
            profile[places, 3 - right[::-1]] += 1
            count += 1
            if count == most:
                break
    return count


def _symmetry(shares: np.ndarray, offset: int) -> float:
    """Correlation of base shares with their mirror image about `offset` bp behind the ends."""
    shares = shares - shares.mean(axis=0)
    middle = len(shares) // 2 + offset
    part = shares[middle - _REACH : middle + _REACH + 1]
    return float(np.corrcoef(part.ravel(), part[::-1, _COMPLEMENT].ravel())[0, 1])
