"""A prediction from files to a table or to files."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.environment import backend, versions
from zoo.errors import InputError, ZooError
from zoo.files.progress import Progress
from zoo.genome.interval import Interval
from zoo.predict import plan as planning
from zoo.predict.engine import Forward, predict_chromosome
from zoo.predict.files import Output, PredictionFiles
from zoo.predict.inputs import Inputs
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.table import Collector, Predictions
from zoo.predict.thresholds import Threshold
from zoo.spec import ModelSpec

_MOST = 2048  # windows of a piece: what an interruption costs at most, less than a minute of the slowest network


class Run:
    """One prediction: a model's forward pass, the files it reads and how.

    Raises:
        InputError: no window is left to predict.
    """

    def __init__(
        self, spec: ModelSpec, forward: Forward, inputs: Inputs, options: Options, progress: bool | None
    ) -> None:
        self._spec, self._forward, self._inputs, self._options = spec, forward, inputs, options
        self._shown = progress
        self._grid = Grid.of(spec, options)
        self.plans = planning.plan(
            self._grid, inputs.lengths, inputs.chromosomes, inputs.regions, inputs.blacklist, options.compat
        )
        if not self.plans:
            raise InputError(
                "There is a window to predict; the blacklist or the rules of compat leave none",
                received={"chromosomes": list(inputs.chromosomes), "compat": options.compat},
            )

    def to_table(self) -> Predictions:
        """Predict the bins of the regions, or of the whole chromosomes if there are none."""
        lengths = self._inputs.lengths
        whole = [Interval(chrom, 0, length) for chrom, length in lengths.items()]
        collector = self._collector(self._inputs.regions or whole)
        with self._bar(self.plans) as bar:
            for plan in self.plans:
                for piece in plan.pieces(self._grid, _MOST):
                    for first, scores in self._predict(piece, bar):
                        collector.add(plan.chrom, first, scores)
        return collector.table()

    def to_files(self, output: Output, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        """Predict to a bigWig, a BED and a JSON; pieces that an interrupted run finished are not predicted again."""
        try:
            with output:
                return self._write(output, threshold, provenance)
        except OSError as error:
            raise ZooError(f"The output must be writable: {error.strerror or error}", where=output.main) from None

    def _write(self, output: Output, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        began = time.time()
        identity = self._identity(provenance)
        whole = {**identity, "threshold": threshold.to_json() if threshold else None}
        if (before := output.done(whole)) is not None:
            return self._found(output, threshold, before["intervals"], 0, 0)
        output.resume(identity)
        pieces = {plan.chrom: list(plan.pieces(self._grid, _MOST)) for plan in self.plans}
        left = {plan.chrom: output.left(plan, pieces[plan.chrom]) for plan in self.plans}
        resumed = [chrom for chrom, some in left.items() if len(some) < len(pieces[chrom])]
        with self._bar([piece for some in left.values() for piece in some]) as bar:
            for plan in self.plans:
                output.keep(plan, left[plan.chrom], lambda piece: self._predict(piece, bar))

        def describe() -> dict:
            return {
                "model": provenance,
                "inputs": {what: {"path": str(path), **identity["inputs"][what]} for what, path in self._files.items()},
                "parameters": identity["parameters"],
                "threshold": whole["threshold"],
                "chromosomes": {plan.chrom: {"bp": plan.length, "windows": plan.windows} for plan in self.plans},
                "versions": versions(),
                "seconds": round(time.time() - began, 1),
                "resumed": resumed,
            }

        collector = self._collector(self._inputs.regions) if self._inputs.regions else None
        intervals = output.assemble(whole, self.plans, threshold, collector, describe)
        windows = sum(piece.windows for some in left.values() for piece in some)
        return self._found(output, threshold, intervals, windows, len(resumed))

    def _found(
        self, output: Output, threshold: Threshold | None, intervals: int, windows: int, resumed: int
    ) -> PredictionFiles:
        return PredictionFiles(
            bigwig=output.main,
            bed=output.finals[".bed"] if threshold else None,
            table=output.finals[".tsv"] if self._inputs.regions else None,
            sidecar=output.sidecar,
            threshold=threshold,
            intervals=intervals,
            windows=windows,
            resumed=resumed,
        )

    def _collector(self, regions: list[Interval]) -> Collector:
        return Collector(regions, self._inputs.lengths, self._spec.output.bin_size)

    def _predict(self, piece: ChromosomePlan, bar: Progress) -> Iterator[tuple[int, np.ndarray]]:
        bar.set_postfix_str(piece.chrom)
        return predict_chromosome(
            self._forward,
            self._grid,
            piece,
            self._inputs.genome,
            self._inputs.signal,
            self._options.batch_size,
            bar.update,
        )

    def _bar(self, plans: list[ChromosomePlan]) -> Progress:
        """A progress bar over windows; silent where nobody watches a terminal, unless asked for."""
        total = sum(plan.windows for plan in plans)
        return Progress(self._spec.name, "window", total, shown=self._shown)

    @property
    def _files(self) -> dict[str, Path]:
        return self._inputs.tracks()

    def _identity(self, provenance: dict) -> dict:
        """What scores depend on: weights, bytes of the inputs, parameters. Not names, and not the threshold."""
        return {
            "weights_sha256": provenance["weights_sha256"],
            "backend": backend(),
            "inputs": self._inputs.identity(),
            "parameters": {
                "stride": self._options.stride,
                "views": list(self._options.views),
                "center_only": self._options.center_only,
                "compat": self._options.compat,
                "chromosomes": [plan.chrom for plan in self.plans],
                "regions": _intervals(self._inputs.regions),
                "blacklist": _intervals(self._inputs.blacklist),
            },
        }


def _intervals(intervals: list[Interval] | None) -> dict | None:
    """Number and digest of intervals: a BED may have a million lines."""
    if intervals is None:
        return None
    text = "".join(f"{item.chrom}\t{item.start}\t{item.end}\n" for item in intervals)
    return {"count": len(intervals), "sha256": hashlib.sha256(text.encode()).hexdigest()}
