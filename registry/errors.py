"""The error types that everything in the project raises.

They live in `registry`, the lowest package, because imports run downward only; `zoo.errors` adds those that need
genomes and models, and is where users import all of them from.
"""

import re
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # the last ones reorder what is around them
_PACKAGES = tuple(f"{Path(__file__).parents[1] / package}/" for package in ("registry", "zoo"))
_USER = re.compile(r"(?i)\b(?!hf:)([a-z][a-z0-9+.-]*://)\S*@")  # hf://org/repo/MODEL@revision is no address
_NUMPY = re.compile(r"\bnp\.(?:(?:float|int|uint|str)\w*\(([^()]*)\)|(True|False)_)")  # how its numbers call themselves
_MOST_SHOWN = 600  # characters of a value in a message


class ZooError(Exception):
    """Base of every error that a user's input or the machine can cause.

    The message states what is wrong, what was received, and how to correct it, in this order; names and passwords in
    addresses are masked, and long values cut.

    Args:
        rule: what must hold, with the word "must", as a sentence without its full stop.
        example: a good value.
        received: name -> value of what was found instead.
        where: a file, line or region that the message begins with.
        hint: how to correct it, as a sentence without its full stop.
    """

    def __init__(
        self,
        rule: str,
        *,
        example: object = None,
        received: Mapping[str, object] | None = None,
        where: object = None,
        hint: str | None = None,
    ) -> None:
        self.rule, self.example, self.where, self.hint = rule, example, where, hint
        self.received = dict(received or {})
        parts = [f"{where}: {rule}." if where is not None else f"{rule}."]
        if self.received:
            parts.append(
                "Received: " + ", ".join(f"{key}={_shown(value)}" for key, value in self.received.items()) + "."
            )
        if example is not None:
            parts.append(f"Example: {example}.")
        if hint is not None:
            parts.append(f"{hint}.")
        super().__init__(printable(masked(" ".join(parts))))

    def to_json(self) -> dict[str, object]:
        """Its parts and its message, as JSON can hold them; values as the message shows them."""
        received = {key: _plain(value) for key, value in self.received.items()}
        parts = {"rule": self.rule, "example": self.example, "where": self.where, "hint": self.hint}
        texts = {name: None if part is None else printable(masked(str(part))) for name, part in parts.items()}
        notes = [printable(masked(note)) for note in getattr(self, "__notes__", ())]
        return {"type": type(self).__name__, "message": str(self), **texts, "received": received, "notes": notes}

    def __reduce__(self) -> tuple:
        """Pickled by its parts, for errors of other processes; what was received as it is shown."""
        received = {key: _Shown(_shown(value)) for key, value in self.received.items()}
        parts = {"example": self.example, "where": self.where}
        parts = {name: None if value is None else str(value) for name, value in parts.items()}
        return _again, (type(self), self.rule, {**parts, "received": received, "hint": self.hint})


class InputError(ZooError):
    """An argument, a file or a combination of them that cannot be used."""


class UnknownModel(ZooError):
    """A model name that no family lists; the message gives the closest ones."""


class IntegrityError(ZooError):
    """Bytes that are not those of the index. They are never opened."""


class OfflineMiss(ZooError):
    """A file that no source could deliver; the message lists what was tried."""


class HubError(ZooError):
    """The Hub refused a release or could not be reached; nothing of it was published, or all of it."""


class ZooWarning(UserWarning):
    """Something that does not stop the work but that a user should know."""


def warn(message: str) -> None:
    """Warn (`ZooWarning`) at the line of the user's that called into the zoo, however deep the cause lies.

    Python shows a warning once for each such line. Without one (the command line, a thread) it is the outermost line.
    """
    frame = user = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_PACKAGES):
            user = frame.f_back or frame
        frame = frame.f_back
    warnings.warn_explicit(
        printable(message),
        ZooWarning,
        user.f_code.co_filename,
        user.f_lineno,
        user.f_globals.get("__name__", "<unknown>"),
        user.f_globals.setdefault("__warningregistry__", {}),
    )


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey: each becomes its escape sequence, `\\x1b`."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def masked(address: str) -> str:
    """Text without the names and passwords that addresses (URLs) in it may carry, for messages and records."""
    return _USER.sub(r"\1***@", address)


def _again(kind: type[ZooError], rule: str, parts: Mapping[str, object]) -> ZooError:
    return kind(rule, **parts)


def _plain(value: object) -> object:
    """A value as JSON can hold it; what it cannot as it is shown."""
    if value is None or isinstance(value, (bool, int)):
        return value
    return printable(masked(str(value) if isinstance(value, (str, Path)) else _shown(value)))[:_MOST_SHOWN]


class _Shown(str):
    """A value as it is shown."""

    def __repr__(self) -> str:
        return str(self)


def _shown(value: object) -> str:
    try:
        text = repr(str(value) if isinstance(value, Path) else value)
    except (RecursionError, ValueError):  # nested too deeply, or a whole number of thousands of digits
        return f"<{type(value).__name__}>"
    text = _NUMPY.sub(r"\1\2", text)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
