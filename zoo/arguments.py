"""Checks of arguments, in the same words for every function: whole numbers, choices, combinations."""

import math
import numbers
import operator
from collections.abc import Callable, Collection, Mapping, Sequence

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


def number(
    name: str,
    value: object,
    words: str = "a finite number",
    holds: Callable[[float], bool] = math.isfinite,
    example: object = None,
) -> float:
    """A finite number that `holds` (in `words`). Raises `InputError` for anything else, True and text included."""
    if not (is_number(value) and holds(float(value))):
        raise InputError(f"The {name.replace('_', ' ')} must be {words}", example=example, received={name: value})
    return float(value)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, Python's or NumPy's, as a float holds it; True and text are none."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if isinstance(value, np.ndarray):
        real = value.ndim == 0 and value.dtype.kind in "iuf"
    try:
        return real and math.isfinite(value)
    except OverflowError:
        return False


def items_of(value: object) -> list | None:
    """What a list, or something else that can be gone through, holds; None for text, mappings and single values."""
    if isinstance(value, (str, bytes, Mapping)):
        return None
    try:
        each = iter(value)
    except TypeError:
        return None
    return list(each)


def names_of(name: str, value: object) -> list[str]:
    """Names that a user gives, or one. Raises `InputError` for anything else than text and sequences of text."""
    entries = [value] if isinstance(value, str) else items_of(value)
    if entries is None:
        raise InputError(f"The {name} must be given as a list of names", received={name: value})
    if wrong := [entry for entry in entries if not isinstance(entry, str)]:
        raise InputError(f"The {name} must be names, which are text", received={name: wrong[:5]})
    return [str(entry) for entry in entries]


def optional_text(name: str, value: object) -> str | None:
    """Text of a choice that may be left open. Raises `InputError` for anything else than None and text, if empty."""
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise InputError(f"The {name} must be text, or left out", received={name: value})
    return value


def some(name: str, value: object, example: object) -> object:
    """A value that may be left out, but not be a list or a mapping of nothing. Raises `InputError`."""
    if isinstance(value, (str, bytes, Mapping, Sequence)) and not len(value):
        raise InputError(f"The {name} must not be empty", received={name: value}, example=example)
    return value


def switch(name: str, value: object) -> bool:
    """Python's bool of a choice. Raises `InputError` for anything but True and False, NumPy's included."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"The choice of {name} must be True or False", received={name: value})
    return bool(value)


def optional_switch(name: str, value: object) -> bool | None:
    """The same for a choice that may be left open, which None does."""
    return None if value is None else switch(name, value)


def is_one_of(value: object, known: Collection[str | None]) -> bool:
    """Whether a choice is one of those that are known, text or None."""
    return (value is None or isinstance(value, str)) and value in known


def among(name: str, value: object, known: tuple[str, ...]) -> None:
    """Raise `InputError` unless a choice is None or one of those that are known."""
    if value is not None and not is_one_of(value, known):
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
