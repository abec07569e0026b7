"""Ctrl-C and SIGTERM: the work stops where it can, cleans up, and reports it in one line."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from zoo.files import progress

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CLEANING_S = 2.0  # while a repeated signal does not disturb the cleaning up that the first one began


class Stopper:
    """Turns signals into `KeyboardInterrupt`.

    Attributes:
        status: the exit status that a stopped command has: 128 and the signal's number.
    """

    def __init__(self) -> None:
        self.status = 128 + signal.SIGINT
        self._first: float | None = None

    def __call__(self, number: int, *_: object) -> None:
        """Stop here, or where the work next counts its progress, if a C library swallows the exception here."""
        now = time.monotonic()
        if self._first is not None and now - self._first < _CLEANING_S:
            return
        self._first, self.status = now, 128 + number
        progress.interrupt()
        raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stopper]:
    """Handle both signals meanwhile; in a thread that is not the main one Python does not allow it."""
    stopper = Stopper()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, stopper) for number in _SIGNALS}
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
