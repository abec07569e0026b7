"""Allele-specific reads: which variants show an effect in a donor's chromatin, and their agreement with scores.

ATAC-seq reads over a heterozygous variant come from one allele or the other; reads of the whole genome over the same
site give the expectation without an effect (Grover et al. 2026, Methods; the filter of their code).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn import metrics

from zoo import arguments
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.bed import raw_lines
from zoo.genome.interval import FURTHEST, Interval
from zoo.genome.spans import merge, touches
from zoo.genome.text import whole
from zoo.genome.vcf import Variant

COUNTS = ("wgs_ref", "wgs_alt", "atac_ref", "atac_alt")


@dataclass(frozen=True)
class Allelic:
    """Reads over variants.

    Attributes:
        variants: n of them.
        counts: (n, 4) int64, reads of `COUNTS`.
    """

    variants: Sequence[Variant]
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.variants)

    @property
    def wgs_vaf(self) -> np.ndarray:
        """(n,) fraction of the whole genome's reads that have the alternative allele; NaN without reads."""
        return _fraction(self.counts[:, 1], self.counts[:, 0])

    @property
    def atac_vaf(self) -> np.ndarray:
        """(n,) the same of ATAC-seq reads."""
        return _fraction(self.counts[:, 3], self.counts[:, 2])

    @property
    def odds_ratio(self) -> np.ndarray:
        """(n,) (ATAC ref × WGS alt) / (ATAC alt × WGS ref): above 1 if the reference allele is more accessible."""
        wgs_ref, wgs_alt, atac_ref, atac_alt = self.counts.T.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return atac_ref * wgs_alt / (atac_alt * wgs_ref)

    @property
    def log_odds(self) -> np.ndarray:
        """(n,) natural logarithm of 1 / odds ratio: above 0 if the alternative allele is more accessible.

        What scores such as `log2_fold_change` are compared with.
        """
        with np.errstate(divide="ignore"):
            return -np.log(self.odds_ratio)

    @property
    def p_value(self) -> np.ndarray:
        """(n,) Fisher's exact test of both alleles in both experiments, two-sided."""
        return np.array([stats.fisher_exact([[c, d], [a, b]]).pvalue for a, b, c, d in self.counts])

    def kept(self, which: np.ndarray) -> "Allelic":
        """Those where (n,) bool is true."""
        return Allelic(
            [variant for variant, keep in zip(self.variants, which, strict=True) if keep], self.counts[which]
        )


@dataclass(frozen=True)
class AllelicAgreement:
    """Agreement of scores with allelic imbalance, in size and direction.

    Attributes:
        variants: that were compared.
        spearman: rank correlation of scores and log odds.
        balanced_accuracy: of the sign: mean of the fractions that are right among gains and among losses.
        f1: of gains.
        mcc: Matthews correlation coefficient of the sign.
        random: the same four of scores in random order, mean over 1,000.
    """

    variants: int
    spearman: float
    balanced_accuracy: float
    f1: float
    mcc: float
    random: Mapping[str, float]


def read_counts(path: str | Path) -> Allelic:
    """Read a table with the columns chrom, pos (1-based), ref, alt, wgs_ref, wgs_alt, atac_ref, atac_alt; tabs between.

    Raises:
        InputError: another table; the message names line and column.
    """
    lines = [line.rstrip("\r\n").split("\t") for line in raw_lines(path) if line.strip()]
    heads = [head.lower().lstrip("#") for head in lines[0]] if lines else []
    wanted = ("chrom", "pos", "ref", "alt", *COUNTS)
    if missing := [name for name in wanted if name not in heads]:
        raise InputError(
            f"A table of reads must have the columns {', '.join(wanted)}, with tabs between",
            where=path,
            received={"missing": missing},
        )
    at = [heads.index(name) for name in wanted]
    variants, counts = [], []
    for number, line in enumerate(lines[1:], start=2):
        try:
            chrom, pos, ref, alt, *reads = (line[i] for i in at)
            row, place = [whole(cell) for cell in reads], whole(pos)
            if min(row) < 0 or not 1 <= place < FURTHEST:
                raise ValueError
        except (IndexError, ValueError):
            raise InputError(
                "Positions must be whole numbers from 1, and reads from 0",
                where=f"{path}, line {number}",
                received={"line": "\t".join(line)[:80]},
            ) from None
        variants.append(Variant(chrom, place - 1, ref.upper(), alt.upper(), where=f"{path}, line {number}"))
        counts.append(row)
    return Allelic(variants, np.array(counts, np.int64).reshape(-1, len(COUNTS)))


def select(
    found: Allelic,
    wgs_vaf: tuple[float, float] = (0.4, 0.6),
    most_p_value: float = 0.01,
    neutral: tuple[float, float] = (0.67, 1.33),
    least_reads: int = 10,
    apart: int = 200,
    blacklist: Iterable[Interval] = (),
) -> tuple[Allelic, dict[str, int]]:
    """Variants that show an effect.

    Args:
        found: all of them.
        wgs_vaf: heterozygous are those whose fraction of the alternative allele in the whole genome lies within.
        most_p_value: of Fisher's test.
        neutral: odds ratios strictly between these are no effect.
        least_reads: of ATAC-seq, both alleles together; both must have some.
        apart: bp; variants nearer to another one of the table are left out, both of them.
        blacklist: intervals by the variants' names of chromosomes.

    Returns:
        Those that are left, and how many each step left out, in their order.

    Raises:
        InputError: a limit that is no number, a range that is not two of them, or a blacklist of something else.
    """
    low, high = _range("wgs_vaf", wgs_vaf)
    neutral = _range("neutral", neutral)
    most_p_value = arguments.number("most_p_value", most_p_value, "0 or more", lambda value: value >= 0)
    least_reads = arguments.whole("least_reads", least_reads, 0, FURTHEST)
    apart = arguments.whole("apart", apart, 0, FURTHEST)
    avoided = merge(bed.listed("blacklist", blacklist))
    steps = {
        "near another variant": _alone(found.variants, apart),
        "in the blacklist": np.array(
            [not touches(avoided, variant.chrom, variant.start, variant.end) for variant in found.variants], bool
        ),
        "few ATAC-seq reads": found.counts[:, 2:].sum(axis=1) >= least_reads,
        "ATAC-seq reads of one allele only": (found.counts[:, 2:] > 0).all(axis=1),
        "not heterozygous": (found.wgs_vaf >= low) & (found.wgs_vaf <= high),
    }
    left, lost = np.ones(len(found), bool), {}
    for reason, keep in steps.items():
        lost[reason] = int((left & ~keep).sum())
        left &= keep
    tested = found.kept(left)
    shown = (tested.odds_ratio <= neutral[0]) | (tested.odds_ratio >= neutral[1])
    lost["odds ratio near 1"] = int((~shown).sum())
    tested = tested.kept(shown)
    sure = tested.p_value < most_p_value
    lost["no significant difference"] = int((~sure).sum())
    return tested.kept(sure), lost


def evaluate(scores: np.ndarray, found: Allelic, seed: int = 0) -> AllelicAgreement:
    """Compare scores with log odds; both are above 0 where the alternative allele is more accessible.

    Args:
        scores: (n,), such as `log2_fold_change`; those that are NaN (skipped variants) are left out.
        found: the n variants.
        seed: of the random order.

    Raises:
        InputError: fewer than three variants, or all in one direction.
    """
    seed = arguments.whole("seed", seed, 0, (1 << 64) - 1)
    truth = found.log_odds
    scores = np.asarray(scores)
    if scores.shape != truth.shape or scores.dtype.kind not in "iuf":
        raise InputError(
            "There must be a score for each variant", received={"scores": scores.shape, "variants": len(truth)}
        )
    known = np.isfinite(scores) & np.isfinite(truth)
    scores, truth = np.asarray(scores, np.float64)[known], truth[known]
    if len(scores) < 3 or len(set(truth > 0)) < 2:
        raise InputError(
            "At least three variants, of both directions, must be there to compare scores with",
            received={"variants": len(scores), "gains": int((truth > 0).sum())},
        )
    random = np.random.default_rng(seed)
    shuffled = [_measures(random.permutation(scores), truth) for _ in range(1000)]
    mean = {name: float(np.mean([row[name] for row in shuffled])) for name in shuffled[0]}
    return AllelicAgreement(len(scores), **_measures(scores, truth), random=mean)


def _measures(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    predicted, gains = scores > 0, truth > 0
    true, false = (predicted & gains).sum(), (predicted & ~gains).sum()
    return {
        "spearman": float(np.corrcoef(stats.rankdata(scores), stats.rankdata(truth))[0, 1]),
        "balanced_accuracy": float(0.5 * (true / gains.sum() + 1 - false / (~gains).sum())),
        "f1": float(2 * true / (predicted.sum() + gains.sum())),
        "mcc": float(metrics.matthews_corrcoef(gains, predicted)),
    }


def _fraction(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return some / (some + others)


def _range(name: str, value: object) -> tuple[float, float]:
    """Two numbers, the low one first."""
    ends = arguments.items_of(value)
    if not (ends and len(ends) == 2 and all(map(arguments.is_number, ends)) and ends[0] <= ends[1]):
        raise InputError(f"The {name} must be two numbers, the low one first", received={name: value})
    return float(ends[0]), float(ends[1])


def _alone(variants: Sequence[Variant], apart: int) -> np.ndarray:
    """Which have no other one nearer than that."""
    alone = np.ones(len(variants), bool)
    by_chrom: dict[str, list[int]] = {}
    for number, variant in enumerate(variants):
        by_chrom.setdefault(variant.chrom, []).append(number)
    for numbers in by_chrom.values():
        order = np.array(sorted(numbers, key=lambda i: variants[i].start))
        near = np.diff([variants[i].start for i in order]) < apart
        alone[order[1:][near]] = alone[order[:-1][near]] = False
    return alone
