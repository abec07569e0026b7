"""Motifs that sequences have and controls lack: enriched k-mers, refined by expectation maximization.

A motif begins with a k-mer that more sequences have than the controls let expect. It is refined as a position weight
matrix that a sequence has once or not at all, on either strand (the ZOOPS model of MEME: Bailey & Elkan 1995, Machine
Learning 21: 51-80). Of several candidates the one that best tells sequences from controls is kept; its places are
masked, and the next one is sought.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.genome.encode import N, one_hot
from zoo.spec import BASES

_LETTERS = len(BASES)
_SEED = 8  # bp of a k-mer
_CANDIDATES = 6  # k-mers that are refined for each motif
_ROUNDS = 25
_SURE = 0.76  # probability of a k-mer's base to begin with
_PSEUDOCOUNT = 2.0  # bases at each position, as the background has them
_FOUND = 4.0  # log-odds (natural) from which on a place is masked
_EDGE = 3  # bp at both ends of a masked place that stay
_BOUNDS = 0.02, 0.98  # of the share of sequences with the motif


@dataclass(frozen=True, eq=False)
class Motif:
    """A position weight matrix.

    Attributes:
        probabilities: (width, 4) float64 of A, C, G, T.
        log_odds: (width, 4) float64, their natural logarithms over those of the background.
        share: of the sequences, how many have it.
        auroc: area under the receiver operating characteristic of sequences against controls, by their best places.
    """

    probabilities: np.ndarray
    log_odds: np.ndarray
    share: float
    auroc: float

    @property
    def consensus(self) -> str:
        """A letter a position: capital where its probability is above 0.7, small above 0.45, else a dot."""
        best = self.probabilities.max(axis=1)
        letters = [BASES[place] for place in self.probabilities.argmax(axis=1)]
        return "".join(
            letter if p > 0.7 else letter.lower() if p > 0.45 else "." for letter, p in zip(letters, best, strict=True)
        )


def discover(sequences: np.ndarray, controls: np.ndarray, motifs: int = 3, width: int = 17) -> list[Motif]:
    """Motifs of sequences, one after the other; fewer than asked for if no enriched k-mer is left.

    Deterministic. 600 sequences of 81 bp take some seconds.

    Args:
        sequences: (n, bp) uint8, base codes.
        controls: (m, bp) uint8, such as sequences some hundred bp away.
        motifs: how many are wanted.
        width: bp of each, at least 8 and not more than a sequence has.

    Raises:
        InputError: no sequence or no control, sequences and controls of different lengths, or another width.
    """
    _check(sequences, controls, width)
    sequences, controls = sequences.copy(), controls.copy()
    known = np.bincount(np.concatenate([sequences, controls]).ravel(), minlength=N + 1)[:_LETTERS] + 1.0
    background = known / known.sum()
    found: list[Motif] = []
    while len(found) < motifs:
        refined = [_refined(sequences, controls, kmer, width, background) for kmer in _enriched(sequences, controls)]
        if not refined:
            break
        found.append(max(refined, key=lambda motif: motif.auroc))
        for codes in (sequences, controls):
            _mask(codes, found[-1].log_odds)
    return found


def _check(sequences: np.ndarray, controls: np.ndarray, width: int) -> None:
    """Raise `InputError` for what no motif can be sought in."""
    if not len(sequences) or not len(controls) or sequences.shape[1] != controls.shape[1]:
        raise InputError(
            "There must be sequences and controls, all of one length",
            received={"sequences": sequences.shape, "controls": controls.shape},
        )
    if not _SEED <= width <= sequences.shape[1]:
        raise InputError(
            f"The width of a motif must be at least {_SEED} bp and at most that of the sequences",
            example=17,
            received={"width": width, "sequences": sequences.shape},
        )


def _enriched(sequences: np.ndarray, controls: np.ndarray) -> Iterator[int]:
    """The numbers of the k-mers that more sequences have than expected, the most significant ones first."""
    with_kmer, expected = (_having(codes) for codes in (sequences, controls))
    n, m = len(sequences), len(controls)
    p = (expected + 0.5 * m / n) / (m + m / n)
    z = (with_kmer - n * p) / np.sqrt(n * p * (1 - p) + 0.5)
    order = np.argsort(-z, kind="stable")[:_CANDIDATES]
    return (int(kmer) for kmer in order if with_kmer[kmer] > 1 and z[kmer] > 0)


def _having(codes: np.ndarray) -> np.ndarray:
    """How many sequences have each k-mer on one strand or the other, under the smaller number of both, (4**k,)."""
    count = _LETTERS**_SEED
    kmers, other = (_kmers(each) for each in (codes, _other_strand(codes)))
    least = np.where(kmers < 0, -1, np.minimum(kmers, other[:, ::-1]))
    rows = np.broadcast_to(np.arange(len(codes))[:, None], least.shape)
    once = np.unique((rows * count + least)[least >= 0])
    return np.bincount(once % count, minlength=count)


def _kmers(codes: np.ndarray) -> np.ndarray:
    """The number of the k-mer that begins at each position, -1 where a base is unknown, (n, bp - k + 1)."""
    numbers = np.zeros((len(codes), codes.shape[1] - _SEED + 1), np.int64)
    unknown = np.zeros(numbers.shape, bool)
    for at in range(_SEED):
        letters = codes[:, at : at + numbers.shape[1]]
        numbers = numbers * _LETTERS + np.minimum(letters, _LETTERS - 1)
        unknown |= letters == N
    return np.where(unknown, -1, numbers)


def _other_strand(codes: np.ndarray) -> np.ndarray:
    return np.where(codes[:, ::-1] == N, N, _LETTERS - 1 - np.minimum(codes[:, ::-1], _LETTERS - 1)).astype(np.uint8)


def _refined(sequences: np.ndarray, controls: np.ndarray, kmer: int, width: int, background: np.ndarray) -> Motif:
    """The motif that a k-mer leads to."""
    windows = np.concatenate([_windows(sequences, width), _windows(_other_strand(sequences), width)], axis=1)
    places = windows.shape[1]
    probabilities = np.tile(background, (width, 1))
    digits = [kmer >> (2 * (_SEED - 1 - at)) & (_LETTERS - 1) for at in range(_SEED)]
    first = (width - _SEED) // 2
    probabilities[first : first + _SEED] = (1 - _SURE) / (_LETTERS - 1)
    probabilities[first + np.arange(_SEED), digits] = _SURE
    share = 0.5
    for _ in range(_ROUNDS):
        odds = np.log(probabilities / background).astype(np.float32)
        fit = windows @ odds.ravel()
        highest = fit.max(axis=1, keepdims=True)
        weights = np.exp(fit - highest)
        likelihood = np.exp(highest) * weights.sum(axis=1, keepdims=True) / places
        having = share * likelihood / (share * likelihood + 1 - share)
        share = float(np.clip(having.mean(), *_BOUNDS))
        weights *= having / weights.sum(axis=1, keepdims=True)
        counts = np.tensordot(weights, windows, axes=2).reshape(width, _LETTERS).astype(np.float64)
        probabilities = counts + _PSEUDOCOUNT * background
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    odds = np.log(probabilities / background)
    return Motif(
        probabilities, odds, share, _auroc(*(_scan(codes, odds).max(axis=1) for codes in (sequences, controls)))
    )


def _windows(codes: np.ndarray, width: int) -> np.ndarray:
    """Every stretch of `width` bp, (n, places, width × 4) float32."""
    views = np.lib.stride_tricks.sliding_window_view(one_hot(codes), width, axis=1)
    return np.ascontiguousarray(views.transpose(0, 1, 3, 2)).reshape(len(codes), -1, width * _LETTERS)


def _scan(codes: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """The log-odds of every stretch on the better strand, (n, places)."""
    x, width = one_hot(codes), len(odds)
    places = codes.shape[1] - width + 1
    strands = [
        sum(x[:, at : at + places] @ kernel[at].astype(np.float32) for at in range(width))
        for kernel in (odds, odds[::-1, ::-1])
    ]
    return np.maximum(*strands)


def _mask(codes: np.ndarray, odds: np.ndarray) -> None:
    """Make the middle of each sequence's best place unknown, if the motif is there."""
    fit, width = _scan(codes, odds), len(odds)
    rows = np.flatnonzero(fit.max(axis=1) > _FOUND)
    places = fit[rows].argmax(axis=1)[:, None] + np.arange(_EDGE, width - _EDGE)
    codes[rows[:, None], places] = N


def _auroc(sequences: np.ndarray, controls: np.ndarray) -> float:
    """The probability that a sequence's score is above a control's; ties count half."""
    from scipy.stats import rankdata

    n, m = len(sequences), len(controls)
    ranks = rankdata(np.concatenate([sequences, controls]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
