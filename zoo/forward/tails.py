"""Linear layers at the end of a network, multiplied out into one.

A 1 × 1 convolution, a normalization and a dense layer without an activation between them are one matrix and one offset;
mean pooling over positions commutes with both. Nothing of the network itself is changed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

Weights = Callable[[], list[np.ndarray]]
_POOLS = (layers.AveragePooling1D, layers.GlobalAveragePooling1D)


@dataclass(frozen=True, eq=False)
class Product:
    """Layers that are one.

    Attributes:
        left_out: layers that are passed over.
        last: the layer of the network in whose place is
        made: a dense layer,
        weights: whose weights these are, as they follow from those of the network now.
    """

    left_out: frozenset[layers.Layer]
    last: layers.Layer
    made: layers.Dense
    weights: Weights

    @classmethod
    def of(cls, chain: Sequence[layers.Layer], channels: Callable[[layers.Layer], int]) -> "Product | None":
        """The product at the end of layers that are called one after the other; None if there is none, or if it has
        more to multiply than its factors.

        Args:
            chain: the last one with weights gives an output.
            channels: that a layer reads.
        """
        chain = list(chain)
        while chain and not chain[-1].weights:
            chain.pop()
        if not chain or not _is_matrix(chain[-1]):
            return None
        *before, last = chain
        first = len(before)
        while first and _is_linear(before[first - 1]):
            first -= 1
        factors = [layer for layer in before[first:] if not isinstance(layer, _POOLS)]
        weighted = [layer for layer in factors if layer.weights]
        if not weighted:
            return None
        read, units = channels(weighted[0]), last.kernel.shape[-1]
        if read * units > sum(int(np.prod(layer.weights[0].shape)) for layer in (*weighted, last)):
            return None
        made = layers.Dense(units, activation=last.activation, dtype=last.dtype_policy, name=f"{last.name}_product")
        made.build((None, read))
        found = cls(frozenset(factors), last, made, lambda: _multiplied((*weighted, last), read))
        made.set_weights(found.weights())
        return found


@dataclass(frozen=True, eq=False)
class Graph:
    """A network, or networks within it, with products in the place of their linear tails.

    Attributes:
        network: as it is.
        products: of its tails.
        within: networks that are layers of it → their own graphs, and networks of these: layers of theirs may have one
            name.
    """

    network: keras.Model
    products: tuple[Product, ...]
    within: "Mapping[keras.Model, tuple[Graph, keras.Model]]"

    layers = None  # it is no chain
    holds = True  # whatever the weights are

    def run(self, x):
        """What the network gives of its inputs."""
        left_out = {layer for product in self.products for layer in product.left_out}
        made = {product.last: product.made for product in self.products}

        def call(layer, *args, **kwargs):
            if layer in left_out:
                return args[0]
            if layer in self.within:
                return self.within[layer][1](args[0])
            return made.get(layer, layer)(*args, **kwargs)

        return self.network._run_through_graph(x, operation_fn=lambda layer: layer, call_fn=call)

    def refresh(self) -> None:
        """Take over the weights that the network has now."""
        for product in self.products:
            product.made.set_weights(product.weights())
        for graph, _ in self.within.values():
            graph.refresh()

    def as_network(self) -> keras.Model:
        """A network that gives the same."""
        given = keras.tree.map_structure(
            lambda tensor: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name), self.network.input
        )
        return keras.Model(given, self.run(given), name=self.network.name)


def graph_of(network: keras.Model) -> Graph | None:
    """A functional network with its linear tails multiplied out; None if there is none."""
    if not hasattr(network, "_run_through_graph"):
        return None
    nodes = [node for some in network._nodes_by_depth.values() for node in some if not node.is_input]
    givers = {id(tensor): node for node in nodes for tensor in node.outputs}
    reads = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    reads.update(map(id, network.outputs))
    calls = Counter(id(node.operation) for node in nodes)
    products: dict[layers.Layer, Product] = {}
    for output in network.outputs:
        chain, channels = _chain_to(output, givers, reads, calls)
        product = Product.of(chain, channels.__getitem__)
        if product is not None:
            products[product.last] = product
    inner = {layer: graph_of(layer) for layer in network.layers if isinstance(layer, keras.Model)}
    within = {layer: (graph, graph.as_network()) for layer, graph in inner.items() if graph is not None}
    return Graph(network, tuple(products.values()), within) if products or within else None


def _chain_to(output, givers: Mapping, reads: Counter, calls: Counter) -> tuple[list, dict[layers.Layer, int]]:
    """Layers that lead to an output one after the other, and to nothing else; the channels that each reads."""
    chain, channels, tensor = [], {}, output
    while reads[id(tensor)] == 1 and (node := givers.get(id(tensor))) is not None:
        layer = node.operation
        if len(node.input_tensors) != 1 or calls[id(layer)] > 1 or not isinstance(layer, layers.Layer):
            break
        tensor = node.input_tensors[0]
        channels[layer] = tensor.shape[-1]
        chain.insert(0, layer)
    return chain, channels


def affine(layer: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """(a, b) of a normalization y = a x + b, each (channels,) float64."""
    mean, variance = (_numbers(each) for each in (layer.moving_mean, layer.moving_variance))
    a = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        a = a * _numbers(layer.gamma)
    b = -mean * a
    return a, b + _numbers(layer.beta) if layer.center else b


def _numbers(variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)


def _is_matrix(layer: layers.Layer) -> bool:
    """Whether a layer multiplies the channels of each position by a matrix, whatever its activation."""
    if type(layer) is layers.Dense:
        return True
    return (
        type(layer) is layers.Conv1D
        and (layer.kernel_size, layer.strides, layer.groups) == ((1,), (1,), 1)
        and layer.data_format == "channels_last"
    )


def _is_linear(layer: layers.Layer) -> bool:
    """Whether a layer may be a factor, or commutes with them."""
    if _is_matrix(layer):
        return keras.activations.serialize(layer.activation) == "linear"
    if type(layer) is layers.BatchNormalization:
        return layer.axis == -1 or layer.axis == len(layer.input.shape) - 1
    if type(layer) in _POOLS:
        return layer.data_format == "channels_last" and getattr(layer, "padding", "valid") == "valid"
    return type(layer) is layers.Dropout


def _multiplied(factors: Sequence[layers.Layer], channels: int) -> list[np.ndarray]:
    """Kernel (channels, units) and bias (units,) float32 of layers one after the other."""
    matrix, offset = np.eye(channels), np.zeros(channels)
    for layer in factors:
        if isinstance(layer, layers.BatchNormalization):
            a, b = affine(layer)
            matrix, offset = matrix * a, offset * a + b
        else:
            kernel = _numbers(layer.kernel).reshape(-1, layer.kernel.shape[-1])
            matrix, offset = matrix @ kernel, offset @ kernel
            offset = offset + _numbers(layer.bias) if layer.use_bias else offset
    return [matrix.astype(np.float32), offset.astype(np.float32)]
