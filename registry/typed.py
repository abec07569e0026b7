"""JSON as frozen dataclasses: a closed set of keys, exact types, nothing that names a Python object."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping

from registry.errors import IntegrityError

_MOST_BYTES = 16 << 20  # no index or config of ours comes near


def load_json(data: bytes, where: object) -> dict:
    """Parse a JSON object, refusing duplicate keys, NaN and what is absurdly large. Raises `IntegrityError`."""

    def unique(pairs: list[tuple[str, object]]) -> dict:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key occurs twice")
        return result

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number of JSON")

    if len(data) > _MOST_BYTES:
        raise IntegrityError(
            f"A JSON file of the zoo is at most {_MOST_BYTES:,} bytes", where=where, received={"bytes": len(data)}
        )
    try:
        value = json.loads(data, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"This file is valid JSON ({error})", where=where) from None
    if not isinstance(value, dict):
        raise IntegrityError("This file holds one JSON object", where=where, received={"type": type(value).__name__})
    return value


def closed(value: dict, keys: set[str], where: object, optional: set[str] = frozenset()) -> dict:
    """Return `value` if its keys are `keys` (`optional` ones may miss); else raise `IntegrityError` naming others."""
    if not isinstance(value, dict) or not keys - optional <= set(value) <= keys:
        found = set(value) if isinstance(value, dict) else {type(value).__name__}
        raise IntegrityError(
            "The keys of this object are fixed",
            where=where,
            received={"unknown": sorted(found - keys), "missing": sorted(keys - optional - found)},
        )
    return value


def read(kind: type, data: bytes, version: int, where: object):
    """A dataclass from the bytes of a JSON file whose key `schema` is `version`. Raises `IntegrityError`."""
    value = load_json(data, where)
    if value.pop("schema", None) != version:
        raise IntegrityError(f"This file has schema version {version}", where=where)
    return parse(kind, value, where)


def parse(kind: object, value: object, where: object) -> object:
    """Turn parsed JSON into `kind`: a dataclass, a plain type, X | None, tuple[X, ...] or Mapping[str, X].

    Raises:
        IntegrityError: unknown or missing keys, or a wrong type, with the path to it.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        optional = {field.name for field in dataclasses.fields(kind) if field.default is not dataclasses.MISSING}
        closed(value, set(hints), where, optional)
        return kind(**{key: parse(hints[key], item, f"{where}: {key}") for key, item in value.items()})
    if origin in (types.UnionType, typing.Union):
        return parse(_option(arguments, value), value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(parse(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: parse(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise IntegrityError(
            f"This value is a {getattr(kind, '__name__', kind)}", where=where, received={"value": value}
        )
    return value


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
