"""Baselines of binding from footprints: what a sample's cuts say at the sites of a motif."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.evaluate.baselines import Predictor
from zoo.footprints import scanning
from zoo.footprints.run import footprint
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import merge
from zoo.prepare.peaks import open_regions

AROUND = 50
"""bp on each side of a site whose cuts count."""
_BESIDE = 150  # bp on each side of open chromatin where motifs have footprints


class AtSites:
    """The best score of the sites whose middles lie in each bin, 0 without any.

    Args:
        places: chromosome → (n,) middles of sites.
        scores: chromosome → (n,), of them.
    """

    def __init__(self, places: Mapping[str, np.ndarray], scores: Mapping[str, np.ndarray]) -> None:
        self._places, self._scores = dict(places), dict(scores)

    def __call__(self, chrom: str, edges: np.ndarray) -> np.ndarray:
        """For bins between edges (n + 1,): (n,) float32."""
        found = np.zeros(len(edges) - 1, np.float32)
        if (known := names.find(chrom, self._places)) is not None:
            number = np.searchsorted(edges, self._places[known], side="right") - 1
            there = (number >= 0) & (number < len(found))
            np.maximum.at(found, number[there], self._scores[known][there])
        return found


def at_sites(
    genome: Genome,
    motifs: Mapping[str, np.ndarray],
    regions: Sequence[Interval],
    footprints: Signal,
    cuts: Signal,
    p_value: float = 1e-4,
) -> dict[str, Predictor]:
    """Predictors from sites of motifs in regions: the footprint, the cuts around them, and the motif's own score.

    Args:
        genome: the sequence.
        motifs: name → probabilities (4, width), see `zoo.genome.motifs.read_motifs`.
        regions: where sites lie, wholly; by the genome's names.
        footprints: scores of the sample, of `zoo footprint`.
        cuts: its uncorrected cuts.
        p_value: of a site, by its motif score.
    """
    sequences = [genome.codes(item.chrom, item.start, item.end) for item in regions]
    patterns = scanning.patterns_of(motifs, scanning.base_frequencies(sequences), p_value)
    found = scanning.scan(patterns, sequences, overlapping=True)
    places: dict[str, list[int]] = {}
    scores: dict[str, list[tuple[float, float, float]]] = {}
    for pattern, sites in zip(patterns, found, strict=True):
        for number, first, score in zip(sites.sequence, sites.start.tolist(), sites.score.tolist(), strict=True):
            chrom, start = regions[number].chrom, regions[number].start + first
            middle = start + pattern.width // 2
            near = cuts.values(names.find(chrom, cuts.sizes), middle - AROUND, middle + AROUND + 1).sum()
            depth = footprints.values(names.find(chrom, footprints.sizes), middle, middle + 1)[0]
            places.setdefault(chrom, []).append(middle)
            scores.setdefault(chrom, []).append((depth, near, score))
    middles = {chrom: np.array(each, np.int64) for chrom, each in places.items()}
    values = {chrom: np.array(each, np.float32) for chrom, each in scores.items()}
    labels = ("footprint at motif sites", "cuts at motif sites", "motif score at sites")
    return {
        label: AtSites(middles, {chrom: each[:, column] for chrom, each in values.items()})
        for column, label in enumerate(labels)
    }


@dataclass(frozen=True)
class Footprinted:
    """Footprint scores and cuts of a sample, and where sites of motifs are looked for.

    Attributes:
        footprints: scores, of `zoo footprint`.
        cuts: uncorrected ones.
        regions: open chromatin and what is near it.
    """

    footprints: Signal
    cuts: Signal
    regions: list[Interval]

    @classmethod
    def of(
        cls,
        reads: str | Path,
        genome: Genome,
        signal: Signal,
        output: Path,
        region: Interval | None = None,
        chromosomes: Sequence[str] | None = None,
    ) -> "Footprinted":
        """Make the tracks of a sample in its open chromatin.

        Args:
            reads: as for `zoo footprint`.
            genome: the sequence.
            signal: a normalized track, which says what is open.
            output: see `zoo.footprints.run.footprint`.
            region: where sites count; cuts and open chromatin of all of its chromosome do.
            chromosomes: where sites count without a region; default the main ones.
        """
        chromosomes = [region.chrom] if region else chromosomes
        wide = [
            Interval(item.chrom, max(item.start - _BESIDE, 0), min(item.end + _BESIDE, genome.sizes[item.chrom]))
            for item in open_regions(signal, chromosomes)
        ]
        joined = [Interval(chrom, *span) for chrom, spans in merge(wide).items() for span in spans.tolist()]
        (tracks,) = footprint(reads, output, genome, joined, chromosomes=chromosomes).tracks.values()
        return cls(Signal(tracks["footprints"]), Signal(tracks["uncorrected"]), _inside(joined, region))

    def at_sites(self, genome: Genome, motifs: Mapping[str, np.ndarray]) -> dict[str, Predictor]:
        """See `at_sites`."""
        return at_sites(genome, motifs, self.regions, self.footprints, self.cuts)


def open_in(signal: Signal, region: Interval | None, chromosomes: Sequence[str] | None) -> list[Interval]:
    """Open chromatin by a normalized track, of some chromosomes or within a region, see `open_regions`."""
    return _inside(open_regions(signal, [region.chrom] if region else chromosomes), region)


def _inside(intervals: Sequence[Interval], region: Interval | None) -> list[Interval]:
    return [item for item in intervals if region is None or (region.start <= item.start and item.end <= region.end)]
