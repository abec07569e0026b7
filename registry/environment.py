"""Settings from the environment: where models are kept, where they may come from, whom to trust.

Environment variables:
    ZOO_CACHE: where models are kept; default `$XDG_CACHE_HOME/chromatin-zoo` or `~/.cache/chromatin-zoo`.
    ZOO_TRUST_CACHE: set to 1 to accept folders of a cache that another user or machine filled.
    XDG_STATE_HOME: where receipts are kept; default `~/.local/state`.
    ZOO_MIRROR: a folder laid out like a family's release (`models/CTCF/…` for maxATAC); ZOO_MIRROR_MAXATAC for that
        family alone, which comes before it.
    ZOO_SHARED: a folder whose `maxatac_data`, or `zoo_weights/factornet`, is such a mirror, or whose
        `zoo_weights/baskerville_mini` that of a model of one repository; used when ZOO_MIRROR is not set.
    HF_ENDPOINT, HF_TOKEN: the Hub's address, and the token for private repositories.
    ZOO_UPSTREAM: replaces `https://raw.githubusercontent.com` as the home of the authors' release; ZOO_UPSTREAM_MAXATAC
        for that family alone.
    ZOO_OFFLINE, HF_HUB_OFFLINE: set to 1 to use no network at all.
"""

import os
import re
from pathlib import Path

from registry.paths import user_path


def cache_root() -> Path:
    """The folder that keeps models."""
    if root := os.environ.get("ZOO_CACHE"):
        return user_path(root, "ZOO_CACHE")
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "XDG_CACHE_HOME") / "chromatin-zoo"


def state_root() -> Path:
    """The folder that keeps receipts, apart from the cache."""
    return user_path(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "XDG_STATE_HOME") / "chromatin-zoo"


def of_family(key: str, family: str) -> tuple[str, str | None]:
    """The variable for a family alone (`ZOO_MIRROR_MAXATAC`) and its value, or where it is not set those for all."""
    own = f"{key}_{re.sub('[^A-Z0-9]', '_', family.upper())}"
    return (own, os.environ[own]) if os.environ.get(own) else (key, os.environ.get(key))


def offline() -> bool:
    """Whether the environment forbids the network."""
    return any(is_set(key) for key in ("ZOO_OFFLINE", "HF_HUB_OFFLINE"))


def is_set(key: str) -> bool:
    """Whether a variable is set to 1, true, yes or on."""
    return os.environ.get(key, "").lower() in ("1", "true", "yes", "on")
