"""Children that end themselves at a chosen step of their work, so that a test needs no clock.

A step is a call of `step`, which stand-ins for networks make, and a file's renaming, once before and once after it.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_count = multiprocessing.Value("i", 0, lock=False)  # of the child that runs, in memory that its parent shares
_lock = threading.Lock()  # not one of the parent's, which a killed child would keep
_last: tuple[int, int] | None = None


def step() -> None:
    """Count a step; at the chosen one, send this process the chosen signal."""
    with _lock:
        _count.value += 1
        reached = _last is not None and _count.value == _last[0]
    if reached:
        os.kill(os.getpid(), _last[1])


def child(work: Callable, *arguments: object, at: int | None = None, by: int = signal.SIGKILL) -> tuple[int, int]:
    """Run in a child that sends itself the signal `by` at its step `at`; its status, and how many steps it made."""
    _count.value = 0
    pid = os.fork()
    if not pid:
        _live(work, arguments, None if at is None else (at, by))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), _count.value


def moments(total: int, count: int) -> list[int]:
    """`count` different steps, evenly spread over `total`."""
    assert total > count
    return [1 + (total - 1) * number // (count - 1) for number in range(count)]


def _live(work: Callable, arguments: tuple, last: tuple[int, int] | None) -> None:
    global _last
    _last = last
    signal.signal(signal.SIGINT, signal.default_int_handler)
    renamed = Path.replace

    def replace(path: Path, target: Path) -> Path:
        step()
        found = renamed(path, target)
        step()
        return found

    Path.replace = replace
    try:
        work(*arguments)
        os._exit(0)
    except KeyboardInterrupt:
        os._exit(130)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
