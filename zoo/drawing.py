"""A region with what models predict there, as a file: `zoo plot`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.arguments import optional_text, refuse_together, some
from zoo.errors import InputError
from zoo.files.atomic import atomic, output_path
from zoo.genome.interval import Interval
from zoo.many import models
from zoo.plot import loci, style
from zoo.plot.rows import Track

FORMATS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Places:
    """Where a picture is of, and where it goes.

    Attributes:
        region: that is drawn.
        gene: its name, or nothing.
        path: of the picture.
    """

    region: Interval
    gene: str
    path: Path


def draw(
    where: object,
    *,
    output: str | Path,
    tracks: Mapping[str, object] | None = None,
    model: str | Path | Sequence[str] | None = None,
    genome: object = None,
    signal: object = None,
    covariates: Mapping[str, object] | None = None,
    threshold: str | float | None = "auto",
    genes: str | Path | None = None,
    flank: int | None = None,
    peaks: object = None,
    attributions: object = None,
    variants: object = None,
    assembly: str | None = None,
    title: str | None = None,
) -> Path:
    """Draw a region as `zoo.plot.locus` does, with what models predict in it, and write the picture.

    Args:
        where: a region string (1-based, `chr20:10,395,001-10,396,000`), or with `genes` the name of a gene.
        output: the picture, `.png`, `.svg` or `.pdf`.
        tracks: label → `.bw`, or anything else that `zoo.plot.locus` takes as a track.
        model: names, patterns or folders of models, or `zoo.Model`s: each predicts the region, as it would within the
            genome, and is a row.
        genome: a `.2bit` path or a `Genome`, for models.
        signal: as for `Model.predict`, of all models that read one.
        covariates: as for `Model.predict`.
        threshold: of predictions, as for `Model.predict`, a dashed line; "auto" that of the best F1 if there is a
            table, None for none.
        genes: an annotation, GTF or GFF3, plain or compressed: genes are drawn, and `where` may be one.
        flank: bp at both ends of a gene (default 5,000).
        peaks: BED paths or intervals, or a mapping of labels to these.
        attributions: an `.npz` of `zoo attribute` or a `.bw` of contribution scores, or a mapping of labels to these.
        variants: whatever `Model.score_variants` takes.
        assembly: for the title (default by the lengths of the chromosomes).
        title: default gene and region.

    Returns:
        The picture's path.

    Raises:
        InputError: as for `zoo.plot.locus` and `Model.predict`; another kind of picture, or one that is read.
    """
    given = {"tracks": tracks, "genome": genome, "signal": signal, "genes": genes, "peaks": peaks}
    given |= {"attributions": attributions, "variants": variants}
    optional_text("title", title), optional_text("assembly", assembly)
    place = placed(where, output, model, given, flank, covariates, threshold)
    rows = [] if model is None else list(_predicted(model, place.region, genome, signal, covariates, threshold))
    tracks = {} if tracks is None else tracks
    known = loci.sizes_of(genome, tracks)
    figure = loci.locus(
        place.region,
        tracks,
        *rows,
        genes=genes,
        peaks=peaks,
        attributions=attributions,
        variants=variants,
        genome=genome,
        title=title or loci.titled(place.region, place.gene, known, assembly),
    )
    with atomic(place.path, place.path.parent) as temporary:
        style.save(figure, temporary, place.path.suffix[1:].lower())
    return place.path


def placed(
    where: object,
    output: object,
    model: object,
    given: Mapping[str, object],
    flank: object,
    covariates: object,
    threshold: object,
) -> Places:
    """What of `draw` can be refused before a model is loaded: its region, its output, what has no effect.

    Args:
        where: as for `draw`, and so are
        output: the picture,
        model: models,
        given: keyword → value of what is read,
        flank: bp,
        covariates: of models, and
        threshold: of their predictions.
    """
    if model is None:
        cutting = None if threshold is None or (isinstance(threshold, str) and threshold == "auto") else threshold
        of_models = {"signal": given["signal"], "covariates": covariates, "threshold": cutting}
        refuse_together("A picture without a model", of_models, 'Name one: model="maxatac/CTCF"')
    elif given["genome"] is None:
        raise InputError("The genome must be given for models", received={"model": model}, example="hg38.2bit")
    path = output_path(output, given.values())
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"A picture must be named {', '.join(FORMATS[:-1])} or {FORMATS[-1]}",
            received={"output": str(path)},
            example="out/locus.png",
        )
    tracks = {} if given["tracks"] is None else some("tracks", given["tracks"], {"ATAC-seq": "atac.bw"})
    sizes = loci.sizes_of(given["genome"], tracks)
    return Places(*loci.place(where, given["genes"], flank, sizes), path)


def _predicted(
    model: object, region: Interval, genome: object, signal: object, covariates: object, threshold: object
) -> Iterator[Track]:
    """What each model predicts in the region, with its threshold."""
    from zoo.predict.choice import cut  # with Keras, which a picture without models does not need
    from zoo.predict.options import Options

    loaded = models.load(models.named(model))
    reading = [name for name, one in loaded.items() if one.spec.input.given]
    if signal is not None and not reading:
        refuse_together("Models of DNA alone", {"signal": signal})
    for (name, one), label in zip(loaded.items(), models.short(list(loaded)), strict=True):
        options = Options.resolve(one.spec)
        called = cut(one, threshold, None, options)
        tracks = {"signal": signal if name in reading else None, "covariates": covariates}
        table = one.predict(genome=genome, regions=region, **tracks)
        threshold_of_one = None if table.tracks else called
        yield Track(table, f"predicted {label}", options.output.quantity, threshold=threshold_of_one)
