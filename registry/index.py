"""The index of pretrained models: the families that this installation knows, and names looked up in it."""

import difflib
import fnmatch
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from registry import typed
from registry.errors import UnknownModel
from registry.paths import user_path
from registry.schema import Entry, Family, Name

_WILD = "*?["


@cache
def families() -> Mapping[str, Family]:
    """Name -> family, for every index in `registry/families` and in the folder that `ZOO_FAMILIES` names; first those
    whose models can be named without it."""
    folders = [Path(__file__).parent / "families"]
    if own := os.environ.get("ZOO_FAMILIES"):
        folders.append(user_path(own, "ZOO_FAMILIES"))
    indexed = [Family.read(path) for folder in folders for path in sorted(folder.glob("*.json"))]
    found = {family.family: family for family in indexed}
    return dict(sorted(found.items(), key=lambda item: not item[1].short_names))


def list_models(pattern: str = "*") -> list[Entry]:
    """All entries whose name matches a shell pattern, upper and lower case alike: `maxatac/FOX*`, `*/CTCF`.

    Raises `InputError` for a pattern that is not text.
    """
    typed.argument("pattern", pattern, str)
    entries = [entry for family in families().values() for entry in family.models.values()]
    return [entry for entry in entries if fnmatch.fnmatchcase(entry.name.lower(), pattern.lower())]


def search(text: str) -> list[Entry]:
    """All entries in whose name, aliases, tissue or description `text` occurs, upper and lower case alike.

    A text with wildcards is a pattern: it must match one of these, or the name without its family.

    Raises `InputError` for anything that is not text.
    """
    typed.argument("text", text, str)
    pattern = text.lower() if is_pattern(text) else f"*{text.lower()}*"
    return [entry for entry in list_models() if _matches(pattern, *_named(entry), entry.tissue, entry.description)]


def list_named(text: str) -> list[Entry]:
    """All entries that a word names: it occurs in their name or an alias, upper and lower case alike.

    What has wildcards or a slash is a pattern of a name, with or without its family, or of an alias.

    Raises `InputError` for anything that is not text.
    """
    typed.argument("text", text, str)
    pattern = text.lower() if is_pattern(text) or "/" in text else f"*{text.lower()}*"
    return [entry for entry in list_models() if _matches(pattern, *_named(entry))]


def is_pattern(text: str) -> bool:
    """Whether a text has wildcards."""
    return any(letter in text for letter in _WILD)


def _named(entry: Entry) -> tuple[str, ...]:
    return entry.name, entry.model, *entry.aliases


def _matches(pattern: str, *texts: str) -> bool:
    return any(fnmatch.fnmatchcase(text.lower(), pattern) for text in texts)


def _closest(name: str, known: Mapping[str, Entry]) -> str:
    """Up to three known names, closest first; the part after the slash weighs as much as the whole, an alias most."""
    model = name.rsplit("/", 1)[-1].split("@")[0].lower()

    def likeness(candidate: str) -> float:
        if model in (alias.lower() for alias in known[candidate].aliases):
            return 2
        whole = difflib.SequenceMatcher(None, name.lower()[:200], candidate.lower()).ratio()
        return whole + difflib.SequenceMatcher(None, model[:200], candidate.split("/")[1].lower()).ratio()

    return ", ".join(sorted(known, key=lambda full: (likeness(full), _is_short(full)), reverse=True)[:3])


def full_name(name: str) -> Name:
    """The full name of a model of the index.

    Args:
        name: `family/MODEL[@revision]`, or `MODEL[@revision]` if one family has it.

    Raises:
        InputError: not a name at all.
        UnknownModel: no such family or model, or several; the message lists the closest names.
    """
    known = {entry.name: entry for entry in list_models()}
    if isinstance(name, str) and is_pattern(name):
        matches = [entry.name for entry in list_models(name)]
        raise UnknownModel(
            f"A name must mean one model; the pattern matches {len(matches)}: {_listing(matches) or 'none'}",
            received={"name": name},
            hint="`zoo list` shows them all",
        )
    full = name if "/" in str(name) else _only(name, known)
    parsed = Name.parse(full)
    if f"{parsed.family}/{parsed.model}" not in known:
        raise UnknownModel(
            f"The registry must list the model; closest: {_closest(name, known)}",
            received={"name": name},
            hint="`zoo list` and `zoo search` find names",
        )
    return parsed


def _only(name: str, known: Mapping[str, Entry]) -> str:
    """The full name for one without a family. Raises `UnknownModel` unless exactly one family that has short names has
    it."""
    model, at, revision = str(name).partition("@")
    candidates = [full for full, entry in known.items() if entry.model == model and _is_short(full)]
    if len(candidates) == 1:
        return f"{candidates[0]}{at}{revision}"
    if candidates:
        raise UnknownModel(
            f"A name must say which family is meant: {_listing(candidates)}",
            example=candidates[0],
            received={"name": name},
        )
    raise UnknownModel(
        f"A model's name must be family/MODEL, or MODEL if one family has it; closest: {_closest(str(name), known)}",
        received={"name": name},
        hint="`zoo list` and `zoo search` find names",
    )


def _is_short(full: str) -> bool:
    """Whether a model may be named without its family."""
    return families()[full.split("/")[0]].short_names


def _listing(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
