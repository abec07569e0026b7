"""Predicted binding against ChIP-seq, in bins, as maxATAC's benchmark computes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_one_of
from zoo.errors import InputError, warn
from zoo.evaluate import bins
from zoo.evaluate.agreement import Agreement, Pairs
from zoo.evaluate.curves import DECIMALS, Curve, Scores
from zoo.evaluate.selection import BinSelection, Extent
from zoo.files.atomic import check_outputs, writing
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.inputs.opening import named_intervals

FEW = 10  # positive bins; figures of fewer are unstable
OF_TRACKS = tuple(how for how in bins.AGGREGATES if how != "coverage")
"""Aggregates of `quantitative`: a measured track is 0 where it has no value, so that its coverage does not vary."""


@dataclass(frozen=True)
class Binding:
    """Classification metrics of the scores of a set of bins.

    Attributes:
        bins: how many were evaluated.
        positives: those with a peak.
        random_precision: precision of random predictions: positive bins among all of them.
        aupr: area under the precision-recall curve as maxATAC computes it (`zoo.evaluate.curves.Curve.aupr`).
        average_precision: scikit-learn's, the step-wise area, which most articles quote.
        auroc: area under the receiver operating characteristic.
        precision_at_5_percent_recall: precision at a recall of 5 %.
        log2_fold: log2 of `aupr` over `random_precision`.
        best_f1: the highest F1 of all thresholds.
        best_f1_threshold: the score that gives it.
        why: of an empty row, why it is.
        covered: evaluated bins, as a fraction of all whole bins of the chromosomes.
    """

    bins: int
    positives: int
    random_precision: float | None = None
    aupr: float | None = None
    average_precision: float | None = None
    auroc: float | None = None
    precision_at_5_percent_recall: float | None = None
    log2_fold: float | None = None
    best_f1: float | None = None
    best_f1_threshold: float | None = None
    why: str | None = None
    covered: float = 1.0

    @classmethod
    def of(cls, curve: Curve, covered: float = 1.0) -> "Binding":
        """Metrics of a curve of some bins, which are this fraction of the chromosomes."""
        with np.errstate(divide="ignore"):
            fold = float(np.log2(curve.aupr / curve.random))
        return cls(
            curve.positives + curve.negatives,
            curve.positives,
            curve.random,
            curve.aupr,
            curve.average_precision,
            curve.auroc,
            curve.precision_at(0.05),
            fold if np.isfinite(fold) else None,
            *curve.best_f1,
            covered=covered,
        )

    def __str__(self) -> str:
        counts = f"({self.positives:,} of {self.bins:,} bins positive)"
        if self.why:
            return f"{self.why} {counts}"
        return (
            f"AUPR {self.aupr:.3f}, average precision {self.average_precision:.3f}, "
            f"random precision {self.random_precision:.4f} {counts}"
        )


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Result of `benchmark`.

    Attributes:
        overall: of all bins together.
        chromosomes: of each.
        bin_size: bp.
        curves: precision and recall over all bins, thinned for a picture.
        best: where F1 over all bins is highest (`zoo.evaluate.curves.Curve.best`).
        scores: all of them, by chromosome.
        extent: how much was evaluated, and why the rest was not.
    """

    overall: Binding
    chromosomes: Mapping[str, Binding]
    bin_size: int
    curves: Mapping[str, list[float]]
    best: Mapping[str, float]
    scores: Mapping[str, Scores] = field(repr=False)
    extent: Extent

    def to_json(self) -> dict:
        """A plain JSON object."""
        rows = {chrom: asdict(row) for chrom, row in self.chromosomes.items()}
        return {
            "bin_size": self.bin_size,
            "overall": asdict(self.overall),
            "chromosomes": rows,
            "curve": self.curves,
            "best": dict(self.best),
            "extent": self.extent.to_json(),
        }

    @property
    def curved(self) -> list[str]:
        """The chromosomes that have a curve."""
        return [chrom for chrom, row in self.chromosomes.items() if not row.why]

    def suffix(self, chrom: str) -> str:
        """What the file of a chromosome's curve ends with, as maxATAC calls it."""
        return f"_{chrom}_{self.bin_size}bp_PRC.tsv"

    def lines(self, chrom: str) -> Iterator[str]:
        """Every point of a chromosome's curve, as maxATAC writes them."""
        row = self.chromosomes[chrom]
        fold = float("-inf") if row.log2_fold is None else row.log2_fold
        constant = f"{row.aupr!r}\t{row.positives}\t{row.random_precision!r}\t{fold!r}"
        yield "Precision\tRecall\tThreshold\tAUPRC\tTotal_GoldStandard_Bins\tRandom_AUPRC\tlog2FC_AUPRC_Random_AUPRC\n"
        for point in zip(*(column.tolist() for column in self.scores[chrom].every_threshold()), strict=True):
            yield "\t".join(map(repr, point)) + f"\t{constant}\n"

    def write_tables(self, base: Path, reads: Sequence[object] = ()) -> list[Path]:
        """Write every point of the curve of each chromosome as `BASE_<chromosome>_<bin>bp_PRC.tsv`.

        Raises `InputError` if that would replace one of the files of `reads`, before anything is written.
        """
        paths = {chrom: base.with_name(f"{base.name}{self.suffix(chrom)}") for chrom in self.curved}
        check_outputs(paths.values(), reads)
        for chrom, path in paths.items():
            with writing(path) as file:
                file.writelines(self.lines(chrom))
        return list(paths.values())


def benchmark(
    prediction: str | Path,
    peaks: str | Path | Sequence[Interval],
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
    aggregate: str = "max",
    regions: str | Path | Sequence[Interval] | None = None,
    decimals: int = DECIMALS,
    compat: str | None = None,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> Benchmark:
    """Compare a predicted track with peaks (Cazares et al. 2023, Methods; maxATAC `benchmark`).

    Evaluated are the bins [0, 200), [200, 400) … in which the prediction has a value at any base: of a prediction of
    regions, that is where they are. A bin's score is the highest value in it, rounded to nine decimals. The result
    has the evaluated fraction of the chromosomes, and how many peaks lie elsewhere. Fewer than 10 positive bins raise a
    warning.

    Args:
        prediction: a bigWig.
        peaks: a BED file, intervals, or a bigWig that is above 0 where something is bound.
        chromosomes: default those of the prediction; what a bigWig of peaks lacks is left out.
        region: evaluate only the bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        rule: a bin is positive if peaks cover a base of it ("any") or half of its bases ("half").
        aggregate: of the values in a bin, one of `zoo.evaluate.bins.AGGREGATES`.
        regions: evaluate only the bins that overlap these: a BED file or intervals.
        decimals: scores that are equal when rounded to so many are ties.
        compat: with "maxatac" every bin of a chromosome is evaluated, those without a value as 0, and bin i of n goes
            from ⌊i L / n⌋ to ⌊(i + 1) L / n⌋.
        genes: a GTF or GFF3 file, by which `regions` may be names of genes ("GATA1,TAL1").
        flank: bp that are added at both ends of each gene (default 0).

    Raises:
        InputError: no bin is positive, or all are; a chromosome that the prediction lacks; options that exclude one
            another.
        GenomeMismatch: peaks and prediction are of different assemblies.
    """
    track = bins.open_track(prediction)
    regions = named_intervals(regions, genes, flank, track)
    selection = BinSelection(track, chromosomes, region, regions, blacklist, bin_size, compat)
    bound = bins.Bound(peaks, track.sizes, rule)
    selection.compare_with(bound, peaks)
    overall, by_chrom, rows = Scores(decimals), {}, {}
    for chrom, places, keep in selection:
        keep, scores = selection.with_values(keep, bins.aggregated(track, chrom, places, aggregate))
        if not keep.any() and chromosomes is None:
            continue
        positive, by_chrom[chrom] = bound(chrom, places)[keep], Scores(decimals)
        for each in (overall, by_chrom[chrom]):
            each.add(positive, scores[keep])
        selection.found(bound.touching(chrom, places, keep))
        rows[chrom] = _row(by_chrom[chrom], positive, len(positive) / (track.sizes[chrom] // selection.bin_size))
    curve = overall.curve()
    warn_of_few(curve.positives)
    whole = Binding.of(curve, selection.extent.fraction)
    return Benchmark(whole, rows, selection.bin_size, curve.thinned(), curve.best, by_chrom, selection.extent)


def warn_of_few(positives: int) -> None:
    """Warn where figures rest on fewer than 10 positive bins."""
    if positives < FEW:
        warn(f"Only {positives} of the evaluated bins are positive; figures that rest on fewer than {FEW} are unstable")


def quantitative(
    prediction: str | Path,
    measured: str | Path,
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    aggregate: str = "mean",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> dict[str, Agreement]:
    """Compare a predicted track with a measured one, in bins as `benchmark` has them: where the prediction has values.

    The measured track is 0 where it has no value.

    Args:
        prediction: a bigWig.
        measured: a bigWig.
        chromosomes: default those that both have.
        region: evaluate only the bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        aggregate: of the values in a bin, one of `OF_TRACKS`.
        regions: evaluate only the bins that overlap these.
        compat: as for `benchmark`.
        genes: a GTF or GFF3 file, by which `regions` may be names of genes ("GATA1,TAL1").
        flank: bp that are added at both ends of each gene (default 0).

    Returns:
        By chromosome, and under "all" of all of them.

    Raises:
        InputError: no bin to evaluate, or a chromosome that a track lacks.
        GenomeMismatch: the tracks are of different assemblies.
    """
    chosen = chromosomes, region, blacklist, bin_size, aggregate, regions, compat, genes, flank
    return correlated(prediction, measured, *chosen)[0]


def correlated(
    prediction: str | Path,
    measured: str | Path,
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    aggregate: str = "mean",
    regions: str | Path | Sequence[Interval] | None = None,
    compat: str | None = None,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> tuple[dict[str, Agreement], Extent]:
    """Result of `quantitative`, and how much was evaluated. Arguments and errors as there."""
    if not is_one_of(aggregate, OF_TRACKS):
        raise InputError(
            f"An aggregate of two tracks must be one of {', '.join(OF_TRACKS)}",
            example="mean",
            received={"aggregate": aggregate},
        )
    track, other = bins.open_track(prediction), Signal(user_path(measured, "measured"))
    shared = names.check_shared(track.sizes, other.sizes, str(prediction), str(measured))
    regions = named_intervals(regions, genes, flank, track)
    selection = BinSelection(track, chromosomes, region, regions, blacklist, bin_size, compat)
    selection.compare_with(bins.Bound(measured, track.sizes, what="measured track"), measured)
    overall, by_chrom = Pairs(), {}
    for chrom, places, keep in selection:
        keep, values = selection.with_values(keep, bins.aggregated(track, chrom, places, aggregate))
        if not keep.any():
            continue
        pairs = Pairs()
        for each in (overall, pairs):
            each.add(bins.aggregated(other, shared[chrom], places, aggregate)[keep], values[keep])
        by_chrom[chrom] = pairs.result()
    return {**by_chrom, "all": overall.result()}, selection.extent


def _row(scores: Scores, positive: np.ndarray, covered: float) -> Binding:
    if positive.all() or not positive.any():
        why = "no bin is positive" if not positive.any() else "all bins are positive"
        why = why if len(positive) else "the prediction has no value"
        return Binding(len(positive), int(positive.sum()), why=why, covered=covered)
    return Binding.of(scores.curve(), covered)
