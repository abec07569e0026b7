"""Warnings that point at the line of the user who called the zoo, not at a line inside it."""

import sys
import warnings
from pathlib import Path

from zoo.errors import ZooWarning

_PACKAGES = tuple(f"{Path(__file__).parents[2] / name}/" for name in ("zoo", "registry"))


def warn(message: str) -> None:
    """Issue a `ZooWarning` whose place is the first caller outside the packages."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGES):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ZooWarning, stacklevel=level)
