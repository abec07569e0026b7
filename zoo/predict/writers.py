"""Scores in bins as bigWig and BED files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.genome.bigwig import Writer

_CHUNK = 1 << 20  # bins


def bigwig(
    path: Path, lengths: dict[str, int], scores: Iterable[tuple[str, np.ndarray]], bin_size: int, overlap: int = 0
) -> None:
    """Write a track of equal bins.

    Args:
        path: where; the caller makes it atomic.
        lengths: chromosome -> bp, all that have scores, in their order.
        scores: (chromosome, one score per bin, NaN where there is none), in the same order.
        bin_size: bp from one bin to the next; the last one of a chromosome may be shorter.
        overlap: bp that a bin has in common with the next one. A track has one value per base: then each bin has its
            middle `bin_size` bp.
    """
    with Writer(path, lengths) as file:
        for chrom, track in scores:
            for first in range(0, len(track), _CHUNK):
                part = np.asarray(track[first : first + _CHUNK], np.float32)
                known = np.flatnonzero(~np.isnan(part))
                starts = (first + known) * bin_size + overlap // 2
                inside = starts < lengths[chrom]
                starts, known = starts[inside], known[inside]
                file.add(chrom, starts, np.minimum(starts + bin_size, lengths[chrom]), part[known])


def bed(path: Path, peaks: Iterable[tuple[str, int, int, float]]) -> int:
    """Write chrom, start, end, score lines, as maxATAC does; returns how many."""
    count = 0
    with open(path, "w", encoding="utf-8") as handle:
        for chrom, start, end, score in peaks:
            handle.write(f"{chrom}\t{start}\t{end}\t{np.float32(score)!s}\n")
            count += 1
    return count
