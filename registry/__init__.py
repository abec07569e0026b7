"""The index of pretrained models: which exist, where their bytes are, which digests they have.

This package imports neither Keras nor `zoo`.
"""

import difflib
import fnmatch
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from registry import digests, sources, store
from registry.environment import cache_root
from registry.errors import IntegrityError, UnknownModel
from registry.paths import user_path
from registry.schema import Entry, Family, HubName, Name
from registry.sources import Convert

__all__ = [
    "Entry",
    "Family",
    "Name",
    "audit",
    "families",
    "fetch",
    "is_cached",
    "list_models",
    "publish",
    "resolve",
    "search",
]

_BUILTIN = Path(__file__).parent / "builtin"
_WILD = "*?["
_LAYOUT = 2  # raise it when a conversion writes another folder from the same bytes


def __getattr__(name: str):
    if name == "publish":  # needed by few, and it needs this package
        from registry.publishing import publish

        return publish
    raise AttributeError(f"module 'registry' has no attribute {name!r}")


@cache
def families() -> Mapping[str, Family]:
    """Name -> family, for every index in `registry/families` and in the folder that `ZOO_FAMILIES` names."""
    folders = [Path(__file__).parent / "families"]
    if own := os.environ.get("ZOO_FAMILIES"):
        folders.append(user_path(own, "ZOO_FAMILIES"))
    found = [Family.read(path) for folder in folders for path in sorted(folder.glob("*.json"))]
    return {family.family: family for family in found}


def resolve(name: str) -> tuple[Family, Entry]:
    """The family and the entry that a name stands for: `family/MODEL[@revision]`, or `MODEL` if one family has it.

    A revision is a tag, branch or commit of the family's repository on the Hub, or the pinned commit of its upstream
    release (at least seven digits).

    Raises:
        InputError: not a name at all.
        UnknownModel: no such family, model or revision, or several; the message lists the closest names.
    """
    parsed = parse(name)
    family = families()[parsed.family]
    entry = family.models[parsed.model]
    if parsed.revision and not family.hub and not _pinned(family, parsed.revision):
        raise UnknownModel(
            f"The revision of {entry.name} must be the pinned one, as it is not on the Hub",
            example=f"{entry.name}@{family.upstream.commit[:7]}" if family.upstream else entry.name,
            received={"name": name},
        )
    return family, entry


def parse(name: str) -> Name:
    """The full name of a model of the index. Arguments and errors as for `resolve`, whatever the revision."""
    known = {entry.name: entry for entry in list_models()}
    if isinstance(name, str) and any(letter in name for letter in _WILD):
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
    """The full name for one without a family. Raises `UnknownModel` unless exactly one family has it."""
    model, at, revision = str(name).partition("@")
    candidates = [full for full, entry in known.items() if entry.model == model]
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


def _listing(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def fetch(name: str, converter: Callable[[Family, Entry], Convert]) -> Path:
    """Bring a model into the cache and return its verified folder.

    Args:
        name: `family/MODEL[@revision]`, `MODEL` if one family has it, or `hf://org/repo/MODEL[@revision]`.
        converter: for a model whose files are another system's: a function that turns them into a folder of ours.

    Raises:
        UnknownModel, IntegrityError, OfflineMiss: as their names say.
    """
    chosen = _on_hub(name)
    if chosen is None:
        family, entry = resolve(name)
        return fetch_entry(family, entry, converter(family, entry))
    commit = sources.commit_of(chosen)
    folder = store.place("hub", *chosen.repo.split("/"), chosen.model, key=commit)
    places = [sources.HubFolder(chosen.repo, commit, chosen.model, None, str(chosen))]
    return store.get(folder, lambda target: sources.fill(name, places, target))


def fetch_entry(family: Family, entry: Entry, convert: Convert) -> Path:
    """The same for an entry of an index, at its pinned revision. One that ships with the package needs no cache."""
    if (folder := builtin(family, entry)) is not None:
        digests.verify(folder)
        return folder
    places = sources.of_release(family, entry, convert)
    promised = sources.promised(family.hub, entry.model) if family.hub else None
    return store.get(place_of(family, entry), lambda target: sources.fill(entry.name, places, target), promised)


def builtin(family: Family, entry: Entry) -> Path | None:
    """The folder of a model that ships with the package, or None."""
    folder = _BUILTIN / family.family / entry.model
    return folder if not family.hub and not family.upstream and folder.is_dir() else None


def place_of(family: Family, entry: Entry) -> Path:
    """Where the cache keeps a model at its pinned revision."""
    made_from = {
        "layout": _LAYOUT,
        "files": sorted(file.sha256 for file in entry.files.values()),
        "hub": family.hub.commit if family.hub else None,
    }
    return store.place(*entry.name.split("/"), key=made_from)


def is_cached(family: Family, entry: Entry) -> bool:
    """Whether the cache or the package has this model (its bytes are verified when it is loaded)."""
    return builtin(family, entry) is not None or place_of(family, entry).is_dir()


def audit(folder: Path) -> None:
    """Check every file of a model folder; of one in the cache also that a pinned index or a receipt vouches for it.

    Raises `IntegrityError`.
    """
    digests.verify(folder)
    if (cache_root() / "models") not in folder.parents:
        return
    pinned = [(family, entry) for family in families().values() if family.hub for entry in family.models.values()]
    found = (sources.promised(family.hub, e.model) for family, e in pinned if place_of(family, e) == folder)
    if not digests.vouched(folder, next(found, None)):
        raise IntegrityError(
            "A cached folder must be that of a pinned index, or have a receipt of this user",
            where=folder,
            hint="The next load makes it again",
        )


def _on_hub(name: str) -> HubName | None:
    """The place on the Hub that a name with a revision of the user's choice means; None for a pinned one."""
    if name.startswith("hf://"):
        return HubName.parse(name)
    family, entry = resolve(name)
    revision = parse(name).revision
    if revision is None or _pinned(family, revision):
        return None
    return HubName(family.hub.repo, entry.model, revision)


def _pinned(family: Family, revision: str) -> bool:
    commits = [pin.commit for pin in (family.hub, family.upstream) if pin]
    return len(revision) >= 7 and any(commit.startswith(revision) for commit in commits)


def list_models(pattern: str = "*") -> list[Entry]:
    """All entries whose name matches a shell pattern, upper and lower case alike: `maxatac/FOX*`, `*/CTCF`."""
    entries = [entry for family in families().values() for entry in family.models.values()]
    return [entry for entry in entries if fnmatch.fnmatchcase(entry.name.lower(), pattern.lower())]


def search(text: str) -> list[Entry]:
    """All entries in whose name, aliases, tissue or description `text` occurs, upper and lower case alike."""

    def described(entry: Entry) -> str:
        return " ".join((entry.name, *entry.aliases, entry.tissue, entry.description)).lower()

    return [entry for entry in list_models() if text.lower() in described(entry)]


def _closest(name: str, known: Mapping[str, Entry]) -> str:
    """Up to three known names, closest first; the part after the slash weighs as much as the whole, an alias most."""
    model = name.rsplit("/", 1)[-1].split("@")[0].lower()

    def likeness(candidate: str) -> float:
        if model in (alias.lower() for alias in known[candidate].aliases):
            return 2
        whole = difflib.SequenceMatcher(None, name.lower()[:200], candidate.lower()).ratio()
        return whole + difflib.SequenceMatcher(None, model[:200], candidate.split("/")[1].lower()).ratio()

    return ", ".join(sorted(known, key=likeness, reverse=True)[:3])
