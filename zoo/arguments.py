"""What an argument may be, in the same words for every function: whole numbers, choices, what goes together."""

import math
import operator
from collections.abc import Iterable, Mapping

import numpy as np

from zoo.errors import InputError


def whole(name: str, value: object, least: int, most: int) -> int:
    """A whole number from `least` to `most`. Raises `InputError` for anything else, True and 1.0 included."""
    shown = value
    if is_whole(value):
        number = operator.index(value)
        if least <= number <= most:
            return number
        shown = number if abs(number) < 1 << 64 else f"a number of {number.bit_length()} bits"
    raise InputError(
        f"The {name.replace('_', ' ')} must be a whole number from {least:,} to {most:,}", received={name: shown}
    )


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, Python's or NumPy's; True and 1.0 are none."""
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, (bool, np.bool_))


def number(name: str, value: object, least: float = -math.inf, most: float = math.inf) -> float:
    """A finite number from `least` to `most`. Raises `InputError` for anything else, True included."""
    try:
        found = math.nan if isinstance(value, (bool, np.bool_, str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not (math.isfinite(found) and least <= found <= most):
        bounds = "" if math.isinf(least) and math.isinf(most) else f" from {least:g} to {most:g}"
        raise InputError(
            f"The {name.replace('_', ' ')} must be a finite number{bounds}", received={name: _shown(value)}
        )
    return found


def names_of(name: str, value: object) -> list[str]:
    """Names that a user gives, or one. Raises `InputError` for anything else than text and sequences of text."""
    given = [value] if isinstance(value, str) else value
    odd = isinstance(given, (bytes, Mapping)) or (isinstance(given, np.ndarray) and given.ndim != 1)
    if odd or not isinstance(given, Iterable):
        raise InputError(f"The {name} must be given as a list of names", received={name: value})
    found = list(given)
    if wrong := [item for item in found if not isinstance(item, str)]:
        raise InputError(f"The {name} must be names, which are text", received={name: wrong[:5]})
    return [str(item) for item in found]


def switch(name: str, value: object) -> bool:
    """Python's bool of a choice. Raises `InputError` for anything but True and False, NumPy's included."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"The choice of {name} must be True or False", received={name: value})
    return bool(value)


def among(name: str, value: object, known: tuple[str, ...]) -> None:
    """Raise `InputError` unless a choice is None or one of those that are known."""
    if value is not None and not (isinstance(value, str) and value in known):
        raise InputError(
            f"The choice of {name} must be one of {', '.join(known)}",
            example=f'{name}="{known[0]}"',
            received={name: value},
        )


def refuse_together(rule: str, others: dict[str, object], hint: str | None = None) -> None:
    """Raise `InputError` if any of `others` is given (not None), where it would have no effect."""
    if given := [name for name, value in others.items() if value is not None]:
        raise InputError(
            f"{rule} must be given without {' and '.join(given)}",
            received={name: _shown(others[name]) for name in given},
            hint=hint or f"Leave out {' and '.join(given)}",
        )


def _shown(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool)) else type(value).__name__
