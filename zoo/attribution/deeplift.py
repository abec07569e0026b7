"""A network whose gradient is DeepLIFT's multiplier: each operation with its rule of `zoo.attribution.rescale`.

A layer that is not here and not linear is an error that names it: a new architecture adds a line to `_RULES`.
"""

from collections.abc import Callable

import keras
from keras import activations, layers, ops

from zoo.attribution.rescale import SLOPES, Rescale
from zoo.errors import InputError
from zoo.layers.backward import way_back
from zoo.layers.convnext import GlobalResponseNormalization
from zoo.layers.recurrent import LSTM, backpropagate, run, shifted
from zoo.layers.rotary import RotarySelfAttention
from zoo.layers.xlstm import FIRST, BlockDiagonal, HeadNormalization, LearnableSkip, MLSTMCell, SLSTMCell

_LINEAR = (
    layers.Add,
    layers.AveragePooling1D,
    layers.BatchNormalization,
    layers.Concatenate,
    layers.Conv1D,
    layers.Cropping1D,
    layers.Dense,
    layers.DepthwiseConv1D,
    layers.Dropout,
    layers.Flatten,
    layers.Reshape,
    layers.ZeroPadding1D,
    BlockDiagonal,
    LearnableSkip,
)
_LINEAR_OPERATIONS = ("GetItem", "Squeeze")  # what indexing and `zoo.architectures.scores` leave in a graph


def rescaled(network: keras.Model, references: int) -> keras.Model:
    """The network with the rescale rule.

    Args:
        network: a functional model, (batch, …) → (batch, …), in inference.
        references: how many each example has.

    Returns:
        A model of batches of n examples and then their n × `references` references, example by example. Its outputs
        are the network's. Its gradient with respect to a reference is the multiplier of that pair; with respect to
        the examples it is 0. It shares the network's weights, but for those of layers with an activation of their own.

    Raises:
        InputError: a layer or an activation that has no rule.
    """
    rescale, bare = Rescale(references), {}

    def clone(layer):
        activation = getattr(layer, "activation", None)
        if not isinstance(layer, _LINEAR) or activation in (None, activations.linear):
            return layer
        stripped = type(layer).from_config({**layer.get_config(), "activation": "linear"})
        bare[stripped.name] = layer
        return stripped

    def call(layer, *args, **kwargs):
        if layer.name in bare:
            original, y = bare[layer.name], layer(*args, **kwargs)
            layer.set_weights(original.get_weights())
            return _Ruled(rescale, _activation, original, name=f"{original.name}_activation")(y)
        if isinstance(layer, _LINEAR) or type(layer).__name__ in _LINEAR_OPERATIONS:
            return layer(*args, **kwargs)
        rule = next((rule for kind, rule in _RULES.items() if type(layer) is kind), None)
        if rule is None:
            raise InputError(
                "Each layer that is not linear must have a rule of DeepLIFT",
                received={"layer": layer.name, "of type": type(layer).__name__},
                hint='Take method="integrated_gradients", which needs no rules',
            )
        return _Ruled(rescale, rule, layer, name=f"{layer.name}_rescaled")(*args)

    return keras.models.clone_model(network, clone_function=clone, call_function=call)


class _Ruled(layers.Layer):
    """What a layer does, with multipliers on the way back."""

    def __init__(self, rescale: Rescale, rule: Callable, layer: layers.Layer, **kwargs: object) -> None:
        super().__init__(dtype=layer.dtype_policy, autocast=False, **kwargs)
        self._rescale, self._rule, self._layer = rescale, rule, layer

    def build(self, *_: object) -> None:
        """Nothing: the weights are the layer's."""

    def call(self, z):
        """Apply the rule."""
        return self._rule(self._rescale, self._layer, z)


def _activation(rescale: Rescale, layer, z):
    function = layer.activation
    if function is activations.relu:
        return rescale.relu(z)
    if function not in SLOPES:
        raise InputError(
            "An activation must be linear, relu, softplus, sigmoid, tanh, silu or gelu for DeepLIFT",
            received={"layer": layer.name, "activation": getattr(function, "__name__", function)},
            hint='Take method="integrated_gradients"',
        )
    return rescale.unary(function, z)


def _max_pool(rescale: Rescale, layer, z):
    if layer.strides != layer.pool_size or layer.padding != "valid":
        raise InputError(
            "Windows of maximum pooling must lie side by side, without padding, for DeepLIFT",
            received={"layer": layer.name, "size": layer.pool_size[0], "stride": layer.strides[0]},
            hint='Take method="integrated_gradients"',
        )
    return rescale.max_pool(z, layer.pool_size[0])


def _layer_normalization(rescale: Rescale, layer, z):
    centered = z - ops.mean(z, axis=-1, keepdims=True)
    variance = ops.mean(rescale.square(centered), axis=-1, keepdims=True)
    return rescale.multiply(centered, rescale.rsqrt(variance + layer.epsilon)) * layer.gamma + layer.beta


def _head_normalization(rescale: Rescale, layer, z):
    length, channels = z.shape[1:]
    grouped = ops.reshape(z, (-1, length, layer.heads, channels // layer.heads))
    centered = grouped - ops.mean(grouped, axis=-1, keepdims=True)
    variance = ops.mean(rescale.square(centered), axis=-1, keepdims=True)
    normal = rescale.multiply(centered, rescale.rsqrt(variance + layer.epsilon))
    return ops.reshape(normal, (-1, length, channels)) * (1.0 + layer.weight)


def _response(rescale: Rescale, layer, z):
    norm = rescale.sqrt(ops.sum(rescale.square(z), axis=1, keepdims=True))
    by_mean = rescale.reciprocal(ops.mean(norm, axis=-1, keepdims=True) + layer.epsilon)
    return rescale.multiply(z, layer.gamma * rescale.multiply(norm, by_mean) + 1.0) + layer.beta


def _attention(rescale: Rescale, layer, z):
    query, key, value = layer.projections(z)
    scores = rescale.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
    weights = rescale.unary(ops.exp, scores - rescale.together(ops.max(scores, axis=-1, keepdims=True)))
    weights = rescale.multiply(weights, rescale.reciprocal(ops.sum(weights, axis=-1, keepdims=True)))
    return layer.joined(rescale.matmul(weights, value))


def _lstm(rescale: Rescale, layer: LSTM, z):
    kernel, units = ops.copy(layer.cell.recurrent_kernel), layer.units
    x = ops.flip(z, axis=1) if layer.go_backwards else z

    def positions_first(z):
        return ops.transpose(z, (1, 0, 2))

    @ops.custom_gradient
    def last_output(gates):  # (batch, positions, 4 × units)
        states = run(positions_first(gates), kernel)

        @way_back
        def gradient(upstream):
            before = positions_first(shifted(states))
            inner = gates + ops.matmul(before[..., :units], kernel)
            _, cell, *activated = ops.split(positions_first(states), 6, axis=-1)
            functions = (activations.sigmoid, activations.sigmoid, activations.tanh, activations.sigmoid)
            write, forget, new, release = (
                rescale.flat(rescale.quotient(function, z, y))
                for function, z, y in zip(functions, ops.split(inner, 4, axis=-1), activated, strict=True)
            )
            middle = [rescale.midpoint(y) for y in activated]
            seen = ops.tanh(cell)
            factors = (
                middle[2] * write,
                rescale.midpoint(before[..., units : 2 * units]) * forget,
                middle[0] * new,
                middle[1],
                rescale.midpoint(seen) * release,
                middle[3] * rescale.flat(rescale.quotient(activations.tanh, cell, seen)),
            )
            d_gates = backpropagate(*map(positions_first, factors), rescale.behind(upstream), kernel)
            return rescale.alone(positions_first(d_gates), gates)

        return states[-1, :, :units], gradient

    return last_output(ops.matmul(x, layer.cell.kernel) + layer.cell.bias)


def _matrix_memory(rescale: Rescale, layer: MLSTMCell, inputs):
    query, key, value, write, kept = layer.parts(inputs, lambda forget: rescale.unary(ops.log_sigmoid, forget))
    weight = layer.causal(write, kept)
    own = ops.stop_gradient(ops.max(weight, axis=-1, keepdims=True))
    largest = rescale.together(own)
    scores = rescale.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
    scores = rescale.multiply(scores, rescale.unary(ops.exp, weight - largest))
    total = ops.sum(scores, axis=-1, keepdims=True)
    floor = rescale.unary(ops.exp, -(kept[..., None] + largest))
    size = rescale.relu(total) + rescale.relu(-total)
    under = rescale.maximum(size, floor) + layer.epsilon * ops.exp(own - largest)
    return layer.joined(rescale.multiply(rescale.matmul(scores, value), rescale.reciprocal(under)))


def _scalar_memory(rescale: Rescale, layer: layers.RNN, inputs):
    """With ρ = cell / normalizer and ℓ = ln normalizer: ρ moves to tanh(z) by a share σ(i - ln σ(f) - ℓ)."""
    cell, length = layer.cell, inputs.shape[1]

    def step(state, added):
        output, ratio, level = ops.split(state, 3, axis=-1)
        write, forget, new, release = cell.gates(added, output)
        above = level + rescale.unary(ops.log_sigmoid, forget) - write
        share = rescale.unary(activations.sigmoid, -above)
        ratio = ratio + rescale.multiply(share, rescale.unary(activations.tanh, new) - ratio)
        output = rescale.multiply(rescale.unary(activations.sigmoid, release), ratio)
        state = ops.concatenate([output, ratio, write + rescale.unary(activations.softplus, above)], axis=-1)
        return state, state

    nothing = ops.zeros_like(inputs[:, 0, : cell.units])
    start = ops.concatenate([nothing, nothing, nothing + FIRST], axis=-1)
    states = ops.scan(step, start, ops.transpose(inputs, (1, 0, 2)), length=length)[1]
    return ops.transpose(states[..., : cell.units], (1, 0, 2))


def _memory(rescale: Rescale, layer: layers.RNN, inputs):
    if type(layer.cell) is not SLSTMCell:
        raise InputError(
            "A recurrent layer must be one of the zoo for DeepLIFT",
            received={"cell": type(layer.cell).__name__},
            hint='Take method="integrated_gradients"',
        )
    return _scalar_memory(rescale, layer, inputs)


_RULES: dict[type, Callable] = {
    layers.Activation: _activation,
    layers.ReLU: lambda rescale, layer, z: rescale.relu(z),
    layers.MaxPooling1D: _max_pool,
    layers.LayerNormalization: _layer_normalization,
    layers.Multiply: lambda rescale, layer, pair: rescale.multiply(*pair),
    layers.RNN: _memory,
    GlobalResponseNormalization: _response,
    HeadNormalization: _head_normalization,
    LSTM: _lstm,
    MLSTMCell: _matrix_memory,
    RotarySelfAttention: _attention,
}
