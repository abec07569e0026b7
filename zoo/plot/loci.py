"""A locus as one picture: tracks, predictions, peaks, genes, contributions and variants under one another."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from registry.paths import user_path
from zoo.arguments import items_of, optional_text, refuse_together, some, whole
from zoo.attribution.result import Attributions
from zoo.errors import InputError, warn
from zoo.genome import bed, names, sniff
from zoo.genome import genes as annotation
from zoo.genome.gtf import Gene
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.vcf import Variant
from zoo.plot import style
from zoo.plot.parts import LETTERS, ContributionsPart, GenesPart, IntervalsPart, Part, SignalPart, VariantsPart
from zoo.plot.rows import Track, of_values, opened, parts_of, read_of
from zoo.plot.wording import explained
from zoo.variants import reading

MARGIN = 5000
"""bp that are shown at both ends of a gene, by default."""
_MOST_PARTS = 60


def locus(
    where: object,
    *tracks: object,
    genes: object = None,
    peaks: object = None,
    attributions: object = None,
    variants: object = None,
    threshold: float | Mapping[str, float] | None = None,
    flank: int | None = None,
    genome: object = None,
    assembly: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a region: tracks and predictions in rows, then peaks, contributions, variants and genes.

    Args:
        where: an interval, a region string (1-based, `chr20:10,395,001-10,396,000`), or with `genes` the name or
            identifier of a gene.
        tracks: each a `.bw` path, a `Signal`, `Predictions`, `PredictionFiles`, an interval with an array of the values
            of its bins, a `Track`, or a mapping of labels to any of these. Where a file has no value nothing is drawn.
        genes: an annotation, GTF or GFF3, plain or compressed, or a list of `zoo.genome.gtf.Gene`.
        peaks: BED paths or intervals, or a mapping of labels to these.
        attributions: `Attributions`, their `.npz`, or a `.bw` of contribution scores, or a mapping of labels to these.
            Up to 200 bp are drawn as letters, of more each base is a bar. Windows that overlap: each base has the value
            of the window whose middle is nearest.
        variants: whatever `Model.score_variants` takes; those in the region are drawn with their alleles.
        threshold: a dashed line: of all tracks, or a mapping of labels to numbers. Those of `PredictionFiles` are drawn
            by themselves.
        flank: bp at both ends of a gene (default 5,000); with `genes` only.
        genome: the path of a `.2bit` or FASTA file, or a `Genome`, which is needed for variants of a BED and tells
            where chromosomes end.
        assembly: for the title; default by the lengths of the chromosomes of genome or tracks, where these are known.
        title: default the gene if there is one, and the region as genome browsers write it.

    Returns:
        A figure; `figure.savefig("locus.png")`.

    Raises:
        InputError: nothing to draw, something that is none of these, a chromosome that a track lacks, or a gene
            that the annotation lacks.
    """
    optional_text("title", title), some("attributions", attributions, "out/why.npz")
    reference, rows = opened_genome(genome), list(opened(tracks))
    sizes = _sizes(reference, rows)
    region, gene = place(where, genes, flank, sizes)
    parts = [
        *parts_of(rows, region, threshold),
        *(IntervalsPart(label, _intervals(label, value, region)) for label, value in _labelled(peaks, "peaks")),
        *(_contributions(label, value, region) for label, value in _labelled(attributions, "")),
    ]
    if variants is not None:
        parts.append(VariantsPart(_variants(variants, region, reference), region))
    if genes is not None:
        parts.append(GenesPart(_genes(genes, region, sizes), region))
    return compose(parts, region, title or titled(region, gene, sizes, assembly))


def titled(region: Interval, gene: str, sizes: Mapping[str, int], assembly: str | None = None) -> str:
    """The title of a region: its gene if it is one, where it lies, and the assembly if that is known."""
    shown = style.place(region, optional_text("assembly", assembly) or (names.assembly(sizes) if sizes else None))
    return ", ".join(filter(None, (gene, shown)))


def sizes_of(genome: object, *tracks: object) -> Mapping[str, int]:
    """Chromosome → bp of a genome, else of the first track that is a file; empty without."""
    return _sizes(opened_genome(genome), list(opened(tracks)))


def _sizes(genome: Genome | None, rows: Sequence[Track]) -> Mapping[str, int]:
    return genome.sizes if genome else next((row.data.sizes for row in rows if isinstance(row.data, Signal)), {})


def compose(parts: Sequence[Part], region: Interval, title: str) -> Figure:
    """Parts under one another as a figure with one x axis.

    Raises:
        InputError: no part, or more than a picture has room for.
    """
    if not 0 < len(parts) <= _MOST_PARTS:
        raise InputError(
            f"A picture must have from 1 to {_MOST_PARTS} rows: tracks, peaks, genes, attributions or variants",
            received={"rows": len(parts)},
            example='zoo.plot.locus("chr20:10,390,001-10,400,000", "atac.bw")',
        )
    heights = [part.height for part in parts]
    drawn = style.figure(style.WIDTH, sum(heights) + 0.06 * len(parts) + 0.85)
    axes = drawn.subplots(len(parts), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for part, ax in zip(parts, axes, strict=True):
        part.draw(ax, region)
    _alike(parts, axes)
    drawn.align_ylabels(axes)
    for ax in axes[:-1]:
        ax.tick_params(axis="x", length=0, labelbottom=False)
        ax.set_xlabel("")
        ax.spines["bottom"].set_visible(False)
    style.headline(drawn, title)
    return drawn


def _alike(parts: Sequence[Part], axes: Sequence) -> None:
    """Give rows of one unit one scale, so that they can be compared."""
    by_unit: dict[str, list] = {}
    for part, ax in zip(parts, axes, strict=True):
        if isinstance(part, SignalPart) and part.unit:
            by_unit.setdefault(part.unit, []).append(ax)
    for same in by_unit.values():
        low, high = np.transpose([ax.get_ylim() for ax in same])
        for ax in same:
            ax.set_ylim(low.min(), high.max())


def opened_genome(genome: object) -> Genome | None:
    """A genome that is given as one or by its path; None for none."""
    return genome if genome is None or isinstance(genome, Genome) else Genome(user_path(genome, "genome"))


def place(where: object, genes: object, flank: object, sizes: Mapping[str, int]) -> tuple[Interval, str]:
    """The region that is shown, and the name of its gene if it is one; errors as for `locus`.

    Args:
        where: as for `locus`, and so are
        genes: the annotation, and
        flank: bp at both ends.
        sizes: chromosome → bp; empty if they are not known.
    """
    named = isinstance(where, str) and isinstance(genes, (str, Path)) and not bed.is_region(where)
    if not named or names.find(where, sizes):
        refuse_together("A region that is no gene", {"flank": flank})
        return _within(where if isinstance(where, Interval) else _parsed(where, sizes), sizes), ""
    path = sniff.plain_file(genes, "genes")
    places = annotation.find(where, path, sizes or None)
    merged = Interval(places[0].chrom, min(each.start for each in places), max(each.end for each in places))
    if any(each.chrom != merged.chrom for each in places) or len(merged) > 2 * sum(map(len, places)):
        raise InputError(
            "A gene that is drawn must be in one place",
            where=path,
            received={"gene": where, "places": ", ".join(map(str, places[:5]))},
            hint="Give one of these regions, or the gene's identifier",
        )
    reach = MARGIN if flank is None else whole("flank", flank, 0, 1 << 28)
    end = min(merged.end + reach, sizes.get(merged.chrom, merged.end + reach))
    return Interval(merged.chrom, max(merged.start - reach, 0), end), places[0].name


def _within(region: Interval, sizes: Mapping[str, int]) -> Interval:
    """A region, if it does not end beyond its chromosome. Raises `GenomeMismatch`."""
    here = names.find(region.chrom, sizes)
    return bed.regions(region, sizes)[0] if here else region


def _parsed(where: object, sizes: Mapping[str, int]) -> Interval:
    if isinstance(where, str) and ":" not in where and not names.find(where, sizes):
        raise InputError(
            "What is drawn must be chrom:start-end, a chromosome of the genome, or with genes the name of a gene",
            received={"where": where[:80]},
            example='"GATA1" with genes="gencode.gtf.gz"',
        )
    return Interval.parse(where, sizes)


def _labelled(value: object, usual: str) -> Iterator[tuple[str, object]]:
    """Labels and what they are of; files without a label by their names, if there are several."""
    if value is None:
        return
    if isinstance(value, Mapping):
        some(usual or "attributions", value, {"name": "path"})
        yield from ((str(label), each) for label, each in value.items())
        return
    several = None if isinstance(value, (str, Path, Attributions)) or hasattr(value, "columns") else items_of(value)
    if several and any(isinstance(each, Attributions) for each in several):
        for each in several:
            yield from _labelled(each, usual)
    elif several and all(isinstance(each, (str, Path)) and not bed.is_region(str(each)) for each in several):
        yield from ((Path(each).name.split(".")[0], each) for each in several)
    else:
        yield usual, value


def _intervals(label: str, value: object, region: Interval) -> list[Interval]:
    """Peaks on the region's chromosome, by the region's name of it."""
    known = {region.chrom, *names.aliases(region.chrom)}
    found = [each for each in bed.intervals(value, {}) if each.chrom in known]
    if not found:
        warn(f"{label}: no interval lies on {region.chrom}")
    return [Interval(region.chrom, each.start, each.end, each.name) for each in found]


def _contributions(label: str, value: object, region: Interval) -> Part:
    """Contribution scores of the region's bases."""
    if isinstance(value, (str, Path)) and sniff.is_bigwig(value):
        track = of_values(value, label or "contribution")
        return SignalPart(track.label, read_of(track, region), style.DARK)
    found = value if isinstance(value, Attributions) else Attributions.load(user_path(value, "attributions"))
    columns = 4 if len(region) <= LETTERS else 1  # of more than letters their sums are drawn
    values, distance = np.full((len(region), columns), np.nan, np.float32), np.full(len(region), np.inf, np.float32)
    for number, window in enumerate(found.intervals):
        first, last = max(window.start, region.start), min(window.end, region.end)
        if window.chrom not in (region.chrom, *names.aliases(region.chrom)) or first >= last:
            continue
        here = slice(first - region.start, last - region.start)
        away = np.abs(np.arange(first, last) + 0.5 - (window.start + window.end) / 2)
        nearer = away < distance[here]
        own = found.values[number, first - window.start : last - window.start]
        values[here][nearer] = (own if columns == 4 else own.sum(axis=1, keepdims=True))[nearer]
        distance[here] = np.minimum(distance[here], away)
    if not np.isfinite(distance).any():
        raise InputError(
            "Attributions must have a window in the region that is drawn",
            received={"region": str(region), "windows": [str(each) for each in found.intervals[:5]]},
        )
    return ContributionsPart(label or explained(found), values)


def _variants(value: object, region: Interval, genome: Genome | None) -> list[Variant]:
    """Variants of the region, in their order."""
    known = {region.chrom, *names.aliases(region.chrom)}
    found = [each for each in reading.read(value, genome) if each.chrom in known]
    if not found:
        warn(f"variants: none lies on {region.chrom}")
    here = [each for each in found if each.start < region.end and each.end > region.start]
    return sorted(here, key=lambda each: each.start)


def _genes(value: object, region: Interval, sizes: Mapping[str, int]) -> list:
    """Genes that touch the region."""
    if isinstance(value, (str, Path)):
        return annotation.near(sniff.plain_file(value, "genes"), region, sizes)
    known, given = {region.chrom, *names.aliases(region.chrom)}, items_of(value)
    if not given or not all(isinstance(each, Gene) for each in given):
        raise InputError(
            "Genes must be given as a GTF or GFF3 file, or as a list of `zoo.genome.gtf.Gene`",
            received={"genes": value},
        )
    return [each for each in given if each.chrom in known and each.start < region.end and each.end > region.start]
