"""Sites of motifs in peaks, at thresholds by p-value (TOBIAS `bindetect`; MOODS: Korhonen et al. 2009)."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.genome.encode import N, one_hot
from zoo.genome.motifs import read_motifs
from zoo.genome.text import raw_lines

_PSEUDO = 0.01
_GRID = 2000  # steps of scores in a unit
_SITES = 20  # of a motif that does not say of how many it is made
_AT_ONCE = 1 << 16  # bases
_SLACK = 1e-2  # of a sum in 32 bit
_SHORT = 7  # bp, below which MOODS misses hits at a sequence's end
_SAYS = re.compile(r"nsites\s*=\s*([0-9.]+)")


@dataclass(frozen=True)
class Pattern:
    """A motif as it is looked for.

    Attributes:
        name: of it.
        forward: (4, width) log-odds.
        reverse: the same of its reverse complement.
        threshold: of a hit.
    """

    name: str
    forward: np.ndarray
    reverse: np.ndarray
    threshold: float

    @property
    def width(self) -> int:
        """bp."""
        return self.forward.shape[1]


@dataclass(frozen=True)
class Sites:
    """Hits of a motif, sorted by sequence and place; no two overlap.

    Attributes:
        sequence: (n,) int64, the number of the sequence.
        start: (n,) int64, 0-based in it.
        strand: (n,) "+" or "-".
        score: (n,) float64, rounded to 5 decimals.
    """

    sequence: np.ndarray
    start: np.ndarray
    strand: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


def base_frequencies(sequences: Sequence[np.ndarray], chunks: int = 100) -> np.ndarray:
    """Of A, C, G and T, (4,), from the fraction of G and C: the mean over chunks of sequences.

    An N is half a G. TOBIAS takes the mean over at most 100 chunks of as many peaks each.
    """
    size = -(-len(sequences) // chunks)
    found = []
    for first in range(0, len(sequences), size):
        codes = np.concatenate(sequences[first : first + size])
        counts = np.bincount(codes, minlength=N + 1)
        found.append((counts[1] + counts[2] + 0.5 * counts[N]) / len(codes))
    strong = float(np.mean(found))
    return np.array([(1 - strong) / 2, strong / 2, strong / 2, (1 - strong) / 2])


def patterns(path: str | Path, background: np.ndarray, p_value: float, rounded: bool = False) -> list[Pattern]:
    """The motifs of a MEME file.

    Args:
        path: the file.
        background: frequencies of bases, (4,).
        p_value: of a hit, at most.
        rounded: whether the reverse strand is looked through with frequencies of rounded counts, the forward one with
            those of the file (TOBIAS).
    """
    return patterns_of(read_motifs(path), background, p_value, _number_of_sites(path) if rounded else None)


def patterns_of(
    motifs: Mapping[str, np.ndarray], background: np.ndarray, p_value: float, sites: Mapping[str, int] | None = None
) -> list[Pattern]:
    """The same of motifs (4, width) by name; `sites`, of how many each is made, if the reverse strand has counts."""
    found = []
    for name, frequencies in motifs.items():
        forward = backward = _log_odds(frequencies, background)
        if sites is not None:
            counts = np.round(frequencies * sites.get(name, _SITES))
            with np.errstate(invalid="ignore"):
                backward = _log_odds(counts / counts.sum(axis=0), background)
        found.append(Pattern(name, forward, backward[::-1, ::-1], threshold_of(forward, background, p_value)))
    return found


def _number_of_sites(path: str | Path) -> dict[str, int]:
    """What `nsites=` says, by motif as `read_motifs` names them."""
    found, current = {}, None
    for line in raw_lines(path):
        words = line.split()
        if words[:1] == ["MOTIF"]:
            current = " ".join(words[1:])
        elif words[:1] == ["letter-probability"] and (said := _SAYS.search(line)):
            found.setdefault(current, int(float(said[1])))
    return found


def _log_odds(frequencies: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Natural logs of smoothed frequencies over the background's, (4, width); 0 in a column without any."""
    smooth = frequencies + _PSEUDO * background[:, None]
    return np.nan_to_num(np.log(smooth / smooth.sum(axis=0)) - np.log(background)[:, None])


def threshold_of(weights: np.ndarray, background: np.ndarray, p_value: float) -> float:
    """The score that a random sequence reaches with probability `p_value` at most, on MOODS's grid.

    Args:
        weights: (4, width).
        background: (4,).
        p_value: above 0.
    """
    steps = (np.sign(weights) * np.floor(np.abs(weights) * _GRID + 0.5)).astype(np.int64)
    lowest = steps.min(axis=0)
    chances = np.ones(1)
    for column, low in zip(steps.T, lowest, strict=True):
        longer = np.zeros(len(chances) + int(column.max() - low))
        for step, chance in zip(column - low, background, strict=True):
            longer[step : step + len(chances)] += chance * chances
        chances = longer
    above = np.cumsum(chances[::-1])
    reached = int(np.argmax(above > p_value))
    if reached:
        return (int(steps.max(axis=0).sum()) - reached + 1) / _GRID
    distinct = (np.unique(column) for column in weights.T)
    gaps = [float(values[-1] - values[-2]) for values in distinct if len(values) > 1]
    return float(weights.max(axis=0).sum()) - min(gaps, default=0.0) / 2


def scan(
    found: Sequence[Pattern], sequences: Sequence[np.ndarray], missed: bool = False, overlapping: bool = False
) -> list[Sites]:
    """Sites of each motif on both strands; of overlapping ones of a motif the better, or the later, stays.

    Args:
        found: the motifs.
        sequences: codes, (length,) uint8 each.
        missed: whether hits of motifs below 7 bp at the very end of a sequence are missed (MOODS).
        overlapping: whether all of them stay.
    """
    widest = max(item.width for item in found)
    sizes = np.array([len(codes) for codes in sequences])
    gap = np.full(widest, N, np.uint8)
    joined = np.concatenate([part for codes in sequences for part in (codes, gap)])
    offsets = np.cumsum([0, *(sizes + widest)])[:-1]
    places = _candidates(found, joined, widest)
    made = []
    for number, pattern in enumerate(found):
        ends = offsets + sizes - pattern.width if missed and pattern.width < _SHORT else np.empty(0, np.int64)
        rows = []
        for side, weights in enumerate((pattern.forward, pattern.reverse)):
            at = np.setdiff1d(places[2 * number + side], ends)
            kmers = joined[at[:, None] + np.arange(pattern.width)]
            at, kmers = (item[(kmers != N).all(axis=1)] for item in (at, kmers))
            scores = np.zeros(len(at))
            for position in range(pattern.width):
                scores = scores + weights[kmers[:, position], position]
            good = scores >= pattern.threshold
            rows += [
                (place, side, round(score, 5)) for place, score in zip(at[good], scores[good].tolist(), strict=True)
            ]
        made.append(_sites(sorted(rows), 0 if overlapping else pattern.width, offsets))
    return made


def _candidates(found: Sequence[Pattern], joined: np.ndarray, widest: int) -> list[np.ndarray]:
    """Where each motif may match, forward and reverse in turn, by a product in 32 bit."""
    table = np.zeros((widest, N, 2 * len(found)), np.float32)
    for number, pattern in enumerate(found):
        table[: pattern.width, :, 2 * number] = pattern.forward.T
        table[: pattern.width, :, 2 * number + 1] = pattern.reverse.T
    limits = np.repeat([item.threshold for item in found], 2).astype(np.float32) - np.float32(_SLACK)
    places: list[list[np.ndarray]] = [[] for _ in limits]
    flat = table.reshape(widest * N, -1)
    for first in range(0, len(joined) - widest + 1, _AT_ONCE):
        bases = one_hot(joined[first : first + _AT_ONCE + widest - 1])
        windows = np.lib.stride_tricks.sliding_window_view(bases, (widest, N))[:, 0].reshape(-1, widest * N)
        rows, columns = np.nonzero(windows @ flat >= limits)
        for column in np.unique(columns):
            places[column].append(rows[columns == column] + first)
    return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in places]


def _sites(rows: list[tuple[int, int, float]], width: int, offsets: np.ndarray) -> Sites:
    """From left to right the worse of two hits less than `width` apart goes, of equal ones the earlier."""
    kept: list[tuple[int, int, float]] = []
    for row in rows:
        if not kept or row[0] >= kept[-1][0] + width:
            kept.append(row)
        elif row[2] >= kept[-1][2]:
            kept[-1] = row
    at = np.array([row[0] for row in kept], np.int64)
    number = np.searchsorted(offsets, at, side="right") - 1
    strands = np.array(["+-"[row[1]] for row in kept], "U1")
    return Sites(number, at - offsets[number], strands, np.array([row[2] for row in kept], np.float64))


def background_places(length: int) -> list[int]:
    """Random places of a peak by its length alone, one for each 200 bp and one at least."""
    return random.Random(length).sample(range(length), max(1, length // 200))
