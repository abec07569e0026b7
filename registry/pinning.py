"""The package's own index of a family: where it is, what it lists, and how a release is pinned in it."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from registry import index as installed
from registry import installation
from registry.errors import InputError
from registry.paths import user_path
from registry.schema import Entry, Family, Pin, RepositoryIndex


def home(families: str | Path | None) -> Path:
    """The folder of the index to write: the one that is named, else `ZOO_FAMILIES`, else that of a checkout.

    Raises:
        InputError: none is named, and the package is installed: its own files are those that pip put there.
    """
    root = installation.checkout()
    named = families if families is not None else os.environ.get("ZOO_FAMILIES") or None
    if named is None and root is None:
        raise InputError(
            "The folder of the index must be named, as an installed package is not changed",
            example="--families my-index",
            hint="The package reads that folder, too, if ZOO_FAMILIES names it",
        )
    return user_path(root / "registry" / "families" if named is None else named, "families")


def known(family: str, families: str | Path | None) -> Family | None:
    """What the package's index has of a family."""
    path = home(families) / f"{family}.json"
    return Family.read(path) if path.is_file() else listed(family)


def listed(name: str) -> Family | None:
    """A family of the indexes that this installation reads."""
    return installed.families().get(name)


def pin(index: RepositoryIndex, at: Pin, families: str | Path | None) -> Path:
    """Write the package's index of the family: what it knew, and where these bytes are."""
    folder = home(families)
    path, family = folder / f"{index.family}.json", known(index.family, families)
    models = dict(family.models) if family else {}
    for model, published in index.models.items():
        before = models.get(model)
        models[model] = Entry(
            f"{index.family}/{model}",
            published.description,
            published.aliases,
            published.tissue,
            {**(before.facts if before else {}), **published.facts},
            before.files if before else {},
            before.arguments if before else {},
        )
    pinned = Family(
        family=index.family,
        title=index.title,
        porting=family.porting if family else None,
        citation=index.citation,
        license=index.license,
        hub=at,
        upstream=family.upstream if family else None,
        models=models,
        short_names=family.short_names if family else True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(encode(pinned))
    temporary.replace(path)
    installed.families.cache_clear()
    return path


def encode(value: RepositoryIndex | Family) -> bytes:
    """An index as a file."""
    return (json.dumps({"schema": 1, **asdict(value)}, indent=1) + "\n").encode()
