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
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.prepare import coverage, fragments, tracks
from zoo.prepare.bias import Bias, of_fragments
from zoo.prepare.cells import by_cluster, of_cells
from zoo.prepare.cutsites import TN5, CutSites
from zoo.prepare.normalize import Statistics
from zoo.prepare.reads import Filters, add_bam, pairs

SHIFTED = (0, -1)
"""bp from a fragment's start, and from behind its last base, to its sites, where they were shifted already."""


@dataclass(frozen=True)
class Prepared:
    """What `prepare` wrote.

    Attributes:
        coverage: bigWig of cut sites, smoothed and scaled to a read depth; bases without any have no value.
        signal: the same, normalized; what models take. A value for every base.
        summary: JSON with counts, statistics, parameters, versions and digests.
        cuts: sites on the chosen chromosomes, those on blacklisted bases included.
        statistics: of the coverage.
    """

    coverage: Path
    signal: Path
    summary: Path
    cuts: int
    statistics: Statistics


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
        output: writes OUTPUT_RP20M.bw (named by the read depth), OUTPUT.bw and OUTPUT.json; with clusters
            OUTPUT_CLUSTER_RP20M.bw and so on.
        genome: the assembly; or chromosome → bp.
        cells: of fragments with barcodes, which count: barcodes, or barcode → cluster for a track of each cluster, all
            in one pass; or a file of one or of both, tab-separated (`zoo.prepare.cells`).
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
    if groups is not None and _is_bam(reads):
        raise InputError("Barcodes are those of a file of fragments", received={"reads": str(reads)})
    try:
        digest = sha256(reads)
    except OSError as error:
        raise InputError(f"A file of reads can be read ({error.strerror})", received={"reads": str(reads)}) from None
    bias = None
    if shift is None:
        shift, bias = _needs_shift(reads, genome)
    move = TN5 if shift else SHIFTED
    said = {
        "reads": {"path": str(reads), "sha256": digest},
        "bias": asdict(bias) if bias else None,
        "parameters": {
            "shift": list(move),
            "smoothing": smoothing,
            "read_depth": read_depth,
            "percentile": percentile,
            "mapping_quality": mapping_quality,
            "keep_duplicates": keep_duplicates,
        },
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
            for name in clusters:
                target = output.with_name(f"{output.name}_{name}") if name else output
                scale = read_depth / (filters.reads if filters else sites[name].kept)
                totals = _kept(Path(work) / "runs", _covered(sites[name], smoothing, unwanted))
                track = partial(totals, scale)
                depth = f"_RP{read_depth / 1e6:g}M.bw"
                content = {**said, "cluster": name or None, "filters": asdict(filters) if filters else None}
                made[name] = _write(target, depth, chosen, track, sites[name], percentile, unwanted, content, progress)
    except OSError as error:
        raise InputError(f"A sample's tracks can be written ({error})", received={"output": str(output)}) from None
    return made if any(made) else made[""]


def _write(
    target: Path,
    depth: str,
    sizes: Mapping[str, int],
    track: Callable[[], Iterator[coverage.Runs]],
    sites: CutSites,
    percentile: float,
    blacklist: Sequence[Interval],
    content: dict,
    progress: bool | None,
) -> Prepared:
    """The three files of a sample, which appear when all are complete."""
    with tempfile.TemporaryDirectory(dir=target.parent) as staging:
        parts = [Path(staging) / f"{target.name}{end}" for end in (depth, ".bw", ".json")]
        tracks.write(parts[0], sizes, track(), zeros=False, progress=progress)
        found = tracks.normalize_runs(
            track, parts[1], sizes, percentile=percentile, blacklist=blacklist, progress=progress
        )
        counts = {"cuts": sites.kept, "cuts elsewhere": sites.elsewhere, "statistics": asdict(found)}
        parts[2].write_text(json.dumps({**content, **counts}, indent=1) + "\n")
        final = [part.replace(target.parent / part.name) for part in parts]
    return Prepared(*final, sites.kept, found)


def _needs_shift(reads: Path, genome: Genome | Mapping[str, int]) -> tuple[bool, Bias | None]:
    """Whether to shift, and what was seen of that."""
    by_kind = _is_bam(reads)
    if not isinstance(genome, Genome):
        return by_kind, None
    found = pairs(reads) if by_kind else ((block.chrom, block.starts, block.ends) for block in fragments.read(reads))
    renamed = ((names.find(chrom, genome.sizes), starts, ends) for chrom, starts, ends in found)
    seen = of_fragments(genome, (item for item in renamed if item[0] is not None))
    if seen.needs_shift is None:
        warnings.warn(
            f"{reads}: {seen.fragments:,} fragments do not tell whether their ends were shifted; "
            f"taken as {'not shifted, as in BAM files' if by_kind else 'shifted, as fragments are by most programs'}.",
            ZooWarning,
            stacklevel=3,
        )
        return by_kind, seen
    return seen.needs_shift, seen


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
    if _is_bam(reads):
        return add_bam(reads, sites[""], work, shift, mapping_quality, keep_duplicates)
    seen = None
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
    return None


def _covered(sites: CutSites, smoothing: int, blacklist: Sequence[Interval]) -> Iterator[coverage.Runs]:
    """Cuts that count for each base."""
    held = {names.find(chrom, sites.sizes): spans for chrom, spans in bed.merge(blacklist).items()}
    for chrom in sites.sizes:

        def kept(chrom: str = chrom) -> Iterator[np.ndarray]:
            for first, counts in sites.counts(chrom):
                coverage.mask(counts, first, held.get(chrom), smoothing)
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
