"""The error types that everything in the project raises.

They live in `registry`, the lowest package, because imports run downward only; `zoo.errors` adds those that need
genomes and models, and is where users import all of them from.
"""

from collections.abc import Mapping


class ZooError(Exception):
    """Base of every error that a user's input or the machine can cause.

    Args:
        rule: what has to hold, as a sentence without its full stop.
        example: a good value, shown after the rule.
        received: name -> value of what was found instead.
        where: a file, line or region that the message begins with.
    """

    def __init__(
        self,
        rule: str,
        *,
        example: object = None,
        received: Mapping[str, object] | None = None,
        where: object = None,
    ) -> None:
        self.rule, self.example, self.where = rule, example, where
        self.received = dict(received or {})
        parts = [f"{where}: {rule}." if where is not None else f"{rule}."]
        if example is not None:
            parts.append(f"Example: {example}.")
        if self.received:
            parts.append("Received: " + ", ".join(f"{key}={value!r}" for key, value in self.received.items()) + ".")
        super().__init__(" ".join(parts))


class InputError(ZooError):
    """An argument, a file or a combination of them that cannot be used."""


class UnknownModel(ZooError):
    """A model name that no family lists; the message gives the closest ones."""


class IntegrityError(ZooError):
    """Bytes that are not those the index promises. They are never opened."""


class OfflineMiss(ZooError):
    """A file that no source could deliver; the message lists what was tried."""


class HubError(ZooError):
    """The Hub refused a release or could not be reached; nothing of it was published, or all of it."""


class ZooWarning(UserWarning):
    """Something that does not stop the work but that a user should know."""
