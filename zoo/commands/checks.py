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

from registry.paths import user_path
from zoo import loading
from zoo.errors import InputError, ZooWarning
from zoo.files.atomic import check_outputs
from zoo.files.job import job_base
from zoo.spec import ModelSpec


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
    own = [f".{name}.bw" for name in plain_names(_inputs(spec, options, where, spread=True))]
    suffixes = dict.fromkeys((".bw", *(format.suffix for format in FORMATS.values()), *own, ".json"))
    _output(options, tuple(suffixes), source, where)


def _many(options: argparse.Namespace, given: object) -> None:
    """The same for one pass of many models and samples."""
    from zoo.inputs.opening import Inputs
    from zoo.many import matching, models
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
    suffixes = [".summary.tsv", *(format.suffix for format in formats), ".json"]
    tracks = [list(sample.tracks.values()) for sample in samples]
    _output(options, suffixes, options.regions, options.samples, tracks, *(source for _, source in found))


def unit(options: argparse.Namespace) -> None:
    """The folder of a plan, and names of units."""
    from zoo.many.unit import request_of, unit_of

    request_of(options.folder)
    for name in options.units:
        unit_of(name)


def attribute(options: argparse.Namespace) -> None:
    """The same for attributions."""
    spec, source = _spec(options.name)
    _inputs(spec, options, options.regions)
    _output(options, (".npz", ".bw", ".signal.bw", ".json"), source, options.regions)


def variants(options: argparse.Namespace) -> None:
    """The same for variants, and that the file of variants is there."""
    from zoo.commands.variants import check, given
    from zoo.variants import reading

    check(options)
    spec, source = _spec(options.name)
    variants = given(options)
    is_file = isinstance(variants, str) and not reading.is_literal(variants)
    path = reading.checked(variants) if is_file else None
    if not is_file:
        reading.read(variants)
    _inputs(spec, options, None)
    suffixes = (".tsv", ".skipped.tsv", ".vcf", ".reference.bw", ".alternative.bw", ".csv", ".json")
    _output(options, suffixes, source, path)


def haplotypes(options: argparse.Namespace) -> None:
    """The same for haplotypes in regions."""
    from zoo.variants import reading

    spec, source = _spec(options.name)
    path = reading.checked(options.variants)
    _inputs(spec, options, options.regions)
    tracks = (".reference.bw", ".haplotype1.bw", ".haplotype2.bw", ".bw", ".bg")
    suffixes = (*tracks, ".sites.tsv", ".skipped.tsv", ".json")
    _output(options, suffixes, source, path, options.regions)


def evaluate(options: argparse.Namespace) -> None:
    """Model, genome, signal, peaks and what is left out; that the outputs can be written."""
    from zoo.data.regions import on_genome
    from zoo.genome import bed
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal

    _, source = _spec(options.name)
    genome = Genome(options.genome)
    Signal(options.signal)
    if options.peaks:
        bed.read_summits(options.peaks)
    for path in filter(None, (options.blacklist, options.unmappable)):
        on_genome(path, genome, avoided=True)
    _output(options, (".json", ".html"), source, options.peaks, options.unmappable)


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
    _output(options, (".json", ".html"), source, *files)


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


def _inputs(spec: ModelSpec, options: argparse.Namespace, regions: object, spread: bool = False) -> Sequence[str]:
    """Open everything and match it, without the warnings, which come when it is opened to be used.

    Args:
        spread: whether the tracks may be of the spread over members.

    Returns:
        The names of what is predicted, if these are several tracks of a head.
    """
    from zoo.forward.readouts import Selection
    from zoo.inputs.opening import Inputs

    selection = Selection.of(spec, getattr(options, "head", None), getattr(options, "track", None), spread)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        Inputs.open(
            spec,
            options.genome,
            options.signal,
            _regions(options, regions),
            getattr(options, "chromosomes", None),
            getattr(options, "blacklist", None),
            covariates=getattr(options, "covariate", None),
        )
    return selection.output.tracks


def _regions(options: argparse.Namespace, regions: object) -> object:
    """Regions as they are opened, genes by their places; None for those that are looked for in the signal."""
    from zoo.inputs.opening import named_regions

    named = named_regions(regions, getattr(options, "genes", None), getattr(options, "flank", None), options.genome)
    return None if isinstance(named, str) and named == "auto" else named


def _output(options: argparse.Namespace, suffixes: Sequence[str], *reads: object) -> None:
    """Refuse an output that is read, or that cannot be written."""
    if options.output is None:
        return
    base = job_base(options.output, suffixes[0])
    inputs = [
        options.genome,
        options.signal,
        *(getattr(options, name, None) for name in ("covariate", "blacklist", "genes")),
    ]
    check_outputs([base.with_name(base.name + suffix) for suffix in suffixes], [*inputs, *reads])
    folder = next(path for path in base.absolute().parents if path.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            "The output must be in a folder that can be written",
            received={"output": options.output, "folder": str(folder)},
            example="out/ctcf",
        )
