"""Networks by name. Each module has `build(**config)`, which returns a functional Keras model and reads no files."""

import importlib
import inspect

from zoo.errors import InputError

ARCHITECTURES = ("maxatac",)


def build(name: str, **config: object):
    """Build the network `name` with the arguments of its builder.

    Returns:
        A functional `keras.Model` with fresh weights.

    Raises:
        InputError: an unknown architecture or argument; the message lists the known ones.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"An architecture is one of {', '.join(ARCHITECTURES)}", received={"architecture": name})
    builder = importlib.import_module(f"zoo.architectures.{name}").build
    known = inspect.signature(builder).parameters
    if unknown := sorted(set(config) - set(known)):
        raise InputError(f"The arguments of {name} are {', '.join(known)}", received={"unknown": unknown})
    try:
        return builder(**config)
    except (TypeError, ValueError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"The arguments of {name} have values it can be built with ({said})", received=config
        ) from None
