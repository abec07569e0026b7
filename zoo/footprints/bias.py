"""What Tn5 likes to cut, learned from cuts outside of peaks (TOBIAS `atacorrect`): one model for each strand.

A cut's k-mer has 25 bases on the read's strand, the cut base in its middle; background k-mers lie 100 bp outside of the
fragment. The score of a k-mer is its log2 probability among cuts less that among the background.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from zoo.genome.encode import N

FLANK = 12
"""bp on each side of a cut that count."""
WIDTH = 2 * FLANK + 1
AWAY = 100
"""bp from a cut to its background."""
MOST = 10
"""Cuts at one base that count."""
DWM, PWM = "dwm", "pwm"
MODELS = (DWM, PWM)
"""Dinucleotide and position weight matrices."""
_FEWEST = 16  # of k-mers: the weight of independence among the pairs
_ORDER = [0, 3, 1, 2]  # A, T, C, G, in which TOBIAS adds up bases
_EYE = np.eye(N + 1, N)
Function = Callable[[np.ndarray], np.ndarray]
_AT_ONCE = 1 << 12  # k-mers


@dataclass(frozen=True)
class Counts:
    """How often bases occur in k-mers.

    Attributes:
        pairs: (100, 100) float64: of base a at position m together with base b at n, at (4 m + a, 4 n + b).
        kmers: of how many.
    """

    pairs: np.ndarray
    kmers: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.pairs + other.pairs, self.kmers + other.kmers)

    @property
    def single(self) -> np.ndarray:
        """How often each base occurs at each position, (25, 4)."""
        return np.diagonal(self.pairs).reshape(WIDTH, N)


def kmers_at(codes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """K-mers around places of a sequence of which all 25 bases exist, (n, 25) uint8."""
    return codes[(at - FLANK)[:, None] + np.arange(WIDTH)]


def reverse(codes: np.ndarray) -> np.ndarray:
    """The reverse complement of codes along the last axis."""
    return np.where(codes == N, N, 3 - codes)[..., ::-1].astype(np.uint8)


def count(kmers: np.ndarray, weights: np.ndarray, gaps: bool = False) -> Counts:
    """Count k-mers (n, 25), each as often as its weight (n,) says; those with an N only if there may be gaps."""
    if not gaps:
        known = (kmers != N).all(axis=1)
        kmers, weights = kmers[known], weights[known]
    flat = _EYE[kmers].reshape(len(kmers), WIDTH * N)
    return Counts(flat.T @ (flat * weights[:, None]), int(weights.sum()))


@dataclass(frozen=True)
class Bias:
    """The bias of cuts on one strand.

    Attributes:
        weights: log2 terms: a matrix (100, 100) of pairs and (100,) of single bases, of cuts and of the background; or
            None and (100,), of cuts less those of the background.
        exact: whether powers and logarithms are those of the C library, as TOBIAS has them, to the last bit, and not
            NumPy's, which are faster and hang on the processor.
    """

    weights: tuple[tuple[np.ndarray | None, np.ndarray], ...]
    exact: bool = False

    @classmethod
    def learn(cls, cuts: Counts, background: Counts, model: str = DWM, exact: bool = False) -> "Bias":
        """From counts of k-mers around cuts and in the background."""
        if model == PWM:
            return cls(((None, np.log2(_frequencies(cuts) / _frequencies(background)).ravel()),))
        return cls((_dinucleotides(cuts), _dinucleotides(background)), exact)

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Of each base of a sequence (n,), read on the cuts' strand: float64, 0 near its ends and near an N."""
        found = np.zeros(len(codes))
        if len(codes) < WIDTH:
            return found
        kmers = np.lib.stride_tricks.sliding_window_view(codes, WIDTH)
        known = np.flatnonzero((kmers != N).all(axis=1))
        for first in range(0, len(known), _AT_ONCE):
            part = known[first : first + _AT_ONCE]
            scores = [_log_scores(kmers[part], *item, *(_LIBRARY if self.exact else _NUMPY)) for item in self.weights]
            found[part + FLANK] = scores[0] - scores[1] if len(scores) > 1 else scores[0]
        return found


def _frequencies(counts: Counts) -> np.ndarray:
    """Of bases at each position, (25, 4), with a pseudocount of 1."""
    return (counts.single + 1) / (counts.kmers + N)


def _dinucleotides(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """(log2 d - log2 f, 0 within a position; log2 f): pairs are half data and half what independence says."""
    single = _frequencies(counts).ravel()
    trust = max(_FEWEST, counts.kmers)
    pairs = (counts.pairs + np.outer(single, trust * single)) / (counts.kmers + trust)
    weights = np.log2(pairs) - np.log2(single)
    for at in range(0, WIDTH * N, N):
        weights[at : at + N, at : at + N] = 0
    return weights, np.log2(single)


def _log_scores(
    kmers: np.ndarray, weights: np.ndarray | None, single: np.ndarray, power: Function, log2: Function
) -> np.ndarray:
    """Log2 of the product over positions of each base's probability given the others, (n,).

    Terms are added in the order of positions: a matrix product's last bits hang on the machine.
    """
    rows = single.reshape(WIDTH, N)
    if weights is None:
        return _sum_of(rows[np.arange(WIDTH), kmers].T)
    logits = _sum_of(part[column] for part, column in zip(weights.reshape(WIDTH, N, WIDTH, N), kmers.T, strict=True))
    logits += rows
    chosen = np.take_along_axis(logits, kmers[..., None].astype(np.int64), axis=2)[..., 0]
    return _sum_of((chosen - log2(_sum_of(np.moveaxis(power(logits), 2, 0)[_ORDER]))).T)


def _by_library(function: Callable[[float], float]) -> Function:
    """A function of the C library for arrays."""
    return lambda x: np.fromiter(map(function, x.ravel().tolist()), float, x.size).reshape(x.shape)


_NUMPY, _LIBRARY = (np.exp2, np.log2), (_by_library((2.0).__pow__), _by_library(math.log2))


def _sum_of(terms: Iterable[np.ndarray]) -> np.ndarray:
    """Added from the first to the last."""
    found = None
    for term in terms:
        if found is None:
            found = term.copy()
        else:
            found += term
    return found
