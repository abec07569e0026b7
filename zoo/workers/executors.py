"""From what a user names to an executor: processes here, a Dask scheduler, or any of `concurrent.futures`."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from zoo.arguments import refuse_together
from zoo.errors import InputError
from zoo.workers.dask import connected, watched
from zoo.workers.processes import Processes


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
    if executor is not None:
        refuse_together("An executor", {"workers": workers, "dask": dask})
        if not callable(getattr(executor, "submit", None)):
            raise InputError(
                "The executor must be one of concurrent.futures",
                example="ProcessPoolExecutor(4)",
                received={"executor": executor},
            )
        yield watched(executor)
    elif dask is not None:
        refuse_together("A Dask scheduler has its own workers and", {"workers": workers})
        with connected(dask) as client:
            yield client
    elif workers is not None:
        with Processes(workers) as pool:
            yield pool
    else:
        yield None
