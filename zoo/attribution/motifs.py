"""Known motifs: their effect when inserted into sequences, and their high-attribution hits in windows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.arguments import is_whole
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.motifs import Hits, scan
from zoo.spec import BASES


@dataclass(frozen=True)
class Marginal:
    """What a motif adds, over many backgrounds.

    Attributes:
        before: (n, bins) float32, predictions of the backgrounds.
        after: (n, bins) float32, with the motif.
    """

    before: np.ndarray
    after: np.ndarray

    @property
    def effect(self) -> np.ndarray:
        """(bins,) float64, the mean of what the motif adds."""
        return (self.after.astype(np.float64) - self.before).mean(axis=0)

    @property
    def total(self) -> float:
        """What it adds to the sum of all bins."""
        return float(self.effect.sum())


def insert(x: np.ndarray, motif: str, position: int | None = None) -> np.ndarray:
    """Windows with a sequence put into them; the signal, if any, stays.

    Args:
        x: (n, window, channels) float32, one-hot A, C, G, T and the signal.
        motif: letters; N leaves what is there.
        position: where it begins, 0-based; default in the middle.

    Raises:
        InputError: other letters, or a place outside the windows.
    """
    if not (isinstance(x, np.ndarray) and x.ndim == 3 and x.shape[2] >= len(BASES)):
        raise InputError("Windows x must be an array (n, window, channels)", received={"x": getattr(x, "shape", x)})
    length = x.shape[1]
    if not isinstance(motif, str) or not motif or set(motif.upper()) - set("ACGTN"):
        raise InputError(
            "A motif that is inserted must be letters A, C, G, T and N", example="TTACCCG", received={"motif": motif}
        )
    codes = encode(motif)
    start = (length - len(codes)) // 2 if position is None else position
    if not is_whole(start) or not 0 <= start <= length - len(codes):
        raise InputError(
            f"A motif must lie within the windows of {length} bp", received={"position": start, "width": len(codes)}
        )
    changed, places = x.copy(), start + np.flatnonzero(codes < len(BASES))
    changed[:, places, : len(BASES)] = one_hot(codes[codes < len(BASES)])
    return changed


def marginalize(model, x: np.ndarray, motif: str, position: int | None = None) -> Marginal:
    """What inserting a motif adds to predictions of backgrounds (global importance: Koo et al. 2021).

    Args:
        model: a `zoo.Model`.
        x: (n, window, channels) float32 backgrounds, such as shuffled windows. Others as for `insert`.
    """
    return Marginal(model.predict(x), model.predict(insert(x, motif, position)))


def important_hits(
    found: Attributions, motifs: Mapping[str, np.ndarray], p_value: float = 1e-4, share: float = 0.05
) -> dict[str, Hits]:
    """High-attribution hits of motifs in windows.

    Args:
        motifs: name → probabilities (4, width).
        p_value: of a hit by its sequence, at most.
        share: a hit counts if the mean attribution of its bases is among this highest fraction of all stretches of its
            width in all windows.

    Raises:
        MissingExtra: memelite is not installed.
    """
    total = np.pad(np.cumsum(found.scores, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    kept = {}
    for name, hits in scan(motifs, list(found.codes), p_value).items():
        width = motifs[name].shape[1]
        least = np.quantile(total[:, width:] - total[:, :-width], 1 - share)
        high = total[hits.sequence, hits.end] - total[hits.sequence, hits.start] >= max(least, np.nextafter(0, 1))
        kept[name] = Hits(*(getattr(hits, field)[high] for field in Hits.__dataclass_fields__))
    return kept
