"""SHA-256 of files, the `digests.json` of a model folder, and receipts.

The `digests.json` of a folder is no proof by itself: whoever can write to the cache can write that file, too. A
folder counts if every file in it has the SHA-256 in its `digests.json`, all of them hashed at every load, and one of
these holds for that list:

- it is the list of the family's index on the Hub, whose own SHA-256 the package pins (kept in `indexes/`);
- this user has made the folder from verified bytes, on this machine, and left a receipt outside the cache. A receipt is
  an empty file in `$XDG_STATE_HOME/chromatin-zoo/receipts` whose name is the SHA-256 of the folder's place in the cache
  and its `digests.json`. It covers what no pin can: folders converted from another system's release, and revisions that
  the user chose; the commit that such a revision meant is noted beside the receipts.

A folder without either is made again. Where that cannot be (a cache that somebody else filled, without a network) it is
refused, unless ZOO_TRUST_CACHE=1 declares that whoever can write to the cache is trusted.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.environment import cache_root, is_set, state_root
from registry.errors import IntegrityError, masked, warn
from registry.schema import PublishedFile

DIGESTS = "digests.json"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Stamp(PublishedFile):
    """What a file was when its folder was made: bytes, SHA-256. Earlier versions wrote a time stamp; none is read."""

    mtime_ns: int | None = None


@dataclass(frozen=True)
class Digests:
    """`digests.json` of a model folder: where its files are from, and what each of them is."""

    source: Mapping[str, str]
    files: Mapping[str, Stamp]


def sha256(path: Path) -> str:
    """SHA-256 of a file in lower-case hex, read in blocks."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_digests(folder: Path, source: Mapping[str, str]) -> None:
    """Record where a folder's files are from and what each of them is, and flush all of it to disk."""
    paths = sorted(path for path in folder.iterdir() if path.name != DIGESTS)
    stamps = {path.name: {"size": path.stat().st_size, "sha256": sha256(path)} for path in paths}
    source = {key: masked(value) for key, value in source.items()}
    (folder / DIGESTS).write_text(
        json.dumps({"schema": 1, "source": source, "files": stamps}, indent=1) + "\n", encoding="utf-8"
    )
    for path in [*paths, folder / DIGESTS]:
        with open(path, "rb") as handle:
            os.fsync(handle.fileno())


def read_digests(folder: Path) -> Digests:
    """Read `digests.json`. Raises `IntegrityError` if it is not what `write_digests` writes."""
    try:
        return typed.read(Digests, (folder / DIGESTS).read_bytes(), 1, folder / DIGESTS)
    except OSError as error:
        raise IntegrityError(
            f"The digests of a model folder must be readable: {error.strerror}", where=folder / DIGESTS
        ) from None


def verify(folder: Path) -> None:
    """Hash every file of a model folder and compare with `digests.json`.

    Raises:
        IntegrityError: a file is missing, additional or changed; the message names it.
    """
    digests = read_digests(folder)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {DIGESTS}  # .DS_Store, .nfs…
    if names != set(digests.files):
        raise IntegrityError(
            f"A model folder must hold the files of its {DIGESTS}",
            where=folder,
            received={"unknown": sorted(names - set(digests.files)), "missing": sorted(set(digests.files) - names)},
        )
    for name, promised in digests.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise IntegrityError("A model folder must hold plain files", where=path)
        check_digest(path, sha256(path), promised.sha256)


def check_digest(where: object, found: str, promised: str) -> None:
    """Raise `IntegrityError` naming both digests unless they are equal."""
    if found != promised:
        raise IntegrityError(
            "A file's SHA-256 must be the one its index promises",
            where=where,
            received={"promised": promised, "found": found},
        )


def vouched(folder: Path, promised: Mapping[str, PublishedFile] | None = None) -> bool:
    """Whether a source other than the folder itself confirms its `digests.json`."""
    return is_set("ZOO_TRUST_CACHE") or _listed(folder, promised) or receipt(folder, folder).is_file()


def _listed(folder: Path, promised: Mapping[str, PublishedFile] | None) -> bool:
    """Whether the files of a folder are those of the pinned index."""
    if promised is None:
        return False
    files = {name: (stamp.size, stamp.sha256) for name, stamp in read_digests(folder).files.items()}
    return files == {name: (file.size, file.sha256) for name, file in promised.items()}


def receipt(folder: Path, made: Path) -> Path:
    """The receipt of a folder, by its place in the cache and the digests that lie in `made`."""
    try:
        where = folder.relative_to(cache_root())
    except ValueError:
        where = folder
    content = os.fsencode(where) + b"\0" + (made / DIGESTS).read_bytes()
    return state_root() / "receipts" / hashlib.sha256(content).hexdigest()


def sign(path: Path) -> None:
    """Write a receipt, or warn that it cannot be kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch()
    except OSError as error:
        warn(
            f"No receipt could be kept ({error.strerror}), so the model will be made again at the next load; "
            f"XDG_STATE_HOME can name another folder than {path.parent}."
        )
