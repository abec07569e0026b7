"""Which bins of a prediction are evaluated, how many are not, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from zoo.arguments import is_one_of, names_of, whole
from zoo.errors import InputError, warn
from zoo.evaluate import bins
from zoo.genome import names
from zoo.genome.interval import FURTHEST, Interval
from zoo.genome.signal import Signal

COMPATS = (None, "maxatac")


@dataclass
class Extent:
    """How much of some chromosomes was evaluated, and why the rest was not; each bin counts at the first reason.

    Attributes:
        total: whole bins of the chromosomes.
        evaluated: of them.
        outside: of them outside the requested regions.
        blacklisted: of them.
        uncovered: of them without a value in the prediction, left out.
        zeros: of them without a value, counted as 0 (`compat="maxatac"`).
        peaks: of all chromosomes; 0 where what is bound is a bigWig.
        peaks_outside: those on the chromosomes that touch no evaluated bin.
        peaks_elsewhere: those on chromosomes that were not requested.
        peaks_absent: those on chromosomes that the prediction lacks.
        absent: these chromosomes.
        unknown: chromosomes of the prediction that the measured track lacks, left out.
    """

    total: int = 0
    evaluated: int = 0
    outside: int = 0
    blacklisted: int = 0
    uncovered: int = 0
    zeros: int = 0
    peaks: int = 0
    peaks_outside: int = 0
    peaks_elsewhere: int = 0
    peaks_absent: int = 0
    absent: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def fraction(self) -> float:
        """Evaluated bins of all."""
        return self.evaluated / self.total if self.total else 0.0

    def to_json(self) -> dict:
        """A plain JSON object."""
        return {**asdict(self), "fraction": self.fraction}

    def __str__(self) -> str:
        return "\n".join([self._bins(), *self._peaks(), *self._chromosomes()])

    def _bins(self) -> str:
        left = {
            "without prediction": self.uncovered,
            "outside the regions": self.outside,
            "blacklisted": self.blacklisted,
        }
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left.items() if count)
        zeros = f"; {self.zeros:,} without prediction count as 0" if self.zeros else ""
        text = f"Evaluated: {self.evaluated:,} of {self.total:,} bins ({self.fraction:.1%})"
        return text + zeros + (f"; left out: {reasons}" if reasons else "")

    def _peaks(self) -> list[str]:
        lost = {
            "touch no evaluated bin": self.peaks_outside,
            "are on chromosomes that were not asked for": self.peaks_elsewhere,
            "are on chromosomes that the prediction lacks": self.peaks_absent,
        }
        return [f"Peaks that {reason}: {count:,} of {self.peaks:,}" for reason, count in lost.items() if count]

    def _chromosomes(self) -> list[str]:
        return [f"Left out, as the measured track lacks them: {names.some(self.unknown)}"] if self.unknown else []


class BinSelection:
    """The bins of a prediction that are evaluated: whole ones, in which it has a value.

    Args:
        track: the prediction, of `zoo.evaluate.bins.open_track`; or a track whose chromosomes and lengths count.
        chromosomes: default those with a whole bin, or those of `regions`.
        region: only bins that lie in it.
        regions: only bins that share a base with these: a BED file or intervals.
        blacklist: leave out the bins that share a base with these: a BED file, intervals, or a bigWig above 0 there.
        bin_size: bp.
        compat: with "maxatac" bins without a value count as 0, and edges are those of its `benchmark`.

    Attributes:
        chromosomes: by the track's names.
        extent: counted while the selection is iterated over.

    Raises:
        InputError: options that exclude one another, another compat, or a chromosome that the track lacks.
        GenomeMismatch: regions or a blacklist of another assembly.
    """

    def __init__(
        self,
        track: Signal,
        chromosomes: Sequence[str] | None = None,
        region: Interval | None = None,
        regions: str | Path | Sequence[Interval] | None = None,
        blacklist: str | Path | Sequence[Interval] | None = None,
        bin_size: int = 200,
        compat: str | None = None,
    ) -> None:
        _check(chromosomes, region, regions, compat)
        self.bin_size = whole("bin_size", bin_size, 1, FURTHEST)
        self._track, self._region, self._compat = track, region, compat
        self._explicit = chromosomes is not None or region is not None
        self._regions = None if regions is None else bins.Bound(regions, track.sizes, what="regions")
        self._blacklist = None
        if blacklist is not None:
            self._blacklist = bins.Bound(blacklist, track.sizes, what="blacklist", shared=False)
            if not self._blacklist.shared:
                warn("The blacklist has no chromosome of the prediction")
        self.chromosomes = self._chosen([region.chrom] if region else chromosomes)
        if region and not 0 <= region.start < region.end <= track.sizes[self.chromosomes[0]]:
            raise InputError(
                "A region must lie on its chromosome",
                where=track.path,
                received={"region": str(region), "length": track.sizes[self.chromosomes[0]]},
            )
        self.extent = Extent()

    def _chosen(self, chromosomes: Sequence[str] | None) -> list[str]:
        sizes = self._track.sizes
        if chromosomes is None:
            whole = [chrom for chrom, size in sizes.items() if size >= self.bin_size] or list(sizes)
            return [chrom for chrom in whole if self._regions is None or self._regions.peaks([chrom])] or whole
        chromosomes = names_of("chromosomes", chromosomes)
        matched = [names.find(chrom, sizes) for chrom in chromosomes]
        if missing := [chrom for chrom, name in zip(chromosomes, matched, strict=True) if name is None]:
            raise InputError(
                "The prediction must have the chromosomes",
                where=self._track.path,
                received={"missing": missing, "present": list(sizes)[:5]},
            )
        return list(dict.fromkeys(matched))

    def compare_with(self, bound: bins.Bound, measured: object) -> None:
        """Leave out the chromosomes that a measured bigWig lacks, and count the peaks of others.

        Raises:
            InputError: such a chromosome was requested.
        """
        unknown = [chrom for chrom in self.chromosomes if not bound.has(chrom)]
        if unknown and self._explicit:
            raise InputError(
                "The measured track must have the chromosomes", where=measured, received={"lacks": unknown}
            )
        self.chromosomes = [chrom for chrom in self.chromosomes if bound.has(chrom)]
        here, absent = bound.peaks(), sum(bound.absent.values())
        self.extent.unknown, self.extent.absent = unknown, [chrom for chrom, peaks in bound.absent.items() if peaks]
        self.extent.peaks, self.extent.peaks_absent = here + absent, absent
        self.extent.peaks_elsewhere = here - bound.peaks(self.chromosomes)
        self.extent.peaks_outside = bound.peaks(self.chromosomes)  # until `found` subtracts those that touch a bin

    def __iter__(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """(chromosome, edges of its bins (n + 1,), which of them count (n,) bool); far from a region there are none.

        Raises:
            InputError: no bin is left.
        """
        any_kept = False
        for chrom in self.chromosomes:
            places = bins.edges(self._track, chrom, self.bin_size, self._compat)
            self.extent.total += len(places) - 1
            if self._region:
                first = np.searchsorted(places, self._region.start)
                inside = places[first : np.searchsorted(places, self._region.end, side="right")]
                self.extent.outside += len(places) - max(len(inside), 1)
                places = inside
            keep = self._kept(chrom, places) if len(places) > 1 else np.zeros(0, bool)
            if keep.any():
                any_kept = True
                yield chrom, places, keep
        if not any_kept:
            raise InputError(
                "There must be a bin to evaluate",
                received={"chromosomes": self.chromosomes[:5], "region": str(self._region) if self._region else None},
            )

    def _kept(self, chrom: str, places: np.ndarray) -> np.ndarray:
        keep = np.ones(len(places) - 1, bool)
        if self._regions is not None:
            keep = self._regions(chrom, places)
            self.extent.outside += int((~keep).sum())
        if self._blacklist is not None:
            unwanted = self._blacklist(chrom, places)
            self.extent.blacklisted += int((keep & unwanted).sum())
            keep = keep & ~unwanted
        self.extent.evaluated += int(keep.sum())
        return keep

    def with_values(self, keep: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which bins (n,) count by their values (n,), NaN where there is none; and values, with `compat` 0 there."""
        known = ~np.isnan(values)
        lost = int((keep & ~known).sum())
        if self._compat:
            self.extent.zeros += lost
            return keep, np.where(known, values, values.dtype.type(0))
        self.extent.uncovered += lost
        self.extent.evaluated -= lost
        return keep & known, values

    def found(self, peaks: int) -> None:
        """Count peaks that touch an evaluated bin."""
        self.extent.peaks_outside -= peaks


def _check(chromosomes: object, region: object, regions: object, compat: str | None) -> None:
    if not is_one_of(compat, COMPATS):
        raise InputError("compat must be None or 'maxatac'", example="maxatac", received={"compat": compat})
    if region is not None and not isinstance(region, Interval):
        raise InputError("A region must be a zoo.Interval", received={"region": region})
    if region is not None and (chromosomes is not None or regions is not None):
        raise InputError(
            "A region must be given without chromosomes and without regions",
            received={"region": str(region)},
            hint="Give several places as regions",
        )
