"""Binding sites of one factor or several from DNA and accessibility, from few sites: this package's own recipe.

Targets fall off with the distance from a site; windows lie near sites of every factor as often, and anywhere; the
network begins with motifs that are enriched around the sites of the training chromosomes. A factor that was not
measured in a cell type does not count there.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.data import sites
from zoo.data.batches import Batches
from zoo.data.cells import CellGenome, tracks_of
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import warn
from zoo.genome.enriched import Motif, discover
from zoo.spec import InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Settings
from zoo.train.tasks import cell_data
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.binding_report import Evaluation, Sample
from zoo.train.tasks.sites_data import SitesData

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_STRIDE = 4  # windows begin every quarter of their length, in whole bins, as maxATAC's
_VIEWS = ("forward", "reverse_complement")
_HALF = 40  # bp on each side of a site in which motifs are sought
_CONTROLS = (-600, -450, -300, 300, 450, 600)  # bp from a site to sequences without one
_APART = 120  # bp from a control to the nearest site
_MOST_SITES = 1000  # in which motifs are sought
_LEARNED_SCALE = 0.3  # of log-odds, as a batch normalization follows
_BOUND = 0.5  # a target from which on a bin counts as bound, for the metric


class SitesTask:
    """Where factors bind; see `zoo.train.tasks.base.TrainingTask`.

    Raises:
        InputError: besides, no site of some factor on the chromosomes of a part, or no training window near one.
    """

    data = SitesData
    monitors: ClassVar = {"val_loss": min, "val_auprc": max}
    components = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        opened, data = inputs.opened(config), config.data
        self.genome, self.config = opened.genome, opened.config
        self.cells, self._signals = data.chosen.cells(), data.chosen.signals()
        layout, split = data.chosen.tracks, self.config.chromosomes
        cell_data.look_at(self._signals, layout, [*split.train, *split.validation])
        self._window, self._bin = window, window // next(iter(outputs.values()))[0]
        read = [tracks_of(layout.tracks, layout.sources, signals, self.genome) for signals in self._signals]
        self._places = CellGenome(self.genome, read)
        learned = data.learned()
        self._read = len(self._places.tracks)
        self.tracks = [*self._places.tracks, *(sites.scores(signal) for signal in learned.values())]
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        self._known = [
            [
                sites.summits(cell.peaks[factor], self.genome) if factor in cell.peaks else None
                for factor in data.factors
            ]
            for cell in self.cells
        ]
        parts = {"training": (split.train, data.jitter), "validation": (split.validation, 0)}
        self._sites, self._windows, self.plans = {}, {}, {}
        for part, (chromosomes, margin) in parts.items():
            self._sites[part], self._windows[part], self.plans[part] = self._laid_out(chromosomes, margin, part)
        self.files = [Path(config.genome), *(signal.path for signals in self._signals for signal in signals.values())]
        self.files += [signal.path for signal in learned.values()]
        self.recipe = {"cells": len(self.cells), "tracks": [str(track) for track in layout.tracks]}

    def _laid_out(
        self, chromosomes: Sequence[str], margin: int, part: str
    ) -> tuple[sites.Sites, sites.Windows, SlabPlan]:
        """Sites and windows on some chromosomes: near sites and anywhere to train on, all there are to validate."""
        data = self.config.data
        places = sites.places_of(len(self.cells), chromosomes)
        found = sites.Sites.of(places, self._known, data.core, data.smoothing)
        counts = {factor: len(each) for factor, each in zip(data.factors, found.positions, strict=True)}
        must.require(
            f"The sites on the {part} chromosomes",
            {"there must be some of each factor": all(counts.values())},
            {"chromosomes": list(chromosomes), "sites": counts},
        )
        room = sites.Room(places, self.genome.sizes, self.blacklist, self._window, margin)
        layout = Layout(self._window, margin, self._window)
        kinds = [sites.chosen(room.anywhere(), data.windows, self.config.seed)]
        if part == "training":
            kinds.append(sites.chosen(room.near(found), data.windows, self.config.seed))
        windows = sites.joined(*kinds)
        near = {factor: int((windows.factors == number).sum()) for number, factor in enumerate(data.factors)}
        must.require(
            "The windows near sites",
            {"there must be some of each factor": len(kinds) == 1 or data.random_share == 1 or all(near.values())},
            {"chromosomes": list(chromosomes), "windows": near, "bp of a window": layout.slab},
        )
        return found, windows, SlabPlan(windows.by_place(places), layout, 1)

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self._places, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        shapes = sites.shapes(self._window, self._read, self._bin, len(self.config.data.factors))
        return Shapes(self.config.steps, *shapes)

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config, given = self.config, (slabs, self._windows[part], self._sites[part], self.config.batch_size)
        if part == "validation":
            return sites.SiteEvaluation(*given, self._bin)
        return sites.SiteTraining(
            *given, config.steps, config.data.random_share, self._bin, config.seed, config.data.mix
        )

    @cached_property
    def found(self) -> dict[str, list[Motif]]:
        """The motifs of each factor; none if none are sought."""
        sought = self.config.data.factors if self.config.data.motifs_per_factor else ()
        return {factor: self._motifs_of(number) for number, factor in enumerate(sought)}

    def _motifs_of(self, factor: int) -> list[Motif]:
        """What is enriched around the sites of a factor on the training chromosomes, in any cell type."""
        positions = {chrom: self._positions(factor, chrom) for chrom in self.config.chromosomes.train}
        every = [(chrom, at) for chrom, own in positions.items() for at in own.tolist()]
        if len(every) > _MOST_SITES:
            drawn = np.random.default_rng((self.config.seed, 4)).choice(len(every), _MOST_SITES, replace=False)
            every = [every[at] for at in np.sort(drawn)]
        controls = [
            (chrom, at + far)
            for chrom, at in every
            for far in _CONTROLS
            if _HALF <= at + far < self.genome.sizes[chrom] - _HALF
            and np.abs(positions[chrom] - (at + far)).min() > _APART
        ]
        wanted = self.config.data.motifs_per_factor
        motifs = discover(self._around(every), self._around(controls), wanted) if controls else []
        if len(motifs) < wanted:
            name = self.config.data.factors[factor]
            warn(f"{len(motifs)} of {wanted} motifs are enriched around the sites of {name}: other kernels are random.")
        return motifs

    def _positions(self, factor: int, chrom: str) -> np.ndarray:
        """The sites of a factor on a chromosome in any cell type, (n,) int64."""
        known = [of_cell[factor] for of_cell in self._known if of_cell[factor] is not None]
        none = np.empty(0, np.int64)
        return np.unique(np.concatenate([none, *(positions.get(chrom, none) for positions in known)]))

    def _around(self, places: Sequence[tuple[str, int]]) -> np.ndarray:
        """Base codes around positions, (n, 81)."""
        codes = [self.genome.codes(chrom, at - _HALF, at + _HALF + 1) for chrom, at in places]
        return np.array(codes, np.uint8).reshape(len(codes), 2 * _HALF + 1)

    @property
    def begun(self) -> tuple[str, str]:
        """The layers to which `begin` gives motifs: of `motif_cnn`, whose kernels are log-odds, and learned ones."""
        from zoo.architectures.motif_cnn import GIVEN, LEARNED

        return GIVEN, LEARNED

    def begin(self, network: "keras.Model") -> None:
        """Give the scans the motifs of all factors, the first one of each before the second ones.

        The learned scan has two of each factor: as its first kernels, or as its last ones if the run begins with the
        weights of a model, whose first ones are that model's motifs.
        """
        given, learned = self.begun
        scans = {layer.name: layer for layer in network.layers if layer.name in (given, learned)}
        if not scans:
            return
        ranks = range(self.config.data.motifs_per_factor)
        ranked = [motifs[rank] for rank in ranks for motifs in self.found.values() if rank < len(motifs)]
        most = 2 * len(self.config.data.factors)
        for name, motifs, scale in ((given, ranked, 1.0), (learned, ranked[:most], _LEARNED_SCALE)):
            if name in scans:
                last = name == learned and self.config.start_from is not None
                [kernel] = scans[name].get_weights()
                scans[name].set_weights([with_motifs(kernel, motifs, scale, last=last)])

    def loss(self, targets: object, outputs: object):
        """Binary cross-entropy of the factors that were measured."""
        from zoo.train.losses import masked_binary_crossentropy

        return per_window(masked_binary_crossentropy(targets, outputs))

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss, and the area under the precision-recall curve of the bins of all factors together."""
        import keras

        from zoo.train.losses import masked_binary_crossentropy
        from zoo.train.metrics import OfKnown

        return {
            "loss": keras.metrics.MeanMetricWrapper(masked_binary_crossentropy),
            "auprc": OfKnown(keras.metrics.AUC(1000, "PR"), bound=_BOUND),
        }

    def evaluated(self, outputs: object):
        """All bins."""
        return outputs

    def output(self) -> tuple[OutputSpec, ...]:
        """A score a bin and factor."""
        bins, factors = self._window // self._bin, self.config.data.factors
        target = factors[0] if len(factors) == 1 else f"{len(factors)} factors"
        tracks = factors if len(factors) > 1 else ()
        return (OutputSpec(bins, self._bin, 0, target, "binding", sites.TARGET, "binding", tracks=tracks),)

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of DNA and the tracks, whose overlapping windows and whose strands are averaged."""
        config, data = self.config, self.config.data
        measured = "".join(f"{track.assay} and " for track in data.track_specs if track.origin == "sample")
        return model_spec(
            config,
            f"{self.output()[0].target} binding from {measured}sequence, {config.assembly}",
            InputSpec(self._window, config.assembly, tuple(data.track_specs)),
            self.output(),
            PredictionSpec(max(self._window // self._bin // _STRIDE, 1) * self._bin, _VIEWS),
            metrics,
        )

    def report(self, model: "Model", run: Learned) -> Report:
        """Thresholds of one factor by the validation chromosomes; precision and recall on the test chromosomes."""
        data, split = self.config.data, self.config.chromosomes
        samples = [
            Sample(
                cell.name,
                cell_data.reads_of(cell, signals, (), None),
                {factor: on_genome(path, self.genome) for factor, path in cell.peaks.items()},
            )
            for cell, signals in zip(self.cells, self._signals, strict=True)
        ]
        evaluation = Evaluation(self.genome, samples, self.blacklist, run.progress)
        table = evaluation.thresholds(model, split.validation) if len(data.factors) == 1 else None
        text = training_text(self.config, run.result, ", in bins of 200 bp")
        text += f" Thresholds are calibrated on {', '.join(split.validation)}." if table else ""
        if set(self.begun) & {layer.name for layer in model.network._flatten_layers()} and self.found:
            text += f" {self._motif_text()}"
        return Report(evaluation.metrics(model, split.test), table, text)

    def _motif_text(self) -> str:
        """The motifs, for the card."""
        each = {
            factor: ", ".join(f"{motif.consensus} ({motif.auroc:.2f})" for motif in motifs) or "none"
            for factor, motifs in self.found.items()
        }
        text = "; ".join(f"{factor} {motifs}" for factor, motifs in each.items())
        return f"Motifs that the network began with, and their AUROC against sequences nearby: {text}."


def with_motifs(kernel: np.ndarray, motifs: Sequence[Motif], scale: float, last: bool = False) -> np.ndarray:
    """The kernels of a scan, some of which are motifs.

    Args:
        kernel: (width, 4, kernels).
        motifs: their log-odds are in the middle of a kernel; of those that are longer the middle counts.
        scale: by which log-odds (to the base of 2) are multiplied.
        last: whether the last kernels become motifs instead of the first ones.
    """
    kernel, width = kernel.copy(), kernel.shape[0]
    for number, motif in enumerate(motifs[: kernel.shape[2]]):
        odds = motif.log_odds / np.log(2)
        taken = min(len(odds), width)
        begin, at = (len(odds) - taken) // 2, (width - taken) // 2
        place = kernel.shape[2] - 1 - number if last else number
        kernel[:, :, place] = 0
        kernel[at : at + taken, :, place] = scale * odds[begin : begin + taken]
    return kernel
