"""The interface of attribution methods: their task and their result."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, Protocol

import numpy as np

from zoo.attribution.references import References, check_signal
from zoo.errors import InputError
from zoo.spec import BASES, ModelSpec

FORWARD = 256  # sequences at once where there is no backward pass
SEQUENCE, SIGNAL = slice(0, len(BASES)), slice(len(BASES), None)  # channels of a window
_REFERENCES = ("references", "signal_reference", "count", "seed")  # parameters that make up `References`

Gradient = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Windows and weights (n, bins) → predictions, and the derivatives of the sum of weights × predictions."""


class Passes(Protocol):
    """The compiled passes through a network that methods use."""

    def forward(self, windows: np.ndarray, batch_size: int = FORWARD) -> np.ndarray:
        """Predictions of windows (n, window, channels), (n, bins) float32."""

    def gradient(self, local: Callable | None = None) -> Gradient:
        """The gradient; with `local` (predictions → weights, in `keras.ops`) by its weights, not those given."""

    def rescaled(self, references: int) -> Gradient:
        """DeepLIFT's multipliers in place of derivatives, of batches as `zoo.attribution.deeplift.rescaled` defines."""


@dataclass(frozen=True)
class Task:
    """Windows to be explained.

    Attributes:
        x: (n, window, channels) float32, one-hot A, C, G, T and the signal if any.
        predictions: (n, bins) float32.
        weights: (n, bins) float32, of the target.
        local: predictions → weights, if those of each point between reference and window count (`Target.local`).
        references: (n, R, window, channels) float32 of a method that has some, else None. Of an alternative allele they
            are those of the first.
        passes: through the network.
        batch_size: sequences at once in a backward pass.
        forward_batch: where there is none.
        pairwise: predictions (…, bins) → weights, if each window and reference have the mean of the weights of both
            (`Target.pairwise`).
    """

    x: np.ndarray
    predictions: np.ndarray
    weights: np.ndarray
    local: Callable | None
    references: np.ndarray | None
    passes: Passes
    batch_size: int
    forward_batch: int = FORWARD
    pairwise: Callable | None = None

    def of_pairs(self, predictions: np.ndarray) -> np.ndarray:
        """Weights of each window and reference, from predictions of references (n, R, bins), of that shape."""
        if self.pairwise is None:
            return np.broadcast_to(self.weights[:, None], predictions.shape)
        return 0.5 * (self.weights[:, None] + np.asarray(self.pairwise(predictions)))

    @property
    def prediction(self) -> np.ndarray:
        """(n,) float64, the target."""
        return (self.predictions.astype(np.float64) * self.weights).sum(axis=-1)


@dataclass(frozen=True)
class Explained:
    """Attributions of some windows.

    Attributes:
        values: (n, window, 4) float32.
        hypothetical: the same shape, or None.
        signal: (n, window) float32, of several tracks (n, window, tracks); None for a model of DNA alone.
        prediction: (n,) float64, the target.
        baseline: (n,) float64, its mean over the references; None without any.
        total: (n,) float64, what all attributions add up to, where that is not prediction minus baseline; else None.
    """

    values: np.ndarray
    hypothetical: np.ndarray | None
    signal: np.ndarray | None
    prediction: np.ndarray
    baseline: np.ndarray | None
    total: np.ndarray | None = None

    def check(self, x: np.ndarray) -> None:
        """Raise `InputError` unless these are attributions of windows `x`."""
        count, window, channels = x.shape
        bases = (count, window, len(BASES))
        wanted = {"values": bases, "hypothetical": bases, "signal": (count, window, channels - len(BASES))}
        if channels == len(BASES) + 1:
            wanted["signal"] = (count, window)
        wanted |= dict.fromkeys(("prediction", "baseline", "total"), (count,))
        needed = {"values", "prediction"} | ({"signal"} if channels > len(BASES) else set())
        for name, shape in wanted.items():
            array = getattr(self, name)
            if (name in needed) if array is None else np.shape(array) != shape:
                raise InputError(
                    f"The {name} that an attribution method returns must have the shape {shape}",
                    received={name: None if array is None else np.shape(array)},
                )


@dataclass(frozen=True)
class Method(ABC):
    """An attribution method: a frozen dataclass whose fields are its parameters, each with a default.

    Attributes:
        name: by which `Model.attribute` selects it. Files of an earlier call with this name and these parameters count
            as done: a method that computes something else takes another name.
    """

    name: ClassVar[str]

    @abstractmethod
    def explain(self, task: Task) -> Explained:
        """Attributions of the windows of a task."""

    def check(self, spec: ModelSpec) -> None:
        """Raise `InputError` if the parameters do not fit a model, such as a reference of a signal it does not read."""
        check_signal(spec, getattr(self, "signal_reference", None))

    def compared(self, with_signal: bool) -> References | None:
        """The references that `Task.references` are made by; None for a method without."""
        return None

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(field.name for field in fields(cls))

    def described(self, with_signal: bool) -> dict[str, object]:
        """Name and parameters as JSON has them, on which the files of a run depend.

        Raises:
            InputError: a parameter that JSON cannot represent.
        """
        given = {name: getattr(self, name) for name in self.parameters()}
        compared = self.compared(with_signal)
        if compared is not None:
            given = {name: value for name, value in given.items() if name not in _REFERENCES}
            given["references"] = asdict(compared)
        try:
            json.dumps(given, allow_nan=False)
        except (TypeError, ValueError):
            raise InputError(
                "The parameters of an attribution method must be numbers, text or lists to be written beside its files",
                received={"method": self.name, "parameters": sorted(given)},
            ) from None
        return {"method": self.name, **given}


def signal_part(part: np.ndarray) -> np.ndarray | None:
    """(…, window, channels) → (…, window), of several tracks (…, window, tracks); None without any."""
    tracks = part.shape[-1] - len(BASES)
    if not tracks:
        return None
    return part[..., len(BASES)] if tracks == 1 else part[..., len(BASES) :]
