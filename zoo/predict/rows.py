"""The scores of one region."""

from dataclasses import dataclass

import numpy as np

from zoo.genome.interval import Interval


@dataclass(frozen=True)
class RegionScores:
    """The bins that overlap one region.

    Attributes:
        interval: the region.
        starts: (bins,) int64, where each bin begins on the chromosome.
        ends: (bins,) int64, where it ends.
        scores: (bins,) float32, or (bins, tracks); NaN where nothing was predicted (blacklist).
        summit: the position that the bins are around, of windows around summits; None: the middle of the region.
    """

    interval: Interval
    starts: np.ndarray
    ends: np.ndarray
    scores: np.ndarray
    summit: int | None = None

    @property
    def center(self) -> int:
        """The position that a matrix of one width has in its middle."""
        return self.interval.start + len(self.interval) // 2 if self.summit is None else self.summit

    @property
    def max(self) -> float:
        """The highest score of all bins and tracks, NaN if there is none."""
        return float(np.fmax.reduce(self.scores, axis=None))
