"""The bias model of a ChromBPNet: opened, scaled to a sample, and checked (its `adjust_bias_model_logcounts`)."""

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.slabs import Slabs
from zoo.errors import InputError
from zoo.genome.encode import one_hot

if TYPE_CHECKING:
    import keras

DENSE = "counts_dense"
"""The layer of a network `bpnet` whose bias is the offset of its counts."""
_LEAST_CORRELATION = -0.5  # of predicted and measured counts in peaks


def load(name: str, window: int, output: int) -> "keras.Model":
    """The network of a bias model; of a ChromBPNet its part `bias`.

    Raises `InputError` for one of other lengths, and for what is no `bpnet`; else errors are those of `zoo.load`.
    """
    from zoo.loading import load as load_model

    model = load_model(name).whole
    parts = {part.name for part in model.spec.components}
    network = (model.component("bias") if "bias" in parts else model).network
    names = {layer.name for layer in network.layers}
    if DENSE not in names or not isinstance(network.output, dict):
        raise InputError("A bias model must be a network bpnet", received={"bias": name, "layers": sorted(names)[:5]})
    lengths = network.inputs[0].shape[1], network.output["profile"].shape[1]
    if lengths != (window, output):
        raise InputError(
            "A bias model must read and predict as many bp as the network that it becomes a part of",
            received={"bias": name, "window, output of the bias model": lengths, "of the network": (window, output)},
        )
    return network


def copy(source: "keras.Model", target: "keras.Model", name: str) -> None:
    """Give a network the weights of another one, layer by layer. Raises `InputError` unless all fit."""
    shapes = [
        {layer.name: [w.shape for w in layer.weights] for layer in net.layers if layer.weights}
        for net in (source, target)
    ]
    if shapes[0] != shapes[1]:
        filters = [each[DENSE][0][0] for each in shapes]
        layers = [sum(layer.startswith("dilated") for layer in each) for each in shapes]
        raise InputError(
            "A bias model must have as many filters and layers as the part of the network that it becomes",
            received={"bias": name, "filters": tuple(filters), "dilated layers": tuple(layers)},
            hint=f"Give --set bias_filters={filters[0]} bias_layers={layers[0]}",
        )
    for layer in source.layers:
        if layer.weights:
            target.get_layer(layer.name).set_weights(layer.get_weights())


def log_counts(network: "keras.Model", slabs: Slabs, batch_size: int) -> np.ndarray:
    """Predicted ln(1 + counts) of all windows of slabs, (n,) float64."""
    from keras import ops

    found = []
    for rows in np.array_split(np.arange(slabs.size), -(-slabs.size // batch_size)):
        heads = network(one_hot(slabs.read(rows, slabs.layout.slab)[0]), training=False)
        found.append(ops.convert_to_numpy(heads["counts"])[:, 0].astype(np.float64))
    return np.concatenate(found)


def scale(network: "keras.Model", slabs: Slabs, measured: np.ndarray, batch_size: int) -> float:
    """Add to the offset of the counts what they lack on average, in place; returns it.

    Args:
        network: of a bias model.
        slabs: windows of background.
        measured: ln(1 + cut sites) of each, (n,).
        batch_size: windows at once.
    """
    added = float(np.mean(measured - log_counts(network, slabs, batch_size)))
    kernel, offset = network.get_layer(DENSE).get_weights()
    network.get_layer(DENSE).set_weights([kernel, offset + np.float32(added)])
    return added


def check(network: "keras.Model", slabs: Slabs, measured: np.ndarray, batch_size: int, name: str) -> None:
    """Raise `InputError` if a bias model predicts few cut sites where peaks have many. Arguments as for `scale`."""
    found = log_counts(network, slabs, batch_size)
    varies = len(found) > 2 and found.std() > 0 and measured.std() > 0
    correlation = float(np.corrcoef(found, measured)[0, 1]) if varies else 0.0
    if correlation <= _LEAST_CORRELATION:
        raise InputError(
            f"The counts of a bias model must not fall as those of peaks rise: correlation above {_LEAST_CORRELATION}",
            received={"bias": name, "correlation in peaks": round(correlation, 3), "peaks": len(found)},
            hint="It has learned that peaks are rich in A and T, or other motifs: train it with a lower bias_threshold",
        )
