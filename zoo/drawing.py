"""A region with what models predict there, as a file: `zoo plot`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.arguments import optional_text, refuse_together, some
from zoo.errors import InputError
from zoo.files.atomic import atomic, output_path
from zoo.genome.interval import Interval
from zoo.many import models
from zoo.plot import loci, style
from zoo.plot.rows import Track

if TYPE_CHECKING:
    from zoo.attribution.methods import Method
    from zoo.attribution.result import Attributions
    from zoo.model import Model

FORMATS = (".png", ".svg", ".pdf")
MOST_WINDOWS = 64
"""Windows of a region whose contributions are drawn: minutes of a network."""


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
    head: str | None = None,
    track: str | int | Sequence[str | int] | None = None,
    threshold: str | float | None = "auto",
    method: "str | Method | None" = None,
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
        genome: the path of a `.2bit` or FASTA file, or a `Genome`, for models.
        signal: as for `Model.predict`, of all models that read one.
        covariates: as for `Model.predict`.
        head: what is predicted, of models with several heads, as for `Model.predict`.
        track: names or numbers of the head's tracks, as for `Model.predict`; a row for each (default all).
        threshold: of predictions, as for `Model.predict`, a dashed line; "auto" that of the best F1 if there is a
            table, None for none.
        method: also draw the contributions of the bases to what each model predicts, by this method of
            `Model.attribute` (default none are computed). Windows lie half a window apart, and each base has the value
            of the nearest.
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
        InputError: as for `zoo.plot.locus`, `Model.predict` and `Model.attribute`; another kind of picture, or one that
            is read; a region whose contributions would take more than 64 windows.
    """
    given = {"tracks": tracks, "genome": genome, "signal": signal, "genes": genes, "peaks": peaks}
    given |= {"attributions": attributions, "variants": variants}
    optional_text("title", title), optional_text("assembly", assembly)
    cutting = None if isinstance(threshold, str) and threshold == "auto" else threshold
    of_models = {"covariates": covariates, "head": head, "track": track, "threshold": cutting, "method": method}
    place = placed(where, output, model, given, flank, of_models)
    rows, explained = [], []
    if model is not None:
        drawn = Drawn(place.region, genome, signal, covariates, head, track, threshold, method)
        rows, explained = drawn.of(models.load(models.named(model)))
    given_rows = [] if attributions is None else [attributions]
    tracks = {} if tracks is None else tracks
    known = loci.sizes_of(genome, tracks)
    figure = loci.locus(
        place.region,
        tracks,
        *rows,
        genes=genes,
        peaks=peaks,
        attributions=[*given_rows, *explained] if explained else attributions,
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
    of_models: Mapping[str, object],
) -> Places:
    """What of `draw` can be refused before a model is loaded: its region, its output, what has no effect.

    Args:
        where: as for `draw`, and so are
        output: the picture,
        model: models,
        given: keyword → value of what is read,
        flank: bp, and
        of_models: what else has no effect without a model, by its name; None for what was not given.
    """
    if model is None:
        idle = {"signal": given["signal"], **of_models}
        refuse_together("A picture without a model", idle, 'Name one: model="maxatac/CTCF"')
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


@dataclass(frozen=True)
class Drawn:
    """What of models is drawn in a region; attributes are arguments of `draw`."""

    region: Interval
    genome: object
    signal: object
    covariates: object
    head: object
    track: object
    threshold: object
    method: object

    def of(self, loaded: "Mapping[str, Model]") -> "tuple[list[Track], list[Attributions]]":
        """What each model predicts, with its threshold; and the contributions of the bases, if a method is named."""
        reading = [name for name, one in loaded.items() if one.spec.input.given]
        if self.signal is not None and not reading:
            refuse_together("Models of DNA alone", {"signal": self.signal})
        rows, explained = [], []
        for (name, one), label in zip(loaded.items(), models.short(list(loaded)), strict=True):
            reads = {"genome": self.genome, "signal": self.signal if name in reading else None}
            reads |= {"covariates": self.covariates, "head": self.head, "track": self.track}
            rows.append(self._predicted(one, label, reads))
            explained += [] if self.method is None else [self._explained(one, reads)]
        return rows, explained

    def _predicted(self, model: "Model", label: str, reads: Mapping[str, object]) -> Track:
        from zoo.predict.choice import cut  # with Keras, which a picture without models does not need
        from zoo.predict.options import Options

        options = Options.resolve(model.spec, head=self.head, track=self.track)
        called = cut(model, self.threshold, None, options)
        table, names = model.predict(regions=self.region, **reads), options.selection.names
        named = [f"predicted {label}", *([] if self.head is None else [options.selection.readout.name])]
        named += names if self.track is not None and not table.tracks else ()
        return Track(table, ", ".join(named), options.output.quantity, threshold=None if table.tracks else called)

    def _explained(self, model: "Model", reads: Mapping[str, object]) -> "Attributions":
        """Contributions of windows around the middles of parts of the region, half a window long at most."""
        half = model.spec.input.window // 2
        count = -(-len(self.region) // half)
        if count > MOST_WINDOWS:
            raise InputError(
                f"A region whose contributions are drawn must have at most {MOST_WINDOWS * half:,} bp",
                received={"region": str(self.region), "model": model.spec.name},
                hint="Leave out the method, or give the file of contributions that `zoo attribute` writes",
            )
        edges = [self.region.start + len(self.region) * part // count for part in range(count + 1)]
        parts = [Interval(self.region.chrom, start, end) for start, end in pairwise(edges)]
        return model.attribute(regions=parts, method=self.method, progress=False, **reads)
