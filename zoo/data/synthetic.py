"""A small genome of our own: random sequence, planted CTCF sites, an ATAC-seq-like track over them.

For trying the zoo where no real data is at hand. One site in three is accessible and holds CTCF's consensus (bound),
one is accessible without it, one holds it in closed chromatin: neither sequence nor signal alone predicts binding.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.formats.bigwig import write_track
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit

CONSENSUS = "TGGCCACCAGGGGGCGCTA"  # core of CTCF's motif, 19 bp
_PEAK = 150  # bp on each side of a bound site that count as its peak
_REACH = 400  # bp on each side that an accessible site raises the signal
_SPACING = 4000  # bp from one site to the next
_LENGTHS = {"chr1": 600_000, "chr2": 300_000}
_DEEPER = 20  # times as many cuts as `signal` has
_KINDS = ("bound", "open", "closed")  # of sites, in turn


@dataclass(frozen=True)
class Synthetic:
    """The files that `make` wrote.

    Attributes:
        genome: .2bit.
        signal: .bw, normalized.
        peaks: .bed, the bound sites.
        others: the signals of further samples.
        cut_sites: .bw, the number of cuts at each base.
        open: .narrowPeak, the accessible sites.
    """

    genome: Path
    signal: Path
    peaks: Path
    others: tuple[Path, ...] = ()
    cut_sites: Path | None = None
    open: Path | None = None


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
    lengths = lengths or _LENGTHS
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


def with_cut_sites(folder: str | Path, lengths: dict[str, int] | None = None, seed: int = 0) -> Synthetic:
    """`make`, and the accessible sites of its first sample with the cuts at each base, of a deeper sequencing."""
    files, folder, lengths = make(folder, lengths, seed), Path(folder), lengths or _LENGTHS
    made = replace(files, cut_sites=folder / "cut_sites.bw", open=folder / "open.narrowPeak")
    random = np.random.default_rng((seed, 0, 1))
    cuts = {chrom: random.poisson(_DEEPER * _rate(length)).astype(np.float32) for chrom, length in lengths.items()}
    write_track(made.cut_sites, lengths, cuts.items(), bin_size=1)
    rows = [
        f"{chrom}\t{site - _PEAK}\t{site + _PEAK}\t.\t0\t.\t0\t-1\t-1\t{_PEAK}\n"
        for chrom, length in lengths.items()
        for number, site in _sites(length)
        if _KINDS[number % 3] != "closed"
    ]
    made.open.write_text("".join(rows), encoding="utf-8")
    return made


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
    cuts = random.poisson(_rate(length, sample)).astype(np.float32)
    return np.convolve(cuts, np.ones(41, np.float32), mode="same").astype(np.float32)  # ±20 bp around each cut


def _rate(length: int, sample: int = 0) -> np.ndarray:
    """Expected cuts at each base of a chromosome in a sample."""
    rate = np.full(length, 0.002)
    bump = 0.15 * np.exp(-0.5 * (np.arange(-_REACH, _REACH) / 120) ** 2)
    for number, site in _sites(length):
        if (number + sample) % 3 != _KINDS.index("closed"):
            rate[site - _REACH : site + _REACH] += bump
    return rate
