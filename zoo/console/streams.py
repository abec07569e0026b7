"""The standard streams of the command: any locale, closed or full ones, and text that a terminal must not obey."""

import codecs
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_SIGNS = {"≥": ">=", "≤": "<=", "±": "+/-", "→": "->", "←": "<-", "×": "x", "–": "-", "—": "-", "−": "-", "…": "..."}
_SIGNS |= {"“": '"', "”": '"', "‘": "'", "’": "'", "µ": "u", "\u00a0": " "}
_TRANSLATED = str.maketrans(_SIGNS)
# Everything that moves the cursor, recolors, or reorders what is around it; not tabulators and ends of lines.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Stream:
    """A text stream whose `write` replaces control characters, and signs that the locale's encoding does not have.

    Args:
        stream: the stream beneath; everything but `write` is its own.
        allowed: control characters that pass: a progress bar's.
    """

    def __init__(self, stream: TextIO, allowed: str = "") -> None:
        self._stream, self._allowed = stream, allowed
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._plain = _is_unicode(_locale()) and _is_unicode(self._encoding)

    def write(self, text: str) -> int:
        """Write text as the stream can show it; to nowhere, when its reader has seen enough.

        The command goes on to its end and its exit status, which says more than that nobody read the rest.

        Returns:
            The number of characters that were given.
        """
        try:
            self._stream.write(self._shown(text))
        except BrokenPipeError:
            silence(self._stream)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            silence(self._stream)

    def writelines(self, lines) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def _shown(self, text: str) -> str:
        text = _OBEYED.sub(self._escaped, text)
        if text.isascii():
            return text
        if not self._plain:
            text = text.translate(_TRANSLATED)
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def _escaped(self, match: re.Match) -> str:
        return match[0] if match[0] in self._allowed else match[0].encode("unicode_escape").decode("ascii")


@contextmanager
def guarded() -> Iterator[None]:
    """Have `sys.stdout` and `sys.stderr` be such streams meanwhile."""
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    if not sys.stdout.isatty():
        _write_unicode(sys.stdout)
    sys.stdout, sys.stderr = Stream(sys.stdout), Stream(sys.stderr, allowed="\r")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def silence(stream: TextIO) -> None:
    """Send to nowhere what is still to be written: else Python would complain once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):  # a stream without a file of the system beneath
        pass
    finally:
        os.close(nowhere)


def _open_what_is_closed() -> None:
    """Give the numbers 0, 1 and 2 to /dev/null where they are closed: else the next file that is opened gets them."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _write_unicode(stream: TextIO) -> None:
    """Write tables into files and pipes as UTF-8, as the files themselves, unless PYTHONIOENCODING is set."""
    if os.environ.get("PYTHONIOENCODING") or _is_unicode(getattr(stream, "encoding", None) or "utf-8"):
        return
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8")


def _locale() -> str:
    """The encoding that a terminal of this locale has."""
    import locale

    return locale.getencoding()


def _is_unicode(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name.startswith("utf")
    except LookupError:
        return False
