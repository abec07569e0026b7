"""Models of the registry that a pattern or a text matches, as `zoo list` and `zoo search` show them."""

import json
from collections.abc import Sequence

import registry
from registry.metrics import label
from zoo.errors import InputError

_SHOWN = ("best_f1", "best_f1_threshold")


def matching(pattern: str) -> list[registry.Entry]:
    """The models whose names match a pattern. Raises `InputError` if none does."""
    entries = registry.list_models(pattern)
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
    width = max([20, *(len(entry.name) for entry in entries)])
    heads = [label(key) for key in _SHOWN]
    print(f"{'model':<{width}} {'  '.join(heads)}  description")
    for entry in entries:
        values = (entry.facts.get(key) for key in _SHOWN)
        shown = ["-" if value is None else f"{value:.3f}" for value in values]
        described = ", ".join((entry.description, *entry.aliases))
        cells = "  ".join(map(str.rjust, shown, map(len, heads)))
        print(f"{entry.name:<{width}} {cells}  {described[:39]}")
