"""What a run needs to go on where it was: every variable, the step, and what was logged. One file, written whole."""

import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from zoo.errors import InputError, IntegrityError
from zoo.files.atomic import atomic


@dataclass
class Progress:
    """Where a run is.

    Attributes:
        step: steps done.
        loss: sum of the losses of this epoch's windows so far.
        windows: how many those are.
        best: the best value of the monitored metric.
        best_epoch: its epoch, from 1; 0 for none yet.
        rows: what was logged, one row per epoch.
    """

    step: int = 0
    loss: float = 0.0
    windows: int = 0
    best: float = float("nan")
    best_epoch: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)


def save(path: Path, variables: Iterable, progress: Progress) -> None:
    """Write a checkpoint; an older one stays until the new one is complete.

    Raises `InputError` if the disk is full; the older one is then still there.
    """
    arrays = {f"v{number:05d}": keras.ops.convert_to_numpy(variable) for number, variable in enumerate(variables)}
    try:
        with atomic(path, path.parent) as temporary, open(temporary, "wb") as file:
            np.savez(file, progress=np.array(json.dumps(asdict(progress))), **arrays)
    except OSError as error:
        raise InputError(
            f"A checkpoint can be written ({os.strerror(error.errno) if error.errno else error}); the one before stays",
            received={"checkpoint": str(path)},
        ) from None


def restore(path: Path, variables: Iterable) -> Progress:
    """Read a checkpoint into variables and return its progress.

    Raises `IntegrityError` if it is damaged or of another network.
    """
    variables = list(variables)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            progress = Progress(**json.loads(str(arrays["progress"])))
            values = [arrays[name] for name in sorted(arrays.files) if name != "progress"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"A checkpoint can be read ({error})", where=path) from None
    shapes, expected = [value.shape for value in values], [tuple(variable.shape) for variable in variables]
    if shapes != expected:
        raise IntegrityError(
            "A checkpoint is of the network and the optimizer that it is read into",
            where=path,
            received={"variables": (len(shapes), len(expected))},
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress
