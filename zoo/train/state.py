"""The state that a run resumes from: every variable, the step, and what was logged. One file, written whole."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from zoo.errors import InputError, IntegrityError
from zoo.files import npz
from zoo.files.atomic import atomic

_MOST_LOGGED = 64 << 20  # bytes of the log


@dataclass
class TrainingProgress:
    """Progress of a run.

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


def save(path: Path, variables: Iterable, progress: TrainingProgress) -> None:
    """Write a checkpoint; an older one stays until the new one is complete.

    Raises `InputError` if the disk is full; the older one is then still there.
    """
    arrays = {f"v{number:05d}": keras.ops.convert_to_numpy(variable) for number, variable in enumerate(variables)}
    try:
        with atomic(path, path.parent) as temporary, open(temporary, "wb") as file:
            np.savez(file, progress=np.array(json.dumps(asdict(progress))), **arrays)
    except OSError as error:
        message = os.strerror(error.errno) if error.errno else error
        raise InputError(
            f"A checkpoint must be writable ({message}); the one before stays", received={"checkpoint": str(path)}
        ) from None


def restore(path: Path, variables: Iterable) -> TrainingProgress:
    """Read a checkpoint into variables and return its progress.

    Raises `IntegrityError` if it is damaged or of another network.
    """
    variables = list(variables)
    size = sum(int(np.prod(variable.shape)) * 8 for variable in variables)
    arrays = npz.read(path, size + _MOST_LOGGED + 1024 * len(variables))
    progress = _progress_of(arrays, path)
    values = [arrays[name] for name in sorted(arrays)]
    shapes, expected = [value.shape for value in values], [tuple(variable.shape) for variable in variables]
    if shapes != expected:
        raise IntegrityError(
            "A checkpoint must be of the network and the optimizer that it is read into",
            where=path,
            received={"variables": (len(shapes), len(expected))},
            hint="Train into another folder",
        )
    if any(value.dtype.kind not in "fiub" for value in values):
        raise IntegrityError("A checkpoint must hold numbers", where=path, hint="Train into another folder")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress


def read(path: Path) -> TrainingProgress:
    """The progress of a checkpoint alone. Raises `IntegrityError` if it is damaged."""
    return _progress_of(npz.read(path, path.stat().st_size + _MOST_LOGGED), path)


def _progress_of(arrays: dict[str, np.ndarray], path: Path) -> TrainingProgress:
    """What a checkpoint's arrays say of it, which is taken out of them."""
    try:
        return _progress(json.loads(str(arrays.pop("progress"))))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(
            f"A checkpoint must say where its run is ({error})", where=path, hint="Train into another folder"
        ) from None


def _progress(values: dict) -> TrainingProgress:
    """Checked, as everything that comes from a file. Raises `TypeError` or `ValueError`."""
    progress = TrainingProgress(**values)
    whole = (progress.step, progress.windows, progress.best_epoch)
    if not all(type(value) is int and value >= 0 for value in whole) or not isinstance(progress.rows, list):
        raise ValueError("numbers that no run has")
    if progress.best_epoch > len(progress.rows) or not all(isinstance(row, dict) for row in progress.rows):
        raise ValueError("an epoch that was not logged")
    return progress
