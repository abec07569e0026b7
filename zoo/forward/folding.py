"""Batch normalization that stands between two convolutions, folded into the second one, exactly.

With a normalization y = a x + b of its inputs a convolution is W y = (W a) x + W b. At the ends of a window its padding
is y = 0, not x = 0: there fewer products of b count. So the first convolution gets a further channel that is 1, whose
kernel in the second one is W b: the zeros of the padding then are right. Nothing of the network itself is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from zoo.forward.tails import Product, Weights, affine

_KEEPS_ONE = ("relu", "linear")  # activations under which 1 stays 1


@dataclass(frozen=True, eq=False)
class Chain:
    """Layers that are called one after the other, and give what a network gives.

    Attributes:
        layers: some of them the network's own, some folded.
        folded: (layer, its weights as they follow from those of the network now).
        pooled: normalizations that commute with a pool only as long as their scales are above 0.
    """

    layers: tuple[layers.Layer, ...]
    folded: tuple[tuple[layers.Layer, Weights], ...]
    pooled: tuple[layers.BatchNormalization, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the layers still give what the network gives with the weights that it has now."""
        return all(bool((affine(layer)[0] > 0).all()) for layer in self.pooled)

    def run(self, x):
        """Call them one after the other, on a tensor or a list of it alone."""
        x = x[0] if isinstance(x, (list, tuple)) else x
        for layer in self.layers:
            x = layer(x)
        return x

    def refresh(self) -> None:
        """Take over the weights that the network has now."""
        for layer, weights in self.folded:
            layer.set_weights(weights())


def chain_of(network: keras.Model) -> tuple[layers.Layer, ...] | None:
    """The layers of a network of one input and one output that are called one after the other; None of any other."""
    if len(network.inputs) != 1 or isinstance(network.output, (dict, list, tuple)):
        return None
    first, *rest = network.layers
    tensor = network.inputs[0]
    if not isinstance(first, layers.InputLayer) or any(isinstance(layer, keras.Model) for layer in rest):
        return None
    for layer in rest:
        if layer.input is not tensor:
            return None
        tensor = layer.output
    return tuple(rest) if tensor is network.output and len(network.operations) == len(network.layers) else None


def folded(chain: Sequence[layers.Layer]) -> Chain:
    """The same layers with every normalization that can be, folded, and a linear tail multiplied out."""
    found: list[layers.Layer] = []
    weights: list[tuple[layers.Layer, Weights]] = []
    if (product := Product.of(chain, lambda layer: layer.input.shape[-1])) is not None:
        made = {product.last: product.made}
        chain = [made.get(layer, layer) for layer in chain if layer not in product.left_out]
        weights.append((product.made, product.weights))
    pending: list[layers.BatchNormalization] = []  # of the convolution that comes next
    pooled: list[layers.BatchNormalization] = []
    ones = False  # whether what comes in has the channel that is 1
    for place, layer in enumerate(chain):
        if isinstance(layer, layers.Dropout):
            continue
        if isinstance(layer, layers.BatchNormalization) and _folds(chain, place):
            pending.append(layer)
            pooled += [layer] if _is_pooled(chain, place) else []
            continue
        if not isinstance(layer, layers.Conv1D):
            found.append(layer)
            continue
        adds = _adds_one(chain, place)
        if pending or ones or adds:
            made = _convolution(layer, layer.filters + adds, layer.kernel.shape[1] + ones)
            of = _weights(layer, tuple(pending), ones, adds)
            weights.append((made, of))
            found.append(made)
        else:
            found.append(layer)
        pending, ones = [], adds
    chain = Chain(tuple(found), tuple(weights), tuple(pooled))
    chain.refresh()
    return chain


def _between(chain: Sequence[layers.Layer], place: int) -> tuple[layers.Layer | None, list[layers.Layer]]:
    """The next convolution after a place, and what is before it; None if anything else is in between."""
    passed: list[layers.Layer] = []
    for layer in chain[place + 1 :]:
        if isinstance(layer, layers.Conv1D):
            return layer, passed
        if not isinstance(layer, (layers.BatchNormalization, layers.MaxPooling1D, layers.Dropout)):
            break
        passed.append(layer)
    return None, passed


def _folds(chain: Sequence[layers.Layer], place: int) -> bool:
    """Whether the normalization at a place is between two convolutions, and commutes with the pools after it."""
    before = next((layer for layer in reversed(chain[:place]) if isinstance(layer, layers.Conv1D)), None)
    after, _ = _between(chain, place)
    if before is None or after is None or not (_plain(before) and _plain(after) and _keeps_one(before)):
        return False
    since = chain[chain.index(before) + 1 : place]
    if not all(isinstance(layer, (layers.BatchNormalization, layers.MaxPooling1D, layers.Dropout)) for layer in since):
        return False
    return not _is_pooled(chain, place) or bool((affine(chain[place])[0] > 0).all())


def _is_pooled(chain: Sequence[layers.Layer], place: int) -> bool:
    """Whether there is a pool between a place and the next convolution."""
    return any(isinstance(layer, layers.MaxPooling1D) for layer in _between(chain, place)[1])


def _adds_one(chain: Sequence[layers.Layer], place: int) -> bool:
    """Whether the convolution at a place gets the channel that is 1: the next one pads, and a normalization between
    them is folded."""
    after, passed = _between(chain, place)
    pads = after is not None and after.padding == "same" and after.kernel_size[0] > 1
    places = range(place + 1, place + 1 + len(passed))
    norms = [i for i in places if isinstance(chain[i], layers.BatchNormalization)]
    return pads and bool(norms) and all(_folds(chain, i) for i in norms)


def _plain(layer: layers.Conv1D) -> bool:
    return type(layer) is layers.Conv1D and layer.groups == 1 and layer.data_format == "channels_last"


def _keeps_one(layer: layers.Conv1D) -> bool:
    return keras.activations.serialize(layer.activation) in _KEEPS_ONE


def _convolution(layer: layers.Conv1D, filters: int, channels: int) -> layers.Conv1D:
    """A convolution like another one, with more filters or channels, and a bias."""
    made = layers.Conv1D(
        filters,
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        activation=layer.activation,
        dtype=layer.dtype_policy,
        name=f"{layer.name}_folded",
    )
    made.build((None, None, channels))
    return made


def _weights(layer: layers.Conv1D, norms: Sequence[layers.BatchNormalization], ones: bool, adds: bool) -> Weights:
    """The weights of a folded convolution, from those that the layers have when it is asked."""

    def weights() -> list[np.ndarray]:
        kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float64)  # (width, channels, filters)
        bias = np.zeros(layer.filters)
        if layer.use_bias:
            bias = np.asarray(keras.ops.convert_to_numpy(layer.bias), np.float64)
        a, b = np.ones(kernel.shape[1]), np.zeros(kernel.shape[1])
        for norm in norms:
            own_a, own_b = affine(norm)
            a, b = own_a * a, own_a * b + own_b
        offset = np.einsum("wcf,c->wf", kernel, b)
        kernel = kernel * a[:, None]
        if ones:
            kernel = np.concatenate([kernel, offset[:, None]], axis=1)
        else:
            bias = bias + offset.sum(axis=0)
        if adds:
            kernel = np.concatenate([kernel, np.zeros((*kernel.shape[:2], 1))], axis=2)
            bias = np.append(bias, 1.0)
        return [kernel.astype(np.float32), bias.astype(np.float32)]

    return weights
