"""Learning rates."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class WarmUpAndRestarts(keras.optimizers.schedules.LearningRateSchedule):
    """ASAP's schedule: in the first epoch a linear rise, then half a cosine down to 0; then half a cosine per epoch.

    From the second restart on, epochs begin one step late, as in the authors' code; each peak is `decay` times the one
    before.

    Args:
        steps_per_epoch: batches of an epoch.
        peak: the highest learning rate.
        warm_up: fraction of the first epoch that rises.
        decay: of the peaks, from the second restart on.
    """

    def __init__(self, steps_per_epoch: int, peak: float = 1e-3, warm_up: float = 0.25, decay: float = 0.9) -> None:
        self.steps_per_epoch, self.peak, self.warm_up, self.decay = steps_per_epoch, peak, warm_up, decay

    def __call__(self, step):
        """The learning rate of a step, counted from 0."""
        epoch, rise = self.steps_per_epoch, int(self.warm_up * self.steps_per_epoch)
        step = ops.cast(step, "float32")
        late = step - epoch
        restarts = ops.floor(ops.maximum(late - 1, 0) / epoch)
        since = ops.where(late < epoch, late, ops.mod(late - 1, epoch))
        first = ops.where(step < rise, step / max(rise, 1), _half_cosine((step - rise) / max(epoch - rise, 1)))
        later = self.decay ** ops.where(late < epoch, 0.0, restarts) * _half_cosine(since / epoch)
        return self.peak * ops.where(step < epoch, first, later)

    def get_config(self) -> dict:
        """The arguments."""
        return {
            "steps_per_epoch": self.steps_per_epoch,
            "peak": self.peak,
            "warm_up": self.warm_up,
            "decay": self.decay,
        }


@keras.saving.register_keras_serializable("zoo")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises from 0 along a line, and then stays (Basenji's and Borzoi's trainer).

    Args:
        steps: that it rises.
        peak: what it rises to.
    """

    def __init__(self, steps: int, peak: float) -> None:
        self.steps, self.peak = steps, peak

    def __call__(self, step):
        """The learning rate of a step, counted from 0."""
        return self.peak * ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)

    def get_config(self) -> dict:
        """The arguments."""
        return {"steps": self.steps, "peak": self.peak}


def _half_cosine(share):
    """From 1 at 0 to 0 at 1."""
    return 0.5 * (1 + ops.cos(math.pi * share))
