"""Batches that binding models are trained and evaluated on (maxATAC: Cazares et al. 2023, Methods, and its code)."""

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.regions import KINDS, Regions
from zoo.data.slabs import Slabs
from zoo.errors import InputError
from zoo.genome.encode import one_hot
from zoo.spec import BASES, TRAINING_STRANDS, WINDOW

_RANDOM = KINDS.index("RANDOM")


class BindingTraining:
    """In each step windows around peaks, drawn anew, and a fraction of random ones.

    A step draws its windows without replacement, or with where there are fewer than it takes; the next one draws from
    all again, so that an epoch is a number of steps, not a pass. A target is 1 where more than half of a bin is bound,
    else 0; (batch, bins) float32.

    Args:
        slabs: of the regions, bin size 1, with two tracks: signal and bound bases.
        regions: what the slabs are of.
        batch_size: windows of a step, over all workers.
        steps: of an epoch.
        random_share: fraction of windows that lie anywhere, rounded as Python does.
        bin_size: bp of a target.
        strands: "both" for a random strand each; "forward"; or "legacy_revcomp" for what the authors' program does
            instead: half of the windows keep their strand and their order of bases, their columns are those of
            signal, A, C, G, T, and their targets are read backwards.
        pan_cell: whether a window is read from a random sample, or from the one whose peak it is.
        seed: of all that is random.

    Raises:
        InputError: no windows around peaks, or no random ones, where a step takes some.
    """

    def __init__(
        self,
        slabs: Slabs,
        regions: Regions,
        batch_size: int = 1000,
        steps: int = 100,
        random_share: float = 0.0,
        bin_size: int = 32,
        strands: str = "both",
        pan_cell: bool = True,
        seed: int = 0,
    ) -> None:
        if strands not in TRAINING_STRANDS:
            raise InputError(f"strands must be one of {', '.join(TRAINING_STRANDS)}", received={"strands": strands})
        self.slabs, self.steps, self.bin_size, self.seed = slabs, steps, bin_size, seed
        self.inputs, self.targets = _shapes(slabs, bin_size)
        self._cells, self._strands, self._pan_cell = regions.cells, strands, pan_cell
        self._random = regions.kinds == _RANDOM
        near = round(batch_size * (1 - random_share))
        pools = np.flatnonzero(~self._random), np.flatnonzero(self._random)
        self._pools = list(zip(pools, (near, batch_size - near), strict=True))
        for pool, size in self._pools:
            if size and not len(pool):
                raise InputError(
                    "There must be windows of both kinds that a step takes, around peaks and random ones",
                    received={"batch_size": batch_size, "random_share": random_share, "windows": len(regions)},
                )

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        random = np.random.default_rng((self.seed, step))
        drawn = [random.choice(pool, size, replace=len(pool) < size) for pool, size in self._pools if size]
        rows = np.concatenate(drawn)
        margin = self.slabs.layout.margin
        shifts = random.integers(0, 2 * margin + 1, len(rows))
        coins = random.random(len(rows)) >= 0.5 if self._strands != "forward" else np.zeros(len(rows), bool)
        cells = random.integers(0, len(self.slabs.arrays[1]), len(rows))
        if not self._pan_cell:
            cells = np.where(self._random[rows], cells, self._cells[rows])
        mine = share(np.arange(len(rows)), worker, workers)
        rows, shifts, coins, cells = rows[mine], shifts[mine], coins[mine], cells[mine]
        turned = coins if self._strands == "both" else None
        x, y = _items(self.slabs, rows, shifts, turned, cells, self.bin_size)
        if self._strands == "legacy_revcomp":
            x[coins] = np.roll(x[coins], 1, axis=-1)
            y[coins] = y[coins, ::-1]
        return x, y


class BindingEvaluation:
    """Every window once, from its middle and the sample whose peak it is; random ones from the first sample."""

    def __init__(self, slabs: Slabs, regions: Regions, batch_size: int = 1000, bin_size: int = 32) -> None:
        self.slabs, self.batch_size, self.bin_size = slabs, batch_size, bin_size
        self.steps = -(-slabs.size // batch_size)
        self.inputs, self.targets = _shapes(slabs, bin_size)
        self._cells = regions.cells

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, self.slabs.size))
        rows = share(rows, worker, workers)
        middle = np.full(len(rows), self.slabs.layout.margin)
        return _items(self.slabs, rows, middle, None, self._cells[rows], self.bin_size)


def _shapes(slabs: Slabs, bin_size: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    window = slabs.layout.core
    return {WINDOW: (window, len(BASES) + 1)}, {"binding": (window // bin_size,)}


def _items(
    slabs: Slabs, rows: np.ndarray, shifts: np.ndarray, turned: np.ndarray | None, cells: np.ndarray, bin_size: int
) -> Arrays:
    codes, signal, bound = slabs.read(rows, slabs.layout.core, shifts, turned, cells)
    x = np.concatenate([one_hot(codes), signal[..., None]], axis=-1)
    y = bound.reshape(len(rows), -1, bin_size).sum(axis=-1, dtype=np.int64) > bin_size // 2
    return x, y.astype(np.float32)
