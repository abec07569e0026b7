"""Processes on this machine, with the cores shared between them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection

from zoo.arguments import whole

MOST = 1024
_LOOK_S = 1.0  # between looks for the process that began the work
_THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Processes(Executor):
    """A pool of processes that begins anew after it has lost one. A context: what ends it early ends them at once.

    Args:
        workers: how many; each has its part of this machine's cores.
    """

    def __init__(self, workers: int) -> None:
        self._workers = whole("workers", workers, 1, MOST)
        self._context = multiprocessing.get_context("spawn")  # networks do not compute in a process that was forked
        self._theirs, self._mine = self._context.Pipe(duplex=False)  # they end when this end is closed
        self._pool = self._new()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if kind is not None:  # Python prints an error of its own for futures that are cancelled when processes end
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._mine.close()
        self.shutdown()

    def submit(self, function: Callable, /, *args: object, **kwargs: object) -> Future:
        """As of any executor. Its future raises `BrokenProcessPool` if a process was lost meanwhile."""
        try:
            return self._pool.submit(function, *args, **kwargs)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._new()
            return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of any executor."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._mine.close()
        self._theirs.close()

    def _new(self) -> ProcessPoolExecutor:
        threads = max((os.cpu_count() or 1) // self._workers, 1)
        begin = (threads, os.getpid(), self._theirs)
        return ProcessPoolExecutor(self._workers, self._context, initializer=_begin, initargs=begin)


def _begin(threads: int, parent: int, open_end: Connection) -> None:
    """Before the first unit of a process, and before anything heavy is imported there."""
    for name in _THREADS:
        os.environ.setdefault(name, str(threads))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the process that began the work ends them
    threading.Thread(target=_end_with, args=(parent, open_end), daemon=True).start()


def _end_with(parent: int, open_end: Connection) -> None:
    """End this process once the one that began it is gone, or has no more work for it: it would wait for ever."""
    while os.getppid() == parent and not open_end.poll(_LOOK_S):
        pass
    os._exit(1)
