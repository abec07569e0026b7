"""What the values of a configuration must be: each rule is a test and its wording in messages."""

import math
import numbers
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from zoo.errors import InputError

MOST = (1 << 31) - 1
_CHARACTERS = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Rule:
    """A test of one value, and what the value must be, in words."""

    holds: Callable[[object], bool]
    words: str


def whole(least: int, most: int = MOST) -> Rule:
    """A whole number within bounds, both included."""

    def holds(value: object) -> bool:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool) and least <= value <= most

    return Rule(holds, f"a whole number of {least:,} to {most:,}")


def real(least: float, most: float, words: str | None = None) -> Rule:
    """A finite number within bounds, both included."""

    def holds(value: object) -> bool:
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        return is_number and least <= value <= most and math.isfinite(value)

    return Rule(holds, words or f"a number of {least:g} to {most:g}")


def one_of(options: Collection[str]) -> Rule:
    """One of some words."""
    return Rule(lambda value: isinstance(value, str) and value in options, f"one of {', '.join(options)}")


def several(rule: Rule, words: str, distinct: bool = False, least: int = 0) -> Rule:
    """A list of values of which each fits a rule."""

    def holds(value: object) -> bool:
        if not isinstance(value, (tuple, list)) or len(value) < least or not all(map(rule.holds, value)):
            return False
        return not distinct or len(set(value)) == len(value)

    return Rule(holds, words)


def optional(rule: Rule) -> Rule:
    """A value that may be left out."""
    return Rule(lambda value: value is None or rule.holds(value), rule.words)


def of(kind: type, words: str) -> Rule:
    """A value of one type."""
    return Rule(lambda value: isinstance(value, kind), words)


def is_text(value: object) -> bool:
    """Whether a value is text that a name or a path can be."""
    return isinstance(value, str) and 0 < len(value) <= _CHARACTERS and not _CONTROL.search(value)


def is_pattern(value: object) -> bool:
    """Whether a value is a regular expression, of a length that suffices for names of layers."""
    if not is_text(value) or len(value) > 200:
        return False
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def by_pattern(rule: Rule, words: str) -> Rule:
    """A mapping of regular expressions for names of layers to values that fit a rule."""

    def holds(value: object) -> bool:
        return isinstance(value, Mapping) and all(map(is_pattern, value)) and all(map(rule.holds, value.values()))

    return Rule(holds, f"regular expressions for names of layers, each with its value, {words}")


TEXT = Rule(is_text, "text without control characters")
NAMES = several(TEXT, "a list of names, none twice", distinct=True)
PATH = Rule(is_text, "a path")
PATHS = several(PATH, "a list of paths")
SWITCH = of(bool, "true or false")
REMARK = Rule(lambda value: isinstance(value, str) and len(value) <= _CHARACTERS, f"text of {_CHARACTERS:,} characters")

PATTERNS = several(Rule(is_pattern, ""), "a list of regular expressions for names of layers")


def check(what: str, value: object, rules: Mapping[str, Rule], where: object = None) -> None:
    """Raise `InputError` unless every attribute of `value` fits its rule; the message has all that do not."""
    broken = [name for name, rule in rules.items() if not rule.holds(getattr(value, name))]
    if broken:
        raise InputError(
            f"{what} must be valid: " + "; ".join(f"{name} must be {rules[name].words}" for name in broken),
            where=where,
            received={name: brief(getattr(value, name)) for name in broken},
        )


def require(what: str, conditions: Mapping[str, bool], received: Mapping[str, object], where: object = None) -> None:
    """Raise `InputError` unless every condition holds; the message has all that do not."""
    if broken := [words for words, holds in conditions.items() if not holds]:
        raise InputError(
            f"{what} must be consistent: " + "; ".join(broken),
            where=where,
            received={name: brief(value) for name, value in received.items()},
        )


def brief(value: object) -> object:
    """A value as a message shows it: itself, or the beginning of its text if that is long."""
    try:
        return value if len(repr(value)) <= 200 else f"{str(value)[:197]}..."
    except ValueError:  # a number of thousands of digits
        return "a very large number"
