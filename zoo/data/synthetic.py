"""A small genome of our own: random sequence, planted CTCF sites, an ATAC-seq-like track over them.

For trying the zoo where no real data is at hand. One site in three is accessible and holds CTCF's consensus (bound),
one is accessible without it, one holds it in closed chromatin: neither sequence nor signal alone tells binding.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.formats.bigwig import write_track
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit

CONSENSUS = "TGGCCACCAGGGGGCGCTA"  # core of CTCF's motif, 19 bp
_PEAK = 150  # bp on each side of a bound site that count as its peak
_REACH = 400  # bp on each side that an accessible site raises the signal
_SPACING = 4000  # bp from one site to the next


@dataclass(frozen=True)
class Synthetic:
    """The files that `make` wrote: `genome` (.2bit), `signal` (.bw, normalized), `peaks` (.bed, the bound sites)."""

    genome: Path
    signal: Path
    peaks: Path


def make(
    folder: str | Path, lengths: dict[str, int] | None = None, seed: int = 0, consensus: str = CONSENSUS
) -> Synthetic:
    """Write a synthetic genome, its signal and the peaks of a factor.

    Args:
        folder: where `genome.2bit`, `atac.bw` and `peaks.bed` go; made if it does not exist.
        lengths: chromosome -> bp; default two chromosomes of 600,000 and 300,000 bp.
        seed: the same seed gives the same files.
        consensus: what the factor binds; default CTCF's.

    Returns:
        The paths.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = Synthetic(folder / "genome.2bit", folder / "atac.bw", folder / "peaks.bed")
    lengths = lengths or {"chr1": 600_000, "chr2": 300_000}
    random = np.random.default_rng(seed)
    codes, tracks, peaks = {}, {}, []
    for chrom, length in lengths.items():
        codes[chrom], tracks[chrom], bound = _chromosome(length, random, consensus)
        peaks += [f"{chrom}\t{site - _PEAK}\t{site + _PEAK}\n" for site in bound]
    top = np.percentile(np.concatenate([track[track > 0] for track in tracks.values()]), 99)
    write_twobit(files.genome, codes)
    normalized = ((chrom, track / np.float32(top)) for chrom, track in tracks.items())
    write_track(files.signal, lengths, normalized, bin_size=1)
    files.peaks.write_text("".join(peaks), encoding="utf-8")
    return files


def _chromosome(length: int, random: np.random.Generator, consensus: str) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Codes, signal and the bound sites of one chromosome."""
    codes = random.choice(4, length, p=[0.3, 0.2, 0.2, 0.3]).astype(np.uint8)
    codes[: min(1000, length // 10)] = 4  # a telomere's gap
    rate = np.full(length, 0.002)
    forward = encode(consensus)
    reverse = 3 - forward[::-1]
    bump = 0.15 * np.exp(-0.5 * (np.arange(-_REACH, _REACH) / 120) ** 2)
    bound = []
    for number, site in enumerate(range(_SPACING, length - _SPACING, _SPACING)):
        kind = ("bound", "open", "closed")[number % 3]
        if kind != "open":
            motif = forward if number % 2 else reverse
            codes[site - len(motif) // 2 :][: len(motif)] = motif
        if kind != "closed":
            rate[site - _REACH : site + _REACH] += bump
        if kind == "bound":
            bound.append(site)
    cuts = random.poisson(rate).astype(np.float32)
    signal = np.convolve(cuts, np.ones(41, np.float32), mode="same")  # ±20 bp around each cut
    return codes, signal.astype(np.float32), bound
