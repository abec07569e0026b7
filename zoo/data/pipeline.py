"""tf.data datasets, made batch by batch from what lies in memory.

The batch of a step depends on the seed and the step alone: a run that goes on at some step sees what an uninterrupted
one does, and workers that share a step see different rows of the same batch.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

Arrays = tuple[np.ndarray, np.ndarray | Mapping[str, np.ndarray]]


def share(rows: np.ndarray, worker: int, workers: int) -> np.ndarray:
    """A worker's rows of a step, as many as every other's: if they do not divide evenly the first ones come twice."""
    return np.resize(rows, -(-len(rows) // workers) * workers)[worker::workers]


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
    batches: Batches,
    first_step: int = 0,
    last_step: int | None = None,
    shares: range = range(1),
    of: int = 1,
) -> tf.data.Dataset:
    """The batches of some steps, in order, made ahead of time.

    Args:
        batches: what to feed.
        first_step: from which.
        last_step: to which, exclusive; None for no end.
        shares: of each step those of these workers, one element for each of them.
        of: how many workers there are.
    """
    names = list(batches.targets)
    shapes = [(None, *batches.window), *((None, *shape) for shape in batches.targets.values())]

    def arrays(number: np.int64) -> list[np.ndarray]:
        step, share = divmod(int(number), len(shares))
        x, y = batches.batch(step, shares[share], of)
        return [x, *(y[name] for name in names)] if len(names) > 1 else [x, y]

    def make(number: tf.Tensor) -> tuple:
        x, *targets = tf.numpy_function(arrays, [number], [tf.float32] * len(shapes))
        for tensor, shape in zip([x, *targets], shapes, strict=True):
            tensor.set_shape(shape)
        return x, dict(zip(names, targets, strict=True)) if len(names) > 1 else targets[0]

    end = np.iinfo(np.int64).max if last_step is None else last_step * len(shares)
    numbers = tf.data.Dataset.range(first_step * len(shares), end)
    return numbers.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
