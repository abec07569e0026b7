"""From predictions and ChIP-seq to the table of thresholds that `predict` reads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.evaluate import bins
from zoo.evaluate.binding import kept
from zoo.evaluate.curves import DECIMALS
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.predict.thresholds import ThresholdTable

GRID = np.arange(1001) / 1000


class Counts:
    """Bound and all bins at or above each threshold of `GRID`, of scores that come in pieces."""

    def __init__(self) -> None:
        self._bound = np.zeros(len(GRID) + 1, np.int64)
        self._all = np.zeros(len(GRID) + 1, np.int64)

    def add(self, positive: np.ndarray, scores: np.ndarray) -> None:
        """Bins (n,) bool and their scores (n,).

        Raises:
            InputError: a score that is no number from 0 to 1.
        """
        rounded = np.round(np.asarray(scores, np.float64), DECIMALS)
        if not ((rounded >= 0) & (rounded <= 1)).all():
            raise InputError(
                "Scores to calibrate are probabilities, from 0 to 1",
                received={"lowest": float(np.min(rounded)), "highest": float(np.max(rounded))},
            )
        reached = np.searchsorted(GRID, rounded, side="right")  # thresholds at or below a score
        self._all += np.bincount(reached, minlength=len(GRID) + 1)
        self._bound += np.bincount(reached[positive], minlength=len(GRID) + 1)

    def columns(self) -> np.ndarray:
        """Precision, recall, log2 fold over random and F1 at each threshold, (4, 1001).

        Precision is the highest at this threshold or a lower one, and 1 where no bin reaches it, so that it never
        falls; recall never rises by itself (maxATAC `threshold`).

        Raises:
            InputError: no bin is bound, or all are.
        """
        hits, called = (np.cumsum(counts[::-1])[::-1][1:] for counts in (self._bound, self._all))
        positives, total = int(self._bound.sum()), int(self._all.sum())
        if not 0 < positives < total:
            raise InputError(
                "A threshold is calibrated on bins with and without a peak",
                received={"positive": positives, "bins": total},
            )
        precision = np.divide(hits, called, out=np.ones(len(GRID)), where=called > 0)
        precision = np.maximum.accumulate(precision)
        recall = hits / positives
        with np.errstate(divide="ignore"):
            fold = np.log2(precision / (positives / total))
        f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros(len(GRID)), where=hits > 0)
        return np.stack([precision, recall, fold, f1])


def calibrate(
    samples: Sequence[tuple[str | Path, str | Path | Sequence[Interval]]],
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
) -> ThresholdTable:
    """The mean over cell types of precision, recall, log2 fold over random and F1 at thresholds 0, 0.001, … 1.

    Bins and their scores are those of `zoo.evaluate.binding.benchmark` (Cazares et al. 2023, Methods, "Calibration of
    thresholds"). Of the authors' program the intended computation is meant; the mistakes in it are not repeated.

    Args:
        samples: (predicted bigWig, peaks or bigWig above 0 where something is bound), one for each cell type.
        chromosomes: those held out for validation; default all of each prediction.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        rule: as for `benchmark`.

    Raises:
        InputError: no sample, one without a bound bin, or scores that are no probabilities.
        GenomeMismatch: a sample's files are of different assemblies.
    """
    if not samples:
        raise InputError("There is a prediction to calibrate", received={"samples": 0})
    found = []
    for prediction, peaks in samples:
        track, counts = Signal(prediction), Counts()
        bound = bins.Bound(peaks, track.sizes, rule)
        for chrom, places, keep in kept(track, chromosomes, None, blacklist, bin_size):
            counts.add(bound(chrom, places)[keep], bins.maxima(track, chrom, places)[keep])
        try:
            found.append(counts.columns())
        except InputError as error:
            raise InputError(str(error), where=prediction) from None
    names = ("precision", "recall", "log2fc", "f1")
    return ThresholdTable({"threshold": GRID, **dict(zip(names, np.mean(found, axis=0), strict=True))})
