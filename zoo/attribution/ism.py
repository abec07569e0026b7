"""Attributions by perturbation of a window: saturation mutagenesis and sliding occlusion."""

from collections.abc import Callable, Iterator

import numpy as np

from zoo.errors import InputError
from zoo.spec import BASES

Score = Callable[[np.ndarray], np.ndarray]  # windows (n, window, channels) → (n,) float64


def saturation_mutagenesis(score: Score, window: np.ndarray, batch_size: int) -> np.ndarray:
    """Effect of every single substitution on the target.

    Args:
        score: of many windows at once.
        window: (window, channels) float32, one-hot A, C, G, T and the signal if any.
        batch_size: windows at once.

    Returns:
        (window, 4) float32: target with that base there minus target of the window; 0 for the window's own base.
    """
    places, bases = np.nonzero(window[:, : len(BASES)] == 0)
    changes = np.zeros((len(window), len(BASES)), np.float32)
    before = score(window[None])[0]
    for some in _pieces(len(places), batch_size):
        mutated = np.repeat(window[None], len(places[some]), axis=0)
        rows = np.arange(len(mutated))
        mutated[rows, places[some], : len(BASES)] = 0
        mutated[rows, places[some], bases[some]] = 1
        changes[places[some], bases[some]] = score(mutated) - before
    return changes


def occlusion(
    score: Score, window: np.ndarray, channels: slice, fill: np.ndarray, width: int, batch_size: int
) -> np.ndarray:
    """Effect of sliding occlusion on the target.

    Args:
        channels: what is hidden: the bases or the signal.
        fill: (window, channels hidden) what stands there instead.
        width: of a stretch in bp; they begin at every position.
        batch_size: windows at once.

    Returns:
        (window,) float32: for each position the mean over the stretches that cover it of (target of the window - target
        without the stretch) / width.

    Raises:
        InputError: a width that does not fit into the window.
    """
    if not 1 <= width <= len(window):
        raise InputError(
            f"A stretch that is hidden must have 1 to {len(window)} bp", example=12, received={"width": width}
        )
    before, starts = score(window[None])[0], np.arange(len(window) - width + 1)
    drop = np.empty(len(starts))
    for some in _pieces(len(starts), batch_size):
        hidden = np.repeat(window[None], len(starts[some]), axis=0)
        for row, start in zip(hidden, starts[some], strict=True):
            row[start : start + width, channels] = fill[start : start + width]
        drop[some] = before - score(hidden)
    covering = np.convolve(np.ones(len(starts)), np.ones(width))
    return (np.convolve(drop / width, np.ones(width)) / covering).astype(np.float32)


def _pieces(count: int, size: int) -> Iterator[slice]:
    for first in range(0, count, size):
        yield slice(first, first + size)
