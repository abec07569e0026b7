"""The windows of whole chromosomes or regions on the chromosomes' grid, and the networks that predict them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from zoo.errors import InputError
from zoo.forward.forward import Forward
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.predict import phases
from zoo.predict import plan as planning
from zoo.predict.engine import pays, predict
from zoo.predict.options import LEOPARD, Options
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.tiles import Pass, Tiled, passes_of, split
from zoo.spec import ModelSpec

_TILINGS = {LEOPARD: phases}  # of programs whose windows do not lie on one grid


def grid_of(spec: ModelSpec, options: Options) -> Grid:
    """How the windows of a model lie."""
    return _TILINGS.get(options.compat, planning).Grid.of(spec, options)


@dataclass(frozen=True, eq=False)
class GridWork:
    """What is predicted on a grid.

    Attributes:
        grid: how windows lie.
        plans: of all chromosomes.
        passes: the networks that predict them.
        reader: of windows.
        size: windows of a group, at most.
    """

    grid: Grid
    plans: tuple[ChromosomePlan, ...]
    passes: tuple[Pass, ...]
    reader: WindowReader
    size: int

    @classmethod
    def of(
        cls,
        grid: Grid,
        forward: Forward,
        inputs: Inputs,
        size: int,
        batch_size: int,
        compat: str | None = None,
        tiled: Tiled = lambda tiles: None,
    ) -> "GridWork":
        """Plan all chromosomes of the inputs.

        Args:
            grid: how windows lie.
            forward: the network of one window.
            inputs: genome, tracks, regions and blacklist.
            size: windows of a group, at most.
            batch_size: windows that pass through the network at once.
            compat: as for `zoo.predict.plan.plan`.
            tiled: a network for several windows side by side; by default there is none. What is predicted does not
                depend on it, but for rounding.

        Raises:
            InputError: no window is left to predict.
        """
        plans = _TILINGS.get(compat, planning).plan(grid, inputs.lengths, inputs.regions, inputs.blacklist, compat)
        if not plans:
            raise InputError(
                "A window must be left to predict; the blacklist or the rules of compat leave none",
                received={"chromosomes": list(inputs.chromosomes)[:5], "compat": compat},
                hint="Predict other regions or chromosomes, or without compat or blacklist",
            )
        passes = passes_of(Pass(forward, grid, 1, batch_size), plans, inputs.reader, tiled)
        count = min(batch_size, size)
        if len(passes) == 1 and compat not in _TILINGS and pays(plans, count):
            passes = (replace(passes[0], stretch=forward.along(count, grid.stride)),)
        tiles = passes[0].tiles
        return cls(grid, tuple(plans), passes, inputs.reader, max(size // tiles, 1) * tiles)

    def groups(self) -> list[list[ChromosomePlan]]:
        """The work in order: pieces of a long chromosome, or many short ones, of at most `size` windows."""
        return list(planning.groups(self.plans, self.grid, self.size))

    def some(self, count: int) -> list[Interval]:
        """At most so many windows, evenly from all of the work."""
        runs = [(plan, int(first), int(stop)) for plan in self.plans for first, stop in plan.runs]
        ends = np.cumsum([stop - first for _, first, stop in runs])
        found = []
        for number in np.unique(np.linspace(0, ends[-1] - 1, count).astype(np.int64)).tolist():
            at = int(np.searchsorted(ends, number, side="right"))
            plan, _, stop = runs[at]
            start = int(plan.begins(self.grid, np.array([stop - int(ends[at]) + number]))[0]) - self.grid.offset
            found.append(Interval(plan.chrom, start, start + self.grid.window))
        return found

    def predict(
        self, group: Sequence[ChromosomePlan], advance: Callable[[int], object]
    ) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
        """Predict a group, see `zoo.predict.engine.predict`, as the network returns it."""
        for one, plans in split(self.passes, group):
            done = partial(_tell, advance, one.tiles)
            if plans:
                yield from predict(one.forward, one.grid, plans, self.reader, one.batch_size, done, one.stretch)


def windows_of(plans: Sequence[ChromosomePlan]) -> int:
    """Windows of plans, those that a piece shares with the one before left out."""
    return sum(plan.windows for plan in plans)


def _tell(advance: Callable[[int], object], tiles: int, windows: int) -> None:
    advance(tiles * windows)
