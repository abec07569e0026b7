"""The track `dgf` of FactorNet and DeepGRN: 5' ends of reads at single bases, scaled to 1x.

deepTools' `bamCoverage --Offset 1 --normalizeTo1x 2478297382 --ignoreForNormalization chrX chrM` multiplies by the size
of the genome / (reads × read length), but counts one base for each read: the mean is about 1 / read length, not 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from zoo.arguments import is_one_of, optional_switch, whole
from zoo.environment import versions
from zoo.errors import InputError, warn
from zoo.files.job import Job
from zoo.files.partial import digest
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.prepare import coverage, tracks
from zoo.prepare.aligned import AlignedReads
from zoo.prepare.choice import blacklisted, chosen, foreign, spans_on
from zoo.prepare.cutsites import CutSites
from zoo.prepare.shift import SHIFTED, bias_of, shift_of
from zoo.prepare.sites import ASSAYS

EFFECTIVE_SIZE = 2_478_297_382
"""bp of hg19 that reads can be placed on, as the authors of FactorNet count them."""
_UNCOUNTED = ("chrX", "chrM")  # their reads do not count for the scale


@dataclass(frozen=True)
class DgfTrack:
    """What `prepare_dgf` wrote.

    Attributes:
        signal: bigWig, bases without a read have no value.
        summary: JSON with counts, scale, parameters, versions and digests.
        cuts: 5' ends in the track.
        reads: that count for the scale.
        read_length: bp.
        scale: what one read is worth.
        mean: of the track, per base.
    """

    signal: Path
    summary: Path
    cuts: int
    reads: int
    read_length: int
    scale: float
    mean: float


def prepare_dgf(
    reads_file: str | Path,
    output: str | Path,
    genome: Genome | Mapping[str, int],
    *,
    assay: str = "DNase",
    read_length: int | None = None,
    effective_size: int = EFFECTIVE_SIZE,
    shift: bool | None = None,
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    mapping_quality: int = 0,
    progress: bool | None = None,
) -> DgfTrack:
    """Make the track `dgf` of FactorNet and DeepGRN (Quang & Xie 2019): 5' ends per base of both strands, not smoothed.

    One read is worth `effective_size` / (reads × read length). Reads on chrX, chrM and the blacklist do not count for
    that; those on the blacklist are not in the track.

    Args:
        reads_file: as `reads` of `zoo.prepare.sample.prepare`; a BAM file may be of single reads, too, and all its
            mapped reads count: duplicates are not looked for.
        output: writes OUTPUT.bw and OUTPUT.json.
        genome: the assembly; or chromosome → bp.
        assay: "DNase", whose 5' ends count where they are, or "ATAC", whose cut sites stand for these.
        read_length: bp; default the median of the reads. Must be given for fragments.
        effective_size: bp of the genome that reads can be placed on; default that of hg19.
        shift: of ATAC-seq, whether ends are still to be moved, as for `prepare`.
        chromosomes: in the track; default the main ones. The scale is that of all.
        blacklist: a BED file, a bigWig file that is above 0 there, or intervals.
        mapping_quality: of BAM reads, at least.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no reads left, or files that cannot be used; GenomeMismatch if they are of different assemblies.
        MissingExtra: pysam is not installed.
    """
    if not is_one_of(assay, ASSAYS) or (assay != "ATAC" and shift is not None):
        raise InputError(
            f"assay must be one of {', '.join(ASSAYS)}; a shift must go with ATAC",
            received={"assay": assay, "shift": shift},
        )
    if not isinstance(genome, (Genome, Mapping)):
        raise InputError("The genome must be a Genome, or chromosome → bp", received={"genome": genome})
    shift, progress = optional_switch("shift", shift), optional_switch("progress", progress)
    mapping_quality = whole("mapping_quality", mapping_quality, 0, 255)
    effective_size = whole("effective_size", effective_size, 1, 10**12)
    read_length = None if read_length is None else whole("read_length", read_length, 1, 100_000)
    notes: list[str] = []
    found = AlignedReads.of(reads_file, mapping_quality, notes)
    sizes = genome.sizes if isinstance(genome, Genome) else dict(genome)
    kept, unwanted = chosen(sizes, chromosomes, getattr(genome, "path", "genome")), blacklisted(blacklist)
    job = Job("prepare", output, [".bw"], [found.path, genome, blacklist])
    found.check_header(kept)
    moved = SHIFTED if assay == "DNase" else _shift(found, genome, shift, notes)
    notes += filter(None, [foreign(unwanted, sizes), _too_small(sizes, effective_size)])
    scale_by = (read_length, effective_size)
    record = _run(job, found, moved, sizes, kept, spans_on(unwanted, sizes), assay, scale_by, notes, progress)
    for text in record["warnings"]:
        warn(text)
    return DgfTrack(job.main, job.sidecar, **record["counts"])


def _shift(found: AlignedReads, genome: object, shift: bool | None, notes: list[str]) -> tuple[int, int]:
    bias = bias_of(found.path, found.kind, genome) if isinstance(genome, Genome) else None
    return shift_of(found.path, found.kind, bias, shift, None, notes)


def _run(
    job: Job,
    found: AlignedReads,
    moved: tuple[int, int],
    sizes: Mapping[str, int],
    kept: Mapping[str, int],
    spans: Mapping[str, np.ndarray],
    assay: str,
    scale_by: tuple[int | None, int],
    notes: Sequence[str],
    progress: bool | None,
) -> dict:
    """Write the files unless an earlier call did; returns their record."""
    parameters = {"assay": assay, "shift": list(moved), "mapping_quality": found.mapping_quality}
    identity = {
        "recipe": "factornet",
        "version": versions()["chromatin-zoo"],
        "reads_sha256": sha256(found.path),
        "sizes": digest(dict(sizes)),
        "chromosomes": list(kept),
        "blacklist": digest({chrom: merged.tolist() for chrom, merged in spans.items()}),
        "parameters": parameters | dict(zip(("read_length", "effective_size"), scale_by, strict=True)),
    }

    def keep() -> tuple[CutSites, dict]:
        sites = CutSites(job.part("sites"), sizes)
        sites.restore(None)  # of a run that was interrupted
        found.each(lambda block: sites.add_fragments(block, moved), sites)
        return sites, _scaled(sites, found, spans, scale_by, kept)

    def write(made: tuple[CutSites, dict], paths: dict[str, Path], record: dict) -> None:
        sites, counts = made
        tracks.write(paths[".bw"], kept, _runs(sites, kept, spans, counts["scale"]), zeros=False, progress=progress)
        record |= {**identity, "reads": str(found.path), "content": found.kind, "counts": counts, "warnings": notes}

    with job:
        return job.run(identity, identity, [".bw"], keep, write)[0]


def _too_small(sizes: Mapping[str, int], effective_size: int) -> str | None:
    """What to warn of if the genome is not the one, or not all of the one, that the effective size is of."""
    total = sum(sizes.values())
    if total >= effective_size:
        return None
    return (
        f"the genome has {total:,} bp, less than its effective size, {effective_size:,}: the track is scaled as if its "
        "reads were of a whole genome of that size. Give the effective size of this one"
    )


def _scaled(
    sites: CutSites,
    found: AlignedReads,
    spans: Mapping[str, np.ndarray],
    scale_by: tuple[int | None, int],
    kept: Mapping[str, int],
) -> dict:
    """The numbers of a `DgfTrack`. Raises `InputError` if no read is left."""
    if not sites.kept:
        raise InputError(
            "The reads of a sample must lie on the genome's chromosomes",
            where=found.path,
            received={"elsewhere": sites.elsewhere, "chromosomes": list(sites.sizes)[:5]},
        )
    left = {
        chrom: sum(int(counts.sum()) for _, counts in _unmasked(sites, chrom, spans)) if chrom in spans else count
        for chrom, count in sites.by_chrom.items()
    }
    counted = {**sites.others, **left}  # deepTools counts reads on sequences that are not in the track, too
    uncounted = {name for chrom in _UNCOUNTED if (name := names.find(chrom, counted)) is not None}
    total = sum(count for chrom, count in counted.items() if chrom not in uncounted)
    if not total:
        raise InputError(
            "A sample must have reads beside chrX, chrM and the blacklist: the scale is of these",
            where=found.path,
            received={"reads": sites.kept},
        )
    if not (cuts := sum(left[chrom] for chrom in kept)):
        raise InputError(
            "A track must have reads on the chosen chromosomes, beside the blacklist",
            where=found.path,
            received={"chromosomes": list(kept)[:5], "reads elsewhere": sum(counted.values())},
        )
    length = found.length(scale_by[0])
    scale = scale_by[1] / (total * length)
    mean = cuts * scale / sum(kept.values())
    return {"cuts": cuts, "reads": total, "read_length": length, "scale": scale, "mean": mean}


def _unmasked(sites: CutSites, chrom: str, spans: Mapping) -> Iterator:
    """(first base, 5' ends) of stretches of a chromosome, without those on the blacklist."""
    for first, counts in sites.counts(chrom):
        coverage.mask(counts, first, spans.get(chrom), 0)
        yield first, counts


def _runs(sites: CutSites, kept: Mapping[str, int], spans: Mapping, scale: float) -> Iterator[coverage.Runs]:
    for chrom in kept:
        for first, counts in _unmasked(sites, chrom, spans):
            yield coverage.of_bases(chrom, first, (counts * scale).astype("float32"))
