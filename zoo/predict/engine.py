"""Windows → batches → network → means per bin.

Sequence and, for models that read one, signal are read in large blocks; a window is a strided view of a block until it
is copied into a batch as one byte per base and one number per base. One-hot encoding and views happen inside the
compiled function.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np

from zoo.errors import InputError
from zoo.files import process
from zoo.genome.encode import N
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.predict import views
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.stitch import Stitcher
from zoo.spec import BASES, InputSpec

_BLOCK = 1 << 20  # bp read at once
_GATHERED = 1 << 14  # windows that wait for a full batch while most are blank


class Forward:
    """A network compiled to read base codes and, if it takes one, a signal, over some views.

    Args:
        network: (batch, window, channels) → (batch, bins).
        spec: what the network reads.
        chosen: the views to average.

    Attributes:
        cost: of a window, about the multiplications of the network; the same on every machine.
    """

    def __init__(self, network: keras.Model, spec: InputSpec, chosen: tuple[str, ...]) -> None:
        process.enter()
        self._window, self._blank = spec.window, {}
        self._widest = max(math.prod(operation.output.shape[1:]) for operation in network.operations)
        self.cost = len(chosen) * _cost(network)
        inputs = [keras.Input((spec.window,), dtype="uint8", name="codes")]
        x = keras.ops.one_hot(inputs[0], len(BASES), dtype="float32")  # code 4 is in no column: all zeros
        if spec.signal is not None:
            inputs.append(keras.Input((spec.window,), name="signal"))
            x = keras.ops.concatenate([x, keras.ops.expand_dims(inputs[1], -1)], axis=-1)
        self._from_codes = _compiled(keras.Model(inputs, views.average(network, x, chosen)))
        encoded = keras.Input(network.input_shape[1:], name="window")
        self._from_array = _compiled(keras.Model(encoded, views.average(network, encoded, chosen)))

    def codes(self, *read: np.ndarray) -> np.ndarray:
        """Base codes (batch, window) uint8, and the signal (batch, window) float32 if any → (batch, bins) float32."""
        process.enter()
        return np.asarray(self._from_codes.predict_on_batch(list(read)))

    def blank(self, fill: float | None) -> np.ndarray:
        """The answer to a window without a base, with `fill` everywhere as signal if any, (bins,); computed once."""
        if fill not in self._blank:
            codes = np.full((1, self._window), N, np.uint8)
            track = [] if fill is None else [np.full(codes.shape, fill, np.float32)]
            self._blank[fill] = self.codes(codes, *track)[0]
        return self._blank[fill]

    def check_batch(self, batch_size: int) -> None:
        """Raise `InputError` if the widest two layers of so many windows are more than this machine's memory."""
        check_memory(batch_size, 8 * self._widest)

    def array(self, x: np.ndarray, batch_size: int) -> np.ndarray:
        """(n, window, channels) → (n, bins) float32."""
        process.enter()
        batches = [x[first : first + batch_size] for first in range(0, len(x), batch_size)]
        return np.concatenate([np.asarray(self._from_array.predict_on_batch(batch)) for batch in batches])


def _cost(network: keras.Model) -> int:
    """Parameters × positions of each layer; writing a number counts as 100, by measuring all networks of the zoo."""
    shapes = [(operation, operation.output.shape[1:]) for operation in network.operations]
    layers = sum(math.prod(shape[:-1]) * item.count_params() for item, shape in shapes if hasattr(item, "count_params"))
    return layers + 100 * sum(math.prod(shape) for _, shape in shapes)


def check_memory(batch_size: int, each: int) -> None:
    """Raise `InputError` if a batch of windows of `each` bytes is more than this machine's memory."""
    most = memory() // each
    if batch_size > most:
        raise InputError(
            "A batch must fit into the memory of this machine",
            received={"batch_size": batch_size},
            hint=f"Take at most {most:,} windows at once",
        )


def memory() -> int:
    """Bytes of this machine's memory; very much where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 1 << 50


def _compiled(model: keras.Model) -> keras.Model:
    # XLA would compile anew for every last, smaller batch and is no faster for these networks on TensorFlow's CPU.
    model.compile(jit_compile=keras.backend.backend() != "tensorflow")
    return model


def check_array(x: object, spec: InputSpec) -> np.ndarray:
    """`x` as float32 (n, window, channels). Raises `InputError` if its shape or its numbers are not usable."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise InputError("Windows must be an array, all of one length", received={"type": type(x).__name__}) from None
    if array.ndim != 3 or array.shape[1:] != (spec.window, spec.channels) or not len(array):
        raise InputError(
            f"Windows must be an array (n, {spec.window}, {spec.channels}): one-hot A, C, G, T"
            + (", then the signal" if spec.signal else ""),
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


def predict(
    forward: Forward,
    grid: Grid,
    plans: Sequence[ChromosomePlan],
    genome: Genome,
    signal: Signal | None,
    batch_size: int,
    advance: Callable[[int], object],
) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
    """Predict the windows of plans, or of pieces of them; a batch may hold windows of several.

    Args:
        advance: is told how many windows were done, those of the piece before left out.

    Yields:
        (plan, index of the first bin, scores as float32), plan by plan, in rising order; bins that are not kept are NaN
        or left out.
    """
    used, step = slice(grid.first, grid.first + grid.bins), grid.stride // grid.bin_size
    current, stitcher = 0, Stitcher(grid.bins, step)
    for batch in _batches(grid, plans, genome, signal, batch_size):
        scores = np.empty((len(batch.numbers), grid.bins), np.float32)
        if batch.blank.any():
            scores[batch.blank] = forward.blank(signal.fill if signal else None)[used]
        if len(batch.read[0]):
            scores[~batch.blank] = forward.codes(*batch.read)[:, used]
        for owner, rows in _by_owner(batch.owners):
            if owner != current:
                yield from _clipped(plans[current], stitcher.finish())
                current, stitcher = owner, Stitcher(grid.bins, step)
            numbers = batch.numbers[rows]
            yield from _clipped(plans[owner], stitcher.add(numbers * step, scores[rows]))
            advance(int((numbers >= plans[owner].first_window).sum()))
    yield from _clipped(plans[current], stitcher.finish())


def _clipped(
    plan: ChromosomePlan, pieces: Iterable[tuple[int, np.ndarray]]
) -> Iterator[tuple[ChromosomePlan, int, np.ndarray]]:
    for first, means in pieces:
        yield plan, *plan.clip(first, means)


def _by_owner(owners: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Stretches of one owner: (owner, rows)."""
    edges = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(owners)]
    return ((int(owners[first]), slice(first, stop)) for first, stop in pairwise(edges))


@dataclass(frozen=True)
class _Batch:
    """Windows in rising order.

    Attributes:
        owners: (n,) int64, which of the plans they are of.
        numbers: (n,) int64, their numbers on the grid.
        blank: (n,) bool, which of them have no base and no signal; all of these get one and the same answer.
        read: what the others read: codes (n - blank, window) uint8, and the signal float32 if any.
    """

    owners: np.ndarray
    numbers: np.ndarray
    blank: np.ndarray
    read: list[np.ndarray]


def _batches(
    grid: Grid, plans: Sequence[ChromosomePlan], genome: Genome, signal: Signal | None, batch_size: int
) -> Iterator[_Batch]:
    """Gather windows of all runs of the plans until `batch_size` are not blank; the last batch may be smaller."""
    dtypes = (np.uint8, np.float32) if signal else (np.uint8,)
    size = min(batch_size, sum(int((plan.runs[:, 1] - plan.runs[:, 0]).sum()) for plan in plans))
    buffers = [np.empty((size, grid.window), dtype) for dtype in dtypes]
    owners, numbers, blanks, filled, gathered = [], [], [], 0, 0

    def batch() -> _Batch:
        lists = (np.concatenate(rows) for rows in (owners, numbers, blanks))
        return _Batch(*lists, [buffer[:filled] for buffer in buffers])

    for owner, block_numbers, blank, block in _blocks(grid, plans, genome, signal):
        taken = 0
        while taken < len(block_numbers):
            ahead = np.flatnonzero(~blank[taken:]) + taken
            chosen = ahead[: size - filled]
            stop = int(ahead[len(chosen)]) if len(ahead) > len(chosen) else len(block_numbers)
            for buffer, windows in zip(buffers, block, strict=True):
                buffer[filled : filled + len(chosen)] = windows[chosen]
            owners.append(np.full(stop - taken, owner))
            numbers.append(block_numbers[taken:stop])
            blanks.append(blank[taken:stop])
            filled, gathered, taken = filled + len(chosen), gathered + stop - taken, stop
            if filled == size or gathered >= _GATHERED:
                yield batch()
                owners, numbers, blanks, filled, gathered = [], [], [], 0, 0
    if gathered:
        yield batch()


def _blocks(
    grid: Grid, plans: Sequence[ChromosomePlan], genome: Genome, signal: Signal | None
) -> Iterator[tuple[int, np.ndarray, np.ndarray, list[np.ndarray]]]:
    """Which plan, numbers of consecutive windows, which are blank, and views (n, window) of what they read."""
    most = max(_BLOCK // grid.stride, 1)
    for owner, plan in enumerate(plans):
        for run_first, run_last in plan.runs:
            for first in range(int(run_first), int(run_last), most):
                numbers = np.arange(first, min(first + most, int(run_last)))
                yield owner, numbers, *_block(grid, plan, numbers, genome, signal)


def _block(
    grid: Grid, plan: ChromosomePlan, numbers: np.ndarray, genome: Genome, signal: Signal | None
) -> tuple[np.ndarray, list[np.ndarray]]:
    start = int(numbers[0]) * grid.stride - grid.offset
    end = int(numbers[-1]) * grid.stride - grid.offset + grid.window
    rows = [genome.codes(plan.chrom, start, end)]
    told = rows[0] != N
    if signal is not None:
        rows.append(signal.values(plan.signal_chrom, start, end))
        told |= rows[1] != np.float32(signal.fill)
    sums = np.concatenate([[0], np.cumsum(told)])
    blank = (sums[grid.window :] == sums[: -grid.window])[:: grid.stride]
    return blank, [np.lib.stride_tricks.sliding_window_view(row, grid.window)[:: grid.stride] for row in rows]
