"""A prediction from files to a table or to files."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

import registry.store
from zoo.environment import versions
from zoo.errors import InputError, ZooError
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


class Run:
    """One prediction: a model's forward pass, the files it reads and how.

    Raises:
        InputError: no window is left to predict.
    """

    def __init__(
        self, spec: ModelSpec, forward: Forward, inputs: Inputs, options: Options, progress: bool | None
    ) -> None:
        self._spec, self._forward, self._inputs, self._options = spec, forward, inputs, options
        self._hidden = None if progress is None else not progress
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
                for first, scores in self._pieces(plan, bar):
                    collector.add(plan.chrom, first, scores)
        return collector.table()

    def to_files(self, output: Output, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        """Predict to a bigWig, a BED and a JSON; a chromosome that an interrupted run finished is not done again."""
        try:
            with output:
                return self._write(output, threshold, provenance)
        except OSError as error:
            raise ZooError(f"The output can be written ({error.strerror or error})", where=output.bigwig) from None

    def _write(self, output: Output, threshold: Threshold | None, provenance: dict) -> PredictionFiles:
        began = time.time()
        identity = self._identity(provenance)
        output.resume(identity)
        left = [plan for plan in self.plans if not output.is_finished(plan)]
        with self._bar(left) as bar:
            for plan in left:
                output.keep(plan, self._pieces(plan, bar))

        def describe() -> dict:
            return {
                "model": provenance,
                "inputs": {what: {"path": str(path), **identity["inputs"][what]} for what, path in self._files.items()},
                "parameters": identity["parameters"],
                "threshold": threshold.to_json() if threshold else None,
                "chromosomes": {plan.chrom: {"bp": plan.length, "windows": plan.windows} for plan in self.plans},
                "versions": versions(),
                "seconds": round(time.time() - began, 1),
                "resumed": [plan.chrom for plan in self.plans if plan not in left],
            }

        collector = self._collector(self._inputs.regions) if self._inputs.regions else None
        intervals = output.assemble(self.plans, threshold, collector, describe)
        return PredictionFiles(
            bigwig=output.bigwig,
            bed=output.bed if threshold else None,
            table=output.table if collector else None,
            sidecar=output.sidecar,
            threshold=threshold,
            intervals=intervals,
            windows=sum(plan.windows for plan in left),
            resumed=len(self.plans) - len(left),
        )

    def _collector(self, regions: list[Interval]) -> Collector:
        return Collector(regions, self._inputs.lengths, self._spec.output.bin_size)

    def _pieces(self, plan: ChromosomePlan, bar: tqdm) -> Iterator[tuple[int, np.ndarray]]:
        bar.set_postfix_str(plan.chrom)
        return predict_chromosome(
            self._forward,
            self._grid,
            plan,
            self._inputs.genome,
            self._inputs.signal,
            self._options.batch_size,
            bar.update,
        )

    def _bar(self, plans: list[ChromosomePlan]) -> tqdm:
        """A progress bar over windows; silent where nobody watches a terminal, unless asked for."""
        total = sum(plan.windows for plan in plans)
        return tqdm(total=total, desc=self._spec.name, unit="window", unit_scale=True, disable=self._hidden)

    @property
    def _files(self) -> dict[str, Path]:
        return self._inputs.tracks()

    def _identity(self, provenance: dict) -> dict:
        """What scores depend on: weights, bytes of the inputs, parameters. Not names, and not the threshold."""
        return {
            "weights_sha256": provenance["weights_sha256"],
            "inputs": {
                what: {"bytes": path.stat().st_size, "sha256": registry.store.sha256(path)}
                for what, path in self._files.items()
            },
            "parameters": {
                "stride": self._options.stride,
                "views": list(self._options.views),
                "center_only": self._options.center_only,
                "compat": self._options.compat,
                "fill": self._inputs.signal and self._inputs.signal.fill,
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
