"""The cache: model folders that are complete, verified, and made only once.

A model folder is made in a staging folder beside its final place and renamed into place when it is complete, so a
process that is killed leaves nothing that a later one could mistake for a model. Processes that want the same folder
at once wait for the first one; the lock goes with its process.

What a folder says of itself (`digests.json`) convinces nobody: whoever can write to the cache can write that, too. A
folder counts if every file in it has the SHA-256 in its `digests.json`, all of them hashed at every load, and one of
these holds for that list:

- it is the list of the family's index on the Hub, whose own SHA-256 the package pins (kept in `indexes/`);
- this user has made the folder from verified bytes, on this machine: a receipt outside the cache says so. A receipt is
  an empty file in `$XDG_STATE_HOME/chromatin-zoo/receipts` whose name is the SHA-256 of the folder's place in the cache
  and its `digests.json`. It covers what no pin can: folders converted from another system's release, and revisions that
  the user chose; the commit that such a revision meant is noted beside the receipts.

A folder without either is made again. Where that cannot be (a cache that somebody else filled, without a network) it is
refused, unless ZOO_TRUST_CACHE=1 says that whoever can write to the cache is trusted.

Environment variables:
    ZOO_CACHE: where models are kept; default `$XDG_CACHE_HOME/chromatin-zoo` or `~/.cache/chromatin-zoo`.
    ZOO_TRUST_CACHE: set to 1 to accept folders of a cache that another user or machine filled.
    XDG_STATE_HOME: where receipts are kept; default `~/.local/state`.
    ZOO_MIRROR: a folder laid out like a family's release (`models/CTCF/…` for maxATAC).
    ZOO_SHARED: a folder whose `maxatac_data` is such a mirror; used when ZOO_MIRROR is not set.
    HF_ENDPOINT, HF_TOKEN: the Hub's address, and the token for private repositories.
    ZOO_UPSTREAM: replaces `https://raw.githubusercontent.com` as the home of the authors' release.
    ZOO_OFFLINE, HF_HUB_OFFLINE: set to 1 to use no network at all.
"""

import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.errors import IntegrityError, OfflineMiss, ZooError, masked, warn
from registry.paths import user_path
from registry.schema import PublishedFile

DIGESTS = "digests.json"
_STALE_S = 3600
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


def cache_root() -> Path:
    """The folder that keeps models."""
    if root := os.environ.get("ZOO_CACHE"):
        return user_path(root, "ZOO_CACHE")
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "XDG_CACHE_HOME") / "chromatin-zoo"


def state_root() -> Path:
    """The folder that keeps receipts, apart from the cache."""
    return user_path(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "XDG_STATE_HOME") / "chromatin-zoo"


def offline() -> bool:
    """Whether the environment forbids the network."""
    return any(_is_set(key) for key in ("ZOO_OFFLINE", "HF_HUB_OFFLINE"))


def _is_set(key: str) -> bool:
    return os.environ.get(key, "").lower() in ("1", "true", "yes", "on")


def get(
    folder: Path, make: Callable[[Path], dict[str, str]], promised: Mapping[str, PublishedFile] | None = None
) -> Path:
    """The verified folder, made if it is not there, damaged, or of unknown origin.

    Args:
        folder: its place in the cache, see `place`.
        make: writes the files into a staging folder and says where they are from.
        promised: its files as a pinned index lists them, if there is one.

    Raises:
        ZooError: what `make` raises; the cache is then as it was.
    """
    if _usable(folder, promised):
        return folder
    with _only_one(folder):
        if _usable(folder, promised, silent=True):  # another process made it while this one waited
            return folder
        try:
            _make(folder, make)
        except OSError as error:
            raise _unwritable(error) from None
        except OfflineMiss as error:
            if folder.exists():
                error.add_note(
                    "The cache has a copy that is damaged, or that another user or machine made; ZOO_TRUST_CACHE=1 "
                    "accepts a sound one."
                )
            raise
        verify(folder)
    return folder


def _make(folder: Path, make: Callable[[Path], dict[str, str]]) -> None:
    _sweep(folder.parent)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    try:
        write_digests(staging, make(staging))
        receipt = _receipt(folder, staging)
        if folder.is_symlink() or folder.exists():  # damaged; it goes only now that there is something in its place
            _discard(folder)
        staging.rename(folder)
        _sign(receipt)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _usable(folder: Path, promised: Mapping[str, PublishedFile] | None, silent: bool = False) -> bool:
    """Whether a folder is sound and somebody other than itself vouches for it."""
    if not folder.is_symlink() and not folder.exists():
        return False
    try:
        verify(folder)
        if vouched(folder, promised):
            return True
        problem = f"{folder}: This copy must come with a receipt of this user."
    except (IntegrityError, OSError) as error:
        problem = str(error)
    if not silent:
        warn(f"{problem} The cached copy is made again.")
    return False


def vouched(folder: Path, promised: Mapping[str, PublishedFile] | None = None) -> bool:
    """Whether anybody but the folder itself says that its `digests.json` is right."""
    return _is_set("ZOO_TRUST_CACHE") or _listed(folder, promised) or _receipt(folder, folder).is_file()


def _listed(folder: Path, promised: Mapping[str, PublishedFile] | None) -> bool:
    """Whether the files of a folder are those of the pinned index."""
    if promised is None:
        return False
    found = {name: (stamp.size, stamp.sha256) for name, stamp in read_digests(folder).files.items()}
    return found == {name: (file.size, file.sha256) for name, file in promised.items()}


def _receipt(folder: Path, made: Path) -> Path:
    """The receipt of a folder, by its place in the cache and the digests that lie in `made`."""
    try:
        where = folder.relative_to(cache_root())
    except ValueError:
        where = folder
    content = os.fsencode(where) + b"\0" + (made / DIGESTS).read_bytes()
    return state_root() / "receipts" / hashlib.sha256(content).hexdigest()


def _sign(receipt: Path) -> None:
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        receipt.touch()
    except OSError as error:
        warn(
            f"No receipt could be kept ({error.strerror}), so the model will be made again at the next load; "
            f"XDG_STATE_HOME can name another folder than {receipt.parent}."
        )


def note(name: str, text: str) -> str:
    """Keep a word for later, such as the commit that a revision meant; returns it. Where that fails, it is not kept."""
    path = state_root() / "notes" / hashlib.sha256(name.encode()).hexdigest()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(path, text.encode())
    return text


def noted(name: str) -> str | None:
    """The word that was kept, or None."""
    try:
        return (state_root() / "notes" / hashlib.sha256(name.encode()).hexdigest()).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def keep_index(digest: str, data: bytes) -> None:
    """Keep a pinned index in the cache under its own SHA-256; where that fails, it is not kept."""
    path = cache_root() / "indexes" / f"{digest}.json"
    if kept_index(digest) is None:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)


def kept_index(digest: str) -> bytes | None:
    """The bytes of a pinned index that the cache keeps, if they have this SHA-256."""
    try:
        data = (cache_root() / "indexes" / f"{digest}.json").read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _replace(path: Path, data: bytes) -> None:
    """Write a small file so that others see all of it or nothing."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def place(*parts: str, key: object) -> Path:
    """Where a folder belongs; the last part changes with `key`, a JSON value of all that it is made from."""
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return cache_root().joinpath("models", *parts, digest)


def folders() -> list[Path]:
    """Every model folder in the cache."""
    return sorted(path.parent for path in (cache_root() / "models").rglob(DIGESTS) if ".staging-" not in str(path))


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
    found = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {DIGESTS}  # .DS_Store, .nfs…
    if found != set(digests.files):
        raise IntegrityError(
            f"A model folder must hold the files of its {DIGESTS}",
            where=folder,
            received={"unknown": sorted(found - set(digests.files)), "missing": sorted(set(digests.files) - found)},
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


def _only_one(folder: Path):
    """A lock of the operating system on the making of `folder`: it ends with its process, however that ends."""
    from huggingface_hub.utils import WeakFileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        locks = cache_root() / "locks"
        locks.mkdir(exist_ok=True)
        path = locks / f"{folder.name}.lock"
        if path.is_symlink():
            raise OSError(f"{path} is a link")
    except OSError as error:
        raise _unwritable(error) from None
    return WeakFileLock(path)


def _unwritable(error: OSError) -> ZooError:
    said = os.strerror(error.errno) if error.errno else (str(error).splitlines() or [""])[0]
    return ZooError(
        f"The cache must be writable: {said}",
        example="ZOO_CACHE=/scratch/me/zoo",
        received={"cache": str(cache_root())},
        hint="Set ZOO_CACHE to a folder on a disk with room",
    )


def _discard(folder: Path) -> None:
    """Take a damaged folder out of its place in one step, then delete it."""
    grave = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    folder.rename(grave / "damaged")
    shutil.rmtree(grave, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed processes left behind more than an hour ago."""
    for path in parent.glob(".staging-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)
