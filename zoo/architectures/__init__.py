"""Networks by name. Each module has `build(**config)`, which returns a functional Keras model and reads no files."""

import importlib
import inspect

from zoo.errors import InputError

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
    if name not in ARCHITECTURES:
        raise InputError(f"An architecture is one of {', '.join(ARCHITECTURES)}", received={"architecture": name})
    module = importlib.import_module(f"zoo.architectures.{name}")
    known = inspect.signature(module.build).parameters
    if unknown := sorted(set(config) - set(known)):
        raise InputError(f"The arguments of {name} are {', '.join(known)}", received={"unknown": unknown})
    presets = getattr(module, "PRESETS", {})
    if preset is not None and preset not in presets:
        raise InputError(f"The presets of {name} are {', '.join(presets) or 'none'}", received={"preset": preset})
    config = {**presets.get(preset, {}), **config}
    try:
        return module.build(**config)
    except (TypeError, ValueError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"The arguments of {name} have values it can be built with ({said})", received=config
        ) from None


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
