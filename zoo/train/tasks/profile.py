"""Profiles of cut sites at single bases, as ChromBPNet and its bias model are trained (Pampari et al. 2024, its code).

Of the network `bpnet` the task makes a bias model (`background`), or a model of peaks that knows no bias; of
`chrombpnet` both parts, of which the bias is that of a model trained before, scaled to the sample and frozen.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.data import centered, profile
from zoo.data.batches import Batches
from zoo.data.centered import Centered
from zoo.data.profile import COUNTS, PROFILE, Regions
from zoo.data.profile_regions import PARTS, RegionChoice, RegionRules
from zoo.data.regions import on_genome
from zoo.data.slabs import SlabPlan, Slabs
from zoo.errors import InputError
from zoo.genome.signal import Signal
from zoo.spec import BASES, WINDOW, Architecture, Component, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train import inputs
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks import bias as bias_models
from zoo.train.tasks.base import Learned, Report, Shapes, model_spec, training_text

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

ACCESSIBILITY, BIAS = "accessibility", "bias"
"""The parts of the network `chrombpnet`."""
_NETWORKS = ("bpnet", "chrombpnet")
_MOST_BP, _MOST_RATIO = 1 << 16, 1000


@dataclass(frozen=True)
class ProfileData(Data):
    """What a profile model is trained on.

    Attributes:
        signal: bigWig of cut sites, the number at each base (`zoo.prepare.sites.cut_sites`).
        sample: what it was measured in.
        peaks: narrowPeak; windows have summits in their middle.
        negatives: background regions, the same; by default they are drawn to have the peaks' G + C (`zoo.data.gc`).
        blacklist: BED or VCF files; windows that touch them are left out.
        bias: of the network `chrombpnet` the bias model: its name or path, as `zoo.load` takes it.
        background: whether a bias model is trained, on background alone.
        bias_threshold: of a bias model: regions with more cut sites than this × the 0.01 quantile of peaks are no
            background; default 0.5, for DNase-seq 0.8 is recommended.
        jitter: bp by which peaks are moved at most; default 500, of a bias model there is none.
        negatives_per_peak: background regions of an epoch for each peak; default 0.1, of a bias model it is all.
        candidates_per_peak: background regions that are drawn for each peak of training and validation chromosomes, of
            which epochs take theirs; default 2.
        outliers: quantile of cut sites from which on regions are left out; 1 - `outliers` is the lower one.
        counts_weight: of the counts in the loss; default a tenth of the median number of cut sites, at least 1.
        compare: accessibility models of the zoo that the report sets beside the result.
    """

    PATHS = ("signal", "peaks", "negatives", "blacklist")

    signal: str
    sample: str
    peaks: str
    negatives: str | None = None
    blacklist: tuple[str, ...] = ()
    bias: str | None = None
    background: bool = False
    bias_threshold: float | None = None
    jitter: int | None = None
    negatives_per_peak: float | None = None
    candidates_per_peak: int | None = None
    outliers: float = 0.9999
    counts_weight: float | None = None
    compare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        fields = {
            "signal": must.PATH,
            "sample": must.TEXT,
            "peaks": must.PATH,
            "negatives": must.optional(must.PATH),
            "blacklist": must.PATHS,
            "bias": must.optional(must.TEXT),
            "background": must.SWITCH,
            "bias_threshold": must.optional(must.real(1e-6, 1e6)),
            "jitter": must.optional(must.whole(0, _MOST_BP)),
            "negatives_per_peak": must.optional(must.real(0, _MOST_RATIO)),
            "candidates_per_peak": must.optional(must.whole(1, _MOST_RATIO)),
            "outliers": must.real(0.5, 1),
            "counts_weight": must.optional(must.real(0, 1e9)),
            "compare": must.NAMES,
        }
        must.check("The data of a profile model", self, fields)
        given = {
            "bias": self.bias,
            "jitter": self.jitter,
            "negatives_per_peak": self.negatives_per_peak,
            "candidates_per_peak": self.candidates_per_peak,
            "bias_threshold": self.bias_threshold,
        }
        conditions = {
            f"{name} must be left out of a bias model, which has none (background)": not self.background
            or given[name] is None
            for name in ("bias", "jitter", "negatives_per_peak")
        }
        conditions |= {
            "bias_threshold must go with a bias model (background: true)": self.background
            or self.bias_threshold is None,
            "candidates_per_peak must be left out where the regions are given (negatives)": not self.negatives
            or self.candidates_per_peak is None,
        }
        must.require("The data of a profile model", conditions, {"background": self.background, **given})

    def tracks(self) -> dict[str, Signal]:
        """The signal."""
        return {"the signal": Signal(self.signal)}

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is a pass; a bias model for the network that has a bias, and for no other."""
        network = config.architecture.name
        both = network == "chrombpnet"
        return {
            "steps must be left out for a profile model, whose epoch is a pass over its peaks": config.steps is None,
            "the network chrombpnet must have a bias model, as in --bias MODEL or profile: {bias: MODEL} (train one "
            "with background: true and the network bpnet), or begin with a model that has one (--from)": not both
            or bool(self.bias or config.start_from),
            "bias must go with the network chrombpnet": both or self.bias is None,
            "background must go with a network that is no chrombpnet: a bias model has one part (bpnet)": not both
            or not self.background,
        }


class ProfileTask:
    """Cut sites around peaks, from DNA alone; see `zoo.train.tasks.base.TrainingTask`.

    Attributes:
        limits: between which cut sites regions are learned from, and the weight of the counts.
        left_out: why → how many peaks and background regions.
        regions: "training", "validation" and "test" → what they are made of.
    """

    data = ProfileData
    monitors: ClassVar = {"val_loss": min, "val_profile_nll": min, "val_counts_mse": min, "val_pearson": max}
    components: tuple[Component, ...] = ()

    def __init__(self, config: Settings, window: int, outputs: Mapping[str, tuple[int, ...]]) -> None:
        found = inputs.opened(config)
        self.genome, self.config, data = found.genome, found.config, config.data
        if set(outputs) != {PROFILE, COUNTS} or outputs[PROFILE][1:] != (1,):
            raise InputError(
                f"The network of a profile model must predict {PROFILE} (bp, 1) and {COUNTS} (1)",
                where=config.name,
                received=dict(outputs),
                hint=f"Choose {' or '.join(_NETWORKS)}",
            )
        self.window, self.profile_bp = window, outputs[PROFILE][0]
        centered.check_width(window, self.profile_bp)
        self.jitter = 0 if data.background else 500 if data.jitter is None else data.jitter
        blacklist = [item for path in data.blacklist for item in on_genome(path, self.genome, avoided=True)]
        self.signal = found.tracks["the signal"]
        self.sites = profile.cut_sites(self.signal)
        self.files = [Path(config.genome), Path(data.signal)]
        self.recipe: dict[str, object] = {}
        self.tracks = [profile.track(self.signal)]
        split = self.config.chromosomes
        chromosomes = dict(zip(PARTS, (split.train, split.validation, split.test), strict=True))
        paths = data.peaks, data.negatives
        made = RegionChoice(self.genome, self.signal, *paths, blacklist, chromosomes, self._rules())
        self.limits, self.regions, self.left_out = made.limits, made.regions, made.left_out
        self.plans = {
            "training": profile.plan_of(self.regions["training"], window, self.jitter),
            "validation": profile.plan_of(self.regions["validation"], window),
        }
        if config.architecture.name == "chrombpnet":
            parts = _parts(config.architecture.config)
            self.components = (
                Component(ACCESSIBILITY, f"{data.sample} without the bias of the enzyme", False, parts[ACCESSIBILITY]),
                Component(BIAS, f"{data.sample}, the bias of the enzyme alone", True, parts[BIAS]),
            )

    def _rules(self) -> RegionRules:
        """How regions are chosen: as the configuration has it, or its defaults."""
        data = self.config.data
        given = {"candidates": data.candidates_per_peak, "bias_threshold": data.bias_threshold}
        ratio = 0.1 if data.negatives_per_peak is None else data.negatives_per_peak
        return RegionRules(
            self.window,
            self.profile_bp,
            self.jitter,
            data.background,
            ratio,
            quantile=data.outliers,
            seed=self.config.seed,
            **{name: value for name, value in given.items() if value is not None},
        )

    def slabs(
        self, part: str, plan: SlabPlan, progress: bool | None = None, scratch: str | Path | None = None
    ) -> Slabs:
        """Read what a plan needs."""
        return Slabs(self.genome, self.tracks, plan.starts, plan.layout, plan.bin_size, scratch, progress)

    def shapes(self) -> Shapes:
        """Of the training batches."""
        steps = -(-len(self.regions["training"]) // self.config.batch_size)
        return Shapes(steps, {WINDOW: (self.window, len(BASES))}, {PROFILE: (self.profile_bp, 1), COUNTS: (1,)})

    def batches(self, part: str, slabs: Slabs) -> Batches:
        """Batches of a part."""
        shape = slabs, self.regions[part], self.window, self.profile_bp
        if part == "training":
            return profile.ProfileTraining(*shape, self.config.batch_size, self.jitter, self.config.seed)
        return profile.ProfileEvaluation(*shape, self.config.batch_size, self.config.seed)

    @property
    def counts_weight(self) -> float:
        """Of the counts in the loss."""
        given = self.config.data.counts_weight
        return self.limits.weight if given is None else given

    def loss(self, targets: Mapping[str, object], outputs: Mapping[str, object]):
        """Multinomial of the profile, and the weighted squared error of ln(1 + counts)."""
        from zoo.train.losses import counts_mse, multinomial_nll

        counts = counts_mse(targets[COUNTS], outputs[COUNTS])
        return multinomial_nll(targets[PROFILE], outputs[PROFILE]) + self.counts_weight * counts

    def metrics(self) -> "dict[str, keras.metrics.Metric]":
        """Loss, its two terms, and Pearson's correlation of ln(1 + counts)."""
        import keras

        from zoo.train.losses import counts_mse, multinomial_nll
        from zoo.train.metrics import OfHeads, PearsonCorrelation

        def mean(of) -> keras.metrics.Metric:
            return OfHeads(keras.metrics.Mean(), of)

        def counts(targets: Mapping, outputs: Mapping) -> tuple:
            return targets[COUNTS], outputs[COUNTS]

        return {
            "loss": mean(lambda *both: (self.loss(*both),)),
            "profile_nll": mean(lambda targets, outputs: (multinomial_nll(targets[PROFILE], outputs[PROFILE]),)),
            "counts_mse": mean(lambda *both: (counts_mse(*counts(*both)),)),
            "pearson": OfHeads(PearsonCorrelation(), counts),
        }

    def evaluated(self, outputs: object):
        """Both heads."""
        return outputs

    @property
    def begun(self) -> tuple[str, ...]:
        """The parts of the network to which `begin` gives weights."""
        return () if self.config.data.bias is None else (BIAS,)

    def begin(self, network: "keras.Model") -> None:
        """Give the part `bias` the weights of the bias model, scaled to this sample."""
        if self.config.data.bias is not None:
            bias_models.copy(self._scaled, network.get_layer(BIAS), self.config.data.bias)

    @cached_property
    def _scaled(self) -> "keras.Model":
        """The bias model, whose counts are those of this sample's background. Raises `InputError` if it fits badly."""
        network = bias_models.load(self.config.data.bias, self.window, self.profile_bp)
        parts = [self.regions[part] for part in ("training", "validation")]
        negatives = centered.joined(*(part.negatives for part in parts))
        bias_models.scale(network, *self._windows(negatives), self.config.batch_size)
        peaks = self.regions["validation"].peaks
        bias_models.check(network, *self._windows(peaks), self.config.batch_size, self.config.data.bias)
        return network

    def _windows(self, regions: Centered) -> tuple[Slabs, np.ndarray]:
        """Windows of regions, in the order of their chromosomes, and ln(1 + cut sites) of each, (n,)."""
        plan = profile.plan_of(Regions(regions, regions.among(np.zeros(len(regions), bool)), 0), self.window)
        ordered = centered.of(
            [(chrom, at + self.window // 2) for chrom, starts in plan.starts.items() for at in starts]
        )
        totals = centered.sums(self.sites, ordered, self.profile_bp)
        return Slabs(self.genome, [], plan.starts, plan.layout, 1, progress=False), np.log1p(totals)

    def output(self) -> tuple[OutputSpec, ...]:
        """Logits of cut sites at each base, and the logarithm of their number."""
        sample, length = self.config.data.sample, self.profile_bp
        offset = (self.window - length) // 2
        return (
            OutputSpec(length, 1, offset, sample, "cut sites, logits of their shares", PROFILE, PROFILE),
            OutputSpec(1, length, offset, sample, "cut sites, ln(1 + their number)", COUNTS, COUNTS, "log1p"),
        )

    def spec(self, metrics: Mapping[str, float]) -> ModelSpec:
        """A model of DNA alone, which says on which chromosomes it is to be evaluated."""
        from zoo.evaluate.profile_regions import TESTED

        config, what = self.config, "Bias of the enzyme" if self.config.data.background else "Cut sites at single bases"
        spec = model_spec(
            config,
            f"{what} of {config.data.sample} from DNA, {config.assembly}",
            InputSpec(self.window, config.assembly),
            self.output(),
            PredictionSpec(
                self.profile_bp,
                ("forward", "reverse_complement"),
                readout="expected_counts",
                component=ACCESSIBILITY if self.components else None,
            ),
            metrics,
            self.components,
        )
        test = {TESTED: " ".join(config.chromosomes.test)} if config.chromosomes.test else {}
        return dataclasses.replace(spec, provenance={**spec.provenance, **test})

    def report(self, model: "Model", run: Learned) -> Report:
        """Counts and profiles on the test chromosomes, in peaks and background, beside baselines."""
        from zoo.train.tasks.profile_report import metrics

        limits, text = self.limits, training_text(self.config, run.result)
        text += (
            f" Learned from regions with more than {limits.lowest:g} and fewer than {limits.highest:,.6g} cut sites; "
            f"counts weigh {self.counts_weight:g} in the loss."
        )
        if self.left_out:
            lost = (f"{peaks:,} and {negatives:,} {why}" for why, (peaks, negatives) in self.left_out.items())
            text += f" Peaks and background regions that were left out: {'; '.join(lost)}."
        found = metrics(model, self.config, self.genome, self.signal, self.regions)
        return Report(found, training=text)


def _parts(config: Mapping[str, object]) -> dict[str, Architecture]:
    """The architectures of the parts of a `chrombpnet` with some arguments."""
    shared = {name: config[name] for name in ("window", "output", "padding") if name in config}
    own = {
        ACCESSIBILITY: (("filters", 512), ("dilated_layers", 8), ("pooled", None)),
        BIAS: (("bias_filters", 128), ("bias_layers", 4), ("bias_pooled", None)),
    }
    names = [name for name, _ in own[ACCESSIBILITY]]  # of a part's own arguments
    return {
        part: Architecture("bpnet", shared | {name: config.get(*item) for name, item in zip(names, given, strict=True)})
        for part, given in own.items()
    }


def bias_run(config: Settings, bias_threshold: float | None = None) -> Settings:
    """The run that trains the bias model of a run: the same files and chromosomes, the bias part of its network."""
    data = dataclasses.replace(
        config.data,
        background=True,
        bias=None,
        bias_threshold=bias_threshold,
        jitter=None,
        negatives_per_peak=None,
        counts_weight=None,
        compare=(),
    )
    parts = {"architecture": _parts(config.architecture.config)[BIAS], "start_from": None, "frozen": ()}
    return dataclasses.replace(config, name=f"{config.name}-bias", data=data, **parts)
