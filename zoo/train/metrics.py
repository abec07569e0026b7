"""Metrics that are watched while training, for `network.compile(metrics=…)`."""

import keras
from keras import ops

from zoo.train.losses import known


@keras.saving.register_keras_serializable("zoo")
def dice_coefficient(y_true, y_pred):
    """(2 Σ y p + 10) / (Σ y + Σ p + 10) over the elements of a batch whose target is known; soft p (maxATAC).

    A scalar for each batch; Keras takes the mean over batches, all with the same weight.
    """
    mask = known(y_true)
    shared, total = ops.sum(y_true * y_pred * mask), ops.sum(y_true * mask) + ops.sum(y_pred * mask)
    return (2 * shared + 10) / (total + 10)


@keras.saving.register_keras_serializable("zoo")
class PearsonCorrelation(keras.metrics.Metric):
    """Pearson's r of all elements that were seen since the last reset, in one pass.

    Means and sums of squares of batches are joined by Chan, Golub & LeVeque 1983, which loses no digits where values
    are large and vary little. 0 if one of the two does not vary.
    """

    def __init__(self, name: str = "pearson", **kwargs: object) -> None:
        super().__init__(name=name, **kwargs)
        self._moments = self.add_weight(shape=(6,), initializer="zeros", name="moments")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        x, y = (ops.reshape(ops.cast(item, self.dtype), (-1,)) for item in (y_true, y_pred))
        added = ops.cast(ops.size(x), self.dtype)
        mean_x, mean_y = ops.mean(x), ops.mean(y)
        off_x, off_y = x - mean_x, y - mean_y
        count, old_x, old_y, square_x, square_y, product = ops.unstack(self._moments, 6)
        total = count + added
        step_x, step_y, share = mean_x - old_x, mean_y - old_y, added / total
        joined = [
            total,
            old_x + step_x * share,
            old_y + step_y * share,
            square_x + ops.sum(off_x * off_x) + step_x * step_x * count * share,
            square_y + ops.sum(off_y * off_y) + step_y * step_y * count * share,
            product + ops.sum(off_x * off_y) + step_x * step_y * count * share,
        ]
        self._moments.assign(ops.stack(joined))

    def result(self):
        """r, from -1 to 1."""
        square_x, square_y, product = ops.unstack(self._moments, 6)[3:]
        spread = ops.sqrt(square_x) * ops.sqrt(square_y)
        return ops.where(spread > 0, product / ops.where(spread > 0, spread, 1.0), 0.0)
