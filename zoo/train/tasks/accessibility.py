"""Chromatin accessibility from DNA, as ASAP's models are trained (Grover et al. 2026, Methods, and its code)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.data.accessibility import AccessibilityEvaluation, AccessibilityTraining, planned
from zoo.data.batches import Batches
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs, bases_outside, maxima, some
from zoo.data.windows import MOST_UNMAPPABLE, Layout
from zoo.errors import InputError
from zoo.genome.signal import Signal
from zoo.spec import BASES, WINDOW, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, per_window, training_text

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_HEAD, _MAPPABILITY = "accessibility", "mappability"  # outputs of the networks
_BASELINE_WINDOWS = 10_000
_MOST_BP = 1 << 20


@dataclass(frozen=True)
class AccessibilityData(Data):
    """What an accessibility model is trained on.

    Attributes:
        signal: bigWig; or several, of which the network predicts each as a track of its own: a list, whose files' names
            without their ends name the tracks, or a mapping of names to files.
        sample: what they were measured in.
        peaks: narrowPeak, for evaluation; none needed to train.
        blacklist: BED or VCF files; windows that touch them are left out.
        unmappable: BED file of bases that reads cannot be placed on.
        mappability: whether the network predicts the mappable fraction of each bin, too; this is the one switch, from
            which the argument of that name of the network follows.
        step: bp from one training slab to the next.
    """

    PATHS = ("signal", "peaks", "blacklist", "unmappable")

    signal: str | tuple[str, ...] | Mapping[str, str]
    sample: str
    peaks: str | None = None
    blacklist: tuple[str, ...] = ()
    unmappable: str | None = None
    mappability: bool = False
    step: int = 1024

    def __post_init__(self) -> None:
        fields = {
            "signal": must.Rule(_is_signal, "a path, a list of paths, or a mapping of names to paths"),
            "sample": must.TEXT,
            "peaks": must.optional(must.PATH),
            "blacklist": must.PATHS,
            "unmappable": must.optional(must.PATH),
            "mappability": must.SWITCH,
            "step": must.whole(1, _MOST_BP),
        }
        must.check("The data of an accessibility model", self, fields)
        needed = {
            "mappability must come with a list of unmappable bases (unmappable)": bool(self.unmappable)
            or not self.mappability,
            "signals must have names of their own, as in signal: {K562: a.bw, HepG2: b.bw}": len(self.signals)
            == (1 if isinstance(self.signal, str) else len(self.signal)),
        }
        must.require(
            "The data of an accessibility model", needed, {"unmappable": self.unmappable, "signal": self.signal}
        )

    @property
    def signals(self) -> dict[str, str]:
        """Name → file, in the order of the network's tracks."""
        if isinstance(self.signal, Mapping):
            return dict(self.signal)
        paths = (self.signal,) if isinstance(self.signal, str) else self.signal
        return {Path(path).stem: path for path in paths}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tracks; empty for a single one, which needs none."""
        return () if isinstance(self.signal, str) else tuple(self.signals)

    def tracks(self) -> dict[str, Signal]:
        """The signals."""
        if not self.names:
            return {"the signal": Signal(self.signal)}
        return {f"the signal of {name}": Signal(path) for name, path in self.signals.items()}

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """The network's switch for mappability, where it matters."""
        return {_MAPPABILITY: self.mappability} if self.mappability or _MAPPABILITY in given else {}

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is a pass; one place for the switch; a signal for each track of the network."""
        arguments, count = config.architecture.config, len(self.signals)
        given = f"{count} signal{'s are' if count > 1 else ' is'} given"
        return {
            "steps must be left out for an accessibility model, whose epoch is a pass over its windows": config.steps
            is None,
            f"tracks of the network must be as many as there are signals ({given}; give more as in --signal A.bw B.bw "
            "or signal: {A: a.bw, B: b.bw})": arguments.get("tracks", count) == count,
            "mappability must be switched on where the data are (accessibility: mappability)": arguments.get(
                _MAPPABILITY
            )
            in (None, self.mappability),
        }


class AccessibilityTask:
    """The maxima of tracks in bins, from DNA alone; see `zoo.train.tasks.base.TrainingTask`."""

    data = AccessibilityData
    monitors: ClassVar = {"val_loss": min, "val_pearson": max, "val_spearman": max}
    components = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        opened = inputs.opened(config)
        self.genome, self.config, data = opened.genome, opened.config, config.data
        self._window, self._names, self._signals = window, data.names, len(data.signals)
        self._bin = window // outputs.get(_HEAD, next(iter(outputs.values())))[0]
        self.blacklist = [
            interval for path in data.blacklist for interval in on_genome(path, self.genome, avoided=True)
        ]
        self.unmappable = on_genome(data.unmappable, self.genome, avoided=True) if data.unmappable else []
        self.files = [Path(config.genome), *map(Path, data.signals.values()), *map(Path, data.blacklist)]
        self.files += [Path(data.unmappable)] if data.unmappable else []
        self.recipe = {"mappability": data.mappability} | ({"signals": self._signals} if self._signals > 1 else {})
        self.tracks = [maxima(signal) for signal in opened.tracks.values()]
        self.tracks += [bases_outside(self.unmappable)] if data.mappability else []
        margin = window // 4 // self._bin * self._bin
        self.layouts = {
            "training": Layout(2 * window, 0, data.step, MOST_UNMAPPABLE),
            "validation": Layout(window - 2 * margin, margin, window - 2 * margin),
        }
        self.peaks = data.peaks and Path(data.peaks)
        split = self.config.chromosomes
        self.plans = {"training": self.plan(split.train, "training"), "validation": self.plan(split.validation)}
        for chrom in split.test:  # what would otherwise be found out after training
            self.plan([chrom])
        if self.peaks and split.test:
            self.plan(split.train, peaks=self.peaks)
            self.plan(split.test, peaks=self.peaks)

    def plan(self, chromosomes: Sequence[str], part: str = "validation", peaks: Path | None = None) -> SlabPlan:
        """Where the windows of chromosomes lie: tiled, or with a summit in their middle."""
        avoided = self.blacklist, self.unmappable
        return planned(self.genome, chromosomes, self.layouts[part], self._bin, *avoided, peaks)

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        tracks = self.tracks if part == "training" else self.tracks[: self._signals]
        return Slabs(self.genome, tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        bins = self._window // self._bin
        targets = {_HEAD: (bins, self._signals)} | ({_MAPPABILITY: (bins, 1)} if self._maps else {})
        steps = -(-self.plans["training"].size // self.config.batch_size)
        return Shapes(steps, {WINDOW: (self._window, len(BASES))}, targets)

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        config = self.config
        if part == "training":
            return AccessibilityTraining(slabs, config.batch_size, self._window, config.seed, self._signals)
        return AccessibilityEvaluation(slabs, config.batch_size, self._signals)

    def loss(self, targets: object, outputs: object):
        """Poisson, and with mappability the mean squared error of its fraction."""
        from keras import ops

        from zoo.train.losses import poisson_nll

        if not isinstance(targets, dict):
            return per_window(poisson_nll(targets, outputs))
        error = ops.square(targets[_MAPPABILITY] - outputs[_MAPPABILITY])
        return per_window(poisson_nll(targets[_HEAD], outputs[_HEAD])) + per_window(error)

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss, and the means over tracks of Pearson's and Spearman's correlation."""
        import keras

        from zoo.train.losses import poisson_nll
        from zoo.train.metrics import MeanOverTracks, PearsonCorrelation, SpearmanCorrelation

        def each(kind: type) -> keras.metrics.Metric:
            return kind() if self._signals == 1 else MeanOverTracks([kind() for _ in range(self._signals)])

        return {
            "loss": keras.metrics.MeanMetricWrapper(poisson_nll),
            "pearson": each(PearsonCorrelation),
            "spearman": each(SpearmanCorrelation),
        }

    def evaluated(self, outputs: object):
        """The bins of the core."""
        scores = outputs[_HEAD] if isinstance(outputs, dict) else outputs
        margin = self.layouts["validation"].margin // self._bin
        return scores[:, margin : scores.shape[1] - margin]

    def output(self) -> tuple[OutputSpec, ...]:
        """The tracks, and the mappable fraction if the network predicts it."""
        sample, bins = self.config.data.sample, self._window // self._bin
        quantity = "accessibility, ln(1 + track)"
        head = OutputSpec(bins, self._bin, 0, sample, quantity, _HEAD, "accessibility", "log1p", self._names)
        if not self._maps:
            return (head,)
        return head, OutputSpec(bins, self._bin, 0, sample, "mappable fraction", _MAPPABILITY, "mappability")

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of DNA, whose windows count for their cores."""
        config = self.config
        core = self.layouts["validation"].core
        return model_spec(
            config,
            f"Chromatin accessibility of {config.data.sample} from DNA, {config.assembly}",
            InputSpec(self._window, config.assembly),
            self.output(),
            PredictionSpec(core, ("forward", "reverse_complement"), center_only=True),
            metrics,
        )

    def report(self, model: "Model", run: Learned) -> Report:
        """Correlations with the tracks by test chromosome, in all windows and around peaks, and of two baselines."""
        sets = {"": self.plan} | ({" around peaks": partial(self.plan, peaks=self.peaks)} if self.peaks else {})
        metrics: dict[str, float] = {}
        for where, plan in sets.items() if self.config.chromosomes.test else ():
            metrics |= self._correlations(model, plan, where, run.progress)
        return Report(metrics, training=training_text(self.config, run.result))

    def _correlations(
        self, model: "Model", plan: Callable[..., SlabPlan], where: str, progress: bool | None
    ) -> dict[str, float]:
        """By test chromosome, and their means; of windows of one kind."""
        from zoo.evaluate.accessibility import evaluate_tracks

        split, metrics = self.config.chromosomes, {}
        predictors = self._predictors(
            model, self._read(some(plan(split.train), _BASELINE_WINDOWS, self.config.seed), progress)
        )
        endings = [f" ({name})" for name in self._names] or [""]
        for chrom in split.test:
            if where and not _has_windows(plan, chrom):
                metrics[f"windows {chrom}{where}"] = 0.0
                continue
            batches = self._read(plan([chrom]), progress)
            for label, predict in predictors.items():
                for ending, seen in zip(endings, evaluate_tracks(predict, batches, kendall=False), strict=True):
                    for name, value in (("pearson", seen.pearson), ("spearman", seen.spearman)):
                        if value is not None:
                            metrics[f"{name} {chrom}{where}{label}{ending}"] = round(value, 4)
        for label in [f"{label}{ending}" for label in predictors for ending in endings]:
            for name in ("pearson", "spearman"):
                values = [metrics.get(f"{name} {chrom}{where}{label}") for chrom in split.test]
                if None not in values:
                    metrics[f"mean {name}{where}{label}"] = round(float(np.mean(values)), 4)
        return metrics

    def _predictors(self, model: "Model", learn: Batches) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """The model and the baselines, which learn from the training chromosomes: windows → (n, bins, tracks)."""
        from zoo.evaluate.baselines import KmerRegression, MeanProfile

        tracks = range(self._signals)
        words = [KmerRegression(self._bin).fit(learn, track=track).predict for track in tracks]
        profiles = [MeanProfile().fit(learn, track=track).predict for track in tracks]

        def predicted(x: np.ndarray) -> np.ndarray:
            scores = np.asarray(self.evaluated(model.predict(x)))
            return scores.reshape(*scores.shape[:2], self._signals)

        def stacked(baselines: Sequence[Callable]) -> Callable[[np.ndarray], np.ndarray]:
            return lambda x: np.stack([predict(x) for predict in baselines], axis=-1)

        return {"": predicted, ", k-mer regression": stacked(words), ", mean profile": stacked(profiles)}

    def _read(self, plan: SlabPlan, progress: bool | None) -> Batches:
        return self.batches("validation", self.slabs("validation", plan, progress))

    @property
    def _maps(self) -> bool:
        return self.config.data.mappability


def _is_signal(value: object) -> bool:
    """Whether a value names one file, or several of which each can have a name."""
    if isinstance(value, Mapping):
        return bool(value) and all(map(must.is_text, (*value, *value.values())))
    paths = [value] if isinstance(value, str) else value
    return isinstance(paths, (tuple, list)) and bool(paths) and all(map(must.is_text, paths))


def _has_windows(plan: Callable[..., SlabPlan], chrom: str) -> bool:
    """Whether a chromosome has a window around a peak; not every one has."""
    try:
        return plan([chrom]).size > 0
    except InputError:
        return False
