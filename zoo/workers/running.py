"""Run units on an executor, some at a time; a unit is done when its file is there, whoever wrote it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from zoo.errors import ZooError

Unit = TypeVar("Unit")
_AHEAD = 256  # units that wait at the executor: enough for it to be busy, few to take back
_TRIES = 3  # of a unit whose worker was lost, while no other was finished
_LOST = (BrokenProcessPool, ConnectionError, TimeoutError, CancelledError)


class LostWorker(Exception):
    """Raised by an executor that has lost the worker of a unit; the unit is run again."""


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
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
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
    finally:
        for future in waiting:
            future.cancel()


def _submitted(executor: Executor, function: Callable[[Unit], object], unit: Unit) -> Future:
    try:
        return executor.submit(function, unit)
    except (RuntimeError, *_LOST) as error:  # RuntimeError: of an executor that was shut down
        raise _gone(unit, error) from None


def _lost(future: Future) -> BaseException | None:
    """Why a unit has to be run again; None if it is done. Raises what the unit itself raised."""
    try:
        future.result()
    except (LostWorker, *_LOST) as error:
        return error
    return None


def _gone(unit: object, error: BaseException) -> ZooError:
    return ZooError(
        "The executor must keep its workers until the work is done",
        received={"unit": unit, "error": f"{type(error).__name__}: {error}"},
        hint="What was finished is kept: the same call goes on from there",
    )
