"""Regions by the base in their middle, in the order of their file, as profile models are trained on them.

A region of `width` bp around a base is [base - width // 2, base + width // 2).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome

_BLOCK = 1 << 22  # bp that are read at once

Values = Callable[[str, int, int], np.ndarray]
"""(chromosome, start, end) → one value per base."""


@dataclass(frozen=True)
class Centered:
    """Regions by the base in their middle.

    Attributes:
        chroms: (n,) names of chromosomes.
        middles: (n,) int64, 0-based.
    """

    chroms: np.ndarray
    middles: np.ndarray

    def __len__(self) -> int:
        return len(self.middles)

    def among(self, chosen: np.ndarray) -> "Centered":
        """Some of them, by their numbers (m,) or a mask (n,)."""
        return Centered(self.chroms[chosen], self.middles[chosen])

    def on(self, chromosomes: Collection[str]) -> np.ndarray:
        """Which of them lie on some chromosomes, (n,) bool."""
        return np.isin(self.chroms, list(chromosomes))

    def inside(self, sizes: Mapping[str, int], width: int) -> np.ndarray:
        """Which of them, made `width` bp long, lie on their chromosome as a whole, (n,) bool."""
        ends = np.array([sizes[chrom] for chrom in self.chroms.tolist()], np.int64)
        return (self.middles >= width // 2) & (self.middles + width // 2 <= ends)

    def intervals(self, width: int) -> list[Interval]:
        """The same as intervals of `width` bp."""
        starts = self.middles - width // 2
        pairs = zip(self.chroms.tolist(), starts.tolist(), strict=True)
        return [Interval(chrom, start, start + width) for chrom, start in pairs]


def joined(*parts: Centered) -> Centered:
    """All regions of several, one after the other."""
    return Centered(np.concatenate([part.chroms for part in parts]), np.concatenate([part.middles for part in parts]))


def of(places: Collection[tuple[str, int]]) -> Centered:
    """Regions of (chromosome, base in the middle)."""
    chroms, middles = zip(*places, strict=True) if places else ((), ())
    return Centered(np.array(chroms, str), np.array(middles, np.int64))


def read(path: str | Path, genome: Genome) -> tuple[Centered, list[Interval]]:
    """Summits of a narrowPeak file (of another BED file the middles), and the whole peaks, by the genome's names.

    Those on sequences that the genome lacks are left out, with a `ZooWarning` that counts them. Raises `GenomeMismatch`
    if all are, or if one lies beyond its chromosome's end.
    """
    every = bed.read_summits(path)
    known = {chrom: names.find(chrom, genome.sizes) for chrom in dict.fromkeys(peak.chrom for peak, _ in every)}
    peaks = [(Interval(known[peak.chrom], peak.start, peak.end), at) for peak, at in every if known[peak.chrom]]
    lost = [chrom for chrom, name in known.items() if name is None]
    if not peaks:
        raise GenomeMismatch(
            "Peaks and genome must have chromosomes in common",
            where=path,
            received={"peaks": lost[:5], "genome": list(genome.sizes)[:5]},
        )
    if lost:
        warn(
            f"{path}: {len(every) - len(peaks):,} of {len(every):,} regions are left out: the genome lacks "
            f"{names.some(lost)}."
        )
    if far := [peak for peak, _ in peaks if peak.end > genome.sizes[peak.chrom]]:
        raise GenomeMismatch(
            "Peaks must lie within their chromosomes",
            where=path,
            received={"peak": str(far[0]), "length": genome.sizes[far[0].chrom]},
            hint="Are they of another assembly than the genome?",
        )
    return of([(peak.chrom, at) for peak, at in peaks]), [peak for peak, _ in peaks]


def sums(values: Values, regions: Centered, width: int) -> np.ndarray:
    """The sum of a value over the `width` bp of each region, (n,) float64; reads long stretches, not regions."""
    found = np.zeros(len(regions))
    for chrom in np.unique(regions.chroms):
        rows = np.flatnonzero(regions.chroms == chrom)
        rows = rows[np.argsort(regions.middles[rows], kind="stable")]
        begins = regions.middles[rows] - width // 2
        cuts = np.flatnonzero(np.diff(begins // _BLOCK)) + 1
        for some, starts in zip(np.split(rows, cuts), np.split(begins, cuts), strict=True):
            first, last = int(starts[0]), int(starts[-1]) + width
            before = np.concatenate([[0.0], np.cumsum(values(str(chrom), first, last), dtype=np.float64)])
            found[some] = before[starts + width - first] - before[starts - first]
    return found


def check_width(window: int, output: int) -> None:
    """Raise `InputError` unless a profile can lie in the middle of a window: both even, the profile not longer."""
    if window % 2 or output % 2 or not 0 < output <= window:
        raise InputError(
            "The lengths of window and profile must be even, and the profile must not be the longer one",
            example="window=2114, output=1000",
            received={"window": window, "output": output},
        )
