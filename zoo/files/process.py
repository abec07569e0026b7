"""The process that networks compute in: one that was forked from it would wait for ever for its threads."""

import os

from zoo.errors import ZooError

_computing: int | None = None


def enter() -> None:
    """Mark this process as one that computes, before it does.

    Raises:
        ZooError: it was forked from one that computed already; the threads of TensorFlow and JAX are not copied.
    """
    global _computing
    if _computing is None:
        _computing = os.getpid()
    if _computing != os.getpid():
        raise ZooError(
            "A model must not compute in a process that was forked after another model was loaded: it would never end",
            received={"process": os.getpid(), "forked from": _computing},
            hint="Use the spawn method and load the model in each process: an executor is "
            'ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn"))',
        )
