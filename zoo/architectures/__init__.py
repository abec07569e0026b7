"""Networks by name. Each module has `build(**config)`, which returns a functional Keras model and reads no files."""

import importlib
import inspect
import numbers
import typing

from zoo.arguments import is_one_of
from zoo.errors import InputError, ZooError

ARCHITECTURES = (
    "maxatac",
    "cnn",
    "lstm",
    "dcnn",
    "convnext_cnn",
    "convnext_lstm",
    "convnext_dcnn",
    "convnext_transformer",
    "xlstm",
)

_LARGEST = 1 << 20  # of an argument: no network that fits a machine has more of anything, nor longer windows
_KINDS = {
    int: f"a whole number of 0 to {_LARGEST:,}",
    float: f"a number of 0 to {_LARGEST:,}",
    bool: "true or false",
    str: "text",
    type(None): "nothing",
}


def build(name: str, *, preset: str | None = None, **config: object):
    """Build the network `name` with the arguments of its builder.

    Args:
        name: one of `ARCHITECTURES`; its arguments are those of `zoo.architectures.<name>.build`.
        preset: "paper" for what the article's text describes where that differs from the authors' code, which the
            defaults follow. Arguments that are given come before the preset's.

    Returns:
        A functional `keras.Model` with fresh weights.

    Raises:
        InputError: an unknown architecture, preset or argument; the message lists the known ones.
    """
    if not is_one_of(name, ARCHITECTURES):
        raise InputError(f"An architecture must be one of {', '.join(ARCHITECTURES)}", received={"architecture": name})
    module = importlib.import_module(f"zoo.architectures.{name}")
    known = inspect.signature(module.build).parameters
    if unknown := sorted(set(config) - set(known)):
        raise InputError(f"The arguments of {name} must be among {', '.join(known)}", received={"unknown": unknown})
    presets = getattr(module, "PRESETS", {})
    if preset is not None and not is_one_of(preset, presets):
        raise InputError(
            f"The preset of {name} must be one of its own ({', '.join(presets) or 'it has none'})",
            received={"preset": preset},
        )
    config = {**presets.get(preset, {}), **config}
    for argument, kind in typing.get_type_hints(module.build).items():
        if argument in config and not _fits(config[argument], kind):
            raise InputError(
                f"The argument {argument} of {name} must be {_described(kind)}",
                example={argument: known[argument].default},
                received={argument: config[argument]},
            )
    try:
        return module.build(**config)
    except ZooError:
        raise
    except Exception as error:  # of Keras and what it computes with, out of memory included: they share no base
        said = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"The arguments of {name} must be values that it can be built with ({said})", received=config
        ) from None


def _fits(value: object, kind: object) -> bool:
    """Whether a value is of an argument's annotated kind."""
    options = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return isinstance(value, (tuple, list)) and all(_fits(item, options[0]) for item in value)
    if options:
        return any(_fits(value, option) for option in options)
    if kind in (int, float) and not isinstance(value, bool):
        return isinstance(value, numbers.Integral if kind is int else numbers.Real) and 0 <= value <= _LARGEST
    return type(value) is kind


def _described(kind: object) -> str:
    """A kind as a message has it."""
    options = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return f"a list, each item {_described(options[0])}"
    if options:
        return " or ".join(map(_described, options))
    return _KINDS.get(kind, getattr(kind, "__name__", str(kind)))


def scores(network):
    """What predictions are made of, as a model: the network's only output, or its output `accessibility`.

    Args:
        network: a `keras.Model`, (batch, window, channels) → (batch, bins) or (batch, bins, tracks).

    Returns:
        A `keras.Model` → (batch, bins), or (batch, bins, tracks) if there are several tracks; it shares the weights.
    """
    import keras

    output = network.output["accessibility"] if isinstance(network.output, dict) else network.output
    if len(output.shape) == 3 and output.shape[-1] == 1:
        output = keras.ops.squeeze(output, axis=-1)
    return network if output is network.output else keras.Model(network.input, output, name=network.name)


def __getattr__(name: str):
    if name not in ARCHITECTURES:
        raise AttributeError(f"module 'zoo.architectures' has no attribute {name!r}")
    return importlib.import_module(f"zoo.architectures.{name}")
