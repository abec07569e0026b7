"""The packages and the machine that numbers were made with."""

import platform
from importlib import metadata

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
