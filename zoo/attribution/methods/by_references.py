"""Attributions by multipliers between a window and its references."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zoo.arguments import whole
from zoo.attribution.methods.base import SEQUENCE, Explained, Gradient, Method, Task, signal_part
from zoo.attribution.references import References
from zoo.errors import InputError

STEPS = 50  # of integrated gradients, as published
_ENOUGH, _REFINED = 1e-2, 16  # accepted completeness error of integrated gradients, and how many times the steps for it
_SAME, _TINY = 1e-2, 1e-6  # relative and absolute difference that rounding may make, in half precision, too
_MOST_STEPS = 2000  # finding the nodes of a quadrature takes time cubic in their number


@dataclass(frozen=True)
class Referenced(Method):
    """A method with references; None stands for the default of `References`."""

    references: str | None = None
    signal_reference: str | None = None
    count: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        self.compared(with_signal=True)

    def compared(self, with_signal: bool) -> References:
        """The references."""
        return References.resolve(with_signal, self.references, self.signal_reference, self.count, self.seed)


@dataclass(frozen=True)
class DeepLIFT(Referenced):
    """The rescale rule against references (Shrikumar et al. 2017; Lundberg & Lee 2017).

    Attributes:
        references: how they are made, see `zoo.attribution.references.References`; likewise
        signal_reference: that of the signal,
        count: how many there are, and
        seed: of what is random in them.
    """

    name = "deeplift"

    def explain(self, task: Task) -> Explained:
        """Attributions whose sum is prediction minus baseline."""
        count, most = task.references.shape[1], max(task.batch_size - 1, 1)
        multipliers, predictions = [], []
        for some in np.array_split(task.references, -(-count // most), axis=1):  # the network is rescaled for a number
            z = np.concatenate([task.x, some.reshape(-1, *task.x.shape[1:])])
            weights = np.concatenate([np.zeros_like(task.weights), _pair_weights(task, some)])
            y, slope = task.passes.rescaled(some.shape[1])(z, weights)
            _check_rules(y[: len(task.x)], task.predictions)
            multipliers.append(slope[len(task.x) :].reshape(some.shape))
            predictions.append(y[len(task.x) :].reshape(*some.shape[:2], -1))
        return _explained(task, np.concatenate(multipliers, axis=1), np.concatenate(predictions, axis=1))


@dataclass(frozen=True)
class IntegratedGradients(Referenced):
    """Mean gradients between references and window (Sundararajan et al. 2017).

    Attributes:
        steps: of the quadrature; more, up to 16 times and 2,000, for windows with a completeness error above 1 %.
        references: as of `DeepLIFT`, and so the others.
    """

    name = "integrated_gradients"

    steps: int = STEPS

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "steps", whole("steps", self.steps, 1, _MOST_STEPS))

    def explain(self, task: Task) -> Explained:
        """Attributions whose sum is prediction minus baseline within 1 %, if the steps suffice."""
        flat = task.references.reshape(-1, *task.x.shape[1:])
        predictions = task.passes.forward(flat).reshape(*task.references.shape[:2], -1)
        return _explained(task, self._multipliers(task, task.prediction - _baseline(task, predictions)), predictions)

    def _multipliers(self, task: Task, difference: np.ndarray) -> np.ndarray:
        """Mean gradients (n, R, window, channels), with more steps for windows with too large a completeness error."""
        gradient, x, references = task.passes.gradient(task.local), task.x, task.references
        multipliers, steps, left = np.empty(references.shape, np.float32), self.steps, np.arange(len(x))
        while len(left):
            multipliers[left] = integrated_gradients(
                gradient, x[left], references[left], task.weights[left], steps, task.batch_size
            )
            total = (
                (multipliers[left] * (x[left, None] - references[left])).sum(axis=(2, 3), dtype=np.float64).mean(axis=1)
            )
            off = np.abs(total - difference[left]) > _ENOUGH * np.abs(difference[left])
            steps *= 2
            if task.local is not None or steps > min(_REFINED * self.steps, max(_MOST_STEPS, self.steps)):
                break
            left = left[off]
        return multipliers


def _pair_weights(task: Task, references: np.ndarray) -> np.ndarray:
    """Weights of the predictions of some references (n, R, window, channels), (n × R, bins)."""
    if task.pairwise is None:
        return np.repeat(task.weights, references.shape[1], axis=0)
    flat = task.passes.forward(references.reshape(-1, *task.x.shape[1:]), task.forward_batch)
    return task.of_pairs(flat.reshape(*references.shape[:2], -1)).reshape(flat.shape)


def _check_rules(rescaled: np.ndarray, predictions: np.ndarray) -> None:
    """Raise `InputError` if rules do not lead to what the network predicts: the multipliers are of another function."""
    largest = np.abs(predictions).max()
    if not np.allclose(rescaled, predictions, rtol=0, atol=_SAME * largest + _TINY, equal_nan=True):
        raise InputError(
            "Each layer's rule of DeepLIFT must give what its layer gives; one of this network gives something else",
            received={"difference": float(np.abs(rescaled - predictions).max()), "largest prediction": float(largest)},
            hint='Take method="integrated_gradients", which needs no rules',
        )


def _baseline(task: Task, predictions: np.ndarray) -> np.ndarray:
    """The target of references, (n, R, bins) → (n,) float64, their mean."""
    weights = task.weights[:, None] if task.pairwise is None else np.asarray(task.pairwise(predictions))
    return (predictions.astype(np.float64) * weights).sum(axis=-1).mean(axis=1)


def _total(task: Task, predictions: np.ndarray) -> np.ndarray | None:
    """What attributions add up to if each pair has weights of its own, (n,) float64."""
    if task.pairwise is None:
        return None
    change = task.predictions[:, None].astype(np.float64) - predictions
    return (change * task.of_pairs(predictions)).sum(axis=-1).mean(axis=1)


def _explained(task: Task, multipliers: np.ndarray, predictions: np.ndarray) -> Explained:
    """Multipliers become what each base would contribute in the place of its references."""
    bases = multipliers[..., SEQUENCE]
    hypothetical = (bases - (bases * task.references[..., SEQUENCE]).sum(axis=-1, keepdims=True)).mean(axis=1)
    signal = signal_part((multipliers * (task.x[:, None] - task.references)).mean(axis=1))
    values = hypothetical * task.x[..., SEQUENCE]
    baseline, total = _baseline(task, predictions), _total(task, predictions)
    return Explained(values, hypothetical, signal, task.prediction, baseline, total)


def integrated_gradients(
    gradient: Gradient, x: np.ndarray, references: np.ndarray, weights: np.ndarray, steps: int, batch_size: int
) -> np.ndarray:
    """Mean gradients on straight paths from references to windows (Sundararajan et al. 2017, equation 1).

    The integral is a Gauss-Legendre quadrature, as Captum's is by default.

    Args:
        gradient: of `zoo.attribution.gradients.input_gradient`.
        x: (n, …) float32.
        references: (n, R, …) float32.
        weights: (n, bins) of the target.
        steps: points on each path.
        batch_size: points at once.

    Returns:
        (n, R, …) float32, to be multiplied with the difference of window and reference.
    """
    nodes, shares = np.polynomial.legendre.leggauss(steps)
    nodes, shares = (0.5 * (nodes + 1)).astype(np.float32), (0.5 * shares).astype(np.float32)
    count = references.shape[1]
    flat = references.reshape(-1, *x.shape[1:])
    total = np.zeros_like(flat)
    for pair, step in _points(len(flat), steps, batch_size):
        scale = nodes[step].reshape(-1, *[1] * (x.ndim - 1))
        z = flat[pair] + scale * (x[pair // count] - flat[pair])
        slopes = gradient(z, weights[pair // count])[1] * shares[step].reshape(scale.shape)
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        total[pair[first]] += np.add.reduceat(slopes, first, axis=0)
    return total.reshape(references.shape)


def _points(pairs: int, steps: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of pairs and steps, batch by batch."""
    for first in range(0, pairs * steps, batch_size):
        yield np.divmod(np.arange(first, min(first + batch_size, pairs * steps)), steps)
