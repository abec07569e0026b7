"""Haplotypes of a sample: binding predicted on each, with the sample's own signal (Cazares et al. 2023, figure 7).

All variants of a haplotype are in the sequence together; windows lie on it as they lie on the genome, and its bins are
compared on the reference's bases. Where a window holds heterozygous variants of two phase sets, its haplotypes
are unknown: bins that it predicts are NaN, and counted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import runs
from zoo.genome.vcf import Genotype, Variant, Vcf, trimmed
from zoo.notebook.tables import facts, titled
from zoo.variants.effects import Skipped, skip_reason

MISSING = "missing genotypes, taken as the reference"
HALF = "half-called genotypes, their unknown allele taken as the reference"
HAPLOID = "haploid genotypes, on both haplotypes"
UNPHASED = "unphased heterozygous genotypes, each a phase set of its own"
_POLYPLOID = "genotype of more than two alleles"


@dataclass(frozen=True)
class Phases:
    """Heterozygous variants of a chromosome, and which of them are phased with one another.

    Attributes:
        starts: (n,) int64, 0-based, rising.
        ends: (n,) int64.
        sets: (n,) int64, a number for each phase set.
        reach: (n,) int64, the furthest end so far.
    """

    starts: np.ndarray
    ends: np.ndarray
    sets: np.ndarray
    reach: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> "Phases":
        """From (start, end, set) in any order."""
        starts, ends, sets = np.array(sorted(rows), np.int64).reshape(-1, 3).T
        return cls(starts, ends, sets, np.maximum.accumulate(ends))

    def mixed(self, first: int, last: int) -> bool:
        """Whether bases `first` to `last`, both included, touch variants of more than one set."""
        stop = int(np.searchsorted(self.starts, last, side="right"))
        begin = int(np.searchsorted(self.reach, first, side="right"))
        inside = self.ends[begin:stop] > first
        return len(set(self.sets[begin:stop][inside].tolist())) > 1


@dataclass(frozen=True)
class Haplotype:
    """Variants of one copy of the chromosomes.

    Attributes:
        name: such as "NA12878 1".
        variants: chromosome of the genome → variants without bases that both alleles share, sorted, apart.
        skipped: those that are not in the sequence, and why.
        phases: chromosome of the genome → heterozygous variants, if they are of a sample.
        notes: assumptions about its genotypes → how many.
    """

    name: str
    variants: Mapping[str, Sequence[Variant]]
    skipped: Sequence[Skipped] = ()
    phases: Mapping[str, Phases] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        variants: Iterable[Variant],
        genome: Genome,
        phases: Mapping[str, Phases] | None = None,
        notes: Mapping[str, int] | None = None,
    ) -> "Haplotype":
        """Sort and check variants that stand on one haplotype together.

        Insertions and deletions stay where the file has them: further left another variant may stand.
        """
        by_chrom, skipped = {}, []
        for original in variants:
            chrom = names.find(original.chrom, genome.sizes)
            if reason := skip_reason(original, chrom, genome):
                skipped.append(Skipped(original, reason))
            else:
                by_chrom.setdefault(chrom, []).append((trimmed(original), original))
        kept = {}
        for chrom, pairs in by_chrom.items():
            pairs.sort(key=lambda pair: (pair[0].start, pair[0].end))
            kept[chrom], end = [], -1
            for variant, original in pairs:
                if variant.start < end or (kept[chrom] and variant == kept[chrom][-1]):
                    skipped.append(Skipped(original, "touches another variant of the haplotype"))
                    continue
                kept[chrom].append(variant)
                end = variant.end
        return cls(name, kept, tuple(skipped), phases or {}, notes or {})

    @classmethod
    def both(cls, vcf: str | Path, sample: str, genome: Genome) -> tuple["Haplotype", "Haplotype"]:
        """Both haplotypes of a sample of a VCF file.

        Records of one phase set (PS) are on the same haplotype; homozygous ones are on both. Unknown alleles count as
        the reference's; `notes` counts them. Records with what is no genotype are skipped.

        Raises:
            InputError: no such sample, or no heterozygous genotype that is phased where there are some.
        """
        records = _Sample(genome)
        for genotype in Vcf(vcf).genotypes(sample):
            records.add(genotype)
        return records.haplotypes(sample)

    def sequence(self, genome: Genome, chrom: str, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The haplotype over a stretch of the reference.

        Returns:
            Codes (length,) uint8, and (length,) int64 which base of the reference each stands for; for inserted ones
            that to their left. Variants that reach past the stretch's ends are left out.
        """
        codes, at = genome.codes(chrom, start, end), start
        parts, origins = [], []
        for variant in self.within(chrom, start, end):
            kept = min(len(variant.ref), len(variant.alt))
            parts += [codes[at - start : variant.start - start], encode(variant.alt)]
            origins += [np.arange(at, variant.start + kept), np.full(len(variant.alt) - kept, variant.start + kept - 1)]
            at = variant.end
        return np.concatenate([*parts, codes[at - start :]]), np.concatenate([*origins, np.arange(at, end)])

    def within(self, chrom: str, start: int, end: int) -> list[Variant]:
        """Variants that lie in a stretch with all their bases."""
        here = self.variants.get(chrom, ())
        first, last = (bisect_left(here, place, key=lambda variant: variant.start) for place in (start, end + 1))
        return [variant for variant in here[first:last] if variant.end <= end]


class _Sample:
    """The alleles of a sample, record by record."""

    def __init__(self, genome: Genome) -> None:
        self._genome = genome
        self._alleles: tuple[list[Variant], list[Variant]] = ([], [])
        self._phases: dict[str, list[tuple[int, int, int]]] = {}
        self._sets: dict[tuple[str, object], int] = {}
        self._notes: Counter[str] = Counter()
        self._skipped: list[Skipped] = []
        self._phased, self._unphased = 0, None

    def add(self, genotype: Genotype) -> None:
        """Put the alternative alleles of a record onto their haplotypes."""
        called = genotype.alleles
        if genotype.problem is not None:
            self._skipped += [Skipped(variant, genotype.problem) for variant in genotype.variants]
        elif set(called) == {None}:
            self._notes[MISSING] += 1
        elif len(called) > 2:
            chosen = sorted({allele for allele in called if allele})
            self._skipped += [Skipped(genotype.variants[allele - 1], _POLYPLOID) for allele in chosen]
        elif any(called):
            self._notes[HALF] += None in called
            self._notes[HAPLOID] += len(called) == 1
            if len(set(called)) > 1:
                self._add_phase(genotype)
            for copy, allele in zip(self._alleles, called * 2 if len(called) == 1 else called, strict=True):
                if allele:
                    copy.append(genotype.variants[allele - 1])
        else:
            self._notes[HALF] += None in called

    def _add_phase(self, genotype: Genotype) -> None:
        """Note to which phase set a heterozygous genotype belongs; one that is not phased has its own."""
        used = [genotype.variants[allele - 1] for allele in genotype.alleles if allele]
        chrom = names.find(used[0].chrom, self._genome.sizes)
        if all(skip_reason(variant, chrom, self._genome) for variant in used):
            return
        if genotype.phased:
            self._phased += 1
        else:
            self._notes[UNPHASED] += 1
            self._unphased = self._unphased or genotype
        name = genotype.phase_set if genotype.phased else object()
        number = self._sets.setdefault((chrom, name), len(self._sets))
        here = self._phases.setdefault(chrom, [])
        here.append((used[0].start, max(variant.end for variant in used), number))

    def haplotypes(self, sample: str) -> tuple[Haplotype, Haplotype]:
        """Both, once all records are there."""
        if self._unphased is not None and not self._phased:
            genotype = self._unphased
            raise InputError(
                "Heterozygous genotypes must be phased to predict haplotypes; none of this sample is",
                example="0|1",
                where=genotype.variants[0].where,
                received={"variant": str(genotype.variants[0]), "genotype": "/".join(map(str, genotype.alleles))},
                hint="Phase the file, or score its variants one by one with `zoo variants`",
            )
        phases = {chrom: Phases.of(rows) for chrom, rows in self._phases.items()}
        notes = {name: count for name, count in self._notes.items() if count}
        one, other = (
            Haplotype.of(f"{sample} {i}", variants, self._genome, phases, notes)
            for i, variants in enumerate(self._alleles, start=1)
        )
        return replace(one, skipped=(*one.skipped, *self._skipped)), replace(
            other, skipped=(*other.skipped, *self._skipped)
        )


@dataclass(frozen=True)
class HaplotypePrediction:
    """Predictions of a haplotype in regions.

    Attributes:
        name: of the haplotype.
        starts: for each region (bins,) int64, where bins begin on the reference.
        scores: for each region (bins,) float32; NaN where windows hold variants of several phase sets.
        skipped: variants that are not in the sequence.
        notes: assumptions about genotypes → how many.
    """

    name: str
    starts: Sequence[np.ndarray]
    scores: Sequence[np.ndarray]
    skipped: Sequence[Skipped]
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def unknown(self) -> int:
        """Bins without a score, because their windows hold heterozygous variants of several phase sets."""
        return sum(int(np.isnan(row).sum()) for row in self.scores)

    def __repr__(self) -> str:
        bins = f"{len(self.scores):,} regions, {sum(map(len, self.scores)):,} bins"
        return f"HaplotypePrediction({self.name!r}: {bins}, {self.unknown:,} of them unknown)"

    def _repr_html_(self) -> str:
        known = {
            "regions": len(self.scores),
            "bins": sum(map(len, self.scores)),
            "bins without a score": self.unknown,
            "highest score": float(np.fmax.reduce(np.concatenate(self.scores))) if len(self.scores) else None,
            **Counter(f"skipped: {entry.reason}" for entry in self.skipped),
            **self.notes,
        }
        return titled(f"Haplotype {self.name}", facts(known))


@dataclass(frozen=True)
class Site:
    """Neighboring bins where one of two predictions reaches a threshold.

    Attributes:
        interval: on the reference.
        first: the highest bin of the first prediction.
        second: of the second.
        kind: "shared" if both reach it here, "lost" if only the first does, "gained" if only the second.
    """

    interval: Interval
    first: float
    second: float
    kind: str


def differences(
    regions: Sequence[Interval],
    first: HaplotypePrediction,
    second: HaplotypePrediction,
    threshold: float,
    bin_size: int,
) -> list[Site]:
    """Where two predictions of the same regions differ by a model's threshold: of two haplotypes, or of two samples.

    Args:
        regions: of both.
        threshold: of a bin, such as that of the best F1 in the model's table. Scores are compared in float64.
    """
    sites = []
    for region, starts, *scores in zip(regions, first.starts, first.scores, second.scores, strict=True):
        one, other = (row.astype(np.float64) for row in scores)
        reached = np.maximum(one, other) >= threshold  # where one of them is NaN nothing is
        for left, right in runs(reached):
            highest = float(one[left:right].max()), float(other[left:right].max())
            both = min(highest) >= threshold
            kind = "shared" if both else "lost" if highest[0] >= threshold else "gained"
            interval = Interval(region.chrom, int(starts[left]), int(starts[right - 1]) + bin_size, region.name)
            sites.append(Site(interval, *highest, kind))
    return sites


def of_sample(name: str, haplotypes: Sequence[HaplotypePrediction]) -> HaplotypePrediction:
    """The higher of a sample's haplotypes in each bin, as binding on either is binding."""
    scores = [np.maximum.reduce(rows) for rows in zip(*(one.scores for one in haplotypes), strict=True)]
    skipped = [entry for one in haplotypes for entry in one.skipped]
    return HaplotypePrediction(name, haplotypes[0].starts, scores, skipped, haplotypes[0].notes)
