"""A Dask cluster as an executor (https://distributed.dask.org)."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager

from registry.paths import user_path
from zoo.errors import InputError, MissingExtra, ZooError, warn

_WAIT_S = 10  # for the scheduler, also for one that is lost, and for its first worker
_EXAMPLE = "tcp://10.0.0.1:8786"
_ADDRESS = re.compile(r"(?:tcp|tls)://[^\s/]+:\d+")
_RUNNING, _CLOSED = "running", "closed"  # status of a client; closed when it has given up
_LOG = "distributed.client"  # its logger


class Cluster(Executor):
    """The workers of a Dask client.

    Args:
        client: a `distributed.Client`; it stays open.
        executor: one that it gave.
    """

    def __init__(self, client, executor: Executor) -> None:
        self._client, self._executor = client, executor
        self._told = False

    def submit(self, function: Callable, /, *args: object, **kwargs: object) -> Future:
        """As of any executor; a unit that is submitted again is another one to the scheduler."""
        return self._executor.submit(function, *args, pure=False, **kwargs)

    def check(self) -> None:
        """Raise `ConnectionError` if the scheduler is gone: futures that it had would never end. Warn once if there is
        no worker now: more may come."""
        if self._client.status == _CLOSED:
            raise ConnectionError("the Dask scheduler is gone")
        if not self._told and not self._has_worker():
            self._told = True
            warn("The Dask scheduler has no worker at present; the work waits for one")

    def _has_worker(self) -> bool:
        try:
            return self._client.status != _RUNNING or bool(self._client.nthreads())
        except OSError:  # of a scheduler that is just being lost
            return True


def watched(executor: Executor) -> Executor:
    """The same executor; one that a Dask client gave as `Cluster`."""
    client = getattr(executor, "_client", None)
    of_dask = client is not None and type(executor).__module__.startswith("distributed.")
    return Cluster(client, executor) if of_dask else executor


@contextmanager
def connected(scheduler: str) -> Iterator[Executor]:
    """An executor of the workers of a scheduler.

    Args:
        scheduler: its address, such as `tcp://10.0.0.1:8786`, or the file that `dask scheduler --scheduler-file` wrote.

    Raises:
        InputError: no scheduler there.
        ZooError: a scheduler without workers.
        MissingExtra: the package distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra(
            "The package distributed must be installed for a Dask scheduler",
            extra="dask",
        ) from None
    address = _address(scheduler)
    with _quiet():
        try:
            client = Client(address, timeout=_WAIT_S, set_as_default=False)
        except Exception as error:  # by distributed of many types: of the address, its transport, the file
            raise InputError(
                f"A Dask scheduler must answer: {error or type(error).__name__}",
                received={"dask": str(scheduler)},
                example=_EXAMPLE,
            ) from None
        with client:
            _check_workers(client, scheduler)
            yield Cluster(client, client.get_executor())


def _check_workers(client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except TimeoutError:
        raise ZooError(
            "A Dask scheduler must have a worker",
            received={"dask": str(scheduler)},
            hint="Start workers (`dask worker`) first, or give executor=client.get_executor() in Python, which waits "
            "for those that come later",
        ) from None


def _address(scheduler: object) -> str:
    """What a user names, checked: a client of a place that is none would end after a long wait only."""
    if isinstance(scheduler, str) and "://" in scheduler:
        found = scheduler
    else:
        path = user_path(scheduler, "dask")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["address"]
        except OSError as error:
            raise _wrong(scheduler, f"the file of one must be readable: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise _wrong(scheduler, "this is not the file of one") from None
    if not isinstance(found, str) or not _ADDRESS.fullmatch(found):
        raise _wrong(scheduler, "an address is tcp://HOST:PORT or tls://HOST:PORT")
    return found


def _wrong(scheduler: object, why: str) -> InputError:
    return InputError(
        f"A Dask scheduler must be named by its address or its file; {why}",
        received={"dask": scheduler},
        example=_EXAMPLE,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what distributed logs where it loses a scheduler: our error says so."""
    logger = logging.getLogger(_LOG)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
