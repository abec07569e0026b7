"""Batches that accessibility models are trained and evaluated on (ASAP, its Methods and code)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.slabs import SlabPlan, Slabs
from zoo.data.windows import Layout, around, summits, tiled, usable
from zoo.errors import GenomeMismatch
from zoo.genome import names
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.spec import BASES, WINDOW


def planned(
    genome: Genome,
    chromosomes: Sequence[str],
    layout: Layout,
    bin_size: int,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    peaks: str | Path | Sequence[Interval] | None = None,
) -> SlabPlan:
    """Where windows lie: tiled over chromosomes, or around summits of a narrowPeak file or middles of intervals.

    Raises:
        InputError: none is left.
    """
    if peaks is None:
        starts = {chrom: tiled(genome, chrom, layout) for chrom in chromosomes}
    else:
        by_chrom = _summits(peaks, genome)
        starts = {
            chrom: around(by_chrom[chrom], genome.sizes[chrom], layout) for chrom in chromosomes if chrom in by_chrom
        }
    for chrom, cores in starts.items():
        avoided = [[interval for interval in items if interval.chrom == chrom] for items in (blacklist, unmappable)]
        starts[chrom] = cores[usable(cores, layout, *avoided)]
    return SlabPlan(starts, layout, bin_size)


def _summits(peaks: str | Path | Sequence[Interval], genome: Genome) -> dict[str, np.ndarray]:
    """Summits by the genome's names of chromosomes. Raises `GenomeMismatch` for one beyond its chromosome's end."""
    by_chrom: dict[str, np.ndarray] = {}
    for name, positions in summits(peaks).items():
        chrom = names.find(name, genome.sizes)
        if chrom is None:
            continue
        if positions[-1] >= genome.sizes[chrom]:
            raise GenomeMismatch(
                "Peaks must lie within their chromosomes",
                where=peaks if isinstance(peaks, (str, Path)) else "peaks",
                received={"summit": f"{name}:{positions[-1] + 1:,}", "length": genome.sizes[chrom]},
                hint="Are they of another assembly than the genome?",
            )
        by_chrom[chrom] = np.sort(np.concatenate([by_chrom.get(chrom, positions[:0]), positions]))
    return by_chrom


class AccessibilityTraining:
    """In each epoch every slab once, from a random bin on, on a random strand.

    Targets are ln(1 + bin), (batch, bins, signals) float32. If the slabs have one more track, of mappable bases, they
    are a dictionary of `accessibility` and `mappability`, the mappable fraction of each bin.

    Args:
        slabs: longer than the window.
        batch_size: windows of a step, over all workers; the last step of an epoch has what is left.
        window: bp.
        seed: of order, shifts and strands.
        signals: the first tracks of the slabs, which are the targets.
    """

    def __init__(self, slabs: Slabs, batch_size: int = 64, window: int = 2048, seed: int = 0, signals: int = 1) -> None:
        self.slabs, self.batch_size, self.seed, self._signals = slabs, batch_size, seed, signals
        self.steps = -(-slabs.size // batch_size)
        self.inputs, self._window = {WINDOW: (window, len(BASES))}, window
        bins = window // slabs.bin_size
        self.targets = {"accessibility": (bins, signals)}
        if len(slabs.arrays) > 1 + signals:
            self.targets["mappability"] = (bins, 1)
        self._shuffled: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        epoch, within = divmod(step, self.steps)
        rows = self._order(epoch)[within * self.batch_size : (within + 1) * self.batch_size]
        random = np.random.default_rng((self.seed, epoch, within, 1))
        most = (self.slabs.layout.slab - self._window) // self.slabs.bin_size
        shifts, reverse = random.integers(0, most + 1, len(rows)), random.random(len(rows)) >= 0.5
        mine = share(np.arange(len(rows)), worker, workers)
        codes, *tracks = self.slabs.read(rows[mine], self._window, shifts[mine], reverse[mine])
        target, mappable = np.log1p(np.stack(tracks[: self._signals], axis=-1)), tracks[self._signals :]
        if mappable:
            mapped = mappable[0].astype(np.float32) / self.slabs.bin_size
            return one_hot(codes), {"accessibility": target, "mappability": mapped[..., None]}
        return one_hot(codes), target

    def _order(self, epoch: int) -> np.ndarray:
        known, order = self._shuffled
        if known != epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.slabs.size)
            self._shuffled = epoch, order
        return order


class AccessibilityEvaluation:
    """Every window once, in order, with ln(1 + bin) of the bins of its core; nothing is left out or turned.

    Args:
        slabs: whose layout has the margins that a network reads and is not evaluated by.
        batch_size: windows of a step; the last one has what is left.
        signals: the first tracks of the slabs, which are the targets.
    """

    def __init__(self, slabs: Slabs, batch_size: int = 64, signals: int = 1) -> None:
        self.slabs, self.batch_size, self._signals = slabs, batch_size, signals
        self.steps = -(-slabs.size // batch_size)
        layout, size = slabs.layout, slabs.bin_size
        self.inputs = {WINDOW: (layout.slab, len(BASES))}
        self.core = slice(layout.margin // size, (layout.margin + layout.core) // size)
        self.targets = {"accessibility": (layout.core // size, signals)}

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, self.slabs.size))
        rows = share(rows, worker, workers)
        codes, *tracks = self.slabs.read(rows, self.slabs.layout.slab)
        return one_hot(codes), np.log1p(np.stack(tracks[: self._signals], axis=-1)[:, self.core])
