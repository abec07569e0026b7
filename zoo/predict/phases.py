"""Where Leopard's program has its windows (Li & Guan 2021, `predict.py`): `compat="leopard"`.

Two phases, from 0 and from half a window on, 100 windows at once. The last hundred of a phase are moved back so that
they end where the phase does, at the chromosome's end or half a window before it; they overlap windows of the hundred
before, and bases there have a mean of more predictions. The outer bp of a window do not count but at the beginning of
the chromosome and, a bug of the second phase, at the end of each phase.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge, runs, touched
from zoo.predict import plan as planning
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan
from zoo.spec import ModelSpec

TOGETHER = 100
"""Windows that the program predicts at once."""


@dataclass(frozen=True)
class Grid(planning.Grid):
    """Windows of both phases, in the order of their beginnings; all bins of a window are used.

    Attributes:
        trim: bins at each end of a window that do not count.
    """

    trim: int = 0

    @classmethod
    def of(cls, spec: ModelSpec, options: Options) -> "Grid":
        """Of a model, whose stride is half a window."""
        output = options.output
        trim, overlap = options.trim // output.every, output.bin_size - output.every
        return cls(spec.input.window, options.stride, output.every, 0, output.bins, output.offset, overlap, trim=trim)

    @property
    def shared(self) -> int:
        """Windows before a window that predict bins of it, too: one of each phase, moved back or not, but its own."""
        return 3

    @property
    def step(self) -> int:
        """Two windows may begin at one bin."""
        return 0


@dataclass(frozen=True, eq=False)
class PhasesPlan(ChromosomePlan):
    """The work on a chromosome whose windows lie as the program has them.

    Attributes:
        places: (n,) int64, the first bp of each window.
        cut: (n, 2) int64, bins at both ends of each that do not count.
    """

    places: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    cut: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def begins(self, grid: planning.Grid, numbers: np.ndarray) -> np.ndarray:
        """As of a `ChromosomePlan`."""
        return self.places[numbers] + grid.offset

    def within(self, grid: planning.Grid, numbers: np.ndarray) -> slice | np.ndarray:
        """As of a `ChromosomePlan`."""
        return self.places[numbers] - self.places[numbers[0]]

    def ends(self, numbers: np.ndarray) -> np.ndarray | None:
        """As of a `ChromosomePlan`."""
        return self.cut[numbers]


def windows(length: int, window: int, trim: int) -> tuple[np.ndarray, np.ndarray]:
    """The windows of a chromosome, rising; two may be the same.

    The program fails on chromosomes that are shorter than a hundred windows; here fewer are then predicted at once.

    Args:
        length: of the chromosome, bp.
        window: bp.
        trim: of the outer bp of a window, in any unit.

    Returns:
        (n,) int64 first bp; (n, 2) int64 what does not count at both ends, 0 or `trim`. None of either if no
        window fits.
    """
    starts, cuts = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
    for begin in (0, window // 2):
        end = length - begin
        together = min(TOGETHER, end // window) * window
        for first in range(begin, end, together) if together > 0 else ():
            found = np.arange(0, together, window) + min(first, end - together)
            at_end = (found + window == end) & (found > 0)
            starts.append(found)
            cuts.append(np.stack([np.where(found == 0, 0, trim), np.where(at_end, 0, trim)], axis=1))
    places = np.concatenate(starts)
    order = np.argsort(places, kind="stable")
    return places[order], np.concatenate(cuts)[order]


def plan(
    grid: Grid,
    lengths: Mapping[str, int],
    regions: Iterable[Interval] | None = None,
    blacklist: Iterable[Interval] = (),
    compat: str | None = None,
) -> list[ChromosomePlan]:
    """Plan every chromosome that holds a window. Arguments as for `zoo.predict.plan.plan`."""
    wanted, unwanted, plans = None if regions is None else merge(regions), merge(blacklist), []
    for chrom, length in lengths.items():
        places, cut = windows(length, grid.window, grid.trim)
        if not len(places) or (wanted is not None and chrom not in wanted):
            continue
        begins = places + grid.offset
        spans = None if wanted is None else wanted[chrom]
        selected = np.ones(len(places), bool) if spans is None else touched(spans, begins, begins + grid.span)
        if selected.any():
            keep = None if spans is None else planning.bins_of(spans, grid)
            drop = planning.bins_of(unwanted.get(chrom, NONE), grid)
            steps = (grid.bin_size, grid.overlap)
            plans.append(PhasesPlan(chrom, length, *steps, runs(selected), keep, drop, places=places, cut=cut))
    return plans
