"""Windows with either allele of a variant, and predictions of both on the reference's bins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.genome.encode import encode
from zoo.genome.vcf import Variant


@dataclass(frozen=True)
class Place:
    """A variant as it is predicted.

    Attributes:
        number: of the variant among all that were given.
        chrom: by the genome's name.
        variant: normalized.
    """

    number: int
    chrom: str
    variant: Variant

    @property
    def longer(self) -> int:
        """bp that the alternative allele has more."""
        return len(self.variant.alt) - len(self.variant.ref)

    def reach(self, window: int) -> int:
        """bp that a window of both alleles reads of the reference."""
        return window + max(-self.longer, 0)


def windows(tracks: Sequence[np.ndarray], place: Place, start: int, window: int) -> Iterator[list[np.ndarray]]:
    """The reference's window, then the alternative's: codes (window,) uint8, and each track.

    Both begin at the same base. After an insertion the alternative's window covers less of the genome, after a deletion
    more. Bases keep their track values; inserted ones have the value of the base to their left.

    Args:
        tracks: codes, and tracks if any, of `Place.reach` bp.
        start: where they begin on the chromosome.
    """
    variant = place.variant
    yield [track[:window] for track in tracks]
    first, kept = variant.start - start, min(len(variant.ref), len(variant.alt))
    changed = []
    for number, track in enumerate(tracks):
        if number == 0:
            allele = encode(variant.alt)
        else:
            left = track[first : first + kept]
            fill = np.full(len(variant.alt) - kept, track[max(first + kept - 1, 0)], np.float32)
            allele = np.concatenate([left, fill])
        changed.append(np.concatenate([track[:first], allele, track[first + len(variant.ref) :]])[:window])
    yield changed


def on_reference(profile: np.ndarray, place: Place, start: int, bin_size: int) -> np.ndarray:
    """An alternative allele's bins on the reference's: (bins,) or (bins, tracks) float32, the first one at `start`.

    Bins stand for their bp. Those of inserted bases have no place and are left out; deleted bases have the value of the
    base to their left; beyond the last predicted bp its value is repeated.
    """
    if not place.longer:
        return profile
    variant = place.variant
    shared = variant.start - start + min(len(variant.ref), len(variant.alt))
    position = np.arange(len(profile) * bin_size)
    source = np.where(position < shared, position, position + place.longer)
    source = np.where((position >= shared) & (position < variant.end - start), shared - 1, source)
    by_base = np.repeat(profile, bin_size, axis=0)[np.clip(source, 0, len(position) - 1)]
    by_bin = by_base.reshape(len(profile), bin_size, *profile.shape[1:])
    return by_bin.mean(axis=1, dtype=np.float64).astype(np.float32)


def in_order(places: Sequence[Place], chromosomes: Sequence[str]) -> list[Place]:
    """Sorted as the genome is read."""
    order = {chrom: number for number, chrom in enumerate(chromosomes)}
    return sorted(places, key=lambda place: (order[place.chrom], place.variant.start, place.number))
