"""The best instance of a motif in a stretch, with the P value of its score, as FIMO has them (Grant et al. 2011).

Scores are log2 odds against equal frequencies of the four bases. A P value is the probability of such a score or a
higher one at one place of random sequence, for scores in steps of 0.1.
"""

from dataclasses import dataclass

import numpy as np

from zoo.spec import BASES

_LEAST = 1e-4  # is added to probabilities, which may be 0
_STEP = 0.1  # of scores in P values


@dataclass(frozen=True)
class Instance:
    """Where a motif matches best.

    Attributes:
        start: 0-based in the stretch.
        strand: "+" or "-".
        score: log2 odds.
        p_value: of such a score or a higher one.
    """

    start: int
    strand: str
    score: float
    p_value: float


class Scanner:
    """Looks for a motif on both strands.

    Args:
        motif: probabilities of A, C, G, T, (4, width).
    """

    def __init__(self, motif: np.ndarray) -> None:
        odds = np.log2(motif + _LEAST) - np.log2(1 / len(BASES))
        none = np.full((1, motif.shape[1]), -np.inf)  # no instance touches an N
        self.width = motif.shape[1]
        self._odds = [np.concatenate([each, none]) for each in (odds, odds[::-1, ::-1])]
        steps = np.round(odds / _STEP).astype(np.int64)
        self._lowest, self._tail = int(steps.min(axis=0).sum()), _tail(steps)

    def best(self, codes: np.ndarray, first: int, last: int) -> Instance | None:
        """The instance of the highest score, of equal ones the leftmost, the forward strand first.

        Args:
            codes: (length,) uint8.
            first, last: where instances may start, both included; what does not fit into the stretch is left out.

        Returns:
            None if there is no place without an N.
        """
        starts = np.arange(max(first, 0), min(last, len(codes) - self.width) + 1)
        if not len(starts):
            return None
        seen = codes[starts[:, None] + np.arange(self.width)]
        scores = np.stack([odds[seen, np.arange(self.width)].sum(axis=1) for odds in self._odds], axis=1)
        at, reverse = np.unravel_index(np.argmax(scores), scores.shape)
        if not np.isfinite(scores[at, reverse]):
            return None
        steps = int(scores[at, reverse] / _STEP) - self._lowest  # as FIMO of memelite, and so `zoo motifs`, has it
        return Instance(
            int(starts[at]),
            "+-"[reverse],
            float(scores[at, reverse]),
            float(self._tail[min(max(steps, 0), len(self._tail) - 1)]),
        )


def _tail(steps: np.ndarray) -> np.ndarray:
    """The probability of each sum of steps, from the lowest one on, or a higher one."""
    above = steps - steps.min(axis=0)
    chances = np.ones(1)
    for column in above.T:
        longer = np.zeros(len(chances) + int(column.max()))
        for step in column.tolist():
            longer[step : step + len(chances)] += chances / len(BASES)
        chances = longer
    return np.minimum(np.cumsum(chances[::-1])[::-1], 1)
