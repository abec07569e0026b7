"""The yeast data as training takes it: one genome, cut-site tracks, peaks with the genome's chromosome names."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data import gc
from zoo.errors import InputError
from zoo.files.atomic import atomic
from zoo.genome import bed
from zoo.genome.sequence import Genome
from zoo.prepare import fragments, tracks
from zoo.prepare.coverage import Runs, smoothed
from zoo.prepare.cutsites import TN5, CutSites
from zoo.prepare.normalize import statistics
from zoo.prepare.peaks import call, write
from zoo.prepare.sites import cut_sites as count_cuts

FACTORS = ("CBF1", "CIN5", "FKH1", "HSF1", "MCM1", "RAP1", "REB1", "SWI4", "TBF1", "UME6")
_SMOOTHING = {"signal": 20, "accessibility": 75}  # bp on each side of a cut site, as maxATAC's input and ASAP's target
_MONONUCLEOSOMAL = (180, 247)  # bp of a fragment around one nucleosome (Buenrostro et al. 2013, Nat Methods 10: 1213)
_READS = "yeast_500k_SRR1822137.bedpe.gz"
_WIDTH, _STEP = 2114, 500  # bp of windows of background, and from one to the next
_PERCENTILE = 99
_LEFT_OUT = ("chrM", "chrXII")  # of the percentile; chrXII holds a third of all fragments, in repeats
_TARGET = 20  # what the percentile is in the accessibility track, which is learned as ln(1 + x)


@dataclass(frozen=True)
class Yeast:
    """Paths.

    Attributes:
        genome: 2bit.
        signal: bigWig, cut sites ±20 bp over their 99th percentile: what binding models read.
        accessibility: bigWig, cut sites ±75 bp, 20 at their 99th percentile: what accessibility models learn.
        peaks: factor → BED.
        open: narrowPeak, where `accessibility` is high.
    """

    genome: Path
    signal: Path
    accessibility: Path
    peaks: dict[str, Path]
    open: Path

    def peaks_of(self, factor: str) -> Path:
        """The peaks of a factor. Raises `InputError` for one that is not there."""
        if factor.upper() not in self.peaks:
            raise InputError(f"A factor must be one of {', '.join(self.peaks)}", received={"factor": factor})
        return self.peaks[factor.upper()]


def find_data() -> Path | None:
    """The folder of the data, if `ZOO_SHARED` names one that has it."""
    folder = Path(os.environ.get("ZOO_SHARED") or "/nonexistent") / "data" / "sacCer3_atac_tf"
    return folder if folder.is_dir() else None


def required_data() -> Path:
    """The same, where nothing can be done without. Raises `InputError`."""
    if (folder := find_data()) is None:
        raise missing("the yeast data")
    return folder


def missing(what: str) -> InputError:
    """The error for data that `ZOO_SHARED` does not have."""
    return InputError(f"$ZOO_SHARED/data must have {what}", received={"ZOO_SHARED": os.environ.get("ZOO_SHARED")})


def prepare(source: Path, target: Path) -> Yeast:
    """Make tracks and peaks in `target`; what is there stays.

    Args:
        source: the folder with genome, fragments, peaks and `chrom_alias.tsv`.
        target: made if it does not exist.
    """
    target.mkdir(parents=True, exist_ok=True)
    genome = Genome(source / "sacCer3.2bit")
    made = {name: target / f"{name}.bw" for name in _SMOOTHING}
    if not all(path.is_file() for path in made.values()):
        make_tracks(source / _READS, genome.sizes, made)
    peaks = {
        path.name.split("_")[0].upper(): renamed(path, source / "chrom_alias.tsv", target / path.name)
        for path in sorted((source / "peaks").glob("*_CX.bed"))
    }
    summits = target / "accessibility.narrowPeak"
    if not summits.is_file():
        write(summits, call(made["accessibility"], _TARGET / 4, min_length=100, max_gap=0))
    return Yeast(genome.path, made["signal"], made["accessibility"], peaks, summits)


def mononucleosomal(source: Path, target: Path) -> Path:
    """The track `accessibility` of the ends of mononucleosomal fragments alone, made if it is not there yet."""
    path = target / "mononucleosomal.bw"
    if not path.is_file():
        sizes = Genome(source / "sacCer3.2bit").sizes
        make_tracks(source / _READS, sizes, {"accessibility": path}, _MONONUCLEOSOMAL)
    return path


def cut_sites(source: Path, target: Path) -> Path:
    """The number of cuts at each base, made if it is not there yet."""
    path = target / "cut_sites.bw"
    if not path.is_file():
        count_cuts(source / _READS, path, Genome(source / "sacCer3.2bit"), progress=False)
    return path


def peaks_and_background(source: Path, target: Path) -> tuple[Path, Path]:
    """Peaks, weak ones too, and windows away from them, as narrowPeak; made if they are not there yet."""
    peaks, background = target / "all_peaks.narrowPeak", target / "background.narrowPeak"
    if not peaks.is_file():
        track = prepare(source, target).accessibility
        write(peaks, call(track, _TARGET / 8, min_length=100, max_gap=0))
    if not background.is_file():
        genome = Genome(source / "sacCer3.2bit")
        found = gc.candidates(genome, list(genome.sizes), _WIDTH, bed.read(peaks), _STEP)
        rows = [
            f"{item.chrom}\t{item.start}\t{item.end}\t.\t0\t.\t0\t-1\t-1\t{_WIDTH // 2}\n"
            for item in found.intervals(_WIDTH)
        ]
        with atomic(background, target) as temporary:
            temporary.write_text("".join(rows), encoding="utf-8")
    return peaks, background


def make_tracks(
    reads: Path, sizes: dict[str, int], targets: dict[str, Path], lengths: tuple[int, int] | None = None
) -> None:
    """Write tracks of fragments: cuts within some bp of each base, over a percentile of those that are not 0.

    Args:
        lengths: the shortest and the longest fragment that counts, in bp; by default all do.
    """
    with tempfile.TemporaryDirectory(dir=next(iter(targets.values())).parent) as work:
        sites = CutSites(Path(work) / "sites", sizes)
        for block in fragments.read(reads):
            width = block.ends - block.starts
            kept = block if lengths is None else block.among((lengths[0] <= width) & (width <= lengths[1]))
            sites.add_fragments(kept, TN5)
        for name, path in targets.items():
            pieces = [runs for chrom in sizes for runs in smoothed(chrom, _counts(sites, chrom), _SMOOTHING[name])]
            evaluated = [
                (runs.values.astype(np.float32), runs.lengths) for runs in pieces if runs.chrom not in _LEFT_OUT
            ]
            top = statistics(lambda evaluated=evaluated: evaluated, _PERCENTILE).high
            top /= _TARGET if name == "accessibility" else 1
            scaled = (Runs(runs.chrom, runs.edges, (runs.values / top).astype(np.float32)) for runs in pieces)
            tracks.write(path, sizes, scaled, progress=False)


def _counts(sites: CutSites, chrom: str) -> Iterator[np.ndarray]:
    return (counts for _, counts in sites.counts(chrom))


def renamed(peaks: Path, aliases: Path, target: Path) -> Path:
    """Write peaks with the genome's names of chromosomes, sorted; those that have them already stay as they are."""
    lines = aliases.read_text(encoding="utf-8").splitlines()
    names = dict(line.split("\t") for line in lines if not line.startswith("#"))
    intervals = sorted((names.get(peak.chrom, peak.chrom), peak.start, peak.end) for peak in bed.read(peaks))
    with atomic(target, target.parent) as temporary:
        temporary.write_text("".join(f"{chrom}\t{start}\t{end}\n" for chrom, start, end in intervals), encoding="utf-8")
    return target
