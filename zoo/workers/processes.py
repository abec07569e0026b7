"""Processes on this machine, with the cores shared between them."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from zoo.arguments import whole

_MOST = 1024
_LOOK_S = 1.0  # between looks for the process that began the work
_THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Processes(Executor):
    """A pool of processes that begins anew after it has lost one.

    Args:
        workers: how many; each has its part of this machine's cores.
    """

    def __init__(self, workers: int) -> None:
        self._workers = whole("workers", workers, 1, _MOST)
        self._pool = self._new()

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

    def _new(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # networks do not compute in a process that was forked
        threads = max((os.cpu_count() or 1) // self._workers, 1)
        return ProcessPoolExecutor(self._workers, context, initializer=_begin, initargs=(threads, os.getpid()))


def _begin(threads: int, parent: int) -> None:
    """Before the first unit of a process, and before anything heavy is imported there."""
    for name in _THREADS:
        os.environ.setdefault(name, str(threads))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process once the one that began it is gone: it would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
