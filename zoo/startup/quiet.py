"""The error stream without TensorFlow's messages."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_DEFAULT = "3"
_KINDS = "IWE"  # information, warnings, errors: of level n the first n are not shown; nothing hides what is fatal
_ABSL = r"\d{4} [\d:.]+ +\d+ \S+:\d+\] "
_OLD = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: "
_FRAME = r"WARNING: All log messages before absl::InitializeLog\(\)|To enable the following instructions: "


@contextmanager
def quiet() -> Iterator[None]:
    """Keep TensorFlow's messages below the level of the environment (default all) off the error stream.

    Everything else that is written there meanwhile appears at the end; after an exception all but information.
    """
    level = os.environ.setdefault(_LEVEL, _DEFAULT)
    shown, caught = _redirected() if level in tuple("123") else (None, None)
    if shown is None:
        yield
        return
    hidden = _KINDS[:1]
    try:
        yield
        hidden = _KINDS[: int(level)]
    finally:
        _flush()
        os.dup2(shown, 2)
        os.close(shown)
        with caught:
            caught.seek(0)
            _write(_without(caught.read(), hidden))


def _redirected() -> tuple[int, BinaryIO] | tuple[None, None]:
    """A copy of the error stream's descriptor, and the file that takes its place; None twice where there is none."""
    _flush()
    try:
        shown = os.dup(2)
    except OSError:
        return None, None
    try:
        caught = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    except OSError:
        os.close(shown)
        return None, None
    os.dup2(caught.fileno(), 2)
    return shown, caught


def _without(text: bytes, kinds: str) -> bytes:
    """Lines that are no messages of these kinds."""
    message = re.compile(rf"[{kinds}]{_ABSL}|{_OLD}[{kinds}] |{_FRAME}".encode())
    return b"".join(line for line in text.splitlines(keepends=True) if not message.match(line))


def _write(text: bytes) -> None:
    with suppress(OSError):
        while text:
            text = text[os.write(2, text) :]


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
