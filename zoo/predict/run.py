"""A prediction of the bins of whole chromosomes or of regions, on the chromosomes' grid."""

from collections.abc import Iterator, Sequence

import numpy as np

from zoo.files.progress import Progress
from zoo.formats.content import Bins, Row, pieces_of
from zoo.forward.forward import Forward
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.predict import peaks
from zoo.predict.files import PredictionOutput, ScoreFile
from zoo.predict.options import MAXATAC, OF_NETWORK, Options
from zoo.predict.plan import ChromosomePlan
from zoo.predict.prediction import Kept, Prediction
from zoo.predict.table import Predictions, RegionCollector
from zoo.predict.thresholds import Threshold
from zoo.predict.tiles import Tiled
from zoo.predict.work import GridWork, grid_of, windows_of
from zoo.spec import ModelSpec


class PredictionRun(Prediction):
    """A prediction on the grid.

    Args:
        tiled: a network for several windows side by side; by default there is none. What is predicted does not depend
            on it, but for rounding.

    Attributes:
        work: the windows, and the networks that predict them.

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
        grid = grid_of(spec, options)
        super().__init__(spec, forward, inputs, options, progress, grid.shared)
        self.work = GridWork.of(grid, forward, inputs, self.size, options.batch_size, options.compat, tiled)

    @property
    def bins(self) -> int:
        """How many bins are predicted."""
        return sum(plan.bins for plan in self.work.plans)

    def to_table(self) -> Predictions:
        """Predict the bins of the regions, or of the whole chromosomes if there are none."""
        lengths = self._inputs.lengths
        whole = [Interval(chrom, 0, length) for chrom, length in lengths.items()]
        collector = self._collector(self._inputs.regions or whole)
        with self._bar(windows_of(self.work.plans)) as bar:
            for group in self.work.groups():
                for plan, first, scores in self._predict(group, bar):
                    collector.add(plan.chrom, first, scores)
        return collector.table()

    def _some(self, count: int) -> list[Interval]:
        return self.work.some(count)

    def _counts(self) -> dict[str, dict[str, int]]:
        return {plan.chrom: {"bp": plan.length, "windows": plan.windows} for plan in self.work.plans}

    def _keep(self, output: PredictionOutput) -> Kept:
        scores = ScoreFile(output.part("scores.f32"), self.work.plans, self._options.output.shape[1:])
        groups = self.work.groups()
        left = [group for group in groups if not scores.holds(group)]
        done = {piece.chrom for group in groups[: len(groups) - len(left)] for piece in group}
        windows = sum(map(windows_of, left))
        with self._bar(windows) as bar:
            for group in left:
                scores.keep(group, self._predict(group, bar))
        return Kept(scores, windows, [plan.chrom for plan in self.work.plans if plan.chrom in done])

    def _bins(self, kept: Kept) -> Bins:
        output, lengths = self._options.output, {plan.chrom: plan.length for plan in self.work.plans}
        return Bins(lengths, output.bin_size, output.every, kept.scores.pieces, output.tracks)

    def _called(self, kept: Kept, threshold: Threshold) -> Iterator[Row]:
        for plan in self.work.plans:
            pieces = pieces_of(plan.chrom, kept.scores.of(plan), plan.bin_size)
            called = self._options.selection.called_of
            numbered = ((int(starts[0]) // plan.bin_size, called(scores)) for _, starts, scores in pieces)
            for peak in peaks.call(numbered, threshold.score, plan.bin_size, plan.length, plan.overlap):
                yield plan.chrom, *peak

    def _table(self, kept: Kept) -> Predictions:
        collector = self._collector(self._inputs.regions)
        for chrom, starts, scores in kept.scores.pieces():
            collector.add(chrom, int(starts[0]) // self.work.grid.bin_size, scores)
        return collector.table()

    def _collector(self, regions: list[Interval]) -> RegionCollector:
        return RegionCollector(regions, self._inputs.lengths, self._options.output)

    def _predict(
        self, group: Sequence[ChromosomePlan], bar: Progress
    ) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
        bar.set_postfix_str(group[0].chrom, refresh=False)
        rows = self.work.predict(group, bar.update)
        yield from ((plan, first, self._options.scaled(scores)) for plan, first, scores in rows)
