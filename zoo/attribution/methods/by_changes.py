"""Attributions by perturbation (saturation mutagenesis, sliding occlusion), window by window."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from zoo.arguments import among, whole
from zoo.attribution import ism
from zoo.attribution.methods.base import SEQUENCE, Explained, Method, Task, signal_part
from zoo.attribution.references import SIGNALS, References
from zoo.spec import BASES, ModelSpec

_MOST_WIDTH = 1 << 30

Parts = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
"""Values (window, 4), hypothetical values of the same shape, and signal (window,)."""


@dataclass(frozen=True)
class SaturationMutagenesis(Method):
    """Every single substitution. Hypothetical values have a mean of 0 at each position; the signal has none."""

    name = "saturation_mutagenesis"

    def explain(self, task: Task) -> Explained:
        """Attributions without a baseline."""

        def explained(score: ism.Score, window: np.ndarray) -> Parts:
            changes = ism.saturation_mutagenesis(score, window, task.forward_batch)
            hypothetical = changes - changes.mean(axis=1, keepdims=True)
            return hypothetical * window[:, SEQUENCE], hypothetical, _no_signal(window)

        return _by_window(task, explained)


@dataclass(frozen=True)
class Occlusion(Method):
    """Sliding occlusion of bases and of the signal.

    Attributes:
        width: of a stretch, bp.
        signal_reference: what hides the signal: "zeros", "mean", or "fixed" (the default), which attributes nothing
            to it.
    """

    name = "occlusion"

    width: int = 12
    signal_reference: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", whole("width", self.width, 1, _MOST_WIDTH))
        among("signal_reference", self.signal_reference, SIGNALS)

    def check(self, spec: ModelSpec) -> None:
        """Raise `InputError` for a stretch longer than the window, or for a signal that the model does not read."""
        super().check(spec)
        whole("width", self.width, 1, spec.input.window)

    def described(self, with_signal: bool) -> dict[str, object]:
        """As of every method, with the default resolved."""
        given = super().described(with_signal)
        return given | {"signal_reference": (self.signal_reference or SIGNALS[0]) if with_signal else None}

    def explain(self, task: Task) -> Explained:
        """Attributions without hypothetical ones and without a baseline."""

        def explained(score: ism.Score, window: np.ndarray) -> Parts:
            bases, signal = window[:, SEQUENCE], _no_signal(window)
            how = (self.width, task.forward_batch)
            hidden = ism.occlusion(score, window, SEQUENCE, np.zeros_like(bases), *how)
            if signal is not None and self.signal_reference in ("zeros", "mean"):
                fill = References(signal=self.signal_reference).signals(window[None])[0]
                places = range(len(BASES), window.shape[-1])
                columns = [
                    ism.occlusion(score, window, slice(at, at + 1), fill[:, [at - len(BASES)]], *how) for at in places
                ]
                signal = columns[0] if len(columns) == 1 else np.stack(columns, axis=-1)
            return hidden[:, None] * bases, None, signal

        return _by_window(task, explained)


def _no_signal(window: np.ndarray) -> np.ndarray | None:
    return signal_part(np.zeros_like(window))


def _by_window(task: Task, explained: Callable[[ism.Score, np.ndarray], Parts]) -> Explained:
    """Attributions of each window, from a function of many windows' target and of the window."""

    def score(weight: np.ndarray, windows: np.ndarray) -> np.ndarray:
        return (task.passes.forward(windows, task.forward_batch).astype(np.float64) * weight).sum(axis=-1)

    by_window = [explained(partial(score, weight), window) for window, weight in zip(task.x, task.weights, strict=True)]
    stacked = (None if parts[0] is None else np.stack(parts) for parts in zip(*by_window, strict=True))
    return Explained(*stacked, task.prediction, None)
