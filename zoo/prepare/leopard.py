"""The track `dnase` of Leopard: coverage of reads per base, quantile-normalized to that of a reference (the liver)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.digests import sha256
from zoo.arguments import items_of, optional_switch, whole
from zoo.environment import versions
from zoo.errors import InputError, warn
from zoo.files.job import Job
from zoo.files.partial import digest
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.prepare import coverage, quantiles, summed, tracks
from zoo.prepare.aligned import AlignedReads
from zoo.prepare.choice import chosen
from zoo.prepare.kinds import BAM, READS
from zoo.prepare.quantiles import QuantileMap
from zoo.prepare.summed import Coverage, ReadCoverage, Source


@dataclass(frozen=True)
class LeopardTrack:
    """What `prepare_leopard` wrote.

    Attributes:
        signal: bigWig, with a value for every base.
        summary: JSON with counts, the mapping in numbers, parameters, versions and digests.
        reads: in the coverage; 0 if that is of bigWig files.
        positions: at which sample and reference were compared.
        coverage: mean of the sample before, per base.
        mean: of the track, per base.
        reference: mean of the reference at these positions.
    """

    signal: Path
    summary: Path
    reads: int
    positions: int
    coverage: float
    mean: float
    reference: float


@dataclass
class _Sample:
    """All that a run reads, and how.

    Attributes:
        sources: the sample's files.
        references: the reference's files.
        sizes: chromosome → bp of the genome, of those that count.
        kept: of the track.
        read_length: of fragments.
        notes: what a user should know.
    """

    sources: Sequence[Source]
    references: Sequence[Source]
    sizes: Mapping[str, int]
    kept: Mapping[str, int]
    read_length: int | None
    notes: list[str] = field(default_factory=list)

    def stored(self, job: Job) -> tuple[Coverage, Coverage]:
        """Sample and reference, their reads on the disk."""
        made = []
        for what, sources in (("sample", self.sources), ("reference", self.references)):
            parts = [
                summed.stored(source, self.sizes, job, f"{what}{number}", self.read_length)
                for number, source in enumerate(sources)
            ]
            self.notes += [
                f"{source.path.name}: {sum(part.starts.odd.values())} rows were left out; the first is "
                f"{part.starts.first_odd}"
                for source, part in zip(sources, parts, strict=True)
                if isinstance(part, ReadCoverage) and part.starts.first_odd
            ]
            made.append(Coverage.of(parts, self.sizes))
        return made[0], made[1]


def prepare_leopard(
    reads_file: str | Path,
    output: str | Path,
    genome: Genome | Mapping[str, int],
    *,
    reference_track: str | Path | Sequence[str | Path],
    replicates: Sequence[str | Path] = (),
    read_length: int | None = None,
    chromosomes: Sequence[str] | None = None,
    mapping_quality: int = 0,
    progress: bool | None = None,
) -> LeopardTrack:
    """Make the track `dnase` of Leopard (Li & Guan 2021): coverage, quantile-normalized to a reference.

    Each read counts for the bases from its first to its last one. Sample and reference are compared at the same random
    positions (`zoo.prepare.quantiles`) of chr1 to chr22 and chrX on which both have values.

    Args:
        reads_file: as `reads` of `zoo.prepare.sample.prepare`; a BAM file may be of single reads, too, and all its
            mapped reads count: duplicates are not looked for. Or a bigWig file of coverage, 0 where it has no value.
        output: writes OUTPUT.bw and OUTPUT.json.
        genome: the assembly; or chromosome → bp.
        reference_track: what the sample is normalized to: bigWig files of coverage, for the released models of liver,
            or their reads; several are summed.
        replicates: further files of the sample, whose coverage is added.
        read_length: bp of each end of a fragment that was read. Must be given for fragments, and for nothing else.
        chromosomes: in the track; default the main ones. The mapping is that of all.
        mapping_quality: of BAM reads, at least.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no reads, a sample or a reference without different values, or files that cannot be used;
            GenomeMismatch if they are of different assemblies.
        MissingExtra: pysam is not installed.
    """
    if not isinstance(genome, (Genome, Mapping)):
        raise InputError("The genome must be a Genome, or chromosome → bp", received={"genome": genome})
    progress, mapping_quality = optional_switch("progress", progress), whole("mapping_quality", mapping_quality, 0, 255)
    read_length = None if read_length is None else whole("read_length", read_length, 1, 100_000)
    sizes, notes = genome.sizes if isinstance(genome, Genome) else dict(genome), []
    paths = _listed("reads", [reads_file, *_listed("replicates", replicates)])
    sources = [_opened(path, mapping_quality, notes) for path in paths]
    references = [_opened(path, mapping_quality, notes) for path in _listed("reference_track", reference_track)]
    if not references:
        raise InputError("The reference must be given", example='reference_track="liver.bw"')
    every = [*sources, *references]
    _check_lengths(every, read_length, mapping_quality)
    where = getattr(genome, "path", "genome")
    wanted = chosen(sizes, chromosomes, where)
    counted = {chrom: bp for chrom, bp in sizes.items() if chrom in {*names.main_chromosomes(list(sizes)), *wanted}}
    job = Job("prepare", output, [".bw"], [*(source.path for source in every), genome])
    for source in every:
        summed.check_assembly(source, counted, where)
    kept = _in_all(sources, wanted, chromosomes is not None, notes)
    sample = _Sample(sources, references, counted, kept, read_length, notes)
    record = _run(job, sample, mapping_quality, progress)
    for text in record["warnings"]:
        warn(text)
    return LeopardTrack(job.main, job.sidecar, **record["counts"])


def _listed(name: str, value: object) -> list[str | Path]:
    """One path or several. Raises `InputError` for anything else, and for one that is there twice."""
    paths = [value] if isinstance(value, (str, Path)) else items_of(value)
    if paths is None or not all(isinstance(path, (str, Path)) for path in paths):
        raise InputError(f"The {name.replace('_', ' ')} must be given by paths", received={name: value})
    if len({Path(path).resolve() for path in paths}) < len(paths):
        raise InputError("A file must be given once: replicates are summed", received={name: list(map(str, paths))})
    return list(paths)


def _opened(path: str | Path, mapping_quality: int, notes: list[str]) -> Source:
    """A mapping quality is of the BAM files among several."""
    found = summed.opened(path, 0, notes)
    if isinstance(found, AlignedReads) and found.kind == BAM:
        found.mapping_quality = mapping_quality
    return found


def _check_lengths(sources: Sequence[Source], read_length: int | None, mapping_quality: int) -> None:
    """Raise `InputError` for fragments without the length of their reads, and for options without effect."""
    reads = [source for source in sources if isinstance(source, AlignedReads)]
    fragments = [source for source in reads if source.kind not in (BAM, READS)]
    if fragments:
        fragments[0].length(read_length)
    elif read_length is not None:
        raise InputError(
            "A read length must go with fragments; other files say where reads end",
            received={"read_length": read_length},
        )
    if mapping_quality and not any(source.kind == BAM for source in reads):
        raise InputError("A mapping quality must go with a BAM file", received={"mapping_quality": mapping_quality})


def _in_all(sources: Sequence[Source], wanted: Mapping[str, int], named: bool, notes: list[str]) -> dict[str, int]:
    """Chromosomes that every bigWig file has. Raises `InputError` for a missing one that was named, or if none is."""
    kept = dict(wanted)
    for source in sources:
        if isinstance(source, AlignedReads):
            continue
        missing = [chrom for chrom in kept if names.find(chrom, source.sizes) is None]
        if missing and (named or len(missing) == len(kept)):
            raise InputError(
                "A track of coverage must have the chromosomes of the result",
                where=source.path,
                received={"missing": missing[:5], "present": list(source.sizes)[:5]},
            )
        if missing:
            notes.append(f"{source.path.name} lacks {names.some(missing)}, which the result lacks, too")
        kept = {chrom: bp for chrom, bp in kept.items() if chrom not in missing}
    return kept


def _run(job: Job, sample: _Sample, mapping_quality: int, progress: bool | None) -> dict:
    """Write the files unless an earlier call did; returns their record."""
    identity = {
        "recipe": "leopard",
        "version": versions()["chromatin-zoo"],
        "reads_sha256": [sha256(source.path) for source in sample.sources],
        "reference_sha256": [sha256(source.path) for source in sample.references],
        "sizes": digest(dict(sample.sizes)),
        "chromosomes": list(sample.kept),
        "parameters": {"read_length": sample.read_length, "mapping_quality": mapping_quality},
    }

    def keep() -> tuple[Coverage, QuantileMap, dict]:
        made, reference = sample.stored(job)
        return made, *_mapping(made, reference, sample)

    def write(found: tuple[Coverage, QuantileMap, dict], paths: dict[str, Path], record: dict) -> None:
        made, mapping, counts = found
        totals = np.zeros(2)
        tracks.write(paths[".bw"], sample.kept, _runs(made, mapping, sample.kept, totals), progress=progress)
        if not totals[0]:
            raise InputError(
                "A track must have coverage on the chosen chromosomes",
                where=sample.sources[0].path,
                received={"chromosomes": list(sample.kept)[:5]},
            )
        coverage_, mean = (totals / sum(sample.kept.values())).tolist()
        counts = {"reads": made.reads, "coverage": coverage_, "mean": mean, **counts}
        mapped = {"knots": len(mapping.knots), "largest": float(mapping.knots[-1]), "slope above": mapping.slope}
        files = {"reads": sample.sources, "reference": sample.references}
        record |= {what: [str(source.path) for source in each] for what, each in files.items()}
        record |= {**identity, "mapping": mapped, "counts": counts, "warnings": sample.notes}

    with job:
        try:
            return job.run(identity, identity, [".bw"], keep, write)[0]
        except InputError as error:
            if "output" not in error.received:  # else there may be room for it later
                job.clear()
            raise


def _mapping(sample: Coverage, reference: Coverage, read: _Sample) -> tuple[QuantileMap, dict]:
    """The mapping of a sample to a reference, and what is counted at the positions of both."""
    positions = quantiles.positions(read.sizes)
    ours, theirs = (_at(each, positions) for each in (sample, reference))
    shared = [chrom for chrom in positions if chrom in ours and chrom in theirs]
    if not shared:
        raise InputError(
            "Sample and reference must have coverage on a common chromosome",
            where=read.sources[0].path,
            received={"of the sample": names.some(ours) or "none", "of the reference": names.some(theirs) or "none"},
        )
    if lost := [chrom for chrom in positions if chrom not in shared]:
        read.notes.append(
            f"the mapping is of {names.some(shared)} only: on {names.some(lost)} sample or reference has no coverage"
        )
    one, other = (np.concatenate([each[chrom] for chrom in shared]) for each in (ours, theirs))
    return QuantileMap.of(one, other), {"positions": len(one), "reference": float(other.mean())}


def _at(covered: Coverage, positions: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Chromosome → coverage at its positions, of those with any coverage."""
    found = {chrom: covered.at(chrom, at) for chrom, at in positions.items() if chrom in covered.sizes}
    return {chrom: values for chrom, values in found.items() if values is not None}


def _runs(made: Coverage, mapping: QuantileMap, kept: Mapping[str, int], totals: np.ndarray) -> Iterator[coverage.Runs]:
    """The track; sums of coverage and of what becomes of it are added to `totals` (2,)."""
    for chrom in kept:
        for first, values in made.values(chrom):
            runs = coverage.of_bases(chrom, first, values)
            mapped = mapping(runs.values)
            totals += (runs.values @ runs.lengths, mapped @ runs.lengths)
            yield coverage.Runs(chrom, runs.edges, mapped.astype(np.float32))
