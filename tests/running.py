"""Commands and recipes run in this process, as a shell would start them: without importing everything for each anew."""

import os
import runpy
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import registry
from zoo import cli


@dataclass(frozen=True)
class Done:
    """How a run ended, with the names of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run(words: Sequence[object], cwd: Path, capfd: pytest.CaptureFixture, **environment: str) -> Done:
    """Run `zoo …`, or `python SCRIPT …`, in a folder.

    Args:
        words: of the command line.
        cwd: the folder.
        capfd: pytest's.
        environment: variables that differ.
    """
    program, *arguments = map(str, words)
    capfd.readouterr()
    with _as_a_process_of_its_own(cwd, environment):
        status = cli.main(arguments) if program == "zoo" else _script(arguments)
    said = capfd.readouterr()
    return Done(status, said.out, said.err)


def _script(arguments: Sequence[str]) -> int:
    """Run a file as `python` does; returns its exit status."""
    path = Path(arguments[0]).resolve()
    sys.argv[:], sys.path[:] = [str(path), *arguments[1:]], [str(path.parent), *sys.path]
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0


@contextmanager
def _as_a_process_of_its_own(cwd: Path, environment: dict[str, str]) -> Iterator[None]:
    """Folder, environment, arguments and warnings of a new process; those of this one come back."""
    before = Path.cwd(), dict(os.environ), sys.argv[:], sys.path[:]
    os.chdir(cwd)
    os.environ.update(environment)
    registry.families.cache_clear()
    try:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.simplefilter("default")
            warnings.showwarning = _printed  # pytest keeps those of a test
            yield
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])
        sys.argv[:], sys.path[:] = before[2:]
        registry.families.cache_clear()


def _printed(message: Warning | str, category: type[Warning], filename: str, lineno: int, file=None, line=None) -> None:
    """As Python does by itself."""
    print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)
