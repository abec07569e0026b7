"""Real inputs of FactorNet, DeepGRN and Leopard: hg19 chr20 with cut sites of GM12878, in a few hundred kb."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from zoo.genome.bigwig import Writer
from zoo.genome.sequence import Genome
from zoo.porting.bins_of_200 import FLAGS
from zoo.prepare import fragments

CHROM, START, END = "chr20", 10_000_000, 10_200_000
CUT = 3.7  # what one ATAC-seq cut is worth in place of DNase I cuts at 1x
PCS = {f"PC{i}": value for i, value in enumerate((-0.19, 0.22, 0.02, -0.41, 0.14, 0.08, -0.10, 0.44), start=1)}


@dataclass(frozen=True)
class Inputs:
    """Paths of a genome, of tracks by their names, and of a BED file for each flag."""

    genome: Path
    tracks: dict[str, Path]
    flags: dict[str, Path]

    def of(self, spec) -> dict[str, object]:
        """What `predict` and others are given for a model."""
        signal = {track.name: self.tracks[track.name] for track in spec.input.given}
        names = [item.name for item in spec.input.covariates]
        covariates = {name: PCS[name] for name in names if name in PCS} | (
            {"cell_type": "GM12878"} if "GEPC1" in names else {}
        )
        covariates |= {name: self.flags[name] for name in names if name in self.flags}
        return {"genome": self.genome, "signal": signal} | ({"covariates": covariates} if covariates else {})


@cache
def made(shared: Path, folder: Path) -> Inputs:
    """Write them into a folder."""
    data = shared / "data" / "hg19_chr20_gm12878"
    genome = data / "hg19_chr20_to_11095000.2bit"
    size = Genome(genome).sizes[CHROM]
    cuts = np.zeros(size, np.float32)
    for block in fragments.read(data / "chr20.50000.bed.bz2"):
        for places in block.cuts():
            np.add.at(cuts, places[places < size], CUT)  # the genome of the shared data ends before its reads do
    tracks = {name: folder / f"{name}.bw" for name in ("unique35", "dgf", "atac", "dnase", "average")}
    at = np.flatnonzero(cuts)
    for name, (starts, ends, values) in {
        "unique35": (np.array([0]), np.array([size]), np.ones(1)),
        "dgf": (at, at + 1, cuts[at]),
        "atac": (at, at + 1, cuts[at]),
        "dnase": (at, at + 1, 20 * np.sqrt(cuts[at] + at % 5).astype(np.float32)),  # no counts times one number
        "average": (np.array([0]), np.array([size]), np.full(1, 0.3)),
    }.items():
        with Writer(tracks[name], {CHROM: size}) as file:
            file.add(CHROM, starts, ends, values)
    flags = {}
    for number, name in enumerate(FLAGS):  # in turns, each of 10 kb
        flags[name] = folder / f"{name}.bed"
        starts = range(START + 10_000 * number, END, 60_000)
        flags[name].write_text("".join(f"{CHROM}\t{start}\t{start + 10_000}\n" for start in starts))
    return Inputs(genome, tracks, flags)
