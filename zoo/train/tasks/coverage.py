"""Coverage of many tracks in the bins of long windows: a head of one's own on the trunk of another model.

Targets, losses and augmentation are those of Basenji2, Enformer and Borzoi (Kelley 2020; Avsec et al. 2021; Linder et
al. 2025, Methods, and calico/baskerville).
"""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from registry.paths import user_path
from zoo import architectures
from zoo.data import track_files
from zoo.data.batches import Batches
from zoo.data.coverage import COVERAGE, CoverageEvaluation, CoverageTraining, bins_of, planned
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs, some
from zoo.data.track_files import TrackFiles
from zoo.data.windows import MOST_UNMAPPABLE, Layout
from zoo.errors import InputError
from zoo.genome.signal import Signal
from zoo.spec import BASES, WINDOW, Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.track_table import SQUASHES
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

LOSSES = ("poisson_mn", "poisson")
_BASELINE_WINDOWS = 200
_MOST_BP = 1 << 24
_LONG = 1 << 15  # bp of a window of which no more are predicted at once than are trained on


@dataclass(frozen=True)
class CoverageData(Data):
    """What a model of the coverage of many tracks is trained on.

    Attributes:
        targets: table of tracks, a name and a bigWig file each (`zoo.data.track_files`); Calico's `targets.txt`, too.
        bin_size: bp of a bin of the network; that of the model whose architecture a run takes over needs not be given.
        squash: how targets are squashed, "power" (as for Borzoi's weights) or "root" (as for those of Borzoi Prime);
            None for not at all (Basenji2, Enformer).
        loss: "poisson_mn" (Poisson of a window's total and multinomial of its bins, as Borzoi has it) or "poisson" (of
            every bin, as Basenji2 and Enformer have it).
        total_weight: of the total in "poisson_mn".
        shift: bp by which training windows are moved at most.
        blacklist: BED or VCF files; windows that predict a base of theirs are left out.
        unmappable: BED file of bases that reads cannot be placed on.
        step: bp from one window to the next; None for as many as it predicts.
    """

    PATHS = ("targets", "blacklist", "unmappable")

    targets: str
    bin_size: int
    squash: str | None = None
    loss: str = "poisson_mn"
    total_weight: float = 0.2
    shift: int = 3
    blacklist: tuple[str, ...] = ()
    unmappable: str | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        fields = {
            "targets": must.PATH,
            "bin_size": must.whole(1, _MOST_BP),
            "squash": must.optional(must.one_of(SQUASHES)),
            "loss": must.one_of(LOSSES),
            "total_weight": must.real(0, 1e6),
            "shift": must.whole(0, _MOST_BP),
            "blacklist": must.PATHS,
            "unmappable": must.optional(must.PATH),
            "step": must.optional(must.whole(1, _MOST_BP)),
        }
        must.check("The data of a coverage model", self, fields)

    @property
    def table(self) -> TrackFiles | None:
        """The tracks; None if the table is not there, which is refused when files are opened."""
        there = user_path(self.targets, "targets").is_file()
        return track_files.read(self.targets, self.squash) if there else None

    def files(self) -> dict[str, str]:
        """Those of the tracks, too."""
        table = self.table
        named = {} if table is None else dict(zip(table.names, table.files, strict=True))
        return super().files() | {f"track {name}": path for name, path in named.items()}

    def tracks(self) -> dict[str, Signal]:
        """The tracks, in the order of the table."""
        return {
            f"the track {name}": Signal(path) for name, path in zip(self.table.names, self.table.files, strict=True)
        }

    def head(self, network: Architecture) -> dict[str, object]:
        """As many tracks as the table has; where heads have names, a single one."""
        table, known = self.table, architectures.arguments(network.name)
        if "tracks" not in known:
            raise InputError(
                "A network for tracks of one's own must have an argument tracks",
                received={"architecture": network.name},
            )
        if table is None:
            return {}
        if typing.get_origin(known["tracks"]) is tuple:
            return {"outputs": COVERAGE, "tracks": (len(table.names),)}
        return {"tracks": len(table.names)}

    @classmethod
    def of_model(cls, spec: Mapping) -> dict[str, object]:
        """The bin size of a model whose network is taken over."""
        return {"bin_size": spec["outputs"][0]["bin_size"]}

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is a pass."""
        return {
            "steps must be left out for a coverage model, whose epoch is a pass over its windows": config.steps is None
        }


class CoverageTask:
    """Coverage in bins, from DNA alone; see `zoo.train.tasks.base.TrainingTask`."""

    data = CoverageData
    monitors: ClassVar = {"val_loss": min, "val_pearson": max}
    components = ()
    new_head = True

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        opened = inputs.opened(config)
        self.genome, self.config, data = opened.genome, opened.config, config.data
        self.table, self._window = data.table, window
        self._bins = _bins(outputs, len(self.table.names), config.name)
        core = self._bins * data.bin_size
        self.layout = Layout(core, _margin(window, core, data.bin_size), data.step or core, MOST_UNMAPPABLE)
        self.blacklist = [
            interval for path in data.blacklist for interval in on_genome(path, self.genome, avoided=True)
        ]
        self.unmappable = on_genome(data.unmappable, self.genome, avoided=True) if data.unmappable else []
        self.files = [Path(config.genome), *map(Path, self.table.files)]
        tables = [self.table.table.taken((place,)) for place in range(len(self.table.names))]
        self.recipe = {"tables": list(map(repr, tables))}
        self.tracks = [bins_of(signal, table) for signal, table in zip(opened.tracks.values(), tables, strict=True)]
        split = self.config.chromosomes
        self.plans = {"training": self.plan(split.train), "validation": self.plan(split.validation)}
        for chrom in split.test:  # what would otherwise be found out after training
            self.plan([chrom])

    def check(self, network: "keras.Model") -> None:
        """Raise `InputError` for bins of another size than the network's layers make."""
        from zoo.train.transfer import bin_size_of

        made, given = bin_size_of(network, self._window), self.config.data.bin_size
        if made not in (None, given):
            raise InputError(
                "The bin size of a coverage model must be that of its network",
                where=self.config.name,
                received={"bin_size": given, "network": made},
            )

    def plan(self, chromosomes: Sequence[str]) -> SlabPlan:
        """Where the windows of chromosomes lie."""
        avoided = self.blacklist, self.unmappable
        return planned(self.genome, chromosomes, self.layout, self.config.data.bin_size, *avoided)

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self.genome, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        steps = -(-self.plans["training"].size // self.config.batch_size)
        targets = {COVERAGE: (self._bins, len(self.table.names))}
        return Shapes(steps, {WINDOW: (self._window, len(BASES))}, targets)

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config = self.config
        if part == "training":
            return CoverageTraining(slabs, config.batch_size, config.seed, self.table.swap, config.data.shift)
        return CoverageEvaluation(slabs, config.batch_size)

    def loss(self, targets: object, outputs: object):
        """That of the configuration."""
        return per_window(self._loss(targets, self.evaluated(outputs)))

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss, and the mean over tracks of Pearson's correlation."""
        import keras

        from zoo.train.metrics import PearsonOfTracks

        loss = keras.metrics.MeanMetricWrapper(self._loss)
        return {"loss": loss, "pearson": PearsonOfTracks(len(self.table.names))}

    @property
    def _loss(self):
        from zoo.train.losses import poisson_multinomial, poisson_nll

        data = self.config.data
        return poisson_nll if data.loss == "poisson" else partial(poisson_multinomial, total_weight=data.total_weight)

    def evaluated(self, outputs: object):
        """All bins of the head."""
        return next(iter(outputs.values())) if isinstance(outputs, dict) else outputs

    def output(self) -> tuple[OutputSpec, ...]:
        """The tracks of the table."""
        table, size = self.table.table, self.config.data.bin_size
        squashed = "" if table.squash is None else ", squashed"
        return (
            OutputSpec(
                self._bins,
                size,
                self.layout.margin,
                f"{len(self.table.names)} tracks",
                f"coverage of {size} bp{squashed}, scaled by track",
                COVERAGE,
                "coverage",
                "squashed" if squashed else "identity",
                self.table.names,
                self.table.swap,
                table=table,
            ),
        )

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of DNA, whose windows lie side by side."""
        config = self.config
        together = config.batch_size if self._window >= _LONG else None
        how = PredictionSpec(self.layout.core, ("forward", "reverse_complement"), batch_size=together)
        names = ", ".join(self.table.names[:5]) + (", …" if len(self.table.names) > 5 else "")
        text = f"Coverage of {names} from DNA, {config.assembly}"
        return model_spec(config, text, InputSpec(self._window, config.assembly), self.output(), how, metrics)

    def report(self, model: "Model", run: Learned) -> Report:
        """Pearson's correlation of each track over all bins of the test chromosomes, and the Poisson loss, beside those
        of the mean profile of training windows and of the mean of each track."""
        split, metrics = self.config.chromosomes, {}
        if split.test:
            learn = some(self.plan(split.train), _BASELINE_WINDOWS, self.config.seed)
            profile = _mean_profile(self._read(learn, run.progress))
            predictors = {
                "": model.predict,
                ", mean profile": lambda x: np.repeat(profile[None], len(x), axis=0),
                ", mean of each track": lambda x: np.broadcast_to(profile.mean(axis=0), (len(x), *profile.shape)),
            }
            metrics = self._compared(predictors, self._read(self.plan(split.test), run.progress))
        bins = f", of {len(self.table.names)} tracks, each over all bins"
        return Report(metrics, training=training_text(self.config, run.result, bins))

    def _compared(self, predictors: Mapping, batches: Batches) -> dict[str, float]:
        """The metrics of some predictors of the same windows."""
        from zoo.evaluate.agreement import Pairs

        names = self.table.names
        pairs = {label: [Pairs(most=0) for _ in names] for label in predictors}
        losses = dict.fromkeys(predictors, 0.0)
        for step in range(batches.steps):
            x, y = batches.batch(step)
            for label, predict in predictors.items():
                p = np.asarray(predict(x), np.float32).reshape(y.shape)  # that of a single track has none for it
                losses[label] += float((p - y * np.log(p + 1e-8)).sum(dtype=np.float64)) / y[0].size
                for track, pair in enumerate(pairs[label]):
                    pair.add(y[..., track].ravel(), p[..., track].ravel())
        metrics = {"windows": float(batches.slabs.size)}
        for label, each in pairs.items():
            found = {name: pair.result().pearson for name, pair in zip(names, each, strict=True)}
            known = {name: round(value, 4) for name, value in found.items() if value is not None}
            if known:
                metrics[f"mean pearson{label}"] = round(float(np.mean(list(known.values()))), 4)
            if 0 < len(known) < len(names):
                metrics[f"tracks that do not vary{label}"] = float(len(names) - len(known))
            metrics[f"poisson loss{label}"] = round(losses[label] / batches.slabs.size, 5)
            metrics |= {f"pearson{label} ({name})": value for name, value in known.items()}
        return metrics

    def _read(self, plan: SlabPlan, progress: bool | None) -> CoverageEvaluation:
        return CoverageEvaluation(self.slabs("validation", plan, progress), self.config.batch_size)


def _bins(outputs: Mapping[str, tuple[int, ...]], tracks: int, name: str) -> int:
    """How many bins the only head has. Raises `InputError` for another one."""
    shapes = list(outputs.values())
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] != tracks:
        raise InputError(
            "The network of a coverage model must have one head, of bins and as many tracks as the table",
            where=name,
            received={"outputs": dict(outputs), "tracks": tracks},
        )
    return shapes[0][0]


def _margin(window: int, core: int, bin_size: int) -> int:
    """bp on each side of the bins. Raises `InputError` for bins that do not lie in the middle of a window."""
    if core > window or (window - core) % (2 * bin_size):
        raise InputError(
            "The bins of a coverage model must lie in the middle of its window, with whole bins on both sides",
            received={"window": window, "bins": core // bin_size, "bin_size": bin_size},
        )
    return (window - core) // 2


def _mean_profile(batches: Batches) -> np.ndarray:
    """The mean of each bin and track over all windows, (bins, tracks)."""
    total, count = 0.0, 0
    for step in range(batches.steps):
        y = batches.batch(step)[1]
        total, count = total + y.sum(axis=0, dtype=np.float64), count + len(y)
    return (total / count).astype(np.float32)
