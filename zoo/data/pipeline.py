"""tf.data datasets of batches, which are made ahead of time from what lies in memory."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from zoo.data.batches import Batches


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
    sides = [list(batches.inputs), list(batches.targets)]
    shapes = [(None, *shape) for side in (batches.inputs, batches.targets) for shape in side.values()]

    def arrays(number: np.int64) -> list[np.ndarray]:
        step, share = divmod(int(number), len(shares))
        batch = batches.batch(step, shares[share], of)
        return [
            side[name] if len(names) > 1 else side for side, names in zip(batch, sides, strict=True) for name in names
        ]

    def make(number: tf.Tensor) -> tuple:
        tensors = tf.numpy_function(arrays, [number], [tf.float32] * len(shapes))
        for tensor, shape in zip(tensors, shapes, strict=True):
            tensor.set_shape(shape)
        read = len(sides[0])
        return named(tensors[:read], sides[0]), named(tensors[read:], sides[1])

    end = np.iinfo(np.int64).max if last_step is None else last_step * len(shares)
    numbers = tf.data.Dataset.range(first_step * len(shares), end)
    return numbers.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)


def named(values: Sequence, names: Sequence[str]) -> object:
    """Values by their names as batches give them: the only one as it is, several as a dictionary."""
    return dict(zip(names, values, strict=True)) if len(names) > 1 else values[0]
