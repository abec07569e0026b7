"""Binding at each base, as Leopard is trained (Li & Guan 2021 and its code): windows anywhere, unknown bases masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from zoo.architectures import ARCHITECTURES
from zoo.data import bases
from zoo.data.bases import BaseEvaluation, BaseTraining
from zoo.data.batches import Batches
from zoo.data.bin_batches import TARGET
from zoo.data.cells import CellGenome, place, tracks_of
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs
from zoo.errors import InputError
from zoo.genome import sniff
from zoo.genome.signal import Signal
from zoo.spec import BASES, WINDOW, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks import cell_data
from zoo.train.tasks.base import LAST, Learned, Report, Shapes, model_spec, per_window, training_text
from zoo.train.tasks.binding_report import Evaluation, Sample

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_NETWORKS = ("leopard",)


@dataclass(frozen=True)
class BasesData(Data):
    """What a model of single bases is trained on: one cell type, or a table of them.

    Attributes:
        factor: what binds.
        track_specs: what is read beside DNA, in the network's order.
        source_specs: tracks that only derived ones need, such as the average that the sample's is compared with.
        meta: table of cell types (`zoo.data.cells.read`); or
        cell_type: the name of the only one, and
        peaks: BED of its peaks, or a bigWig of 1, 0, and numbers below 0 where it is not known.
        signal: name of a track → bigWig; with a table those of the genome alone.
        validation_cell: the cell type that is validated on, and not trained on; default all are both.
        blacklist: BED files of bases that do not count.
        slop: bp that are added on both sides of a peak of a BED file.
        scale: between which numbers the sample's own tracks are multiplied in training; functions of them are not.
        validation_windows: how many there are, drawn once.
        trim: bp at each end of a window whose predictions do not count.
    """

    PATHS = ("meta", "peaks", "signal", "blacklist")

    factor: str
    track_specs: tuple[TrackSpec, ...]
    source_specs: tuple[TrackSpec, ...] = ()
    meta: str | None = None
    cell_type: str | None = None
    peaks: str | None = None
    signal: str | Mapping[str, str] | None = None
    validation_cell: str | None = None
    blacklist: tuple[str, ...] = ()
    slop: int = 0
    scale: tuple[float, ...] = (0.9, 1.15)
    validation_windows: int = 1000
    trim: int = 100

    def __post_init__(self) -> None:
        fields = {
            "factor": must.TEXT,
            "track_specs": cell_data.TRACKS,
            "source_specs": cell_data.TRACKS,
            **dict.fromkeys(("meta", "peaks"), must.optional(must.PATH)),
            **dict.fromkeys(("cell_type", "validation_cell"), must.optional(must.TEXT)),
            "signal": must.Rule(
                lambda value: value is None or must.is_text(value) or cell_data.FILES_BY_NAME.holds(value),
                "a path, or a mapping of names to paths",
            ),
            "blacklist": must.PATHS,
            "slop": must.whole(0, cell_data.MOST_BP),
            "scale": must.Rule(
                lambda value: len(value) == 2 and 0 < value[0] <= value[1] < 1e3, "two numbers above 0, the lower first"
            ),
            "validation_windows": must.whole(1),
            "trim": must.whole(0, cell_data.MOST_BP),
        }
        must.check("The data of a model of bases", self, fields)
        alone = {name: getattr(self, name) for name in ("cell_type", "peaks")}
        conditions = cell_data.one_or_table(self.meta, alone, ("peaks",)) | {
            "validation_cell must go with a table of cell types (meta)": bool(self.meta) or not self.validation_cell
        }
        must.require("The data of a model of bases", conditions, {"meta": self.meta, **alone})
        chosen = self.chosen
        must.require(
            "The tracks of a model of bases",
            chosen.tracks.conditions(self.meta, chosen.signal),
            {"signal": self.signal, "tracks": [track.name for track in chosen.tracks.given]},
        )

    @property
    def chosen(self) -> cell_data.Chosen:
        """The cell types."""
        layout = cell_data.Tracks(self.track_specs, self.source_specs)
        signal = cell_data.by_name(self.signal, layout.of("sample"))
        peaks = cell_data.by_name(self.peaks, (self.factor,))
        return cell_data.Chosen(layout, (self.factor,), (), self.meta, self.cell_type, signal, peaks)

    def tracks(self) -> dict[str, Signal]:
        """The tracks of the cell types and of the genome."""
        return self.chosen.opened()

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """As many tracks as there are."""
        return {"tracks": len(self.track_specs)}

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is so many steps; a network that predicts each base."""
        return {
            "steps (of an epoch) must be given for a model of bases": config.steps is not None,
            **cell_data.network_conditions(self, config, _NETWORKS, list(ARCHITECTURES)),
        }


class BasesTask:
    """Whether a factor binds each base; see `zoo.train.tasks.base.TrainingTask`.

    Attributes:
        chosen: "training" and "validation" → numbers of their cell types.
    """

    data = BasesData
    monitors: ClassVar = {LAST: max, "val_loss": min, "val_dice": max}
    components = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        opened, data = inputs.opened(config), config.data
        self.genome, self.config, self._window = opened.genome, opened.config, window
        if list(outputs.values()) != [(window,)]:
            raise InputError(
                "The network of a model of bases must predict one number for each bp of its window",
                where=config.name,
                received={"window": window, **outputs},
                hint="Choose leopard",
            )
        if 2 * data.trim >= window // 2:
            raise InputError("trim must leave more than half of a window", received={"trim": data.trim, "bp": window})
        self.cells, self._signals = data.chosen.cells(), data.chosen.signals()
        cell_data.check_cell(data.validation_cell, self.cells, "validation_cell")
        layout = data.chosen.tracks
        cell_data.look_at(self._signals, layout, [*self.config.chromosomes.train, *self.config.chromosomes.validation])
        read = [tracks_of(layout.tracks, layout.sources, signals, self.genome) for signals in self._signals]
        self.blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        bound = [self._bound(cell.peaks[data.factor]) for cell in self.cells]
        self._places = CellGenome(self.genome, read, [bases.labels(each, self.blacklist) for each in bound])
        self.tracks = self._places.tracks
        every, held = range(len(self.cells)), data.validation_cell
        self.chosen = {
            "training": [number for number in every if held is None or self.cells[number].name != held],
            "validation": [number for number in every if held is None or self.cells[number].name == held],
        }
        if not self.chosen["training"]:
            raise InputError("There must be a cell type to train on", received={"validation_cell": held})
        split = self.config.chromosomes
        self._lengths = {
            part: self._places_of(part, getattr(split, name))
            for part, name in (("training", "train"), ("validation", "validation"))
        }
        for part, lengths in self._lengths.items():
            self._check_bound(part, lengths, bound)
        self.plans = {
            "training": bases.whole(self._lengths["training"], window),
            "validation": bases.anywhere(self._lengths["validation"], window, data.validation_windows, config.seed),
        }
        self.files = [
            Path(config.genome),
            *map(Path, data.blacklist),
            *(cell.peaks[data.factor] for cell in self.cells),
        ]
        self.files += [signal.path for signals in self._signals for signal in signals.values()]
        self.recipe = {"slop": data.slop, "tracks": [str(track) for track in layout.tracks]}

    def _bound(self, path: Path) -> Signal | list:
        """Peaks, or a track of labels."""
        return Signal(path) if sniff.is_bigwig(path) else cell_data.peaks_of(path, self.genome, self.config.data.slop)

    def _places_of(self, part: str, chromosomes: tuple[str, ...]) -> dict[str, int]:
        """Chromosomes of the cell types of a part, with their lengths. Raises `InputError` if none is long enough."""
        sizes = self.genome.sizes
        if short := {chrom: sizes[chrom] for chrom in chromosomes if sizes[chrom] < self._window}:
            raise InputError(
                f"A chromosome must be as long as a window, {self._window:,} bp",
                received=short,
                hint="Leave it out with --train-chroms or --validation-chroms",
            )
        return {place(cell, chrom): sizes[chrom] for cell in self.chosen[part] for chrom in chromosomes}

    def _check_bound(self, part: str, lengths: Mapping[str, int], bound: list) -> None:
        """Raise `InputError` if no base of a part is bound, as far as peaks tell it."""
        mine = [bound[cell] for cell in self.chosen[part]]
        chromosomes = {name.split(" ", 1)[1] for name in lengths}
        peaks = [item for each in mine if not isinstance(each, Signal) for item in each]
        if not any(isinstance(each, Signal) for each in mine) and not any(p.chrom in chromosomes for p in peaks):
            raise InputError(
                f"There must be a peak on the {part} chromosomes",
                received={"chromosomes": sorted(chromosomes), "peaks elsewhere": len(peaks)},
            )

    @property
    def windows(self) -> dict[str, int]:
        """Of an epoch."""
        return {"training": self.config.steps * self.config.batch_size}

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self._places, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        reads = {WINDOW: (self._window, len(BASES) + len(self.config.data.track_specs))}
        return Shapes(self.config.steps, reads, {TARGET: (self._window,)})

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config, data = self.config, self.config.data
        if part == "validation":
            return BaseEvaluation(slabs, config.batch_size)
        own = [number for number, track in enumerate(data.track_specs) if track.origin == "sample"]
        shape = slabs, self._lengths[part], self._window, own, tuple(data.scale)
        return BaseTraining(*shape, config.batch_size, config.steps, config.seed)

    def loss(self, targets: object, outputs: object):
        """Binary cross-entropy of the bases whose label is known."""
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
        """All bases."""
        return outputs

    def output(self) -> tuple[OutputSpec, ...]:
        """A probability for each base."""
        return (OutputSpec(self._window, 1, 0, self.config.data.factor, "probability of binding", TARGET, TARGET),)

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of windows every half of their length, whose ends do not count."""
        config, data = self.config, self.config.data
        reads = InputSpec(self._window, config.assembly, tracks=data.track_specs, sources=data.source_specs)
        return model_spec(
            config,
            f"{data.factor} binding at each base from {data.track_specs[0].assay if data.track_specs else 'DNA'}, "
            f"{config.assembly}",
            reads,
            self.output(),
            PredictionSpec(stride=self._window // 2, views=("forward",), trim=data.trim),
            metrics,
        )

    def report(self, model: "Model", run: Learned) -> Report:
        """Thresholds by the validation chromosomes; precision and recall on the test chromosomes; of the cell types
        that are validated on."""
        data, split = self.config.data, self.config.chromosomes
        samples = [
            Sample(cell.name, cell_data.reads_of(cell, signals, (), None), {data.factor: self._truth(cell.peaks)})
            for cell, signals in ((self.cells[number], self._signals[number]) for number in self.chosen["validation"])
            if not sniff.is_bigwig(cell.peaks[data.factor])
        ]
        evaluation = Evaluation(self.genome, samples, self.blacklist, run.progress)
        table = evaluation.thresholds(model, split.validation)
        text = training_text(self.config, run.result, ", in bins of 200 bp")
        text += f" Thresholds are calibrated on {', '.join(split.validation)}." if table else ""
        return Report(evaluation.metrics(model, split.test), table, text)

    def _truth(self, peaks: Mapping[str, Path]) -> list:
        return on_genome(peaks[self.config.data.factor], self.genome)
