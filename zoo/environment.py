"""The packages and the machine that numbers were made with, and the places that models come from."""

import os
import platform
from importlib import metadata

from registry import sources as places
from registry import store

_PACKAGES = ("chromatin-zoo", "keras", "tensorflow", "numpy", "h5py", "pyBigWig", "py2bit")


def versions() -> dict[str, str | None]:
    """Name -> version of Python, the machine's architecture and the packages that numbers depend on."""
    found: dict[str, str | None] = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def sources() -> dict[str, str | None]:
    """Where models are looked for, in order, as the environment has it."""
    shared = os.environ.get("ZOO_SHARED")
    return {
        "1 cache": str(store.cache_root()),
        "2 mirror": os.environ.get("ZOO_MIRROR") or (f"{shared}/maxatac_data" if shared else None),
        "3 Hub": "off" if store.offline() else places.endpoint(),
        "4 upstream release": "off" if store.offline() else os.environ.get("ZOO_UPSTREAM") or "as the index says",
        "token": "set" if os.environ.get("HF_TOKEN") else None,
        "more indexes": os.environ.get("ZOO_FAMILIES"),
    }
