"""Genes by their names: where they lie on a genome, for regions and for pictures."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from zoo.arguments import items_of, refuse_together, whole
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import annotation, bed, gff3, gtf, names, sniff
from zoo.genome.gtf import Feature, Gene
from zoo.genome.interval import Interval

_MOST_FLANK = 1 << 28  # bp


def unversioned(name: str) -> str:
    """An identifier of Ensembl or GENCODE without its version (ENSG00000102974.16)."""
    stem, point, version = name.rpartition(".")
    return stem if point and version.isdecimal() and stem.startswith("ENS") else name


def of_names(regions: object, genes: object, flank: object, sizes: Mapping[str, int]) -> object:
    """Regions in which names of genes are replaced by where these lie.

    What is a file, a region string, a chromosome of the genome, or anything else but text, stays what it is.

    Args:
        regions: what `Model.predict` accepts; text may be names of genes with commas between ("GATA1,TAL1"): symbols or
            identifiers, these also without version.
        genes: a GTF or GFF3 file, plain or compressed.
        flank: bp that are added at both ends of a gene, as far as its chromosome goes; None for none.
        sizes: chromosome -> bp of the genome.

    Returns:
        A list, with an interval named after its gene for each gene. A name that several genes have (in a
        pseudoautosomal region, say) stands for all of them, with a `ZooWarning`; those on sequences that the genome
        lacks do not count.

    Raises:
        InputError: a name of no gene; no name in the regions; a flank without an annotation.
        GenomeMismatch: genes of another assembly.
    """
    if genes is None:
        refuse_together("Regions without an annotation of genes", {"flank": flank})
        return regions
    path = sniff.plain_file(genes, "genes")
    reach = 0 if flank is None else whole("flank", flank, 0, _MOST_FLANK)
    parts = _parts(regions)
    if not any(_is_name(part, sizes) for part in parts):
        raise InputError(
            "An annotation of genes must be given with regions that name a gene",
            received={"regions": regions, "genes": str(path)},
            example='regions="GATA1"',
            hint="Leave out genes",
        )
    annotation.check_assembly(path, sizes)
    found: list[object] = []
    for part in parts:
        places = find(part, path, sizes) if _is_name(part, sizes) else ()
        if len(places) > 1:
            some = ", ".join(map(str, places[:5]))
            warn(f"{path}: {len(places)} genes are called {part}, all of which are taken: {some}")
        found += [_widened(place, reach, sizes) for place in places] or [part]
    return found


def find(name: str, path: Path, sizes: Mapping[str, int] | None) -> list[Interval]:
    """Where the genes of a name lie, by the genome's names of chromosomes, each from its first to its last base.

    Args:
        name: symbol or identifier.
        path: of the annotation.
        sizes: chromosome -> bp of the genome; None to take chromosomes as the file names them.

    Raises:
        InputError: no gene is called so: the message has the closest name. GenomeMismatch if the genome lacks its
            chromosome, or ends before it.
    """
    places = _named(path).get(name, ())
    if not places:
        raise InputError(
            "A gene must be in the annotation, by its name or identifier",
            where=path,
            received={"gene": name[:80]},
            hint=_closest(name, _named(path)),
        )
    if sizes is None:
        return list(places)
    here = [(item, names.find(item.chrom, sizes)) for item in places]
    kept = [Interval(chrom, item.start, item.end, item.name) for item, chrom in here if chrom is not None]
    if not kept:
        raise GenomeMismatch(
            "A gene must lie on a chromosome of the genome",
            where=path,
            received={"gene": name, "chrom": places[0].chrom, "genome": list(sizes)[:5]},
        )
    if far := next((item for item in kept if item.end > sizes[item.chrom]), None):
        raise annotation.beyond(path, f"{name} {far}", sizes[far.chrom])
    return kept


def near(path: Path, region: Interval, sizes: Mapping[str, int] | None = None) -> list[Gene]:
    """The genes of a file that touch a region, by any common name of its chromosome, in the order of their starts.

    Those with a line of their own but no transcript have no `transcripts`. A chromosome of which the file has no gene
    is told by a `ZooWarning`.

    Args:
        path: of the annotation.
        region: where.
        sizes: chromosome -> bp of the genome, to be compared with the assembly that the file says it is of.
    """
    if sizes:
        annotation.check_assembly(path, sizes)
    chroms = {region.chrom, *names.aliases(region.chrom)}
    found = gtf.genes(gtf.transcripts(path, chroms))
    found += _alone(gtf.features(path, (gff3.GENE,), chroms), found)
    if not found:
        warn(f"{path}: no gene of this annotation lies on {region.chrom}")
    here = [gene for gene in found if gene.start < region.end and gene.end > region.start]
    return sorted(here, key=lambda gene: (gene.start, gene.end))


def _alone(lines: Iterable[Feature], known: Iterable[Gene]) -> list[Gene]:
    """The genes of lines that are none of those known by their transcripts."""
    places: dict[str, list[Gene]] = {}
    for gene in known:
        for name in {gene.name, gene.symbol}:
            places.setdefault(name, []).append(gene)
    return [
        Gene(
            line.one("gene_id") or gff3.bare(line.one("ID")),
            gtf.called(line) or next(filter(None, _called(line)), ""),
            *(line.chrom, line.start, line.end, line.strand, ()),
            line.one("gene_type", "gene_biotype", "biotype"),
        )
        for line in lines
        if not any(
            gene.start < line.end and gene.end > line.start
            for name in filter(None, _called(line))
            for gene in places.get(name, ())
        )
    ]


def _parts(regions: object) -> Sequence[object]:
    """What regions consist of, so that names of genes are items of it."""
    if isinstance(regions, str):
        is_one = bed.is_there(regions) or bed.is_region(regions)
        return [regions] if is_one else [part.strip() for part in regions.split(",") if part.strip()]
    items = None if hasattr(regions, "columns") else items_of(regions)
    if not items or bed.is_row(regions):
        return [regions]
    return [part for item in items for part in (_parts(item) if isinstance(item, str) else [item])]


def _is_name(part: object, sizes: Mapping[str, int]) -> bool:
    """Whether an item is text that is nothing else but the name of a gene."""
    if not isinstance(part, str) or part == "auto" or bed.is_there(part):
        return False
    return not (bed.is_region(part) or bed.is_filename(part) or names.find(part, sizes) is not None)


def _widened(place: Interval, reach: int, sizes: Mapping[str, int]) -> Interval:
    start, end = max(place.start - reach, 0), min(place.end + reach, sizes[place.chrom])
    return Interval(place.chrom, start, end, place.name)


def _named(path: Path) -> Mapping[str, Sequence[Interval]]:
    """Name, identifier, identifier without version → the genes that are called so, each named by its symbol."""
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)  # a command checks its options, then uses them
def _read(path: Path, modified: int, size: int) -> Mapping[str, Sequence[Interval]]:
    found: dict[str, dict[Interval, None]] = {}
    for feature in gtf.features(path, (gff3.GENE, "mRNA")):
        if feature.kind == gff3.GENE or feature.gff3:  # in GFF3 one without a parent, which stands for its gene
            symbol = gtf.called(feature) if feature.kind == gff3.GENE else gff3.bare(feature.one("ID"))
            _put(found, _called(feature), Interval(feature.chrom, feature.start, feature.end), symbol)
    if not found:  # UCSC's and others have no lines of genes
        for gene in gtf.genes(gtf.transcripts(path)):
            _put(found, (gene.symbol, gene.name), Interval(gene.chrom, gene.start, gene.end), gene.symbol)
    return {name: list(places) for name, places in found.items()}


def _put(found: dict[str, dict[Interval, None]], called: Sequence[str], place: Interval, symbol: str) -> None:
    known = dict.fromkeys(name for each in called for name in (each, unversioned(each)) if name)
    for name in known:
        labelled = Interval(place.chrom, place.start, place.end, symbol or name)
        found.setdefault(name, {})[labelled] = None


def _called(gene: Feature) -> Sequence[str]:
    """What the gene of a line is called."""
    own = (gff3.bare(gene.one("ID")), gene.one("Name")) if gene.gff3 else ()
    return (gtf.called(gene), gene.one("gene_id"), *own)


def _closest(name: str, known: Mapping[str, object]) -> str | None:
    folded = {other.upper(): other for other in known}
    near = difflib.get_close_matches(name.upper(), list(folded), n=1, cutoff=0.6)
    return f"The closest is {folded[near[0]]}" if near else "Names are those of the file's gene_name or gene_id"
