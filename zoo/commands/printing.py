"""Output for programs."""

import argparse
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from zoo.files.record import finite


def add_json(to: argparse._ActionsContainer, text: str = "machine-readable output") -> None:
    """The option that every such command has: to a parser or to a group of its options."""
    to.add_argument("--json", action="store_true", help=text)


def present(options: argparse.Namespace, content: object, *lines: object) -> None:
    """Print what a command made.

    Args:
        options: parsed; with `--json` the content is printed.
        content: as JSON can hold it, and paths.
        lines: printed otherwise.
    """
    if options.json:
        print(json.dumps(content, indent=1, default=str))
    else:
        print(*lines, sep="\n")


@contextmanager
def strict_json() -> Iterator[None]:
    """Have what is printed meanwhile be JSON that every parser reads: null for what is no finite number.

    It is printed when all of it is there; nothing is, if an error ends it.
    """
    with redirect_stdout(io.StringIO()) as printed:
        yield
    try:
        content = json.loads(printed.getvalue())
    except ValueError:  # of a command that prints something else, too: not ours to refuse
        print(printed.getvalue(), end="")
    else:
        print(json.dumps(finite(content), indent=1, allow_nan=False))
