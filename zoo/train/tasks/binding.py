"""Bound bins from DNA and ATAC-seq, as maxATAC's models are trained (Cazares et al. 2023, Methods, and its code)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from zoo.architectures import ARCHITECTURES
from zoo.data import meta as cell_types
from zoo.data import regions
from zoo.data.batches import Batches
from zoo.data.binding import BindingEvaluation, BindingTraining
from zoo.data.meta import AUTO, CellType
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs, labels, maxima
from zoo.data.windows import Layout
from zoo.genome import names, sniff
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare.peaks import open_regions
from zoo.spec import (
    BASES,
    TRAINING_STRANDS,
    WINDOW,
    InputSpec,
    ModelSpec,
    OutputSpec,
    PredictionSpec,
    TrackSpec,
)
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.binding_report import Evaluation, Sample

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_STRIDE = 4  # maxATAC's windows begin every quarter of their length
_VIEWS = {
    "both": ("forward", "reverse_complement"),
    "forward": ("forward",),
    "legacy_revcomp": ("forward", "rotated"),
}
_MOST_BP = 1 << 20  # that a window may be moved or widened by
_TRACKS = (".bw", ".bigwig")


@dataclass(frozen=True)
class BindingData(Data):
    """What a binding model is trained on: one cell type, or a table of them.

    Attributes:
        factor: what binds.
        signal_spec: how the ATAC-seq track was made.
        meta: table of cell types (`zoo.data.meta`); or
        signal: bigWig of one cell type,
        peaks: BED of the factor's peaks,
        binding: bigWig of zeros and ones; by default the peaks, and
        atac_peaks: BED, if any; or "auto" for the open regions of the signal.
        train_roi: table of windows to train on, instead of those around peaks (`zoo.data.regions.read_table`).
        validate_roi: the same to validate on.
        blacklist: BED files.
        slop: bp that are added on both sides of a peak of a BED file where it serves as label.
        jitter: bp by which a training window may lie off the middle of its region.
        random_share: fraction of windows that lie anywhere.
        random_windows: how many different ones of those there are.
        strands: as for `zoo.data.binding.BindingTraining`.
        pan_cell: the same.
    """

    PATHS = ("meta", "signal", "peaks", "binding", "atac_peaks", "train_roi", "validate_roi", "blacklist")

    factor: str
    signal_spec: TrackSpec
    meta: str | None = None
    signal: str | None = None
    peaks: str | None = None
    binding: str | None = None
    atac_peaks: str | None = None
    train_roi: str | None = None
    validate_roi: str | None = None
    blacklist: tuple[str, ...] = ()
    slop: int = 0
    jitter: int = 0
    random_share: float = 0.0
    random_windows: int = 10_000
    strands: str = "both"
    pan_cell: bool = True

    def __post_init__(self) -> None:
        fields = dict.fromkeys(self.PATHS, must.optional(must.PATH)) | {
            "factor": must.TEXT,
            "signal_spec": must.of(TrackSpec, "how the signal was made: assay, smoothing, read_depth, …"),
            "blacklist": must.PATHS,
            "slop": must.whole(0, _MOST_BP),
            "jitter": must.whole(0, _MOST_BP),
            "random_share": must.real(0, 0.9999, "a number of 0 or more and less than 1"),
            "random_windows": must.whole(1),
            "strands": must.one_of(TRAINING_STRANDS),
            "pan_cell": must.SWITCH,
        }
        must.check("The data of a binding model", self, fields)
        made = {
            "assay": must.TEXT,
            "smoothing": must.whole(0, _MOST_BP),
            "read_depth": must.whole(1, 1 << 40),
            "percentile": must.real(0, 100),
            "fill": must.real(-1e6, 1e6),
        }
        must.check("The signal_spec of a binding model", self.signal_spec, made)
        alone = {name: getattr(self, name) for name in ("signal", "peaks", "binding", "atac_peaks")}
        conditions = {
            "with a table of cell types (meta), signal, peaks, binding and atac_peaks must be left out": not (
                self.meta and any(alone.values())
            ),
            "there must be a table of cell types (meta), or signal and peaks": bool(
                self.meta or (self.signal and self.peaks)
            ),
        }
        must.require("The data of a binding model", conditions, {"meta": self.meta, **alone})

    def cells(self) -> list[CellType]:
        """The cell types, of which one that is not in a table has the factor's name."""
        if self.meta:
            return cell_types.read(self.meta)
        paths = (self.signal, self.binding or self.peaks, self.atac_peaks, self.peaks)
        return [CellType(self.factor, *(path and Path(path) for path in paths))]

    def files(self) -> dict[str, str]:
        """Every file that is named, by what it is; open chromatin by a rule is none."""
        return {name: path for name, path in super().files().items() if path != str(AUTO)}

    def tracks(self) -> dict[str, Signal]:
        """The signals, and the labels that are tracks."""
        cells = self.cells()
        tracks = {f"the signal of {cell.name}": Signal(cell.signal) for cell in cells}
        return tracks | {
            f"the binding track of {cell.name}": Signal(cell.binding) for cell in cells if sniff.is_bigwig(cell.binding)
        }

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is so many steps, of a network that reads a signal."""
        network = config.architecture.name  # another's shapes are compared with the data when it is built
        return {
            "steps (of an epoch) must be given for a binding model": config.steps is not None,
            "the network of a binding model must read a signal beside DNA (maxatac)": network == "maxatac"
            or network not in ARCHITECTURES,
        }


class BindingTask:
    """Which bins a factor binds; see `zoo.train.tasks.base.TrainingTask`."""

    data = BindingData
    monitors: ClassVar = {"val_loss": min, "val_dice": max}
    components = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        opened, data = inputs.opened(config), config.data
        self.genome, self.config, self.cells = opened.genome, opened.config, data.cells()
        self._window, self._bin = window, window // next(iter(outputs.values()))[0]
        bound = [self._labels(cell.binding) for cell in self.cells]
        self.recipe = {"slop": data.slop, "cells": len(self.cells)}
        self.tracks = [maxima(*(Signal(cell.signal) for cell in self.cells)), labels(*bound)]
        self.blacklist = [
            interval for path in data.blacklist for interval in on_genome(path, self.genome, avoided=True)
        ]
        self._peaks = [
            (number, kind, self._interesting(cell, path))
            for number, cell in enumerate(self.cells)
            for kind, path in (("ATAC", cell.atac_peaks), ("CHIP", cell.chip_peaks))
            if path is not None
        ]
        self.files = [Path(config.genome), *map(Path, data.blacklist)]
        self.files += [path for cell in self.cells for path in (cell.signal, cell.binding)]
        split = self.config.chromosomes
        self._regions = {
            "training": self._around(split.train, data.jitter, data.train_roi),
            "validation": self._around(split.validation, 0, data.validate_roi),
        }
        self.plans = {
            part: SlabPlan(near.starts, Layout(window, data.jitter if part == "training" else 0, window), 1)
            for part, near in self._regions.items()
        }

    def _interesting(self, cell: CellType, path: Path) -> list[Interval]:
        split = self.config.chromosomes
        if path == AUTO:
            signal = Signal(cell.signal)
            name_map = {names.find(chrom, signal.sizes): chrom for chrom in (*split.train, *split.validation)}
            return [
                Interval(name_map[interval.chrom], interval.start, interval.end)
                for interval in open_regions(signal, list(name_map))
            ]
        return on_genome(path, self.genome)

    def _labels(self, path: Path) -> Signal | list[Interval]:
        if sniff.is_bigwig(path):
            return Signal(path)
        slop = self.config.data.slop
        intervals = on_genome(path, self.genome)
        sizes = self.genome.sizes
        return [
            Interval(interval.chrom, max(interval.start - slop, 0), min(interval.end + slop, sizes[interval.chrom]))
            for interval in intervals
        ]

    def _around(self, chromosomes: Sequence[str], margin: int, table: str | None) -> regions.Regions:
        data, sizes = self.config.data, self.genome.sizes
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

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self.genome, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        reads = {WINDOW: (self._window, len(BASES) + 1)}
        return Shapes(self.config.steps, reads, {"binding": (self._window // self._bin,)})

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config, data = self.config, self.config.data
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
        from zoo.train.losses import masked_binary_crossentropy

        return per_window(masked_binary_crossentropy(targets, outputs))

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss and the Dice coefficient."""
        import keras

        from zoo.train.losses import masked_binary_crossentropy
        from zoo.train.metrics import dice_coefficient

        return {
            "loss": keras.metrics.MeanMetricWrapper(masked_binary_crossentropy),
            "dice": keras.metrics.MeanMetricWrapper(dice_coefficient),
        }

    def evaluated(self, outputs: object):
        """All bins."""
        return outputs

    def output(self) -> tuple[OutputSpec, ...]:
        """One score a bin."""
        bins, factor = self._window // self._bin, self.config.data.factor
        return (OutputSpec(bins, self._bin, 0, factor, "binding", "binding", "binding"),)

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of DNA and the signal, whose overlapping windows are averaged."""
        config, data = self.config, self.config.data
        return model_spec(
            config,
            f"{data.factor} binding from ATAC-seq and sequence, {config.assembly}",
            InputSpec(self._window, config.assembly, (data.signal_spec,)),
            self.output(),
            PredictionSpec(self._window // _STRIDE, _VIEWS[data.strands]),
            metrics,
        )

    def report(self, model: "Model", run: Learned) -> Report:
        """Thresholds by the validation chromosomes; precision and recall on the test chromosomes."""
        split = self.config.chromosomes
        samples = [
            Sample(cell.name, {"signal": Signal(cell.signal)}, {cell.name: on_genome(cell.chip_peaks, self.genome)})
            for cell in self.cells
        ]
        evaluation = Evaluation(self.genome, samples, self.blacklist, run.progress)
        table = evaluation.thresholds(model, split.validation)
        text = training_text(self.config, run.result, ", in bins of 200 bp")
        text += f" Thresholds are calibrated on {', '.join(split.validation)}." if table else ""
        return Report(evaluation.metrics(model, split.test, ("forward", "both")), table, text)
