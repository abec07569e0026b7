"""From predictions and ChIP-seq to the table of thresholds that `predict` reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression

from zoo.arguments import items_of, switch
from zoo.errors import InputError, warn
from zoo.evaluate import bins
from zoo.evaluate.binding import FEW
from zoo.evaluate.counts import GRID, Counts
from zoo.evaluate.pooled import Pooled
from zoo.evaluate.probabilities import Reliability, classed, fitted, reliability
from zoo.evaluate.promises import crossfitted, interval, resampled, rising
from zoo.evaluate.selection import BinSelection, Extent
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.inputs.opening import named_intervals
from zoo.predict.thresholds import INTERVAL, PROBABILITY, Measured, ThresholdTable

Predicted = str | Path | Sequence[str | Path]
Peaks = str | Path | Sequence[Interval]
_BLOCK = 100_000  # bp; bins next to one another are not independent, so such blocks are taken as a whole
_GROUPS = 200  # of blocks, so that a genome's counts need no more memory than these
_COLUMNS = ("precision", "recall", "log2fc", "f1")


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
        chromosomes: on which.
        groups: counts of groups of blocks, each with a bin.
    """

    columns: np.ndarray
    called: np.ndarray
    positives: int
    crossfitted: bool
    extent: Extent
    chromosomes: tuple[str, ...]
    groups: Sequence[Counts] = field(repr=False)


@dataclass(frozen=True)
class Calibration:
    """A table, what it was made from, and how reliable its probabilities are, if it has some."""

    table: ThresholdTable
    samples: tuple[Sample, ...]
    reliability: Reliability | None = None


def calibrate(
    samples: Sequence[tuple[Predicted, Peaks]],
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
    probabilities: bool = False,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> ThresholdTable:
    """The table of `calibration`; arguments and errors as there."""
    chosen = chromosomes, blacklist, bin_size, rule, regions, compat, probabilities, genes, flank
    return calibration(samples, *chosen).table


def calibration(
    samples: Sequence[tuple[Predicted, Peaks]],
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
    probabilities: bool = False,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> Calibration:
    """The mean over cell types of precision, recall, log2 fold over random and F1 at thresholds 0, 0.001, … 1.

    Bins and their scores are those of `zoo.evaluate.binding.benchmark`. Precision is `crossfitted` between blocks of
    100 kb, then made to rise with the threshold by isotonic regression, and has a 95 % interval for other chromosomes
    (`zoo.evaluate.promises.interval`), of several cell types that of their mean. With fewer than 10 positive bins, or
    with all of them in one block, it is that of all bins, which is too high for others, without an interval; this
    raises a warning. Recall is that of all bins. Thresholds at which fewer than 10 bins are called, or fewer than there
    are positive ones, have no row: a precision of no call is unknown.

    Args:
        samples: (predicted bigWig, peaks or bigWig above 0 where something is bound), one for each cell type. Instead
            of a bigWig there may be several, each of chromosomes of its own: those that the model of a fold has not
            seen. Their bins are evaluated together, so that the table is of models whose scores are distributed alike.
        chromosomes: those held out for validation; default all of each prediction.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        rule: as for `benchmark`.
        regions: only the bins that overlap these.
        compat: with "maxatac" the bins of its `benchmark`, and the precision that its Methods describe (Cazares et al.
            2023, "Calibration of thresholds"): the highest one at this threshold or a lower one, not cross-fitted,
            without an interval; the table has its columns and no more. The mistakes in its program are not repeated.
        probabilities: also the probability that a bin is bound, by isotonic regression of what is bound on the scores
            of all cell types together. `predict(scale="probability")` writes it.
        genes: a GTF or GFF3 file, by which `regions` may be names of genes ("GATA1,TAL1").
        flank: bp that are added at both ends of each gene (default 0).

    Raises:
        InputError: no sample, one without a bound bin, scores that are no probabilities, predictions of one cell type
            that have a chromosome in common, or too few positive bins for probabilities.
        GenomeMismatch: a sample's files are of different assemblies.
    """
    pairs = [items_of(pair) for pair in items_of(samples) or ()]
    if not pairs or any(pair is None or len(pair) != 2 for pair in pairs):
        raise InputError(
            "There must be a prediction to calibrate, and each must have its peaks",
            example='[("ctcf.bw", "peaks.bed")]',
            received={"samples": samples},
        )
    if switch("probabilities", probabilities) and compat is not None:
        raise InputError("Probabilities must be without compat: its tables have none", received={"compat": compat})
    evaluated = []
    for prediction, peaks in pairs:
        track = _opened(prediction)
        here = named_intervals(regions, genes, flank, track)
        selection = BinSelection(track, chromosomes, None, here, blacklist, bin_size, compat)
        try:
            evaluated.append(_sample(track, peaks, selection, rule, compat))
        except InputError as error:
            if error.where is not None:
                raise
            raise type(error)(
                error.rule, where=track.path, received=error.received, example=error.example, hint=error.hint
            ) from None
    return _calibrated(evaluated, selection.bin_size, compat, probabilities)


def _opened(prediction: Predicted) -> Signal | Pooled:
    """A prediction, or several of different chromosomes as one."""
    several = None if isinstance(prediction, (str, Path)) else items_of(prediction)
    if not several:
        return bins.open_track(prediction)
    tracks = [bins.open_track(each) for each in several]
    return tracks[0] if len(tracks) == 1 else Pooled(tracks)


def _sample(track: Signal | Pooled, peaks: object, selection: BinSelection, rule: str, compat: str | None) -> Sample:
    """Blocks are dealt to groups in their order on the genome."""
    bound = bins.Bound(peaks, track.sizes, rule)
    selection.compare_with(bound, peaks)
    groups, first, chromosomes = [Counts() for _ in range(_GROUPS)], 0, []
    for chrom, places, keep in selection:
        keep, scores = selection.with_values(keep, bins.aggregated(track, chrom, places))
        positive, blocks = bound(chrom, places), first + places[:-1] // _BLOCK
        first = int(blocks[-1]) + 1
        for number in np.unique(blocks[keep] % _GROUPS):
            mine = keep & (blocks % _GROUPS == number)
            groups[number].add(positive[mine], scores[mine])
        selection.found(bound.touching(chrom, places, keep))
        chromosomes += [chrom] * bool(keep.any())
    return _summed([counts for counts in groups if counts.total], selection.extent, tuple(chromosomes), compat)


def _summed(groups: Sequence[Counts], extent: Extent, chromosomes: tuple[str, ...], compat: str | None) -> Sample:
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
    return Sample(columns, whole.called, whole.positives, enough and not compat, extent, chromosomes, groups)


def _warn(positives: int) -> None:
    warn(
        f"{positives} positive bins are too few, or too close together, to choose thresholds on some and measure the "
        "precision on others: the precision of the table is too high for other chromosomes"
    )


def _calibrated(samples: Sequence[Sample], bin_size: int, compat: str | None, wanted: bool) -> Calibration:
    """The table of the samples, with as much beside the authors' columns as they allow."""
    rows, columns = _columns(samples)
    if compat:
        return Calibration(ThresholdTable(columns), tuple(samples))
    chromosomes = tuple(dict.fromkeys(chrom for sample in samples for chrom in sample.chromosomes))
    total, positives = (sum(getattr(c, n) for s in samples for c in s.groups) for n in ("total", "positives"))
    measured = Measured(chromosomes, len(samples), total, positives, bin_size)
    found = None
    if all(sample.crossfitted for sample in samples):
        columns |= dict(zip(INTERVAL, _limits(samples, rows, columns["precision"]), strict=True))
    elif wanted:
        raise InputError(
            f"Probabilities must be calibrated on at least {FEW} bound bins of each sample, not all in one block",
            received={"bound": [sample.positives for sample in samples]},
        )
    if wanted:
        whole = sum((counts for sample in samples for counts in sample.groups), Counts())
        columns[PROBABILITY] = fitted(*classed(whole, rows))
        found = reliability([sample.groups for sample in samples], rows)
    return Calibration(ThresholdTable(columns, measured), tuple(samples), found)


def _columns(samples: Sequence[Sample]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Numbers in `GRID` of the rows; the mean over the samples whose precision is known, where there is one."""
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
    return np.flatnonzero(keep), columns


def _limits(samples: Sequence[Sample], rows: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Both ends of the interval of the mean precision, (2, rows)."""
    sums, counts = 0, 0
    for sample in samples:
        found = resampled(sample.groups)[:, rows]  # the same draws of blocks for each
        known = np.isfinite(found) & np.isfinite(sample.columns[0][rows])
        sums, counts = sums + np.where(known, found, 0), counts + known
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    called = np.mean([sample.called[rows] for sample in samples], axis=0)  # of the same places, which count once
    return interval(precision, called, means, min(len(sample.groups) for sample in samples))
