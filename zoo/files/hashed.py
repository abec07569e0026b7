"""SHA-256 of large input files, each computed once a day.

A genome or a track is as it was if its size, times, inode and disk are. What was computed is kept in `inputs.json` of
the zoo's cache, which counts for nothing if it is damaged or another user's; `ZOO_REHASH=1` computes all anew.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from registry import digests, typed
from registry.environment import cache_root, is_set
from zoo.errors import ZooError
from zoo.files.atomic import atomic

_KEPT = "inputs.json"
_DAY, _SETTLED = (
    86_400,
    10,
)  # seconds; a file that changed later than that may change again within one tick of its times
_LARGE = 1 << 20  # bytes; of smaller files the digest is computed in no time
_MOST = 1000  # files


@dataclass(frozen=True)
class _Stamp:
    """A file as it was when its digest was computed."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    disk: int

    @classmethod
    def of(cls, path: Path) -> "_Stamp":
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)

    @property
    def settled(self) -> bool:
        """Whether the last change is a while ago, by the times of the file."""
        return max(self.mtime_ns, self.ctime_ns) / 1e9 + _SETTLED < time.time()


@dataclass(frozen=True)
class _Known:
    """A digest, of which file, and when it was computed, in seconds since the epoch."""

    stamp: _Stamp
    sha256: str
    at: int


@dataclass(frozen=True)
class _Inputs:
    """`inputs.json`: by absolute path."""

    files: Mapping[str, _Known]


def sha256(path: Path) -> str:
    """SHA-256 of a file in lower-case hex: that of the last day if the file has not changed since, else computed."""
    stamp, name, now = _Stamp.of(path), str(path.absolute()), int(time.time())
    keeps = stamp.bytes >= _LARGE and stamp.settled
    if keeps and not is_set("ZOO_REHASH"):
        known = _read().get(name)
        if known is not None and known.stamp == stamp and 0 <= now - known.at < _DAY:
            return known.sha256
    found = digests.sha256(path)
    if keeps and _Stamp.of(path) == stamp:
        _keep(name, _Known(stamp, found, now))
    return found


def _read() -> Mapping[str, _Known]:
    """What is known; nothing if the file is not there, damaged, or not this user's own."""
    path = cache_root() / _KEPT
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return {}
            return typed.read(_Inputs, file.read(), 1, path).files
    except (OSError, ZooError):
        return {}


def _keep(name: str, known: _Known) -> None:
    """Add a digest; those of the last day stay, the newest of them. A cache that cannot be written stays as it is."""
    others = {key: item for key, item in _read().items() if key != name and 0 <= known.at - item.at < _DAY}
    newest = sorted(others.items(), key=lambda item: item[1].at)[1 - _MOST :]
    files = {key: asdict(item) for key, item in [*newest, (name, known)]}
    path = cache_root() / _KEPT
    try:
        with atomic(path, path.parent) as temporary:
            temporary.write_text(json.dumps({"schema": 1, "files": files}, indent=1) + "\n", encoding="utf-8")
    except (OSError, UnicodeError):
        return
