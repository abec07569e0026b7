"""tf.data datasets, made batch by batch from what lies in memory.

The batch of a step depends on the seed and the step alone: a run that goes on at some step sees what an uninterrupted
one does, and workers that share a step see different rows of the same batch.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

Arrays = tuple[np.ndarray, np.ndarray | Mapping[str, np.ndarray]]


class Batches(Protocol):
    """Batches by their number.

    Attributes:
        steps: batches of an epoch.
        window: shape of an input, (bp, channels).
        targets: name → shape of a target; a single one is given as it is, several as a dictionary.
    """

    steps: int
    window: tuple[int, int]
    targets: Mapping[str, tuple[int, ...]]

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step: windows (n, bp, channels) float32, and their targets (n, …) float32."""
        ...


def dataset(
    batches: Batches, first_step: int = 0, last_step: int | None = None, worker: int = 0, workers: int = 1
) -> tf.data.Dataset:
    """The batches of steps `first_step` to `last_step` (exclusive; None for no end), in order, made ahead of time."""
    names = list(batches.targets)
    shapes = [(None, *batches.window), *((None, *shape) for shape in batches.targets.values())]

    def arrays(step: np.int64) -> list[np.ndarray]:
        x, y = batches.batch(int(step), worker, workers)
        return [x, *(y[name] for name in names)] if len(names) > 1 else [x, y]

    def make(step: tf.Tensor) -> tuple:
        x, *targets = tf.numpy_function(arrays, [step], [tf.float32] * len(shapes))
        for tensor, shape in zip([x, *targets], shapes, strict=True):
            tensor.set_shape(shape)
        return x, dict(zip(names, targets, strict=True)) if len(names) > 1 else targets[0]

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max if last_step is None else last_step)
    return steps.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
