"""Values of options, as `type=` functions of argparse: whole numbers, real numbers, within bounds.

Every `Parser` of ours reads `type=int` and `type=float` by `whole()` and `real()`, so that an option with bounds of its
own is the only one that needs to name them.
"""

import argparse
import math
import re
from collections.abc import Callable

RECEIVED = ". Received: "  # in a message, between the rule and the value that broke it
_WHOLE = re.compile(r"[+-]?[0-9]+")
_MOST = 2**53  # every whole number up to here is one as a float, too, and as JSON


def whole(at_least: int = -_MOST, at_most: int = _MOST) -> Callable[[str], int]:
    """A function that reads a whole number within bounds, both included, written in digits alone.

    Raises:
        argparse.ArgumentTypeError: by that function, in words that follow the option's name.
    """

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) is None:
            raise _refused("a whole number, in digits", text)
        digits = text.lstrip("+-").lstrip("0")  # Python refuses to make a number of more than 4,300
        value = int(text) if len(digits) < 19 else math.copysign(math.inf, -text.startswith("-"))
        if not at_least <= value <= at_most:
            raise _refused(f"a whole number{_bounds(at_least, at_most, (-_MOST, _MOST))}", text)
        return value

    return read


def real(at_least: float = -math.inf, at_most: float = math.inf) -> Callable[[str], float]:
    """A function that reads a finite number within bounds, both included. Raises as that of `whole` does."""

    def read(text: str) -> float:
        try:
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _refused("a finite number", text)
        if not at_least <= value <= at_most:
            raise _refused(f"a number{_bounds(at_least, at_most, (-math.inf, math.inf))}", text)
        return value

    return read


def _bounds(at_least: float, at_most: float, none: tuple[float, float]) -> str:
    """The bounds in words; `none` are those that need no mention."""
    if at_most == none[1] and at_least > none[0]:
        return f" of at least {at_least:,}"
    if at_least == none[0] and at_most < none[1]:
        return f" of at most {at_most:,}"
    return f" from {at_least:,} to {at_most:,}"


def _refused(kind: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"must be {kind}{RECEIVED}{shortened(text)!r}")


def shortened(value: str) -> str:
    """A value of the command line, no longer than a message can show."""
    return value if len(value) <= 80 else f"{value[:77]}..."
