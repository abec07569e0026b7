"""How this package was installed: from which place, and by which command an extra is added to it."""

import json
import shlex
from importlib import metadata
from pathlib import Path

from registry.errors import masked

NAME = "chromatin-zoo"
_ROOT = Path(__file__).parents[1]


def checkout() -> Path | None:
    """The folder of the sources, if the package runs from them: an editable installation, or none at all."""
    return _ROOT if (_ROOT / "setup.py").is_file() and (_ROOT / "recipes").is_dir() else None


def origin() -> str:
    """Where the package came from, for people: a checkout, a file or folder, a repository, or an index."""
    if (root := checkout()) is not None:
        return f"checkout {root}"
    try:
        recorded = [file for file in metadata.files(NAME) or () if file.name == "direct_url.json"]  # by pip, PEP 610
    except metadata.PackageNotFoundError:
        return f"folder {_ROOT}"
    if not recorded:
        return "package index, as no other place is recorded"
    place = json.loads(recorded[0].read_text(encoding="utf-8"))
    commit = place.get("vcs_info", {}).get("commit_id", "")
    return masked(place["url"]) + (f" at {commit}" if commit else "")


def command(extra: str) -> str:
    """The command that adds an extra to this installation.

    By the name alone pip takes the package that is installed, wherever it came from, also if no index has it. Sources
    that run uninstalled, or whose extras are newer than their installation, are named by their folder.
    """
    root = checkout()
    return f"pip install '{NAME}[{extra}]'" if root is None else f"pip install -e {shlex.quote(f'{root}[{extra}]')}"
