"""A sample's cuts in the regions that matter: where its bias is learned, and what is put out (TOBIAS `atacorrect`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.footprints import regions
from zoo.footprints.bias import DWM, Bias, reverse
from zoo.footprints.correcting import MARGIN, Corrected, correct
from zoo.footprints.cuts import Cuts
from zoo.footprints.learning import learn
from zoo.footprints.regions import Region
from zoo.genome.sequence import Genome

EXTEND = 100
"""bp on each side of a peak that are put out, too."""
DEPTH = 10_000_000
"""Cuts in peaks to which tracks are scaled."""


@dataclass(frozen=True)
class Layout:
    """Where things are, as lists of pieces.

    Attributes:
        peaks: without the blacklist.
        outside: the rest of the chromosomes, without the blacklist.
        output: peaks and what is near them.
    """

    peaks: list[Region]
    outside: list[Region]
    output: list[Region]

    @classmethod
    def of(
        cls, peaks: Iterable[Region], sizes: Mapping[str, int], blacklist: Mapping[str, np.ndarray], short: bool
    ) -> "Layout":
        """From peaks within chromosomes.

        Args:
            peaks: in any order.
            sizes: chromosome → bp of those that count.
            blacklist: chromosome → merged spans.
            short: see `zoo.footprints.regions.merged`.
        """
        joined = regions.merged(peaks, short)
        outside = regions.without(regions.whole(sizes), _spans(joined))
        wide = regions.within(regions.merged(regions.resized(joined, EXTEND + MARGIN), short), sizes)
        kept = (regions.without(items, blacklist) for items in (joined, outside, regions.resized(wide, -MARGIN)))
        found = cls(*map(regions.split, kept))
        for what, items in (("peaks", found.peaks), ("bases outside of peaks", found.outside)):
            if not items:
                raise InputError(f"There must be {what} that are not blacklisted", received={what: 0})
        return found


def _spans(items: Sequence[Region]) -> dict[str, np.ndarray]:
    return {chrom: spans[np.argsort(spans[:, 0])] for chrom, spans in regions.spans_of(items).items()}


@dataclass(frozen=True)
class Sample:
    """A sample whose bias is learned.

    Attributes:
        cuts: by chromosome.
        models: the bias of forward and of reverse reads.
        in_peaks: cuts.
        outside: cuts outside of peaks.
        learned_from: cuts.
        factor: what cuts are multiplied by.
    """

    cuts: dict[str, Cuts]
    models: tuple[Bias, Bias]
    in_peaks: int
    outside: int
    learned_from: int
    factor: float

    @classmethod
    def learn(
        cls, genome: Genome, cuts: dict[str, Cuts], layout: Layout, model: str, normalize: bool, original: bool
    ) -> "Sample":
        """Count cuts in and outside of peaks, and learn the bias from the latter.

        Args:
            genome: the sequence.
            cuts: by chromosome.
            layout: where peaks are.
            model: see `zoo.footprints.bias`.
            normalize: scale to `DEPTH` cuts in peaks.
            original: see `zoo.footprints.learning.learn`: cuts of all reads that touch a region.

        Raises:
            InputError: no cut in peaks, or none to learn from.
        """
        inside, outside = (_total(cuts, items) for items in (layout.peaks, layout.outside))
        counts, used = learn(genome, cuts, layout.outside, gaps=original and model != DWM, around=original)
        if not inside or not all(pair.kmers for strand in counts for pair in strand):
            raise InputError(
                "Reads must have cuts of both strands in peaks, and outside of them, where the bias is learned",
                received={"in peaks": inside, "outside": outside, "learned from": used},
                hint="Give all reads of the sample, and its peaks",
            )
        models = tuple(Bias.learn(*pair, model, original) for pair in counts)
        every = inside + outside
        factor = (DEPTH / every) * (1 / (inside / every)) if normalize else 1.0
        return cls(cuts, models, inside, outside, used, factor)

    def record(self) -> dict:
        """What a record says of it."""
        names = ("in_peaks", "outside", "learned_from", "factor")
        return {name.replace("_", " "): getattr(self, name) for name in names}

    def correct(self, genome: Genome, pieces: Sequence[Region], original: bool) -> list[tuple[Corrected, Corrected]]:
        """The tracks of some regions, of forward and of reverse reads; `original` as for `learn`."""
        cuts, biases = [], []
        for region in pieces:
            start, end = region.start - MARGIN, region.end + MARGIN
            codes, here = genome.codes(region.chrom, start, end), self.cuts.get(region.chrom)
            cuts.append(here.counts(start, end) if here is not None else np.zeros((2, end - start)))
            if original:
                cuts[-1][:, -1] = 0  # TOBIAS leaves it out; it counts in sums of 100 bp that are not put out themselves
            biases.append((self.models[0].scores(codes), self.models[1].scores(reverse(codes))[::-1]))
        strands = (
            correct([item[side] for item in cuts], [item[side] for item in biases], self.factor, original)
            for side in (0, 1)
        )
        return list(zip(*strands, strict=True))


def _total(cuts: Mapping[str, Cuts], items: Sequence[Region]) -> int:
    total = 0
    for chrom, spans in regions.spans_of(items).items():
        if chrom in cuts:
            first, last = (np.searchsorted(cuts[chrom].at, side) for side in spans.T)
            total += int((last - first).sum())
    return total
