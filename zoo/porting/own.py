"""Files of the user's own that hold a model: their bytes and their names."""

import re
from pathlib import Path

from registry.errors import printable
from zoo.errors import InputError

MOST_BYTES = 1 << 30  # of a file; the largest, Enformer's, has 1.005e9
_ENDINGS = re.compile(r"(\.tar)?\.[^.]*$")


def read_bytes(path: Path) -> bytes:
    """The bytes of a model file. Raises `InputError` if it cannot be read, or is too large."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"A model file must be readable: {error.strerror}", received={"path": str(path)}) from None
    if len(data) > MOST_BYTES:
        raise InputError(f"A model file must have at most {MOST_BYTES:,} bytes", received={"path": str(path)})
    return data


def model_of(path: Path) -> str:
    """The file's stem as the second part of a model's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", _ENDINGS.sub("", path.name)).strip("-_")[:90] or "model"


def shown(path: Path) -> str:
    """The file's name as a record has it."""
    return printable(path.name.encode("utf-8", "replace").decode())
