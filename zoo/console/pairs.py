"""Options of NAME=VALUE, any number of them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from zoo.console.values import RECEIVED, real, shortened
from zoo.errors import InputError


class PairsAction(argparse.Action):
    """`--covariate NAME=VALUE`, several times: a mapping of names to numbers, or to text that is none."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Add one. Raises `argparse.ArgumentError` for what is no pair, or a name that is given already."""
        name, separator, value = values.partition("=")
        if not (separator and name.strip() and value.strip()):
            raise argparse.ArgumentError(self, f"must be NAME=VALUE{RECEIVED}{shortened(values)!r}")
        self.put(namespace, name, _number(value))

    def put(self, namespace: argparse.Namespace, name: str, value: object) -> None:
        """Add a pair to those of the command line."""
        given = getattr(namespace, self.dest) or {}
        if name in given:
            raise argparse.ArgumentError(self, f"must name each of them once{RECEIVED}{shortened(name)!r}")
        setattr(namespace, self.dest, {**given, name: value})


def named_paths(texts: Sequence[str], what: str) -> dict[str, str]:
    """Name → path of texts NAME=PATH, or PATH alone, which is named by its file.

    Args:
        texts: of the command line.
        what: they are, for the message.

    Raises:
        InputError: two of one name.
    """
    named: dict[str, str] = {}
    for text in texts:
        name, separator, path = text.partition("=")
        name, path = (name, path) if separator and "/" not in name else (Path(text).stem, text)
        if name in named:
            raise InputError(f"Each of the {what} must have a name of its own", received={"twice": name})
        named[name] = path
    return named


class TracksAction(PairsAction):
    """`--signal PATH`, or `--signal NAME=PATH` several times for a model of several tracks."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Put the path, or add a pair. Raises `argparse.ArgumentError` for both, and for two paths."""
        name, separator, path = values.partition("=")
        given = getattr(namespace, self.dest)
        if separator and "/" not in name and name.strip() and path.strip() and not _exists(values):
            if isinstance(given, str):
                raise self._mixed(values)
            self.put(namespace, name, path)
        elif given is None:
            setattr(namespace, self.dest, values)
        else:
            raise self._mixed(values)

    def _mixed(self, value: str) -> argparse.ArgumentError:
        rule = "must be one path, or NAME=PATH for each of the tracks"
        return argparse.ArgumentError(self, f"{rule}{RECEIVED}{shortened(value)!r}")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _number(text: str) -> float | str:
    try:
        return real()(text)
    except argparse.ArgumentTypeError:
        return text
