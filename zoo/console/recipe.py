"""How a recipe runs as a command: its streams in every locale, an error as one line."""

import sys
from collections.abc import Callable

from zoo.console import streams
from zoo.errors import ZooError


def run(name: str, call: Callable[..., object], *arguments: object) -> None:
    """Call a recipe's main function; an error of the package ends the program with its message.

    Args:
        name: of the recipe, before the message.
        call: the function.
        arguments: what it takes.
    """
    with streams.guarded():
        try:
            call(*arguments)
        except ZooError as error:
            sys.exit(f"{name}: error: {error}")
