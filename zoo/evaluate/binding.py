"""Predicted binding against ChIP-seq, in bins, as maxATAC's benchmark computes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.evaluate import bins
from zoo.evaluate.agreement import Agreement, Pairs
from zoo.evaluate.curves import Curve, Scores
from zoo.files.atomic import writing
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal

AGGREGATES = {"max": bins.maxima, "mean": bins.means}


@dataclass(frozen=True)
class Binding:
    """How well scores find the positive ones of a set of bins.

    Attributes:
        bins: how many were evaluated.
        positives: those with a peak.
        random: precision of guessing: positive bins among all of them.
        aupr: area under the precision-recall curve as maxATAC computes it (`zoo.evaluate.curves.Curve.aupr`).
        average_precision: scikit-learn's, the step-wise area, which most articles quote.
        auroc: area under the receiver operating characteristic.
        precision_at_5: precision at a recall of 5 %.
        log2_fold: log2 of `aupr` over `random`.
        f1: the best F1.
        f1_score: the score that gives it.
        why: of an empty row, why it is.
    """

    bins: int
    positives: int
    random: float | None = None
    aupr: float | None = None
    average_precision: float | None = None
    auroc: float | None = None
    precision_at_5: float | None = None
    log2_fold: float | None = None
    f1: float | None = None
    f1_score: float | None = None
    why: str | None = None

    @classmethod
    def of(cls, curve: Curve) -> "Binding":
        """What a curve says."""
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
        )

    def __str__(self) -> str:
        counts = f"({self.positives:,} of {self.bins:,} bins positive)"
        if self.why:
            return f"{self.why} {counts}"
        return (
            f"AUPR {self.aupr:.3f}, average precision {self.average_precision:.3f}, random {self.random:.4f} {counts}"
        )


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What `benchmark` found.

    Attributes:
        overall: of all bins together.
        chromosomes: of each.
        bin_size: bp.
        curves: precision and recall over all bins, thinned for a picture.
        scores: all of them, by chromosome.
    """

    overall: Binding
    chromosomes: Mapping[str, Binding]
    bin_size: int
    curves: Mapping[str, list[float]]
    scores: Mapping[str, Scores] = field(repr=False)

    def to_json(self) -> dict:
        """A plain JSON object."""
        rows = {chrom: asdict(row) for chrom, row in self.chromosomes.items()}
        return {"bin_size": self.bin_size, "overall": asdict(self.overall), "chromosomes": rows, "curve": self.curves}

    def write_tables(self, base: Path) -> list[Path]:
        """Write every point of the curve of each chromosome as `BASE_<chromosome>_<bin>bp_PRC.tsv`, as maxATAC does."""
        written = []
        for chrom, row in self.chromosomes.items():
            if row.why:
                continue
            precision, recall, threshold = self.scores[chrom].every_threshold()
            constant = f"{row.aupr!r}\t{row.positives}\t{row.random!r}\t{row.log2_fold!r}"
            path = base.with_name(f"{base.name}_{chrom}_{self.bin_size}bp_PRC.tsv")
            with writing(path) as file:
                file.write("Precision\tRecall\tThreshold\tAUPRC\tTotal_GoldStandard_Bins\tRandom_AUPRC\t")
                file.write("log2FC_AUPRC_Random_AUPRC\n")
                for point in zip(precision.tolist(), recall.tolist(), threshold.tolist(), strict=True):
                    file.write("\t".join(map(repr, point)) + f"\t{constant}\n")
            written.append(path)
        return written


def benchmark(
    prediction: str | Path,
    peaks: str | Path | Sequence[Interval],
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    rule: str = "any",
) -> Benchmark:
    """Compare a predicted track with peaks (Cazares et al. 2023, Methods; maxATAC `benchmark`).

    A chromosome of L bp has n = ⌊L / bin_size⌋ bins, bin i from ⌊i L / n⌋ to ⌊(i + 1) L / n⌋. A bin's score is the
    highest prediction in it, 0 where nothing was predicted, rounded to nine decimals.

    Args:
        prediction: a bigWig.
        peaks: a BED file, intervals, or a bigWig that is above 0 where something is bound.
        chromosomes: default those of the prediction.
        region: evaluate only the bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        rule: a bin is positive if peaks cover a base of it ("any") or half of its bases ("half").

    Raises:
        InputError: no bin is positive, or all are; a chromosome that the prediction lacks.
        GenomeMismatch: peaks and prediction are of different assemblies.
    """
    track = Signal(prediction)
    bound = bins.Bound(peaks, track.sizes, rule)
    overall, by_chrom, rows = Scores(), {}, {}
    for chrom, places, keep in kept(track, chromosomes, region, blacklist, bin_size):
        scores, positive = bins.maxima(track, chrom, places)[keep], bound(chrom, places)[keep]
        by_chrom[chrom] = Scores()
        for each in (overall, by_chrom[chrom]):
            each.add(positive, scores)
        rows[chrom] = _row(by_chrom[chrom], positive)
    curve = overall.curve()
    return Benchmark(Binding.of(curve), rows, bin_size, curve.thinned(), by_chrom)


def quantitative(
    prediction: str | Path,
    measured: str | Path,
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: str | Path | Sequence[Interval] | None = None,
    bin_size: int = 200,
    aggregate: str = "mean",
) -> dict[str, Agreement]:
    """Compare a predicted track with a measured one, in bins as `benchmark` has them.

    Args:
        prediction: a bigWig.
        measured: a bigWig.
        chromosomes: default those of the prediction.
        region: evaluate only the bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        aggregate: "mean" or "max" of the bases of a bin.

    Returns:
        By chromosome, and under "all" of all of them.

    Raises:
        InputError: no bin to evaluate, or a chromosome that a track lacks.
        GenomeMismatch: the tracks are of different assemblies.
    """
    if aggregate not in AGGREGATES:
        raise InputError(f"An aggregate is one of {', '.join(AGGREGATES)}", received={"aggregate": aggregate})
    track, other = Signal(prediction), Signal(measured)
    shared = names.check_shared(track.sizes, other.sizes, str(prediction), str(measured))
    names.check_lengths(shared, track.sizes, other.sizes, str(prediction), str(measured))
    overall, found, of = Pairs(), {}, AGGREGATES[aggregate]
    for chrom, places, keep in kept(track, chromosomes or list(shared), region, blacklist, bin_size):
        if chrom not in shared:
            raise InputError("The measured track has the chromosomes", where=other.path, received={"missing": chrom})
        pairs = Pairs()
        for each in (overall, pairs):
            each.add(of(other, shared[chrom], places)[keep], of(track, chrom, places)[keep])
        found[chrom] = pairs.result()
    return {**found, "all": overall.result()}


def _row(scores: Scores, positive: np.ndarray) -> Binding:
    if positive.all() or not positive.any():
        why = "no bin is positive" if not positive.any() else "all bins are positive"
        return Binding(len(positive), int(positive.sum()), why=why)
    return Binding.of(scores.curve())


def kept(
    track: Signal,
    chromosomes: Sequence[str] | None,
    region: Interval | None,
    blacklist: str | Path | Sequence[Interval] | None,
    bin_size: int,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(chromosome, edges of its bins (n + 1,), which of them count (n,) bool); those far from a region are left out."""
    unwanted = bins.spans(blacklist, track.sizes, "blacklist") if blacklist is not None else {}
    whole = [chrom for chrom, size in track.sizes.items() if size >= bin_size] or list(track.sizes)
    chosen, found = [region.chrom] if region else list(chromosomes or whole), False
    for chrom in chosen:
        places = bins.edges(track, chrom, bin_size)
        if region:
            first, last = np.searchsorted(places, region.start), np.searchsorted(places, region.end, side="right")
            places = places[first:last]
        keep = bins.covered(places, unwanted.get(chrom)) == 0 if len(places) > 1 else np.zeros(0, bool)
        if keep.any():
            found = True
            yield chrom, places, keep
    if not found:
        raise InputError("There is a bin to evaluate", received={"chromosomes": chosen, "region": region})
