"""What is explained: a weighted sum of a window's bins."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError
from zoo.layers.profile import Centered, SelfWeighted, centered, fractions


@dataclass(frozen=True)
class Shape:
    """What stands between a profile's logits and the sum that is explained.

    Attributes:
        groups: stretches of the profile that have a softmax of their own.
        terms: end with m softmax(m); else with m.
    """

    groups: int = 1
    terms: bool = True

    def on(self, network: keras.Model) -> keras.Model:
        """A network of logits, (batch, bins) or (batch, bins, tracks), with this behind it: (batch, bins × tracks)."""
        y = layers.Flatten(name="profile_flat")(network.output) if len(network.output_shape) > 2 else network.output
        y = Centered(self.groups, dtype="float32", name="profile_centered")(y)
        if self.terms:
            y = SelfWeighted(self.groups, dtype="float32", name="profile_terms")(y)
        return keras.Model(network.inputs, y, name=network.name)

    def array(self, logits: np.ndarray) -> np.ndarray:
        """The same of an array: (n, bins) or (n, bins, tracks) → (n, bins × tracks) float32."""
        m = centered(ops.convert_to_tensor(logits.reshape(len(logits), -1)), self.groups)
        return np.asarray(m * fractions(m, self.groups) if self.terms else m)


@dataclass(frozen=True)
class Target:
    """A weighted sum of bins, whose weights count as constants.

    Attributes:
        name: as in `resolve`.
        weights: predictions (n, bins) → weights that can be multiplied with them, in `keras.ops`.
        local: the weights are those of what is predicted on the path from a reference to the window, as they are if
            Captum integrates the gradient; attributions then may be incomplete. Else those of the window itself.
        pairwise: each window and reference have the mean of the weights of both; attributions then sum to something
            else than the difference of their targets.
        shape: what stands between predictions and the bins that are weighted, if anything does.
        definition: of the target in words, where its name does not say all.
    """

    name: str
    weights: Callable
    local: bool = False
    pairwise: bool = False
    shape: Shape | None = None
    definition: str | None = None

    def values(self, y: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
        """The target of predictions, (n, bins) → (n,) float64, with the weights of the predictions `at`."""
        weights = np.asarray(self.weights(ops.convert_to_tensor(y if at is None else at)))
        return (np.asarray(y, np.float64) * weights).sum(axis=-1)


def resolve(target: object, bins: int) -> Target:
    """A target by its name, bin or range of bins.

    Args:
        target: "sum" of all bins; a bin's number, from 0; a range of bins (first, beyond the last), also as "8:24";
            "profile": bins weighted by the softmax of the window's own profile (Grover et al. 2026, Methods, after
            ChromBPNet); "profile_local": the same with the weights of each point of the path, as Captum does.
        bins: of the model.

    Raises:
        InputError: none of these, or outside the output.
    """
    if isinstance(target, Target):
        return target
    if isinstance(target, str) and target in ("profile", "profile_local"):
        return Target(target, ops.softmax, local=target == "profile_local")
    if isinstance(target, str) and target == "sum":
        return Target("sum", lambda y: ops.ones((bins,), "float32"))
    first, stop = _range(target)
    if first is None or not 0 <= first < stop <= bins:
        raise InputError(
            f'The target must be "sum", "profile", "profile_local", a bin from 0 to {bins - 1}, or a range of bins '
            f"within 0:{bins}",
            example="8:24",
            received={"target": target},
        )
    chosen = np.zeros(bins, np.float32)
    chosen[first:stop] = 1
    return Target(str(first) if stop == first + 1 else f"{first}:{stop}", lambda y: ops.convert_to_tensor(chosen))


def _range(target: object) -> tuple[int | None, int]:
    """First bin and the one beyond the last; None for what is no range."""
    if isinstance(target, str):
        parts = target.split(":")
        if not all(part.isascii() and part.strip().isdecimal() and len(part) < 10 for part in parts):
            return None, 0
        target = int(parts[0]) if len(parts) == 1 else tuple(map(int, parts))
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool):
        return int(target), int(target) + 1
    if isinstance(target, (tuple, list)) and len(target) == 2 and all(isinstance(i, (int, np.integer)) for i in target):
        return int(target[0]), int(target[1])
    return None, 0
