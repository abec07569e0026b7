"""Where workers find some work, that they see the same of it, and how they keep its parts."""

import hashlib
import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from zoo.environment import versions
from zoo.errors import InputError, IntegrityError, ZooError, ZooWarning
from zoo.files import process
from zoo.files.atomic import flush, paths_of, write_json
from zoo.files.partial import Partial, identity_of
from zoo.workers.running import run

REQUEST = "request.json"
_PACKAGES = ("machine", "chromatin-zoo", "keras", "tensorflow", "numpy", "backend")  # that numbers depend on
_STRETCHES, _BYTES = 16, 1 << 16  # of a file that workers read, to tell it from others
_APPEARS_S = 90  # in which every machine sees a new file: NFS looks for new ones once a minute at the latest
_LOOK_S = 0.2
_ONE = threading.Lock()  # readers and networks of a process are used by one of its threads at a time


class Named(Protocol):
    """A unit of work. Attributes: name: of its part."""

    name: str


Unit = TypeVar("Unit", bound=Named)


@dataclass(frozen=True)
class Place:
    """Where workers find some work.

    Attributes:
        request: a JSON file of what is computed, in the folder of the job, on a disk that every worker sees. It also
            has the digest of all that the numbers depend on, the digests of models and files, and versions.
        sha256: of that file.
    """

    request: str
    sha256: str

    @classmethod
    def of(cls, output: Partial, content: dict, networks: Mapping[str, str], inputs: Iterable[object]) -> "Place":
        """Write the request of a job at work.

        Args:
            output: the job.
            content: what is computed, plain JSON.
            networks: name of a model → digest.
            inputs: whatever is read, as for `zoo.files.atomic.paths_of`.
        """
        files = [path.absolute() for path in paths_of(*inputs) if path.is_file()]
        request = {
            "identity_sha256": identity_of(output.folder),
            "versions": _versions(),
            "networks": dict(networks),
            "files": {str(path): fingerprint(path) for path in dict.fromkeys(files)},
            "request": content,
        }
        path = output.part(REQUEST)
        temporary = output.part(f"{REQUEST}.tmp")
        write_json(temporary, request)
        flush(temporary)
        temporary.replace(path)
        return cls.at(path)

    @classmethod
    def at(cls, path: Path) -> "Place":
        """That of a request which was written."""
        return cls(str(path.absolute()), hashlib.sha256(path.read_bytes()).hexdigest())

    def part(self, name: str) -> Path:
        """Where a part is kept, as `Partial.part` has it."""
        return Path(self.request).with_name(f"part-{name}")

    def done_by(self, executor: Executor, function: Callable[[Unit], object], units: Iterable[Unit]) -> Iterator[Unit]:
        """Have workers make the parts of units; yields each whose part is there.

        Args:
            executor: of `concurrent.futures`.
            function: makes the part of a unit by `make`; with the units it can be pickled.
            units: in order.

        Raises:
            ZooError: as for `zoo.workers.running.run`; or a part that this machine does not see.
        """
        for unit in run(executor, function, units):
            self._await(unit.name)
            yield unit

    def make(self, name: str, compute: Callable[[], Callable[[Path], object]]) -> bool:
        """Make a part in a worker; returns whether it was not there.

        Args:
            name: of the part.
            compute: returns what writes it to a path.

        Raises:
            InputError: a worker that does not see the folder of the output.
            IntegrityError: the folder has other work by now.
            ZooError: a process that was forked from one that computed.
        """
        process.enter()
        with _ONE, _quiet():
            self._content()
            path = self.part(name)
            if path.is_file():
                return False
            write = compute()
            self._content()  # when it ends, the run that wanted it may be gone, and another one at work in its folder
            write(path)
            return True

    def read(self) -> dict:
        """What is computed, in a worker that sees the same files.

        Raises:
            IntegrityError: a file that is another one there.
        """
        content = self._content()
        for name, expected in content["files"].items():
            _check_file(Path(name), expected)
        return content["request"]

    def check(self, networks: Mapping[str, str]) -> None:
        """Raise `IntegrityError` unless a worker has the same packages and models.

        Args:
            networks: name of a model → digest, in the worker.
        """
        content, here = self._content(), _versions()
        wanted = content["versions"].items()
        if other := {name: f"{here[name]}, not {version}" for name, version in wanted if here[name] != version}:
            raise IntegrityError(
                "A worker must have the same packages as the process that began the work",
                received={"worker": os.uname().nodename, **other},
            )
        if different := [name for name, digest in content["networks"].items() if networks.get(name) != digest]:
            raise IntegrityError(
                "A worker must have the same models as the process that began the work",
                received={"worker": os.uname().nodename, "different": different[:5]},
            )

    def _content(self) -> dict:
        path = Path(self.request)
        if not path.is_file():
            raise InputError(
                "The folder of the output must be on a disk that every worker sees, and hold work that is not finished",
                received={"worker": os.uname().nodename, "folder": str(path.parent)},
                hint="Give an output on a shared folder",
            )
        if hashlib.sha256(content := path.read_bytes()).hexdigest() != self.sha256:
            raise IntegrityError("A worker must find the work that it was given in its folder", where=path)
        return json.loads(content)

    def _await(self, name: str) -> None:
        path, end = self.part(name), time.monotonic() + _APPEARS_S
        while not path.is_file():
            if time.monotonic() > end:
                raise ZooError(
                    "What a worker has written must appear in the folder of the output",
                    received={"file": str(path), "seconds": _APPEARS_S},
                    hint="Give an output on a folder that this machine and the workers share",
                )
            time.sleep(_LOOK_S)
            list(path.parent.iterdir())  # has a network's file system look again


def fingerprint(path: Path) -> str:
    """Digest of a file's size and of some stretches of it, which other files do not have; large files are not read."""
    size = path.stat().st_size
    hasher = hashlib.sha256(str(size).encode())
    with open(path, "rb") as file:
        for number in range(_STRETCHES):
            file.seek(max(size - _BYTES, 0) * number // (_STRETCHES - 1))
            hasher.update(file.read(_BYTES))
    return hasher.hexdigest()


def _versions() -> dict[str, str | None]:
    found = versions()
    return {name: found.get(name) for name in _PACKAGES}


def _check_file(path: Path, expected: str) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size is None or fingerprint(path) != expected:
        raise IntegrityError(
            "A worker must see the same files as the process that began the work",
            where=path,
            received={"worker": os.uname().nodename, "bytes": size},
            hint="It is another file there" if size is not None else "It is not there",
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that the process that began the work has shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        yield
