"""Run units on an executor, some at a time; a unit is done when its file is there, whoever wrote it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from zoo.errors import ZooError

Unit = TypeVar("Unit")
_AHEAD = 256  # units that wait at the executor: enough for it to be busy, few to take back
_LOOK_S = 5.0  # between looks for the executor, while no unit ends
_TRIES = 3  # of a unit whose worker was lost, while no other was finished
_LOST = (BrokenProcessPool, ConnectionError, TimeoutError, CancelledError)
_CANNOT_READ = "Error during deserialization"  # Dask, of code that a worker does not have
_KILLED = "KilledWorker"  # what Dask calls it when it has lost several workers of a unit


class _Gone(Exception):
    """An executor that takes no more units. Attributes: told: the error for the user."""

    def __init__(self, told: ZooError) -> None:
        self.told = told


def run(executor: Executor, function: Callable[[Unit], object], units: Iterable[Unit]) -> Iterator[Unit]:
    """Run a function for each unit, elsewhere.

    Args:
        executor: of `concurrent.futures`, or one that acts like it.
        function: can be pickled; it writes what it makes to its place and returns nothing that is needed.
        units: can be pickled, too.

    Yields:
        Each unit that is done, in the order in which they end.

    Raises:
        ZooError: what a unit raised; or that the executor is gone, or lost the workers of a unit three times while no
            other was finished.
    """
    left, tries, waiting = iter(units), {}, {}
    try:
        while True:
            for unit in islice(left, _AHEAD - len(waiting)):
                waiting[_submitted(executor, function, unit)] = unit
            if not waiting:
                return
            done, _ = wait(waiting, _LOOK_S, FIRST_COMPLETED)
            if not done:
                _check(executor, next(iter(waiting.values())))
            for future in done:
                unit = waiting.pop(future)
                if (lost := _lost(future)) is None:
                    tries.clear()
                    yield unit
                    continue
                tries[unit] = tries.get(unit, 0) + 1
                if tries[unit] == _TRIES:
                    raise _gone(unit, lost) from None
                waiting[_submitted(executor, function, unit)] = unit
    except _Gone as error:
        waiting.clear()  # there is nobody to take them back from
        raise error.told from None
    finally:
        for future in waiting:
            future.cancel()


def _check(executor: Executor, unit: object) -> None:
    """Futures of an executor that has lost what it stands for may never end: one that has `check` says so by it."""
    try:
        getattr(executor, "check", lambda: None)()
    except ConnectionError as error:
        raise _Gone(_gone(unit, error)) from None


def _submitted(executor: Executor, function: Callable[[Unit], object], unit: Unit) -> Future:
    try:
        return executor.submit(function, unit)
    except Exception as error:  # of many types: of an executor that was shut down, or has lost what it stands for
        raise _Gone(_gone(unit, error)) from None


def _lost(future: Future) -> BaseException | None:
    """Why a unit has to be run again; None if it is done. Raises what the unit itself raised."""
    try:
        future.result()
    except _LOST as error:
        return error
    except ZooError:
        raise
    except Exception as error:
        if type(error).__name__ == _KILLED:
            return error
        if isinstance(error, ImportError) or _CANNOT_READ in str(error):
            raise _other_code(error) from None
        raise
    return None


def _other_code(error: Exception) -> ZooError:
    return ZooError(
        "Workers must have the same version of chromatin-zoo as the process that began the work",
        received={"error": f"{type(error).__name__}: {error}"},
        hint="Install it in the environment of the workers, too",
    )


def _gone(unit: object, error: BaseException) -> ZooError:
    return ZooError(
        "The executor must stay, with its workers, until the work is done",
        received={"unit": unit, "error": f"{type(error).__name__}: {error}"},
        hint="What was finished is kept: the same call goes on from there",
    )
