"""The index of pretrained models: which exist, where their bytes are, which digests they have.

This package imports neither Keras nor `zoo`.
"""

import difflib
import fnmatch
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from registry.errors import UnknownModel
from registry.schema import Entry, Family, Name

__all__ = ["Entry", "Family", "Name", "families", "list_models", "resolve", "search"]


@cache
def families() -> Mapping[str, Family]:
    """Name -> family, for every index in `registry/families`."""
    found = [Family.read(path) for path in sorted((Path(__file__).parent / "families").glob("*.json"))]
    return {family.family: family for family in found}


def resolve(name: str) -> tuple[Family, Entry]:
    """The family and the entry that a name `family/MODEL[@revision]` stands for.

    A revision is the pinned commit of the family's release or at least seven of its first digits.

    Raises:
        InputError: not a name at all.
        UnknownModel: no such family, model or revision; the message lists the closest names.
    """
    known = {entry.name: entry for entry in list_models()}
    if "/" not in name:
        raise UnknownModel(f"A model's name is family/MODEL; closest: {_closest(name, known)}", received={"name": name})
    parsed = Name.parse(name)
    entry = known.get(f"{parsed.family}/{parsed.model}")
    if entry is None:
        raise UnknownModel(f"No index has this model; closest: {_closest(name, known)}", received={"name": name})
    family = families()[parsed.family]
    commit = family.upstream.commit
    if parsed.revision and not (len(parsed.revision) >= 7 and commit.startswith(parsed.revision)):
        raise UnknownModel(
            f"{entry.name} has one revision", example=f"{entry.name}@{commit[:7]}", received={"name": name}
        )
    return family, entry


def list_models(pattern: str = "*") -> list[Entry]:
    """All entries whose name matches a shell pattern, upper and lower case alike: `maxatac/FOX*`, `*/CTCF`."""
    entries = [entry for family in families().values() for entry in family.models.values()]
    return [entry for entry in entries if fnmatch.fnmatchcase(entry.name.lower(), pattern.lower())]


def search(text: str) -> list[Entry]:
    """All entries in whose name or description `text` occurs, upper and lower case alike."""
    return [entry for entry in list_models() if text.lower() in f"{entry.name} {entry.description}".lower()]


def _closest(name: str, known: Mapping[str, Entry]) -> str:
    """Up to three known names, closest first; the part after the slash weighs as much as the whole."""
    model = name.rsplit("/", 1)[-1].split("@")[0].lower()

    def likeness(candidate: str) -> float:
        whole = difflib.SequenceMatcher(None, name.lower(), candidate.lower()).ratio()
        return whole + difflib.SequenceMatcher(None, model, candidate.split("/")[1].lower()).ratio()

    return ", ".join(sorted(known, key=likeness, reverse=True)[:3])
