"""Flags of FactorNet and DeepGRN: BED files of genes' parts, from a GTF file, and of CpG islands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.environment import versions
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.files.job import Job
from zoo.files.partial import digest
from zoo.genome import annotation, bed, names
from zoo.genome.annotation import check_choice
from zoo.genome.gtf import Transcript
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import beyond, merge, merge_spans, placed
from zoo.genome.text import whole

UPSTREAM, DOWNSTREAM = 300, 100
"""bp of a promoter before a TSS, and from there on."""
CPG = "cpg_island"
PARTS = ("cds", "intron", "promoter", "utr5", "utr3")
_SUFFIXES = tuple(f".{name}.bed" for name in (*PARTS, CPG))
_NUMBERS = [True, False, True, True]  # of the first columns of `cpgIslandExt`: a bin's number, chromosome, start, end

Spans = Mapping[str, np.ndarray]
"""Chromosome → merged (n, 2) spans."""


@dataclass(frozen=True)
class AnnotationFlags:
    """What `prepare_annotation` wrote.

    Attributes:
        beds: name of a flag → BED file of merged intervals: what `covariates` takes.
        summary: JSON with counts, parameters, versions and digests.
        counts: transcripts, and intervals of each flag.
    """

    beds: Mapping[str, Path]
    summary: Path
    counts: Mapping[str, int]


def prepare_annotation(
    annotation: str | Path,
    output: str | Path,
    genome: Genome | Mapping[str, int],
    *,
    cpg_islands: str | Path | None = None,
    transcripts: str = "basic",
) -> AnnotationFlags:
    """Make the flags of FactorNet and DeepGRN (Quang & Xie 2019): parts of genes, merged, and CpG islands.

    `cds`, `utr5` and `utr3` are those of the file, `intron` the gaps between the exons of each transcript, `promoter`
    300 bp upstream to 100 bp downstream of each TSS. A GTF file has the stop codon apart from the coding sequence; it
    is in no flag unless the file counts it as UTR, as GENCODE does.

    Args:
        annotation: a GTF or GFF3 file, plain or compressed; the authors took GENCODE v19 (hg19).
        output: writes OUTPUT.cds.bed, .intron.bed, .promoter.bed, .utr5.bed, .utr3.bed, .cpg_island.bed and .json.
        genome: the assembly; or chromosome → bp.
        cpg_islands: a table of UCSC (cpgIslandExt; of the authors the unmasked one) or a BED file. Without it there is
            no file of them.
        transcripts: "basic", those with GENCODE's tag, as the authors took them, or "all".

    Raises:
        InputError: a line of a file that is none, by its number; no transcript left; GenomeMismatch if files are of
            different assemblies.
    """
    check_choice(transcripts)
    if not isinstance(genome, (Genome, Mapping)):
        raise InputError("The genome must be a Genome, or chromosome → bp", received={"genome": genome})
    path = user_path(annotation, "annotation")
    islands = None if cpg_islands is None else user_path(cpg_islands, "cpg_islands")
    job = Job("annotation", output, _SUFFIXES, [path, islands, genome])
    sizes = genome.sizes if isinstance(genome, Genome) else dict(genome)
    made = [f".{name}.bed" for name in (*PARTS, *(() if islands is None else (CPG,)))]
    identity = {
        "recipe": "annotation",
        "version": versions()["chromatin-zoo"],
        "annotation_sha256": sha256(path),
        "cpg_islands_sha256": None if islands is None else sha256(islands),
        "sizes": digest(dict(sizes)),
        "parameters": {"transcripts": transcripts, "upstream": UPSTREAM, "downstream": DOWNSTREAM},
    }

    def keep() -> tuple[dict[str, Spans], dict, list[str]]:
        flags, counts, notes = of_genes(path, sizes, transcripts)
        if islands is not None:
            flags[CPG] = _of_islands(islands, sizes)
        counts |= {name: sum(map(len, spans.values())) for name, spans in flags.items()}
        return flags, counts, [*notes, *(f"{name} is 0 everywhere: no such part" for name in flags if not counts[name])]

    def write(kept: tuple, paths: dict[str, Path], record: dict) -> None:
        flags, counts, notes = kept
        for name, spans in flags.items():
            _write(paths[f".{name}.bed"], spans, sizes)
        given = {"annotation": str(path), "cpg_islands": None if islands is None else str(islands)}
        record |= {**identity, **given, "counts": counts, "warnings": notes}

    with job:
        record, _ = job.run(identity, identity, made, keep, write)
    for text in record["warnings"]:
        warn(f"{path}: {text}")
    return AnnotationFlags({suffix[1:-4]: job.finals[suffix] for suffix in made}, job.sidecar, dict(record["counts"]))


def of_genes(path: Path, sizes: Mapping[str, int], chosen: str) -> tuple[dict[str, Spans], dict[str, int], list[str]]:
    """The flags of a GTF file.

    Args:
        sizes: chromosome → bp.
        chosen: "basic" or "all".

    Returns:
        Name of a flag → spans by the names of `sizes`; how many transcripts there are, and how many on other
        chromosomes; what to warn of.

    Raises:
        InputError: as `prepare_annotation` does.
    """
    found = annotation.read(path, sizes, chosen)
    kept, here = found.transcripts, found.chroms
    spans: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in PARTS}
    for item in kept:
        for name, part in zip(PARTS, (item.cds, item.introns, promoter(item), item.utr5, item.utr3), strict=True):
            spans[name].setdefault(here[item.chrom], []).append(part)
    flags = {
        name: {chrom: _merged(parts, sizes[chrom]) for chrom, parts in by_chrom.items()}
        for name, by_chrom in spans.items()
    }
    counts = {"transcripts": len(kept), "transcripts elsewhere": found.elsewhere}
    return flags, counts, _notes(kept)


def promoter(item: Transcript) -> np.ndarray:
    """From 300 bp upstream of the TSS to 100 bp downstream, (1, 2) int64, perhaps beyond the chromosome's end; none
    without a strand."""
    if item.tss is None:
        return np.empty((0, 2), np.int64)
    if item.strand == "+":
        return np.array([[item.tss - UPSTREAM, item.tss + DOWNSTREAM]])
    return np.array([[item.tss + 1 - DOWNSTREAM, item.tss + 1 + UPSTREAM]])


def _merged(parts: Sequence[np.ndarray], size: int) -> np.ndarray:
    found = merge_spans(np.clip(np.concatenate(parts), 0, size))
    return found[found[:, 0] < found[:, 1]]


def _notes(kept: Sequence[Transcript]) -> list[str]:
    """What to warn of."""
    unplaced, bare = sum(item.unplaced for item in kept), sum(item.tss is None for item in kept)
    said = {
        f"{unplaced:,} UTR features are left out: their transcripts have no strand or no coding sequence, or they lie "
        "within it": unplaced,
        f"{bare:,} transcripts without a strand have no promoter": bare,
    }
    return [text for text, count in said.items() if count]


def _of_islands(path: Path, sizes: Mapping[str, int]) -> Spans:
    """CpG islands of a BED file, or of a table of UCSC, by the names of `sizes`."""
    intervals = list(_islands(path))
    if not intervals:
        raise InputError("A file of CpG islands must have at least one", where=path, example="chr1\t28735\t29810")
    found, _ = placed(intervals, sizes)
    if not found:
        raise GenomeMismatch(
            "CpG islands and genome must have chromosomes in common",
            where=path,
            received={
                "islands": names.some(dict.fromkeys(item.chrom for item in intervals)),
                "genome": names.some(sizes),
            },
        )
    if far := beyond(found, sizes):
        raise annotation.beyond(path, str(far[0]), sizes[far[0].chrom])
    return merge(found)


def _islands(path: Path) -> Iterator[Interval]:
    """Rows of BED; or of `cpgIslandExt`, which has a number before the chromosome."""
    for line, where in bed.lines(path):
        columns = line.split()
        if [text.isdecimal() for text in columns[:4]] == _NUMBERS:
            columns = columns[1:]
        try:
            start, end = whole(columns[1]), whole(columns[2])
            if not 0 <= start < end:
                raise ValueError
            yield Interval(columns[0], start, end)
        except (ValueError, IndexError, InputError):
            raise InputError(
                "A line of CpG islands must be one of UCSC's table cpgIslandExt (bin, chrom, start, end, …), or chrom, "
                "start, end of a BED file",
                where=where,
                received={"line": line.rstrip("\n")[:80]},
                example="585\tchr1\t28735\t29810\tCpG: 111",
            ) from None


def _write(path: Path, spans: Spans, sizes: Mapping[str, int]) -> None:
    """BED of three columns, in the order of the genome."""
    with open(path, "w", encoding="utf-8") as handle:
        for chrom in (chrom for chrom in sizes if chrom in spans):
            handle.writelines(f"{chrom}\t{start}\t{end}\n" for start, end in spans[chrom].tolist())
