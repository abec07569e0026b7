"""Keras's own layers as data: which of them a file may name, with which arguments, and how many weights they have.

Everything here is a closed list. A file gives names that are looked up in these tables, and numbers and choices that
are checked before Keras sees them; it never names a module, a function, or a class from elsewhere.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
from keras import layers

from zoo.errors import InputError

_LARGEST = 1 << 20  # of a whole number: no network that fits a machine has more of anything
_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_FUNCTIONS = ("activation", "recurrent_activation")  # another function may have the name of one of Keras's
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")

ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "linear"),
    *("log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "tanh"),
)
_INITIALIZERS = {
    **dict.fromkeys(("Zeros", "Ones", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"), ()),
    **dict.fromkeys(("LecunNormal", "LecunUniform"), ()),
    "Constant": ("value",),
    "Orthogonal": ("gain",),
    "RandomNormal": ("mean", "stddev"),
    "RandomUniform": ("minval", "maxval"),
    "TruncatedNormal": ("mean", "stddev"),
}
_REGULARIZERS = {"L1": ("l1",), "L2": ("l2",), "L1L2": ("l1", "l2")}
_CONSTRAINTS = {"MaxNorm": ("max_value", "axis"), "NonNeg": (), "UnitNorm": ("axis",)}


@dataclass(frozen=True)
class Kind:
    """What an argument may be.

    Attributes:
        rule: in words, for messages.
        fits: whether a value of the data is one.
        to_keras: the value of the data → what Keras takes.
        from_keras: what Keras's configuration has → the value of the data.
    """

    rule: str
    fits: Callable[[object], bool]
    to_keras: Callable[[object], object] = lambda value: value
    from_keras: Callable[[object], object] = lambda value: value


def _only(value: object) -> object:
    """The one item of a list of one, which Keras makes of a whole number; else the value."""
    return value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value


def _whole(least: int, most: int = _LARGEST) -> Kind:
    return Kind(
        f"a whole number of {least} to {most:,}",
        lambda value: type(value) is int and least <= value <= most,
        from_keras=_only,
    )


def _is_number(value: object, least: float = -1e9, most: float = 1e9) -> bool:
    return type(value) in (int, float) and least <= value <= most  # which NaN is not


def _choice(*values: str) -> Kind:
    return Kind(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def _several(kind: Kind, most: int, least: int = 1) -> Kind:
    """A list of `least` to `most` values."""
    return Kind(
        f"a list of {least} to {most} values, each {kind.rule}",
        lambda value: isinstance(value, (tuple, list)) and least <= len(value) <= most and all(map(kind.fits, value)),
        to_keras=tuple,
        from_keras=lambda value: tuple(value) if isinstance(value, (tuple, list)) else value,
    )


def _optional(kind: Kind) -> Kind:
    return Kind(
        f"{kind.rule}, or nothing",
        lambda value: value is None or kind.fits(value),
        lambda value: None if value is None else kind.to_keras(value),
        lambda value: None if value is None else kind.from_keras(value),
    )


def _named(home: object, table: Mapping[str, tuple[str, ...]]) -> Kind:
    """An object of Keras by the name of its class and numbers: "HeNormal", ("RandomNormal", {"stddev": 0.02})."""

    def parts(value: object) -> tuple[object, object]:
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return value[0], value[1]
        return value, {}

    def fits(value: object) -> bool:
        name, numbers = parts(value)
        known = isinstance(name, str) and name in table and isinstance(numbers, Mapping)
        return known and set(numbers) <= set(table[name]) and all(map(_is_number, numbers.values()))

    def to_keras(value: object) -> object:
        name, numbers = parts(value)
        return getattr(home, name)(**numbers)

    def from_keras(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        name = value.get("class_name")
        numbers = {key: value["config"][key] for key in table.get(name, ()) if key in value["config"]}
        return (name, numbers) if numbers else name

    return Kind(f"one of {', '.join(table)}, with its numbers", fits, to_keras, from_keras)


COUNT = _whole(1)
FLAG = Kind("true or false", lambda value: type(value) is bool)
NUMBER = Kind("a finite number", _is_number)
RATE = Kind("a number of 0 to below 1", lambda value: _is_number(value, 0) and value < 1)
SMALL = Kind("a number of 0 to 1", lambda value: _is_number(value, 0, 1))
AXIS = _whole(-8, 8)
ACTIVATION = _choice(*ACTIVATIONS)
INITIALIZER = _named(keras.initializers, _INITIALIZERS)
REGULARIZER = _optional(_named(keras.regularizers, _REGULARIZERS))
CONSTRAINT = _optional(_named(keras.constraints, _CONSTRAINTS))
DIRECTED = Kind(
    'an LSTM or GRU as data, such as {"class": "LSTM", "arguments": {"units": 32}}',
    lambda value: (
        isinstance(value, Mapping)
        and set(value) == {"class", "arguments"}
        and value["class"] in ("LSTM", "GRU")
        and isinstance(value["arguments"], Mapping)
    ),
    lambda value: make(value["class"], "inner", value["arguments"]),
    lambda value: {
        "class": value["class_name"],
        "arguments": _arguments(value["class_name"], value["config"]),
    },
)
PAIR = _several(_whole(0), 2, 2)
INPUT_SHAPE = _several(_whole(1), 3)
SHAPE = _several(_whole(-1), 8)


def _weight(*names: str) -> dict[str, Kind]:
    """How weights begin and what holds them: `kernel_initializer` and so on."""
    kinds = {"initializer": INITIALIZER, "regularizer": REGULARIZER, "constraint": CONSTRAINT}
    return {f"{name}_{what}": kind for name in names for what, kind in kinds.items()}


_OUTCOME = {"activation": ACTIVATION, "use_bias": FLAG, **_weight("bias")}
_SLIDING = {"kernel_size": COUNT, "strides": COUNT, "dilation_rate": COUNT, "activity_regularizer": REGULARIZER}
_CONVOLUTION = {**_SLIDING, **_OUTCOME, "padding": _choice("valid", "same", "causal")}
_SEPARATE = {**_SLIDING, **_OUTCOME, "padding": _choice("valid", "same"), "depth_multiplier": COUNT}
_POOLING = {"pool_size": COUNT, "strides": _optional(COUNT), "padding": _choice("valid", "same")}
_RECURRENT = {
    "units": COUNT,
    "recurrent_activation": ACTIVATION,
    **_OUTCOME,
    **_weight("kernel", "recurrent"),
    "activity_regularizer": REGULARIZER,
    "dropout": RATE,
    "recurrent_dropout": RATE,
    "return_sequences": FLAG,
    "go_backwards": FLAG,
}
_CENTERED = {"epsilon": SMALL, "center": FLAG, "scale": FLAG, **_weight("beta", "gamma")}
_MOVING = {"moving_mean_initializer": INITIALIZER, "moving_variance_initializer": INITIALIZER, "momentum": SMALL}

ARGUMENTS: dict[str, dict[str, Kind]] = {
    "Conv1D": {**_CONVOLUTION, "filters": COUNT, "groups": COUNT, **_weight("kernel")},
    "DepthwiseConv1D": {**_SEPARATE, **_weight("depthwise")},
    "SeparableConv1D": {**_SEPARATE, "filters": COUNT, **_weight("depthwise", "pointwise")},
    "Dense": {"units": COUNT, **_OUTCOME, **_weight("kernel")},
    "BatchNormalization": {"axis": AXIS, **_CENTERED, **_MOVING},
    "LayerNormalization": {"axis": AXIS, **_CENTERED},
    "Activation": {"activation": ACTIVATION},
    "ReLU": {"max_value": _optional(NUMBER), "negative_slope": NUMBER, "threshold": NUMBER},
    "LeakyReLU": {"negative_slope": NUMBER},
    "ELU": {"alpha": NUMBER},
    "Softmax": {"axis": AXIS},
    "Rescaling": {"scale": NUMBER, "offset": NUMBER},
    "Dropout": {"rate": RATE},
    "SpatialDropout1D": {"rate": RATE},
    "GaussianNoise": {"stddev": SMALL},
    "MaxPooling1D": _POOLING,
    "AveragePooling1D": _POOLING,
    "GlobalMaxPooling1D": {"keepdims": FLAG},
    "GlobalAveragePooling1D": {"keepdims": FLAG},
    "Cropping1D": {"cropping": PAIR},
    "ZeroPadding1D": {"padding": PAIR},
    "UpSampling1D": {"size": COUNT},
    "Flatten": {},
    "Reshape": {"target_shape": SHAPE},
    "Permute": {"dims": _several(COUNT, 8)},
    "RepeatVector": {"n": COUNT},
    **{name: {} for name in _ELEMENTWISE},
    "Concatenate": {"axis": AXIS},
    "LSTM": {**_RECURRENT, "unit_forget_bias": FLAG},
    "GRU": {**_RECURRENT, "reset_after": FLAG},
    "Bidirectional": {"layer": DIRECTED, "merge_mode": _choice("sum", "mul", "concat", "ave")},
}
"""Class → its arguments, beside `trainable`, which all have."""

MERGING = (*_ELEMENTWISE, "Concatenate")


def checked_name(name: object) -> str:
    """A name of a network, a layer, an input or an output. Raises `InputError` for anything that could be more."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            "The name of a layer must be of letters, digits, dots, hyphens and underscores", received={"name": name}
        )
    return name


def make(kind: str, name: str, arguments: Mapping[str, object]) -> layers.Layer:
    """A layer of Keras, without weights yet.

    Args:
        kind: its class, a key of `ARGUMENTS`.
        name: of the layer.
        arguments: of its constructor, as data; the others have Keras's defaults.

    Raises:
        InputError: a class, name, argument or value that is not in the closed lists; the message names the layer.
    """
    checked_name(name)
    if not isinstance(kind, str) or kind not in ARGUMENTS:
        raise InputError(
            f"A layer must be one of {', '.join(ARGUMENTS)}", where=f"layer {name}", received={"class": kind}
        )
    known = {**ARGUMENTS[kind], "trainable": FLAG}
    if not isinstance(arguments, Mapping) or not set(arguments) <= set(known):
        raise InputError(
            f"The arguments of {kind} must be among {', '.join(known)}",
            where=f"layer {name}",
            received={"arguments": list(arguments) if isinstance(arguments, Mapping) else arguments},
        )
    for key, value in arguments.items():
        if not known[key].fits(value):
            raise InputError(
                f"The argument {key} of {kind} must be {known[key].rule}", where=f"layer {name}", received={key: value}
            )
    return getattr(layers, kind)(name=name, **{key: known[key].to_keras(value) for key, value in arguments.items()})


def describe(layer: layers.Layer) -> tuple[str, dict[str, object]]:
    """A layer as data: its class and arguments, from which `make` gives an equal one.

    Raises:
        InputError: a layer that is not of the closed list, or has an option that is not; the message names it.
    """
    kind = type(layer).__name__
    if kind not in ARGUMENTS or type(layer) is not getattr(layers, kind):
        raise InputError(
            f"Every layer of a network as data must be one of Keras's own {', '.join(ARGUMENTS)}",
            where=f"layer {layer.name}",
            received={"class": f"{type(layer).__module__}.{kind}"},
            hint="Another network can be published with the package that builds it (zoo.register_architecture)",
        )
    config = layer.get_config()
    arguments = _arguments(kind, config)
    if differing := _differing(layer, make(kind, layer.name, arguments)):
        raise InputError(
            f"A layer of a network as data must have no other options than {', '.join(ARGUMENTS[kind])}, in float32",
            where=f"layer {layer.name}",
            received=differing,
        )
    return kind, arguments


def _differing(layer: layers.Layer, other: layers.Layer) -> dict[str, object]:
    """The options in which a layer differs from one that was made from its description."""
    config, made = _plain(layer.get_config()), _plain(other.get_config())
    differing = {key: value for key, value in config.items() if value != made.get(key)}
    for key in _FUNCTIONS:
        if getattr(layer, key, None) is not getattr(other, key, None):
            differing[key] = getattr(layer, key)
    if layer.dtype_policy.name != "float32":
        differing["dtype"] = layer.dtype_policy.name
    for side in ("forward_layer", "backward_layer"):
        if hasattr(layer, side):
            differing |= _differing(getattr(layer, side), getattr(other, side))
    return differing


def _arguments(kind: str, config: Mapping[str, object]) -> dict[str, object]:
    """Keras's configuration of a layer, as data."""
    known = {
        key: of_key.from_keras(config[key]) for key, of_key in ARGUMENTS[kind].items() if config.get(key) is not None
    }
    return known if config.get("trainable", True) else {**known, "trainable": False}


def _plain(value: object) -> object:
    """A part of Keras's configuration without what is no option of a layer, or is compared apart (the dtype)."""
    if isinstance(value, Mapping):
        left_out = ("seed", "name", "dtype", "build_config")
        return {key: _plain(option) for key, option in value.items() if key not in left_out}
    return _only(tuple(map(_plain, value))) if isinstance(value, (tuple, list)) else value


def count(layer: layers.Layer, shape: tuple[int, ...]) -> int:
    """The weights that a layer will have for an input of this shape, (batch, …): numbers, not bytes."""
    counted = _COUNTS.get(type(layer).__name__)
    return 0 if counted is None else counted(layer, shape)


def _recurrent(gates: int) -> Callable[[layers.Layer, tuple[int, ...]], int]:
    def counted(layer: layers.Layer, shape: tuple[int, ...]) -> int:
        rows = shape[-1] + layer.units + layer.use_bias * (1 + getattr(layer, "reset_after", False))
        return gates * layer.units * rows

    return counted


def _normalization(moving: int) -> Callable[[layers.Layer, tuple[int, ...]], int]:
    return lambda layer, shape: shape[layer.axis] * (moving + layer.center + layer.scale)


def _depthwise(layer: layers.Layer, shape: tuple[int, ...]) -> int:
    return shape[-1] * layer.depth_multiplier * (layer.kernel_size[0] + layer.use_bias)


def _separable(layer: layers.Layer, shape: tuple[int, ...]) -> int:
    between = shape[-1] * layer.depth_multiplier
    return between * layer.kernel_size[0] + (between + layer.use_bias) * layer.filters


_COUNTS: dict[str, Callable[[layers.Layer, tuple[int, ...]], int]] = {
    "Conv1D": lambda layer, shape: (
        layer.filters * (layer.kernel_size[0] * (shape[-1] // layer.groups) + layer.use_bias)
    ),
    "DepthwiseConv1D": _depthwise,
    "SeparableConv1D": _separable,
    "Dense": lambda layer, shape: layer.units * (shape[-1] + layer.use_bias),
    "BatchNormalization": _normalization(2),
    "LayerNormalization": _normalization(0),
    "LSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "Bidirectional": lambda layer, shape: 2 * count(layer.forward_layer, shape),
}
