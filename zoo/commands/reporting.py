"""What a command says beside its result: errors, warnings and stages, on the error stream and in a log."""

import argparse
import json
import logging
import shlex
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from registry.errors import ZooError, printable
from registry.paths import user_path
from zoo import __version__
from zoo.errors import InputError, ZooWarning
from zoo.files import progress

_LOG = progress.LOG
_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s %(message)s"
_TIME = "%Y-%m-%dT%H:%M:%S"
_NOTE = logging.WARNING - 1  # what is printed anyway
_BEGINS = "zoo "  # what the first line of a log of ours has behind its time and level
_FORMATTER = logging.Formatter(_FORMAT, _TIME)
logging.addLevelName(_NOTE, "NOTE")


def add_options(parser: argparse.ArgumentParser, **settings: object) -> None:
    """The options of what is said, which every command has, behind its name or before it.

    Args:
        parser: of the whole command line or of a command.
        settings: of `add_argument`: what a parser has where they are not given.
    """
    group = parser.add_argument_group("messages") if settings else parser
    amount = group.add_mutually_exclusive_group()
    amount.add_argument("-q", "--quiet", action="store_true", help="print errors alone", **settings)
    text = "print what is read, from where, and the time of each stage"
    amount.add_argument("-v", "--verbose", action="store_true", help=text, **settings)
    text = "append all of that, warnings and errors to FILE, with the time"
    group.add_argument("--log", metavar="FILE", help=text, **settings)


def note(text: str) -> None:
    """Print a line beside the result, unless nothing but errors is printed; it is also logged."""
    _LOG.log(_NOTE, "%s", text)
    if not progress.is_hidden():
        print(f"zoo: {text}", file=sys.stderr)


class Reporter:
    """Says what happens while a command runs. A context: afterwards its log is closed, and all as it was.

    Args:
        words: of the command line.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words, self._as_json, self._quiet = words, "--json" in words, False
        self._handlers: list[logging.Handler] = []

    def __enter__(self) -> Self:
        self._shown, warnings.showwarning = warnings.showwarning, self._warn
        self._level = _LOG.level
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if error is not None and not isinstance(error, SystemExit):
            _LOG.error("the program failed", exc_info=error)
        warnings.showwarning = self._shown
        for handler in self._handlers:
            _LOG.removeHandler(handler)
            handler.close()
        _LOG.setLevel(self._level)
        progress.hide(False)

    def follow(self, options: argparse.Namespace) -> None:
        """Do as the options say from now on. Raises `InputError` for a log that cannot be written."""
        if options.quiet and options.verbose:
            raise InputError("--quiet must not be given together with --verbose")
        self._quiet = options.quiet
        progress.hide(options.quiet)
        if options.verbose:
            shown = logging.StreamHandler(sys.stderr)
            shown.addFilter(lambda record: record.levelno < _NOTE)  # warnings and errors are printed anyway
            shown.setFormatter(logging.Formatter("zoo: %(message)s"))
            self._add(shown)
        if options.log is not None:
            self._add(_log_file(options.log))
            _LOG.info("%s%s: %s", _BEGINS, __version__, shlex.join(self._words))

    def fail_by(self, error: ZooError) -> None:
        """Say why the command ends: a line of text, or with `--json` a JSON object of the error's parts."""
        self._end(" ".join([f"error: {error}", *getattr(error, "__notes__", ())]), error.to_json())

    def fail(self, text: str, error: BaseException) -> None:
        """The same for an error of Python's, in words of ours."""
        self._end(text, {"type": type(error).__name__, "message": text.removeprefix("error: ")})

    def _end(self, text: str, parts: Mapping[str, object]) -> None:
        _LOG.error("%s", text)
        with suppress(OSError):
            print(json.dumps({"error": parts}) if self._as_json else f"zoo: {text}", file=sys.stderr, flush=True)

    def _add(self, handler: logging.Handler) -> None:
        self._handlers.append(handler)
        _LOG.addHandler(handler)
        _LOG.setLevel(logging.INFO)

    def _warn(self, message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        place = "" if issubclass(category, ZooWarning) else f" ({Path(filename).name}:{lineno})"
        text = printable(f"warning: {message}{place}")
        _LOG.warning("%s", text)
        if not self._quiet:
            with suppress(OSError):
                print(f"zoo: {text}", file=sys.stderr, flush=True)


def _log_file(given: str) -> logging.Handler:
    """A log to append to: a new file, an empty one, or one that an earlier command wrote."""
    path = user_path(given, "log")
    try:
        if path.exists() and path.stat().st_size and not _is_log(path):
            raise InputError(
                "A log must be a new file, or one that an earlier command wrote: it is appended to",
                received={"log": given},
                example="--log run.log",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The log must be writable: {error.strerror}", received={"log": given}) from None
    handler.setFormatter(_FORMATTER)
    return handler


def _is_log(path: Path) -> bool:
    """Whether the first line of a file is the first one of a log."""
    with open(path, "rb") as file:
        when, _, rest = file.readline(200).decode("utf-8", "replace").partition(".")
    try:
        time.strptime(when, _TIME)
    except ValueError:
        return False
    return rest[4:].startswith(f"INFO {_BEGINS}")
