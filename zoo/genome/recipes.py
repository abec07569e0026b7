"""How the tracks of other recipes than maxATAC's are made, and how to know them by their values."""

from collections.abc import Iterator, Sequence

import numpy as np

DGF = "dgf"
FLAGS = ("cpg_island", "cds", "intron", "promoter", "utr5", "utr3")
_ANNOTATION = "`zoo prepare --recipe annotation` makes the BED files of flags from a GTF file and CpG islands"
HOW = {
    DGF: "`zoo prepare --recipe factornet` makes dgf of reads",
    "unique35": "unique35 is wgEncodeDukeMapabilityUniqueness35bp.bigWig of UCSC (hg19)",
    **dict.fromkeys(FLAGS, _ANNOTATION),
}
"""Name of a track or of a covariate → how to get it."""
_MEANS = (0.002, 0.3)
"""Where the mean of 5' ends at 1x lies, which is about 1 / read length: 300 to 20 bp, and some 6 copies of a region."""
_LEAST = 1000  # positive bases from which on neighbors tell whether a track is smoothed
_SMOOTHED = 0.75  # of the positive bases have the value of the next one; of 5' ends at single bases few have


def hints(names: Sequence[str]) -> str | None:
    """How to get tracks or covariates of these names, as far as it is known."""
    known = dict.fromkeys(HOW[name] for name in names if name in HOW)
    return "; ".join(known) or None


def problems(name: str, parts: Sequence[np.ndarray]) -> Iterator[str]:
    """What shows that a track is of another recipe than its name says, in words.

    Args:
        name: of the track.
        parts: its values in stretches that are spread over its chromosomes, each (n,).
    """
    values = np.concatenate(parts)
    if name != DGF or not values.any():
        return
    if values.min() < 0:
        yield f"not dgf: it has negative values (lowest {values.min():.3g}), where 5' ends have none"
        return
    mean = values.mean(dtype=np.float64)
    if not _MEANS[0] <= mean <= _MEANS[1]:
        yield (
            f"not scaled as dgf: its mean is {mean:.3g} per base; of 5' ends scaled to 1x it is about 1 / read length "
            "(0.028 of 36 bp)"
        )
    same = sum(int(((part[:-1] > 0) & (part[:-1] == part[1:])).sum()) for part in parts)
    positive = int((values > 0).sum())
    if positive >= _LEAST and same > _SMOOTHED * positive:
        fraction = same / positive
        yield f"smoothed: {fraction:.0%} of its positive bases have the value of the next one; dgf is of single bases"
