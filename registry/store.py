"""From an index entry to verified bytes in the cache.

A model folder is made once, in a staging folder beside its final place, and renamed into place when it is complete, so
a process that is killed leaves nothing that a later one could mistake for a model. Two processes may make the same
folder at once: the first rename wins and the other process uses that folder.

The sources are tried in this order: the cache, a mirror folder, (the Hugging Face Hub has its place here,) the authors'
release over HTTPS. Whatever the source, a file counts only if its size and SHA-256 are those of the index.

Environment variables:
    ZOO_CACHE: where converted models are kept; default `$XDG_CACHE_HOME/chromatin-zoo` or `~/.cache/chromatin-zoo`.
    ZOO_MIRROR: a folder laid out like a family's release (`models/CTCF/…` for maxATAC).
    ZOO_SHARED: a folder whose `maxatac_data` is such a mirror; used when ZOO_MIRROR is not set.
    ZOO_UPSTREAM: replaces `https://raw.githubusercontent.com` as the home of the authors' release.
    ZOO_OFFLINE, HF_HUB_OFFLINE: set to 1 to use no network at all.
"""

import hashlib
import http.client
import json
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from registry.errors import IntegrityError, OfflineMiss, ZooWarning
from registry.schema import Entry, Family, RemoteFile, closed, load_json

DIGESTS = "digests.json"
_LAYOUT = 1  # raise it when a conversion writes a different folder from the same bytes
_TIMEOUT_S = 30
_ATTEMPTS = 3
_STALE_S = 3600
_BLOCK = 1 << 20

Convert = Callable[[Mapping[str, bytes], Path], None]


class Miss(Exception):
    """A source does not have the file, or could not be reached; the text says why."""


class Source(Protocol):
    """A place that may have the files of a release."""

    label: str

    def read(self, file: RemoteFile) -> bytes:
        """The file's bytes, unverified. Raises `Miss`."""


class MirrorFolder:
    """A folder laid out like the authors' release."""

    def __init__(self, root: Path, label: str) -> None:
        self.root, self.label = root, f"{label}={root}"

    def read(self, file: RemoteFile) -> bytes:
        """The file's bytes. Raises `Miss` if the folder does not have it."""
        try:
            return (self.root / file.path).read_bytes()
        except OSError as error:
            raise Miss(f"no {file.path} ({error.strerror})") from None


class UpstreamRelease:
    """The authors' public release at the pinned commit, over HTTPS."""

    def __init__(self, family: Family) -> None:
        self._family, self._base = family, os.environ.get("ZOO_UPSTREAM")
        self.label = family.upstream.address("", self._base).rstrip("/")

    def read(self, file: RemoteFile) -> bytes:
        """Download the file, at most one byte more than promised. Raises `Miss` after three failed attempts."""
        url = self._family.upstream.address(file.path, self._base)
        for attempt in range(_ATTEMPTS):
            try:
                with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
                    data = response.read(file.size + 1)
                if len(data) == file.size or attempt == _ATTEMPTS - 1:
                    return data
                problem = f"{len(data)} of {file.size} bytes arrived"
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code}"
                if error.code not in (408, 429) and error.code < 500:
                    break
            except (OSError, http.client.HTTPException) as error:
                problem = str(getattr(error, "reason", None) or error or type(error).__name__)
            if attempt < _ATTEMPTS - 1:
                time.sleep(0.5 * 2**attempt)
        raise Miss(f"{url}: {problem}")


def cache_root() -> Path:
    """The folder that keeps converted models."""
    if root := os.environ.get("ZOO_CACHE"):
        return Path(root).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "chromatin-zoo"


def offline() -> bool:
    """Whether the environment forbids the network."""
    return any(
        os.environ.get(key, "").lower() in ("1", "true", "yes", "on") for key in ("ZOO_OFFLINE", "HF_HUB_OFFLINE")
    )


def sources(family: Family) -> Iterator[Source]:
    """The places behind the cache, in the order in which they are tried."""
    if mirror := os.environ.get("ZOO_MIRROR"):
        yield MirrorFolder(Path(mirror).expanduser(), "ZOO_MIRROR")
    elif shared := os.environ.get("ZOO_SHARED"):
        yield MirrorFolder(Path(shared).expanduser() / f"{family.family}_data", "ZOO_SHARED")
    if not offline():
        yield UpstreamRelease(family)


def fetch(family: Family, entry: Entry, convert: Convert) -> Path:
    """The verified folder of a model, made from its release if the cache does not have it.

    Args:
        convert: writes a model folder from the verified bytes of every role of `entry.files`.

    Raises:
        IntegrityError: every source that has a file has it with other bytes than the index promises.
        OfflineMiss: no source has a file.
    """
    folder = _place(entry)
    if folder.is_dir():
        try:
            verify(folder)
            return folder
        except IntegrityError as error:
            warnings.warn(f"{error} The cached copy is discarded and made again.", ZooWarning, stacklevel=4)
            _discard(folder)
    files = {role: _read(family, entry, file) for role, file in entry.files.items()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    except OSError as error:
        raise OfflineMiss(
            "The cache folder can be written to",
            example="ZOO_CACHE=/scratch/me/zoo",
            received={"cache": str(cache_root()), "error": error.strerror},
        ) from None
    try:
        convert(files, staging)
        write_digests(staging)
        _move(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    verify(folder)
    return folder


def is_cached(entry: Entry) -> bool:
    """Whether the cache has a folder for this entry (its bytes are verified when it is loaded)."""
    return _place(entry).is_dir()


def sha256(path: Path) -> str:
    """SHA-256 of a file in lower-case hex, read in blocks."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_digests(folder: Path) -> None:
    """Record size and SHA-256 of every file of a model folder in `digests.json`, and flush all of it to disk."""
    names = sorted(path.name for path in folder.iterdir() if path.name != DIGESTS)
    table = {name: {"size": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names}
    (folder / DIGESTS).write_text(json.dumps(table, indent=1) + "\n")
    for name in [*names, DIGESTS]:
        with open(folder / name, "rb") as handle:
            os.fsync(handle.fileno())


def verify(folder: Path) -> None:
    """Check every file of a model folder against `digests.json`. Raises `IntegrityError` naming the file."""
    try:
        table = load_json((folder / DIGESTS).read_bytes(), folder / DIGESTS)
        found = {path.name for path in folder.iterdir()} - {DIGESTS}
        closed(dict.fromkeys(found), set(table), folder)
        for name, promised in table.items():
            closed(promised, {"size", "sha256"}, f"{folder / DIGESTS}: {name}")
            _check(folder / name, sha256(folder / name), promised["sha256"])
    except OSError as error:
        raise IntegrityError(f"A model folder can be read ({error.strerror})", where=error.filename) from None


def _check(where: object, found: str, promised: str) -> None:
    if found != promised:
        raise IntegrityError(
            "A file's SHA-256 is the one its index promises",
            where=where,
            received={"promised": promised, "found": found},
        )


def _read(family: Family, entry: Entry, file: RemoteFile) -> bytes:
    tried, damaged = [], None
    for source in sources(family):
        try:
            data = source.read(file)
            if len(data) != file.size:
                raise IntegrityError(
                    "A file has the size its index promises",
                    where=f"{source.label}: {file.path}",
                    received={"promised": file.size, "found": len(data)},
                )
            _check(f"{source.label}: {file.path}", hashlib.sha256(data).hexdigest(), file.sha256)
            return data
        except Miss as miss:
            tried.append(f"{source.label}: {miss}")
        except IntegrityError as error:
            damaged = error
            warnings.warn(f"{error} This source is passed over.", ZooWarning, stacklevel=5)
    if damaged is not None:
        raise damaged
    tried.insert(0, f"cache: nothing in {_place(entry)}")
    if offline():
        tried.append("network: switched off by ZOO_OFFLINE or HF_HUB_OFFLINE")
    raise OfflineMiss(
        f"{entry.name} is in the cache, in a mirror folder or in the authors' release; tried " + "; ".join(tried),
        example="ZOO_MIRROR=/data/maxATAC_data, a checkout of the release",
    )


def _place(entry: Entry) -> Path:
    """The folder of a model; its last part changes with the bytes it is made from."""
    made_from = [_LAYOUT, sorted((role, file.sha256) for role, file in entry.files.items())]
    key = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]
    return cache_root() / "models" / entry.family / entry.model / key


def _move(staging: Path, folder: Path) -> None:
    try:
        staging.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was first, with the same bytes
            raise


def _discard(folder: Path) -> None:
    """Take a damaged folder out of its place in one step, then delete it."""
    grave = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    with suppress(FileNotFoundError):  # another process discarded it
        folder.rename(grave / "damaged")
    shutil.rmtree(grave, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed processes left behind more than an hour ago."""
    for path in parent.glob(".staging-*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)
