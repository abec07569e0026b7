"""Every error and warning that the zoo raises.

All derive from `ZooError` and read alike: what is wrong, what was received, and how to correct it, with the file,
line or region where there is one.
"""

from registry import installation
from registry.errors import HubError, InputError, IntegrityError, OfflineMiss, UnknownModel, ZooError, ZooWarning, warn

__all__ = [
    "GenomeMismatch",
    "HubError",
    "InputError",
    "IntegrityError",
    "MissingExtra",
    "OfflineMiss",
    "UnknownModel",
    "ZooError",
    "ZooWarning",
    "warn",
]


class GenomeMismatch(InputError):
    """Two files that do not describe the same assembly: chromosome names or lengths disagree."""


class MissingExtra(ZooError, ImportError):
    """A package outside the core dependencies is needed; the message has the command that installs it.

    Args:
        rule: what must hold, as for `ZooError`.
        extra: of this package, that installs what is missing; its command is the example.
        **parts: those of `ZooError`.
    """

    def __init__(self, rule: str, *, extra: str | None = None, **parts: object) -> None:
        if extra is not None:
            parts["example"] = installation.command(extra)
        super().__init__(rule, **parts)
