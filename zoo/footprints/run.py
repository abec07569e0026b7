"""Footprints of a sample, or of several conditions: tracks, and bound sites of motifs (TOBIAS 0.17.5)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.arguments import items_of, optional_switch
from zoo.environment import versions
from zoo.errors import InputError, warn
from zoo.files.atomic import paths_of
from zoo.files.job import Job
from zoo.files.partial import digest
from zoo.footprints import conditions, detecting, regions, scanning, scoring, tables, tracks
from zoo.footprints.conditions import Condition
from zoo.footprints.cuts import READ
from zoo.footprints.options import CORRECTED, FOOTPRINTS, MENDED, READS, Options, workers_of
from zoo.footprints.regions import Region
from zoo.footprints.sample import EXTEND, Layout, Sample
from zoo.genome.interval import Interval
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.prepare.choice import blacklisted, foreign, spans_on
from zoo.prepare.kinds import BAM

_KIND = "footprint"
_TABLES = ("_sites.tsv", "_motifs.tsv", "_distances.tsv")


@dataclass(frozen=True)
class Footprints:
    """What `footprint` wrote.

    Attributes:
        tracks: condition → name of a track → its bigWig file.
        sites: TSV of all sites of motifs, or None.
        motifs: TSV with a row for each motif, or None.
        distances: TSV of how little motifs' sites overlap, or None.
        record: JSON with counts, choices, versions and digests.
    """

    tracks: dict[str, dict[str, Path]]
    sites: Path | None
    motifs: Path | None
    distances: Path | None
    record: Path


@dataclass(frozen=True)
class _Call:
    """Everything that was given, opened and checked."""

    conditions: list[Condition]
    genome: Genome
    sizes: dict[str, int]
    peaks: list[Region]
    blacklist: dict[str, np.ndarray]
    motifs: Path | None
    options: Options
    workers: int
    progress: bool | None
    record: dict

    @property
    def joined(self) -> list[Region]:
        """The peaks, those that overlap as one."""
        return regions.merged(self.peaks, self.options.original)

    def identity(self) -> dict:
        """All that the files depend on."""
        return {
            "version": versions()["chromatin-zoo"],
            "conditions": [
                {name: value for name, value in item.items() if name != "path"}
                for item in self.record["inputs"]["conditions"]
            ],
            "genome": self.genome.identity(),
            "sizes": digest(self.sizes),
            "peaks": digest([list(item) for item in self.peaks]),
            "blacklist": digest({chrom: spans.tolist() for chrom, spans in self.blacklist.items()}),
            "motifs": None if self.motifs is None else sha256(self.motifs),
            "options": asdict(self.options),
        }

    def suffixes(self) -> dict[str, dict[str, str]]:
        """Condition → name of a track → the end of its file's name."""
        names = ["footprints"] if self.options.given != FOOTPRINTS else []
        if self.options.given == READS:
            sides = tracks.STRANDS if self.options.split_strands else tracks.STRANDS[:1]
            names += [f"{name}{side}" for side in sides for name in tracks.TRACKS]
        several = len(self.conditions) > 1
        return {
            item.name: {name: f"{f'_{item.name}' if several else ''}_{name}.bw" for name in names}
            for item in self.conditions
        }


def footprint(
    reads: str | Path | Sequence[str | Path],
    output: str | Path,
    genome: str | Path | Genome,
    peaks: str | Path | Sequence[Interval],
    *,
    motifs: str | Path | None = None,
    names: Sequence[str] | None = None,
    given: str = "reads",
    blacklist: str | Path | Sequence[Interval] | None = None,
    chromosomes: Sequence[str] | None = None,
    shift: bool | None = None,
    bias: str = "dwm",
    normalize: bool = True,
    split_strands: bool = False,
    motif_p_value: float = 1e-4,
    bound_p_value: float = 1e-3,
    equalize: bool = True,
    pseudocount: float | None = None,
    compat: str | None = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> Footprints:
    """Cut sites without the bias of Tn5, footprint scores, and which sites of motifs are bound (Bentsen et al. 2020).

    The bias is learned from cuts outside of peaks and subtracted; a footprint is a dip between two shoulders of what is
    left; a site is bound if its score is above a threshold, made of scores at random places of peaks. The numbers are
    those of TOBIAS 0.17.5, but for what `zoo.footprints.options.MENDED` lists. An interrupted call goes on where it
    stopped; a finished one does nothing again.

    Args:
        reads: BAM, fragments, BEDPE or reads with a strand, as for `zoo prepare`; several for as many conditions, which
            are compared two by two.
        output: writes OUTPUT_corrected.bw, OUTPUT_footprints.bw and further tracks, with motifs OUTPUT_sites.tsv,
            OUTPUT_motifs.tsv and OUTPUT_distances.tsv, and OUTPUT.json; with several conditions
            OUTPUT_NAME_corrected.bw and so on.
        genome: the assembly, .2bit or FASTA.
        peaks: open regions, of all conditions.
        motifs: a MEME file.
        names: of conditions; by default of their files.
        given: what the files hold: "reads"; or bigWig tracks of an earlier call or of TOBIAS, "corrected" cuts or
            "footprints".
        blacklist: a BED file, a bigWig file that is above 0 there, or intervals.
        chromosomes: default the main ones of the genome.
        shift: move the ends of fragments by +4 and -5 bp; by default if the bases around them say that this was not
            done.
        bias: "dwm", pairs of bases, or "pwm", single ones.
        normalize: scale to 10 million cuts in peaks.
        split_strands: also write tracks of forward and of reverse reads.
        motif_p_value: of a site, by its motif score.
        bound_p_value: of a bound site, by its footprint score.
        equalize: give the scores of several conditions like distributions before they are compared.
        pseudocount: of fold changes; by default half the mode of scores at random places.
        compat: "tobias" for that program's numbers to the last printed digit, what `MENDED` lists included.
        workers: threads; by default one for each core.
        progress: show progress bars; by default in a terminal only.

    Raises:
        InputError: no cuts or peaks, files that cannot be used, or choices without effect; GenomeMismatch for files of
            different assemblies.
        MissingExtra: pysam is not installed, and reads are in BAM.
    """
    options = Options(
        given, bias, normalize, split_strands, motif_p_value, bound_p_value, equalize, pseudocount, compat
    )
    shift, progress = optional_switch("shift", shift), optional_switch("progress", progress)
    genome = genome if isinstance(genome, Genome) else Genome(user_path(genome, "genome"))
    sizes = conditions.chosen_chromosomes(genome, chromosomes, options.original)
    count = len(items_of(reads) or [reads])
    options.check_effects(motifs is not None, count, blacklist is not None, shift is not None)
    if motifs is not None:
        read_motifs(user_path(motifs, "motifs"))  # what is wrong with them is to be known before the long work
    notes: list[str] = []
    opened = conditions.open_all(
        reads, names, given, genome, sizes, shift=shift, original=options.original, notes=notes
    )
    unwanted = blacklisted(blacklist)
    notes += [text for text in (foreign(unwanted, sizes),) if text]
    call = _Call(
        opened,
        genome,
        sizes,
        regions.read(peaks, sizes, genome.sizes, notes),
        spans_on(unwanted, sizes),
        None if motifs is None else user_path(motifs, "motifs"),
        options,
        workers_of(workers),
        progress,
        _record(opened, genome, peaks, motifs, blacklist, sizes, options, notes),
    )
    ends = call.suffixes()
    made = [end for names_ in ends.values() for end in names_.values()] + list(_TABLES if motifs else ())
    job = Job(_KIND, output, made, [reads, genome, peaks, motifs, blacklist])
    _run(job, call, made)
    said = json.loads(job.sidecar.read_bytes())
    for text in said["warnings"]:
        warn(text)
    found = {name: {what: job.finals[end] for what, end in each.items()} for name, each in ends.items()}
    return Footprints(found, *(job.finals.get(end) for end in _TABLES), job.sidecar)


def _record(
    opened: Sequence[Condition],
    genome: Genome,
    peaks: object,
    motifs: object,
    blacklist: object,
    sizes: Mapping[str, int],
    options: Options,
    notes: list[str],
) -> dict:
    """What is known of a call before its work begins."""
    inputs = {"peaks": peaks, "motifs": motifs, "blacklist": blacklist}
    return {
        "inputs": {
            "conditions": [item.record() for item in opened],
            "genome": {"path": str(genome.path), **genome.identity()},
            **{
                name: [{"path": str(path), "sha256": sha256(path)} for path in paths_of(value) if path.is_file()]
                for name, value in inputs.items()
            },
        },
        "options": asdict(options),
        "not as in TOBIAS 0.17.5": [] if options.original else list(MENDED),
        "chromosomes": list(sizes),
        "warnings": notes,
    }


def _run(job: Job, call: _Call, made: Sequence[str]) -> None:
    """Do what is left to do."""
    identity, ends = call.identity(), call.suffixes()
    with job:

        def keep() -> dict[str, dict]:
            return {
                item.name: _tracks(call, item, lambda name, number=number: job.part(f"{number}-{name}"))
                for number, item in enumerate(call.conditions)
            }

        def write(kept: dict[str, dict], paths: dict[str, Path], said: dict) -> None:
            said |= call.record | {"samples": {name: each["record"] for name, each in kept.items()}}
            if call.motifs is not None:
                scores = [each["tracks"].get("footprints", each["source"]) for each in kept.values()]
                said["sites"] = _detect(call, scores, [paths[end] for end in _TABLES], said["warnings"])
            for name, each in kept.items():
                for what, end in ends[name].items():
                    each["tracks"][what].replace(paths[end])

        try:
            job.run(identity, identity, made, keep, write)
        except InputError as error:
            if "output" not in error.received:  # else there may be room for it later
                job.clear()
            raise


def _tracks(call: _Call, condition: Condition, part) -> dict:
    """The tracks of a condition, and what its record says."""
    options, place = call.options, tracks.Place(part, call.workers, call.progress)
    found: dict[str, Path] = {}
    record: dict = {}
    if options.given == READS:
        layout = Layout.of(call.peaks, call.sizes, call.blacklist, options.original)
        cuts, reading = conditions.read(condition, call.sizes, options.original, part("cuts.bin"))
        sample = Sample.learn(call.genome, cuts, layout, options.bias, options.normalize, options.original)
        output = tracks.ordered(layout.output, call.sizes)
        found = tracks.correct(call.genome, sample, output, call.sizes, place, options.split_strands, options.original)
        record = {"records": reading, **sample.record(), "bp": sum(item.end - item.start for item in output)}
        if options.original and condition.kind != BAM:
            record["bp of a read, assumed"] = READ
    source = {READS: found.get("corrected"), CORRECTED: condition.path, FOOTPRINTS: condition.path}[options.given]
    if options.given != FOOTPRINTS:
        wide = regions.merged(regions.resized(call.peaks, EXTEND), options.original)
        scored = tracks.ordered(regions.within(wide, call.sizes, scoring.MARGIN), call.sizes)
        values = conditions.values_of(source, call.sizes)
        found["footprints"] = tracks.score(values, scored, call.sizes, place, options.original)
    return {"tracks": found, "source": source, "record": record}


def _detect(call: _Call, scores: Sequence[Path], paths: Sequence[Path], notes: list[str]) -> dict:
    """Write the tables of sites and motifs; returns what the record says."""
    options, peaks, names = call.options, call.joined, [item.name for item in call.conditions]
    sequences = [call.genome.codes(item.chrom, item.start, item.end) for item in peaks]
    background = scanning.base_frequencies(sequences)
    patterns = scanning.patterns(call.motifs, background, options.motif_p_value, options.original)
    sites = scanning.scan(patterns, sequences, options.original)
    readers = [conditions.values_of(path, call.sizes) for path in scores]
    values = [
        [tracks.turned(reader(item.chrom, item.start, item.end), item, options.original) for item in peaks]
        for reader in readers
    ]
    found = detecting.detect(patterns, sites, values, options.bound_p_value, options.equalize, options.pseudocount)
    if found.random < detecting.FEW:
        notes.append(
            f"The threshold of bound sites is made of {found.random:,} scores at random places, one for each 200 bp of "
            f"a peak; fewer than {detecting.FEW:,} make it unsure"
        )
    begins = np.cumsum([0, *(len(item) + 1 for item in sequences)])[:-1]
    apart = detecting.distances(patterns, sites, begins, options.original)
    tables.write_sites(paths[0], peaks, patterns, sites, found, names)
    tables.write_motifs(paths[1], patterns, sites, found, names, apart)
    tables.write_distances(paths[2], patterns, apart)
    return {
        "motifs": len(patterns),
        "sites": sum(map(len, sites)),
        "bound": tables.counts(found, names),
        "threshold": asdict(found.threshold),
        "pseudocount": found.pseudocount,
        "factors": {name: asdict(item) for name, item in zip(names, found.factors, strict=False)},
        "fold changes at random places": {
            f"{names[one]}_{names[two]}": list(pair) for (one, two), pair in found.background.items()
        },
        "fraction of G and C": float(background[1] * 2),
    }
