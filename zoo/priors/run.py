"""From the sites of factors to the genes that they regulate, as far as positions tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.arguments import among, names_of, refuse_together, whole
from zoo.errors import InputError, warn
from zoo.files.job import Job
from zoo.formats.formats import FORMATS
from zoo.genome.annotation import check_choice
from zoo.genome.interval import FURTHEST
from zoo.inputs.opening import open_genome
from zoo.notebook.tables import folded, table, titled
from zoo.priors import files
from zoo.priors.files import VALUES, TargetTable
from zoo.priors.genes import NAMES
from zoo.priors.sites import existing, source_of
from zoo.priors.work import Kept, Settings, Work, settings_of

TARGETS = ".targets"
_TABLES = {"tsv": "table", "parquet": "parquet"}  # how a user calls it → its format
_SHOWN = 10


@dataclass(frozen=True)
class Targets:
    """What `zoo.targets` wrote.

    Attributes:
        priors: sample → its matrix of genes × factors; the name is empty without samples.
        tables: the pairs of factors and genes, with distance, score and site.
        sidecar: `<base>.json`.
        factors: a row for each sample and factor: sites, those with a gene, pairs, genes.
        genes: rows of a matrix.
    """

    priors: Mapping[str, Path]
    tables: Sequence[Path]
    sidecar: Path
    factors: Sequence[Mapping[str, object]]
    genes: int

    def __str__(self) -> str:
        shown = [
            f"{row['factor']}\t{row['sample']}\t{row['with a gene']:,} of {row['sites']:,} sites have a gene, "
            f"{row['genes']:,} of {self.genes:,} genes"
            for row in self.factors[:_SHOWN]
        ]
        more = [f"… and {len(self.factors) - _SHOWN} more"] if len(self.factors) > _SHOWN else []
        return "\n".join([*shown, *more, *map(str, (*self.tables, *self.priors.values(), self.sidecar))])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        columns = list(self.factors[0]) if self.factors else []
        files = [[path] for path in (*self.tables, *self.priors.values(), self.sidecar)]
        factors = table(columns, [list(row.values()) for row in self.factors]) if columns else ""
        return titled(f"Priors of {self.genes:,} genes", factors, folded("files", table(["file"], files)))


def targets(
    sites: object,
    *,
    annotation: str | Path,
    output: str | Path,
    genome: object = None,
    rule: str | None = None,
    upstream: int | None = None,
    downstream: int | None = None,
    links: str | Path | None = None,
    gene_types: Sequence[str] | str = ("protein_coding",),
    transcripts: str = "basic",
    names: str = "symbol",
    values: str = "binary",
    threshold: float | None = None,
    write: Sequence[str] | str = ("tsv",),
) -> Targets:
    """Make a factor × gene prior of a regulatory network: which genes have sites of which factors.

    A site is of a gene if it is near its TSS, or linked with it. That is no evidence of regulation by itself.
    Distances are from the TSS to the nearest base of a site (0 if it covers the TSS), negative upstream, by strand.

    Args:
        sites: `<base>.json` of a pass over models and samples (`zoo.predict_many`), or what it returned; BED files,
            or a mapping factor → BED file; a matrix of such a pass, or its `.matrix.tsv`, with a threshold. Rows of the
            prior are then the genes of those chromosomes that were predicted; where only regions were, genes that are
            far from them are 0, too.
        annotation: a GTF or GFF3 file, plain or compressed (GENCODE, Ensembl, RefSeq).
        output: writes `<output>.prior.tsv`, genes × factors, as Inferelator reads it, or of several samples
            `<output>.<sample>.prior.tsv`; `<output>.targets.tsv` with factor, gene, gene_id, distance, score and site
            (and sample before these), and `<output>.json`.
        genome: the path of a `.2bit` or FASTA file, or a `Genome`, to check that annotation and sites are of it.
        rule: "nearest" gene (default), or all that are equally near; "window", all within a distance; or "promoter",
            the same with a promoter's bounds.
        upstream: bp before a TSS in which sites count; default 1,000,000 for nearest, 50,000 for window and 2,000 for
            promoter.
        downstream: bp behind it; default the same, for promoter 100.
        links: a table of regions and genes instead of a rule (`zoo.priors.links.read`): a site is of the genes of
            those regions that it shares a base with.
        gene_types: of the annotation, such as protein_coding and lncRNA, or "all".
        transcripts: whose TSSs count: "basic", those with GENCODE's tag, or "all".
        names: of genes in the matrix: "symbol" or "id". Genes of one name share a row.
        values: of the matrix: "binary", 0 or 1; "max", the highest score of a factor's sites of the gene; or "sum" of
            these.
        threshold: least score of a site; must be given for a matrix. Of BED files the score is column 5, or 4 of 4.
        write: the table of pairs as "tsv", "parquet" or both.

    Returns:
        The files, and how many sites and genes each factor has.

    Raises:
        InputError: files that cannot be used; no gene, no link to a gene, sites without a score where one is needed;
            GenomeMismatch if files are of different assemblies. IntegrityError if files of a pass have changed.
    """
    settings = _settings(rule, upstream, downstream, links, gene_types, transcripts, names, values)
    formats = _formats(write)
    source = source_of(sites, threshold)
    path = existing(annotation, "annotation")
    table = None if links is None else existing(links, "links")
    sizes = None if genome is None else open_genome(genome).sizes
    priors = files.prior_suffixes(source.samples)
    suffixes = [*(f"{TARGETS}.{name}" for name in _TABLES), *priors.values()]
    job = Job("factor × gene prior", output, suffixes, [source.reads, path, table, genome])
    work = Work(job, source, path, table, sizes, settings)
    parts_of = work.identity()
    whole_of = {**parts_of, "write": formats}
    made = [*(f"{TARGETS}.{name}" for name in formats), *priors.values()]

    def finals(kept: Kept, paths: dict[str, Path], record: dict) -> None:
        _write(work, kept, paths, priors, formats)
        record |= {**whole_of, "annotation": str(path), "links": None if table is None else str(table)}
        record |= {"factors": files.summary(kept.parts, kept.genes), "genes": len(kept.genes.rows)}
        record |= {"genes left out": kept.genes.left_out, "genes of one name": kept.genes.shared}
        record |= {"links counted": kept.links, "warnings": kept.notes}

    with job:
        record, _ = job.run(parts_of, whole_of, made, work.keep, finals)
    for text in record["warnings"]:
        warn(text)
    return Targets(
        priors={sample: job.finals[suffix] for sample, suffix in priors.items()},
        tables=[job.finals[f"{TARGETS}.{name}"] for name in formats],
        sidecar=job.sidecar,
        factors=record["factors"],
        genes=record["genes"],
    )


def _write(
    work: Work, kept: Kept, paths: Mapping[str, Path], priors: Mapping[str, str], formats: Sequence[str]
) -> None:
    """Write all files to temporary paths, by suffix."""
    source, values = work.source, work.settings.values
    table = TargetTable(kept.parts, kept.genes, list(source.samples) != [""])
    for name in formats:
        FORMATS[_TABLES[name]].write(paths[f"{TARGETS}.{name}"], table)
    for sample, suffix in priors.items():
        mine = [part for part in kept.parts if part.sample == sample]
        matrix = files.prior(mine, kept.genes, values)
        files.write_prior(paths[suffix], matrix, kept.genes, source.factors, values == "binary")


def _settings(
    rule: object,
    upstream: object,
    downstream: object,
    links: object,
    gene_types: object,
    transcripts: object,
    names: object,
    values: object,
) -> Settings:
    """Raises `InputError` for what is no choice, or has no effect."""
    if links is not None:
        refuse_together("A table of links", {"rule": rule, "upstream": upstream, "downstream": downstream})
    bounds = {"upstream": upstream, "downstream": downstream}
    checked = {name: None if bp is None else whole(name, bp, 0, FURTHEST) for name, bp in bounds.items()}
    check_choice(transcripts)
    for name, value, known in (("names", names, NAMES), ("values", values, VALUES)):
        if value is None:
            raise InputError(f"The choice of {name} must be one of {', '.join(known)}", received={name: value})
        among(name, value, known)
    types = tuple(names_of("gene_types", gene_types))
    if not types:
        raise InputError("At least one type of genes must be given", example='gene_types="protein_coding"')
    return settings_of(
        rule,
        **checked,
        with_links=links is not None,
        gene_types=types,
        transcripts=transcripts,
        names=names,
        values=values,
    )


def _formats(write: object) -> list[str]:
    """Raises `InputError` for an unknown format; `MissingExtra` for a package that is not installed."""
    chosen = names_of("write", write.split(",") if isinstance(write, str) else write)
    for name in chosen:
        among("write", name, tuple(_TABLES))
        FORMATS[_TABLES[name]].check_installed()
    if not chosen:
        raise InputError("At least one format must be given", example='write="tsv"')
    return list(dict.fromkeys(chosen))
