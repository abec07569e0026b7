"""Which known motifs a variant makes or breaks.

Both alleles are scanned on both strands; an instance counts if it overlaps the variant's bases (of an allele without
bases, the place between its neighbours). A motif *is there* if its best instance has a P value of at most a limit. It
is *broken* if it is there with the reference allele only, *made* if with the alternative allele only, and *weaker* or
*stronger* if it is there with both and its scores differ; others are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.arguments import number, some
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.encode import encode
from zoo.genome.instances import Instance, Scanner
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant, normalized
from zoo.variants import reading
from zoo.variants.effects import skip_reason

P_VALUE = 1e-4
BROKEN, MADE, WEAKER, STRONGER = "broken", "made", "weaker", "stronger"


@dataclass(frozen=True)
class MotifChange:
    """What a variant does to a motif.

    Attributes:
        motif: its name.
        change: "broken", "made", "weaker" or "stronger".
        ref_score: log2 odds of the best instance with the reference allele; NaN if there is no place for one.
        alt_score: the same with the alternative allele.
        difference: alternative minus reference.
        ref_p: P value of the reference's; NaN likewise.
        alt_p: of the alternative's.
        chrom: by the genome's name.
        start: of the instance, of a broken or weaker one the reference's, else the alternative's, whose bases before
            the variant's end are those of the genome; bp, 0-based.
        end: exclusive: `start` and the motif's width.
        strand: of that instance.
    """

    motif: str
    change: str
    ref_score: float
    alt_score: float
    difference: float
    ref_p: float
    alt_p: float
    chrom: str
    start: int
    end: int
    strand: str

    @property
    def of_reference(self) -> bool:
        """Whether the instance is that of the reference allele."""
        return self.change in (BROKEN, WEAKER)

    def __str__(self) -> str:
        """CTCF: broken (score 14.2 → 6.1)."""
        scores = " → ".join("none" if np.isnan(s) else f"{s:.1f}" for s in (self.ref_score, self.alt_score))
        return f"{self.motif}: {self.change} (score {scores})"


def known_motifs(motifs: object) -> Mapping[str, np.ndarray]:
    """Name → probabilities (4, width), given so or as a MEME file. Raises `InputError` for none."""
    return some("motifs", motifs, "jaspar.meme") if isinstance(motifs, Mapping) else read_motifs(motifs)


def motif_changes(
    variant: object, genome: Genome | str | Path, motifs: object, p_value: float = P_VALUE
) -> list[MotifChange]:
    """Motifs that a variant makes, breaks, or changes, those whose scores differ most first.

    Args:
        variant: one, as `Model.score_variants` takes it: `chr20:10677450:C:T`, (chrom, pos from 1, ref, alt), a
            `Variant`.
        genome: the path of a `.2bit` or FASTA file, or a `Genome`.
        motifs: a MEME file, or name → probabilities of A, C, G, T, (4, width).
        p_value: the highest of an instance.

    Raises:
        InputError: several variants, one that is no change of bases at its place of the genome, no MEME file, or a
            P value that is none.
    """
    limit = number("p_value", p_value, "above 0 and at most 1", lambda value: 0 < value <= 1, example=P_VALUE)
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    chrom, short = the_variant(variant, genome)
    known = known_motifs(motifs)
    widest = max(pwm.shape[1] for pwm in known.values())
    before = genome.codes(chrom, short.start - widest, short.start)
    after = genome.codes(chrom, short.end, short.end + widest)
    alleles = [np.concatenate([before, encode(allele), after]) for allele in (short.ref, short.alt)]
    changes = []
    for name, pwm in known.items():
        scanner = Scanner(np.asarray(pwm, np.float64))
        both = []
        for codes, allele in zip(alleles, (short.ref, short.alt), strict=True):
            touching = widest - scanner.width + 1, widest + len(allele) - 1
            both.append(scanner.best(codes, *touching) if scanner.width > 1 or allele else None)
        changes.append(_change(name, scanner.width, chrom, short.start - widest, both, limit))
    found = [change for change in changes if change is not None]
    return sorted(found, key=lambda change: -abs(np.nan_to_num(change.difference, nan=np.inf)))


def the_variant(variant: object, genome: Genome) -> tuple[str, Variant]:
    """The chromosome by the genome's name, and the variant as it is scored, left-aligned and without shared bases.

    Raises:
        InputError: several variants, or one that is no change of bases at its place of the genome.
    """
    given = reading.read([variant] if isinstance(variant, (tuple, Variant)) else variant, genome)
    if len(given) != 1:
        raise InputError(
            "There must be one variant here, with one alternative allele",
            received={"variants": len(given)},
            example="chr20:10677450:C:T",
        )
    chrom = names.find(given[0].chrom, genome.sizes)
    if reason := skip_reason(given[0], chrom, genome):
        raise InputError(
            f"The variant must be one that can be scored: {reason}",
            where=genome.path,
            received={"variant": str(given[0])},
        )
    return chrom, normalized(given[0], genome, chrom)


def write_changes(changes: Iterable[MotifChange], handle: TextIO) -> None:
    """A table of changes, a row each, with the attributes as columns; `start` is 0-based as in BED."""
    handle.write("\t".join(field.name for field in fields(MotifChange)) + "\n")
    for change in changes:
        cells = (f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in astuple(change))
        handle.write("\t".join(cells) + "\n")


def _change(
    motif: str, width: int, chrom: str, origin: int, both: Sequence[Instance | None], limit: float
) -> MotifChange | None:
    """What becomes of a motif; None if it is there with no allele, or the same with both.

    Args:
        origin: where the stretches begin that `both` instances, of the reference and of the alternative, lie in.
    """
    there = [instance is not None and instance.p_value <= limit for instance in both]
    scores = [np.nan if instance is None else instance.score for instance in both]
    chances = [np.nan if instance is None else instance.p_value for instance in both]
    if not any(there) or scores[0] == scores[1]:
        return None
    change = BROKEN if not there[1] else MADE if not there[0] else WEAKER if scores[1] < scores[0] else STRONGER
    shown = both[0] if change in (BROKEN, WEAKER) else both[1]
    start = origin + shown.start
    place = (chrom, start, start + width, shown.strand)
    return MotifChange(motif, change, *scores, scores[1] - scores[0], *chances, *place)
