"""Where the files of a long run go: one run at a time, parts that survive an interruption, finals when all is there."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.predict import writers

_NOTE = "run.json"
_WAIT_S = 0.2  # for a run that is just ending


class Workplace:
    """The final files `<base><suffix>`, and the folder `<base>.partial` meanwhile.

    A context: inside it, no other run writes to the same place.

    Args:
        base: the path without extension (the first suffix, or one of a bigWig, is taken off).
        suffixes: of the final files.
        parts: pattern of the files in the folder that another call can go on with.
        inputs: files that the run reads; none of them may be written over.

    Attributes:
        finals: the final files, in the order of the suffixes.
        partial: the folder.

    Raises:
        InputError: nothing can or may be written there.
    """

    def __init__(self, base: str | Path, suffixes: Sequence[str], parts: str, inputs: Iterable[Path] = ()) -> None:
        if not isinstance(base, (str, Path)) or not str(base) or "\0" in str(base) or str(base).endswith(("/", "..")):
            raise InputError("output is a path without extension", example="out/ctcf", received={"output": base})
        path, self._parts = Path(base).expanduser(), parts
        if path.suffix in (suffixes[0], ".bw", ".bigwig", ".bigWig"):
            path = path.with_suffix("")
        self.finals = [path.with_name(path.name + suffix) for suffix in suffixes]
        self.partial, self._lock = path.with_name(f"{path.name}.partial"), path.with_name(f".{path.name}.lock")
        try:
            for final in self.finals:
                writers.check_replaceable(final, inputs)
            self.partial.parent.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.partial.parent).close()
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise InputError(
                f"The output can be written ({said})", example="out/ctcf", received={"output": str(base)}
            ) from None

    def _check_partial(self) -> None:
        """A folder of that name that is not ours is not touched."""
        if self.partial.exists() and not (self.partial / _NOTE).is_file() and any(self.partial.iterdir()):
            raise InputError(
                f"{self.partial.name} is a folder that runs make and remove; this one holds something else",
                received={"folder": str(self.partial)},
            )

    def __enter__(self) -> "Workplace":
        from huggingface_hub.utils import WeakFileLock

        self._held = WeakFileLock(self._lock, timeout=_WAIT_S)
        try:
            self._held.__enter__()
        except TimeoutError:
            raise InputError(
                "One run at a time writes to an output", received={"output": str(self.finals[0])}
            ) from None
        try:
            self._check_partial()  # not before: a run that holds the lock is at work in that folder
            self.partial.mkdir(exist_ok=True)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if not any(self.partial.glob(self._parts)):  # nothing is finished that another call could go on with
            self.clear()
        self._release()

    def _release(self) -> None:
        self._lock.unlink(missing_ok=True)
        self._held.__exit__(None, None, None)

    def resume(self, identity: dict) -> None:
        """Keep what an interrupted run of the same identity finished; remove that of any other."""
        note, text = self.partial / _NOTE, json.dumps(identity, sort_keys=True).encode()
        if not note.is_file() or note.read_bytes() != text:
            self.clear()
            self.partial.mkdir(parents=True)
            with writers.atomic(note, self.partial) as temporary:
                temporary.write_bytes(text)

    def parts(self, total: int, size: int) -> tuple[dict[range, Path], dict[range, Path]]:
        """Where parts of `size` of `total` items are kept until all are there.

        Returns:
            Items → file: all parts, and those that are left to do.
        """
        ranges = (range(first, min(first + size, total)) for first in range(0, total, size))
        every = {items: self.partial / f"{items.start:09d}.npz" for items in ranges}
        return every, {items: path for items, path in every.items() if not path.is_file()}

    def clear(self) -> None:
        """Remove the folder of what is finished."""
        shutil.rmtree(self.partial, ignore_errors=True)
