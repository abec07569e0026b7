"""The model folder of a finished run: weights, golden outputs, metrics on the test chromosomes, card."""

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from registry import card, digests
from zoo import architectures, folder
from zoo.data.batches import Batches
from zoo.data.regions import on_genome
from zoo.data.slabs import Plan
from zoo.environment import versions
from zoo.errors import InputError
from zoo.evaluate.accessibility import evaluate
from zoo.evaluate.baselines import KmerRegression, MeanProfile
from zoo.evaluate.binding import benchmark
from zoo.evaluate.calibration import calibrate
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.model import Model
from zoo.porting.golden import golden_inputs
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train.config import TrainConfig
from zoo.train.loop import Result
from zoo.train.tasks import AccessibilityTask, BindingTask

_BASELINE_WINDOWS = 10_000
_STRIDE = 4  # maxATAC's windows begin every quarter of their length
_VIEWS = {
    "both": ("forward", "reverse_complement"),
    "forward": ("forward",),
    "legacy_revcomp": ("forward", "rotated"),
}


@dataclass(frozen=True)
class Learned:
    """What is known of a network when its run is over, besides its weights.

    Attributes:
        config: of the run.
        task: its data.
        output: what the network returns.
        result: how the run ended.
        progress: whether to show progress bars; None for in a terminal only.
        number: of the run, for the record of where the files are from.
    """

    config: TrainConfig
    task: AccessibilityTask | BindingTask
    output: OutputSpec
    result: Result
    progress: bool | None = None
    number: str = ""


def write(target: Path, run: Learned, network: keras.Model) -> None:
    """Write the folder of a network, evaluate it as anybody would, and write it again with what was found."""
    _write(target, run, network, {}, None)
    model = Model.read(target)
    table = _calibrated(model, run) if run.config.binding else None
    _write(target, run, network, (_binding if run.config.binding else _accessibility)(model, run), table)


def _write(
    target: Path, run: Learned, network: keras.Model, metrics: dict[str, float], table: ThresholdTable | None
) -> None:
    spec, config, result = _spec(run, metrics), run.config, run.result
    inputs = golden_inputs(spec.input.window)[..., : spec.input.channels]
    outputs = np.asarray(architectures.scores(network)(inputs, training=False))
    split = config.chromosomes
    bins = ", in bins of 200 bp" if config.binding else ""
    training = (
        f"On {', '.join(split.train)}; epoch {result.best_epoch} of {len(result.rows)} was chosen by "
        f"{config.monitor.replace('_', ' ')} on {', '.join(split.validation)}; "
        f"metrics are of {', '.join(split.test) or 'no chromosome'}, which it has not seen{bins}."
    )
    training += f" Thresholds are calibrated on {', '.join(split.validation)}." if table else ""
    training += f" Its data were made by: {config.command}" if config.command else ""
    settings = _portable(config.to_json())
    text = card.of_model(spec.to_json(), table.examples() if table else (), training=training, settings=settings)
    calibrated = table.to_tsv().encode() if table else None
    folder.write(target, spec, network, folder.Golden(inputs, outputs), calibrated, text)
    digests.write_digests(target, {"source": config.name} | ({"run": run.number} if run.number else {}))


def _portable(value: object) -> object:
    """Settings as they are published: paths in the user's home begin with `~`, which reading them understands."""
    if isinstance(value, dict):
        return {key: _portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(item) for item in value]
    home = f"{Path.home()}/"
    return f"~/{value.removeprefix(home)}" if isinstance(value, str) and value.startswith(home) else value


def _spec(run: Learned, metrics: dict[str, float]) -> ModelSpec:
    config, output = run.config, run.output
    window = output.bins * output.bin_size
    if config.binding:
        signal, views = config.binding.signal_spec, _VIEWS[config.binding.strands]
        prediction = PredictionSpec(window // _STRIDE, views)
        description = f"{output.target} binding from ATAC-seq and sequence, {config.assembly}"
    else:
        core = run.task.layouts["validation"].core
        signal, prediction = None, PredictionSpec(core, _VIEWS["both"], center_only=True)
        description = f"Chromatin accessibility of {output.target} from DNA, {config.assembly}"
    found = versions()
    return ModelSpec(
        name=config.name,
        description=description,
        architecture=config.architecture,
        input=InputSpec(window, config.assembly, () if signal is None else (signal,)),
        outputs=(output,),
        prediction=prediction,
        metrics={name: value for name, value in metrics.items() if math.isfinite(value)},  # JSON has no NaN
        provenance={
            "source": "trained by this package",
            "version": found["chromatin-zoo"] or "",
            "keras, tensorflow": f"{found['keras']}, {found['tensorflow']}",
            "seed": str(config.seed),
            "license": config.license,
            "citation": config.citation,
        },
    )


def _calibrated(model: Model, run: Learned) -> ThresholdTable | None:
    """Thresholds by the validation chromosomes, over the cell types that have a peak there; None if none has."""
    config, genome, samples = run.config, Genome(run.config.genome), []
    chromosomes = list(config.chromosomes.validation)
    with tempfile.TemporaryDirectory(dir=model.path.parent) as work:
        for number, cell in enumerate(run.task.cells):
            truth = [item for item in on_genome(cell.chip_peaks, genome) if item.chrom in chromosomes]
            if truth:
                files = model.predict(
                    genome=genome,
                    signal=Signal(cell.signal),
                    chromosomes=chromosomes,
                    output=Path(work) / f"{number}",
                    threshold=None,
                    progress=run.progress,
                )
                samples.append((files.bigwig, truth))
        return calibrate(samples, chromosomes, run.task.blacklist or None) if samples else None


def _binding(model: Model, run: Learned) -> dict[str, float]:
    """Precision and recall on the test chromosomes, in bins of 200 bp, per cell type if there are several."""
    config, found = run.config, {}
    if not config.chromosomes.test:
        return {}
    genome, several = Genome(config.genome), len(run.task.cells) > 1
    for cell in run.task.cells:
        truth, label = on_genome(cell.chip_peaks, genome), f" ({cell.name})" if several else ""
        if not any(item.chrom in config.chromosomes.test for item in truth):
            found[f"positive bins{label}"] = 0.0
            continue
        for strands in ("forward", "both"):
            with tempfile.TemporaryDirectory(dir=model.path.parent) as work:
                files = model.predict(
                    genome=genome,
                    signal=Signal(cell.signal),
                    chromosomes=list(config.chromosomes.test),
                    output=Path(work) / "test",
                    threshold=None,
                    strands=strands,
                    progress=run.progress,
                )
                scores = benchmark(
                    files.bigwig, truth, config.chromosomes.test, blacklist=run.task.blacklist or None
                ).overall
            which = ["both strands"] * (strands == "both") + [cell.name] * several
            of = f" ({', '.join(which)})" if which else ""
            found[f"AUPR{of}"] = round(scores.aupr, 4)
            found[f"average precision{of}"] = round(scores.average_precision, 4)
        found[f"positive bins{label}"] = float(scores.positives)
        found[f"share of positive bins{label}"] = round(scores.random, 5)
    return found


def _accessibility(model: Model, run: Learned) -> dict[str, float]:
    """Correlations with the track by test chromosome, everywhere and around peaks, beside two baselines.

    The baselines learn from the training chromosomes: composition everywhere, the mean profile around peaks.
    """
    task, split = run.task, run.config.chromosomes
    if not split.test:
        return {}
    sets = {"": task.plan} | ({" around peaks": partial(task.plan, peaks=task.peaks)} if task.peaks else {})
    found = {}
    for where, plan in sets.items():
        learn = _batches(run, _some(plan(split.train), run.config.seed))
        predictors = {
            "": lambda x: np.asarray(task.judged(model.predict(x))),
            ", k-mer regression": KmerRegression(run.output.bin_size).fit(learn).predict,
            ", mean profile": MeanProfile().fit(learn).predict,
        }
        for chrom in split.test:
            if where and not _has_windows(plan, chrom):
                found[f"windows {chrom}{where}"] = 0.0
                continue
            batches = _batches(run, plan([chrom]))
            for label, predict in predictors.items():
                seen = evaluate(predict, batches, kendall=False)
                for name, value in (("pearson", seen.pearson), ("spearman", seen.spearman)):
                    if value is not None:
                        found[f"{name} {chrom}{where}{label}"] = round(value, 4)
        for label in predictors:
            for name in ("pearson", "spearman"):
                values = [found.get(f"{name} {chrom}{where}{label}") for chrom in split.test]
                if None not in values:
                    found[f"mean {name}{where}{label}"] = round(float(np.mean(values)), 4)
    return found


def _has_windows(plan: Callable[[list[str]], Plan], chrom: str) -> bool:
    """Whether a chromosome has a window around a peak; not every one has."""
    try:
        return plan([chrom]).size > 0
    except InputError:
        return False


def _some(plan: Plan, seed: int) -> Plan:
    """Not more windows than the baselines need, of all chromosomes alike."""
    random = np.random.default_rng(seed)
    keep = random.permutation(plan.size) < _BASELINE_WINDOWS
    edges = np.cumsum([0, *map(len, plan.starts.values())])
    starts = {
        chrom: found[keep[first : first + len(found)]]
        for (chrom, found), first in zip(plan.starts.items(), edges, strict=False)
    }
    return Plan(starts, plan.layout, plan.bin_size)


def _batches(run: Learned, plan: Plan) -> Batches:
    return run.task.batches("validation", run.task.slabs("validation", plan, run.progress))
