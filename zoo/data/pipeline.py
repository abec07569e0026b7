"""tf.data datasets, made batch by batch from what lies in memory.

The batch of a step depends on the seed and the step alone: a run that goes on at some step sees what an uninterrupted
one does, and workers that share a step see different rows of the same batch.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from zoo.data.slabs import Slabs
from zoo.spec import BASES


class AsapTraining:
    """ASAP's training items: in each epoch every slab once, from a random bin on, on a random strand.

    Args:
        slabs: longer than the window.
        batch_size: windows of a step, over all workers; the last step of an epoch has what is left.
        window: bp.
        seed: of order, shifts and strands.
    """

    def __init__(self, slabs: Slabs, batch_size: int = 64, window: int = 2048, seed: int = 0) -> None:
        self.slabs, self.batch_size, self.window, self.seed = slabs, batch_size, window, seed
        self._shuffled: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every slab is read once."""
        return -(-self.slabs.size // self.batch_size)

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> tuple[np.ndarray, ...]:
        """A worker's rows of a step.

        Returns:
            Base codes (n, window) uint8, ln(1 + bin) (n, bins, 1) float32, and if the slabs have mappability the
            mappable share of each bin, likewise.
        """
        epoch, within = divmod(step, self.steps_per_epoch)
        rows = self._order(epoch)[within * self.batch_size : (within + 1) * self.batch_size]
        random = np.random.default_rng((self.seed, epoch, within, 1))
        most = (self.slabs.layout.slab - self.window) // self.slabs.bin_size
        shifts, reverse = random.integers(0, most + 1, len(rows)), random.random(len(rows)) >= 0.5
        mine = slice(worker, None, workers)
        codes, bins, *mappable = self.slabs.read(rows[mine], self.window, shifts[mine], reverse[mine])
        return codes, np.log1p(bins)[..., None], *(share[..., None] for share in mappable)

    def dataset(self, first_step: int = 0, worker: int = 0, workers: int = 1) -> tf.data.Dataset:
        """An endless dataset of (window one-hot, target) from a step on.

        Targets are (batch, bins, 1) float32; if the slabs have mappability, a dictionary of `accessibility` and
        `mappability`.
        """
        steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
        targets = ("accessibility", "mappability") if self.slabs.has_mappability else ("accessibility",)
        bins = self.window // self.slabs.bin_size
        return _mapped(steps, lambda step: self.batch(step, worker, workers), self.window, bins, targets)

    def _order(self, epoch: int) -> np.ndarray:
        if self._shuffled[0] != epoch:
            self._shuffled = epoch, np.random.default_rng((self.seed, epoch)).permutation(self.slabs.size)
        return self._shuffled[1]


class AsapEvaluation:
    """ASAP's evaluation items: every window once, in order, with the bins of its core; nothing is left out or turned.

    Args:
        slabs: whose layout has the margins that a network reads and is not judged by.
        batch_size: windows of a step.
    """

    def __init__(self, slabs: Slabs, batch_size: int = 64) -> None:
        self.slabs, self.batch_size = slabs, batch_size

    @property
    def steps(self) -> int:
        """Batches; the last one has what is left."""
        return -(-self.slabs.size // self.batch_size)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Base codes (n, slab) uint8 and ln(1 + bin) of the cores, (n, core / bin_size, 1) float32."""
        layout, size = self.slabs.layout, self.slabs.bin_size
        rows = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, self.slabs.size))
        codes, bins, *_ = self.slabs.read(rows, layout.slab)
        return codes, np.log1p(bins[:, layout.margin // size : (layout.margin + layout.core) // size])[..., None]

    def dataset(self) -> tf.data.Dataset:
        """A dataset of (window one-hot, target), once through."""
        layout = self.slabs.layout
        bins = layout.core // self.slabs.bin_size
        return _mapped(tf.data.Dataset.range(self.steps), self.batch, layout.slab, bins, ("accessibility",))


def _mapped(
    steps: tf.data.Dataset,
    batch: Callable[[int], tuple[np.ndarray, ...]],
    window: int,
    bins: int,
    targets: tuple[str, ...],
) -> tf.data.Dataset:
    """Steps → (one-hot windows, targets), made ahead of time and in order; several targets as a dictionary."""
    kinds = [tf.uint8, *(tf.float32 for _ in targets)]
    shapes = [(None, window), *((None, bins, 1) for _ in targets)]

    def make(step: tf.Tensor) -> tuple:
        arrays = tf.numpy_function(lambda number: batch(int(number)), [step], kinds)
        for array, shape in zip(arrays, shapes, strict=True):
            array.set_shape(shape)
        answers = dict(zip(targets, arrays[1:], strict=True))
        x = tf.one_hot(arrays[0], len(BASES))  # code 4, N, is in no column
        return x, answers if len(answers) > 1 else answers["accessibility"]

    return steps.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
