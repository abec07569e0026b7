"""Windows → batches → attributions: what all methods share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import keras
import numpy as np

from zoo.arguments import whole
from zoo.attribution import methods, profiles
from zoo.attribution.deeplift import rescaled
from zoo.attribution.gradients import input_gradient
from zoo.attribution.methods.base import FORWARD, Explained, Gradient, Method, Passes, Task
from zoo.attribution.targets import Target
from zoo.errors import InputError
from zoo.files import process
from zoo.forward.forward import check_memory, numbers
from zoo.spec import BASES, ModelSpec, OutputSpec

_MEMORY = 2 << 30  # bytes of activations at once
_MOST = 128  # sequences at once in a backward pass; more are no faster
_MOST_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Choice:
    """How to attribute.

    Attributes:
        method: with its parameters.
        target: what is explained.
        batch_size: sequences at once; None for what fits into about 2 GB.
        compat: the program whose definition of the target is taken, if it is another one.
    """

    method: Method
    target: Target
    batch_size: int | None = None
    compat: str | None = None

    def __post_init__(self) -> None:
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, 1, _MOST_AT_ONCE)

    @classmethod
    def resolve(
        cls,
        spec: ModelSpec,
        method: object = "deeplift",
        target: object = None,
        batch_size: int | None = None,
        given: Mapping[str, object] | None = None,
        output: OutputSpec | None = None,
        compat: str | None = None,
    ) -> "Choice":
        """Check a user's choices against the model; None stands for the default.

        Args:
            given: parameters of a method that is named.
            output: what is explained; by default the model's first head.
            compat: as `zoo.attribution.profiles.resolve` has it.

        Raises:
            InputError: naming the choice that does not fit, or that has no effect with the method.
        """
        chosen = methods.resolve(method, given or {})
        chosen.check(spec)
        aim = profiles.resolve(target, spec, spec.output if output is None else output, compat)
        if aim.pairwise and not isinstance(chosen, methods.DeepLIFT):
            raise InputError(
                f'With compat="{compat}" the method must be deeplift, for which that program defines the target',
                received={"method": chosen.name},
                hint="Leave out compat",
            )
        return cls(chosen, aim, batch_size, compat)


class Engine:
    """A network with its compiled backward passes, each made on first use: the `Passes` of methods.

    Args:
        network: (batch, window, channels), and perhaps covariates (batch, number), → (batch, bins).
        forward: windows, a batch size, and covariates of all of them (number,) if the network reads some → (n, bins),
            the compiled forward pass.
    """

    def __init__(self, network: keras.Model, forward: Callable[..., np.ndarray]) -> None:
        self._network, self._forward = network, forward
        self._gradients: dict[object, Gradient] = {}
        # Bytes of a sequence: twice, for what the backward pass keeps and makes.
        self._each = 8 * sum(map(numbers, network.operations))

    def batch(self, choice: Choice) -> int:
        """Sequences at once. Raises `InputError` for more than fit into this machine's memory."""
        if choice.batch_size is not None:
            check_memory(choice.batch_size, self._each)
        return choice.batch_size or min(max(_MEMORY // self._each, 1), _MOST)

    def windows_per_batch(self, choice: Choice, references: int | None = None) -> int:
        """Windows at once: what `explain` is best called with, also of a number of references that are given."""
        if references is None:
            compared = choice.method.compared(with_signal=False)
            references = 0 if compared is None else len(compared)
        return max(self.batch(choice) // (1 + references), 1)

    def explain(
        self,
        x: np.ndarray,
        choice: Choice,
        alternative: np.ndarray | None = None,
        references: np.ndarray | None = None,
        covariates: np.ndarray | None = None,
    ) -> Explained:
        """Attributions of windows (n, window, channels).

        Args:
            alternative: windows of the same shape. Then the target is that of `x` minus theirs, with the weights, the
                references and so the meaning of those of `x`.
            references: (n, R, window, channels) in place of those that the method would make.
            covariates: (n, number) of a network that reads some. A window's references, and its alternative, have its
                own, so that nothing is attributed to them.
        """
        process.enter()
        if covariates is None:
            return self._explain(self, x, choice, alternative, references)
        rows, group = np.unique(np.asarray(covariates, np.float32), axis=0, return_inverse=True)
        parts = []
        for number, row in enumerate(rows):  # windows of the same covariates at once
            some = np.flatnonzero(group.ravel() == number)
            given = (None if array is None else array[some] for array in (alternative, references))
            parts.append((some, self._explain(_Beside(self, row), x[some], choice, *given)))
        return _joined(parts, len(x))

    def _explain(
        self,
        passes: Passes,
        x: np.ndarray,
        choice: Choice,
        alternative: np.ndarray | None,
        references: np.ndarray | None,
    ) -> Explained:
        """Of windows that have the same covariates, if any."""
        predictions, target = passes.forward(x), choice.target
        compared = choice.method.compared(with_signal=x.shape[-1] > len(BASES))
        task = Task(
            x,
            predictions,
            _weights(target, predictions),
            target.weights if target.local else None,
            compared.make(x) if references is None and compared is not None else references,
            passes,
            self.batch(choice),
            choice.batch_size or FORWARD,
            target.weights if target.pairwise else None,
        )
        explained = _explained(choice.method, task)
        if alternative is None:
            return explained
        task = replace(task, x=alternative, predictions=passes.forward(alternative))
        if target.pairwise:
            task = replace(task, weights=_weights(target, task.predictions))
        other = _explained(choice.method, task)
        pairs = ((getattr(explained, field.name), getattr(other, field.name)) for field in fields(Explained))
        return Explained(*(None if one is None else one - another for one, another in pairs))

    def forward(self, windows: np.ndarray, batch_size: int = FORWARD, *beside: np.ndarray) -> np.ndarray:
        """Predictions, (n, bins) float32; here and in gradients, `beside` are the covariates of all windows."""
        return self._forward(windows, batch_size, *beside)

    def gradient(self, local: Callable | None = None) -> Gradient:
        """The network's compiled gradient."""
        if local not in self._gradients:
            self._gradients[local] = input_gradient(self._network, local)
        return self._gradients[local]

    def rescaled(self, references: int) -> Gradient:
        """DeepLIFT's, for examples that have so many references each."""
        if references not in self._gradients:
            self._gradients[references] = input_gradient(rescaled(self._network, references))
        return self._gradients[references]


@dataclass(frozen=True)
class _Beside:
    """The passes of windows that have the same covariates."""

    engine: Engine
    row: np.ndarray

    def forward(self, windows: np.ndarray, batch_size: int = FORWARD) -> np.ndarray:
        """As of `Passes`."""
        return self.engine.forward(windows, batch_size, self.row)

    def gradient(self, local: Callable | None = None) -> Gradient:
        """As of `Passes`."""
        return self._of(self.engine.gradient(local))

    def rescaled(self, references: int) -> Gradient:
        """As of `Passes`."""
        return self._of(self.engine.rescaled(references))

    def _of(self, gradient: Callable) -> Gradient:
        return lambda windows, weights: gradient(windows, weights, self.row)


def _joined(parts: Sequence[tuple[np.ndarray, Explained]], count: int) -> Explained:
    """Attributions of all windows, from those of some and their places."""
    found = {}
    for name in (field.name for field in fields(Explained)):
        arrays = [getattr(part, name) for _, part in parts]
        found[name] = None if arrays[0] is None else np.empty((count, *arrays[0].shape[1:]), arrays[0].dtype)
        for (some, _), array in zip(parts, arrays, strict=True):
            if array is not None:
                found[name][some] = array
    return Explained(**found)


def _weights(target: Target, predictions: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(target.weights(predictions), np.float32), predictions.shape)


def _explained(method: Method, task: Task) -> Explained:
    explained = method.explain(task)
    explained.check(task.x)
    return explained
