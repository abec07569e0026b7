"""A prediction of the bins of whole chromosomes or of regions, on the chromosomes' grid."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from zoo.errors import InputError
from zoo.files.progress import Progress
from zoo.formats.content import Bins, Row, pieces_of
from zoo.forward.forward import Forward
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.predict import peaks, phases
from zoo.predict import plan as planning
from zoo.predict.engine import predict
from zoo.predict.files import PredictionOutput, ScoreFile
from zoo.predict.options import LEOPARD, MAXATAC, OF_NETWORK, Options
from zoo.predict.plan import ChromosomePlan
from zoo.predict.prediction import Kept, Prediction
from zoo.predict.table import Predictions, RegionCollector
from zoo.predict.thresholds import Threshold
from zoo.predict.tiles import Pass, Tiled, passes_of, split
from zoo.spec import ModelSpec

_TILINGS = {LEOPARD: phases}  # of programs whose windows do not lie on one grid


class PredictionRun(Prediction):
    """A prediction on the grid.

    Args:
        tiled: a network for several windows side by side; by default there is none. What is predicted does not depend
            on it, but for rounding.

    Attributes:
        plans: of all chromosomes.
        passes: the networks that predict them.

    Raises:
        InputError: no window is left to predict.
    """

    compats = (None, MAXATAC, *OF_NETWORK)

    def __init__(
        self,
        spec: ModelSpec,
        forward: Forward,
        inputs: Inputs,
        options: Options,
        progress: bool | None,
        tiled: Tiled = lambda tiles: None,
    ) -> None:
        tiling = _TILINGS.get(options.compat, planning)
        self._grid = tiling.Grid.of(spec, options)
        super().__init__(spec, forward, inputs, options, progress, self._grid.shared)
        self.plans = tiling.plan(self._grid, inputs.lengths, inputs.regions, inputs.blacklist, options.compat)
        if not self.plans:
            raise InputError(
                "A window must be left to predict; the blacklist or the rules of compat leave none",
                received={"chromosomes": list(inputs.chromosomes)[:5], "compat": options.compat},
                hint="Predict other regions or chromosomes, or without compat or blacklist",
            )
        single = Pass(forward, self._grid, 1, options.batch_size)
        self.passes = passes_of(single, self.plans, inputs.reader, tiled)
        self.size -= self.size % self.passes[0].tiles

    def to_table(self) -> Predictions:
        """Predict the bins of the regions, or of the whole chromosomes if there are none."""
        lengths = self._inputs.lengths
        whole = [Interval(chrom, 0, length) for chrom, length in lengths.items()]
        collector = self._collector(self._inputs.regions or whole)
        with self._bar(_windows(self.plans)) as bar:
            for group in planning.groups(self.plans, self._grid, self.size):
                for plan, first, scores in self._predict(group, bar):
                    collector.add(plan.chrom, first, scores)
        return collector.table()

    def _counts(self) -> dict[str, dict[str, int]]:
        return {plan.chrom: {"bp": plan.length, "windows": plan.windows} for plan in self.plans}

    def _keep(self, output: PredictionOutput) -> Kept:
        scores = ScoreFile(output.part("scores.f32"), self.plans, self._options.output.shape[1:])
        groups = list(planning.groups(self.plans, self._grid, self.size))
        left = [group for group in groups if not scores.holds(group)]
        done = {piece.chrom for group in groups[: len(groups) - len(left)] for piece in group}
        windows = sum(map(_windows, left))
        with self._bar(windows) as bar:
            for group in left:
                scores.keep(group, self._predict(group, bar))
        return Kept(scores, windows, [plan.chrom for plan in self.plans if plan.chrom in done])

    def _bins(self, kept: Kept) -> Bins:
        output, lengths = self._options.output, {plan.chrom: plan.length for plan in self.plans}
        return Bins(lengths, output.bin_size, output.every, kept.scores.pieces, output.tracks)

    def _called(self, kept: Kept, threshold: Threshold) -> Iterator[Row]:
        for plan in self.plans:
            pieces = pieces_of(plan.chrom, kept.scores.of(plan), plan.bin_size)
            numbered = ((int(starts[0]) // plan.bin_size, scores) for _, starts, scores in pieces)
            for peak in peaks.call(numbered, threshold.score, plan.bin_size, plan.length, plan.overlap):
                yield plan.chrom, *peak

    def _table(self, kept: Kept) -> Predictions:
        collector = self._collector(self._inputs.regions)
        for chrom, starts, scores in kept.scores.pieces():
            collector.add(chrom, int(starts[0]) // self._grid.bin_size, scores)
        return collector.table()

    def _collector(self, regions: list[Interval]) -> RegionCollector:
        return RegionCollector(regions, self._inputs.lengths, self._options.output)

    def _predict(
        self, group: Sequence[ChromosomePlan], bar: Progress
    ) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
        bar.set_postfix_str(group[0].chrom, refresh=False)
        for one, plans in split(self.passes, group):
            done = partial(_update, bar, one.tiles)
            rows = predict(one.forward, one.grid, plans, self._inputs.reader, one.batch_size, done) if plans else ()
            yield from ((plan, first, self._options.scaled(scores)) for plan, first, scores in rows)


def _update(bar: Progress, tiles: int, windows: int) -> None:
    bar.update(tiles * windows)


def _windows(plans: Sequence[ChromosomePlan]) -> int:
    return sum(plan.windows for plan in plans)
