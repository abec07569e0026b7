"""Windows that a user gives as arrays."""

from collections.abc import Mapping

import numpy as np

from zoo.errors import InputError
from zoo.spec import CONTROLS, COVARIATES, WINDOW, InputSpec


def check_arrays(x: object, spec: InputSpec) -> dict[str, np.ndarray]:
    """What a network reads, by the names of its inputs, each float32 (n, …).

    Args:
        x: windows (n, window, channels), or a mapping of these as `window`, of `controls` (n, window, tracks), zeros if
            left out, and of `covariates` (n, …), which may be left out if they have defaults.

    Raises:
        InputError: a missing or an unknown input, or shapes and numbers that are not usable.
    """
    given = dict(x) if isinstance(x, Mapping) else {WINDOW: x}
    if unknown := sorted(set(map(str, given)) - set(spec.shapes)):
        raise InputError(
            f"Arrays must be given for the inputs of the network: {', '.join(spec.shapes)}",
            received={"unknown": unknown},
        )
    if WINDOW not in given:
        raise InputError("Windows must be given", example=f'{{"{WINDOW}": x}}', received={"given": sorted(given)})
    found = {WINDOW: check_windows(given[WINDOW], spec)}
    if CONTROLS in spec.shapes:
        found[CONTROLS] = _controls(given.get(CONTROLS), len(found[WINDOW]), spec)
    if COVARIATES in spec.shapes:
        found[COVARIATES] = _covariates(given.get(COVARIATES), len(found[WINDOW]), spec)
    return found


def check_windows(x: object, spec: InputSpec) -> np.ndarray:
    """`x` as float32 (n, window, channels). Raises `InputError` if its shape or its numbers are not usable."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise InputError("Windows must be an array, all of one length", received={"type": type(x).__name__}) from None
    if array.ndim != 3 or array.shape[1:] != (spec.window, spec.channels) or not len(array):
        tracks = ", ".join(track.name for track in spec.tracks)
        raise InputError(
            f"Windows must be an array (n, {spec.window}, {spec.channels}): one-hot A, C, G, T"
            + (f", then {'the ' if len(spec.tracks) == 1 else ''}{tracks}" if tracks else ""),
            example=f"(8, {spec.window}, {spec.channels})",
            received={"shape": array.shape},
        )
    if array.dtype.kind not in "fiub":
        raise InputError("Windows must be numbers", received={"dtype": array.dtype})
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise InputError(
            "Windows must be finite numbers: networks like maxATAC return a score of 1 in every bin for a single NaN",
            received={"first window with NaN": int(np.argmax(~np.isfinite(array).all(axis=(1, 2))))},
            hint="Replace NaN by the fill value of the signal",
        )
    return array


def _controls(value: object, count: int, spec: InputSpec) -> np.ndarray:
    """(n, window, controls) float32, or (n, bp that the network reads, controls)."""
    if value is None:
        return np.zeros((count, *spec.shapes[CONTROLS]), np.float32)
    try:
        array = np.asarray(value, np.float32)
    except (ValueError, TypeError, OverflowError):
        array = np.empty(0)
    lengths = [spec.window] if spec.control_bp is None else [spec.window, spec.control_bp]
    if array.shape not in [(count, length, len(spec.controls)) for length in lengths] or not _are_counts(array):
        raise InputError(
            f"Controls must be counts, 0 or more, (n, {' or '.join(map(str, lengths))}, {len(spec.controls)}): "
            + ", ".join(control.name for control in spec.controls),
            received={"shape": array.shape, "windows": count},
        )
    return array


def _are_counts(array: np.ndarray) -> bool:
    return bool(np.isfinite(array).all() and (array >= 0).all())


def _covariates(value: object, count: int, spec: InputSpec) -> np.ndarray:
    """(n, covariates) float32."""
    if value is None:
        if missing := [item.name for item in spec.covariates if item.default is None]:
            raise InputError("Covariates must be given", received={"missing": missing}, example='{"covariates": c}')
        return np.tile(np.array([item.default for item in spec.covariates], np.float32), (count, 1))
    try:
        array = np.asarray(value, np.float32)
    except (ValueError, TypeError, OverflowError):
        array = np.empty(0)
    if array.shape != (count, len(spec.covariates)) or not np.isfinite(array).all():
        raise InputError(
            f"Covariates must be finite numbers (n, {len(spec.covariates)}): "
            + ", ".join(item.name for item in spec.covariates),
            received={"shape": array.shape, "windows": count},
        )
    return array
