"""Windows → batches → attributions: what all methods share."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from zoo.arguments import among, refuse_together, whole
from zoo.attribution import ism, targets
from zoo.attribution.deeplift import rescaled
from zoo.attribution.gradients import STEPS, Gradient, input_gradient, integrated_gradients
from zoo.attribution.references import References
from zoo.attribution.targets import Target
from zoo.files import process
from zoo.forward.forward import check_memory
from zoo.spec import BASES, ModelSpec

METHODS = (
    "deeplift",
    "integrated_gradients",
    "input_x_gradient",
    "gradients",
    "saturation_mutagenesis",
    "occlusion",
)
WITH_REFERENCES = METHODS[:2]
_REFERENCES = ("references", "signal_reference", "count", "seed")
USED = {
    "deeplift": (*_REFERENCES, "batch_size"),
    "integrated_gradients": (*_REFERENCES, "steps", "batch_size"),
    "input_x_gradient": ("batch_size",),
    "gradients": ("batch_size",),
    "saturation_mutagenesis": ("batch_size",),
    "occlusion": ("width", "signal_reference", "batch_size"),
}
"""Method → the choices that have an effect with it, beside its target."""
_MEMORY = 2 << 30  # bytes of activations at once
_MOST, _FORWARD = 128, 256  # sequences at once on the way back (more are no faster), and where there is none
_ENOUGH, _REFINED = 1e-2, 16  # how well integrated gradients add up, and how many times the steps for it
_MOST_STEPS, _MOST_AT_ONCE = 2000, 1 << 20  # nodes of a quadrature take the cube of their number to find
_BASES, _SIGNAL = slice(0, len(BASES)), slice(len(BASES), None)


@dataclass(frozen=True)
class Choice:
    """How to attribute, resolved.

    Attributes:
        method: one of `METHODS`.
        target: what is explained.
        references: how they are made; for occlusion only what becomes of the signal.
        steps: of integrated gradients.
        width: of occlusion, in bp.
        batch_size: sequences at once; None for what fits into about 2 GB.
    """

    method: str
    target: Target
    references: References
    steps: int = STEPS
    width: int = 12
    batch_size: int | None = None

    def __post_init__(self) -> None:
        among("method", self.method, METHODS)
        whole("steps", self.steps, 1, _MOST_STEPS)
        whole("width", self.width, 1, 1 << 30)
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, 1, _MOST_AT_ONCE)

    @classmethod
    def resolve(
        cls,
        spec: ModelSpec,
        *,
        method: str = "deeplift",
        target: object = "sum",
        references: str | None = None,
        signal_reference: str | None = None,
        count: int | None = None,
        seed: int | None = None,
        steps: int | None = None,
        width: int | None = None,
        batch_size: int | None = None,
    ) -> "Choice":
        """Check a user's choices against the model; None stands for the default.

        Raises:
            InputError: naming the choice that does not fit, or that has no effect with the method.
        """
        among("method", "None" if method is None else method, METHODS)
        given = {"references": references, "count": count, "seed": seed, "steps": steps, "width": width}
        given |= {"signal_reference": signal_reference, "batch_size": batch_size}
        used = USED[method]
        refuse_together(f'The method "{method}"', {name: value for name, value in given.items() if name not in used})
        if not spec.input.tracks:
            refuse_together(f"{spec.name} reads DNA alone and", {"signal_reference": signal_reference})
        made = References.resolve(bool(spec.input.tracks), references, signal_reference, count, seed)
        if method == "occlusion":
            width = whole("width", 12 if width is None else width, 1, spec.input.window)
        return cls(
            method,
            targets.resolve(target, spec.output.bins),
            made,
            STEPS if steps is None else whole("steps", steps, 1, _MOST_STEPS),
            12 if width is None else width,
            batch_size,
        )


@dataclass(frozen=True)
class Explained:
    """Attributions of some windows.

    Attributes:
        values: (n, window, 4) float32.
        hypothetical: the same shape, or None.
        signal: (n, window) float32, or None for a model of DNA alone.
        prediction: (n,) float64, the target.
        baseline: (n,) float64, its mean over the references; None without any.
    """

    values: np.ndarray
    hypothetical: np.ndarray | None
    signal: np.ndarray | None
    prediction: np.ndarray
    baseline: np.ndarray | None


class Engine:
    """A network with its compiled passes back, each made on first use.

    Args:
        network: (batch, window, channels) → (batch, bins).
        forward: windows and a batch size → (n, bins), the compiled forward pass.
    """

    def __init__(self, network: keras.Model, forward: Callable[[np.ndarray, int], np.ndarray]) -> None:
        self._network, self._forward = network, forward
        self._gradients: dict[object, Gradient] = {}
        numbers = sum(math.prod(operation.output.shape[1:]) for operation in network.operations)
        self._each = 8 * numbers  # bytes of a sequence: twice, for what the backward pass keeps and makes

    def batch(self, choice: Choice) -> int:
        """Sequences at once. Raises `InputError` for more than fit into this machine's memory."""
        if choice.batch_size is not None:
            check_memory(choice.batch_size, self._each)
        return choice.batch_size or min(max(_MEMORY // self._each, 1), _MOST)

    def together(self, choice: Choice) -> int:
        """Windows at once: what `explain` is best called with."""
        with_references = 1 + len(choice.references) if choice.method in WITH_REFERENCES else 1
        return max(self.batch(choice) // with_references, 1)

    def explain(self, x: np.ndarray, choice: Choice, alternative: np.ndarray | None = None) -> Explained:
        """Attributions of windows (n, window, channels).

        Args:
            alternative: windows of the same shape. Then the target is that of `x` minus theirs, with the weights, the
                references and so the meaning of those of `x`.
        """
        process.enter()
        answers = self._forward(x, _FORWARD)
        weights = np.broadcast_to(np.asarray(choice.target.weights(answers), np.float32), answers.shape)
        references = choice.references.make(x) if choice.method in WITH_REFERENCES else None
        found = self._explained(x, answers, weights, references, choice)
        if alternative is None:
            return found
        other = self._explained(alternative, self._forward(alternative, _FORWARD), weights, references, choice)
        return Explained(*(_minus(getattr(found, name), getattr(other, name)) for name in found.__dataclass_fields__))

    def _explained(self, x, answers, weights, references, choice: Choice) -> Explained:
        prediction = (answers.astype(np.float64) * weights).sum(axis=-1)
        if choice.method in WITH_REFERENCES:
            return self._by_references(x, prediction, weights, references, choice)
        if choice.method in ("gradients", "input_x_gradient"):
            slope = self._gradient(None)(x, weights)[1]
            part = slope if choice.method == "gradients" else slope * x
            return Explained(part[..., _BASES], None, _signal(part), prediction, None)
        found = [self._by_changes(window, weight, choice) for window, weight in zip(x, weights, strict=True)]
        stacked = (None if parts[0] is None else np.stack(parts) for parts in zip(*found, strict=True))
        return Explained(*stacked, prediction, None)

    def _by_references(self, x, prediction, weights, references, choice: Choice) -> Explained:
        """Multipliers become what each base would contribute in the place of its references."""
        if choice.method == "deeplift":
            multipliers, answers = self._deeplift(x, references, weights, self.batch(choice))
        else:
            answers = self._forward(references.reshape(-1, *x.shape[1:]), _FORWARD).reshape(*references.shape[:2], -1)
        baseline = (answers.astype(np.float64) * weights[:, None]).sum(axis=-1).mean(axis=1)
        if choice.method == "integrated_gradients":
            multipliers = self._integrated(x, references, weights, prediction - baseline, choice)
        bases = multipliers[..., _BASES]
        hypothetical = (bases - (bases * references[..., _BASES]).sum(axis=-1, keepdims=True)).mean(axis=1)
        signal = _signal((multipliers * (x[:, None] - references)).mean(axis=1))
        return Explained(hypothetical * x[..., _BASES], hypothetical, signal, prediction, baseline)

    def _integrated(self, x, references, weights, difference, choice: Choice) -> np.ndarray:
        """Mean gradients (n, R, window, channels), with more steps for windows that do not add up with `steps`."""
        gradient = self._gradient(choice.target.weights if choice.target.local else None)
        found, steps, left = np.empty(references.shape, np.float32), choice.steps, np.arange(len(x))
        while len(left):
            found[left] = integrated_gradients(
                gradient, x[left], references[left], weights[left], steps, self.batch(choice)
            )
            total = (found[left] * (x[left, None] - references[left])).sum(axis=(2, 3), dtype=np.float64).mean(axis=1)
            off = np.abs(total - difference[left]) > _ENOUGH * np.abs(difference[left])
            steps *= 2
            if choice.target.local or steps > min(_REFINED * choice.steps, max(_MOST_STEPS, choice.steps)):
                break
            left = left[off]
        return found

    def _deeplift(self, x, references, weights, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Multipliers (n, R, window, channels) and answers (n, R, bins) of the references."""
        count, most = references.shape[1], max(batch - 1, 1)
        multipliers, answers = [], []
        for some in np.array_split(references, -(-count // most), axis=1):  # a network is rescaled for a number of them
            z = np.concatenate([x, some.reshape(-1, *x.shape[1:])])
            asked = np.concatenate([np.zeros_like(weights), np.repeat(weights, some.shape[1], axis=0)])
            y, slope = self._gradient(some.shape[1])(z, asked)
            multipliers.append(slope[len(x) :].reshape(some.shape))
            answers.append(y[len(x) :].reshape(*some.shape[:2], -1))
        return np.concatenate(multipliers, axis=1), np.concatenate(answers, axis=1)

    def _by_changes(self, window, weight, choice: Choice) -> tuple[np.ndarray | None, ...]:
        """Values, hypothetical values and signal of one window."""

        def score(windows: np.ndarray) -> np.ndarray:
            return (self._forward(windows, size).astype(np.float64) * weight).sum(axis=-1)

        size = choice.batch_size or _FORWARD
        bases, signal = window[:, _BASES], None if window.shape[-1] == len(BASES) else np.zeros(len(window), np.float32)
        if choice.method == "saturation_mutagenesis":
            changes = ism.saturation_mutagenesis(score, window, size)
            hypothetical = changes - changes.mean(axis=1, keepdims=True)
            return hypothetical * bases, hypothetical, signal
        hidden = ism.occlusion(score, window, _BASES, np.zeros_like(bases), choice.width, size)
        if choice.references.signal in ("zeros", "mean"):
            fill = choice.references.signals(window[None])[0]
            signal = ism.occlusion(score, window, _SIGNAL, fill, choice.width, size)
        return hidden[:, None] * bases, None, signal

    def _gradient(self, key: object) -> Gradient:
        """A compiled gradient: for None the network's, for a number DeepLIFT's, for a function with local weights."""
        if key not in self._gradients:
            network = rescaled(self._network, key) if isinstance(key, int) else self._network
            self._gradients[key] = input_gradient(network, key if callable(key) else None)
        return self._gradients[key]


def _signal(part: np.ndarray) -> np.ndarray | None:
    """(n, window, channels) → (n, window), or None without a signal."""
    return part[..., len(BASES)] if part.shape[-1] > len(BASES) else None


def _minus(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return None if one is None else one - other
