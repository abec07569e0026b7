"""Enrichment of cuts around transcription start sites (TSS), as ENCODE's ATAC-seq pipeline defines it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.genome import annotation

_REACH, _FLANK = 2000, 100  # bp on each side of a start, and of the background at both ends
_SPREAD = 20  # bp on each side of a cut that it counts for: about a read's length in all
_STEP = 10  # bp between the values that are kept of the profile
_SPAN = _REACH + _SPREAD


@dataclass(frozen=True)
class Starts:
    """The first bases of transcripts on a chromosome, each once.

    Attributes:
        places: (n,) int64, in bp, 0-based, rising.
        reverse: (n,) bool, those of the reverse strand.
    """

    places: np.ndarray
    reverse: np.ndarray


@dataclass(frozen=True)
class TssEnrichment:
    """How many more cuts lie at starts than 2 kb away from them.

    Attributes:
        starts: over which the mean is.
        profile: cuts, each counting for 20 bp on either side, at -2000, -1990, … 2000 bp from the starts in the
            direction of transcription, over the mean of the first and the last 100 bp; None if that is 0.
        enrichment: highest value of the profile at any base; None if there is none.
    """

    starts: int
    profile: tuple[float, ...] | None
    enrichment: float | None

    @classmethod
    def from_json(cls, said: Mapping) -> "TssEnrichment":
        """What `dataclasses.asdict` and JSON made of one."""
        profile = said["profile"]
        return cls(said["starts"], None if profile is None else tuple(profile), said["enrichment"])


def places() -> range:
    """Where the values of a profile lie, in bp from the starts."""
    return range(-_REACH, _REACH + 1, _STEP)


def read(path: Path, sizes: Mapping[str, int], every: Mapping[str, int] | None = None) -> dict[str, Starts]:
    """Chromosome → starts of the transcripts of a GTF file, of GENCODE's basic set where the file has one.

    Starts whose surroundings are not on the chromosome are left out.

    Args:
        path: plain or compressed.
        sizes: chromosome → bp, of those that count.
        every: the same of all chromosomes of the genome, with which the file is compared; default `sizes`.

    Raises:
        InputError: a line of the file that is none. GenomeMismatch: file and genome are of different assemblies.
    """
    found = annotation.read(path, every or sizes, "all")
    kept = [item for item in found.transcripts if item.is_basic] or found.transcripts
    by_chrom: dict[str, set[tuple[int, bool]]] = {}
    for item in kept:
        chrom = found.chroms[item.chrom]
        if item.tss is not None and _SPAN <= item.tss < sizes.get(chrom, 0) - _SPAN:
            by_chrom.setdefault(chrom, set()).add((item.tss, item.strand == "-"))
    return {
        chrom: Starts(
            *(
                np.array(column, kind)
                for column, kind in zip(zip(*sorted(starts), strict=True), (np.int64, bool), strict=True)
            )
        )
        for chrom, starts in by_chrom.items()
    }


class StartsCollector:
    """Adds up cuts around starts, stretch by stretch of the genome; memory holds one profile.

    Args:
        starts: by chromosome.
    """

    def __init__(self, starts: Mapping[str, Starts]) -> None:
        self._starts, self._sums = starts, np.zeros(2 * _SPAN + 1, np.int64)

    def add(self, chrom: str, first: int, counts: np.ndarray) -> None:
        """Cuts (n,) at a base of a chromosome and those after it."""
        if chrom not in self._starts:
            return
        known, last = self._starts[chrom], first + len(counts)
        near = slice(*np.searchsorted(known.places, [first - _SPAN, last + _SPAN]))
        for place, reverse in zip(known.places[near].tolist(), known.reverse[near].tolist(), strict=True):
            begin, end = max(place - _SPAN, first), min(place + _SPAN + 1, last)
            if begin < end:
                sums = self._sums[::-1] if reverse else self._sums
                at = begin - place + _SPAN
                sums[at : at + end - begin] += counts[begin - first : end - first]

    def finish(self) -> TssEnrichment:
        """Of everything that was added."""
        width = 2 * _SPREAD + 1
        profile = np.convolve(self._sums, np.full(width, 1 / width), "valid")
        flanks = float(np.mean([profile[:_FLANK], profile[-_FLANK:]]))
        count = sum(len(known.places) for known in self._starts.values())
        if not flanks > 0:
            return TssEnrichment(count, None, None)
        scaled = profile / flanks
        return TssEnrichment(count, tuple(scaled[::_STEP].round(4).tolist()), float(scaled.max()))
