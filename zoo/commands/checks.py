"""What a command refuses before Keras is imported, which takes ten seconds: names, files, columns, outputs.

Each function takes the parsed options. It opens what the command will open, with the same functions, and forgets it;
what it lets pass is checked once more where it is used.
"""

import argparse
import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from registry.paths import user_path
from zoo import loading
from zoo.errors import InputError, ZooWarning
from zoo.files.atomic import check_apart, output_base
from zoo.files.job import Job
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from zoo.inputs.opening import Inputs


def predict(options: argparse.Namespace) -> None:
    """Model, genome, signal, regions, chromosomes, blacklist; that the outputs can be written."""
    from zoo.commands import many
    from zoo.formats.content import plain_names
    from zoo.formats.formats import FORMATS

    if many.is_many(options):
        _many(options, many.samples_of(options))
        return
    spec, source = _spec(options.name)
    where = options.regions if options.centers is None else options.centers
    tracks, inputs = _inputs(spec, options, _regions(options, where), spread=True)
    own = [f".{name}.bw" for name in plain_names(tracks)]
    suffixes = dict.fromkeys((".bw", *(format.suffix for format in FORMATS.values()), *own))
    _job(options, "prediction", tuple(suffixes), [source, where], inputs)


def _many(options: argparse.Namespace, given: object) -> None:
    """The same for one pass of many models and samples."""
    from zoo.inputs.opening import Inputs
    from zoo.many import matching, models
    from zoo.many.finished import KIND
    from zoo.many.request import formats_of
    from zoo.many.samples import samples_of

    samples = samples_of(given)
    formats = formats_of(options.write, options.regions is not None)
    found = [_spec(name) for name in models.named(options.name)]
    alike: list[ModelSpec] = []
    for spec, _ in found:
        alike += [] if any(spec.input == other.input for other in alike) else [spec]
    matching.check_read((spec.input for spec in alike), samples)
    where = _regions(options, options.regions), options.chromosomes, options.blacklist
    for spec in alike:
        for sample in matching.samples_of(spec.input, samples):
            tracks, covariates = matching.tracks_of(spec.input, sample), matching.covariates_of(spec.input, sample)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ZooWarning)
                    Inputs.open(spec, options.genome, tracks or None, *where, covariates=covariates or None)
            except InputError as error:
                raise matching.of_sample(error, sample) from None
    suffixes = [".summary.tsv", *(format.suffix for format in formats)]
    tracks = [list(sample.tracks.values()) for sample in samples]
    _job(options, KIND, suffixes, [options.regions, options.samples, tracks, *(source for _, source in found)])


def unit(options: argparse.Namespace) -> None:
    """The folder of a plan, and names of units."""
    from zoo.many.unit import request_of, unit_of

    request_of(options.folder)
    for name in options.units:
        unit_of(name)


def attribute(options: argparse.Namespace) -> None:
    """The same for attributions."""
    spec, source = _spec(options.name)
    _, inputs = _inputs(spec, options, _regions(options, options.regions))
    _job(options, "attribution", (".npz", ".bw", ".signal.bw"), [source, options.regions], inputs)


def variants(options: argparse.Namespace) -> None:
    """The same for variants, and that the file of variants is there."""
    from zoo.commands.variants import check, drawn, given
    from zoo.variants import reading

    check(options)
    if options.picture is not None:
        drawn(options)
    spec, source = _spec(options.name)
    variants = given(options)
    is_file = isinstance(variants, str) and not reading.is_literal(variants)
    read = [reading.checked(variants)] if is_file else []
    if not is_file:
        reading.read(variants)
    _regions(options, options.regions)
    _, inputs = _inputs(spec, options, None)
    suffixes = (".tsv", ".skipped.tsv", ".vcf", ".reference.bw", ".alternative.bw", ".csv")
    _job(options, "variants", suffixes, [source, *read], inputs)


def haplotypes(options: argparse.Namespace) -> None:
    """The same for haplotypes in regions."""
    from zoo.variants import reading

    spec, source = _spec(options.name)
    path = reading.checked(options.variants)
    _, inputs = _inputs(spec, options, _regions(options, options.regions))
    tracks = (".reference.bw", ".haplotype1.bw", ".haplotype2.bw", ".bw", ".bg")
    _job(options, "haplotypes", (*tracks, ".sites.tsv", ".skipped.tsv"), [source, path, options.regions], inputs)


def evaluate(options: argparse.Namespace) -> None:
    """Model, genome, signal, peaks and what is left out; that the outputs can be written."""
    from zoo.data.regions import on_genome
    from zoo.genome import bed
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal

    _, source = _spec(options.name)
    genome = Genome(options.genome)
    Signal(options.signal)
    named = _regions(options, options.peaks)
    if isinstance(named, str):
        bed.read_summits(named)
    for path in filter(None, (options.blacklist, options.unmappable)):
        on_genome(path, genome, avoided=True)
    _report(options, "accessibility", source, options.peaks, options.unmappable)


def qc(options: argparse.Namespace) -> None:
    """Model, genome, signal and regions; that the outputs can be written."""
    from zoo.evaluate import profile_regions
    from zoo.genome.motifs import read_motifs
    from zoo.genome.sequence import Genome

    spec, source = _spec(options.name)
    genome, files = Genome(options.genome), (options.peaks, options.negatives)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        profile_regions.counted(spec, genome, options.signal, *files, options.chromosomes)
    if isinstance(options.motifs, str):
        read_motifs(options.motifs)
    _report(options, "model quality", source, *files)


def compare(options: argparse.Namespace) -> None:
    """Models, genome and tracks of a comparison that predicts them; none of one of finished predictions."""
    from zoo.commands.compare import samples_of
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.many import models

    if not options.models:
        return
    for name in models.named(options.models):
        _spec(name)
    if options.genome is not None:
        Genome(options.genome)
    samples = samples_of(options.samples)
    for path in samples.values() if isinstance(samples, dict) else ():
        Signal(path)


def publish(options: argparse.Namespace) -> None:
    """Where a release would go, and the model folders."""
    from registry.publishing import check_target
    from zoo.folder import read_spec

    check_target(options.repo, options.tag, options.families, options.dry_run)
    for path in options.folders:
        read_spec(user_path(path, "folder"))


def motifs(options: argparse.Namespace) -> None:
    """Attributions and known motifs."""
    from zoo.genome.motifs import read_motifs

    if options.motifs is not None:
        read_motifs(options.motifs)
    path = user_path(options.attributions, "attributions")
    if not path.is_file():
        raise InputError(
            "The file of attributions must exist",
            received={"attributions": options.attributions},
            hint="`zoo attribute … --output out/why` writes out/why.npz",
        )


def train(options: argparse.Namespace) -> None:
    """The configuration, and every file that it names."""
    from zoo.train.command import prepare

    prepare(options)


def _spec(name: str) -> tuple[ModelSpec, object]:
    """The spec of a model, and its folder if it was named by one."""
    info = loading.info(name)
    content = {key: info[key] for key in ("schema", *(field.name for field in fields(ModelSpec))) if key in info}
    return ModelSpec.from_json(json.dumps(content).encode(), name), info.get("source")


def _inputs(
    spec: ModelSpec, options: argparse.Namespace, regions: object, spread: bool = False
) -> tuple[Sequence[str], "Inputs"]:
    """Open everything and match it, without the warnings, which come when it is opened to be used.

    Args:
        regions: of `_regions`.
        spread: whether the tracks may be of the spread over members.

    Returns:
        The names of what is predicted, if these are several tracks of a head; and what was opened.
    """
    from zoo.forward.readouts import Selection
    from zoo.inputs.opening import Inputs

    selection = Selection.of(spec, getattr(options, "head", None), getattr(options, "track", None), spread)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        inputs = Inputs.open(
            spec,
            options.genome,
            options.signal,
            regions,
            getattr(options, "chromosomes", None),
            getattr(options, "blacklist", None),
            covariates=getattr(options, "covariate", None),
        )
    return selection.output.tracks, inputs


def _job(
    options: argparse.Namespace,
    kind: str,
    suffixes: Sequence[str],
    reads: Sequence[object],
    inputs: "Inputs | None" = None,
) -> None:
    """Refuse an output that is read, that cannot be written, or that is other work's or that of another run.

    Args:
        kind: of the job that will write it.
        suffixes: of its files.
        reads: what it reads beside genome, signal, covariates and blacklist.
        inputs: opened: an output that was made of others is that of another run.
    """
    if options.output is None:
        return
    more = (getattr(options, name, None) for name in ("covariate", "blacklist", "genes"))
    given = [options.genome, options.signal, *more]
    job = Job(kind, options.output, suffixes, [*given, *reads])
    if inputs is not None and job.sidecar.exists():
        job.check_parts({"inputs": inputs.identity()})


def _regions(options: argparse.Namespace, regions: object) -> object:
    """Regions as they are opened, genes by their places; None for those that are looked for in the signal."""
    from zoo.inputs.opening import named_regions

    named = named_regions(regions, getattr(options, "genes", None), getattr(options, "flank", None), options.genome)
    return None if isinstance(named, str) and named == "auto" else named


def _report(options: argparse.Namespace, kind: str, *reads: object) -> None:
    """Refuse a report that replaces what is read or what is no report of its kind, or that cannot be written."""
    if options.output is None:
        return
    base = output_base(options.output)
    inputs = [
        options.genome,
        options.signal,
        *(getattr(options, name, None) for name in ("covariate", "blacklist", "genes")),
    ]
    outputs = [base.with_name(base.name + suffix) for suffix in (".json", ".html")]
    check_apart(outputs, [*inputs, *reads])
    if any(path.exists() for path in outputs):
        from zoo.pages import report  # which imports what draws: seconds

        report.claim(options.output, [*inputs, *reads], kind)
    folder = next(path for path in base.absolute().parents if path.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            "The output must be in a folder that can be written",
            received={"output": options.output, "folder": str(folder)},
            example="out/ctcf",
        )
