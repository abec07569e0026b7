"""Output for programs."""

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def strict_json() -> Iterator[None]:
    """Have what is printed meanwhile be JSON that every parser reads: null for what is no finite number.

    It is printed when all of it is there; nothing is, if an error ends it.
    """
    with redirect_stdout(io.StringIO()) as printed:
        yield
    try:
        content = json.loads(printed.getvalue())
    except ValueError:  # of a command that prints something else, too: not ours to judge
        print(printed.getvalue(), end="")
    else:
        print(json.dumps(finite(content), indent=1, allow_nan=False))


def finite(content: object) -> object:
    """The same content, None for NaN and infinities."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    return content
