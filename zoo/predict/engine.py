"""Windows → batches → network → means per bin.

Sequence and signal are read in large blocks; a window is a strided view of a block until it is copied into a batch as
one byte per base and one number per base. One-hot encoding and views happen inside the compiled function.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from zoo.errors import InputError
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.predict import views
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.stitch import Stitcher
from zoo.spec import BASES, InputSpec

_BLOCK = 1 << 20  # bp read at once

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


class Forward:
    """A network compiled to read base codes and signal, over some views.

    Args:
        network: (batch, window, channels) → (batch, bins).
        spec: what the network reads.
        chosen: the views to average.
    """

    def __init__(self, network: keras.Model, spec: InputSpec, chosen: tuple[str, ...]) -> None:
        codes = keras.Input((spec.window,), dtype="uint8", name="codes")
        tracks = keras.Input((spec.window, spec.channels - len(BASES)), name="signal")
        one_hot = keras.ops.one_hot(codes, len(BASES), dtype="float32")  # code 4 is in no column: all zeros
        x = keras.ops.concatenate([one_hot, tracks], axis=-1)
        self._from_codes = _compiled(keras.Model([codes, tracks], views.average(network, x, chosen)))
        encoded = keras.Input(network.input_shape[1:], name="window")
        self._from_array = _compiled(keras.Model(encoded, views.average(network, encoded, chosen)))

    def codes(self, codes: np.ndarray, signal: np.ndarray) -> np.ndarray:
        """(batch, window) uint8 and (batch, window) float32 → (batch, bins) float32."""
        return np.asarray(self._from_codes.predict_on_batch([codes, signal[..., None]]))

    def array(self, x: np.ndarray, batch_size: int) -> np.ndarray:
        """(n, window, channels) → (n, bins) float32."""
        batches = [x[first : first + batch_size] for first in range(0, len(x), batch_size)]
        return np.concatenate([np.asarray(self._from_array.predict_on_batch(batch)) for batch in batches])


def _compiled(model: keras.Model) -> keras.Model:
    # XLA would compile anew for every last, smaller batch and is no faster for these networks on TensorFlow's CPU.
    model.compile(jit_compile=keras.backend.backend() != "tensorflow")
    return model


def check_array(x: object, spec: InputSpec) -> np.ndarray:
    """`x` as float32 (n, window, channels). Raises `InputError` if its shape or its numbers are not usable."""
    array = np.asarray(x)
    if array.ndim != 3 or array.shape[1:] != (spec.window, spec.channels) or not len(array):
        raise InputError(
            f"Windows are an array (n, {spec.window}, {spec.channels}): one-hot A, C, G, T"
            + (", then the signal" if spec.signal else ""),
            example=f"(8, {spec.window}, {spec.channels})",
            received={"shape": array.shape},
        )
    if array.dtype.kind not in "fiub":
        raise InputError("Windows are numbers", received={"dtype": array.dtype})
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise InputError(
            "Windows are finite numbers: replace NaN by the fill value, because networks like maxATAC answer a single "
            "NaN with a score of 1 in every bin",
            received={"first window with NaN": int(np.argmax(~np.isfinite(array).all(axis=(1, 2))))},
        )
    return array


def predict_chromosome(
    forward: Forward,
    grid: Grid,
    plan: ChromosomePlan,
    genome: Genome,
    signal: Signal,
    batch_size: int,
    advance: Callable[[int], object],
) -> Iterator[tuple[int, np.ndarray]]:
    """Predict the windows of a plan.

    Args:
        advance: is told how many windows were done.

    Yields:
        (index of the first bin, scores as float32), in rising order; bins that are not kept are NaN or left out.
    """
    stitcher = Stitcher(grid.bins, grid.stride // grid.bin_size)
    used = slice(grid.first, grid.first + grid.bins)
    for number, codes, tracks in _batches(grid, plan, genome, signal, batch_size):
        scores = forward.codes(codes, tracks)
        first_bins = number * (grid.stride // grid.bin_size)
        for first, means in stitcher.add(first_bins, scores[:, used]):
            yield first, plan.clip(first, means)
        advance(len(number))
    for first, means in stitcher.finish():
        yield first, plan.clip(first, means)


def _batches(grid: Grid, plan: ChromosomePlan, genome: Genome, signal: Signal, batch_size: int) -> Iterator[Batch]:
    """Full batches of window numbers, codes and signal across all runs of a plan; the last one may be smaller."""
    codes = np.empty((batch_size, grid.window), np.uint8)
    tracks = np.empty((batch_size, grid.window), np.float32)
    number = np.empty(batch_size, np.int64)
    filled = 0
    for numbers, block_codes, block_tracks in _blocks(grid, plan, genome, signal):
        taken = 0
        while taken < len(numbers):
            n = min(batch_size - filled, len(numbers) - taken)
            number[filled : filled + n] = numbers[taken : taken + n]
            codes[filled : filled + n] = block_codes[taken : taken + n]
            tracks[filled : filled + n] = block_tracks[taken : taken + n]
            filled, taken = filled + n, taken + n
            if filled == batch_size:
                yield number.copy(), codes, tracks
                filled = 0
    if filled:
        yield number[:filled].copy(), codes[:filled], tracks[:filled]


def _blocks(grid: Grid, plan: ChromosomePlan, genome: Genome, signal: Signal) -> Iterator[Batch]:
    """Window numbers of consecutive windows, and views (n, window) of the codes and the signal that they read."""
    most = max(_BLOCK // grid.stride, 1)
    for run_first, run_last in plan.runs:
        for first in range(int(run_first), int(run_last), most):
            numbers = np.arange(first, min(first + most, int(run_last)))
            start = first * grid.stride - grid.offset
            end = int(numbers[-1]) * grid.stride - grid.offset + grid.window
            codes = genome.codes(plan.chrom, start, end)
            track = signal.values(plan.signal_chrom, start, end)
            windows = [
                np.lib.stride_tricks.sliding_window_view(row, grid.window)[:: grid.stride] for row in (codes, track)
            ]
            yield numbers, *windows
