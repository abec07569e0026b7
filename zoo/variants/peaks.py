"""Peaks beside variants: counts that a model predicts at their summits, and which of them a variant is in or near."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from zoo.errors import InputError, warn
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.spans import by_chromosome
from zoo.genome.text import whole
from zoo.inputs.reader import WindowReader
from zoo.variants.alleles import Place

OVERLAP, DISTANCE, NEAREST = "peak_overlap", "peak_distance", "nearest_peak"  # columns
INFO = {  # of VCF files: key → column and description
    "PEAK": (OVERLAP, "1 in a peak, else 0"),
    "PEAKDIST": (DISTANCE, "bp to the nearest peak, 0 in it"),
}


@dataclass(frozen=True)
class Peaks:
    """Peaks of an assay, each of them once.

    Attributes:
        peaks: on the genome's chromosomes.
        starts: (peaks,) int64, where the window around each summit begins; -1 for one that a chromosome's end cuts.
        window: bp of these.
    """

    peaks: tuple[Interval, ...]
    starts: np.ndarray
    window: int

    @classmethod
    def read(cls, value: object, sizes: Mapping[str, int], window: int, compat: str | None = None) -> "Peaks":
        """Read peaks; those of a file on chromosomes that the genome lacks are left out and counted.

        Args:
            value: a narrowPeak or BED file, or anything else that `zoo.genome.bed.centers` takes; without a summit
                their middle is meant.
            sizes: chromosome → bp of the genome.
            window: bp that the model reads.
            compat: "chrombpnet" for windows as variant-scorer has them, one base further left, and for files of chrom,
                start, end and the summit's distance from the start.

        Raises:
            InputError: what is no peak, `GenomeMismatch` for one beyond its chromosome's end or if the genome lacks all
                of their chromosomes; or none whose window lies inside its chromosome.
        """
        given = _on_genome(_given(value, sizes, compat), sizes)
        once: dict[tuple[str, int, int, int], Interval] = {}
        for peak, summit in given:
            once.setdefault((peak.chrom, peak.start, peak.end, summit), peak)
        half = window // 2
        inside = [summit - half > 0 and summit + half <= sizes[chrom] for chrom, _, _, summit in once]
        if not any(inside):
            raise InputError(
                f"There must be a peak whose window of {window:,} bp lies inside its chromosome",
                received={"peaks": str(value)[:80], "given": len(given)},
            )
        if outside := inside.count(False):
            warn(f"{outside:,} peaks are left out of the quantiles: a chromosome's end cuts their windows")
        before = half + 1 if compat else half
        starts = [summit - before if here else -1 for here, (*_, summit) in zip(inside, once, strict=True)]
        return cls(tuple(once.values()), np.array(starts, np.int64), window)

    def __len__(self) -> int:
        """How many have a window."""
        return int((self.starts >= 0).sum())

    def identity(self) -> dict[str, object]:
        """What counts and annotations depend on."""
        digest = hashlib.sha256(self.starts.tobytes())
        for peak in self.peaks:
            digest.update(f"{peak.chrom} {peak.start} {peak.end} {peak.name}\n".encode())
        return {"peaks": len(self.peaks), "with_window": len(self), "sha256": digest.hexdigest()}

    def predict(
        self, reader: WindowReader, codes: Callable[..., np.ndarray], column: slice, batch_size: int
    ) -> np.ndarray:
        """What a forward pass gives at the summits.

        Args:
            reader: of windows.
            codes: such as `Forward.codes`.
            column: which of its columns.
            batch_size: windows at once.

        Returns:
            (peaks with a window, columns), in the order of the file.
        """
        windows = [
            Interval(peak.chrom, start, start + self.window)
            for peak, start in zip(self.peaks, self.starts.tolist(), strict=True)
            if start >= 0
        ]
        predictions = []
        for first in range(0, len(windows), batch_size):
            some = windows[first : first + batch_size]
            more = reader.covariates_of(((item.chrom, item.start, item.end) for item in some), len(some))
            predictions.append(codes(*reader.batch(some), *more)[:, column])
        return np.concatenate(predictions)

    def annotate(self, places: Sequence[Place], ends: Sequence[tuple[int, int]]) -> dict[str, list]:
        """Which peak is next to each variant.

        Args:
            places: for their chromosomes.
            ends: of each variant as it is given, start and end; an insertion has the base that follows.

        Returns:
            `peak_overlap` 1.0 or 0.0; `peak_distance` bp, 0 in a peak, 1 beside it, NaN on chromosomes without peaks;
            `nearest_peak` its name, or chrom:start-end (1-based) without one; "." for none.
        """
        columns: dict[str, list] = {OVERLAP: [], DISTANCE: [], NEAREST: []}
        for place, (start, end) in zip(places, ends, strict=True):
            nearest = self._nearest(place.chrom, start, end)
            distance, name = nearest if nearest else (np.nan, ".")
            columns[OVERLAP].append(float(distance == 0))
            columns[DISTANCE].append(distance)
            columns[NEAREST].append(name)
        return columns

    @cached_property
    def _sorted(self) -> dict[str, tuple[list[Interval], np.ndarray, np.ndarray]]:
        """Chromosome → peaks by start, their starts, and the number of the one among them and those before that ends
        last."""
        by_chrom = {}
        for chrom, peaks in by_chromosome(sorted(self.peaks)).items():
            last = np.zeros(len(peaks), np.int64)
            for i, peak in enumerate(peaks[1:], start=1):
                last[i] = i if peak.end > peaks[last[i - 1]].end else last[i - 1]
            by_chrom[chrom] = peaks, np.array([peak.start for peak in peaks], np.int64), last
        return by_chrom

    def _nearest(self, chrom: str, start: int, end: int) -> tuple[float, str] | None:
        """Distance and name of the peak nearest to a stretch; of two the one on the left."""
        if chrom not in self._sorted:
            return None
        peaks, starts, last = self._sorted[chrom]
        after = int(np.searchsorted(starts, end))  # the first that begins beyond the stretch
        options = [peaks[last[after - 1]]] if after else []
        options += peaks[after : after + 1]
        distances = [max(peak.start - end + 1, start - peak.end + 1, 0) for peak in options]
        nearest = options[int(np.argmin(distances))]
        return float(min(distances)), str(nearest) if nearest.name == "." else nearest.name


def _given(value: object, sizes: Mapping[str, int], compat: str | None) -> list[tuple[Interval, int]]:
    """Peaks and their summits; of a file on any chromosomes."""
    if not isinstance(value, (str, Path)) or not bed.is_there(value):
        return bed.centers(value, sizes)
    return (_with_summits(value) if compat else None) or bed.read_summits(value)


def _on_genome(given: list[tuple[Interval, int]], sizes: Mapping[str, int]) -> list[tuple[Interval, int]]:
    """Those on the genome's chromosomes, by its names."""
    known = [pair for pair in given if names.find(pair[0].chrom, sizes) is not None]
    if absent := len(given) - len(known):
        warn(f"{absent:,} peaks are left out: they lie on chromosomes that the genome lacks")
    regions = bed.regions([peak for peak, _ in known or given], sizes)
    return [(region, summit) for region, (_, summit) in zip(regions, known, strict=True)]


def _with_summits(path: str | Path) -> list[tuple[Interval, int]] | None:
    """Those of a file of exactly chrom, start, end and the summit's distance; None for another file."""
    peaks = []
    for peak, columns, _ in bed.rows(path, quietly=True):
        try:
            summit = whole(columns[3]) if len(columns) == 4 else -1
        except ValueError:
            summit = -1
        if not 0 <= summit < len(peak):
            return None
        peaks.append((Interval(peak.chrom, peak.start, peak.end), peak.start + summit))
    if peaks:
        warn(f"{path}: column 4 of the peaks is taken for the summit's distance from the start, in bp")
    return peaks
