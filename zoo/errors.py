"""Every error and warning that the zoo raises.

All derive from `ZooError` and read alike: what is wrong, what was received, and how to correct it, with the file,
line or region where there is one.
"""

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
    """A package outside the core dependencies is needed; the message names the extra that installs it."""
