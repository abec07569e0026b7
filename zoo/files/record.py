"""JSON that a run leaves beside its files: that it made them, and their digests."""

import json
import math
from collections.abc import Container, Mapping
from pathlib import Path

from registry import digests

MADE_BY = "chromatin-zoo"
"""What a record or mark of ours has as `made_by`: nothing without it is replaced or removed."""


def read_json(path: Path, most: int = 1 << 28) -> dict | None:
    """A JSON object of at most `most` bytes; None for anything else."""
    try:
        if path.stat().st_size > most:
            return None
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def read_own(path: Path, most: int = 1 << 28) -> dict | None:
    """The same of a record or mark of ours; None for anything else."""
    content = read_json(path, most)
    return content if content is not None and content.get("made_by") == MADE_BY else None


def retire(record: Path, before: Mapping | None, known: Container[str]) -> None:
    """Remove what an earlier run wrote beside its record and this one does not, as long as it was left as it was.

    Args:
        record: `<base>.json`; a file whose name does not begin with its base is never removed.
        before: its content of then, with `files`, name → digest.
        known: names that stay.
    """
    listed = (before or {}).get("files")
    for name, digest in listed.items() if isinstance(listed, dict) else ():
        path = record.with_name(Path(name).name)
        ours = name == path.name and name not in known and name.startswith(record.stem) and not path.is_symlink()
        if ours and path.is_file() and digests.sha256(path) == digest:
            path.unlink()


def finite(value: object) -> object:
    """The same, with None for numbers that are not finite, which JSON lacks; keys are text, sequences lists."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
