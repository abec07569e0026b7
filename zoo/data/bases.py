"""Batches of models that predict each base, from windows anywhere on a genome (Leopard, its article and code)."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.bin_batches import TARGET
from zoo.data.slabs import BinTrack, SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, bases_before, merge
from zoo.spec import BASES, WINDOW

MASKED = -1
"""The label of bases that do not count."""


class BaseTraining:
    """Windows anywhere, of a network that predicts each base: chromosomes in proportion to their lengths (Leopard).

    The tracks of the sample are multiplied by a random number for each window; functions of them stay as they are.

    Args:
        slabs: of `whole`, the last track labels.
        lengths: place → bp, in the order of the plan.
        window: bp.
        scaled: which columns beside DNA are multiplied.
        scale: between which numbers.
        batch_size: windows of a step, over all workers.
        steps: of an epoch.
        seed: of all that is random.
    """

    def __init__(
        self,
        slabs: Slabs,
        lengths: Mapping[str, int],
        window: int,
        scaled: Sequence[int],
        scale: tuple[float, float] = (0.9, 1.15),
        batch_size: int = 100,
        steps: int = 1000,
        seed: int = 0,
    ) -> None:
        self.slabs, self.steps, self._window, self._seed = slabs, steps, window, seed
        self._batch_size, self._scaled, self._scale = batch_size, list(scaled), scale
        self._lengths = np.array(list(lengths.values()), np.int64)
        tiles = [len(slabs.plan.starts[name]) for name in lengths]
        self._firsts = np.concatenate([[0], np.cumsum(tiles)])[:-1]  # row of the window at each chromosome's start
        self.inputs = {WINDOW: (window, len(BASES) + len(slabs.arrays) - 2)}
        self.targets = {TARGET: (window,)}

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        random = np.random.default_rng((self._seed, step))
        which = random.choice(len(self._lengths), self._batch_size, p=self._lengths / self._lengths.sum())
        starts = random.integers(0, self._lengths[which] - self._window + 1)
        factors = random.uniform(*self._scale, self._batch_size).astype(np.float32)
        mine = share(np.arange(self._batch_size), worker, workers)
        x, y = based(self.slabs, self._firsts[which[mine]], self._window, starts[mine])
        for column in self._scaled:
            x[..., len(BASES) + column] *= factors[mine, None]
        return x, y


class BaseEvaluation:
    """Windows of a plan once, in order, as they are; the last track is that of labels."""

    def __init__(self, slabs: Slabs, batch_size: int = 100) -> None:
        self.slabs, self._batch_size, self.steps = slabs, batch_size, -(-slabs.size // batch_size)
        window = slabs.layout.core
        self.inputs = {WINDOW: (window, len(BASES) + len(slabs.arrays) - 2)}
        self.targets = {TARGET: (window,)}

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self._batch_size, min((step + 1) * self._batch_size, self.slabs.size))
        return based(self.slabs, share(rows, worker, workers), self.slabs.layout.core)


def based(slabs: Slabs, rows: np.ndarray, window: int, shifts: np.ndarray | int = 0) -> Arrays:
    """Windows (n, window, channels), and the label of each base (n, window)."""
    codes, *tracks, labels = slabs.read(rows, window, shifts)
    x = np.concatenate([one_hot(codes), *(track[..., None] for track in tracks)], axis=-1, dtype=np.float32)
    return x, labels.astype(np.float32)


def whole(lengths: Mapping[str, int], window: int) -> SlabPlan:
    """Chromosomes as a whole: windows side by side, the last one at the end.

    Args:
        lengths: place → bp, at least a window each.
        window: bp.
    """
    starts = {
        name: np.unique(np.append(np.arange(0, length - window + 1, window), length - window))
        for name, length in lengths.items()
    }
    return SlabPlan(starts, Layout(window, 0, window), 1)


def anywhere(lengths: Mapping[str, int], window: int, count: int, seed: int) -> SlabPlan:
    """Windows at random, as `BaseTraining` draws them, that stay the same. Arguments as there."""
    random, names = np.random.default_rng((seed, 5)), list(lengths)
    sizes = np.array(list(lengths.values()), np.int64)
    which = random.choice(len(names), count, p=sizes / sizes.sum())
    starts = random.integers(0, sizes[which] - window + 1)
    plan = {name: np.sort(starts[which == number]) for number, name in enumerate(names)}
    return SlabPlan(plan, Layout(window, 0, window), 1)


def labels(bound: Signal | Sequence[Interval], masked: Sequence[Interval] = ()) -> BinTrack:
    """A label for each base, int8: 1 bound, 0 not, -1 where it does not count.

    Args:
        bound: peaks; or a track of 1, 0, and numbers below 0 where it does not count.
        masked: where it does not count, whatever is there.

    Reading a track raises `InputError` if it holds other numbers: thresholds are for peak callers.
    """
    spans = {} if isinstance(bound, Signal) else merge(bound)
    out = merge(masked)

    def read(chrom: str, start: int, end: int, size: int = 1) -> np.ndarray:
        found = _values(bound, chrom, start, end) if isinstance(bound, Signal) else inside(spans, chrom, start, end)
        return np.where(inside(out, chrom, start, end), MASKED, found).astype(np.int8)

    return BinTrack([read], np.int8)


def inside(spans: Mapping[str, np.ndarray], chrom: str, start: int, end: int) -> np.ndarray:
    """Which bases of a stretch lie in merged spans, (bp,) of 1 and 0."""
    return np.diff(bases_before(spans.get(chrom, NONE), np.arange(start, end + 1)))


def _values(signal: Signal, chrom: str, start: int, end: int) -> np.ndarray:
    values = signal.values(names.find(chrom, signal.sizes) or chrom, start, end)
    if (odd := np.flatnonzero((values > 0) & (values != 1))).size:
        raise InputError(
            "A binding track must hold 1, 0, and numbers below 0 for bases that do not count",
            where=f"{signal.path} {chrom}:{start + odd[0] + 1}",
            received={"value": float(values[odd[0]])},
        )
    return np.where(values < 0, MASKED, values)


def halves(chromosomes: Sequence[str], seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Chromosomes in two sets by chance, to train and to validate on; of an odd number the first has one more."""
    order = np.random.default_rng((seed, 6)).permutation(len(chromosomes))
    split = -(-len(chromosomes) // 2)
    first, second = (tuple(chromosomes[number] for number in sorted(side)) for side in (order[:split], order[split:]))
    return first, second
