"""The packages and the machine that numbers were made with, and the places that models come from."""

import os
import platform
import sys
from importlib import metadata

from registry import sources as places
from registry.environment import cache_root, offline, state_root
from registry.paths import masked

_PACKAGES = ("chromatin-zoo", "keras", "tensorflow", "numpy", "h5py")


def versions() -> dict[str, str | None]:
    """Name -> version of Python, the machine's architecture and the packages that numbers depend on.

    Once Keras is imported, `backend` is the package that it computes with, and its version.
    """
    by_name: dict[str, str | None] = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        by_name[package] = _version(package)
    if (name := backend()) is not None:
        by_name["backend"] = f"{name} {_version(name)}"
    return by_name


def backend() -> str | None:
    """What Keras computes with: tensorflow, jax or torch; None before Keras is imported."""
    keras = sys.modules.get("keras")
    return None if keras is None else keras.backend.backend()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def sources() -> dict[str, str | None]:
    """Where models are looked for, in order, as the environment has it."""
    shared = os.environ.get("ZOO_SHARED")
    off = offline()
    settings = {
        "1 cache": str(cache_root()),
        "2 mirror": os.environ.get("ZOO_MIRROR") or (f"{shared}/maxatac_data" if shared else None),
        "3 Hub": "off" if off else places.endpoint(),
        "4 upstream release": "off" if off else os.environ.get("ZOO_UPSTREAM") or "as the index says",
        "reference data": "off" if off else os.environ.get("ZOO_UCSC") or "https://hgdownload.soe.ucsc.edu",
        "receipts": str(state_root()),
        "token": "set" if os.environ.get("HF_TOKEN") else None,
        "more indexes": os.environ.get("ZOO_FAMILIES"),
    }
    settings |= {key: os.environ[key] for key in sorted(os.environ) if key.startswith(("ZOO_MIRROR_", "ZOO_UPSTREAM_"))}
    return {key: None if value is None else masked(value) for key, value in settings.items()}
