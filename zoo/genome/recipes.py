"""How the tracks of other recipes than maxATAC's are made, and how to know them by their values."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

DGF, DNASE, AVERAGE = "dgf", "dnase", "average"
FLAGS = ("cpg_island", "cds", "intron", "promoter", "utr5", "utr3")
_ANNOTATION = "`zoo prepare --recipe annotation` makes the BED files of flags from a GTF file and CpG islands"
HOW = {
    DGF: "`zoo prepare --recipe factornet` makes dgf of reads",
    "unique35": "unique35 is wgEncodeDukeMapabilityUniqueness35bp.bigWig of UCSC (hg19)",
    DNASE: "`zoo prepare --recipe leopard --reference-track LIVER.bw` makes dnase of reads",
    AVERAGE: "average is the mean of dnase tracks of about ten cell types, which `zoo average` makes (for the released "
    "models avg.bigwig of their authors)",
    **dict.fromkeys(FLAGS, _ANNOTATION),
}
"""Name of a track or of a covariate → how to get it."""
ALIKE = {AVERAGE: DNASE}
"""Name of a track → that whose scale it must have."""
_MEANS = (0.002, 0.3)
"""Where the mean of 5' ends at 1x lies, which is about 1 / read length: 300 to 20 bp, and some 6 copies of a region."""
_LEAST = 1000  # positive bases from which on neighbors tell whether a track is smoothed
_SMOOTHED = 0.75  # of the positive bases have the value of the next one; of 5' ends at single bases few have
_DEPTHS = (0.1, 100.0)
"""Where the mean coverage of a whole sample by reads lies: 10 million reads of 36 bp of a human genome have 0.12."""
_COUNTED, _STEPS, _OFF = 50, 4, 1e-3  # smallest values that tell of counts: up to so many, at least so many, how exact
_ONE = 0.01  # how near to 1 a mean is of coverage that was scaled so
_APART = 2.0  # times: how far means of tracks of one scale lie apart at most


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
    if name not in _PROBLEMS or not values.any():
        return
    if values.min() < 0:
        yield f"not {name}: it has negative values (lowest {values.min():.3g}), where reads that are counted have none"
        return
    yield from _PROBLEMS[name](values, parts)


def not_alike(name: str, means: Mapping[str, float]) -> str | None:
    """What shows that a track has not the scale of that which it must have it of; None if nothing does.

    Args:
        name: of the track, one of `ALIKE`.
        means: of both, at the same bases.
    """
    other = ALIKE[name]
    low, high = sorted((means[name], means[other]))
    if high <= _APART * low or not high:
        return None
    return (
        f"not of the scale of {other}: its mean is {means[name]:.3g} per base and that of {other} {means[other]:.3g}, "
        "which are about equal where both are normalized to one reference"
    )


def _of_dgf(values: np.ndarray, parts: Sequence[np.ndarray]) -> Iterator[str]:
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


def _of_dnase(values: np.ndarray, parts: Sequence[np.ndarray]) -> Iterator[str]:
    known, mean = np.unique(values[values > 0]), values.mean(dtype=np.float64)
    least = float(known[0])
    if len(known) == 1:
        yield f"not dnase: all of its positive bases have the value {least:.3g}, as of peaks, not of coverage"
    elif _are_multiples(known):
        what = "whole numbers" if abs(least - 1) < _OFF else f"multiples of {least:.3g}"
        yield (
            f"not normalized as dnase: its values are {what}, as of counts by one factor (mean {mean:.3g} per base); "
            "only the reference itself has them after a quantile normalization"
        )
    elif not _DEPTHS[0] <= mean <= _DEPTHS[1]:
        yield (
            f"not scaled as dnase: its mean is {mean:.3g} per base; of coverage by all reads of a sample it is "
            f"{_DEPTHS[0]:g} to {_DEPTHS[1]:g}"
        )
    elif abs(mean - 1) < _ONE:
        yield f"not normalized as dnase: its mean is {mean:.3g} per base, as of coverage that was scaled to 1x"


def _are_multiples(known: np.ndarray) -> bool:
    """Whether the smallest of different values (n,), rising, are 1, 2, 3 … times the first."""
    times = known.astype(np.float64) / known[0]
    times = times[times < _COUNTED]
    return len(times) >= _STEPS and bool((np.abs(times - np.round(times)) < _OFF).all())


_PROBLEMS: dict[str, Callable[[np.ndarray, Sequence[np.ndarray]], Iterator[str]]] = {DGF: _of_dgf, DNASE: _of_dnase}
