"""Binding in single bins, as FactorNet, DeepGRN and scFAN are trained (their articles and code).

A network reads the window around a bin, some tracks and a vector; it predicts one factor, or several at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.data import bins
from zoo.data.batches import Batches
from zoo.data.bin_batches import TARGET, BinEvaluation, BinLayout, BinTraining
from zoo.data.cells import CellGenome, tracks_of
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome.motifs import read_motifs
from zoo.genome.spans import merge
from zoo.porting.bins_of_200 import BIN, FLAGS, STEP
from zoo.spec import (
    BASES,
    CovariateSpec,
    InputSpec,
    ModelSpec,
    OutputSpec,
    PredictionSpec,
)
from zoo.train import inputs
from zoo.train.settings import Settings
from zoo.train.tasks import cell_data
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.bin_choice import BinChoice
from zoo.train.tasks.binding_report import Evaluation, Sample
from zoo.train.tasks.bins_data import UNBOUND, BinsData

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_LEAST = 1e-3  # probability of a base in a motif


class BinsTask:
    """Whether factors bind a bin; see `zoo.train.tasks.base.TrainingTask`.

    The plan of training is that of bins with a peak alone: the windows of the others are read anew in each epoch.

    Attributes:
        bins: "training" → its bins with a peak; "validation" → all of its bins.
        negatives: "training" and "validation" → what is drawn.
        left_out: why → how many bins with a peak.
    """

    data = BinsData
    monitors: ClassVar = {"val_loss": min, "val_accuracy": max, "val_auprc": max}
    components = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        if window < BIN:
            raise InputError(f"A window must have the {BIN} bp of its bin", where=config.name, received={"bp": window})
        opened, data = inputs.opened(config), config.data
        self.genome, self.config = opened.genome, opened.config
        self.cells, self._signals = data.chosen.cells(), data.chosen.signals()
        layout = data.chosen.tracks
        cell_data.look_at(self._signals, layout, [*self.config.chromosomes.train, *self.config.chromosomes.validation])
        read = [tracks_of(layout.tracks, layout.sources, signals, self.genome) for signals in self._signals]
        self._places = CellGenome(self.genome, read)
        self.tracks = self._places.tracks
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        flags = [merge(on_genome(path, self.genome, avoided=True)) for path in (data.flags or {}).values()]
        numbers = np.array([cell.covariates for cell in self.cells], np.float32).reshape(len(self.cells), -1)
        split = self.config.chromosomes
        self._layout = BinLayout(window, BIN, (*split.train, *split.validation), numbers, flags, len(layout.tracks))
        self._motif = next(iter(read_motifs(data.motifs, *data.factors).values())) if data.motifs else None
        choice = BinChoice(self.genome, data, self._layout, self.cells, self.blacklist)
        parts = {"training": split.train, "validation": split.validation}
        bound = {part: choice.bound(chromosomes, part) for part, chromosomes in parts.items()}
        self.left_out = choice.left_out
        ratio, other = data.negatives_per_positive, data.validation_negatives
        ratios = {"training": ratio, "validation": ratio if other is None else other}
        self.negatives = {part: choice.negatives(parts[part], bound[part], ratios[part]) for part in parts}
        still = self.negatives["validation"].draw(np.random.default_rng((config.seed, 5)))
        self.bins = {"training": bound["training"], "validation": bins.joined(bound["validation"].still(), still)}
        self.plans = {part: self._layout.plan(each) for part, each in self.bins.items()}
        self.files = [Path(config.genome), *(signal.path for signals in self._signals for signal in signals.values())]
        self.recipe = {"cells": len(self.cells), "tracks": [str(track) for track in layout.tracks]}

    @property
    def windows(self) -> dict[str, int]:
        """Of an epoch."""
        return {"training": len(self.bins["training"]) + len(self.negatives["training"])}

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self._places, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def _of_epoch(self, starts: Mapping[str, np.ndarray]) -> Slabs:
        window = self._layout.window
        return Slabs(self._places, self.tracks, starts, Layout(window, 0, window), 1, progress=False)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        targets = self._layout.targets(len(self.config.data.factors))
        return Shapes(-(-self.windows["training"] // self.config.batch_size), self._layout.inputs, targets)

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config = self.config
        if part == "validation":
            return BinEvaluation(slabs, self.bins[part], self._layout, config.batch_size)
        return BinTraining(
            slabs,
            self.bins[part],
            self.negatives[part],
            self._layout,
            self._of_epoch,
            config.batch_size,
            config.data.negatives_from == UNBOUND,
            config.seed,
        )

    def begin(self, network: "keras.Model") -> None:
        """Give the first convolution the factor's motif, if there is one to begin with."""
        if self._motif is None:
            return
        layer = next(layer for layer in network.layers if type(layer).__name__ == "Conv1D")
        kernel, *rest = layer.get_weights()
        layer.set_weights([with_motif(kernel, self._motif), *rest])

    def loss(self, targets: object, outputs: object):
        """Binary cross-entropy of the factors that were measured."""
        from zoo.train.losses import masked_binary_crossentropy

        return per_window(masked_binary_crossentropy(targets, outputs))

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss, the fraction on the right side of 0.5, and the area under the precision-recall curve."""
        import keras

        from zoo.train.losses import masked_binary_crossentropy
        from zoo.train.metrics import OfKnown

        return {
            "loss": keras.metrics.MeanMetricWrapper(masked_binary_crossentropy),
            "accuracy": OfKnown(keras.metrics.BinaryAccuracy()),
            "auprc": OfKnown(keras.metrics.AUC(1000, "PR")),
        }

    def evaluated(self, outputs: object):
        """All of them."""
        return outputs

    def output(self) -> tuple[OutputSpec, ...]:
        """A probability for each factor."""
        factors = self.config.data.factors
        target = factors[0] if len(factors) == 1 else f"{len(factors)} factors"
        return (
            OutputSpec(
                bins=1,
                bin_size=BIN,
                offset=self._layout.before,
                target=target,
                quantity="probability of binding",
                name=TARGET,
                kind=TARGET,
                tracks=factors if len(factors) > 1 else (),
                step=STEP,
            ),
        )

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of bins every 50 bp, which reads both strands itself or none but the forward one."""
        config, data = self.config, self.config.data
        covariates = [CovariateSpec(name, "a number of the cell type") for name in data.covariates]
        covariates += [
            CovariateSpec(name, f"1 where the bin of {BIN} bp overlaps {FLAGS.get(name, name)}, else 0", per="window")
            for name in data.flags or ()
        ]
        reads = InputSpec(
            self._layout.window,
            config.assembly,
            tracks=data.track_specs,
            sources=data.source_specs,
            covariates=tuple(covariates),
            covariate_tables=data.chosen.table(),
        )
        measured = "".join(f"{track.assay} and " for track in data.track_specs if track.origin == "sample")
        return model_spec(
            config,
            f"{self.output()[0].target} binding from {measured}sequence, {config.assembly}",
            reads,
            self.output(),
            PredictionSpec(stride=STEP, views=("forward",)),
            metrics,
        )

    def report(self, model: "Model", run: Learned) -> Report:
        """Thresholds of one factor by the validation chromosomes; precision and recall on the test chromosomes."""
        data, split = self.config.data, self.config.chromosomes
        samples = [
            Sample(
                cell.name,
                cell_data.reads_of(cell, signals, data.covariates, data.flags),
                {factor: on_genome(path, self.genome) for factor, path in cell.peaks.items()},
            )
            for cell, signals in zip(self.cells, self._signals, strict=True)
        ]
        evaluation = Evaluation(self.genome, samples, self.blacklist, run.progress)
        table = evaluation.thresholds(model, split.validation) if len(data.factors) == 1 else None
        text = training_text(self.config, run.result, ", in bins of 200 bp")
        text += f" Thresholds are calibrated on {', '.join(split.validation)}." if table else ""
        counts = len(self.bins["training"]), len(self.negatives["training"])
        text += " {:,} bins with a peak, and {:,} without one that were drawn anew in each epoch.".format(*counts)
        lost = ", ".join(f"{count:,} {why}" for why, count in self.left_out.items() if count)
        text += f" Bins with a peak that were left out: {lost}." if lost else ""
        return Report(evaluation.metrics(model, split.test), table, text)


def with_motif(kernel: np.ndarray, motif: np.ndarray) -> np.ndarray:
    """A convolution whose first two kernels are the log2-odds of a motif, as it is and from the other strand.

    Args:
        kernel: (width, columns, kernels), two at least.
        motif: probabilities (4, bp); of one that is longer than the kernels its middle counts.
    """
    width = min(kernel.shape[0], motif.shape[1])
    first, at = (motif.shape[1] - width) // 2, (kernel.shape[0] - width) // 2
    odds = np.log2(np.maximum(motif[:, first : first + width], _LEAST) * len(BASES)).T
    found = kernel.copy()
    found[:, :, :2] = 0
    found[at : at + width, : len(BASES), 0] = odds
    found[at : at + width, : len(BASES), 1] = odds[::-1, ::-1]
    return found
