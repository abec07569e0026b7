"""The index of pretrained models: which exist, where their bytes are, which digests they have.

This package imports neither Keras nor `zoo`.
"""

from collections.abc import Callable
from pathlib import Path

from registry import address, digests, sources, store
from registry.address import Hub, Pinned
from registry.environment import cache_root
from registry.errors import IntegrityError
from registry.index import families, is_pattern, list_models, list_named, search
from registry.schema import Entry, Family, Name
from registry.sources import Convert

__all__ = [
    "Entry",
    "Family",
    "Name",
    "audit",
    "families",
    "fetch",
    "is_cached",
    "is_pattern",
    "list_models",
    "list_named",
    "publish",
    "resolve",
    "search",
]

_BUILTIN = Path(__file__).parent / "builtin"
_LAYOUT = 2  # raise it when a conversion writes another folder from the same bytes


def __getattr__(name: str):
    if name == "publish":  # needed by few, and it needs this package
        from registry.publishing import publish

        return publish
    raise AttributeError(f"module 'registry' has no attribute {name!r}")


def resolve(name: str) -> tuple[Family, Entry]:
    """The family and the entry that a name of the index stands for. Arguments and errors as for `address.listed`."""
    parsed = address.listed(name)
    pinned = parsed.listed if isinstance(parsed, Hub) else parsed
    return pinned.family, pinned.entry


def fetch(name: str | Pinned | Hub, converter: Callable[[Family, Entry], Convert]) -> Path:
    """Fetch a model into the cache and return its verified folder.

    Args:
        name: as for `address.of_name`, or the address that it gave.
        converter: for a model whose files are another system's: a function that turns them into a folder of ours.

    Raises:
        UnknownModel, IntegrityError, OfflineMiss: as their names say.
    """
    where = address.of_name(name) if isinstance(name, str) else name
    if isinstance(where, Pinned):
        return fetch_entry(where.family, where.entry, converter(where.family, where.entry))
    commit = sources.commit_of(where)
    folder = store.place("hub", *where.repo.split("/"), where.model, key=commit)
    places = [sources.HubFolder(where.repo, commit, where.model, None, str(where))]
    return store.get(folder, lambda target: sources.fill(where.name, places, target))


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
        "files": sorted(file.digest for file in entry.files.values()),
        "hub": family.hub.commit if family.hub else None,
    } | ({"arguments": dict(entry.arguments)} if entry.arguments else {})
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
    promised = (sources.promised(family.hub, e.model) for family, e in pinned if place_of(family, e) == folder)
    if not digests.vouched(folder, next(promised, None)):
        raise IntegrityError(
            "A cached folder must be that of a pinned index, or have a receipt of this user",
            where=folder,
            hint="The next load makes it again",
        )
