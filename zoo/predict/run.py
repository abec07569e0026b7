"""A prediction from files to a table or to files."""

import hashlib
import time
from collections.abc import Iterator, Sequence

import numpy as np

from zoo.environment import backend, versions
from zoo.errors import InputError, ZooError
from zoo.files.progress import Progress
from zoo.forward.forward import Forward
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.predict import plan as planning
from zoo.predict.engine import predict
from zoo.predict.files import Output, PredictionFiles
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.table import Collector, Predictions
from zoo.predict.thresholds import Threshold
from zoo.spec import ModelSpec

# What an interruption costs at most: windows, and the cost of a network times windows, less than a minute of any here.
_MOST, _COST = 1024, 5e11
_LEAST, _SHARED = 16, 128  # windows at least, and for each that is predicted once more


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
        self._size = group_size(forward, self._grid.shared)
        forward.check_batch(min(options.batch_size, self._size))
        self.plans = planning.plan(self._grid, inputs.lengths, inputs.regions, inputs.blacklist, options.compat)
        if not self.plans:
            raise InputError(
                "A window must be left to predict; the blacklist or the rules of compat leave none",
                received={"chromosomes": list(inputs.chromosomes)[:5], "compat": options.compat},
                hint="Predict other regions or chromosomes, or without compat or blacklist",
            )

    def to_table(self) -> Predictions:
        """Predict the bins of the regions, or of the whole chromosomes if there are none."""
        lengths = self._inputs.lengths
        whole = [Interval(chrom, 0, length) for chrom, length in lengths.items()]
        collector = self._collector(self._inputs.regions or whole)
        with self._bar(self.plans) as bar:
            for group in planning.groups(self.plans, self._grid, self._size):
                for plan, first, scores in self._predict(group, bar):
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
        parts_of = identity(self._inputs, self._options, [plan.chrom for plan in self.plans], provenance)
        whole = {**parts_of, "threshold": threshold.to_json() if threshold else None}
        if (before := output.done(whole)) is not None:
            return output.found(threshold, bool(self._inputs.regions), before["intervals"], 0, 0)
        output.resume(parts_of, output.made(threshold, self._inputs.regions))
        ends = np.cumsum([plan.bins for plan in self.plans]).tolist()
        offsets = dict(zip((plan.chrom for plan in self.plans), [0, *ends], strict=False))
        kept = output.kept(offsets)
        groups = list(planning.groups(self.plans, self._grid, self._size))
        left = [group for group in groups if offsets[group[-1].chrom] + group[-1].bounds[1] > kept]
        done = {piece.chrom for group in groups[: len(groups) - len(left)] for piece in group}
        resumed = [plan.chrom for plan in self.plans if plan.chrom in done]
        with self._bar([piece for group in left for piece in group]) as bar:
            for group in left:
                output.keep(group, self._predict(group, bar))

        def said() -> dict:
            counts = {plan.chrom: {"bp": plan.length, "windows": plan.windows} for plan in self.plans}
            return {**describe(self._inputs, whole, counts, provenance, began), "resumed": resumed}

        collector = self._collector(self._inputs.regions) if self._inputs.regions else None
        intervals = output.assemble(whole, self.plans, threshold, collector, said)
        windows = sum(piece.windows for group in left for piece in group)
        return output.found(threshold, bool(collector), intervals, windows, len(resumed))

    def _collector(self, regions: list[Interval]) -> Collector:
        return Collector(regions, self._inputs.lengths, self._options.output)

    def _predict(
        self, group: Sequence[ChromosomePlan], bar: Progress
    ) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
        bar.set_postfix_str(group[0].chrom, refresh=False)
        rows = predict(self._forward, self._grid, group, self._inputs.reader, self._options.batch_size, bar.update)
        return ((plan, first, self._options.scaled(scores)) for plan, first, scores in rows)

    def _bar(self, plans: list[ChromosomePlan]) -> Progress:
        """A progress bar over windows; silent where nobody watches a terminal, unless asked for."""
        total = sum(plan.windows for plan in plans)
        return Progress(self._spec.name, "window", total, shown=self._shown)


def group_size(forward: Forward, shared: int) -> int:
    """Windows of a group, which is kept as soon as it is complete; `shared` are predicted in the next one once more."""
    by_cost = int(_COST // max(forward.cost, 1))
    return max(min(by_cost, _MOST), _SHARED * shared, _LEAST)


def identity(inputs: Inputs, options: Options, chromosomes: list[str], provenance: dict) -> dict:
    """What scores depend on: network, bytes of the inputs, parameters. Not names, and not the threshold."""
    return {
        "network_sha256": provenance["network_sha256"],
        "backend": backend(),
        "inputs": inputs.identity(),
        "parameters": {
            "stride": options.stride,
            "views": list(options.views),
            "center_only": options.center_only,
            "compat": options.compat,
            "scale": "linear" if options.linear else None,
            **options.selection.to_json(),
            "chromosomes": chromosomes,
            "regions": _intervals(inputs.regions),
            "blacklist": _intervals(inputs.blacklist),
        },
    }


def describe(inputs: Inputs, whole: dict, chromosomes: dict, provenance: dict, began: float) -> dict:
    """The sidecar of a prediction with the identity `whole`: how its files came about, and what was left out."""
    paths, absent = inputs.paths().items(), inputs.absent
    lacking = sorted({chrom for missing in absent.values() for chrom in missing}, key=names.natural)
    return {
        "model": provenance,
        "inputs": {**whole["inputs"], **{name: {"path": str(path), **whole["inputs"][name]} for name, path in paths}},
        "parameters": whole["parameters"],
        "threshold": whole["threshold"],
        "chromosomes": chromosomes,
        "left out": {"chromosomes that the signal lacks": lacking, "regions elsewhere": inputs.elsewhere},
        "versions": versions(),
        "seconds": round(time.time() - began, 1),
    }


def _intervals(intervals: list[Interval] | None) -> dict | None:
    """Number and digest of intervals: a BED may have a million lines."""
    if intervals is None:
        return None
    text = "".join(f"{item.chrom}\t{item.start}\t{item.end}\t{item.name}\n" for item in intervals)
    return {"count": len(intervals), "sha256": hashlib.sha256(text.encode()).hexdigest()}
