"""Which cuts the bias is learned from: those of reads outside of peaks (TOBIAS `atacorrect`)."""

from collections.abc import Iterable

import numpy as np

from zoo.footprints.bias import AWAY, FLANK, MOST, Counts, count, kmers_at, reverse
from zoo.footprints.cuts import Cuts
from zoo.footprints.regions import Region
from zoo.genome.sequence import Genome

STRANDS = ("forward", "reverse")


def learn(
    genome: Genome, cuts: dict[str, Cuts], regions: Iterable[Region], gaps: bool, around: bool
) -> tuple[list[tuple[Counts, Counts]], int]:
    """Count k-mers around cuts, and in their background.

    Args:
        genome: the sequence.
        cuts: by chromosome.
        regions: outside of peaks.
        gaps: whether background k-mers with an N count for the bases that they have.
        around: whether all cuts of reads that touch a region count as far as 112 bp outside of it, and k-mers lie
            within that reach, but for its first base (TOBIAS); else those cuts count that lie in the region.

    Returns:
        (cuts, background) of the forward and the reverse strand; and how many cuts that were.
    """
    empty = Counts(np.zeros((100, 100)), 0)
    found, used = [(empty, empty), (empty, empty)], 0
    for region in regions:
        here = cuts.get(region.chrom)
        if here is None:
            continue
        size = genome.sizes[region.chrom]
        reach = AWAY + FLANK if around else 0
        first, last = max(region.start - reach, 0), min(region.end + reach, size)
        chosen = here.learned(first, last - around, (region.start, region.end) if around else None)
        if not len(chosen):
            continue
        low, high = (first + FLANK + 1, last - FLANK - 1) if around else (FLANK, size - FLANK - 1)
        edge = max(first - AWAY - FLANK, 0)
        codes = genome.codes(region.chrom, edge, min(last + AWAY + FLANK + 1, size))
        used += len(chosen)
        for strand in (0, 1):
            at, counts = np.unique(here.at[chosen[here.strand[chosen] == strand]], return_counts=True)
            weights = np.minimum(counts, MOST)
            pair = []
            for kind, places in enumerate((at, at + (AWAY if strand else -AWAY))):
                there = (places >= low) & (places <= high)
                kmers = kmers_at(codes, places[there] - edge)
                pair.append(count(reverse(kmers) if strand else kmers, weights[there], gaps and kind == 1))
            found[strand] = (found[strand][0] + pair[0], found[strand][1] + pair[1])
    return found, used
