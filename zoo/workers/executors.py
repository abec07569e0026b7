"""From what a user names to an executor: processes here, a Dask scheduler, or any of `concurrent.futures`."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from zoo.arguments import refuse_together, whole
from zoo.errors import InputError
from zoo.workers.dask import connected, watched
from zoo.workers.processes import MOST, Processes


@contextmanager
def executor_of(
    executor: object = None, workers: int | None = None, dask: str | None = None
) -> Iterator[Executor | None]:
    """The executor of some work; None to work in this process.

    Args:
        executor: of `concurrent.futures`; it is the caller's, and stays open.
        workers: processes on this machine; they end with the work.
        dask: the address of a Dask scheduler (`tcp://HOST:8786`), or its file (`zoo.workers.dask`).

    Raises:
        InputError: two of these together, or something else; `MissingExtra` without the package `distributed`.
    """
    check(executor, workers, dask)
    if executor is not None:
        yield watched(executor)
    elif dask is not None:
        with connected(dask) as client:
            yield client
    elif workers is not None:
        with Processes(workers) as pool:
            yield pool
    else:
        yield None


def check(executor: object = None, workers: object = None, dask: object = None) -> None:
    """Raise `InputError` for two of these together, or anything else than `executor_of` takes."""
    if executor is not None:
        refuse_together("An executor", {"workers": workers, "dask": dask})
        if not callable(getattr(executor, "submit", None)):
            raise InputError(
                "The executor must be one of concurrent.futures",
                example="ProcessPoolExecutor(4)",
                received={"executor": executor},
            )
    if dask is not None:
        refuse_together("A Dask scheduler has its own workers and", {"workers": workers})
        if not isinstance(dask, (str, Path)) or not str(dask):
            raise InputError(
                "A Dask scheduler must be named by its address or file",
                example="tcp://10.0.0.1:8786",
                received={"dask": dask},
            )
    if workers is not None:
        whole("workers", workers, 1, MOST)
