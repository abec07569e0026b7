"""What the cache holds: models with their sizes and last use, and their removal."""

import fnmatch
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry import digests, index, store
from registry.environment import cache_root
from registry.errors import InputError, IntegrityError


@dataclass(frozen=True)
class Cached:
    """A model in the cache.

    Attributes:
        name: `family/MODEL`; of a repository `hf://org/repo/MODEL`, of a file of the user's `local/STEM`.
        folder: of its files. A model may have several, of different revisions.
        size: bytes.
        used: when it was last loaded, in seconds since 1970.
    """

    name: str
    folder: Path
    size: int
    used: float

    @property
    def family(self) -> str:
        """The name without the model's own."""
        return self.name.rpartition("/")[0]


def models(pattern: str | None = None) -> list[Cached]:
    """Models in the cache: all, or those whose names match a pattern, upper and lower case alike."""
    found = list(map(_cached, store.folders()))
    if pattern is None:
        return found
    return [model for model in found if fnmatch.fnmatchcase(model.name.lower(), pattern.lower())]


def named(text: str) -> list[Cached]:
    """Models in the cache by their name or a pattern. Raises `InputError` if there is none of them."""
    if "/" not in text and not index.is_pattern(text):
        full = index.full_name(text)
        text = f"{full.family}/{full.model}"
    if not (found := models(text)):
        raise InputError(
            "The cache must have the model",
            received={"name": text, "cache": str(cache_root())},
            hint="`zoo cache list` shows what it has",
        )
    return found


def check_own(model: Cached) -> None:
    """Raise `InputError` for a folder that has other files than those that were made with it, or links."""
    try:
        known = {*digests.read_digests(model.folder).files, digests.DIGESTS}
    except IntegrityError:
        known = set()
    foreign = [path.name for path in model.folder.iterdir() if path.name not in known or path.is_symlink()]
    inside = model.folder.resolve().is_relative_to(cache_root().resolve() / "models")
    if foreign or not inside:
        raise InputError(
            "A folder to remove must hold nothing but the files of its model",
            where=model.folder,
            received={"others": sorted(foreign)[:5]} if foreign else None,
            hint="Move them away, or remove the folder yourself",
        )


def remove(found: Sequence[Cached]) -> int:
    """Remove models from the cache; returns the bytes that are free now.

    Raises `InputError` for a folder that `check_own` refuses, before any is removed.
    """
    for model in found:
        check_own(model)
    for model in found:
        store.remove(model.folder)
    return sum(model.size for model in found)


def _cached(folder: Path) -> Cached:
    *parts, _ = folder.relative_to(cache_root() / "models").parts
    name = "/".join(parts)
    size = 0
    for path in folder.iterdir():
        with suppress(OSError):
            size += path.lstat().st_size
    return Cached(
        f"hf://{name.removeprefix('hub/')}" if parts[0] == "hub" and len(parts) == 4 else name,
        folder,
        size,
        folder.stat().st_mtime,
    )
