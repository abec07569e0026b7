"""The models of one pass: names, shell patterns, paths and models in memory, each once."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import registry
from zoo import loading
from zoo.arguments import items_of
from zoo.errors import InputError, UnknownModel

if TYPE_CHECKING:
    from zoo.model import Model

_PATTERN = frozenset("*?[")


def named(models: object) -> tuple[object, ...]:
    """What a user gives, with the models that patterns such as `maxatac/*` stand for in their place.

    Args:
        models: a name, pattern, path or `zoo.Model`, or a sequence of these.

    Raises:
        InputError: none, or something else; `UnknownModel` for a pattern that no model has.
    """
    given = [models] if isinstance(models, (str, Path)) or hasattr(models, "spec") else items_of(models)
    if not given:
        raise InputError(
            "Models must be given by their names, patterns or paths", example='"maxatac/*"', received={"models": models}
        )
    found: list[object] = []
    for item in given:
        if not (isinstance(item, (str, Path)) or hasattr(item, "spec")):
            raise InputError("A model must be a name, a path or a zoo.Model", received={"model": item})
        found += _matching(item) if is_pattern(item) else [item]
    return tuple(dict.fromkeys(found))


def is_pattern(name: object) -> bool:
    """Whether a name stands for several models."""
    return isinstance(name, str) and bool(_PATTERN & set(name))


def _matching(pattern: str) -> list[str]:
    if not (entries := registry.list_models(pattern)):
        raise UnknownModel("A pattern of models must match one", received={"models": pattern}, example="maxatac/FOX*")
    return [entry.name for entry in entries]


def load(names: tuple[object, ...], component: str | None = None) -> "Mapping[str, Model]":
    """Name → model, in the order given.

    Raises `InputError` for two of one name; errors as for `zoo.load`, with all models that no source has.
    """
    found: dict[str, Model] = {}
    for item in names:
        model = item if hasattr(item, "spec") else loading.load(item, component)
        if model.spec.name in found:
            raise InputError(
                "Each of the models must have a name of its own", received={"models": [str(found), str(item)][-1:]}
            )
        found[model.spec.name] = model
    return found


def short(names: list[str]) -> list[str]:
    """Names without their family, if no two are alike without it."""
    tails = [name.partition("/")[2] or name for name in names]
    return tails if len({tail.lower() for tail in tails}) == len(tails) else names
