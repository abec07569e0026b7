"""A Dask cluster as an executor (https://distributed.dask.org)."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError, MissingExtra, ZooError

_WAIT_S = 10


@contextmanager
def connected(scheduler: str) -> Iterator[Executor]:
    """An executor of the workers of a scheduler.

    Args:
        scheduler: its address, such as `tcp://10.0.0.1:8786`, or the file that `dask scheduler --scheduler-file` wrote.

    Raises:
        InputError: no scheduler there.
        MissingExtra: the package distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra(
            "The package distributed must be installed for a Dask scheduler",
            example="pip install 'chromatin-zoo[dask]'",
        ) from None
    where = {"address": scheduler} if "://" in str(scheduler) else {"scheduler_file": str(_file(scheduler))}
    try:
        client = Client(**where, timeout=_WAIT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"A Dask scheduler must answer: {error or type(error).__name__}",
            received={"dask": scheduler},
            example="tcp://10.0.0.1:8786",
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise ZooError("A Dask scheduler must have a worker", received={"dask": scheduler})
        yield client.get_executor(pure=False)


def _file(scheduler: str) -> Path:
    path = user_path(scheduler, "dask")
    if not path.is_file():
        raise InputError(
            "The file of a Dask scheduler must exist", received={"dask": scheduler}, example="tcp://10.0.0.1:8786"
        )
    return path
