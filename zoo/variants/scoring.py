"""Variant scoring by a model: the options, checked against one another, and the run that they configure."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_one_of, refuse_together, switch, whole
from zoo.errors import InputError, warn
from zoo.forward.precision import FLOAT32
from zoo.forward.readouts import Selection
from zoo.genome import bed, names
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import merge
from zoo.inputs.opening import Inputs, check_species
from zoo.predict.options import Options
from zoo.predict.predictor import Predictor
from zoo.spec import ModelSpec, OutputSpec
from zoo.variants import literal, reading
from zoo.variants.background import LEAST, MOST, Background, draw, kind_of, scores_kept
from zoo.variants.effects import NORMALIZED
from zoo.variants.head_forward import EXPECTED, HeadForward, forward_with_heads, profile_and_counts
from zoo.variants.head_scoring import HeadScoring
from zoo.variants.peaks import Peaks
from zoo.variants.result import VariantScores
from zoo.variants.run import Files, VariantParts, VariantRun
from zoo.variants.scores import Score, named, scores_of_tracks
from zoo.variants.window import VariantWindow, check_compat
from zoo.workers.calls import Call

_SWITCHES = ("only_passing", "strict", "profiles", "csv")
_RANGES = {
    "shuffles": (1, 10_000),
    "background": (LEAST, MOST),
    "seed": (0, (1 << 64) - 1),
}


@dataclass(frozen=True)
class VariantChoice:
    """The arguments of `Model.score_variants` but its inputs.

    Raises:
        InputError: two that contradict each other, or one without effect.
    """

    strands: str | None
    shifts: int
    around: int | None
    only_passing: bool
    strict: bool
    profiles: bool
    scale: str
    csv: bool
    measured: object
    output: str | Path | None
    compat: str | None
    batch_size: int | None
    peaks: object = None
    shuffles: int | None = None
    seed: int | None = None
    precision: str | None = None
    scores: object = None
    regions: object = None
    sample: str | None = None
    background: int | None = None
    background_regions: object = None

    def __post_init__(self) -> None:
        check_compat(self.compat)
        if self.compat == "asap" and not is_one_of(self.strands, (None, "forward")):
            raise InputError(
                'compat="asap" reads the forward strand: strands must be left out',
                received={"strands": self.strands, "compat": self.compat},
            )
        for name in _SWITCHES:
            object.__setattr__(self, name, switch(name, getattr(self, name)))
        if self.output is None and (self.csv or self.measured is not None or not is_one_of(self.scale, ("linear",))):
            raise InputError(
                "csv, measured and scale must come with an output",
                received={"csv": self.csv, "measured": self.measured, "scale": self.scale, "output": None},
                example='output="out/variants"',
            )
        for name, (least, most) in _RANGES.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name), least, most))
        if self.shuffles is None and self.background is None:
            given = {"seed": self.seed}
            refuse_together("Variants that are not shuffled", given, "Give shuffles or background")
        if self.background is None:
            given = {"background_regions": self.background_regions}
            refuse_together("Variants without a background", given, "Give background")

    @property
    def read_strands(self) -> str:
        """The strands that are predicted."""
        return ("forward" if self.compat == "asap" else "both") if self.strands is None else self.strands

    @property
    def passing(self) -> bool:
        """Whether only records that pass are scored."""
        return self.only_passing or self.compat == "asap"

    @property
    def literal(self) -> bool:
        """Whether alleles are taken as they are written."""
        return self.compat == "chrombpnet"

    def files(self, variants: object, inputs: Inputs) -> Files | None:
        """The files to be written, with the measured track opened and matched; None for a result in memory."""
        track = self.measured if self.measured is None or isinstance(self.measured, Signal) else None
        if self.measured is not None and track is None:
            track = Signal(user_path(self.measured, "measured"))
        if track is not None:
            sides = inputs.genome.sizes, track.sizes, f"genome {inputs.genome.path}", f"measured {track.path}"
            names.check_lengths(names.check_shared(*sides), *sides)
        if self.output is None:
            return None
        source = reading.opened(variants, inputs.genome, self.regions, self.sample)
        return Files(self.output, source, self.profiles, self.scale, self.csv, track)

    def described(self, layout: VariantWindow) -> dict[str, object]:
        """The choices that scores depend on, for the sidecar and the VCF header."""
        return {
            "strands": self.read_strands,
            "shifts": self.shifts,
            "around": (layout.scored.stop - layout.scored.start) * layout.bin_size,
            "only_passing": self.passing,
            "compat": self.compat,
            **({} if self.precision in (None, FLOAT32) else {"precision": self.precision}),
            **({} if self.sample is None else {"sample": self.sample}),
            **{name: value for name in _RANGES if (value := getattr(self, name)) is not None},
        }

    def drawn(self, run: VariantRun, model: Predictor, layout: VariantWindow, inputs: Inputs) -> Background:
        """Scores of variants of the same kinds, drawn at random, from the cache or computed now."""
        genome, seed = inputs.genome, self.seed or 0
        chroms = [chrom for chrom in names.main_chromosomes(list(genome.sizes)) if chrom in inputs.alike]
        spans = {chrom: np.array([[0, genome.sizes[chrom]]]) for chrom in chroms}
        if self.background_regions is not None:
            spans = merge(bed.regions(self.background_regions, genome.sizes))
        counts = Counter(kind_of(place.variant) for place in run.places)
        if none := counts.pop(None, 0):
            warn(f"{none:,} variants have no background: both inserted and deleted bases, or more than 50")
        provenance = model.provenance()
        nothing = dict.fromkeys(("sample", "shuffles", "background", "background_regions", "seed"))
        choices = {**replace(self, **nothing).described(layout), "only_passing": False}
        scores, digests = {}, {}
        for kind in sorted(counts):
            others = run.of_others(draw(kind, self.background, genome, spans, seed))
            identity = {"kind": kind, "variants": len(others.places), **others.identity(provenance, choices)}
            scores[kind] = scores_kept(model.spec.name, identity, others.scores)
            digests[kind] = identity["places_sha256"]
        described = {"variants": self.background, "seed": seed, "places_sha256": digests}
        return Background(scores, described)

    def wanted(self, layout: VariantWindow, output: OutputSpec) -> list[Score] | None:
        """The scores of predicted bins; None for the usual ones of one track.

        Raises:
            InputError: a name that no score has; profiles of several tracks.
        """
        bins = layout.scored.stop - layout.scored.start
        if output.tracks:
            single = {"profiles": self.profiles or None, "csv": self.csv or None, "measured": self.measured}
            refuse_together("Scores of several tracks have no files of profiles, so that they", single)
        if self.scores is not None:
            return named(self.scores, bins)
        return scores_of_tracks(output, bins) if output.tracks else None

    def heads(self, model: Predictor, options: Options, selection: Selection) -> HeadForward | None:
        """The pass over heads that are scored beside the expected counts; None if there are none, or something else is
        scored.

        Raises:
            InputError: options that need them, without.
        """
        if selection.readout.name == EXPECTED and profile_and_counts(model.spec) is not None:
            return forward_with_heads(model, options.views, selection, options.precision)
        compat, of_shuffles = self.compat if self.literal else None, None if self.background else self.seed
        refuse_together(
            f"{model.spec.name} has no profile with total counts, or something else of it is scored: it",
            {"compat": compat, "peaks": self.peaks, "shuffles": self.shuffles, "seed": of_shuffles},
        )
        return None

    def head_scoring(self, forward: HeadForward, spec: ModelSpec, layout: VariantWindow, genome: Genome) -> HeadScoring:
        """How heads are scored, with the peaks read."""
        profile, _ = profile_and_counts(spec)
        compat = "chrombpnet" if self.literal else None
        peaks = None if self.peaks is None else Peaks.read(self.peaks, genome.sizes, layout.window, compat)
        return HeadScoring(forward, profile, layout, peaks, self.shuffles or 0, self.seed or 0)


def score_variants(
    model: Predictor,
    variants: object,
    choice: VariantChoice,
    selection: Selection,
    genome: object,
    signal: object,
    blacklist: object,
    covariates: object,
    progress: bool | None,
    call: Call,
) -> VariantScores | list[Path] | VariantParts:
    """`Model.score_variants`, which has the documentation.

    Args:
        selection: head and track.
        call: by which a worker repeats this up to its parts, which are returned there.
    """
    if choice.strands is None and "reverse_complement" not in model.spec.prediction.views:
        choice = replace(choice, strands="forward")
    layout = VariantWindow.of(model.spec, choice.shifts, choice.around, choice.compat, selection.output)
    how = {"strands": choice.read_strands, "batch_size": choice.batch_size, "precision": choice.precision}
    options = Options.resolve(model.spec, **how)
    heads = choice.heads(model, options, selection)
    inputs = all_chromosomes(model.spec, genome, signal, blacklist, covariates)
    check_species(model.spec, selection.output, inputs.genome)
    parsed = reading.read(variants, inputs.genome, choice.only_passing, choice.regions, choice.sample)
    files = choice.files(variants, inputs)
    forward = model.forward(options.views, selection, options.precision) if heads is None else heads
    scoring = None if heads is None else choice.head_scoring(heads, model.spec, layout, inputs.genome)
    forms = literal.forms(layout.window, choice.strict) if choice.literal else NORMALIZED
    wanted = choice.wanted(layout, selection.output)
    tracks = dict(zip(selection.names, selection.tracks, strict=True)) if selection.output.tracks else {}
    how = (choice.passing, choice.strict, options.batch_size, progress, scoring, forms, wanted, tracks)
    run = VariantRun(model.spec.name, forward, layout, inputs, parsed, *how)
    if call.opens:  # scores of single variants, which do not depend on a background
        return VariantParts(run, choice.profiles or choice.csv)
    if choice.literal:
        literal.warn_of_others(run.places, inputs.genome)
    if choice.background is not None:
        run.background = choice.drawn(run, model, layout, inputs)
    if files is None:
        return run.to_memory(choice.profiles)
    files_of_choice = choice.background_regions, files.measured, choice.peaks, choice.regions
    reads = (model.path, model.origin, *inputs.files, variants, blacklist, covariates, *files_of_choice)
    described = {**choice.described(layout), **selection.to_json()}
    return run.to_files(files, reads, model.provenance(), described, call)


def all_chromosomes(
    spec: ModelSpec, genome: object, signal: object, blacklist: object, covariates: object = None
) -> Inputs:
    """Files, with every chromosome that genome and tracks share: variants lie on any of them."""
    return Inputs.open(spec, genome, signal, blacklist=blacklist, covariates=covariates).all_chromosomes()
