"""Models of the registry, as `zoo list` and `zoo search` show them."""

import json
from collections.abc import Sequence

import registry
from registry.metrics import label
from zoo.console.table import listing
from zoo.errors import InputError

_SHOWN = ("best_f1", "best_f1_threshold")


def matching(pattern: str) -> list[registry.Entry]:
    """The models whose names match a pattern. Raises `InputError` if none does."""
    return checked(registry.list_models(pattern), pattern)


def checked(entries: list[registry.Entry], pattern: str) -> list[registry.Entry]:
    """The models that a pattern or a word found. Raises `InputError` if it found none."""
    if not entries:
        raise InputError("A pattern must match a model", example="maxatac/FOX*", received={"pattern": pattern})
    return entries


def show(entries: Sequence[registry.Entry], as_json: bool) -> None:
    """Print them as a table, or as JSON."""
    if as_json:
        described = ("name", "description", "aliases", "tissue")
        rows = [{key: getattr(entry, key) for key in described} | dict(entry.facts) for entry in entries]
        print(json.dumps(rows, indent=1))
        return
    lines = []
    for entry in entries:
        values = (entry.facts.get(key) for key in _SHOWN)
        numbers = ["-" if value is None else f"{value:.3f}" for value in values]
        lines.append([entry.name, *numbers, ", ".join((entry.description, *entry.aliases))])
    print(listing(["model", *map(label, _SHOWN), "description"], lines, numbers=(1, 2)))
