"""What is known of the many tracks that a network was trained on, and the scale that their coverage was brought to.

Calico's networks (Basenji2, Enformer, Borzoi) come with such a table (`targets.txt`). Borzoi was trained on squashed
coverage (Linder et al. 2025, Methods; `targets` and `untransform_preds` of the authors' code).
"""

import math
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError

STATISTICS = ("sum", "mean", "sum_sqrt", "mean_sqrt", "max")
ROOTED = ("sum_sqrt", "mean_sqrt")  # of these a root was taken before the clipping
POWER, ROOT = SQUASHES = ("power", "root")  # of Borzoi's weights, and of Borzoi Prime's


@dataclass(frozen=True)
class TrackTable:
    """The columns of a table with a row for each track of a head, in its order; those that are not known are empty.

    Attributes:
        descriptions: assay and sample of each, such as "DNASE:K562"; several tracks may share one.
        scales: what the coverage was multiplied by.
        clips: the largest value that it was allowed.
        soft_clips: the value above which what exceeds it was replaced by a root.
        statistics: how the coverage of bases became that of a bin, one of `STATISTICS`.
        squash: how values were squashed before training: "power" (x^(3/4) of `sum_sqrt` tracks, c + √(x - c) above the
            soft clip c, times the scale), "root" (√(1 + x) - 1, and c - 1 + √(x - c + 1), of scaled values); None for
            not at all.
    """

    descriptions: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    clips: tuple[float, ...] = ()
    soft_clips: tuple[float, ...] = ()
    statistics: tuple[str, ...] = ()
    squash: str | None = None

    def __post_init__(self) -> None:
        columns = [column for column in self.columns.values() if column]
        needed = (self.scales, self.soft_clips, self.statistics)
        rules = {
            "columns must be of the same tracks": len({len(column) for column in columns}) <= 1,
            "scales must be finite, and above 0": all(0 < scale < math.inf for scale in self.scales),
            "clips must be finite, and not negative": all(0 <= c < math.inf for c in (*self.clips, *self.soft_clips)),
            f"statistics must be among {', '.join(STATISTICS)}": set(self.statistics) <= set(STATISTICS),
            f"the squash must be {' or '.join(SQUASHES)}, and have scales, soft clips and statistics": self.squash
            is None
            or (self.squash in SQUASHES and all(needed)),
        }
        for rule, holds in rules.items():
            if not holds:
                raise InputError(f"A table of tracks must agree with itself: {rule}", received={"squash": self.squash})

    @property
    def columns(self) -> dict[str, tuple]:
        """Name of a column → its items."""
        names = ("descriptions", "scales", "clips", "soft_clips", "statistics")
        return {name: getattr(self, name) for name in names}

    def __len__(self) -> int:
        return max(map(len, self.columns.values()))

    def taken(self, places: tuple[int, ...]) -> "TrackTable":
        """The same of some tracks, in the order of their places."""
        taken = {name: tuple(column[place] for place in places if column) for name, column in self.columns.items()}
        return TrackTable(**taken, squash=self.squash)

    def targets(self, values):
        """What a network is trained on, of the coverage of bins by its statistic: squashed, clipped, scaled.

        With the squash "power", as without one, bins are clipped before they are scaled, with "root" after it
        (`hound_data_read` of the authors' code, and Basenji's `basenji_data_read`). `coverage` is the inverse of what
        is squashed, but for what `clips` cut off.

        Args:
            values: NumPy (..., tracks), at least 0; no statistic but those of squashed tracks is a root.

        Returns:
            The same shape and dtype.
        """
        scales, clips, soft = (
            np.array(column or (default,), values.dtype)
            for column, default in ((self.scales, 1), (self.clips, np.inf), (self.soft_clips, np.inf))
        )
        if self.squash == ROOT:
            values = values * scales
            values = np.where(np.isin(self.statistics, ROOTED), np.sqrt(1 + values) - 1, values)
            above = np.maximum(values - soft, 0)
            return np.minimum(np.where(above > 0, soft - 1 + np.sqrt(above + 1), values), clips)
        if self.squash == POWER:
            values = np.where(np.isin(self.statistics, ROOTED), values**0.75, values)
            above = np.maximum(values - soft, 0)
            values = np.where(above > 0, soft + np.sqrt(above), values)
        return np.minimum(values, clips) * scales

    def coverage(self, values):
        """The coverage that squashed values stand for.

        Args:
            values: NumPy (..., tracks).

        Returns:
            The same shape and dtype.
        """
        if self.squash is None:
            return values
        scales, clips = (np.array(column, values.dtype) for column in (self.scales, self.soft_clips))
        rooted = np.isin(self.statistics, ROOTED)
        if self.squash == POWER:
            values = values / scales
            above = np.maximum(values - clips, 0)
            values = np.where(above > 0, above**2 + clips, values)
            return np.where(rooted, np.maximum(values, 0) ** (4 / 3), values).astype(values.dtype)
        above = np.maximum(values - clips, 0)
        values = np.where(above > 0, clips - 1 + (above + 1) ** 2, values)
        return np.where(rooted, (values + 1) ** 2 - 1, values) / scales
