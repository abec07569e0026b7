"""tf.data datasets of batches, which are made ahead of time from what lies in memory."""

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
