"""A sample from its reads to the track that models take (maxATAC `prepare`)."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.arguments import optional_switch, switch, whole
from zoo.environment import versions
from zoo.errors import InputError, warn
from zoo.files.atomic import paths_of, write_json
from zoo.files.job import Job
from zoo.files.partial import Partial, digest
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.prepare import kinds, stages
from zoo.prepare.cells import absent, of_cells
from zoo.prepare.choice import blacklisted, chosen, foreign, left_out, peaks_on, spans_on
from zoo.prepare.cutsites import CutSites
from zoo.prepare.kinds import BAM
from zoo.prepare.normalize import Statistics, check_percentile
from zoo.prepare.options import Parameters, check_effects
from zoo.prepare.quality import Quality, concerns
from zoo.prepare.reading import Found, ReadSource, read_sites
from zoo.prepare.reads import check_header
from zoo.prepare.shift import bias_of, shift_of
from zoo.prepare.starts import Starts, TssEnrichment
from zoo.prepare.starts import read as read_starts
from zoo.prepare.verdicts import Verdict, verdicts

_KIND = "prepare"
_MOST = 20  # names in the record


@dataclass(frozen=True)
class Prepared:
    """What `prepare` wrote.

    Attributes:
        coverage: bigWig of cut sites, smoothed and scaled to a read depth; bases without any have no value.
        signal: the same, normalized; what models take. A value for every base.
        picture: PNG of the sample's quality.
        page: the same as a page, with a verdict on each property and its criterion.
        multiqc: the same as a row of MultiQC's table of samples.
        summary: JSON with counts, statistics, quality, parameters, versions and digests.
        cut_sites: BED of the bases that each cut counts for, or None.
        cuts: sites on the chosen chromosomes, those on blacklisted bases included.
        statistics: of the coverage.
        quality: of the sample.
        verdicts: on it, in words.
        tss: enrichment at transcription start sites, with an annotation; else None.
    """

    coverage: Path
    signal: Path
    picture: Path
    page: Path
    multiqc: Path
    summary: Path
    cut_sites: Path | None
    cuts: int
    statistics: Statistics
    quality: Quality
    verdicts: tuple[Verdict, ...]
    tss: TssEnrichment | None


@dataclass(frozen=True)
class _Sample:
    """One call: everything that was given, opened and checked."""

    source: ReadSource
    parameters: Parameters
    sizes: dict[str, int]
    blacklist: list[Interval]
    record: dict
    notes: tuple[str, ...]
    progress: bool | None
    starts: Mapping[str, Starts] | None = None
    peaks: Mapping[str, np.ndarray] | None = None

    def identity(self) -> dict:
        """All that the files depend on."""
        groups = self.source.wanted.groups
        spans = {chrom: merged.tolist() for chrom, merged in spans_on(self.blacklist, self.sizes).items()}
        return {
            "version": versions()["chromatin-zoo"],
            "reads_sha256": self.record["reads"]["sha256"],
            "genome": self.record["genome"].get("sha256"),
            "sizes": digest(self.sizes),
            "bias": self.record["bias"],
            "cells": None if groups is None else digest(groups),
            "blacklist": digest(spans),
            "annotation": self.record["annotation"] and self.record["annotation"]["sha256"],
            "peaks": None if self.peaks is None else digest({name: at.tolist() for name, at in self.peaks.items()}),
            "parameters": asdict(self.parameters),
        }


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
    compat: str | None = None,
    cut_sites: bool = False,
    annotation: str | Path | None = None,
    peaks: str | Path | None = None,
    scratch: str | Path | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Prepared | dict[str, Prepared]:
    """Make the normalized track of a sample (Cazares et al. 2023, Methods).

    Every fragment is two cuts, every single read is one. A cut counts for `smoothing` bp on each side; one whose bases
    touch the blacklist does not count at all. Coverage is scaled to `read_depth` reads, then divided by a percentile of
    its positive bases. An interrupted call goes on where it stopped; a finished one does nothing again.

    Args:
        reads: a BAM file of paired reads; fragments (.tsv, .bed, .bedpe); or reads as BED with a strand in the sixth
            column (tagAlign). Text may be compressed by gzip or bzip2.
        output: writes OUTPUT_RP20M.bw (named by the read depth), OUTPUT.bw, OUTPUT.json, and of the quality OUTPUT.png,
            OUTPUT.html and OUTPUT_mqc.json (for MultiQC); with clusters OUTPUT_CLUSTER_RP20M.bw and so on, and
            OUTPUT.json of all of them.
        genome: the assembly; or chromosome → bp.
        cells: which barcodes count, of a file's fourth column or the tag CB of BAM reads: barcodes, or barcode →
            cluster for a track of each cluster, all in one pass; or a file of one or of both, tab-separated
            (`zoo.prepare.cells`). A cluster is scaled by its own cuts.
        shift: move the ends of fragments by +4 and -5 bp; by default if the sequence bias at them shows that this was
            not done (`zoo.prepare.bias`). Without a sequence, and with a warning where it is not clear, for BAM only.
        smoothing: bp.
        read_depth: reads.
        percentile: of the positive bases, what becomes 1.
        chromosomes: default the main ones of the genome.
        blacklist: a BED file, a bigWig file that is above 0 there, or intervals.
        mapping_quality: of BAM reads, at least.
        keep_duplicates: of BAM reads; fragments are never looked through for any.
        compat: "maxatac" for that program's rules: chromosomes chr1 to chr22, secondary and supplementary alignments
            of BAM files count, BAM reads are shifted and fragments are not, regardless of the sequence bias.
        cut_sites: also write OUTPUT_IS_slop20.bed.gz (named by `smoothing`): a row for each cut, the bases that it
            counts for.
        annotation: a GTF file, plain or compressed, for the enrichment at transcription start sites: of transcripts of
            GENCODE's basic set, or of all where the file does not say which these are.
        peaks: a BED file of the sample's peaks, for the fraction of its cuts that lie in them (FRiP).
        scratch: a folder for temporary files, about 8 bytes for each fragment and 12 for each change of coverage; by
            default OUTPUT.partial.
        threads: of samtools (default 1), and that compress (default one for each core).
        progress: show progress bars; by default in a terminal only.

    Returns:
        What was written; with clusters by cluster.

    Raises:
        InputError: no reads left, or files that cannot be used; GenomeMismatch if they are of different assemblies.
        MissingExtra: pysam is not installed.
    """
    groups = None if cells is None else of_cells(cells)
    if not isinstance(genome, (Genome, Mapping)):
        raise InputError("The genome must be a Genome, or chromosome → bp", received={"genome": genome})
    sizes = genome.sizes if isinstance(genome, Genome) else dict(genome)
    keep_duplicates, cut_sites = switch("keep_duplicates", keep_duplicates), switch("cut_sites", cut_sites)
    shift, progress = optional_switch("shift", shift), optional_switch("progress", progress)
    smoothing = whole("smoothing", smoothing, 0, 10_000)
    read_depth = whole("read_depth", read_depth, 1, 10**12)
    mapping_quality = whole("mapping_quality", mapping_quality, 0, 255)
    threads = 1 if threads is None else whole("threads", threads, 1, 1024)
    percentile = check_percentile(percentile)
    path = user_path(reads, "reads")
    notes: list[str] = []
    kind = kinds.kind_of(path, groups is not None, notes)
    check_effects(kind, path, mapping_quality, keep_duplicates, compat, shift, groups)
    kept = chosen(sizes, chromosomes, getattr(genome, "path", "genome"), compat)
    unwanted = blacklisted(blacklist)
    if (warning := foreign(unwanted, sizes)) is not None:
        notes.append(warning)
    clusters = [""] if groups is None else list(dict.fromkeys(groups.values()))
    tss = None if annotation is None else user_path(annotation, "annotation")
    open_in = None if peaks is None else user_path(peaks, "peaks")
    ends = {name: _suffixes(name, read_depth, smoothing, cut_sites) for name in clusters}
    suffixes = [end for by_kind in ends.values() for end in by_kind.values()]
    if len(set(suffixes)) < len(suffixes) or (".json" in suffixes and len(clusters) > 1):
        raise InputError("Clusters must have names that lead to different files", received={"clusters": clusters[:5]})
    read = [path, genome, cells, blacklist, tss, open_in]
    job = Job(_KIND, output, suffixes if clusters != [""] else suffixes[:-1], read)
    if kind == BAM:
        check_header(path, kept)
    starts = None if tss is None else read_starts(tss, kept, sizes)
    spans = None if open_in is None else peaks_on(open_in, kept, sizes)
    bias = bias_of(path, kind, genome) if isinstance(genome, Genome) else None
    moved = shift_of(path, kind, bias, shift, compat, notes)
    parameters = Parameters(
        moved, smoothing, read_depth, percentile, mapping_quality, keep_duplicates, compat, cut_sites
    )
    inputs = {
        "reads": {"path": str(path), "sha256": _sha256(path, "reads"), "kind": kind},
        "genome": _genome(genome),
        "annotation": None if tss is None else {"path": str(tss), "sha256": _sha256(tss, "annotation")},
        "peaks": None if open_in is None else {"path": str(open_in)},
        "blacklist": [str(file) for file in paths_of(blacklist)] if isinstance(blacklist, (str, Path)) else None,
    }
    record = {
        "inputs": inputs,
        **inputs,
        "bias": asdict(bias) if bias else None,
        "parameters": asdict(parameters),
        "chromosomes": list(kept),
        "chromosomes left out": names.some(left_out(sizes, kept), _MOST),
        "versions": versions(),
    }
    source = ReadSource(path, kind, parameters.wanted(groups), keep_duplicates, threads)
    sample = _Sample(source, parameters, kept, unwanted, record, tuple(notes), progress, starts, spans)
    made = _run(job, sample, ends, scratch, threads)
    return made if groups is not None and any(clusters) else made[""]


def _run(
    job: Job, sample: _Sample, ends: Mapping[str, Mapping[str, str]], scratch: str | Path | None, threads: int | None
) -> dict[str, Prepared]:
    """Do what is left to do, and return what was written."""
    identity = sample.identity()
    files = [suffix for end in ends.values() for suffix in end.values() if suffix != ".json"]
    with job, nullcontext(job) if scratch is None else _scratch(scratch, job) as place:

        def keep() -> _Made:
            if place is not job:
                place.keep_parts_of(identity)
            return _make(job, place, sample, list(ends), threads)

        def write(made: _Made, paths: dict[str, Path], record: dict) -> None:
            for name, end in ends.items():
                content = _content(sample, name, made.sites[name], made.tally, made.files[name])
                _put(made.files[name], end, paths, content, job.finals[end["signal"]].stem)
                if end["summary"] == ".json":
                    record |= content
            if any(ends):
                record |= {**sample.record, "clusters": list(ends), "filters": _filters(made.tally)}

        try:
            job.run(identity, identity, files, keep, write)
        except InputError as error:
            if "output" not in error.received:  # else there may be room for it later
                _clear(job, place)
            raise
        _clear(job, place)  # also what a run left that was killed as it ended
    return _prepared(job, ends)


def _prepared(job: Job, ends: Mapping[str, Mapping[str, str]]) -> dict[str, Prepared]:
    """The result from the finished files, by cluster."""
    made = {}
    for name, end in ends.items():
        record = json.loads(job.finals[end["summary"]].read_bytes())
        for text in record["warnings"]:
            warn(f"{name + ': ' if name else ''}{text}")
        paths = {what: job.finals[suffix] for what, suffix in end.items()}
        made[name] = Prepared(
            **{"cut_sites": None, **paths},
            cuts=record["cuts"],
            statistics=Statistics(**record["statistics"]),
            quality=Quality.from_json(record["quality"]),
            verdicts=tuple(Verdict(**each) for each in record["verdicts"]),
            tss=TssEnrichment.from_json(record["tss"]) if record["tss"] else None,
        )
    return made


def _clear(*places: Partial) -> None:
    for place in places:
        place.clear()


def _scratch(folder: str | Path, job: Job) -> Partial:
    """A folder of ours within the user's, the same for the same output."""
    home = user_path(folder, "scratch")
    if not home.is_dir():
        raise InputError("The scratch folder must exist", received={"scratch": str(home)})
    return Partial(f"{_KIND} scratch", home / f"zoo-{digest(str(job.sidecar.absolute()))[:16]}.partial", job.main)


@dataclass(frozen=True)
class _Made:
    """Results before they are put in their places: counts of reading; and by cluster its cuts and files."""

    tally: Found
    sites: Mapping[str, CutSites]
    files: Mapping[str, stages.Made]


def _make(job: Job, place: Partial, sample: _Sample, clusters: Sequence[str], threads: int | None) -> _Made:
    """Read, and make every cluster's files; what an interrupted run finished is not made again."""
    sites = {name: CutSites(place.part(f"sites{number}"), sample.sizes) for number, name in enumerate(clusters)}
    tally = read_sites(sample.source, sites, place.part)
    made = {}
    for number, (name, cuts) in enumerate(sites.items()):
        scaled = tally.filters.reads if tally.filters and sample.source.wanted.groups is None else cuts.kept
        chosen = sample.parameters
        recipe = stages.Recipe(
            chosen.smoothing,
            chosen.read_depth / scaled,
            chosen.percentile,
            sample.blacklist,
            chosen.cut_sites,
            threads,
            sample.progress,
            sample.starts,
            sample.peaks,
        )

        def scratch(what: str, number: int = number) -> Path:
            return place.part(f"{number}-{what}")

        def part(what: str, number: int = number) -> Path:
            return job.part(f"{number}-{what}")

        made[name] = stages.make(cuts, recipe, scratch, part)
    return _Made(tally, sites, made)


def _put(made: stages.Made, end: Mapping[str, str], paths: Mapping[str, Path], content: dict, title: str) -> None:
    from zoo.plot import style
    from zoo.plot.quality import plot_quality
    from zoo.prepare import page

    made.coverage.replace(paths[end["coverage"]])
    made.signal.replace(paths[end["signal"]])
    if made.sites is not None:
        made.sites.replace(paths[end["cut_sites"]])
    style.save(plot_quality(content, title), paths[end["picture"]], "png")
    found = [Verdict(**each) for each in content["verdicts"]]
    page.write_page(paths[end["page"]], content, found, title)
    page.write_multiqc(paths[end["multiqc"]], content, found, title)
    if end["summary"] in paths:
        write_json(paths[end["summary"]], content)


def _content(sample: _Sample, name: str, sites: CutSites, tally: Found, made: stages.Made) -> dict:
    """The record of a sample."""
    others = dict(sorted(sites.others.items(), key=lambda pair: -pair[1])[:_MOST])
    odd = {what: count for what, count in sites.odd.items() if count}
    notes = [*sample.notes, *concerns(sites.by_chrom, sample.sizes, made.statistics.bases, sample.parameters.smoothing)]
    groups = sample.source.wanted.groups
    if groups is not None and (missing := absent(groups, name, tally.seen)) is not None:
        notes.append(missing)
    if odd:
        notes.append(f"{sum(odd.values())} rows were left out ({odd}); the first is {sites.first_odd}")
    content = {
        **sample.record,
        "filters": _filters(tally),
        "cluster": name or None,
        "cuts": sites.kept,
        "cuts blacklisted": made.blacklisted,
        "cuts elsewhere": sites.elsewhere,
        "cuts by sequence elsewhere": others,
        "rows": tally.rows or None,
        "rows left out": {**odd, "first": sites.first_odd} if odd else {},
        "pairs left out": tally.left_out_pairs,
        "positive fraction": made.statistics.bases / sum(sample.sizes.values()),
        "warnings": notes,
        "statistics": asdict(made.statistics),
        "quality": asdict(made.quality),
        "tss": None if made.tss is None else asdict(made.tss),
        "cuts in peaks": made.in_peaks,
    }
    return {**content, "verdicts": [asdict(each) for each in verdicts(content, sample.sizes)]}


def _filters(tally: Found) -> dict | None:
    return asdict(tally.filters) if tally.filters else None


def _suffixes(cluster: str, depth: int, smoothing: int, cut_sites: bool) -> dict[str, str]:
    """What → the end of its file's name; the signal is first, the summary last."""
    head = f"_{cluster}" if cluster else ""
    ends = {"signal": f"{head}.bw", "coverage": f"{head}_RP{depth / 1e6:g}M.bw"}
    ends |= {"picture": f"{head}.png", "page": f"{head}.html", "multiqc": f"{head}_mqc.json"}
    if cut_sites:
        ends["cut_sites"] = f"{head}_IS_slop{smoothing}.bed.gz"
    return {**ends, "summary": f"{head}.json"}


def _sha256(path: Path, what: str) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise InputError(f"A file of {what} must be readable: {error.strerror}", received={what: str(path)}) from None


def _genome(genome: Genome | Mapping[str, int]) -> dict:
    return (
        {"path": str(genome.path), **genome.identity()}
        if isinstance(genome, Genome)
        else {"path": str(getattr(genome, "path", "")) or None}
    )
