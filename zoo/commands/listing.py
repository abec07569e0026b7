"""Models of the registry that a pattern or a text matches, as `zoo list` and `zoo search` show them."""

import json
from collections.abc import Sequence

import registry
from zoo.errors import InputError


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
    print(f"{'model':<{width}} {'best F1':>8} {'at score':>9}  description")
    for entry in entries:
        best = (entry.facts.get(key) for key in ("best_f1", "best_f1_threshold"))
        f1, score = ("-" if value is None else f"{value:.3f}" for value in best)
        described = ", ".join((entry.description, *entry.aliases))
        print(f"{entry.name:<{width}} {f1:>8} {score:>9}  {described[:39]}")
