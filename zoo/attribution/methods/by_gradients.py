"""Attributions by the gradient at the window itself."""

from dataclasses import dataclass

import numpy as np

from zoo.attribution.methods.base import SEQUENCE, Explained, Method, Task, signal_part


@dataclass(frozen=True)
class Gradients(Method):
    """The derivatives of the target, at all four bases of each position."""

    name = "gradients"

    def explain(self, task: Task) -> Explained:
        """Attributions; no hypothetical ones and no baseline."""
        return _explained(task, _slope(task))


@dataclass(frozen=True)
class InputXGradient(Method):
    """The derivatives times the window."""

    name = "input_x_gradient"

    def explain(self, task: Task) -> Explained:
        """Attributions; no hypothetical ones and no baseline."""
        return _explained(task, _slope(task) * task.x)


def _slope(task: Task) -> np.ndarray:
    return task.passes.gradient()(task.x, task.weights)[1]


def _explained(task: Task, part: np.ndarray) -> Explained:
    return Explained(part[..., SEQUENCE], None, signal_part(part), task.prediction, None)
