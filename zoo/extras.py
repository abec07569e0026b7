"""Packages that are no dependencies: each is installed by an extra of its own name."""

import importlib
from types import ModuleType

from zoo.errors import MissingExtra


def extra(package: str, purpose: str) -> ModuleType:
    """The package. Raises `MissingExtra`, which names the extra, if it is not installed.

    Args:
        package: its name, and that of the extra.
        purpose: what it is needed for, such as "a data frame".
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtra(f"The package {package} must be installed for {purpose}", extra=package) from None
