"""What is learned: the files of a configuration as batches, with the loss and the metrics that belong to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from keras import ops

from zoo.data import meta, regions
from zoo.data.accessibility import AccessibilityEvaluation, AccessibilityTraining, planned
from zoo.data.batches import Batches
from zoo.data.binding import BindingEvaluation, BindingTraining
from zoo.data.regions import on_genome
from zoo.data.slabs import Plan, Slabs, Track, bases_outside, labels, maxima
from zoo.data.windows import MOST_UNMAPPABLE, Layout
from zoo.genome import names, sniff
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare.peaks import open_regions
from zoo.spec import OutputSpec
from zoo.train import inputs
from zoo.train.config import TrainConfig
from zoo.train.losses import masked_binary_crossentropy, poisson_nll
from zoo.train.metrics import PearsonCorrelation, SpearmanCorrelation, dice_coefficient


class Task(Protocol):
    """Batches, loss and metrics of one kind of model.

    Attributes:
        config: of the run, its chromosomes by the genome's names.
        files: everything that is read, in an order that tells what for.
        recipe: what else the tracks depend on.
        plans: where the windows of training and of validation lie.
        tracks: what is kept besides the sequence.
    """

    config: TrainConfig
    files: Sequence[Path]
    recipe: Mapping[str, object]
    plans: Mapping[str, Plan]
    tracks: Sequence[Track]

    def shapes(self) -> "Shapes":
        """Of the training batches, which need not be there yet."""

    def slabs(self, part: str, plan: Plan, progress: bool | None = None, scratch: str | Path | None = None) -> Slabs:
        """Read what the plan of `part`, "training" or "validation", needs; the rest as for `Slabs`."""

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of `part` from slabs of its plan."""

    def loss(self, targets: object, outputs: object):
        """(n,) the loss of each window."""

    def metrics(self) -> dict[str, keras.metrics.Metric]:
        """Fresh metrics of (targets, outputs), as `judged` returns them."""

    def judged(self, outputs: object):
        """The part of the outputs that validation targets are of."""


@dataclass(frozen=True)
class Shapes:
    """What `Batches` say of themselves, before anything was read."""

    steps: int
    window: tuple[int, int]
    targets: Mapping[str, tuple[int, ...]]


class AccessibilityTask:
    """ASAP's: the track's maxima in bins from DNA alone.

    Args:
        config: with data of this kind.
        output: window, bins and bin size come from the network.

    Raises:
        InputError: as `zoo.genome` and `zoo.data` do; or no window is left.
        GenomeMismatch: genome and signal are of different assemblies.
    """

    def __init__(self, config: TrainConfig, window: int, output: OutputSpec) -> None:
        found = inputs.opened(config)
        self.genome, (self.signal,), config = found.genome, found.signals, found.config
        data = config.accessibility
        self.config, self._window, self._bin = config, window, output.bin_size
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        self.unmappable = on_genome(data.unmappable, self.genome, avoided=True) if data.unmappable else []
        self.files = [Path(config.genome), Path(data.signal), *map(Path, data.blacklist)]
        self.files += [Path(data.unmappable)] if data.unmappable else []
        self.recipe = {"mappability": data.mappability}
        self.tracks = [maxima(self.signal)]
        self.tracks += [bases_outside(self.unmappable)] if data.mappability else []
        margin = window // 4 // self._bin * self._bin
        self.layouts = {
            "training": Layout(2 * window, 0, data.step, MOST_UNMAPPABLE),
            "validation": Layout(window - 2 * margin, margin, window - 2 * margin),
        }
        self.peaks = data.peaks and Path(data.peaks)
        self.plans = {
            "training": self.plan(config.chromosomes.train, "training"),
            "validation": self.plan(config.chromosomes.validation),
        }
        for chrom in config.chromosomes.test:  # what would otherwise be found out after training
            self.plan([chrom])
        if self.peaks and config.chromosomes.test:
            self.plan(config.chromosomes.train, peaks=self.peaks)
            self.plan(config.chromosomes.test, peaks=self.peaks)

    def plan(self, chromosomes: Sequence[str], part: str = "validation", peaks: Path | None = None) -> Plan:
        """Where the windows of chromosomes lie: tiled, or with a summit in their middle."""
        avoided = self.blacklist, self.unmappable
        return planned(self.genome, chromosomes, self.layouts[part], self._bin, *avoided, peaks)

    def slabs(self, part: str, plan: Plan, progress: bool | None = None, scratch: str | Path | None = None) -> Slabs:
        """Read what a plan needs."""
        tracks = self.tracks if part == "training" else self.tracks[:1]
        return Slabs(self.genome, tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        target = self._window // self._bin, 1
        names_ = ("accessibility", "mappability")[: len(self.tracks)]
        steps = -(-self.plans["training"].size // self.config.batch_size)
        return Shapes(steps, (self._window, 4), dict.fromkeys(names_, target))

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config = self.config
        if part == "training":
            return AccessibilityTraining(slabs, config.batch_size, self._window, config.seed)
        return AccessibilityEvaluation(slabs, config.batch_size)

    def loss(self, targets: object, outputs: object):
        """Poisson, and with mappability the mean squared error of its share."""
        if not isinstance(targets, dict):
            return _per_window(poisson_nll(targets, outputs))
        error = ops.square(targets["mappability"] - outputs["mappability"])
        return _per_window(poisson_nll(targets["accessibility"], outputs["accessibility"])) + _per_window(error)

    def metrics(self) -> dict[str, keras.metrics.Metric]:
        """Loss, Pearson's and Spearman's correlation."""
        return {
            "loss": keras.metrics.MeanMetricWrapper(poisson_nll),
            "pearson": PearsonCorrelation(),
            "spearman": SpearmanCorrelation(),
        }

    def judged(self, outputs: object):
        """The bins of the core."""
        scores = outputs["accessibility"] if isinstance(outputs, dict) else outputs
        margin = self.layouts["validation"].margin // self._bin
        return scores[:, margin : scores.shape[1] - margin]


class BindingTask:
    """maxATAC's: bound bins from DNA and ATAC-seq. Arguments and errors as for `AccessibilityTask`."""

    def __init__(self, config: TrainConfig, window: int, output: OutputSpec) -> None:
        found = inputs.opened(config)
        self.genome, signals, self.cells, config = found.genome, found.signals, found.cells, found.config
        data = config.binding
        self.config, self._window, self._bin = config, window, output.bin_size
        bound = [self._labels(cell.binding) for cell in self.cells]
        self.recipe = {"slop": data.slop, "cells": len(self.cells)}
        self.tracks = [maxima(*signals), labels(*bound)]
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        self._peaks = [
            (number, kind, self._interesting(cell, path))
            for number, cell in enumerate(self.cells)
            for kind, path in (("ATAC", cell.atac_peaks), ("CHIP", cell.chip_peaks))
            if path is not None
        ]
        self.files = [Path(config.genome), *map(Path, data.blacklist)]
        self.files += [path for cell in self.cells for path in (cell.signal, cell.binding)]
        self._regions = {
            "training": self._around(config.chromosomes.train, data.jitter, data.train_roi),
            "validation": self._around(config.chromosomes.validation, 0, data.validate_roi),
        }
        self.plans = {
            part: Plan(found.starts, Layout(window, data.jitter if part == "training" else 0, window), 1)
            for part, found in self._regions.items()
        }

    def _interesting(self, cell: meta.CellType, path: Path) -> list[Interval]:
        split = self.config.chromosomes
        if path == meta.AUTO:
            signal = Signal(cell.signal)
            spelled = {names.find(chrom, signal.sizes): chrom for chrom in (*split.train, *split.validation)}
            return [Interval(spelled[item.chrom], item.start, item.end) for item in open_regions(signal, list(spelled))]
        return on_genome(path, self.genome)

    def _labels(self, path: Path) -> Signal | list[Interval]:
        if sniff.is_bigwig(path):
            return Signal(path)
        slop = self.config.binding.slop
        found = on_genome(path, self.genome)
        sizes = self.genome.sizes
        return [
            Interval(item.chrom, max(item.start - slop, 0), min(item.end + slop, sizes[item.chrom])) for item in found
        ]

    def _around(self, chromosomes: Sequence[str], margin: int, table: str | None) -> regions.Regions:
        data, sizes = self.config.binding, self.genome.sizes
        arguments = {"blacklist": self.blacklist, "window": self._window, "margin": margin}
        if table:
            names_ = [cell.name for cell in self.cells]
            near = regions.read_table(
                table, names_, {chrom: sizes[chrom] for chrom in chromosomes}, self._window, margin
            )
        else:
            near = regions.around_peaks(self._peaks, sizes, chromosomes, **arguments)
        if not data.random_share:
            return near
        count = data.random_windows
        if chromosomes == self.config.chromosomes.validation:  # as in a training step
            count = round(len(near) * data.random_share / (1 - data.random_share))
        return regions.joined(near, regions.anywhere(count, sizes, chromosomes, self.config.seed, **arguments))

    def slabs(self, part: str, plan: Plan, progress: bool | None = None, scratch: str | Path | None = None) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self.genome, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        return Shapes(self.config.steps, (self._window, 5), {"binding": (self._window // self._bin,)})

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config, data = self.config, self.config.binding
        if part == "validation":
            return BindingEvaluation(slabs, self._regions[part], config.batch_size, self._bin)
        return BindingTraining(
            slabs,
            self._regions[part],
            batch_size=config.batch_size,
            steps=config.steps,
            random_share=data.random_share,
            bin_size=self._bin,
            strands=data.strands,
            pan_cell=data.pan_cell,
            seed=config.seed,
        )

    def loss(self, targets: object, outputs: object):
        """Binary cross-entropy of the bins whose target is known."""
        return _per_window(masked_binary_crossentropy(targets, outputs))

    def metrics(self) -> dict[str, keras.metrics.Metric]:
        """Loss and the Dice coefficient."""
        return {
            "loss": keras.metrics.MeanMetricWrapper(masked_binary_crossentropy),
            "dice": keras.metrics.MeanMetricWrapper(dice_coefficient),
        }

    def judged(self, outputs: object):
        """All bins."""
        return outputs


def task_of(config: TrainConfig, window: int, output: OutputSpec) -> AccessibilityTask | BindingTask:
    """The task of a configuration."""
    return (AccessibilityTask if config.accessibility else BindingTask)(config, window, output)


def _per_window(values: object):
    """(n, …) → (n,) means."""
    return ops.mean(ops.reshape(values, (ops.shape(values)[0], int(np.prod(values.shape[1:])))), axis=1)
