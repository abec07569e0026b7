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

_STRIDE = 4  # windows begin every quarter of their length, as maxATAC's
_HALF = 40  # bp on each side of a site in which motifs are sought
_CONTROLS = (-600, -450, -300, 300, 450, 600)  # bp from a site to sequences without one
_APART = 120  # bp from a control to the nearest site
_MOST_SITES = 1000  # in which motifs are sought
_LEARNED_SCALE = 0.3  # of log-odds, as a batch normalization follows
_BOUND = 0.5  # a target from which on a bin counts as bound, for the metric


class SitesTask:
    """Where factors bind; see `zoo.train.tasks.base.TrainingTask`."""

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
        self.tracks = self._places.tracks
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
        kinds = [sites.chosen(room.anywhere(), data.windows, self.config.seed)]
        if part == "training":
            kinds.append(sites.chosen(room.near(found), data.windows, self.config.seed))
        windows = sites.joined(*kinds)
        plan = SlabPlan(windows.by_place(places), Layout(self._window, margin, self._window), 1)
        return found, windows, plan

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self._places, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        shapes = sites.shapes(self._window, len(self.tracks), self._bin, len(self.config.data.factors))
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
        own, every = [], []
        for chrom in self.config.chromosomes.train:
            here = [known[factor].get(chrom, ()) for known in self._known if known[factor] is not None]
            own.append(np.unique(np.concatenate([np.empty(0, np.int64), *here])))
            every += [(chrom, position) for position in own[-1].tolist()]
        if len(every) > _MOST_SITES:
            drawn = np.random.default_rng((self.config.seed, 4)).choice(len(every), _MOST_SITES, replace=False)
            every = [every[at] for at in np.sort(drawn)]
        positions = dict(zip(self.config.chromosomes.train, own, strict=True))
        controls = [
            (chrom, position + far)
            for chrom, position in every
            for far in _CONTROLS
            if np.abs(positions[chrom] - (position + far)).min() > _APART
        ]
        return discover(self._around(every), self._around(controls), self.config.data.motifs_per_factor)

    def _around(self, places: Sequence[tuple[str, int]]) -> np.ndarray:
        """Base codes around positions, (n, 81)."""
        codes = [self.genome.codes(chrom, at - _HALF, at + _HALF + 1) for chrom, at in places]
        return np.array(codes, np.uint8).reshape(len(codes), 2 * _HALF + 1)

    def begin(self, network: "keras.Model") -> None:
        """Give the scans the motifs of all factors, the first one of each before the second ones.

        The learned scan has two of each factor: as its first kernels, or as its last ones if the run begins with the
        weights of a model, whose first ones are that model's motifs.
        """
        from zoo.architectures.motif_cnn import GIVEN, LEARNED

        ranks = range(self.config.data.motifs_per_factor)
        ranked = [motifs[rank] for rank in ranks for motifs in self.found.values() if rank < len(motifs)]
        most = 2 * len(self.config.data.factors)
        for name, motifs, scale in ((GIVEN, ranked, 1.0), (LEARNED, ranked[:most], _LEARNED_SCALE)):
            layer = next((layer for layer in network.layers if layer.name == name), None)
            if layer is not None:
                last = name == LEARNED and self.config.start_from is not None
                layer.set_weights([with_motifs(layer.get_weights()[0], motifs, scale, last=last)])

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
            PredictionSpec(self._window // _STRIDE, ("forward", "reverse_complement")),
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
        found = "; ".join(
            f"{factor} {', '.join(f'{motif.consensus} ({motif.auroc:.2f})' for motif in motifs)}"
            for factor, motifs in self.found.items()
        )
        text += (
            f" Motifs that the network began with, and their AUROC against sequences nearby: {found}." if found else ""
        )
        return Report(evaluation.metrics(model, split.test), table, text)


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
