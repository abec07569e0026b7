"""Variants as variant-scorer takes them: alleles where the record has them, neither trimmed nor left-aligned.

`-` stands for no base. Alleles of one length are put in place whatever the genome has there; of others allele 1 must be
the genome's. What begins nearer to an end of its chromosome than half a window is left out.
"""

from collections.abc import Iterable
from dataclasses import replace

from zoo.errors import warn
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant
from zoo.variants.alleles import Place
from zoo.variants.effects import BEYOND, MISMATCH, NO_CHROMOSOME, Forms

NEAR_END = "nearer to its chromosome's end than half a window"
_NONE = "-"


def forms(window: int, strict: bool = False) -> Forms:
    """How variants are taken.

    Args:
        window: bp that the model reads.
        strict: whether REF must be the genome's also where alleles have one length.
    """
    half = window // 2

    def reason(variant: Variant, chrom: str | None, genome: Genome) -> str | None:
        if variant.start < 0:
            return variant.problem
        if chrom is None:
            return NO_CHROMOSOME
        written = bare(variant, genome, chrom)
        if written.end > genome.sizes[chrom]:
            return BEYOND
        if problem := _problem(variant, written):
            return problem
        if not half < variant.start + 1 <= genome.sizes[chrom] - half:
            return NEAR_END
        must_match = strict or len(written.ref) != len(written.alt)
        return None if not must_match or has_reference(written, chrom, genome) else MISMATCH

    return Forms(reason, bare)


def bare(variant: Variant, genome: Genome, chrom: str) -> Variant:
    """The variant as it stands, with no base where an allele is `-`. Arguments as `zoo.genome.vcf.normalized` has
    them."""
    ref, alt = ("" if allele == _NONE else allele for allele in (variant.ref, variant.alt))
    return replace(variant, ref=ref, alt=alt)


def has_reference(variant: Variant, chrom: str, genome: Genome) -> bool:
    """Whether the genome has the reference allele; it has one of no base everywhere."""
    return not variant.ref or genome.sequence(chrom, variant.start, variant.end) == variant.ref


def warn_of_others(places: Iterable[Place], genome: Genome) -> None:
    """Count substitutions whose REF is not the genome's, which are scored all the same."""
    others = [
        place.variant for place in places if not place.longer and not has_reference(place.variant, place.chrom, genome)
    ]
    if others:
        warn(
            f"{len(others):,} substitutions have a REF that is not the genome's, such as {others[0]}; both of their "
            "alleles are put in its place"
        )


def _problem(variant: Variant, written: Variant) -> str | None:
    """Why alleles are no bases; an empty one is none if the other is not."""
    if _NONE not in (variant.ref, variant.alt):
        return variant.problem
    return replace(written, ref=f"A{written.ref}", alt=f"A{written.alt}").problem
