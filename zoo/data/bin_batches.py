"""Batches of models of one bin: every bin with a peak once, and bins without one that are new in each epoch."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.bins import Bins, Negatives, flagged
from zoo.data.cells import place
from zoo.data.slabs import SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.genome.encode import one_hot
from zoo.spec import BASES, COVARIATES, WINDOW

TARGET = "binding"
_KEPT = 2  # epochs whose windows are in memory: batches of the next one are made while the last ones are used

Read = Callable[[Mapping[str, np.ndarray]], Slabs]
"""Reads windows that begin at places of `zoo.data.cells.place`; nothing lies beside them."""


@dataclass(frozen=True)
class BinLayout:
    """What a network reads of a bin, beside its window.

    Attributes:
        window: bp.
        bin_size: bp in its middle.
        chromosomes: by their numbers.
        numbers: (cell types, covariates) float32.
        flags: of each flag, chromosome → merged spans.
        tracks: columns of a window beside DNA.
    """

    window: int
    bin_size: int
    chromosomes: Sequence[str]
    numbers: np.ndarray
    flags: Sequence[Mapping[str, np.ndarray]]
    tracks: int

    @property
    def before(self) -> int:
        """bp of a window before its bin."""
        return self.window // 2 - self.bin_size // 2

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Name → shape of an input."""
        covariates = self.numbers.shape[1] + len(self.flags)
        window = {WINDOW: (self.window, len(BASES) + self.tracks)}
        return window | ({COVARIATES: (covariates,)} if covariates else {})

    def targets(self, factors: int) -> dict[str, tuple[int, ...]]:
        """Name → shape of the target."""
        return {TARGET: (1,) if factors == 1 else (1, factors)}

    def starts(self, bins: Bins) -> dict[str, np.ndarray]:
        """Place → starts of windows, in the order of the bins."""
        found: dict[str, np.ndarray] = {}
        for cell in np.unique(bins.cells):
            for chrom in np.unique(bins.chroms[bins.cells == cell]):
                mine = (bins.cells == cell) & (bins.chroms == chrom)
                found[place(int(cell), self.chromosomes[chrom])] = bins.starts[mine] - self.before
        return found

    def plan(self, bins: Bins) -> SlabPlan:
        """Where windows of bins lie, with the bp by which the farthest is moved."""
        margin = int(np.abs(bins.shifts).max(initial=0))
        return SlabPlan(self.starts(bins), Layout(self.window, margin, self.window), 1)

    def batch(self, codes: np.ndarray, tracks: Sequence[np.ndarray], bins: Bins, moved: np.ndarray) -> Arrays:
        """What a network reads of bins, moved by some bp, and their labels."""
        x = np.concatenate([one_hot(codes), *(track[..., None] for track in tracks)], axis=-1, dtype=np.float32)
        y = bins.labels if bins.labels.shape[1] == 1 else bins.labels[:, None]
        if COVARIATES not in self.inputs:
            return x, y
        flags = flagged(self.flags, self.chromosomes, bins, bins.starts + moved, self.bin_size)
        return {WINDOW: x, COVARIATES: np.concatenate([self.numbers[bins.cells], flags], axis=1)}, y


class BinTraining:
    """In each epoch every bin with a peak once, moved at random, and newly drawn ones without.

    Args:
        slabs: of the plan of the bins with a peak.
        bins: the same.
        negatives: what is drawn.
        layout: of the network.
        read: reads the windows of an epoch's negatives.
        batch_size: windows of a step, over all workers; the last step of an epoch has what is left.
        even: whether each batch has its part of bins with a peak, else the order is random.
        seed: of all that is random.
    """

    def __init__(
        self,
        slabs: Slabs,
        bins: Bins,
        negatives: Negatives,
        layout: BinLayout,
        read: Read,
        batch_size: int = 100,
        even: bool = False,
        seed: int = 0,
    ) -> None:
        self.slabs, self.batch_size = slabs, batch_size
        self._bins, self._negatives, self._layout, self._read = bins, negatives, layout, read
        self._even, self._seed = even, seed
        self.steps = -(-(len(bins) + len(negatives)) // batch_size)
        self.inputs, self.targets = layout.inputs, layout.targets(bins.labels.shape[1])
        self._epochs: dict[int, tuple] = {}
        self._lock = threading.Lock()

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        epoch, within = divmod(step, self.steps)
        order, shifts, negatives, slabs = self._epoch(epoch)
        rows = share(order[within * self.batch_size : (within + 1) * self.batch_size], worker, workers)
        count, window = len(self._bins), self._layout.window
        near, far = rows[rows < count], rows[rows >= count] - count
        margin = self.slabs.layout.margin
        parts = [self.slabs.read(near, window, margin + shifts[near])] if len(near) else []
        parts += [slabs.read(far, window)] if len(far) else []
        bins = [self._bins.among(near), negatives.among(far)]
        moved = np.concatenate([shifts[near], np.zeros(len(far), np.int64)])
        back = np.empty(len(rows), np.int64)  # from bins with and then without a peak to the order of the batch
        back[np.concatenate([np.flatnonzero(rows < count), np.flatnonzero(rows >= count)])] = np.arange(len(rows))
        codes, *tracks = (np.concatenate(arrays)[back] for arrays in zip(*parts, strict=True))
        every = Bins(*(np.concatenate(values)[back] for values in zip(*(vars(b).values() for b in bins), strict=True)))
        return self._layout.batch(codes, tracks, every, moved[back])

    def _epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray, Bins, Slabs]:
        """Rows in their order, the bp that each bin with a peak is moved by, and the others with their windows."""
        with self._lock:
            if epoch not in self._epochs:
                for old in sorted(self._epochs)[: max(len(self._epochs) - _KEPT + 1, 0)]:
                    del self._epochs[old]
                self._epochs[epoch] = self._made(epoch)
            return self._epochs[epoch]

    def _made(self, epoch: int) -> tuple[np.ndarray, np.ndarray, Bins, Slabs]:
        random = np.random.default_rng((self._seed, epoch))
        shifts = random.integers(self._bins.shifts[:, 0], self._bins.shifts[:, 1] + 1)
        negatives = self._negatives.draw(random)
        near, far = random.permutation(len(self._bins)), len(self._bins) + random.permutation(len(negatives))
        if self._even:
            places = np.concatenate([(np.arange(len(part)) + 0.5) / len(part) for part in (near, far)])
            order = np.concatenate([near, far])[np.argsort(places, kind="stable")]
        else:
            order = random.permutation(len(near) + len(far))
        return order, shifts, negatives, self._read(self._layout.starts(negatives))


class BinEvaluation:
    """Some bins once, in order; none is moved.

    Args:
        slabs: of their plan.
        bins: some.
        layout: of the network.
        batch_size: windows of a step; the last one has what is left.
    """

    def __init__(self, slabs: Slabs, bins: Bins, layout: BinLayout, batch_size: int = 100) -> None:
        self.slabs, self.batch_size, self._bins, self._layout = slabs, batch_size, bins, layout
        self.steps = -(-len(bins) // batch_size)
        self.inputs, self.targets = layout.inputs, layout.targets(bins.labels.shape[1])

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, len(self._bins)))
        rows = share(rows, worker, workers)
        codes, *tracks = self.slabs.read(rows, self._layout.window)
        return self._layout.batch(codes, tracks, self._bins.among(rows), np.zeros(len(rows), np.int64))
