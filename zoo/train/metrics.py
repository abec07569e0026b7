"""Metrics that are watched while training, for `network.compile(metrics=…)`."""

from collections.abc import Callable, Mapping, Sequence

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
        x, y = (ops.reshape(ops.cast(values, self.dtype), (-1,)) for values in (y_true, y_pred))
        self._moments.assign(_joined(self._moments, x, y))

    def result(self):
        """r, from -1 to 1."""
        return _pearson(self._moments)


class PearsonOfTracks(keras.metrics.Metric):
    """The mean over tracks of Pearson's r of all bins of each, as of `PearsonCorrelation`, in one operation for all.

    Args:
        tracks: how many; targets and predictions are (batch, bins, tracks).
    """

    def __init__(self, tracks: int, name: str = "pearson") -> None:
        super().__init__(name=name)
        self._moments = self.add_weight(shape=(6, tracks), initializer="zeros", name="moments")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        shape = (-1, self._moments.shape[1])
        x, y = (ops.reshape(ops.cast(values, self.dtype), shape) for values in (y_true, y_pred))
        self._moments.assign(_joined(self._moments, x, y))

    def result(self):
        """The mean of r."""
        return ops.mean(_pearson(self._moments))


def _joined(moments, x, y):
    """Count, means, sums of squares and of products, with those of more values (n,) or (n, tracks)."""
    count, old_x, old_y, square_x, square_y, product = ops.unstack(moments, 6)
    added = ops.cast(ops.shape(x)[0], x.dtype)
    mean_x, mean_y = ops.mean(x, axis=0), ops.mean(y, axis=0)
    off_x, off_y = x - mean_x, y - mean_y
    total = count + added
    step_x, step_y, share = mean_x - old_x, mean_y - old_y, added / total
    joined = [
        total,
        old_x + step_x * share,
        old_y + step_y * share,
        square_x + ops.sum(off_x * off_x, axis=0) + step_x * step_x * count * share,
        square_y + ops.sum(off_y * off_y, axis=0) + step_y * step_y * count * share,
        product + ops.sum(off_x * off_y, axis=0) + step_x * step_y * count * share,
    ]
    return ops.stack(joined)


def _pearson(moments):
    """r of such moments, 0 where one of the two does not vary."""
    square_x, square_y, product = ops.unstack(moments, 6)[3:]
    spread = ops.sqrt(square_x) * ops.sqrt(square_y)
    return ops.where(spread > 0, product / ops.where(spread > 0, spread, 1.0), 0.0)


@keras.saving.register_keras_serializable("zoo")
class SpearmanCorrelation(keras.metrics.Metric):
    """Spearman's ρ of all elements that were seen since the last reset, in one pass and in fixed memory.

    Values are counted in `cells` × `cells` cells of x / (1 + |x|), evenly spaced; those of one cell share their rank.
    With the 1,024 of the default, ρ of continuous values is within 1e-3 of that of exact ranks. 0 if one of the two
    does not vary.
    """

    def __init__(self, name: str = "spearman", cells: int = 1024, **kwargs: object) -> None:
        super().__init__(name=name, **kwargs)
        self.cells = cells
        self._counts = self.add_weight(shape=(cells * cells,), initializer="zeros", dtype="int32", name="counts")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        x, y = (self._cell(ops.reshape(ops.cast(values, self.dtype), (-1,))) for values in (y_true, y_pred))
        added = ops.segment_sum(ops.ones_like(x), x * self.cells + y, self.cells * self.cells)
        self._counts.assign_add(added)

    def result(self):
        """ρ, from -1 to 1."""
        counts = ops.cast(ops.reshape(self._counts, (self.cells, self.cells)), self.dtype)
        total = ops.sum(counts)
        ranks = []
        for axis in (1, 0):
            share = ops.sum(counts, axis=axis) / ops.maximum(total, 1.0)
            middle = ops.cumsum(share) - share / 2 - 0.5
            ranks.append((middle, ops.sum(share * middle * middle)))
        (x, square_x), (y, square_y) = ranks
        product = ops.sum(counts / ops.maximum(total, 1.0) * x[:, None] * y[None, :])
        spread = ops.sqrt(square_x) * ops.sqrt(square_y)
        return ops.where(spread > 1e-12, product / ops.where(spread > 1e-12, spread, 1.0), 0.0)

    def _cell(self, x):
        """The number of a value's cell, from 0."""
        place = (x / (1 + ops.abs(x)) + 1) / 2
        return ops.cast(ops.clip(ops.floor(place * self.cells), 0, self.cells - 1), "int32")


class OfHeads(keras.metrics.Metric):
    """A metric of networks with several heads: of what a function makes of their targets and outputs.

    Args:
        metric: sees what the function returns.
        of: (targets, outputs) → (targets, outputs) of that metric.
    """

    def __init__(self, metric: keras.metrics.Metric, of: Callable[[Mapping, Mapping], tuple], name: str = "") -> None:
        super().__init__(name=name or metric.name)
        self._metric, self._of = metric, of

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        self._metric.update_state(*self._of(y_true, y_pred))

    def result(self):
        """That of the metric."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Begin anew."""
        self._metric.reset_state()


class OfKnown(keras.metrics.Metric):
    """A metric of single elements, of those whose target is known.

    Args:
        metric: takes weights.
        bound: a target from which on an element counts as 1, others as 0; None for targets as they are.
    """

    def __init__(self, metric: keras.metrics.Metric, name: str = "", bound: float | None = None) -> None:
        super().__init__(name=name or metric.name)
        self._metric, self._bound = metric, bound

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        y_true, y_pred = (ops.reshape(values, (-1, 1)) for values in (y_true, y_pred))
        targets = ops.maximum(y_true, 0) if self._bound is None else ops.cast(y_true >= self._bound, y_true.dtype)
        self._metric.update_state(targets, y_pred, known(y_true)[:, 0])

    def result(self):
        """That of the metric."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Begin anew."""
        self._metric.reset_state()


class MeanOverTracks(keras.metrics.Metric):
    """The mean of metrics of which each sees a track of its own, (batch, bins, tracks); else tracks that lie higher
    than others would seem to correlate.

    Args:
        each: one metric for each track.
    """

    def __init__(self, each: Sequence[keras.metrics.Metric], name: str = "mean_over_tracks") -> None:
        super().__init__(name=name)
        self._each = list(each)

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Add a batch; `sample_weight` is not used."""
        for track, metric in enumerate(self._each):
            metric.update_state(y_true[..., track], y_pred[..., track])

    def result(self):
        """The mean."""
        return ops.mean(ops.stack([metric.result() for metric in self._each]))

    def reset_state(self) -> None:
        """Begin anew."""
        for metric in self._each:
            metric.reset_state()
