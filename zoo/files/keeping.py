"""Whether files that an earlier run made are replaced: functions replace them, commands with `--force` alone."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from zoo.errors import InputError

_KEEPS_OTHERS = ContextVar("keeps others", default=False)


@contextmanager
def keeping_others() -> Iterator[None]:
    """Have whatever writes files refuse meanwhile to replace those of another run.

    A run is known by the record beside its files; a file that has none is that of another run.
    """
    token = _KEEPS_OTHERS.set(True)
    try:
        yield
    finally:
        _KEEPS_OTHERS.reset(token)


def keeps_others() -> bool:
    """Whether files of another run are kept."""
    return _KEEPS_OTHERS.get()


def check_absent(outputs: Iterable[Path]) -> None:
    """Raise `InputError` if others are kept and one of the outputs is there."""
    there = next((path for path in outputs if os.path.lexists(path)), None) if keeps_others() else None
    if there is not None:
        raise of_another(there)


def of_another(output: Path, differing: Sequence[str] = ()) -> InputError:
    """The error for an output of another run, and what is known of how that differs."""
    return InputError(
        "An output must not replace that of another run",
        received={"output": str(output)} | ({"differing": ", ".join(differing)} if differing else {}),
        hint="--force replaces its files; or choose another output",
    )
