"""Long work: one run at a time for an output, parts that survive an interruption, finals when all is there.

While a job is at work its files are in the folder `<base>.partial`, which carries a mark that only jobs write. Nothing
else in that folder is ever removed, and a folder without the mark is never touched. The final files appear together;
the sidecar `<base>.json`, the last of them, names what they depend on and their digests, so that the same call finds
that there is nothing left to do. A file that no record names as a run's is not replaced.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from registry import digests
from registry.paths import user_path
from zoo.errors import InputError
from zoo.files.atomic import check_outputs, flush, output_base, write_json
from zoo.files.record import MADE_BY, read_json, read_own

MARK, SIDECAR = "zoo-job.json", ".json"
_PREFIX = "part-"  # of every file that a job keeps in its folder
_LOCK = "zoo-job.lock"
_SCRATCH = re.compile(rf"{_PREFIX}{re.escape(MARK)}\..*\.tmp$|\.filelock-probe-")  # the latter the lock's own
_FINALS = "zoo-job-finals.json"  # while final files are replaced: which of them are a run's
_WAIT_S, _TURNS = 0.2, 50  # for a run that is just ending, and for folders that come and go


def job_base(value: object, suffix: str) -> Path:
    """The `output_base` of a job whose first suffix is `suffix`: that, or one of a bigWig, is taken off."""
    return output_base(value, suffix, ".bw", ".bigwig", ".bigWig")


class Job:
    """The final files `<base><suffix>` and `<base>.json`, and the folder `<base>.partial` meanwhile.

    A context: inside it, no other run writes to the same place. Whatever was finished stays if it ends early.

    Args:
        kind: what it makes, in a word; a sidecar of another kind is not replaced.
        base: the path without extension (see `job_base`).
        suffixes: of all files that such a job can make; the first one is the main file's.
        reads: everything that it reads, as for `zoo.files.atomic.check_outputs`.

    Attributes:
        finals: suffix → final path, of all suffixes and `.json`.
        main: the first of them.
        sidecar: `<base>.json`.
        folder: of what is not finished.

    Raises:
        InputError: an output that cannot be written, that is read, or that another kind of work made.
    """

    def __init__(self, kind: str, base: object, suffixes: Sequence[str], reads: Iterable[object]) -> None:
        path = job_base(base, suffixes[0])
        self._kind, self._base = kind, path
        self.finals = {suffix: path.with_name(path.name + suffix) for suffix in (*suffixes, SIDECAR)}
        self.folder = path.with_name(f"{path.name}.partial")
        self.main, self.sidecar = self.finals[suffixes[0]], self.finals[SIDECAR]
        for final in self.finals.values():
            user_path(final, "output")
        check_outputs(self.finals.values(), reads)
        self._check_kind()
        _check_writable(path.parent)

    def __enter__(self) -> "Job":
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
            _remove(scratch)
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):  # the folder is gone, or another run comes in at this moment
            self._leave()
        self._held.__exit__(None, None, None)

    def done(self, identity: Mapping[str, object]) -> dict | None:
        """The sidecar of an earlier call with this identity whose files are all there and whole; else None."""
        said = self._said()
        if said is None or said.get("identity_sha256") != _digest(identity):
            return None
        try:
            whole = all(
                digests.sha256(self.sidecar.with_name(name)) == digest for name, digest in said["files"].items()
            )
        except (OSError, KeyError, AttributeError, TypeError):
            return None
        if whole and (self.folder / _FINALS).exists():  # of a run that was killed when all was there
            self.clear()
            (self.folder / _FINALS).unlink()
        return said if whole else None

    def resume(self, identity: Mapping[str, object], made: Sequence[str]) -> None:
        """Keep what an interrupted run of the same identity finished; remove that of any other.

        Args:
            identity: all that unfinished parts depend on.
            made: suffixes of the files that will be written, as far as they are known: see `finish`.
        """
        self._check_own(made)
        mark = _read_mark(self.folder) or {}
        content = {"made_by": MADE_BY, "kind": self._kind, "identity_sha256": _digest(identity)}
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

    @contextmanager
    def finish(self, identity: Mapping[str, object], made: Sequence[str]) -> Iterator[tuple[dict[str, Path], dict]]:
        """Write the final files: yields temporary paths by suffix, and the sidecar's content to be filled in.

        Afterwards they are at their final places, files of an earlier call that this one did not make are gone, and so
        is everything unfinished.

        Args:
            identity: all that the files depend on.
            made: suffixes of the files that will be written.

        Raises:
            InputError: a file at one of these places that no record names as a run's.
        """
        self._check_own(made)
        temporary = {suffix: self.part(f"{self.finals[suffix].name}.tmp") for suffix in made}
        said: dict = {}
        yield temporary, said
        for path in temporary.values():
            flush(path)
        record = {"made_by": MADE_BY, "kind": self._kind, "identity_sha256": _digest(identity)}
        files = {self.finals[suffix].name: digests.sha256(path) for suffix, path in temporary.items()}
        old = self._own()
        self._write(self.folder / _FINALS, {"files": sorted(old | set(files))})
        self.sidecar.unlink(missing_ok=True)  # what says that the old files are whole
        for name in old - set(files):  # of an earlier call, perhaps with suffixes that this one does not know
            if name.startswith(f"{self._base.name}.") and Path(name).name == name:
                self.sidecar.with_name(name).unlink(missing_ok=True)
        for suffix, path in temporary.items():
            path.replace(self.finals[suffix])
        self._write(self.sidecar, {**record, **said, "files": files})
        self.clear()
        (self.folder / _FINALS).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything unfinished, and nothing else."""
        for path in self.folder.glob(f"{_PREFIX}*"):
            _remove(path)

    def _write(self, path: Path, content: dict) -> None:
        """Write a JSON object that appears complete or not at all; what a killed run leaves of it is scratch."""
        temporary = self.part(f"{path.name}.{secrets.token_hex(4)}.tmp")
        write_json(temporary, content)
        flush(temporary)
        temporary.replace(path)

    def _own(self) -> set[str]:
        """Names of final files that an earlier run made, or was making when it was killed."""
        names: set[str] = set()
        for said in (self._said(), read_json(self.folder / _FINALS)):
            files = (said or {}).get("files")
            names |= {name for name in files if isinstance(name, str)} if isinstance(files, (dict, list)) else set()
        return names

    def _check_own(self, made: Sequence[str]) -> None:
        own = self._own()
        foreign = [str(self.finals[suffix]) for suffix in made if self.finals[suffix].name not in own]
        if there := [path for path in foreign if os.path.lexists(path)]:
            raise InputError(
                "An output must not replace a file that no run made",
                received={"output": there[0]},
                hint="Choose another output, or remove that file",
            )

    def _said(self) -> dict | None:
        """The sidecar, if it is one of a job."""
        return read_own(self.sidecar)

    def _check_kind(self) -> None:
        """A JSON file that is no sidecar, or one of other work, is not replaced."""
        if self.sidecar.exists() and (self._said() or {}).get("kind") != self._kind:
            raise InputError(
                f"An output must not replace a JSON file that is no record of a {self._kind}",
                received={"output": str(self.sidecar)},
                hint="Choose another output, or remove that file",
            )

    def _busy(self) -> InputError:
        return InputError(
            "An output must be written by one run at a time",
            received={"output": str(self.main)},
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
            raise _unwritable(self.folder.parent, error) from None

    def _mark_empty(self) -> None:
        """Mark a new folder, or one as a run leaves it that is killed while it begins or ends."""
        if not stat.S_ISDIR(self.folder.lstat().st_mode):
            raise self._foreign()
        if found := self._others({_LOCK}):
            if all(name == MARK or name.startswith(_PREFIX) for name in found):
                raise FileExistsError  # of a run that begins or ends at this moment; else the next look tells
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
    """What a job's folder says of itself; None for a folder that is none."""
    mark = folder / MARK
    if folder.is_symlink() or mark.is_symlink():
        return None
    return read_own(mark, 1 << 16)


def _token(folder: Path) -> str | None:
    """What tells a job's folder from others at the same place, before and after; None without a mark."""
    mark = _read_mark(folder)
    return None if mark is None else str(mark.get("token"))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _digest(identity: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _check_writable(folder: Path) -> None:
    """Raise `InputError` unless files can be made in a folder, or in the nearest one above it that exists."""
    try:
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> InputError:
    said = error.strerror or error
    return InputError(f"The output must be writable: {said}", received={"output": str(folder)}, example="out/ctcf")
