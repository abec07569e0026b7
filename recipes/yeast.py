"""The yeast data as training takes it: one genome, cut-site tracks, peaks with the genome's chromosome names."""

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.sequence import Genome
from zoo.predict.writers import atomic, bigwig
from zoo.prepare.peaks import call, write

FACTORS = ("CBF1", "CIN5", "FKH1", "HSF1", "MCM1", "RAP1", "REB1", "SWI4", "TBF1", "UME6")
_SMOOTHING = {"signal": 20, "accessibility": 75}  # bp on each side of a cut site, as maxATAC's input and ASAP's target
_PERCENTILE = 99
_TN5 = (4, -5)  # the fragments are not shifted: from their ends to where the transposase cut
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
            raise InputError(f"A factor is one of {', '.join(self.peaks)}", received={"factor": factor})
        return self.peaks[factor.upper()]


def at_hand() -> Path | None:
    """The folder of the data, if `ZOO_SHARED` names one that has it."""
    folder = Path(os.environ.get("ZOO_SHARED") or "/nonexistent") / "data" / "sacCer3_atac_tf"
    return folder if folder.is_dir() else None


def prepare(source: Path, target: Path) -> Yeast:
    """Make tracks and peaks in `target`; what is there stays.

    Args:
        source: the folder with genome, fragments, peaks and `chrom_alias.tsv`.
        target: made if it does not exist.
    """
    target.mkdir(parents=True, exist_ok=True)
    genome = Genome(source / "sacCer3.2bit")
    tracks = {name: target / f"{name}.bw" for name in _SMOOTHING}
    if not all(path.is_file() for path in tracks.values()):
        cuts = cut_sites(source / "yeast_500k_SRR1822137.bedpe.gz", genome.sizes)
        for name, path in tracks.items():
            with atomic(path, target) as temporary:
                bigwig(temporary, genome.sizes, normalized(cuts, name), bin_size=1)
    peaks = {
        path.name.split("_")[0].upper(): renamed(path, source / "chrom_alias.tsv", target / path.name)
        for path in sorted((source / "peaks").glob("*_CX.bed"))
    }
    summits = target / "accessibility.narrowPeak"
    if not summits.is_file():
        write(summits, call(tracks["accessibility"], _TARGET / 4, min_length=100, max_gap=0))
    return Yeast(genome.path, tracks["signal"], tracks["accessibility"], peaks, summits)


def cut_sites(fragments: Path, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Chromosome → cuts at each base, (length,) int64, of a gzipped table of chrom, start, end."""
    found: dict[str, list[int]] = {chrom: [] for chrom in sizes}
    with gzip.open(fragments, "rt") as lines:
        for line in lines:
            chrom, start, end = line.split("\t")[:3]
            found[chrom] += (int(start) + _TN5[0], int(end) + _TN5[1])
    inside = {chrom: np.clip(np.array(at, np.int64), 0, sizes[chrom] - 1) for chrom, at in found.items()}
    return {chrom: np.bincount(at, minlength=sizes[chrom]) for chrom, at in inside.items()}


def normalized(cuts: dict[str, np.ndarray], name: str) -> Iterator[tuple[str, np.ndarray]]:
    """(chromosome, track): cuts within some bp of each base, over a percentile of those that are not 0."""
    reach = _SMOOTHING[name]
    tracks = {}
    for chrom, counts in cuts.items():
        total = np.cumsum(np.pad(counts, (reach + 1, reach)))
        tracks[chrom] = total[2 * reach + 1 :] - total[: -2 * reach - 1]
    values = np.concatenate([track[track > 0] for chrom, track in tracks.items() if chrom not in _LEFT_OUT])
    top = np.percentile(values, _PERCENTILE) / (_TARGET if name == "accessibility" else 1)
    for chrom, track in tracks.items():
        yield chrom, (track / top).astype(np.float32)


def renamed(peaks: Path, aliases: Path, target: Path) -> Path:
    """Write peaks with the genome's names of chromosomes, sorted; those that have them already stay as they are."""
    names = dict(line.split("\t") for line in aliases.read_text().splitlines() if not line.startswith("#"))
    found = sorted((names.get(item.chrom, item.chrom), item.start, item.end) for item in bed.read(peaks))
    with atomic(target, target.parent) as temporary:
        temporary.write_text("".join(f"{chrom}\t{start}\t{end}\n" for chrom, start, end in found))
    return target
