"""maxATAC's own `variants`: one prediction for each window and variant in it, averaged with their neighbors.

A window with k variants is predicted k times with one of them, never with all together.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from zoo.forward.forward import Forward
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.spans import by_chromosome, merge, touches
from zoo.genome.vcf import Variant
from zoo.inputs.opening import Inputs
from zoo.predict.plan import Grid

STEP = 256  # bp, of its windows
_MERGED = 512  # bp between blocks that are one


def as_maxatac(
    variants: Sequence[Variant],
    blocks: Sequence[Interval],
    forward: Forward,
    grid: Grid,
    inputs: Inputs,
    step: int = STEP,
    batch_size: int = 256,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Predict as the original does.

    Args:
        variants: substitutions of a base, by the genome's names.
        blocks: where to predict, see `windows`.
        step: bp from one window to the next.

    Returns:
        Chromosome → starts (bins,) int64 and scores (bins,) float32.
    """
    places = windows(blocks, inputs.blacklist, grid.window, step)
    return averaged(places, *rows(variants, places, forward, grid, inputs, batch_size), grid)


def windows(
    blocks: Sequence[Interval], blacklist: Sequence[Interval], window: int, step: int = STEP
) -> list[tuple[str, int]]:
    """Chromosome and start of every window.

    Blocks that are at most 512 bp apart are one; one that touches the blacklist has none, nor has what is left of a
    block beyond its last whole window.
    """
    avoided, places = merge(blacklist), []
    for chrom, spans in merge([Interval(block.chrom, block.start, block.end + _MERGED) for block in blocks]).items():
        for start, end in spans.tolist():
            if not touches(avoided, chrom, start, end - _MERGED):
                places += [(chrom, first) for first in range(start, end - _MERGED - window + 1, step)]
    return places


def rows(
    variants: Sequence[Variant],
    places: Sequence[tuple[str, int]],
    forward: Forward,
    grid: Grid,
    inputs: Inputs,
    batch_size: int = 256,
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of windows, each as often as it holds variants, or once.

    Returns:
        (n,) int64, the number of the window, and (n, bins) float32.
    """
    numbers, scores, waiting = [], [], []
    for number, read in _read(variants, places, grid.window, inputs):
        numbers.append(number)
        waiting.append(read)
        if len(waiting) == batch_size:
            scores.append(forward.codes(*map(np.stack, zip(*waiting, strict=True))))
            waiting = []
    if waiting:
        scores.append(forward.codes(*map(np.stack, zip(*waiting, strict=True))))
    predicted = np.concatenate(scores)[:, grid.first : grid.first + grid.bins]
    return np.array(numbers, np.int64), predicted


def averaged(
    places: Sequence[tuple[str, int]], numbers: np.ndarray, scores: np.ndarray, grid: Grid
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean of all rows that predict a bin: chromosome → starts (bins,) int64 and scores (bins,) float32."""
    chroms = np.array([chrom for chrom, _ in places])[numbers]
    firsts = np.array([first for _, first in places], np.int64)[numbers] + grid.offset
    by_chrom = {}
    for chrom in dict.fromkeys(chrom for chrom, _ in places):
        here = chroms == chrom
        at = firsts[here, None] + grid.bin_size * np.arange(scores.shape[1])
        starts, which = np.unique(at, return_inverse=True)
        sums = np.bincount(which.ravel(), scores[here].astype(np.float64).ravel())
        by_chrom[chrom] = starts, (sums / np.bincount(which.ravel())).astype(np.float32)
    return by_chrom


def _read(
    variants: Sequence[Variant], places: Sequence[tuple[str, int]], window: int, inputs: Inputs
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """The number of a window, and its codes with one variant in them, and the signal if any."""
    by_chrom = by_chromosome(sorted(variants, key=lambda variant: variant.start))
    for number, (chrom, first) in enumerate(places):
        codes, *track = inputs.reader.rows(chrom, first, first + window)
        here = by_chrom.get(chrom, [])
        low, high = (bisect_left(here, place, key=lambda variant: variant.start) for place in (first, first + window))
        for variant in here[low:high]:
            changed = codes.copy()
            changed[variant.start - first] = encode(variant.alt)[0]
            yield number, [changed, *track]
        if low == high:
            yield number, [codes, *track]
