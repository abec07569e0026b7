"""Files that appear only when they are complete, and never replace what is read."""

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from registry.paths import user_path
from zoo.errors import InputError
from zoo.files.keeping import check_absent


@contextmanager
def atomic(path: Path, folder: Path) -> Iterator[Path]:
    """A temporary path in `folder` (of the same disk) that is flushed and renamed to `path`, or removed on failure.

    Folders that do not exist are made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{path.name}.{os.getpid()}.{secrets.randbits(64)}.tmp"  # machines may share the folder
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A text file, UTF-8, that appears at its place when the block ends, or not at all."""
    with atomic(path, path.parent) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        yield handle


def flush(path: Path) -> None:
    """Have the system write a file to its disk."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def write_json(path: Path, content: dict) -> None:
    """Write a JSON object, indented; the caller makes it atomic."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def output_path(value: object, reads: Iterable[object]) -> Path:
    """The path of a file that a user wants written, after `check_outputs`. Raises `InputError`."""
    path = user_path(value, "output")
    check_outputs([path], reads)
    return path


def output_base(value: object, *suffixes: str) -> Path:
    """What a user wants several files named after: the path without extension.

    Args:
        value: what the user gave.
        suffixes: that are taken off.

    Raises:
        InputError: not a path, or one of a folder: it ends in `/`, `.` or `..`.
    """
    if not isinstance(value, (str, Path)) or str(value).rpartition("/")[2] in ("", ".", ".."):
        raise InputError("The output must be a path without extension", received={"output": value}, example="out/ctcf")
    path = user_path(value, "output")
    return path.with_suffix("") if path.suffix in suffixes else path


def check_outputs(outputs: Iterable[Path], reads: Iterable[object]) -> None:
    """`check_apart`, and where others are kept (`zoo.files.keeping`) no output must be there. Raises `InputError`.

    For files without a record by which the same run would be known.
    """
    outputs = list(outputs)
    check_apart(outputs, reads)
    check_absent(outputs)


def check_apart(outputs: Iterable[Path], reads: Iterable[object]) -> None:
    """Raise `InputError` if an output is a folder, a file that the run reads, or lies in a folder that it reads.

    Args:
        outputs: files that the run would write.
        reads: everything that it reads, whatever it is given as, see `paths_of`; a model is its folder.
    """
    read = paths_of(*reads)
    folders = [path.resolve() for path in read if path.is_dir()]
    for output in outputs:
        try:
            if output.is_dir() or any(output.exists() and output.samefile(path) for path in read):
                raise InputError(
                    "An output must replace no folder and no file that the run reads",
                    received={"output": str(output)},
                    hint="Choose another output",
                )
            home = output.parent.resolve()
        except OSError as error:
            raise InputError(
                f"The output must be writable: {error.strerror}", received={"output": str(output)}
            ) from None
        if inside := next((folder for folder in folders if folder == home or folder in home.parents), None):
            raise InputError(
                "An output must not lie in a folder that the run reads, such as a model's",
                received={"output": str(output), "folder": str(inside)},
                hint="Choose another output",
            )


def paths_of(*values: object) -> list[Path]:
    """The files and folders among what a user gave: paths that exist, objects that have one, lists and mappings of
    these.

    Text that names no file (a region, a name of the registry), numbers and None are none.
    """
    paths: list[Path] = []
    for value in values:
        value = getattr(value, "path", value)
        if isinstance(value, Path) or (isinstance(value, str) and value):
            if (path := _existing(value)) is not None:
                paths.append(path)
        elif isinstance(value, Mapping):
            paths += paths_of(*value.values())
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            paths += paths_of(*value)
    return paths


def _existing(value: str | Path) -> Path | None:
    try:
        path = user_path(value)
        return path if path.exists() else None
    except (InputError, OSError):
        return None
