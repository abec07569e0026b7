"""JSON as frozen dataclasses: a closed set of keys, exact types, finite numbers, nothing that names a Python object.

What a file, an index or a server sent is bounded here, once: in bytes, depth, and the size of its numbers; and no text
holds characters that a terminal would obey.
"""

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping

from registry.errors import InputError, IntegrityError

_MOST_BYTES = 16 << 20  # no index or config of ours comes near
_MOST_DEPTH = 32
_LARGEST = 1 << 63
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")


def load_json(data: bytes, where: object, foreign: bool = False) -> dict:
    """Parse a JSON object of the zoo.

    Args:
        data: its bytes; at most 16 MiB, 32 levels deep.
        where: the file, for the message.
        foreign: not written by the zoo (a server's response): text may hold line breaks and the like.

    Raises:
        IntegrityError: no JSON object, a key that occurs twice, NaN, a number that is not finite or has more than 63
            bits, too large or too deep, or text with control characters.
    """
    if len(data) > _MOST_BYTES:
        raise IntegrityError(
            f"A JSON file must have at most {_MOST_BYTES:,} bytes", where=where, received={"bytes": len(data)}
        )
    try:
        value = json.loads(
            data, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite, parse_int=_whole
        )
        _bounded(value, foreign)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"This file must be valid JSON ({error})", where=where) from None
    if not isinstance(value, dict):
        raise IntegrityError("This file must hold one JSON object", where=where, received={"type": _name(type(value))})
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is beyond the range of numbers")
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) >= _LARGEST:
        raise ValueError(f"{text[:20]} is beyond the range of whole numbers")
    return int(text)


def _bounded(value: object, foreign: bool) -> None:
    """Raise `ValueError` for nesting that is too deep, and for text with control characters unless it is foreign."""
    level = [value]
    for _ in range(_MOST_DEPTH):
        below: list[object] = []
        for element in level:
            if isinstance(element, str) and not foreign and (control := _UNPRINTABLE.search(element)):
                raise ValueError(f"text holds the control character {control[0]!a}")
            if isinstance(element, dict):
                below += [*element, *element.values()]
            elif isinstance(element, list):
                below += element
        if not below:
            return
        level = below
    raise ValueError(f"it nests deeper than {_MOST_DEPTH} levels")


def closed(value: object, keys: set[str], where: object, optional: set[str] = frozenset()) -> dict:
    """Return `value` if its keys are `keys` (`optional` ones may miss); else raise `IntegrityError` naming others."""
    if not isinstance(value, dict) or not keys - optional <= set(value) <= keys:
        present = set(value) if isinstance(value, dict) else {_name(type(value))}
        raise IntegrityError(
            f"The keys of this object must be {', '.join(sorted(keys))}",
            where=where,
            received={"unknown": sorted(present - keys), "missing": sorted(keys - optional - present)},
        )
    return value


def read(
    kind: type,
    data: bytes,
    version: int,
    where: object,
    earlier: Mapping[int, Callable[[dict, object], dict]] = types.MappingProxyType({}),
):
    """A dataclass from the bytes of a JSON file whose key `schema` is `version`, or an earlier one.

    Args:
        earlier: version → what turns an object of it, and its place, into one of the present version.

    Raises `IntegrityError`.
    """
    value = load_json(data, where)
    schema = value.pop("schema", None)
    if type(schema) is int and schema in earlier:
        return parse(kind, earlier[schema](value, where), where)
    if type(schema) is not int or schema != version:
        raise IntegrityError(
            f"This file must have schema version {version}",
            where=where,
            received={"schema": schema},
            hint="A file of a newer version needs a newer chromatin-zoo",
        )
    return parse(kind, value, where)


def parse(kind: object, value: object, where: object) -> object:
    """Turn parsed JSON into `kind`: a dataclass, a plain type, X | None, tuple[X, ...], Mapping[str, X], object (any).

    Raises:
        IntegrityError: unknown or missing keys, or a wrong type, with the path to it.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        optional = {field.name for field in dataclasses.fields(kind) if _has_default(field)}
        closed(value, set(hints), where, optional)
        return _made(kind, {key: parse(hints[key], item, f"{where}: {key}") for key, item in value.items()}, where)
    if origin in (types.UnionType, typing.Union):
        return parse(_option(arguments, value), value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(parse(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: parse(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
    if kind is object:
        return _frozen(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise IntegrityError(f"This value must be of type {_name(kind)}", where=where, received={"value": value})
    return value


def argument(name: str, value: object, kind: type) -> None:
    """Raise `InputError` unless an argument of a function is of a plain type."""
    if not isinstance(value, kind):
        raise InputError(f"The {name.replace('_', ' ')} must be of type {_name(kind)}", received={name: value})


def _has_default(field: dataclasses.Field) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _frozen(value: object) -> object:
    """Any JSON, its arrays as tuples."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _made(kind: type, values: dict, where: object) -> object:
    """A dataclass of some values; an error that it raises itself names the path to it."""
    try:
        return kind(**values)
    except (InputError, IntegrityError) as error:
        place = where if error.where is None else f"{where}: {error.where}"
        raise type(error)(
            error.rule, where=place, received=error.received, example=error.example, hint=error.hint
        ) from None


def _name(kind: object) -> str:
    """What JSON calls a type."""
    plain = {dict: "object", list: "array", str: "string", int: "whole number", float: "number", bool: "boolean"}
    origin = typing.get_origin(kind) or kind
    if origin is tuple:
        return "array"
    if isinstance(origin, type) and (dataclasses.is_dataclass(origin) or issubclass(origin, Mapping)):
        return "object"
    return "null" if origin is types.NoneType else plain.get(origin, getattr(origin, "__name__", str(origin)))


def _option(options: tuple, value: object) -> object:
    """The member of a union that a JSON value belongs to; the first one, whose error is then raised, if to none."""
    if isinstance(value, dict):
        fits = [
            option for option in options if dataclasses.is_dataclass(option) or typing.get_origin(option) is Mapping
        ]
    elif isinstance(value, list):
        fits = [option for option in options if typing.get_origin(option) is tuple]
    else:
        fits = [option for option in options if option is type(value)]
    return (fits or options)[0]
