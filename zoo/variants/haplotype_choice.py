"""Haplotype prediction by a model: the options, checked against one another, and the run that they configure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoo.errors import InputError
from zoo.forward.precision import FLOAT32
from zoo.forward.readouts import Selection
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.vcf import SAME, Variant, Vcf
from zoo.inputs.opening import Inputs, check_species
from zoo.predict import thresholds
from zoo.predict.options import Options
from zoo.predict.plan import Grid
from zoo.predict.predictor import Predictor
from zoo.predict.thresholds import Threshold, ThresholdTable
from zoo.variants import reading
from zoo.variants.effects import Skipped, skip_reason
from zoo.variants.haplotype_run import HaplotypeFiles, HaplotypeRun, MaxatacRun
from zoo.variants.haplotype_windows import predict
from zoo.variants.haplotypes import Haplotype, HaplotypePrediction
from zoo.workers.calls import Call


@dataclass(frozen=True)
class HaplotypeChoice:
    """The arguments of `Model.predict_haplotypes` that depend on one another.

    Raises:
        InputError: two that contradict each other, or one without effect.
    """

    variants: object
    sample: str | None
    output: object
    compat: str | None
    threshold: str | float | None
    blacklist: object
    strands: str
    precision: str | None = None

    def __post_init__(self) -> None:
        thresholds.checked(self.threshold)
        compat, output = self.compat is not None, self.output is not None
        contradictions = {
            "compat must come with an output": compat and not output,
            "compat reads the forward strand: strands must be left out": compat and self.strands != "forward",
            "compat predicts variants one by one: sample must be left out": compat and self.sample is not None,
            "compat calls no sites: threshold must be left out": compat and self.threshold not in ("auto", None),
            "blacklist must come with compat": self.blacklist is not None and not compat,
            "threshold must come with an output": self.threshold not in ("auto", None) and not output,
        }
        for rule, holds in contradictions.items():
            if holds:
                names_of = ("compat", "output", "strands", "sample", "threshold", "blacklist")
                given = {name: value for name in names_of if (value := getattr(self, name)) is not None}
                raise InputError(f"Options must fit one another: {rule}", received=given)
        self._check_sample()

    def _check_sample(self) -> None:
        """A sample is one of a VCF file; one with several needs it, of one that has a single sample it is that."""
        is_vcf = reading.is_vcf(self.variants)
        if self.sample is not None and not is_vcf:
            raise InputError(
                "A sample must be a column of a phased VCF file",
                received={"sample": self.sample, "variants": self.variants},
            )
        if self.sample is None and is_vcf and self.compat is None and (samples := Vcf(self.variants).samples):
            if len(samples) > 1:
                raise InputError(
                    "One of the samples of the VCF file must be named",
                    where=self.variants,
                    received={"samples": samples[:10]},
                )
            object.__setattr__(self, "sample", samples[0])

    def haplotypes(self, genome: Genome) -> Sequence[Haplotype]:
        """Both of the sample, or one with all variants."""
        if self.sample is not None:
            return Haplotype.both(self.variants, self.sample, genome)
        return [Haplotype.of("haplotype", reading.read(self.variants, genome), genome)]

    def substitutions(self, inputs: Inputs) -> tuple[list[Variant], list[Skipped]]:
        """Substitutions of a base by the genome's names, the only kind that maxATAC's program supports; and others."""
        kept, skipped = [], []
        for variant in reading.read(self.variants, inputs.genome):
            chrom = names.find(variant.chrom, inputs.genome.sizes)
            reason = skip_reason(variant, chrom, inputs.genome)
            if reason == SAME:  # predicted once more, as the original does
                reason = None
            if reason is None and not len(variant.ref) == len(variant.alt) == 1:
                reason = "not a substitution of one base"
            if reason is None:
                kept.append(replace(variant, chrom=chrom))
            else:
                skipped.append(Skipped(variant, reason))
        return kept, skipped

    def cut(self, table: ThresholdTable | None) -> Threshold | None:
        """The threshold of a site; None for none."""
        threshold = self.threshold
        if threshold == "auto":
            threshold = None if table is None else "f1"
        return None if threshold is None else thresholds.resolve(threshold, table)


def predict_haplotypes(
    model: Predictor,
    choice: HaplotypeChoice,
    selection: Selection,
    given: tuple[object, object, object, object],
    stride: int | None,
    batch_size: int | None,
    progress: bool | None,
    call: Call,
) -> dict[str, HaplotypePrediction] | HaplotypeFiles | HaplotypeRun | MaxatacRun:
    """`Model.predict_haplotypes`, which has the documentation.

    Args:
        selection: head and track.
        given: genome, signal, regions and covariates.
        call: by which a worker repeats this up to the run, which is returned there.
    """
    compat, (genome, signal, regions, covariates) = choice.compat, given
    options = Options.resolve(
        model.spec,
        strands=choice.strands,
        stride=stride,
        batch_size=batch_size,
        compat=compat,
        head=selection.readout.name,
        track=selection.tracks,
        precision=choice.precision,
    )
    inputs = model.inputs(genome, signal, regions, None, choice.blacklist, compat, covariates)
    check_species(model.spec, selection.output, inputs.genome)
    if inputs.regions is None:
        raise InputError("Haplotypes must be predicted in regions", example='regions="peaks.bed"')
    grid, forward = Grid.of(model.spec, options), model.forward(options.views, selection, options.precision)
    inputs = _with_overlap(inputs, grid.overlap)
    shared = (model.spec.name, forward, grid, inputs)
    how = (options.batch_size, progress)
    if compat is not None:
        run = MaxatacRun(*shared, *choice.substitutions(inputs), options.stride, *how)
    elif choice.output is None:
        rows = [Haplotype("reference", {}), *choice.haplotypes(inputs.genome)]
        return {row.name: predict(row, forward, grid, inputs, *how) for row in rows}
    else:
        run = HaplotypeRun(*shared, choice.haplotypes(inputs.genome), choice.cut(model.thresholds), *how)
    if call.opens:
        return run
    reads = (model.path, model.origin, *inputs.files, covariates, choice.variants, regions, choice.blacklist)
    described = {"views": list(options.views), "compat": compat, **selection.to_json()}
    described |= {} if options.precision == FLOAT32 else {"precision": options.precision}
    return run.to_files(choice.output, reads, model.provenance(), described, call)


def _with_overlap(inputs: Inputs, overlap: int) -> Inputs:
    """Regions with the beginnings of all bins that overlap them, of models whose bins overlap each other."""
    if not overlap:
        return inputs
    return replace(inputs, regions=[replace(item, start=max(item.start - overlap, 0)) for item in inputs.regions])
