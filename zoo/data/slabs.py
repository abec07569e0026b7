"""Sequence and track of many windows, in memory once each: a byte per base, a float32 per bin.

Windows that overlap share what they read. No array of windows is made but that of a batch.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.data.windows import Layout, covered
from zoo.errors import InputError
from zoo.genome.bed import merge, merge_spans
from zoo.genome.encode import N
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal

_BLOCK = 1 << 20
_NONE = np.empty((0, 2), np.int64)
_COMPLEMENT = np.array([3, 2, 1, 0, N], np.uint8)


class Slabs:
    """Windows on a genome with their track in bins.

    Args:
        genome: the sequence.
        signal: the track. A bin's value is the largest of its bases.
        starts: chromosome → starts of cores (`zoo.data.windows`).
        layout: how the windows lie.
        bin_size: bp; bins are counted from each window's start, whatever its position.
        unmappable: intervals of bases that reads cannot be placed on; None for no mappability.

    Attributes:
        size: how many windows there are.

    Raises:
        InputError: no window, or a layout that bins do not divide.
    """

    def __init__(
        self,
        genome: Genome,
        signal: Signal,
        starts: Mapping[str, np.ndarray],
        layout: Layout,
        bin_size: int = 4,
        unmappable: Sequence[Interval] | None = None,
    ) -> None:
        if layout.core % bin_size or layout.margin % bin_size:
            raise InputError("Bins divide the windows", received={"bin_size": bin_size, "layout": layout})
        self.layout, self.bin_size = layout, bin_size
        self.size = sum(map(len, starts.values()))
        if not self.size:
            raise InputError("There is at least one window", received={"chromosomes": list(starts)})
        runs, offsets, length = [], [], 0
        for chrom, cores in starts.items():
            begins = np.asarray(cores, np.int64) - layout.margin
            found, offset, taken = _runs(begins, layout.slab, bin_size)
            runs += [(chrom, int(start), int(end)) for start, end in found]
            offsets.append(length + offset)
            length += taken
        self._offsets = np.concatenate(offsets)
        self._codes, self._bins = np.empty(length, np.uint8), np.empty(length // bin_size, np.float32)
        self._mappable = None if unmappable is None else np.empty(length // bin_size, np.uint8)
        held = merge(unmappable or ())
        at = 0
        for chrom, start, end in runs:
            for first in range(start, end, _BLOCK // bin_size * bin_size):
                last = min(first + _BLOCK // bin_size * bin_size, end)
                self._read_block(genome, signal, chrom, first, last, at, held.get(chrom, _NONE))
                at += last - first

    def _read_block(
        self, genome: Genome, signal: Signal, chrom: str, first: int, last: int, at: int, unmappable: np.ndarray
    ) -> None:
        """Fill in `first` to `last` of a chromosome from position `at` on."""
        self._codes[at : at + last - first] = genome.codes(chrom, first, last)
        bins = slice(at // self.bin_size, (at + last - first) // self.bin_size)
        values = signal.values(chrom, first, last)
        self._bins[bins] = values.reshape(-1, self.bin_size).max(axis=1)
        if self._mappable is not None:
            edges = np.arange(first, last, self.bin_size)
            self._mappable[bins] = self.bin_size - covered(edges, self.bin_size, unmappable)

    @property
    def has_mappability(self) -> bool:
        """Whether `read` returns mappable shares."""
        return self._mappable is not None

    @property
    def nbytes(self) -> int:
        """Memory of the sequence, the bins and the offsets."""
        return sum(item.nbytes for item in (self._codes, self._bins, self._offsets, self._mappable) if item is not None)

    def read(
        self, rows: np.ndarray, window: int, shifts: np.ndarray | int = 0, reverse: np.ndarray | None = None
    ) -> tuple[np.ndarray, ...]:
        """Windows of `window` bp that begin `shifts` bins into the slabs of some rows.

        Args:
            rows: (n,) numbers of windows, from 0.
            window: bp.
            shifts: (n,) bins.
            reverse: (n,) bool, which of them are read from the other strand.

        Returns:
            Base codes (n, window) uint8, the track's raw bins (n, window / bin_size) float32, and if there is
            mappability the mappable share of each bin, likewise.
        """
        first = self._offsets[rows] + np.asarray(shifts, np.int64) * self.bin_size
        codes = self._codes[first[:, None] + np.arange(window)]
        at = first[:, None] // self.bin_size + np.arange(window // self.bin_size)
        tracks = [self._bins[at]]
        if self._mappable is not None:
            tracks.append(self._mappable[at].astype(np.float32) / self.bin_size)
        if reverse is not None:
            codes[reverse] = _COMPLEMENT[codes[reverse][:, ::-1]]
            for track in tracks:
                track[reverse] = track[reverse][:, ::-1]
        return codes, *tracks


def _runs(begins: np.ndarray, width: int, bin_size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """What windows of `width` bp read, without overlaps among those whose bins coincide.

    Returns:
        (n, 2) starts and ends in bp; for each window its distance from the first run's start if all are put one behind
        the other; and their summed length.
    """
    runs, offsets, length = [], np.empty(len(begins), np.int64), 0
    for phase in np.unique(begins % bin_size):
        rows = np.flatnonzero(begins % bin_size == phase)
        spans = merge_spans(np.stack([begins[rows], begins[rows] + width], axis=1))
        before = length + np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])
        run = np.searchsorted(spans[:, 0], begins[rows], side="right") - 1
        offsets[rows] = before[run] + begins[rows] - spans[run, 0]
        runs.append(spans)
        length = int(before[-1])
    return np.concatenate([*runs, _NONE]), offsets, length
