"""The cache: model folders that are complete, verified, and made only once.

A model folder is made in a staging folder beside its final place and renamed into place when it is complete, so a
process that is killed leaves nothing that a later one could mistake for a model. Processes that want the same folder
at once wait for the first one; the lock goes with its process.

Whether a folder that is there already counts is decided by `registry.digests`.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from registry.digests import DIGESTS, receipt, sign, verify, vouched, write_digests
from registry.environment import cache_root, state_root
from registry.errors import IntegrityError, OfflineMiss, ZooError, warn
from registry.schema import PublishedFile

_LOG = logging.getLogger("zoo")
_STALE_S = 3600


def get(
    folder: Path, make: Callable[[Path], dict[str, str]], promised: Mapping[str, PublishedFile] | None = None
) -> Path:
    """The verified folder, made if it is not there, damaged, or of unknown origin.

    Args:
        folder: its place in the cache, see `place`.
        make: writes the files into a staging folder and returns their origin.
        promised: its files as a pinned index lists them, if there is one.

    Raises:
        ZooError: what `make` raises; the cache is then as it was.
    """
    if _usable(folder, promised):
        return _used(folder)
    with _only_one(folder):
        if _usable(folder, promised, silent=True):  # another process made it while this one waited
            return _used(folder)
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
        origin = make(staging)
        _LOG.info("model: %s, from %s", folder, origin.get("source", "files of the user"))
        write_digests(staging, origin)
        path = receipt(folder, staging)
        if folder.is_symlink() or folder.exists():  # damaged; it goes only now that there is something in its place
            _discard(folder)
        staging.rename(folder)
        sign(path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _used(folder: Path) -> Path:
    """Note on a folder that it is used now: its time of change, of which nothing else depends. Returns it."""
    _LOG.info("model: %s", folder)
    with suppress(OSError):  # in a cache of another user
        os.utime(folder)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder of the cache, its receipt, and the folders above it that are empty then.

    A process that makes the folder at this moment is waited for.
    """
    with _only_one(folder):
        try:
            with suppress(OSError):  # a list of digests that cannot be read has no receipt
                receipt(folder, folder).unlink(missing_ok=True)
            _discard(folder)
        except OSError as error:
            raise _unwritable(error) from None
    with suppress(OSError):  # the first that is not empty
        for parent in folder.parents:
            if parent == cache_root() / "models":
                break
            parent.rmdir()


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
    reason = os.strerror(error.errno) if error.errno else (str(error).splitlines() or [""])[0]
    return ZooError(
        f"The cache must be writable: {reason}",
        example="ZOO_CACHE=/scratch/me/zoo",
        received={"cache": str(cache_root())},
        hint="Set ZOO_CACHE to a folder on a disk with room",
    )


def _discard(folder: Path) -> None:
    """Take a folder out of its place in one step, then delete it."""
    grave = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    folder.rename(grave / "discarded")
    shutil.rmtree(grave, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove staging files that killed processes left more than an hour ago."""
    for path in parent.glob(".staging-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)
