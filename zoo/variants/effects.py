"""Variant effects: which variants can be scored, predictions of both alleles, and scores."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.forward.forward import Forward
from zoo.forward.readouts import untransformed
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.spans import merge, touches
from zoo.genome.vcf import Variant, normalized
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.variants.alleles import Place, on_reference
from zoo.variants.batches import AlleleBatches
from zoo.variants.scores import Score, scores_of_bins
from zoo.variants.window import VariantWindow

LONGEST = 50  # bp of an insertion or deletion; longer ones change windows too much to compare bins
MISMATCH = "REF is not the genome's"
NO_CHROMOSOME = "the genome lacks its chromosome"
BEYOND = "beyond the chromosome's end"


@dataclass(frozen=True)
class Skipped:
    """A variant that has no score, and why."""

    variant: Variant
    reason: str


def skip_reason(variant: Variant, chrom: str | None, genome: Genome) -> str | None:
    """Why a variant cannot be put into the sequence; None if it can.

    Args:
        chrom: its chromosome by the genome's name, None if there is none.
    """
    if variant.start < 0:
        return variant.problem
    if chrom is None:
        return NO_CHROMOSOME
    if variant.end > genome.sizes[chrom]:
        return BEYOND
    if variant.problem is not None:
        return variant.problem
    if abs(len(variant.alt) - len(variant.ref)) > LONGEST:
        return f"more than {LONGEST} bp inserted or deleted"
    return None if genome.sequence(chrom, variant.start, variant.end) == variant.ref else MISMATCH


@dataclass(frozen=True)
class Forms:
    """How variants are taken.

    Attributes:
        skip_reason: of a variant, its chromosome (None if there is none) and the genome: why it cannot be put into the
            sequence; None if it can.
        placed: the variant as it is put there, of a variant, the genome and the chromosome.
    """

    skip_reason: Callable[[Variant, str | None, Genome], str | None] = skip_reason
    placed: Callable[[Variant, Genome, str], Variant] = normalized


NORMALIZED = Forms()


def choose(
    variants: Iterable[Variant],
    inputs: Inputs,
    windows_of: Sequence[VariantWindow],
    only_passing: bool = False,
    forms: Forms = NORMALIZED,
) -> tuple[list[Variant], list[Place], list[Skipped]]:
    """Which variants can be scored.

    Args:
        variants: as they are given.
        inputs: the sequence, the tracks, and the blacklist.
        windows_of: how they lie in the windows of each model that is to read them.
        only_passing: leave out records whose FILTER is not PASS.
        forms: how they are taken; by default left-aligned and without bases that both alleles share.

    Returns:
        All variants, the places of those that are scored, and the others with a reason each.
    """
    genome, alike = inputs.genome, inputs.alike
    avoided, everything, places, skipped = merge(inputs.blacklist), [], [], []
    for number, variant in enumerate(variants):
        everything.append(variant)
        chrom = names.find(variant.chrom, genome.sizes)
        reason = _reason(variant, chrom, genome, alike, avoided, only_passing, forms)
        if reason is None:
            short = forms.placed(variant, genome, chrom)
            if all(window.holds(short) for window in windows_of):
                places.append(Place(number, chrom, short))
                continue
            reason = "alleles longer than the window shows"
        skipped.append(Skipped(variant, reason))
    return everything, places, skipped


def _reason(
    variant: Variant,
    chrom: str | None,
    genome: Genome,
    alike: Collection[str],
    avoided: Mapping[str, np.ndarray],
    only_passing: bool,
    forms: Forms,
) -> str | None:
    """Why a variant cannot be scored; None if it can."""
    if only_passing and not variant.passed:
        return "FILTER is not PASS"
    if reason := forms.skip_reason(variant, chrom, genome):
        return reason
    if chrom not in alike:
        return "the signal lacks its chromosome, or has another length of it"
    return "in the blacklist" if touches(avoided, chrom, variant.start, variant.end) else None


def profiles(
    forward: Forward,
    layout: VariantWindow,
    places: Sequence[Place],
    reader: WindowReader,
    batch_size: int = 256,
) -> Iterator[tuple[Sequence[Place], np.ndarray, np.ndarray, np.ndarray]]:
    """Predicted profiles of both alleles on the reference's bins, in the scale of the network.

    Args:
        forward: the compiled network.
        places: in the order of the genome (`zoo.variants.alleles.in_order`).
        batch_size: windows at once, two for each variant.

    Yields:
        Places, and (n, bins in common) float32 of the reference and of the alternative, of several tracks with an axis
        of these; and what the pass gives beside the bins in windows that are not shifted, (2n, columns), of both
        alleles in turn.
    """
    pairs = max(min(batch_size // 2, len(places)), 1)
    batches = AlleleBatches(forward, layout, reader, pairs)
    lost, bins = layout.common.start, layout.common.start + layout.common.stop
    for first in range(0, len(places), pairs):
        some = places[first : first + pairs]
        total = np.zeros((2 * len(some), layout.common.stop - lost, *layout.tracks), np.float64)
        for shift in layout.shifts:
            predicted = batches.predict(some, [batches.rows(place, shift) for place in some], shift)
            if shift == 0:
                beside = predicted[:, bins:]
            for number, place in enumerate(some):
                if place.longer:
                    begins = place.variant.start - layout.index + shift + layout.offset
                    row = predicted[2 * number + 1, :bins]
                    row[:] = on_reference(row, place, begins, layout.bin_size)
            moved = lost - shift // layout.bin_size
            total += predicted[:, moved : moved + total.shape[1]]
        mean = (total / len(layout.shifts)).astype(np.float32)
        yield some, mean[::2], mean[1::2], beside


def scored(
    layout: VariantWindow, reference: np.ndarray, alternative: np.ndarray, scores: Sequence[Score] | None = None
) -> dict[str, np.ndarray]:
    """Scores of profiles.

    Args:
        reference: (n, bins in common), of several tracks (n, bins in common, tracks); likewise `alternative`.
        scores: which; default the usual ones.

    Returns:
        Name → (n,) float64, of several tracks (n, tracks).
    """
    wanted = scores_of_bins(layout.scored.stop - layout.scored.start) if scores is None else scores
    reference, alternative = (
        untransformed(profile, layout.transform, table=layout.table) for profile in (reference, alternative)
    )
    if not layout.tracks:
        return {score.name: score.of(reference, alternative, layout.scored, layout.bin) for score in wanted}
    tracks = [(reference[..., track], alternative[..., track]) for track in range(*layout.tracks)]
    return {
        score.name: np.stack([score.of(*both, layout.scored, layout.bin) for both in tracks], axis=1)
        for score in wanted
    }
