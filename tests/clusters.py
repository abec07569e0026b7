"""A Dask scheduler and workers on this machine, as processes that a test can kill; and units of work for them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]
_START_S = 120


class Cluster:
    """A scheduler and its workers. A context.

    Args:
        folder: for its file.
        workers: how many, of one thread.

    Attributes:
        file: of the scheduler.
        scheduler: its process.
        workers: theirs.
    """

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.file, self._log = folder / "scheduler.json", folder / "cluster.log"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.workers = [self.add() for _ in range(workers)]

    def add(self) -> subprocess.Popen:
        """One more worker."""
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60")

    def _start(self, kind: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--scheduler-file", str(self.file), *options]
        with open(self._log, "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=self.file.parent)

    def __enter__(self) -> Self:
        end = time.monotonic() + _START_S
        while not self.file.is_file():
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """In which another process finds the project and its tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}


def alive(pid: int) -> bool:
    """Whether a process is there, and not a dead one that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(holds, seconds: float = 60) -> None:
    """Wait for something; fail if it does not come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def mark(unit: tuple[str, int]) -> None:
    """Leave a file with the process and its environment."""
    folder, number = unit
    shown = {"pid": os.getpid(), "threads": os.environ.get("TF_NUM_INTRAOP_THREADS")}
    Path(folder, f"{number}.json").write_text(json.dumps(shown), encoding="utf-8")


def mark_or_die(unit: tuple[str, int]) -> None:
    """The same, but the process of unit 5 is killed the first time, that of 13 always."""
    folder, number = unit
    died = Path(folder, f"died{number}")
    if number == 13 or (number == 5 and not died.exists()):
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    mark(unit)


def mark_and_wait(unit: tuple[str, int]) -> None:
    """The same, and wait for longer than any test."""
    mark(unit)
    time.sleep(600)
