"""The folder of unfinished work: one run at a time, and parts that survive an interruption.

It carries a mark that only runs write. Nothing else in it is ever removed, and a folder without the mark is never
touched.
"""

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from zoo.errors import InputError
from zoo.files.atomic import flush, write_json
from zoo.files.record import MADE_BY, read_own

MARK = "zoo-job.json"
_PREFIX = "part-"  # of every file that a run keeps in its folder
_LOCK = "zoo-job.lock"
_SCRATCH = re.compile(rf"{_PREFIX}{re.escape(MARK)}\..*\.tmp$|\.filelock-probe-")  # the latter the lock's own
_WAIT_S, _TURNS = 0.2, 50  # for a run that is just ending, and for folders that come and go


class Partial:
    """A folder of unfinished work. A context: inside it, no other run writes there. What was finished stays after it.

    Args:
        kind: of the work, in a word.
        folder: made if it does not exist, and removed at the end unless another run could go on with what is in it.
        output: the file that errors name.

    Raises:
        InputError: from the context: another run is at work, or the folder is not a run's.
    """

    def __init__(self, kind: str, folder: Path, output: Path) -> None:
        self._kind, self.folder, self._output = kind, folder, output

    def __enter__(self) -> Self:
        from huggingface_hub.utils import WeakFileLock

        for _ in range(_TURNS):
            try:
                token = self._claim()
                self._held = WeakFileLock(self.folder / _LOCK, timeout=_WAIT_S)
                self._held.__enter__()
            except (FileNotFoundError, FileExistsError):  # another run makes or removes the folder at this moment
                time.sleep(_WAIT_S / _TURNS)
                continue
            except TimeoutError:
                raise self._busy() from None
            if token is not None and _token(self.folder) == token:
                break
            self._held.__exit__(None, None, None)  # the lock of a folder that another run has removed meanwhile
        else:
            raise self._foreign() if self.folder.exists() and _read_mark(self.folder) is None else self._busy()
        for scratch in self.folder.glob(f"{_PREFIX}*.tmp"):  # of a run that was killed
            remove(scratch)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        with contextlib.suppress(OSError):  # the folder is gone, or another run comes in at this moment
            self._leave()
        self._held.__exit__(None, None, None)

    def keep_parts_of(self, identity: Mapping[str, object]) -> None:
        """Keep what an interrupted run of the same identity finished; remove that of any other."""
        mark = _read_mark(self.folder) or {}
        content = {"made_by": MADE_BY, "kind": self._kind, "identity_sha256": digest(identity)}
        if {**content, "token": mark.get("token")} != mark:
            self.clear()
            self._write(self.folder / MARK, {**content, "token": mark.get("token")})

    def part(self, name: str) -> Path:
        """Where something unfinished is kept; a name that ends in `.tmp` does not outlive this run."""
        return self.folder / f"{_PREFIX}{name}"

    def parts(self, total: int, size: int) -> tuple[dict[range, Path], dict[range, Path]]:
        """Where parts of `size` of `total` items are kept until all are there.

        Returns:
            Items → file: all parts, and those that are left to do.
        """
        ranges = (range(first, min(first + size, total)) for first in range(0, total, size))
        every = {items: self.part(f"{items.start:09d}.npz") for items in ranges}
        return every, {items: path for items, path in every.items() if not path.is_file()}

    def clear(self) -> None:
        """Remove everything unfinished, and nothing else."""
        for path in self.folder.glob(f"{_PREFIX}*"):
            remove(path)

    def _write(self, path: Path, content: dict) -> None:
        """Write a JSON object that appears complete or not at all; what a killed run leaves of it is scratch."""
        temporary = self.part(f"{path.name}.{secrets.token_hex(4)}.tmp")
        write_json(temporary, content)
        flush(temporary)
        temporary.replace(path)

    def _busy(self) -> InputError:
        return InputError(
            "An output must be written by one run at a time",
            received={"output": str(self._output)},
            hint="Wait for the other run, or choose another output",
        )

    def _foreign(self) -> InputError:
        return InputError(
            f"{self.folder.name} must be a folder that runs make and remove; this one is not a run's",
            received={"folder": str(self.folder)},
            hint="Choose another output, or move that folder away",
        )

    def _claim(self) -> str | None:
        """Make the folder, or find that there is one with our mark, whose token is returned.

        Raises:
            FileExistsError: for now it is neither a run's nor certainly somebody else's.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                self.folder.mkdir()
            if _read_mark(self.folder) is None:
                self._mark_empty()
            return _token(self.folder)
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError as error:
            raise unwritable(self.folder.parent, error) from None

    def _mark_empty(self) -> None:
        """Mark a new folder, or one as a run leaves it that is killed while it begins or ends."""
        if not stat.S_ISDIR(self.folder.lstat().st_mode):
            raise self._foreign()
        if others := self._others({_LOCK}):
            if all(name == MARK or name.startswith(_PREFIX) for name in others):
                raise FileExistsError  # of a run that begins or ends at this moment; else the next look shows
            raise self._foreign()
        blank = {"made_by": MADE_BY, "kind": self._kind, "identity_sha256": None, "token": secrets.token_hex(8)}
        self._write(self.folder / MARK, blank)

    def _leave(self) -> None:
        """Remove the folder, unless another call could go on with what is in it, or it is not ours."""
        if not self._others({MARK, _LOCK}):
            for name in (MARK, _LOCK):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()  # fails if another run has begun to mark it

    def _others(self, known: set[str]) -> set[str]:
        """What else is in the folder, scratch of its mark and of its lock left out."""
        names = {path.name for path in self.folder.iterdir()} - known
        return {name for name in names if not _SCRATCH.match(name)}


def _read_mark(folder: Path) -> dict | None:
    """The mark of a job's folder; None for a folder that is none."""
    mark = folder / MARK
    if folder.is_symlink() or mark.is_symlink():
        return None
    return read_own(mark, 1 << 16)


def identity_of(folder: Path) -> str | None:
    """The digest of what the parts in a job's folder depend on; None for none."""
    return (_read_mark(folder) or {}).get("identity_sha256")


def _token(folder: Path) -> str | None:
    """What distinguishes a job's folder from earlier and later ones at the same place; None without a mark."""
    mark = _read_mark(folder)
    return None if mark is None else str(mark.get("token"))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def digest(content: object) -> str:
    """SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def unwritable(output: Path, error: OSError) -> InputError:
    """The error for an output that cannot be written."""
    reason = error.strerror or error
    return InputError(f"The output must be writable: {reason}", received={"output": str(output)}, example="out/ctcf")
