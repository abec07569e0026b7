"""Networks by name. Each module has `build(**config)`, which returns a functional Keras model and reads no files.

Networks of other packages come by `register_architecture`, or by the entry point `chromatin_zoo.architectures` of an
installed package, which is loaded when its name is first asked for.
"""

import importlib
import inspect
import numbers
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from zoo import lazy, plugins
from zoo.arguments import is_one_of
from zoo.errors import InputError, ZooError
from zoo.tables import Table

if TYPE_CHECKING:
    import keras

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
    "motif_dcnn",
    "bpnet",
    "chrombpnet",
    "factornet",
    "deepgrn",
    "leopard",
    "scfan",
    "borzoi",
    "basenji2",
    "enformer",
    "deepsea",
    "beluga",
    "sei",
    "danq",
    "basset",
    "motif_cnn",
    "ensemble",
    "committee",
)

AS_DATA = "functional"  # the network whose configuration is all of it
GROUP = "chromatin_zoo.architectures"  # of entry points: a network's name = "package.module:builder"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
REGISTERED: Table[Callable] = Table("network", {})  # of other packages, in this process

_LARGEST = 1 << 20  # of an argument: no network that fits a machine has more of anything, nor longer windows
_KINDS = {
    int: f"a whole number of 0 to {_LARGEST:,}",
    float: f"a number of 0 to {_LARGEST:,}",
    bool: "true or false",
    str: "text",
    type(None): "nothing",
    Mapping: "an object",
    Sequence: "a list",
}


def register_architecture(name: str, builder: Callable) -> None:
    """Add a network of another package, for this process.

    Args:
        name: of lower-case letters, digits and underscores; one that nothing has yet.
        builder: a function that returns a functional `keras.Model` with fresh weights: (batch, window, channels) →
            (batch, bins) or (batch, bins, tracks), or a dict with such an output `accessibility`. It reads no files,
            and equal arguments give equal layers in equal order, as weights are found by them. Its arguments are
            annotated with int, float, bool, str, `X | None` or `tuple[X, ...]`, which are the values that
            `config.json` may hold.

    Raises:
        InputError: a name of another form, or one that is taken; something that is no such function.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            "The name of a network must be of lower-case letters, digits and underscores, the first a letter",
            example="my_network",
            received={"name": name},
        )
    if name in (*ARCHITECTURES, AS_DATA, *REGISTERED):
        raise InputError("The name of a network must be new", received={"name": name})
    _check_builder(name, builder)
    REGISTERED.add(name, builder)


def unregister_architecture(name: str) -> None:
    """Remove a network that `register_architecture` added. Raises `InputError` for any other."""
    REGISTERED.remove(name)


def _check_builder(name: str, builder: object) -> None:
    if problem := _problem_of(builder):
        raise InputError(
            f"The builder of {name} must be a function with named, annotated arguments, none of them name or preset",
            received={"builder": builder, "problem": problem},
        )


def _problem_of(builder: object) -> object:
    """What is wrong with a builder: its arguments that cannot be given, or why it has none; else nothing."""
    try:
        arguments, hints = inspect.signature(builder).parameters.values(), typing.get_type_hints(builder)
    except (TypeError, ValueError, NameError) as error:
        return str(error)
    taken = ("name", "preset")  # by `build`
    open_ = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return [item.name for item in arguments if item.kind in open_ or item.name not in hints or item.name in taken]


def is_known(name: object) -> bool:
    """Whether `build` knows a network of this name, an installed package's included."""
    return isinstance(name, str) and (name in (*ARCHITECTURES, AS_DATA) or _other(name) is not None)


def _other(name: str) -> Callable | None:
    """The builder of another package, or None; one that is installed is loaded when it is first asked for."""
    if name not in REGISTERED and _NAME.fullmatch(name):
        builder = plugins.find(GROUP, name, lambda builder: _check_builder(name, builder))
        if builder is not None:
            REGISTERED.add(name, builder)
    return REGISTERED.get(name)


def require(name: object, package: str | None = None) -> None:
    """Raise `InputError` for a network that is not known.

    Args:
        package: that brings it, as a model's `config.json` says.
    """
    if is_known(name):
        return
    brings = f"This model says which package brings its network; if you trust it: pip install '{package}'"
    raise InputError(
        f"An architecture must be one of {', '.join(ARCHITECTURES)}",
        received={"architecture": name},
        hint=brings if package else None,
    )


def build(name: str, *, preset: str | None = None, **config: object) -> "keras.Model":
    """Build the network `name` with the arguments of its builder.

    Args:
        name: one of `ARCHITECTURES`; its arguments are those of `zoo.architectures.<name>.build`. Or "functional",
            whose arguments are the network itself (`zoo.architectures.functional`), or a name of another package.
        preset: "paper" for what the article's text describes where that differs from the authors' code, which the
            defaults follow. Arguments that are given come before the preset's.

    Returns:
        A functional `keras.Model` with fresh weights.

    Raises:
        InputError: an unknown architecture, preset or argument; the message lists the known ones.

    >>> build("maxatac", window=256, filters=4).output_shape
    (None, 8)
    """
    require(name)
    builder, presets = _builder(name)
    if preset is not None and not is_one_of(preset, presets):
        raise InputError(
            f"The preset of {name} must be one of its own ({', '.join(presets) or 'it has none'})",
            received={"preset": preset},
        )
    network = _called(builder, name, {**presets.get(preset, {}), **config})
    if name in REGISTERED:
        _check_network(name, network)
    return network


def tiled(name: str, config: Mapping[str, object], tiles: int) -> dict[str, object] | None:
    """The arguments of a network with the same weights that predicts several windows, side by side, at once.

    Such a network reads one longer window, whose outputs are those of the single windows one after the other. The
    module of its name says how, by a function `tiled` of the arguments and the number of windows.

    Returns:
        None for a network that cannot, such as one of another package.
    """
    if name in REGISTERED or name not in ARCHITECTURES:
        return None
    make = getattr(importlib.import_module(f"zoo.architectures.{name}"), "tiled", None)
    return None if make is None else make(config, tiles)


def count_weights(name: str, config: Mapping[str, object]) -> int | None:
    """How many numbers the weights of a network will be, where that can be told before it is built; else None.

    Arguments and errors as for `build`.
    """
    if name != AS_DATA:
        return None
    module = importlib.import_module(f"zoo.architectures.{AS_DATA}")
    return _called(module.count_weights, name, config)


def arguments(name: str) -> dict[str, object]:
    """The arguments of a network's builder, and the kinds that they are annotated with.

    Raises `InputError` for a network that is not known.
    """
    require(name)
    builder, _ = _builder(name)
    return {argument: kind for argument, kind in typing.get_type_hints(builder).items() if argument != "return"}


def _builder(name: str) -> tuple[Callable, Mapping[str, dict]]:
    """The builder of a known network, and its presets."""
    if name in REGISTERED:
        return REGISTERED[name], {}
    module = importlib.import_module(f"zoo.architectures.{name}")
    return module.build, getattr(module, "PRESETS", {})


def _called(function: Callable, name: str, config: Mapping[str, object]):
    """Call a builder with arguments that are of the kinds that it is annotated with."""
    known = inspect.signature(function).parameters
    if unknown := sorted(set(config) - set(known)):
        raise InputError(f"The arguments of {name} must be among {', '.join(known)}", received={"unknown": unknown})
    for argument, kind in typing.get_type_hints(function).items():
        if argument in config and not _fits(config[argument], kind):
            usual = known[argument].default
            raise InputError(
                f"The argument {argument} of {name} must be {_described(kind)}",
                example=None if usual is inspect.Parameter.empty else {argument: usual},
                received={argument: config[argument]},
            )
    try:
        return function(**config)
    except ZooError:
        raise
    except Exception as error:  # of Keras and what it computes with, out of memory included: they share no base
        said = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"The arguments of {name} must be values that it can be built with ({said})", received=config
        ) from None


def _check_network(name: str, network: object) -> None:
    """Raise `InputError` unless a builder of another package returned what it must."""
    import keras

    if not isinstance(network, keras.Model) or not getattr(network, "operations", None):
        raise InputError(
            f"The builder of {name} must return a functional keras.Model", received={"returned": type(network).__name__}
        )


def _fits(value: object, kind: object) -> bool:
    """Whether a value is of an argument's annotated kind."""
    options = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return isinstance(value, (tuple, list)) and all(_fits(item, options[0]) for item in value)
    if options:
        return any(_fits(value, option) for option in options)
    if kind in (Mapping, Sequence):
        return isinstance(value, kind) and not isinstance(value, str)
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
    """The prediction head as a model: the network's only output, or its output `accessibility`.

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


__getattr__, __dir__ = lazy.submodules(__name__)
