"""What the tests of attributions share."""

import keras
import numpy as np
from keras import layers

from zoo import architectures
from zoo.attribution import methods
from zoo.attribution.engine import Choice, Engine
from zoo.attribution.methods import Explained
from zoo.attribution.targets import resolve
from zoo.genome.encode import one_hot


def flat(network: keras.Model) -> keras.Model:
    """With the tracks, if there are several, side by side."""
    return network if len(network.output_shape) == 2 else keras.Model(network.input, layers.Flatten()(network.output))


def explain(
    network: keras.Model, x: np.ndarray, method: str = "deeplift", target: object = "sum", **others: object
) -> Explained:
    """Attributions of a network's windows."""
    scores = flat(architectures.scores(network))
    signal = "zeros" if x.shape[-1] > 4 else None
    given = {"signal_reference": signal, **others}
    kind = methods.METHODS[method]
    chosen = kind(**{name: value for name, value in given.items() if name in kind.parameters()})
    choice = Choice(chosen, resolve(target, scores.output_shape[1]), others.get("batch_size"))
    return Engine(scores, lambda x, size: np.asarray(scores.predict_on_batch(x))).explain(x, choice)


def off(found: Explained) -> np.ndarray:
    """How far the sums are from the differences, relative to these."""
    total = found.values.sum(axis=(1, 2), dtype=float)
    total += 0 if found.signal is None else found.signal.reshape(len(total), -1).sum(axis=1, dtype=float)
    difference = found.prediction - found.baseline
    return np.abs(total - difference) / np.abs(difference)


def lively(network: keras.Model, seed: int = 1) -> keras.Model:
    """The network with weights that keep the size of what passes through, so that answers vary with the window."""
    random = np.random.default_rng(seed)
    for weight in network.weights:
        moved = random.normal(size=weight.shape)
        if len(weight.shape) > 1:
            weight.assign(moved * np.sqrt(2 / np.prod(weight.shape[:-1])))
        else:
            start = np.round(np.asarray(weight))  # 0 or 1; biases that begin at random count as 0
            weight.assign(start + 0.1 * (np.abs(moved) if "variance" in weight.path else moved))
    return network


def sequences(count: int, length: int, channels: int = 4, seed: int = 0) -> np.ndarray:
    """Windows of bases at random, a run of N in the first one, and a signal."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (count, length))
    codes[0, 10:30] = 4
    signal = random.random((count, length, channels - 4), np.float32)
    return np.concatenate([one_hot(codes), signal], axis=-1)
