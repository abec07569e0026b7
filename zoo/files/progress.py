"""Progress bars and stages, which are also where long work notices that it is to stop."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

LOG = logging.getLogger("zoo")
"""Where it is logged what is read, and how long stages take."""
LOG.addHandler(logging.NullHandler())  # else Python prints what nobody asked for
_interrupted = False
_hidden = False


def hide(hidden: bool) -> None:
    """Show neither bars nor stages from now on, or show them again."""
    global _hidden
    _hidden = hidden


def is_hidden() -> bool:
    """Whether they are not shown."""
    return _hidden


@contextmanager
def stage(what: str, shown: bool = True) -> Iterator[None]:
    """Say on a terminal that something begins that takes seconds, if it shall be shown; log how long it took."""
    if shown and sys.stderr.isatty() and not _hidden:
        print(f"{what} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    yield
    LOG.info("%s: %.1f s", what, time.monotonic() - began)


def interrupt() -> None:
    """Have the next progress of whatever runs raise `KeyboardInterrupt`.

    Python raises it once, wherever it is; inside a callback of a C library that is printed and forgotten.
    """
    global _interrupted
    _interrupted = True


class Progress(tqdm):
    """A progress bar; silent without a terminal, unless requested.

    Args:
        what: the text before it.
        unit: of what is counted.
        total: how many there are.
        done: how many were done before.
        shown: show it; by default in a terminal only.
    """

    def __init__(self, what: str, unit: str, total: int, done: int = 0, shown: bool | None = None) -> None:
        hidden = (_hidden or None) if shown is None else not shown
        self._began, self._counted, self._what = time.monotonic(), 0, f"{what}: {{}} {unit}s in {{:.1f}} s"
        super().__init__(desc=what, unit=unit, total=total, initial=done, unit_scale=True, disable=hidden)

    def update(self, n: float = 1) -> bool | None:
        """Count `n` more. Raises `KeyboardInterrupt` after `interrupt`."""
        global _interrupted
        if _interrupted:
            _interrupted = False
            raise KeyboardInterrupt
        self._counted += n
        return super().update(n)

    def close(self) -> None:
        """End the bar; log once what was counted, and how long it took."""
        super().close()
        if self._counted:
            LOG.info(self._what.format(f"{self._counted:,}", time.monotonic() - self._began))
            self._counted = 0
