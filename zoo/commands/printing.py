"""Output for programs."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from zoo.files.record import finite


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
