"""Scores in bins as bigWig."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from zoo.formats.content import Bins
from zoo.genome.bigwig import Writer


def write(path: Path, bins: Bins) -> None:
    """Write one track. Of bins that overlap each has its middle: a bigWig has one value per base."""
    with Writer(path, bins.lengths) as file:
        for chrom, starts, scores in bins.pieces():
            begins, ends = bins.middles(chrom, starts)
            known = ~np.isnan(scores) & (begins < ends)
            file.add(chrom, begins[known], ends[known], scores[known])


def write_track(
    path: Path, lengths: Mapping[str, int], scores: Iterable[tuple[str, np.ndarray]], bin_size: int
) -> None:
    """Write a track of equal bins, from (chromosome, a score for each bin), in the order of `lengths`."""
    write(path, Bins.of(lengths, scores, bin_size))
