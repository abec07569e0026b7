"""From predictions and ChIP-seq to the table of thresholds that `predict` reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression

from zoo.arguments import items_of
from zoo.errors import InputError, warn
from zoo.evaluate import bins
from zoo.evaluate.binding import FEW
from zoo.evaluate.curves import DECIMALS
from zoo.evaluate.selection import BinSelection, Extent
from zoo.genome.interval import Interval
from zoo.predict.thresholds import ThresholdTable

GRID = np.arange(1001) / 1000
_BLOCK = 100_000  # bp; bins next to one another are not independent, so such blocks are taken as a whole
_GROUPS = 200  # of blocks, so that a genome's counts need no more memory than these
_HALVINGS, _SEED = 100, 0
_COLUMNS = ("precision", "recall", "log2fc", "f1")


class Counts:
    """Bound and all bins at or above each threshold of `GRID`, of scores that come in pieces."""

    def __init__(self) -> None:
        self._bound = np.zeros(len(GRID) + 1, np.int64)
        self._all = np.zeros(len(GRID) + 1, np.int64)

    def __add__(self, other: "Counts") -> "Counts":
        """Those of both."""
        both = Counts()
        both._bound, both._all = self._bound + other._bound, self._all + other._all
        return both

    def add(self, positive: np.ndarray, scores: np.ndarray) -> None:
        """Bins (n,) bool and their scores (n,).

        Raises:
            InputError: a score that is no number from 0 to 1.
        """
        rounded = np.round(np.asarray(scores, np.float64), DECIMALS)
        if not ((rounded >= 0) & (rounded <= 1)).all():
            raise InputError(
                "Scores to calibrate must be probabilities, from 0 to 1",
                received={"lowest": float(np.min(rounded)), "highest": float(np.max(rounded))},
            )
        reached = np.searchsorted(GRID, rounded, side="right")  # thresholds at or below a score
        self._all += np.bincount(reached, minlength=len(GRID) + 1)
        self._bound += np.bincount(reached[positive], minlength=len(GRID) + 1)

    @property
    def hits(self) -> np.ndarray:
        """Bound bins at or above each threshold, (1001,) int64."""
        return np.cumsum(self._bound[::-1])[::-1][1:]

    @property
    def called(self) -> np.ndarray:
        """All bins at or above each threshold, (1001,) int64."""
        return np.cumsum(self._all[::-1])[::-1][1:]

    @property
    def positives(self) -> int:
        """Bound bins."""
        return int(self._bound.sum())

    @property
    def total(self) -> int:
        """All bins."""
        return int(self._all.sum())

    @property
    def precision(self) -> np.ndarray:
        """Bound bins of those called, NaN where none is, (1001,)."""
        return np.divide(self.hits, self.called, out=np.full(len(GRID), np.nan), where=self.called > 0)

    @property
    def best_precision(self) -> np.ndarray:
        """The highest precision at this threshold or a lower one, NaN where no bin is called, (1001,)."""
        return np.where(self.called > 0, np.maximum.accumulate(np.nan_to_num(self.precision, nan=-1)), np.nan)


def crossfitted(groups: Sequence[Counts]) -> tuple[np.ndarray, np.ndarray]:
    """Precision at thresholds that were chosen on other bins than those that it is measured on.

    A precision that is read off the bins by which its threshold was chosen is too high for any others. So groups are
    halved at random, 100 times. For the precision that all bins have at a threshold of `GRID`, the threshold that
    reaches it in one half is applied to the other, and the bins called there, and those of them that are bound, are
    added up.

    Args:
        groups: of bins that are independent of one another, two or more.

    Returns:
        Precision (1001,), NaN where no bin is called in any half, and how many are (1001,) int64.
    """
    wanted = sum(groups, Counts()).best_precision
    random, hits, called = np.random.default_rng(_SEED), np.zeros(len(GRID), np.int64), np.zeros(len(GRID), np.int64)
    for _ in range(_HALVINGS):
        order = random.permutation(len(groups))
        one, other = (sum((groups[at] for at in half), Counts()) for half in (order[::2], order[1::2]))
        for chosen_on, measured_on in ((one, other), (other, one)):
            reached = chosen_on.best_precision[chosen_on.called > 0]
            at = np.searchsorted(reached, wanted - 1e-12)  # NaN, above the last score, comes last
            usable = (at < len(reached)) & (chosen_on.positives > 0)
            at = np.minimum(at, max(len(reached) - 1, 0))
            hits += np.where(usable, measured_on.hits[at], 0)
            called += np.where(usable, measured_on.called[at], 0)
    return np.divide(hits, called, out=np.full(len(GRID), np.nan), where=called > 0), called


@dataclass(frozen=True)
class Sample:
    """Calibration of the prediction of one cell type.

    Attributes:
        columns: precision, recall, log2 fold over random and F1 at each threshold of `GRID`, (4, 1001); all but recall
            are NaN where the precision is unknown.
        called: bins at or above each threshold, (1001,).
        positives: bound bins.
        crossfitted: whether the precision is.
        extent: what was evaluated.
    """

    columns: np.ndarray
    called: np.ndarray
    positives: int
    crossfitted: bool
    extent: Extent


@dataclass(frozen=True)
class Calibration:
    """A table, and what it was made from."""

    table: ThresholdTable
    samples: tuple[Sample, ...]


def calibrate(
    samples: Sequence[tuple[str | Path, str | Path | Sequence[Interval]]],
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
) -> ThresholdTable:
    """The table of `calibration`; arguments and errors as there."""
    return calibration(samples, chromosomes, blacklist, bin_size, rule, regions, compat).table


def calibration(
    samples: Sequence[tuple[str | Path, str | Path | Sequence[Interval]]],
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
) -> Calibration:
    """The mean over cell types of precision, recall, log2 fold over random and F1 at thresholds 0, 0.001, … 1.

    Bins and their scores are those of `zoo.evaluate.binding.benchmark`. Precision is `crossfitted` between blocks of
    100 kb, then made to rise with the threshold by isotonic regression. With fewer than 10 positive bins, or with all
    of them in one block, it is that of all bins, which is too high for others; this raises a warning. Recall is that of
    all bins. Thresholds at which fewer than 10 bins are called, or fewer than there are positive ones, have no row: a
    precision of no call is unknown.

    Args:
        samples: (predicted bigWig, peaks or bigWig above 0 where something is bound), one for each cell type.
        chromosomes: those held out for validation; default all of each prediction.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        rule: as for `benchmark`.
        regions: only the bins that overlap these.
        compat: with "maxatac" the bins of its `benchmark`, and the precision that its Methods describe (Cazares et al.
            2023, "Calibration of thresholds"): the highest one at this threshold or a lower one, not cross-fitted. The
            mistakes in its program are not repeated.

    Raises:
        InputError: no sample, one without a bound bin, or scores that are no probabilities.
        GenomeMismatch: a sample's files are of different assemblies.
    """
    pairs = [items_of(pair) for pair in items_of(samples) or ()]
    if not pairs or any(pair is None or len(pair) != 2 for pair in pairs):
        raise InputError(
            "There must be a prediction to calibrate, and each must have its peaks",
            example='[("ctcf.bw", "peaks.bed")]',
            received={"samples": samples},
        )
    evaluated = []
    for prediction, peaks in pairs:
        track = bins.open_track(prediction)
        selection = BinSelection(track, chromosomes, None, regions, blacklist, bin_size, compat)
        try:
            groups = _groups(track, peaks, selection, rule)
            evaluated.append(_sample(groups, selection.extent, compat))
        except InputError as error:
            if error.where is not None:
                raise
            raise type(error)(
                error.rule, where=prediction, received=error.received, example=error.example, hint=error.hint
            ) from None
    return Calibration(_table(evaluated), tuple(evaluated))


def _groups(track: bins.Signal, peaks: object, selection: BinSelection, rule: str) -> list[Counts]:
    """Counts of bins by groups of blocks; blocks are dealt to the groups in their order on the genome."""
    bound = bins.Bound(peaks, track.sizes, rule)
    selection.compare_with(bound, peaks)
    groups, first = [Counts() for _ in range(_GROUPS)], 0
    for chrom, places, keep in selection:
        keep, scores = selection.with_values(keep, bins.aggregated(track, chrom, places))
        positive, blocks = bound(chrom, places), first + places[:-1] // _BLOCK
        first = int(blocks[-1]) + 1
        for number in np.unique(blocks[keep] % _GROUPS):
            mine = keep & (blocks % _GROUPS == number)
            groups[number].add(positive[mine], scores[mine])
        selection.found(bound.touching(chrom, places, keep))
    return [counts for counts in groups if counts.total]


def _sample(groups: Sequence[Counts], extent: Extent, compat: str | None) -> Sample:
    whole = sum(groups, Counts())
    if not 0 < whole.positives < whole.total:
        raise InputError(
            "A threshold must be calibrated on bins with and without a peak",
            received={"positive": whole.positives, "bins": whole.total},
        )
    enough = whole.positives >= FEW and sum(counts.positives > 0 for counts in groups) > 1
    if compat:
        precision = whole.best_precision
    elif enough:
        precision = rising(*crossfitted(groups), whole)
    else:
        _warn(whole.positives)
        precision = rising(whole.precision, whole.called, whole)
    recall = whole.hits / whole.positives
    fold = np.log2(precision / (whole.positives / whole.total))
    f1 = 2 * precision * recall / (precision + recall)
    columns = np.stack([precision, recall, fold, f1])
    return Sample(columns, whole.called, whole.positives, enough and not compat, extent)


def _warn(positives: int) -> None:
    warn(
        f"{positives} positive bins are too few, or too close together, to choose thresholds on some and measure the "
        "precision on others: the precision of the table is too high for other chromosomes"
    )


def rising(precision: np.ndarray, weights: np.ndarray, whole: Counts) -> np.ndarray:
    """Precision that never falls with the threshold, by isotonic regression.

    Args:
        precision: (thresholds,), NaN where it is unknown.
        weights: (thresholds,) of the regression.
        whole: counts of all bins: the precision of fewer than ten calls is unknown.

    Returns:
        (thresholds,) float64, NaN where it is unknown, 0, or of too few calls.
    """
    known = np.isfinite(precision) & (whole.called >= min(FEW, whole.positives))
    risen = np.full(len(precision), np.nan)
    if known.any():
        risen[known] = isotonic_regression(precision[known], weights=weights[known].astype(np.float64)).x
    return np.where(risen > 0, risen, np.nan)


def _table(samples: Sequence[Sample]) -> ThresholdTable:
    """The mean over the samples whose precision is known, at thresholds where there is one."""
    known = np.array([np.isfinite(sample.columns[0]) for sample in samples])
    keep = known.any(axis=0)
    if not keep.any():
        raise InputError(
            "A threshold table must have a row: no threshold finds a bound bin",
            received={"positives": [sample.positives for sample in samples]},
        )
    columns = {"threshold": GRID[keep]}
    for number, name in enumerate(_COLUMNS):
        values = np.array([sample.columns[number] for sample in samples])[:, keep]
        columns[name] = values.mean(axis=0) if name == "recall" else np.nanmean(values, axis=0)
    if len(samples) > 1:  # where a sample lacks high thresholds, the mean can fall
        weights = np.sum([sample.called for sample in samples], axis=0)[keep].astype(np.float64)
        for name in ("precision", "log2fc"):
            columns[name] = isotonic_regression(columns[name], weights=weights).x
    return ThresholdTable(columns)
