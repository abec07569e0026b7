"""Sequence and tracks of many windows, kept once each: a byte per base, a number per bin.

Windows that overlap share what they read. No array of windows is made but that of a batch.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.files.progress import Progress
from zoo.genome import names
from zoo.genome.encode import N
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, bases_before, merge, merge_spans

_BLOCK = 1 << 20
_COMPLEMENT = np.array([3, 2, 1, 0, N], np.uint8)

Reader = Callable[[str, int, int, int], np.ndarray]
"""(chromosome, start, end, bin size) → one value per bin."""


@dataclass(frozen=True)
class BinTrack:
    """A number per bin, of one sample or of several.

    Attributes:
        samples: what reads each of them.
        dtype: how the numbers are kept.
    """

    samples: Sequence[Reader]
    dtype: type


def maxima(*signals: Signal) -> BinTrack:
    """The largest value of the bases of each bin, float32, whatever spelling of chromosomes the signals have."""

    def reader(signal: Signal) -> Reader:
        def read(chrom: str, start: int, end: int, size: int) -> np.ndarray:
            name = names.find(chrom, signal.sizes) or chrom
            return signal.values(name, start, end).reshape(-1, size).max(axis=1)

        return read

    return BinTrack([reader(signal) for signal in signals], np.float32)


def bases_outside(intervals: Sequence[Interval]) -> BinTrack:
    """How many bases of each bin lie in no interval, uint8: for the mappable ones of a list of unmappable ones."""
    bases = _bases_inside(intervals)
    return BinTrack([lambda chrom, start, end, size: size - bases(chrom, start, end, size)], np.uint8)


def labels(*samples: Signal | Sequence[Interval]) -> BinTrack:
    """How many bases of each bin are bound, uint8: those that are 1 in a track of zeros and ones, or lie in intervals.

    Reading a track raises `InputError` if it holds other numbers: thresholds are for peak callers.
    """

    def of_signal(signal: Signal) -> Reader:
        def read(chrom: str, start: int, end: int, size: int) -> np.ndarray:
            values = signal.values(names.find(chrom, signal.sizes) or chrom, start, end)
            if (odd := np.flatnonzero((values != 0) & (values != 1))).size:
                raise InputError(
                    "A binding track must hold zeros and ones: the peaks, not the coverage",
                    where=f"{signal.path} {chrom}:{start + odd[0] + 1}",
                    received={"value": float(values[odd[0]])},
                )
            return values.reshape(-1, size).sum(axis=1)

        return read

    return BinTrack(
        [of_signal(sample) if isinstance(sample, Signal) else _bases_inside(sample) for sample in samples], np.uint8
    )


def _bases_inside(intervals: Sequence[Interval]) -> Reader:
    """How many bases of each bin lie in intervals."""
    spans = merge(intervals)

    def read(chrom: str, start: int, end: int, size: int) -> np.ndarray:
        return np.diff(bases_before(spans.get(chrom, NONE), np.arange(start, end + 1, size)))

    return read


class Slabs:
    """Windows on a genome with their tracks in bins.

    Args:
        genome: the sequence.
        tracks: what is kept besides.
        starts: chromosome → starts of cores (`zoo.data.windows`).
        layout: how the windows lie.
        bin_size: bp; bins are counted from each window's start, whatever its position.
        scratch: a folder on whose disk the arrays lie, mapped into memory; else in memory. Nothing is left there.
        progress: show a progress bar; by default in a terminal only.

    Attributes:
        size: how many windows there are, in the order of `starts`.

    Raises:
        InputError: no window, a layout that bins do not divide, a chromosome that a file lacks, or a full disk.
    """

    def __init__(
        self,
        genome: Genome,
        tracks: Sequence[BinTrack],
        starts: Mapping[str, np.ndarray],
        layout: Layout,
        bin_size: int = 4,
        scratch: str | Path | None = None,
        progress: bool | None = None,
    ) -> None:
        self.plan = SlabPlan(starts, layout, bin_size)
        self.layout, self.bin_size, self.size = layout, bin_size, self.plan.size
        self._codes = empty((self.plan.bases,), np.uint8, scratch)
        shape = self.plan.bases // bin_size
        self._bins = [empty((len(track.samples), shape), track.dtype, scratch) for track in tracks]
        with Progress("read", "bp", self.plan.bases, shown=progress) as bar:
            for chrom, start, end, at in self.plan.blocks():
                self._codes[at : at + end - start] = genome.codes(chrom, start, end)
                bins = slice(at // bin_size, (at + end - start) // bin_size)
                for track, array in zip(tracks, self._bins, strict=True):
                    for sample, read in enumerate(track.samples):
                        array[sample, bins] = read(chrom, start, end, bin_size)
                bar.update(end - start)

    @classmethod
    def of(cls, plan: "SlabPlan", arrays: Sequence[np.ndarray]) -> "Slabs":
        """Slabs of arrays that were read before, as `arrays` gave them."""
        slabs = cls.__new__(cls)
        slabs.plan, slabs.layout, slabs.bin_size, slabs.size = plan, plan.layout, plan.bin_size, plan.size
        slabs._codes, *slabs._bins = arrays
        return slabs

    @property
    def arrays(self) -> list[np.ndarray]:
        """Base codes (bases,) and each track (samples, bases / bin_size)."""
        return [self._codes, *self._bins]

    @property
    def nbytes(self) -> int:
        """Bytes of the sequence, the tracks and the windows' places."""
        return sum(array.nbytes for array in self.arrays) + self.plan.offsets.nbytes

    def read(
        self,
        rows: np.ndarray,
        window: int,
        shifts: np.ndarray | int = 0,
        reverse: np.ndarray | None = None,
        sample: np.ndarray | int = 0,
    ) -> tuple[np.ndarray, ...]:
        """Windows of `window` bp that begin `shifts` bins into the slabs of some rows.

        Args:
            rows: (n,) numbers of windows, from 0.
            window: bp.
            shifts: (n,) bins.
            reverse: (n,) bool, which of them are read from the other strand.
            sample: (n,) which sample of every track; one that has a single sample gives that.

        Returns:
            Base codes (n, window) uint8, and of each track (n, window / bin_size) in its dtype.
        """
        first = self.plan.offsets[rows] + np.asarray(shifts, np.int64) * self.bin_size
        codes = self._codes[first[:, None] + np.arange(window)]
        at = first[:, None] // self.bin_size + np.arange(window // self.bin_size)
        which = np.broadcast_to(sample, len(rows))[:, None]
        tracks = [array[which if len(array) > 1 else 0, at] for array in self._bins]
        if reverse is not None:
            codes[reverse] = _COMPLEMENT[codes[reverse][:, ::-1]]
            for track in tracks:
                track[reverse] = track[reverse][:, ::-1]
        return codes, *tracks


class SlabPlan:
    """Where windows lie in arrays that hold every base once.

    Attributes:
        size: windows.
        bases: length of the arrays in bp.
        offsets: (size,) where each window begins in them.

    Raises:
        InputError: no window, or a layout that bins do not divide.
    """

    def __init__(self, starts: Mapping[str, np.ndarray], layout: Layout, bin_size: int) -> None:
        if layout.core % bin_size or layout.margin % bin_size:
            raise InputError("Bins must divide the windows", received={"bin_size": bin_size, "layout": layout})
        self.starts = {chrom: np.asarray(cores, np.int64) for chrom, cores in starts.items() if len(cores)}
        self.layout, self.bin_size = layout, bin_size
        self.size = sum(map(len, self.starts.values()))
        if not self.size:
            raise InputError(
                "There must be at least one window that ends and blacklist leave",
                received={"chromosomes": list(starts), "bp of a window": layout.slab},
            )
        self._runs, offsets, self.bases = [], [], 0
        for chrom, cores in self.starts.items():
            spans, offset, taken = _runs(cores - layout.margin, layout.slab, bin_size)
            self._runs += [(chrom, int(start), int(end)) for start, end in spans]
            offsets.append(self.bases + offset)
            self.bases += taken
        self.offsets = np.concatenate(offsets)

    def nbytes(self, tracks: Sequence[BinTrack]) -> int:
        """Bytes that `Slabs` of these tracks will keep."""
        per_bin = sum(len(track.samples) * np.dtype(track.dtype).itemsize for track in tracks)
        return self.bases + self.bases // self.bin_size * per_bin + self.offsets.nbytes

    def blocks(self):
        """(chromosome, start, end, place in the arrays) of what is to be read, at most a megabase at a time."""
        at, most = 0, _BLOCK // self.bin_size * self.bin_size
        for chrom, start, end in self._runs:
            for first in range(start, end, most):
                last = min(first + most, end)
                yield chrom, first, last, at
                at += last - first

    def core(self, row: int) -> Interval:
        """The core of a window."""
        for chrom, cores in self.starts.items():
            if row < len(cores):
                return Interval(chrom, int(cores[row]), int(cores[row]) + self.layout.core)
            row -= len(cores)
        raise IndexError(row)


def some(plan: SlabPlan, most: int, seed: int) -> SlabPlan:
    """At most so many windows of a plan, of all chromosomes alike."""
    keep = np.random.default_rng(seed).permutation(plan.size) < most
    edges = np.cumsum([0, *map(len, plan.starts.values())])
    starts = {
        chrom: cores[keep[first : first + len(cores)]]
        for (chrom, cores), first in zip(plan.starts.items(), edges, strict=False)
    }
    return SlabPlan(starts, plan.layout, plan.bin_size)


def empty(shape: tuple[int, ...], dtype: object, scratch: str | Path | None) -> np.ndarray:
    """An array to be filled: in memory, or in a file without a name that goes when the array does."""
    if scratch is None:
        return np.empty(shape, dtype)
    try:
        with tempfile.TemporaryFile(dir=scratch) as file:
            os.posix_fallocate(file.fileno(), 0, max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1))
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        raise InputError(
            f"The scratch folder must have room for the windows: {error.strerror}",
            received={"scratch": str(scratch), "shape": shape, "dtype": np.dtype(dtype).name},
        ) from None


def _runs(begins: np.ndarray, width: int, bin_size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """What windows of `width` bp read, without overlaps among those whose bins coincide.

    Returns:
        (n, 2) starts and ends in bp; for each window its distance from the first run's start if all are concatenated;
        and their summed length.
    """
    runs, offsets, length = [], np.empty(len(begins), np.int64), 0
    for phase in np.unique(begins % bin_size):
        rows = np.flatnonzero(begins % bin_size == phase)
        spans = merge_spans(np.stack([begins[rows], begins[rows] + width], axis=1))
        offsets[rows] = length + bases_before(spans, begins[rows])
        runs.append(spans)
        length += int((spans[:, 1] - spans[:, 0]).sum())
    return np.concatenate([*runs, NONE]), offsets, length
