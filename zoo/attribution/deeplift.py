"""A network whose gradient is DeepLIFT's multiplier: each operation with its rule of `zoo.attribution.rescale`.

Rules of Keras's layers are here; layers of the zoo and of other packages carry theirs (`zoo.layers`). A layer without
one is an error that names it.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import keras
from keras import activations, layers, ops

from zoo.attribution.rescale import Rescale, slope_of
from zoo.errors import InputError

_LINEAR = (
    layers.Add,
    layers.Average,
    layers.AveragePooling1D,
    layers.BatchNormalization,
    layers.Concatenate,
    layers.Conv1D,
    layers.Conv1DTranspose,
    layers.Cropping1D,
    layers.Dense,
    layers.DepthwiseConv1D,
    layers.Dropout,
    layers.Flatten,
    layers.GlobalAveragePooling1D,
    layers.Permute,
    layers.RepeatVector,
    layers.Reshape,
    layers.SpatialDropout1D,
    layers.Subtract,
    layers.UpSampling1D,
    layers.ZeroPadding1D,
)
_LINEAR_OPERATIONS = ("Add", "GetItem", "Reshape", "Squeeze", "Subtract", "Take")  # of `keras.ops`, in readouts


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
    rescale, bare, ruled = Rescale(references), {}, {}

    def follow(rule: Callable, layer, name: str, *args: object):
        """By a rule; a layer that is called several times has one layer of rules."""
        if name not in ruled:
            ruled[name] = _Ruled(rescale, rule, layer, name=name)
        return ruled[name].traced(*args)

    def clone(layer):
        activation = getattr(layer, "activation", None)
        if not _is_linear(layer) or activation in (None, activations.linear):
            return layer
        stripped = type(layer).from_config({**layer.get_config(), "activation": "linear"})
        bare[stripped.name] = layer
        return stripped

    def call(layer, *args, **kwargs):
        if layer.name in bare:
            original, y = bare[layer.name], layer(*args, **kwargs)
            layer.set_weights(original.get_weights())
            return follow(_activation, original, f"{original.name}_activation", y)
        if _is_linear(layer) or _is_linear_operation(layer, args):
            return layer(*args, **kwargs)
        inputs = args[0] if len(args) == 1 else list(args)
        return follow(_rule_of(layer), layer, f"{layer.name}_rescaled", inputs)

    return keras.models.clone_model(network, clone_function=clone, call_function=call)


class _Ruled(layers.Layer):
    """What a layer does, with multipliers on the backward pass."""

    def __init__(self, rescale: Rescale, rule: Callable, layer: layers.Layer, **kwargs: object) -> None:
        super().__init__(dtype=getattr(layer, "dtype_policy", None), autocast=False, **kwargs)
        self._rescale, self._rule, self._layer, self._refused = rescale, rule, layer, None

    def traced(self, *args: object):
        """The symbolic call, whose errors Keras would wrap in its own."""
        try:
            return self(*args)
        except InputError as error:
            raise self._refused or error from None

    def build(self, *_: object) -> None:
        """Nothing: the weights are the layer's."""

    def compute_output_spec(self, z):
        """Shapes by one example and its references: JAX cannot divide a batch of unknown size into them."""

        def of_batch(tensors, size: int | None):
            return keras.tree.map_structure(lambda t: keras.KerasTensor((size, *t.shape[1:]), t.dtype), tensors)

        return of_batch(super().compute_output_spec(of_batch(z, self._rescale.references + 1)), None)

    def call(self, z):
        """Apply the rule."""
        try:
            return self._rule(self._rescale, self._layer, z)
        except InputError as error:
            self._refused = error
            raise


def _home(layer) -> type | None:
    """The class whose rule a layer goes by: its own, or one above it up to the one whose `call` it has."""
    for kind in type(layer).__mro__:
        if kind in _LINEAR or kind in _RULES or {"is_linear", "rescaled"} & vars(kind).keys():
            return kind
        if "call" in vars(kind):
            break
    return None


def _is_linear(layer) -> bool:
    kind = _home(layer)
    return kind is not None and (kind in _LINEAR or vars(kind).get("is_linear") is True)


def _is_linear_operation(operation: keras.Operation, args: Sequence[object]) -> bool:
    """Whether a function of `keras.ops` in a graph needs no rule: a product of a tensor and a number needs none."""
    name = _operation(operation)
    return name in _LINEAR_OPERATIONS or (
        name == "Multiply" and sum(isinstance(arg, keras.KerasTensor) for arg in args) == 1
    )


def _operation(operation: keras.Operation) -> str | None:
    """The name of a function of `keras.ops`; None for a layer, or an operation of another package."""
    kind = type(operation)
    return kind.__name__ if kind.__module__.startswith("keras.src.ops.") else None


def _rule_of(layer) -> Callable:
    """The rule of a layer that is not linear: rescale, layer, inputs → outputs."""
    if (name := _operation(layer)) in _OPERATIONS:
        return _OPERATIONS[name]
    kind = _home(layer)
    if kind in _RULES:
        return _RULES[kind]
    if kind is None or "rescaled" not in vars(kind):
        raise InputError(
            "Each layer that is not linear must have a rule of DeepLIFT",
            received={"layer": layer.name, "of type": type(layer).__name__},
            hint='Take method="integrated_gradients", which needs no rules, or give the layer one (`zoo.layers`)',
        )
    return _own


def _own(rescale: Rescale, layer, inputs):
    return layer.rescaled(rescale, inputs)


def _activation(rescale: Rescale, layer, z):
    function = layer.activation
    if function is activations.relu:
        return rescale.relu(z)
    if slope_of(function) is None:
        raise InputError(
            "An activation must be linear, relu, softplus, sigmoid, tanh, silu, exponential or gelu for DeepLIFT",
            received={"layer": layer.name, "activation": getattr(function, "__name__", function)},
            hint='Take method="integrated_gradients", or give the function a slope (`zoo.layers`)',
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
    axes, rank = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis], len(z.shape)
    if [axis % rank for axis in axes] != [rank - 1]:
        raise InputError(
            "A layer normalization must be over the channels for DeepLIFT",
            received={"layer": layer.name, "axis": layer.axis},
            hint='Take method="integrated_gradients"',
        )
    centered = z - ops.mean(z, axis=-1, keepdims=True)
    variance = ops.mean(rescale.square(centered), axis=-1, keepdims=True)
    normal = rescale.multiply(centered, rescale.rsqrt(variance + layer.epsilon))
    scaled = normal * layer.gamma if layer.scale else normal
    return scaled + layer.beta if layer.center else scaled


def _recurrent(rescale: Rescale, layer: layers.RNN, inputs):
    """A cell's rule is for all positions in the order in which it reads them."""
    if layer.stateful or layer.return_state:
        raise InputError(
            "A recurrent layer must return its outputs alone, and keep nothing between calls, for DeepLIFT",
            received={"layer": layer.name, "stateful": layer.stateful, "return_state": layer.return_state},
            hint='Take method="integrated_gradients"',
        )
    outputs = _rule_of(layer.cell)(rescale, layer.cell, ops.flip(inputs, axis=1) if layer.go_backwards else inputs)
    return outputs if layer.return_sequences else outputs[:, -1]


def _product(rescale: Rescale, layer, factors):
    return reduce(rescale.multiply, factors)


_OPERATIONS: dict[str, Callable] = {  # functions of `keras.ops` by their names in a graph, such as readouts have
    "Exp": lambda rescale, operation, z: rescale.unary(ops.exp, z),
    "Expm1": lambda rescale, operation, z: rescale.unary(ops.expm1, z),
    "Multiply": _product,
    "Softmax": lambda rescale, operation, z: rescale.softmax(z, operation.axis),
}
_RULES: dict[type, Callable] = {
    layers.Activation: _activation,
    layers.ReLU: lambda rescale, layer, z: rescale.relu(z),
    layers.MaxPooling1D: _max_pool,
    layers.LayerNormalization: _layer_normalization,
    layers.Maximum: lambda rescale, layer, given: reduce(rescale.maximum, given),
    layers.Multiply: _product,
    layers.RNN: _recurrent,
}
