"""A file of a C library that is opened on first use, once per process, and used by one thread at a time."""

import os
import threading
from collections.abc import Callable


class Handle:
    """The handle that `opener` returns, opened anew after a fork and never pickled."""

    def __init__(self, opener: Callable[[], object]) -> None:
        self._opener, self._open, self._pid, self._lock = opener, None, None, threading.RLock()

    def __enter__(self):
        self._lock.acquire()
        if self._pid != os.getpid():
            try:
                self._open, self._pid = self._opener(), os.getpid()
            except BaseException:
                self._lock.release()
                raise
        return self._open

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple:
        return Handle, (self._opener,)
