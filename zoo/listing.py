"""Models of the registry, as a list that is shown as a table."""

from collections.abc import Sequence

import registry
from registry import Entry
from zoo.notebook.rows import Rows


class Models(Rows[Entry]):
    """Entries of the registry."""

    what = "models"
    columns = ("model", "best F1", "description", "also called", "tissue")

    def cells(self, item: Entry) -> Sequence[object]:
        """Those of an entry."""
        return item.name, item.facts.get("best_f1"), item.description, ", ".join(item.aliases), item.tissue


def list_models(pattern: str = "*") -> Models:
    """All entries whose name matches a shell pattern, upper and lower case alike: `maxatac/FOX*`, `*/CTCF`.

    Raises `InputError` for a pattern that is not text.

    >>> [entry.name for entry in list_models("yeast/r*")]
    ['yeast/RAP1', 'yeast/REB1']
    """
    return Models(registry.list_models(pattern))


def search(text: str) -> Models:
    """All entries in whose name, aliases, tissue or description `text` occurs, upper and lower case alike.

    Raises `InputError` for anything that is not text.

    >>> [entry.name for entry in search("gata4")]
    ['maxatac/GATA4']
    """
    return Models(registry.search(text))
