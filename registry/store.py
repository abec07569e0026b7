"""The cache: model folders that are complete, verified, and made only once.

A model folder is made in a staging folder beside its final place and renamed into place when it is complete, so a
process that is killed leaves nothing that a later one could mistake for a model. Processes that want the same folder
at once wait for the first one; the lock goes with its process.

Environment variables:
    ZOO_CACHE: where models are kept; default `$XDG_CACHE_HOME/chromatin-zoo` or `~/.cache/chromatin-zoo`.
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
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry import typed
from registry.errors import IntegrityError, ZooError, ZooWarning

DIGESTS = "digests.json"
_STALE_S = 3600
_BLOCK = 1 << 20
_LARGE = 32 << 20  # bytes from which a file whose size and time stamp are unchanged is not hashed at every load


@dataclass(frozen=True)
class Stamp:
    """What a file was when its folder was made: bytes, SHA-256, time of modification in nanoseconds."""

    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True)
class Digests:
    """`digests.json` of a model folder: where its files are from, and what each of them is."""

    source: Mapping[str, str]
    files: Mapping[str, Stamp]


def cache_root() -> Path:
    """The folder that keeps models."""
    if root := os.environ.get("ZOO_CACHE"):
        return Path(root).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "chromatin-zoo"


def offline() -> bool:
    """Whether the environment forbids the network."""
    return any(
        os.environ.get(key, "").lower() in ("1", "true", "yes", "on") for key in ("ZOO_OFFLINE", "HF_HUB_OFFLINE")
    )


def get(folder: Path, make: Callable[[Path], dict[str, str]]) -> Path:
    """The verified folder, made if it is not there or damaged.

    Args:
        folder: its place in the cache, see `place`.
        make: writes the files into a staging folder and says where they are from.

    Raises:
        ZooError: what `make` raises; the cache is then as it was.
    """
    if _usable(folder):
        return folder
    with _only_one(folder):
        if _usable(folder):  # another process made it while this one waited
            return folder
        try:
            _sweep(folder.parent)
            staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
            try:
                write_digests(staging, make(staging))
                if folder.exists():  # damaged; it goes only now that there is something in its place
                    _discard(folder)
                staging.rename(folder)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        except OSError as error:
            raise _unwritable(error) from None
        verify(folder)
    return folder


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
    stamps = {path.name: vars(Stamp(path.stat().st_size, sha256(path), path.stat().st_mtime_ns)) for path in paths}
    (folder / DIGESTS).write_text(
        json.dumps({"schema": 1, "source": dict(source), "files": stamps}, indent=1) + "\n", encoding="utf-8"
    )
    for path in [*paths, folder / DIGESTS]:
        with open(path, "rb") as handle:
            os.fsync(handle.fileno())


def read_digests(folder: Path) -> Digests:
    """Read `digests.json`. Raises `IntegrityError` if it is not what `write_digests` writes."""
    try:
        return typed.read(Digests, (folder / DIGESTS).read_bytes(), 1, folder / DIGESTS)
    except OSError as error:
        raise IntegrityError(f"A model folder can be read ({error.strerror})", where=folder / DIGESTS) from None


def verify(folder: Path, thorough: bool = False) -> None:
    """Check every file of a model folder against `digests.json`.

    Args:
        thorough: hash large files too, even if their sizes and time stamps are unchanged.

    Raises:
        IntegrityError: a file is missing, additional or changed; the message names it.
    """
    digests = read_digests(folder)
    found = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {DIGESTS}  # .DS_Store, .nfs…
    typed.closed(dict.fromkeys(found), set(digests.files), folder)
    for name, promised in digests.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise IntegrityError("A model folder holds plain files", where=path)
        state = path.stat()
        trusted = state.st_size >= _LARGE and (state.st_size, state.st_mtime_ns) == (promised.size, promised.mtime_ns)
        if thorough or not trusted:
            check_digest(path, sha256(path), promised.sha256)


def check_digest(where: object, found: str, promised: str) -> None:
    """Raise `IntegrityError` naming both digests unless they are equal."""
    if found != promised:
        raise IntegrityError(
            "A file's SHA-256 is the one its index promises",
            where=where,
            received={"promised": promised, "found": found},
        )


def _usable(folder: Path) -> bool:
    if not folder.exists():
        return False
    try:
        verify(folder)
        return True
    except (IntegrityError, OSError) as error:
        warnings.warn(f"{error} The cached copy is made again.", ZooWarning, stacklevel=5)
        return False


def _only_one(folder: Path):
    """A lock of the operating system on the making of `folder`: it ends with its process, however that ends."""
    from huggingface_hub.utils import WeakFileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        locks = cache_root() / "locks"
        locks.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from None
    return WeakFileLock(locks / f"{folder.name}.lock")


def _unwritable(error: OSError) -> ZooError:
    said = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    return ZooError(
        f"The cache can be written to ({said})",
        example="ZOO_CACHE=/scratch/me/zoo",
        received={"cache": str(cache_root())},
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
