"""Long work: one run at a time for an output, parts that survive an interruption, finals when all is there.

While a job is at work its files are in the folder `<base>.partial`, which carries a mark that only jobs write. Nothing
else in that folder is ever removed, and a folder without the mark is never touched. The final files appear together;
the sidecar `<base>.json`, the last of them, names what they depend on and their digests, so that the same call finds
that there is nothing left to do.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import registry.store
from registry.paths import user_path
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_outputs, flush, write_json

MARK, SIDECAR = "zoo-job.json", ".json"
_MADE_BY = "chromatin-zoo"
_PREFIX = "part-"  # of every file that a job keeps in its folder
_LOCK = "zoo-job.lock"
_WAIT_S = 0.2  # for a run that is just ending
_BIGWIG = (".bw", ".bigwig", ".bigWig")


class Job:
    """The final files `<base><suffix>` and `<base>.json`, and the folder `<base>.partial` meanwhile.

    A context: inside it, no other run writes to the same place. Whatever was finished stays if it ends early.

    Args:
        kind: what it makes, in a word; a sidecar of another kind is not replaced.
        base: the path without extension (the first suffix, or one of a bigWig, is taken off).
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
        if not isinstance(base, (str, Path)) or not str(base) or str(base).endswith(("/", "..")) or str(base) == ".":
            raise InputError(
                "The output must be a path without extension", received={"output": base}, example="out/ctcf"
            )
        path = user_path(base, "output")
        if path.suffix in (suffixes[0], *_BIGWIG):
            path = path.with_suffix("")
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

        while True:
            self._claim()
            self._held = WeakFileLock(self.folder / _LOCK, timeout=_WAIT_S)
            try:
                self._held.__enter__()
            except TimeoutError:
                raise InputError(
                    "An output must be written by one run at a time", received={"output": str(self.main)}
                ) from None
            if (self.folder / MARK).is_file():  # else the job that held the lock has ended and removed the folder
                break
            self._held.__exit__(None, None, None)
        for scratch in self.folder.glob(f"{_PREFIX}*.tmp"):  # of a run that was killed
            _remove(scratch)
        return self

    def __exit__(self, *error: object) -> None:
        if not any(self.folder.glob(f"{_PREFIX}*")):  # nothing that another call could go on with
            self._leave()
        self._held.__exit__(None, None, None)

    def done(self, identity: Mapping[str, object]) -> dict | None:
        """The sidecar of an earlier call with this identity whose files are all there and whole; else None."""
        said = self._said()
        if said is None or said.get("identity_sha256") != _digest(identity):
            return None
        try:
            whole = all(
                registry.store.sha256(self.sidecar.with_name(name)) == digest for name, digest in said["files"].items()
            )
        except (OSError, KeyError, AttributeError):
            return None
        return said if whole else None

    def resume(self, identity: Mapping[str, object]) -> None:
        """Keep what an interrupted run of the same identity finished; remove that of any other."""
        content = {"made_by": _MADE_BY, "kind": self._kind, "identity_sha256": _digest(identity)}
        if _read_mark(self.folder) != content:
            self.clear()
            with atomic(self.folder / MARK, self.folder) as temporary:
                write_json(temporary, content)

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
        """
        temporary = {suffix: self.part(f"{self.finals[suffix].name}.tmp") for suffix in made}
        said: dict = {}
        yield temporary, said
        for path in temporary.values():
            flush(path)
        record = {"made_by": _MADE_BY, "kind": self._kind, "identity_sha256": _digest(identity)}
        files = {self.finals[suffix].name: registry.store.sha256(path) for suffix, path in temporary.items()}
        with atomic(self.sidecar, self.folder) as note:
            write_json(note, {**record, **said, "files": files})
            self._retire(set(files))
            for suffix, path in temporary.items():
                path.replace(self.finals[suffix])
        self.clear()

    def clear(self) -> None:
        """Remove everything unfinished, and nothing else."""
        for path in self.folder.glob(f"{_PREFIX}*"):
            _remove(path)

    def _retire(self, made: set[str]) -> None:
        """Remove what an earlier call left here and this one does not replace; first of all what says it is whole."""
        before = self._said() or {}
        self.sidecar.unlink(missing_ok=True)
        for path in self.finals.values():
            if path.name in before.get("files", {}) and path.name not in made:
                path.unlink(missing_ok=True)

    def _said(self) -> dict | None:
        """The sidecar, if it is one of a job."""
        try:
            said = json.loads(self.sidecar.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) and said.get("made_by") == _MADE_BY else None

    def _check_kind(self) -> None:
        """A JSON file that is no sidecar, or one of other work, is not replaced."""
        if self.sidecar.exists() and (self._said() or {}).get("kind") != self._kind:
            raise InputError(
                f"An output must not replace a JSON file that is no record of a {self._kind}",
                received={"output": str(self.sidecar)},
                hint="Choose another output, or remove that file",
            )

    def _claim(self) -> None:
        """Make the folder, mark included, in one step; or find that there is one with our mark."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if self.folder.exists() or self.folder.is_symlink():
                if _read_mark(self.folder) is None and not self._mark_empty():
                    raise InputError(
                        f"{self.folder.name} must be a folder that runs make and remove; this one is not a run's",
                        received={"folder": str(self.folder)},
                        hint="Choose another output, or move that folder away",
                    )
                return
            fresh = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
            fresh.chmod(0o755)  # temporary folders are their maker's alone
            try:
                write_json(fresh / MARK, self._blank())
                fresh.rename(self.folder)
            except OSError:  # another run made it at this moment, or the disk is full
                shutil.rmtree(fresh, ignore_errors=True)
                if _read_mark(self.folder) is None:
                    raise
        except OSError as error:
            raise _unwritable(self.folder.parent, error) from None

    def _mark_empty(self) -> bool:
        """Take an empty folder, as a run that was killed while it ended leaves it; whether it was one."""
        if self.folder.is_symlink() or not self.folder.is_dir() or self._others({_LOCK}):
            return False
        with atomic(self.folder / MARK, self.folder) as temporary:
            write_json(temporary, self._blank())
        return True

    def _blank(self) -> dict:
        return {"made_by": _MADE_BY, "kind": self._kind, "identity_sha256": None}

    def _leave(self) -> None:
        """Remove the folder, unless there is something in it that is not ours."""
        if not self._others({MARK, _LOCK}):
            for name in (MARK, _LOCK):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

    def _others(self, known: set[str]) -> bool:
        return any(path.name not in known for path in self.folder.iterdir())


def _read_mark(folder: Path) -> dict | None:
    """What a job's folder says of itself; None for a folder that is none."""
    mark = folder / MARK
    try:
        if folder.is_symlink() or mark.is_symlink() or mark.stat().st_size > 1 << 16:
            return None
        said = json.loads(mark.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("made_by") == _MADE_BY else None


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
