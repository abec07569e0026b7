"""Binding in single bins, as FactorNet, DeepGRN and scFAN are trained (their articles and code).

A network reads the window around a bin, some tracks and a vector; it predicts one factor, or several at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.architectures import ARCHITECTURES
from zoo.data import bins
from zoo.data.batches import Batches
from zoo.data.bin_batches import TARGET, BinEvaluation, BinLayout, BinTraining
from zoo.data.bins import Bins, Negatives, Room
from zoo.data.cells import CellGenome, tracks_of
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome.motifs import read_motifs
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, merge
from zoo.porting.bins_of_200 import BIN, FLAGS, STEP
from zoo.spec import (
    BASES,
    CovariateSpec,
    InputSpec,
    ModelSpec,
    OutputSpec,
    PredictionSpec,
    TrackSpec,
)
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks import cell_data
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.binding_report import Evaluation, Sample

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_NETWORKS = ("factornet", "deepgrn", "scfan")
PEAKS = "peaks"
GRID = "grid"
ANYWHERE = "anywhere"
UNBOUND = "unbound"
_APART = 200  # bp around relaxed peaks in which there is no bin of "anywhere"
_LEAST = 1e-3  # probability of a base in a motif
_SHIFT = 20  # bp by which bins of the grid are moved


@dataclass(frozen=True)
class BinsData(Data):
    """What a model of single bins is trained on: one cell type, or a table of them.

    Attributes:
        factors: what binds; several are predicted by one network.
        track_specs: what is read beside DNA, in the network's order.
        source_specs: tracks that only derived ones need.
        meta: table of cell types (`zoo.data.cells.read`); or
        cell_type: the name of the only one,
        peaks: factor → BED of its peaks, and
        relaxed: factor → BED of all that may be peaks; default the peaks.
        signal: name of a track → bigWig; with a table those of the genome alone, such as mappability.
        covariates: names of numbers of each cell type, columns of the table; those of FactorNet (GEPC1 … GEPC8) are
            known for its cell types.
        flags: name → BED; 1 for a bin that shares a base with it, else 0. They follow the covariates.
        blacklist: BED files.
        slop: bp that are added on both sides of a peak.
        positives: "peaks", a bin in the middle of each peak; or "grid", those of the bins every 50 bp that a peak
            covers by more than half.
        shift: bp by which a bin with a peak is moved at most; default for peaks as far as it has 76 bp of its peak, for
            the grid 20.
        negatives_from: "anywhere", outside of relaxed peaks and the 200 bp around them, and of the blacklist and a
            window around it, not overlapping one another; or "unbound", bins of the grid outside of relaxed peaks.
        negatives_per_positive: bins without a peak for each with one, drawn anew in each epoch.
        validation_negatives: the same of validation, where they stay; default as in training.
        motifs: MEME file, of whose first motif that is named like the factor the first two kernels of the convolution
            begin as log2-odds: as it is, and from the other strand.
    """

    PATHS = ("meta", "peaks", "relaxed", "signal", "flags", "blacklist", "motifs")

    factors: tuple[str, ...]
    track_specs: tuple[TrackSpec, ...]
    source_specs: tuple[TrackSpec, ...] = ()
    meta: str | None = None
    cell_type: str | None = None
    peaks: str | Mapping[str, str] | None = None
    relaxed: str | Mapping[str, str] | None = None
    signal: str | Mapping[str, str] | None = None
    covariates: tuple[str, ...] = ()
    flags: Mapping[str, str] | None = None
    blacklist: tuple[str, ...] = ()
    slop: int = 0
    positives: str = PEAKS
    shift: int | None = None
    negatives_from: str = ANYWHERE
    negatives_per_positive: int = 1
    validation_negatives: int | None = None
    motifs: str | None = None

    def __post_init__(self) -> None:
        named = must.optional(cell_data.FILES_BY_NAME)
        path_or_named = must.Rule(
            lambda value: value is None or must.is_text(value) or cell_data.FILES_BY_NAME.holds(value),
            "a path, or a mapping of names to paths",
        )
        ratio = must.whole(1, cell_data.MOST_RATIO)
        fields = {
            "factors": must.several(must.TEXT, "a list of names, none twice, one at least", True, 1),
            "track_specs": cell_data.TRACKS,
            "source_specs": cell_data.TRACKS,
            "meta": must.optional(must.PATH),
            "cell_type": must.optional(must.TEXT),
            **dict.fromkeys(("peaks", "relaxed", "signal"), path_or_named),
            "covariates": must.NAMES,
            "flags": named,
            "blacklist": must.PATHS,
            "slop": must.whole(0, cell_data.MOST_BP),
            "positives": must.one_of((PEAKS, GRID)),
            "shift": must.optional(must.whole(0, cell_data.MOST_BP)),
            "negatives_from": must.one_of((ANYWHERE, UNBOUND)),
            "negatives_per_positive": ratio,
            "validation_negatives": must.optional(ratio),
            "motifs": must.optional(must.PATH),
        }
        must.check("The data of a model of bins", self, fields)
        alone = {name: getattr(self, name) for name in ("cell_type", "peaks", "relaxed")}
        named_peaks = cell_data.by_name(self.peaks, self.factors) or {}
        conditions = cell_data.one_or_table(self.meta, alone, ("peaks",)) | {
            "positives of several factors must be those of the grid": len(self.factors) == 1 or self.positives == GRID,
            "peaks must be those of the factors": bool(self.meta) or set(named_peaks) == set(self.factors),
            "relaxed must be of factors that have peaks": set(cell_data.by_name(self.relaxed, self.factors) or {})
            <= set(self.factors),
            "motifs must go with one factor": not self.motifs or len(self.factors) == 1,
            "covariates and flags must have names of their own": not set(self.covariates) & set(self.flags or {}),
        }
        must.require("The data of a model of bins", conditions, {"meta": self.meta, **alone, "factors": self.factors})
        layout = cell_data.Tracks(self.track_specs, self.source_specs)
        must.require(
            "The tracks of a model of bins",
            layout.conditions(self.meta, cell_data.by_name(self.signal, layout.of("sample"))),
            {"signal": self.signal, "tracks": [track.name for track in layout.given]},
        )

    @property
    def chosen(self) -> cell_data.Chosen:
        """The cell types."""
        layout = cell_data.Tracks(self.track_specs, self.source_specs)
        files = [cell_data.by_name(paths, self.factors) for paths in (self.peaks, self.relaxed)]
        signal = cell_data.by_name(self.signal, layout.of("sample"))
        return cell_data.Chosen(layout, self.factors, self.covariates, self.meta, self.cell_type, signal, *files)

    def tracks(self) -> dict[str, Signal]:
        """The tracks of the cell types and of the genome."""
        return self.chosen.opened()

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """As many tracks, covariates and outputs as there are."""
        count = len(self.covariates) + len(self.flags or {})
        made = {"tracks": len(self.track_specs)}
        made |= {"covariates": count} if count or "covariates" in given else {}
        return made | ({"outputs": len(self.factors)} if len(self.factors) > 1 or "outputs" in given else {})

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is a pass; a network of one bin, whose arguments follow from the data."""
        return {
            "steps must be left out for a model of bins, whose epoch is a pass over those with a peak": config.steps
            is None,
            "motifs must be left out of a run that begins with the weights of a model": not self.motifs
            or config.start_from is None,
            **cell_data.network_conditions(self, config, _NETWORKS, list(ARCHITECTURES)),
        }


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
        opened, data = inputs.opened(config), config.data
        self.genome, self.config = opened.genome, opened.config
        self.cells, self._signals = data.chosen.cells(), data.chosen.signals()
        layout = data.chosen.tracks
        read = [tracks_of(layout.tracks, layout.sources, signals, self.genome) for signals in self._signals]
        self._places = CellGenome(self.genome, read)
        self.tracks = self._places.tracks
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        flags = [merge(on_genome(path, self.genome, avoided=True)) for path in (data.flags or {}).values()]
        numbers = np.array([cell.covariates for cell in self.cells], np.float32).reshape(len(self.cells), -1)
        split = self.config.chromosomes
        self._layout = BinLayout(window, BIN, (*split.train, *split.validation), numbers, flags, len(layout.tracks))
        self._peaks = [
            {factor: cell_data.peaks_of(path, self.genome, data.slop) for factor, path in cell.peaks.items()}
            for cell in self.cells
        ]
        self._motif = next(iter(read_motifs(data.motifs, *data.factors).values())) if data.motifs else None
        self.left_out = {"at an end": 0, "blacklisted": 0}
        training, validation = self._bound(split.train, "training"), self._bound(split.validation, "validation")
        ratio, other = data.negatives_per_positive, data.validation_negatives
        self.negatives = {
            "training": self._negatives(split.train, training, ratio),
            "validation": self._negatives(split.validation, validation, ratio if other is None else other),
        }
        still = self.negatives["validation"].draw(np.random.default_rng((config.seed, 5)))
        self.bins = {"training": training, "validation": bins.joined(validation.still(), still)}
        self.plans = {part: self._layout.plan(each) for part, each in self.bins.items()}
        self.files = [Path(config.genome), *(signal.path for signals in self._signals for signal in signals.values())]
        self.recipe = {"cells": len(self.cells), "tracks": [str(track) for track in layout.tracks]}

    def _bound(self, chromosomes: Sequence[str], part: str) -> Bins:
        """The bins with a peak on some chromosomes. Raises `InputError` if there is none."""
        data, factors = self.config.data, self.config.data.factors
        parts, peaks = [bins.nothing(len(factors))], 0
        for cell, by_factor in enumerate(self._peaks):
            for chrom in chromosomes:
                spans = [bins.spans_of(by_factor[f], chrom) if f in by_factor else None for f in factors]
                peaks += sum(len(each) for each in spans if each is not None)
                number = self._layout.chromosomes.index(chrom)
                parts.append(bins.made(cell, number, *self._placed(spans)))
        found = bins.joined(*parts)
        blacklist = merge(self.blacklist)
        unwanted = [blacklist.get(chrom, NONE) for chrom in self._layout.chromosomes]
        before, window = self._layout.before, self._layout.window
        outside, bad = bins.usable(found, self._sizes(self._layout.chromosomes), unwanted, before, window, BIN)
        lost = {"at an end": int(outside.sum()), "blacklisted": int((bad & ~outside).sum())}
        kept = found.among(~(outside | bad))
        if not len(kept):
            raise InputError(
                f"There must be a bin with a peak on the {part} chromosomes",
                received={"chromosomes": list(chromosomes), "peaks": peaks, "bins": len(found), **lost},
                hint=None
                if data.positives == PEAKS or not peaks
                else f"Peaks must have more than {BIN // 2} bp, as for the grid; slop widens them",
            )
        self.left_out = {why: count + lost[why] for why, count in self.left_out.items()}
        return kept

    def _placed(self, spans: Sequence[np.ndarray | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts, shifts and labels of the bins with a peak of one chromosome of a cell type."""
        data = self.config.data
        if data.positives == PEAKS:
            starts, shifts = bins.around_peaks(spans[0], BIN, data.shift)
            return starts, shifts, np.ones((len(starts), 1), np.float32)
        bound = [None if each is None else bins.on_grid(each, BIN, STEP) for each in spans]
        starts = np.unique(np.concatenate([np.empty(0, np.int64), *(each for each in bound if each is not None)]))
        shift = _SHIFT if data.shift is None else data.shift
        return starts, np.tile([-shift, shift], (len(starts), 1)), bins.labelled(starts, bound)

    def _negatives(self, chromosomes: Sequence[str], positive: Bins, ratio: int) -> Negatives:
        """What is drawn on some chromosomes: of each cell type as many as its bins with a peak ask for."""
        data, layout = self.config.data, self._layout
        far = data.negatives_from == ANYWHERE
        sizes, rooms = self._sizes(layout.chromosomes), []
        closed = [np.array([[0, size]], np.int64) for size in sizes]  # of chromosomes of the other part
        for cell, by_factor in zip(self.cells, self._peaks, strict=True):
            relaxed = [cell_data.peaks_of(path, self.genome, data.slop) for path in cell.relaxed.values()]
            every = [peak for peaks in (*by_factor.values(), *relaxed) for peak in peaks]
            reach = layout.window if far else 0
            spans = bins.avoided(layout.chromosomes, every, _APART if far else 0, self.blacklist, reach)
            spans = [
                own if chrom in chromosomes else none
                for chrom, own, none in zip(layout.chromosomes, spans, closed, strict=True)
            ]
            margin = layout.window if far else layout.before
            rooms.append(Room(sizes, spans, BIN, margin, 1 if far else STEP))
        counts = np.bincount(positive.cells, minlength=len(self.cells)) * ratio
        labels = [np.array([[0.0 if f in own else -1.0 for f in data.factors]], np.float32) for own in self._peaks]
        return Negatives(rooms, counts.tolist(), BIN if far else 1, sizes, BIN, labels)

    def _sizes(self, chromosomes: Sequence[str]) -> list[int]:
        return [self.genome.sizes[chrom] for chrom in chromosomes]

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
