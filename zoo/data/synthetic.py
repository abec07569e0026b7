"""A small genome of our own: random sequence, planted CTCF sites, an ATAC-seq-like track over them.

For trying the zoo where no real data is at hand. One site in three is accessible and holds CTCF's consensus (bound),
one is accessible without it, one holds it in closed chromatin: neither sequence nor signal alone predicts binding.
"""

from collections.abc import Iterator
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
_KINDS = ("bound", "open", "closed")  # of sites, in turn


@dataclass(frozen=True)
class Synthetic:
    """The files that `make` wrote.

    Attributes:
        genome: .2bit.
        signal: .bw, normalized.
        peaks: .bed, the bound sites.
        others: the signals of further samples.
    """

    genome: Path
    signal: Path
    peaks: Path
    others: tuple[Path, ...] = ()


def make(
    folder: str | Path,
    lengths: dict[str, int] | None = None,
    seed: int = 0,
    consensus: str = CONSENSUS,
    samples: int = 1,
) -> Synthetic:
    """Write a synthetic genome, its signal and the peaks of a factor.

    Args:
        folder: where `genome.2bit`, `atac.bw` (further samples: `atac_2.bw` …) and `peaks.bed` go; made if it does not
            exist.
        lengths: chromosome -> bp; default two chromosomes of 600,000 and 300,000 bp.
        seed: the same seed gives the same files.
        consensus: what the factor binds; default CTCF's.
        samples: how many have a signal. In each of them another third of the sites is closed: in the second one those
            without the consensus.

    Returns:
        The paths.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    others = tuple(folder / f"atac_{number}.bw" for number in range(2, samples + 1))
    files = Synthetic(folder / "genome.2bit", folder / "atac.bw", folder / "peaks.bed", others)
    lengths = lengths or {"chr1": 600_000, "chr2": 300_000}
    random = np.random.default_rng(seed)
    codes, tracks, peaks = {}, {}, []
    for chrom, length in lengths.items():
        codes[chrom], bound = _chromosome(length, random, consensus)
        tracks[chrom] = _signal(length, random)
        peaks += [f"{chrom}\t{site - _PEAK}\t{site + _PEAK}\n" for site in bound]
    write_twobit(files.genome, codes)
    _write(files.signal, tracks)
    for sample, path in enumerate(others, start=1):
        random = np.random.default_rng((seed, sample))
        _write(path, {chrom: _signal(length, random, sample) for chrom, length in lengths.items()})
    files.peaks.write_text("".join(peaks), encoding="utf-8")
    return files


def _write(path: Path, tracks: dict[str, np.ndarray]) -> None:
    """Tracks over the 99th percentile of what is not 0."""
    top = np.percentile(np.concatenate([track[track > 0] for track in tracks.values()]), 99)
    lengths = {chrom: len(track) for chrom, track in tracks.items()}
    write_track(path, lengths, ((chrom, track / np.float32(top)) for chrom, track in tracks.items()), bin_size=1)


def _sites(length: int) -> Iterator[tuple[int, int]]:
    """(number, position) of each site."""
    return enumerate(range(_SPACING, length - _SPACING, _SPACING))


def _chromosome(length: int, random: np.random.Generator, consensus: str) -> tuple[np.ndarray, list[int]]:
    """Codes and the bound sites of one chromosome."""
    codes = random.choice(4, length, p=[0.3, 0.2, 0.2, 0.3]).astype(np.uint8)
    codes[: min(1000, length // 10)] = 4  # a telomere's gap
    forward = encode(consensus)
    reverse = 3 - forward[::-1]
    bound = []
    for number, site in _sites(length):
        if _KINDS[number % 3] != "open":
            motif = forward if number % 2 else reverse
            codes[site - len(motif) // 2 :][: len(motif)] = motif
        if _KINDS[number % 3] == "bound":
            bound.append(site)
    return codes, bound


def _signal(length: int, random: np.random.Generator, sample: int = 0) -> np.ndarray:
    """Coverage of cut sites of one chromosome in a sample, from 0."""
    rate = np.full(length, 0.002)
    bump = 0.15 * np.exp(-0.5 * (np.arange(-_REACH, _REACH) / 120) ** 2)
    for number, site in _sites(length):
        if (number + sample) % 3 != _KINDS.index("closed"):
            rate[site - _REACH : site + _REACH] += bump
    cuts = random.poisson(rate).astype(np.float32)
    return np.convolve(cuts, np.ones(41, np.float32), mode="same").astype(np.float32)  # ±20 bp around each cut
