"""Values along a sequence as the coefficients of a B-spline basis, as Sei has it before its dense layers."""

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError

_DEGREE = 3


@keras.saving.register_keras_serializable("zoo")
class SplineProjection(keras.layers.Layer):
    """The product of each channel with every function of a cubic basis.

    (batch, positions, channels) → (batch, count, channels).

    Args:
        count: functions of the basis.
    """

    is_linear = True
    weights_decay = False

    def __init__(self, count: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.count = count

    def build(self, shape) -> None:
        """Compute the basis, which is no weight."""
        self._basis = spline_basis(shape[1], self.count)

    def call(self, x):
        """Project the positions."""
        return ops.einsum("bpc,ps->bsc", x, ops.convert_to_tensor(self._basis, dtype=x.dtype))

    def compute_output_shape(self, shape):
        """(batch, count, channels)."""
        return (shape[0], self.count, shape[2])

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "count": self.count}


def spline_basis(positions: int, count: int) -> np.ndarray:
    """Cubic B-splines on 0 … positions - 1 with an intercept (Cox-de Boor): (positions, count) float32.

    Inner knots are at equal quantiles of the positions, both ends are fourfold, and the last function is 1 at the last
    position (`bs` of sei-framework's model/sei.py).

    Raises:
        InputError: fewer functions than a cubic has, or fewer positions than functions.
    """
    if not _DEGREE < count <= positions:
        raise InputError(
            f"A cubic basis must have {_DEGREE + 1} functions or more, and no more than there are positions",
            received={"count": count, "positions": positions},
        )
    x = np.arange(positions, dtype=np.float64)
    inner = np.percentile(x, np.linspace(0, 100, count - _DEGREE + 1)[1:-1])
    knots = np.concatenate([[0.0] * (_DEGREE + 1), inner, [positions - 1.0] * (_DEGREE + 1)])
    basis = ((knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])).astype(np.float64)
    for degree in range(1, _DEGREE + 1):
        low, high = knots[: -degree - 1], knots[degree + 1 :]
        rising = _ratio(x[:, None] - low, knots[degree:-1] - low)
        falling = _ratio(high - x[:, None], high - knots[1:-degree])
        basis = rising * basis[:, :-1] + falling * basis[:, 1:]
    basis[-1] = np.arange(count) == count - 1
    return basis.astype(np.float32)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Their quotient, 0 between knots that are one."""
    return np.where(under > 0, over / np.where(under > 0, under, 1.0), 0.0)
