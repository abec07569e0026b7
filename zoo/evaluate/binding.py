"""Predicted binding against ChIP-seq peaks, in bins, as maxATAC's benchmark computes it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from zoo.errors import InputError
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal

_DECIMALS = 9  # maxATAC rounds predictions to nine decimals
_BLOCK = 1 << 16  # bins read at once


@dataclass(frozen=True)
class Binding:
    """How well scores find the positive ones of a set of bins.

    Attributes:
        aupr: area under the precision-recall curve as maxATAC computes it: trapezoids, without the curve's end point
            at recall 0. It lacks what the first positive bin adds, so with few positives it is the lower number.
        average_precision: scikit-learn's, the step-wise area, which most articles quote.
        random: precision of guessing: positive bins among all of them.
        positives: bins with a peak.
        bins: bins evaluated.
    """

    aupr: float
    average_precision: float
    random: float
    positives: int
    bins: int

    def __str__(self) -> str:
        return (
            f"AUPR {self.aupr:.3f}, average precision {self.average_precision:.3f}, random {self.random:.4f} "
            f"({self.positives:,} of {self.bins:,} bins positive)"
        )


def benchmark(
    prediction: str | Path,
    peaks: str | Path | Sequence[Interval],
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
) -> Binding:
    """Compare a predicted track with peaks (Cazares et al. 2023, Methods; maxATAC `benchmark`).

    A chromosome of L bp has n = ⌊L / bin_size⌋ bins, bin i from ⌊i L / n⌋ to ⌊(i + 1) L / n⌋. A bin's score is the
    highest prediction in it, 0 where nothing was predicted, rounded to nine decimals; it is positive if a peak overlaps
    it by a base.

    Args:
        prediction: a bigWig.
        peaks: a BED file or intervals.
        chromosomes: default those of the prediction.
        region: evaluate only the bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.

    Raises:
        InputError: no bin is positive, or all are.
    """
    track = Signal(prediction)
    spans, unwanted = _spans(peaks, track), _spans(blacklist, track) if blacklist is not None else {}
    chosen = [region.chrom] if region else list(chromosomes or track.sizes)
    scores, positive = [], []
    for chrom in chosen:
        edges = _edges(track, chrom, bin_size)
        keep = ~_overlaps(edges, unwanted.get(chrom))
        if region:
            keep &= (edges[:-1] >= region.start) & (edges[1:] <= region.end)
        at = np.flatnonzero(keep)
        if at.size:
            at = slice(int(at[0]), int(at[-1]) + 1)
            scores.append(np.concatenate(list(_maxima(track, chrom, edges[at.start : at.stop + 1])))[keep[at]])
            positive.append(_overlaps(edges, spans.get(chrom))[keep])
    if not scores:
        raise InputError("There is a bin to evaluate", received={"chromosomes": chosen, "region": region})
    return area_under_precision_recall(np.concatenate(positive), np.concatenate(scores))


def area_under_precision_recall(positive: np.ndarray, scores: np.ndarray) -> Binding:
    """Both areas for (n,) bool and (n,) float.

    Raises `InputError` if no bin is positive, or all are.
    """
    count = int(positive.sum())
    if not 0 < count < len(positive):
        raise InputError(
            "A precision-recall curve needs bins with and without a peak",
            received={"positive": count, "bins": len(positive)},
        )
    rounded = np.round(scores.astype(np.float64), _DECIMALS)
    precision, recall, _ = precision_recall_curve(positive, rounded)
    return Binding(
        aupr=float(auc(recall[:-1], precision[:-1])),
        average_precision=float(average_precision_score(positive, rounded)),
        random=count / len(positive),
        positives=count,
        bins=len(positive),
    )


def _spans(intervals: str | Path | Sequence[Interval], track: Signal) -> dict[str, np.ndarray]:
    """Merged spans by the track's chromosome names; those of other chromosomes are left out."""
    found = bed.read(intervals) if isinstance(intervals, (str, Path)) else list(intervals)
    renamed = ((names.find(item.chrom, track.sizes), item) for item in found)
    return bed.merge(Interval(chrom, item.start, item.end) for chrom, item in renamed if chrom is not None)


def _edges(track: Signal, chrom: str, bin_size: int) -> np.ndarray:
    length = track.sizes.get(chrom)
    if length is None or length < bin_size:
        raise InputError(
            f"A chromosome of the prediction has at least one bin of {bin_size} bp",
            where=track.path,
            received={"chrom": chrom, "present": list(track.sizes)[:5]},
        )
    count = length // bin_size
    return np.arange(count + 1) * length // count


def _overlaps(edges: np.ndarray, spans: np.ndarray | None) -> np.ndarray:
    """Which bins share at least a base with merged spans. (bins,) bool."""
    if spans is None:
        return np.zeros(len(edges) - 1, bool)
    behind = np.searchsorted(spans[:, 1], edges[:-1], side="right")  # the first span that ends behind a bin's start
    return (behind < len(spans)) & (spans[np.minimum(behind, len(spans) - 1), 0] < edges[1:])


def _maxima(track: Signal, chrom: str, edges: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(edges) - 1, _BLOCK):
        part = edges[first : first + _BLOCK + 1]
        values = track.values(chrom, int(part[0]), int(part[-1]))
        yield np.maximum.reduceat(values, part[:-1] - part[0])
