"""Arrays in .npz files, written whole or not at all, and read without trusting the file."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from zoo.errors import IntegrityError
from zoo.files.atomic import atomic

_RAISED = (  # by zipfile, zlib and NumPy for damaged or hostile bytes; OSError for the file itself
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    RecursionError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read(file: Path | BytesIO, most_bytes: int = 8 << 30, where: object = None) -> dict[str, np.ndarray]:
    """All arrays of a file, by name; objects are never unpickled.

    Args:
        file: its path, or its bytes in memory.
        most_bytes: of all arrays together.
        where: names bytes in memory, for the message.

    Raises:
        IntegrityError: a file that cannot be read, is damaged, or holds more or something else.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            held = sum(member.file_size for member in archive.infolist())
        if held > most_bytes:
            raise ValueError(f"{held:,} bytes, where {most_bytes:,} are the most")
        if isinstance(file, BytesIO):
            file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        if not all(isinstance(value, np.ndarray) for value in loaded.values()):
            raise ValueError("a member that is no array")
        return loaded
    except _RAISED as error:
        reason = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise IntegrityError(f"An .npz file must hold whole, plain arrays ({reason})", where=where or file) from None


def write(path: Path, arrays: Mapping[str, np.ndarray], compress: bool = False) -> None:
    """Write arrays by name; the file appears complete or not at all."""
    with atomic(path, path.parent) as temporary, open(temporary, "wb") as file:
        (np.savez_compressed if compress else np.savez)(file, **arrays)
