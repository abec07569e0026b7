"""Footprint scores (TOBIAS `scorebigwig`): cuts on the flanks of a depletion, over all their sizes.

score = (left + right) / (2 flank) - inner / width: mean of the positive values on both flanks, less the mean of the
negative ones between them. A base has the largest score of all footprints that cover it, at least 0.
"""

from collections.abc import Sequence

import numpy as np

FLANKS = range(10, 31)
"""bp of a flank."""
WIDTHS = range(20, 51)
"""bp of a footprint."""
MARGIN = FLANKS[-1]
"""bp on each side of a region that are read and not put out."""
_LARGEST = 2 * FLANKS[-1] + WIDTHS[-1]
_NONE = np.float32(-np.inf)


def scores(signals: Sequence[np.ndarray], short: bool = False) -> list[np.ndarray]:
    """Footprint scores of some regions.

    Args:
        signals: corrected cuts of each region and `MARGIN` bp on either side, (length + 60,) float32.
        short: whether even a small footprint must begin where the largest one would still fit (TOBIAS); the last 50 bp
            of a region then have too few of them.

    Returns:
        (length,) float32 of each.
    """
    if not signals:
        return []
    sizes = np.array([len(item) for item in signals])
    values = np.concatenate(signals)
    before = np.concatenate([np.arange(size) for size in sizes])  # bases of the region before each
    after = np.repeat(sizes, sizes) - before  # from each on
    positive, negative = _sums(np.maximum(values, 0), FLANKS), _sums(np.minimum(values, 0), WIDTHS)
    best = np.zeros(len(values), np.float32)
    for width in WIDTHS:
        top = np.full(len(values), _NONE)
        for flank in FLANKS:
            need = _LARGEST + 1 - flank if short else width + flank
            good = (before >= flank) & (after >= need)
            both = _moved(positive[flank], -flank) + _moved(positive[flank], width)
            np.maximum(top, (both / np.float64(2 * flank)).astype(np.float32), out=top, where=good)
        here = top - (negative[width] / np.float64(width)).astype(np.float32)
        np.maximum(best, _covering(here, width), out=best)
    parts = np.split(best, np.cumsum(sizes)[:-1])
    return [part[MARGIN:-MARGIN] for part in parts]


def _sums(values: np.ndarray, widths: range) -> dict[int, np.ndarray]:
    """Width → sums of as many values from each on, added from the left in 32 bit; those beyond the end are 0."""
    found, total = {}, np.zeros(len(values), np.float32)
    for width in range(1, widths[-1] + 1):
        total = total + _moved(values, width - 1)
        if width in widths:
            found[width] = total
    return found


def _moved(values: np.ndarray, by: int) -> np.ndarray:
    """The values `by` places further on, 0 beyond the ends."""
    found = np.zeros_like(values)
    if by >= 0:
        found[: max(len(values) - by, 0)] = values[by:]
    else:
        found[-by:] = values[:by]
    return found


def _covering(values: np.ndarray, width: int) -> np.ndarray:
    """Of each place the largest value of those up to `width` places before it, itself included."""
    found, reach = values.copy(), 1
    while reach < width:
        step = min(reach, width - reach)
        found[step:] = np.maximum(found[step:], found[:-step])
        reach += step
    return found
