"""A sample from its reads to the track that models take (maxATAC `prepare`)."""

import json
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from registry.store import sha256
from zoo.environment import versions
from zoo.errors import InputError, ZooWarning
from zoo.files.atomic import check_outputs
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.plot.quality import plot_quality
from zoo.prepare import coverage, fragments, tracks
from zoo.prepare.bias import Bias, of_fragments
from zoo.prepare.cells import by_cluster, of_cells
from zoo.prepare.cutsites import TN5, CutSites
from zoo.prepare.normalize import Statistics
from zoo.prepare.quality import Collector, Quality
from zoo.prepare.reads import Filters, add_bam, pairs

SHIFTED = (0, -1)
"""bp from a fragment's start, and from behind its last base, to its sites, where they were shifted already."""


@dataclass(frozen=True)
class Prepared:
    """What `prepare` wrote.

    Attributes:
        coverage: bigWig of cut sites, smoothed and scaled to a read depth; bases without any have no value.
        signal: the same, normalized; what models take. A value for every base.
        picture: PNG of the sample's quality.
        summary: JSON with counts, statistics, quality, parameters, versions and digests.
        cuts: sites on the chosen chromosomes, those on blacklisted bases included.
        statistics: of the coverage.
        quality: of the sample.
    """

    coverage: Path
    signal: Path
    picture: Path
    summary: Path
    cuts: int
    statistics: Statistics
    quality: Quality


def prepare(
    reads: str | Path,
    output: str | Path,
    genome: Genome | Mapping[str, int],
    *,
    cells: str | Path | Mapping[str, str] | Sequence[str] | None = None,
    shift: bool | None = None,
    smoothing: int = 20,
    read_depth: int = 20_000_000,
    percentile: float = 99.0,
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    mapping_quality: int = 0,
    keep_duplicates: bool = False,
    scratch: str | Path | None = None,
    progress: bool | None = None,
) -> Prepared | dict[str, Prepared]:
    """Make the normalized track of a sample (Cazares et al. 2023, Methods).

    Every fragment is two cuts. A cut counts for `smoothing` bp on each side; one whose bases touch the blacklist does
    not count at all. Coverage is scaled to `read_depth` reads, then divided by a percentile of its positive bases.

    Args:
        reads: a BAM file of paired reads, or fragments (.tsv, .bed, .bedpe; plain, .gz, .bz2).
        output: writes OUTPUT_RP20M.bw (named by the read depth), OUTPUT.bw, OUTPUT.png and OUTPUT.json; with clusters
            OUTPUT_CLUSTER_RP20M.bw and so on.
        genome: the assembly; or chromosome → bp.
        cells: which barcodes count, of a file's fourth column or the tag CB of BAM reads: barcodes, or barcode →
            cluster for a track of each cluster, all in one pass; or a file of one or of both, tab-separated
            (`zoo.prepare.cells`). A cluster is scaled by its own cuts.
        shift: move the ends of fragments by +4 and -5 bp; by default if the bases around them say that this was not
            done (`zoo.prepare.bias`). Without a sequence, and with a warning where it is not clear, for BAM only.
        smoothing: bp.
        read_depth: reads.
        percentile: of the positive bases, what becomes 1.
        chromosomes: default the main ones of the genome.
        blacklist: a BED file or intervals.
        mapping_quality: of BAM reads, at least.
        keep_duplicates: of BAM reads; fragments are never looked through for any.
        scratch: a folder for temporary files, about 8 bytes for each fragment and 12 for each change of coverage; by
            default beside the output.
        progress: show progress bars; by default in a terminal only.

    Returns:
        What was written; with clusters by cluster.

    Raises:
        InputError: no reads left, or files that cannot be used; GenomeMismatch if they are of different assemblies.
        MissingExtra: pandas or pysam is not installed.
    """
    output, reads = Path(output), Path(reads).expanduser()
    sizes = genome.sizes if isinstance(genome, Genome) else genome
    chosen = {chrom: sizes[chrom] for chrom in chromosomes or names.main_chromosomes(list(sizes))}
    unwanted = bed.read(blacklist, may_be_empty=True) if isinstance(blacklist, (str, Path)) else list(blacklist or ())
    groups = None if cells is None else of_cells(cells)
    try:
        digest = sha256(reads)
    except OSError as error:
        raise InputError(f"A file of reads can be read ({error.strerror})", received={"reads": str(reads)}) from None
    bias = _bias(reads, genome) if isinstance(genome, Genome) else None
    move = TN5 if (_needs_shift(reads, bias) if shift is None else shift) else SHIFTED
    parameters = {
        "shift": list(move),
        "smoothing": smoothing,
        "read_depth": read_depth,
        "percentile": percentile,
        "mapping_quality": mapping_quality,
        "keep_duplicates": keep_duplicates,
    }
    said = {
        "reads": {"path": str(reads), "sha256": digest},
        "bias": asdict(bias) if bias else None,
        "parameters": parameters,
        "chromosomes": list(chosen),
        "versions": versions(),
    }
    made = {}
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch or output.parent) as work:
            clusters = [""] if groups is None else list(dict.fromkeys(groups.values()))
            sites = {name: CutSites(Path(work) / f"sites{number}", chosen) for number, name in enumerate(clusters)}
            filters = _add(reads, sites, groups, Path(work), move, mapping_quality, keep_duplicates)
            said["filters"] = asdict(filters) if filters else None
            for name in clusters:
                target = output.with_name(f"{output.name}_{name}") if name else output
                total = filters.reads if filters and groups is None else sites[name].kept
                scratched = Path(work) / "runs"
                content = {**said, "cluster": name or None}
                made[name] = _write(target, sites[name], total, scratched, unwanted, content, progress)
    except OSError as error:
        raise InputError(f"A sample's tracks can be written ({error})", received={"output": str(output)}) from None
    return made if any(made) else made[""]


def _write(
    target: Path,
    sites: CutSites,
    reads: int,
    scratch: Path,
    blacklist: Sequence[Interval],
    content: dict,
    progress: bool | None,
) -> Prepared:
    """The files of a sample, scaled to its number of reads; they appear when all are complete."""
    chosen, sizes = content["parameters"], sites.sizes
    depth, percentile = chosen["read_depth"], chosen["percentile"]
    filenames = [f"{target.name}{end}" for end in (f"_RP{depth / 1e6:g}M.bw", ".bw", ".png", ".json")]
    for name in filenames:
        check_outputs([target.with_name(name)], [content["reads"]["path"]])
    seen = Collector(sum(sizes.values()), chosen["smoothing"], percentile)
    track = partial(_kept(scratch, _covered(sites, chosen["smoothing"], blacklist, seen)), depth / reads)
    quality = seen.finish(sites.lengths)
    with tempfile.TemporaryDirectory(dir=target.parent) as staging:
        parts = [Path(staging) / name for name in filenames]
        tracks.write(parts[0], sizes, track(), zeros=False, progress=progress)
        found = tracks.normalize_runs(
            track, parts[1], sizes, percentile=percentile, blacklist=blacklist, progress=progress
        )
        content |= {"cuts": sites.kept, "cuts elsewhere": sites.elsewhere}
        content |= {"statistics": asdict(found), "quality": asdict(quality)}
        plot_quality(content, target.name).savefig(parts[2])
        parts[3].write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        final = [part.replace(target.parent / part.name) for part in parts]
    return Prepared(*final, sites.kept, found, quality)


def _bias(reads: Path, genome: Genome) -> Bias:
    """What the sequence around the ends of the first fragments looks like."""
    if _is_bam(reads):
        found = pairs(reads)
    else:
        found = ((block.chrom, block.starts, block.ends) for block in fragments.read(reads))
    renamed = ((names.find(chrom, genome.sizes), starts, ends) for chrom, starts, ends in found)
    return of_fragments(genome, (item for item in renamed if item[0] is not None))


def _needs_shift(reads: Path, bias: Bias | None) -> bool:
    """Whether to shift; as usual for the kind of file, with a warning, where the sequence does not tell."""
    by_kind = _is_bam(reads)
    if bias is None:
        return by_kind
    if bias.needs_shift is None:
        warnings.warn(
            f"{reads}: {bias.fragments:,} fragments do not tell whether their ends were shifted; "
            f"taken as {'not shifted, as in BAM files' if by_kind else 'shifted, as fragments are by most programs'}.",
            ZooWarning,
            stacklevel=3,
        )
        return by_kind
    return bias.needs_shift


def _is_bam(reads: Path) -> bool:
    return reads.suffix.lower() == ".bam"


def _add(
    reads: Path,
    sites: Mapping[str, CutSites],
    groups: Mapping[str, str] | None,
    work: Path,
    shift: tuple[int, int],
    mapping_quality: int,
    keep_duplicates: bool,
) -> Filters | None:
    """Read a file of either kind; of BAM what its filters took."""
    filters, seen = None, None
    if _is_bam(reads):
        filters = add_bam(reads, sites, work, shift, mapping_quality, keep_duplicates, groups)
    else:
        for block in fragments.read(reads, barcodes=groups is not None):
            seen = block.barcodes[0] if groups is not None else None
            for name, part in by_cluster(block, groups) if groups is not None else [("", block)]:
                sites[name].add_fragments(part, shift, reads)
    if empty := [name for name, found in sites.items() if not found.kept]:
        received = {"elsewhere": sum(found.elsewhere for found in sites.values()) // 2}
        received |= {"chromosomes": list(next(iter(sites.values())).sizes)[:5]}
        if groups is not None:
            received |= {"without any": empty[:5], "in the list": next(iter(groups)), "in the file": str(seen)}
        raise InputError("Fragments of every sample are on the chosen chromosomes", where=reads, received=received)
    return filters


def _covered(
    sites: CutSites, smoothing: int, blacklist: Sequence[Interval], seen: Collector
) -> Iterator[coverage.Runs]:
    """Cuts that count for each base, all of which are shown to `seen`."""
    held = {names.find(chrom, sites.sizes): spans for chrom, spans in bed.merge(blacklist).items()}
    for chrom in sites.sizes:

        def kept(chrom: str = chrom) -> Iterator[np.ndarray]:
            for first, counts in sites.counts(chrom):
                coverage.mask(counts, first, held.get(chrom), smoothing)
                seen.add(counts)
                yield counts

        yield from coverage.smoothed(chrom, kept(), smoothing)


def _kept(path: Path, track: Iterable[coverage.Runs]) -> Callable[[float], Iterator[coverage.Runs]]:
    """Runs of whole numbers on a scratch disk, to be read again with another scale."""
    with open(path, "wb") as file:
        chroms = [_save(file, runs) for runs in track]

    def read(scale: float) -> Iterator[coverage.Runs]:
        with open(path, "rb") as file:
            for chrom in chroms:
                edges, values = np.load(file), np.load(file)
                yield coverage.Runs(chrom, edges.astype(np.int64), (values * scale).astype(np.float32))

    return read


def _save(file: BinaryIO, runs: coverage.Runs) -> str:
    np.save(file, runs.edges.astype(np.int32))
    np.save(file, runs.values)
    return runs.chrom
