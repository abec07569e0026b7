"""How much predictions change when the window is moved (ASAP, its Methods: the variation score)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.slabs import Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome.encode import one_hot

SHIFTS = 17  # as published


@dataclass(frozen=True)
class Variation:
    """The variation score.

    Attributes:
        windows: number of places.
        score: mean coefficient of variation over bins and places.
        curve: by bin of the core, from its first base on.
    """

    windows: int
    score: float
    curve: tuple[float, ...]


def layout(window: int, step: int | None = None) -> Layout:
    """Slabs over which a window is moved by up to a quarter of its length: that is the core that all places predict.

    Args:
        window: bp that a model reads.
        step: bp from one slab to the next; by default the core's length.

    Raises:
        InputError: a step of less than 1.
    """
    core = window // 4
    if step is not None and step < 1:
        raise InputError("A step must be at least 1 bp", example=core, received={"step": step})
    return Layout(core, window // 2, step or core)


def variation(
    predict: Callable[[np.ndarray], np.ndarray],
    slabs: Slabs,
    window: int,
    batch_size: int = 4,
    report: Callable[[int], object] | None = None,
    shifts: int = SHIFTS,
) -> Variation:
    """Predict each core from windows that are moved by equal steps over their slab, and measure the variation.

    For every bin of the core the coefficient of variation is the standard deviation (of the population) over the mean
    of its predictions, as they are (for ASAP's models in the scale of ln(1 + track)). A core whose mean is 0 counts
    for nothing.

    Args:
        predict: (n, window, 4) one-hot → (n, bins), all bins of the window.
        slabs: of `layout(window)`.
        window: bp.
        batch_size: slabs at once; each is as many windows as there are shifts.
        report: called with the number of slabs that were done.
        shifts: places of a window on its slab; they are whole bins apart.

    Raises:
        InputError: slabs of another layout, or shifts that are not whole bins apart.
    """
    span, size = slabs.layout, slabs.bin_size
    if (span.core, span.margin) != (window // 4, window // 2):
        raise InputError(
            "Slabs must have a margin of half a window on each side of a quarter of it",
            example=layout(window),
            received={"layout": span, "window": window},
        )
    places = _places(span.slab - window, shifts, size)
    sums, counts = np.zeros(span.core // size), np.zeros(span.core // size, np.int64)
    scores = []
    for first in range(0, slabs.size, batch_size):
        rows = np.arange(first, min(first + batch_size, slabs.size))
        x = one_hot(slabs.read(rows, span.slab)[0])
        moved = np.concatenate([x[:, shift : shift + window] for shift in places])
        predictions = _aligned(
            np.asarray(predict(moved), np.float64), len(rows), (span.margin - places) // size, len(sums)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            each = predictions.std(axis=0) / predictions.mean(axis=0)
        known = np.isfinite(each)
        sums += np.where(known, each, 0).sum(axis=0)
        counts += known.sum(axis=0)
        scores += each.mean(axis=1).tolist()
        if report:
            report(len(rows))
    with np.errstate(invalid="ignore"):
        return Variation(slabs.size, float(np.nanmean(scores)), tuple((sums / counts).tolist()))


def _places(room: int, shifts: int, size: int) -> np.ndarray:
    """Where windows begin on their slab, in bp, from its first base to `room`. (shifts,) int64."""
    known = [count for count in range(2, room // size + 2) if room % ((count - 1) * size) == 0]
    if shifts not in known:
        raise InputError(
            f"Shifts must be whole bins of {size} bp apart",
            example=" or ".join(map(str, known)),
            received={"shifts": shifts},
        )
    return np.arange(shifts) * (room // (shifts - 1))


def _aligned(predicted: np.ndarray, count: int, firsts: Sequence[int], bins: int) -> np.ndarray:
    """(shifts · n, bins of a window) → (shifts, n, bins of the core)."""
    by_shift = predicted.reshape(len(firsts), count, -1)
    return np.stack([part[:, first : first + bins] for part, first in zip(by_shift, firsts, strict=True)])
