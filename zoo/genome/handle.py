"""A file that is opened on first use, once per process."""

import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from zoo.errors import InputError


class Handle:
    """What `opener` returns, opened anew after a fork and never pickled; used by one thread at a time within `with`."""

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


class Bytes:
    """The bytes of a file, at any place, for any number of threads. What lies outside it is damage.

    Args:
        path: an ordinary file.
        what: how messages call it, such as "genome".

    Attributes:
        path: of the file.
        size: of the file in bytes.

    Raises:
        InputError: a file that cannot be opened.
    """

    def __init__(self, path: str | Path, what: str) -> None:
        self.path, self._what = path, what
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise self._unreadable(error) from None
        weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`. Raises `InputError` if the file has fewer."""
        if not 0 <= offset <= offset + count <= self.size:
            raise self.damaged()
        try:
            data = os.pread(self._descriptor, count, offset)
            while len(data) < count:  # the system reads 2 GB at most at once
                more = os.pread(self._descriptor, count - len(data), offset + len(data))
                if not more:
                    raise self.damaged()
                data += more
        except OSError as error:
            raise self._unreadable(error) from None
        return data

    def damaged(self, where: str = "") -> InputError:
        """The error for a damaged file, to be raised."""
        place = f"{self.path} {where}".rstrip()
        return InputError(f"The {self._what} must be intact: this file is damaged", where=place, hint="Copy it again")

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(
            f"The {self._what} must be readable: {error.strerror}",
            received={self._what: str(self.path)},
        )
