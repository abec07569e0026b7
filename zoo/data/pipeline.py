"""tf.data datasets, made batch by batch from what lies in memory.

The batch of a step depends on the seed and the step alone: a run that goes on at some step sees what an uninterrupted
one does, and workers that share a step see different rows of the same batch.
"""

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

    def _order(self, epoch: int) -> np.ndarray:
        if self._shuffled[0] != epoch:
            self._shuffled = epoch, np.random.default_rng((self.seed, epoch)).permutation(self.slabs.size)
        return self._shuffled[1]

    def dataset(self, first_step: int = 0, worker: int = 0, workers: int = 1) -> tf.data.Dataset:
        """An endless dataset of (window one-hot, target) from a step on.

        Targets are (batch, bins, 1) float32; if the slabs have mappability, a dictionary of `accessibility` and
        `mappability`.
        """
        bins = self.window // self.slabs.bin_size
        targets = ("accessibility", "mappability") if self.slabs.has_mappability else ("accessibility",)
        kinds = [tf.uint8, *(tf.float32 for _ in targets)]
        shapes = [(None, self.window), *((None, bins, 1) for _ in targets)]

        def make(step: tf.Tensor) -> tuple:
            arrays = tf.numpy_function(lambda number: self.batch(int(number), worker, workers), [step], kinds)
            for array, shape in zip(arrays, shapes, strict=True):
                array.set_shape(shape)
            answers = dict(zip(targets, arrays[1:], strict=True))
            x = tf.one_hot(arrays[0], len(BASES))  # code 4, N, is in no column
            return x, answers if len(answers) > 1 else answers["accessibility"]

        steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
        return steps.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
