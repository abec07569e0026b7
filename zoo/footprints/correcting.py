"""Cut sites without the bias of Tn5 (TOBIAS `atacorrect`): cuts less those that bias alone would put there.

In windows of 100 bp every 10 bp the cuts of a strand are fitted by max(0, a B + b), B the bias score; the mean shape of
the windows spreads the cuts of 100 bp.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.footprints.bias import FLANK
from zoo.footprints.fitting import fit

WINDOW, STEP = 100, 10
MARGIN = FLANK + WINDOW // 2
"""bp on each side of a region that are read and not put out."""
_CLOSE = 1e-8
_AT_ONCE = 2048  # windows


@dataclass(frozen=True)
class Corrected:
    """Tracks of one strand, or of both together, (length,) float64 each.

    Attributes:
        uncorrected: cuts, scaled.
        bias: log2 scores.
        expected: cuts by bias alone, scaled.
        corrected: their difference, rescaled; negative where less is cut than expected.
    """

    uncorrected: np.ndarray
    bias: np.ndarray
    expected: np.ndarray
    corrected: np.ndarray

    def __add__(self, other: "Corrected") -> "Corrected":
        return Corrected(*(one + two for one, two in zip(self.tracks(), other.tracks(), strict=True)))

    def tracks(self) -> tuple[np.ndarray, ...]:
        """All of them."""
        return self.uncorrected, self.bias, self.expected, self.corrected


def correct(cuts: Sequence[np.ndarray], biases: Sequence[np.ndarray], factor: float, always: bool) -> list[Corrected]:
    """Correct the cuts of a strand in some regions.

    Args:
        cuts: (length + 124,) of each region and 62 bp on either side.
        biases: the same, scores.
        factor: what cuts are multiplied by.
        always: whether the mean of windows is over 10 of them always (TOBIAS), or over those that reach a base.
    """
    fits = _fits(cuts, biases)
    return [_corrected(*item, factor, always) for item in zip(cuts, biases, fits, strict=True)]


def _corrected(cuts: np.ndarray, bias: np.ndarray, fits: np.ndarray, factor: float, always: bool) -> Corrected:
    shape = _shape(fits, len(cuts), always)
    total, spread = rolling_sum(cuts, WINDOW), rolling_sum(shape, WINDOW)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(np.abs(spread) > _CLOSE, total * shape / spread, 0)  # not where a sum is NaN
    scaled, expected = cuts * factor, expected * factor
    difference = _rescaled(scaled, scaled - expected)
    return Corrected(*(track[MARGIN:-MARGIN] for track in (scaled, bias, expected, difference)))


def rolling_sum(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over i - width / 2 up to but not including i + width / 2, NaN where that is not inside. float32.

    Each is added up from its left in 32 bit, as TOBIAS does.
    """
    found = np.full(len(values), np.nan, np.float32)
    if len(values) >= width:
        parts = np.zeros(len(values) - width + 1, np.float32)
        for first in range(width):
            parts = (parts + values[first : first + len(parts)]).astype(np.float32)
        found[width // 2 : width // 2 + len(parts)] = parts
    return found


def _fits(cuts: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The fitted windows of each region, (windows, 100), from its 13th base on every 10 bp; 0 without cuts."""
    values, scores = (np.concatenate([_windows(item) for item in items]) for items in (cuts, biases))
    found = np.zeros(values.shape)
    there = np.flatnonzero(values.any(axis=1))
    for first in range(0, len(there), _AT_ONCE):
        at = there[first : first + _AT_ONCE]
        found[at] = fit(scores[at], values[at])
    return np.split(found, np.cumsum([len(_windows(item)) for item in cuts])[:-1])


def _windows(values: np.ndarray) -> np.ndarray:
    every = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
    return every[FLANK : max(len(values) - FLANK - WINDOW, FLANK) : STEP]


def _shape(fits: np.ndarray, length: int, always: bool) -> np.ndarray:
    """The mean of a region's windows at each base, (length,); 0 where none reaches."""
    found, reach = np.zeros(length), np.zeros(length)
    for step in range(WINDOW - STEP, -1, -STEP):  # at each base the windows from left to right
        here = slice(FLANK + step, FLANK + step + STEP * len(fits))
        found[here] += fits[:, step : step + STEP].ravel()
        reach[here] += 1
    return found / (WINDOW / STEP) if always else found / np.maximum(reach, 1)


def _rescaled(cuts: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """The difference, of which positive values grow so that within 100 bp all of it adds up to the cuts there."""
    total, size, positive = (
        np.nan_to_num(rolling_sum(item, WINDOW)) for item in (cuts, np.abs(difference), np.maximum(difference, 0))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.where(positive != 0, (total - (size - positive)) / positive, 1)
    return np.where(difference > 0, difference * np.maximum(grown, 1), difference)
