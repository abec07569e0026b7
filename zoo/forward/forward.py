"""A network compiled to read bases and tracks as they are read from files, or windows that a user gives."""

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np

from zoo.console.units import size
from zoo.errors import InputError
from zoo.files import process
from zoo.forward import folding, tails, views
from zoo.forward.heads import heads_of
from zoo.forward.lowering import lowered
from zoo.forward.members import opened
from zoo.forward.narrowing import narrowed
from zoo.forward.precision import BFLOAT16, FLOAT32
from zoo.forward.readouts import Selection
from zoo.forward.shifts import parted
from zoo.forward.stretch import Stretch, encode
from zoo.genome.encode import N
from zoo.spec import CONTROLS, COVARIATES, WINDOW, ModelSpec


class Forward:
    """A network compiled to read base codes, tracks and covariates, over some views.

    Of a head of many tracks only those are computed that are chosen (`zoo.forward.narrowing`).

    Of an ensemble its members are seen where their spread is asked for (`zoo.forward.members`): then what is returned
    are the numbers of which that is computed (`zoo.forward.spread`).

    Args:
        network: with the inputs and the outputs of the spec.
        spec: what it reads and returns.
        chosen: the views to average.
        selection: what of its heads is returned; by default the model's own.
        fold: whether normalizations are folded into convolutions (`zoo.forward.folding`), and linear tails multiplied
            out (`zoo.forward.tails`); the network stays as it is.
        precision: that it computes in, one of `zoo.forward.precision.PRECISIONS`.

    Attributes:
        cost: of a window, about the multiplications of the network; the same on every machine.
        shape: of a prediction: (bins,), or (bins, tracks) if several tracks are chosen, or (bins, numbers).
        precision: that it computes in.
    """

    def __init__(
        self,
        network: keras.Model,
        spec: ModelSpec,
        chosen: tuple[str, ...],
        selection: Selection | None = None,
        fold: bool = True,
        precision: str = FLOAT32,
    ) -> None:
        process.enter()
        selection = Selection.of(spec) if selection is None else selection
        self._narrow = narrowed(network, spec, selection)
        if self._narrow is not None:
            network, spec, selection = self._narrow.network, self._narrow.spec, self._narrow.selection
        if selection.readout.of_members:
            network, spec = opened(network, spec)
        self._spec, self._selection, self._blank, self._stretches = spec, selection, {}, {}
        self.precision = precision
        self._given, self._chosen = network, chosen
        self._network = network = lowered(network) if precision == BFLOAT16 else network
        chain = self._layers = folding.chain_of(network)
        self._folded, self._run = None, None
        if fold and chain is None and (graph := tails.graph_of(network)) is not None:
            self._folded, self._run = graph, graph.run
        elif fold and chain is not None:
            self._fold()
        self._widest = max(map(numbers, network.operations))
        self.cost = len(chosen) * _cost(network)
        reads = spec.input
        codes = keras.Input((reads.window,), dtype="uint8", name="codes")
        tracks = [keras.Input((reads.window,), name=f"track_{i}") for i in range(len(reads.tracks))]
        controls = [keras.Input((reads.window,), name=f"control_{i}") for i in range(len(reads.controls))]
        more = {COVARIATES: keras.Input((len(reads.covariates),), name=COVARIATES)} if reads.covariates else {}
        x = encode(codes, tracks)
        beside = {CONTROLS: keras.ops.stack(controls, axis=-1)} if controls else {}
        read = [codes, *tracks, *controls, *more.values()]
        self._from_codes = self._compiled(read, x, {**beside, **more}, heads_of(network, spec, self._run))
        encoded = keras.Input((reads.window, reads.channels), name=WINDOW)
        beside = {CONTROLS: keras.Input((None, len(controls)), name=CONTROLS)} if controls else {}
        read = [encoded, *beside.values(), *more.values()]
        self._from_array = self._compiled(read, encoded, {**beside, **more}, heads_of(network, spec, self._run))
        self.shape = tuple(self._from_array.output_shape[1:])

    def _compiled(self, inputs: list, x, more: dict[str, object], ask: Callable) -> keras.Model:
        turned = dict(more)
        if CONTROLS in more:
            turned[CONTROLS] = views.mirror(more[CONTROLS], self._spec.input.control_swap)
        prediction = views.average(
            lambda seen, other: ask(seen, *(turned if other else more).values()),
            x,
            self._chosen,
            self._spec.outputs,
            lambda heads: self._selection.read(heads, self._spec),
        )
        model = keras.Model(inputs, prediction)
        # XLA would compile anew for every last, smaller batch and is no faster for these networks on TensorFlow's CPU.
        model.compile(jit_compile=keras.backend.backend() != "tensorflow")
        return model

    def refresh(self) -> None:
        """Take over the weights that the network has now."""
        if self._narrow is not None:
            self._narrow.refresh()
        if self._network is not self._given:
            self._network.set_weights(self._given.get_weights())
        if self._folded is not None and self._folded.holds:
            self._folded.refresh()
        elif self._folded is not None:
            self._fold()
        self._blank = {}

    def _fold(self) -> None:
        """Fold the chain of layers with the weights of now; stretches are compiled anew."""
        self._folded, self._stretches = folding.folded(folding.chain_of(self._network)), {}
        self._layers = self._folded.layers

    @property
    def parts(self) -> tuple[keras.Model, ModelSpec, Selection]:
        """The network that it computes, before folding and in float32, what that reads and returns, and what of it is
        chosen: of a head of many tracks those alone that are asked for."""
        return self._given, self._spec, self._selection

    def along(self, count: int, step: int) -> Stretch | None:
        """The same for so many windows, `step` bp apart, on one stretch; None if windows have more than tracks, or are
        shifted, each by itself."""
        reads = self._spec.input
        if reads.covariates or reads.controls or any(parted(view)[1] for view in self._chosen):
            return None
        key = count, step
        if key not in self._stretches:
            how = self._layers, self._chosen, self._selection, count, step
            self._stretches[key] = Stretch(self._network, self._spec, *how, self._run)
        return self._stretches[key]

    def codes(self, *read: np.ndarray) -> np.ndarray:
        """What `WindowReader` reads of windows → (batch, *shape) float32.

        Args:
            read: codes (batch, window) uint8, each track and control (batch, window) float32, covariates (batch, n) if
                any.
        """
        process.enter()
        return _computed(self._from_codes, list(read))

    def blank(self, fills: Sequence[float], covariates: Sequence[float] = ()) -> np.ndarray:
        """The prediction of a window without a base whose tracks are the fill values, (*shape); computed once."""
        key = tuple(fills), tuple(covariates)
        if key not in self._blank:
            codes = np.full((1, self._spec.input.window), N, np.uint8)
            tracks = [np.full(codes.shape, fill, np.float32) for fill in fills]
            more = [np.array([covariates], np.float32)] if len(covariates) else []
            self._blank[key] = self.codes(codes, *tracks, *more)[0]
        return self._blank[key]

    def in_float32(self) -> "Forward":
        """The same of the network in float32."""
        return Forward(self._given, self._spec, self._chosen, self._selection)

    def difference(self, *read: np.ndarray) -> float:
        """The largest difference between what `codes` gives and what the network gives in float32."""
        return float(np.abs(self.codes(*read) - self.in_float32().codes(*read)).max())

    def check_batch(self, batch_size: int) -> None:
        """Raise `InputError` if the widest two layers of so many windows are more than this machine's memory."""
        check_memory(batch_size, 8 * self._widest)

    def array(self, x: np.ndarray | Mapping[str, np.ndarray], batch_size: int) -> np.ndarray:
        """Windows (n, window, channels), or a mapping of them, controls and covariates as `check_arrays` returns it.

        Returns:
            (n, *shape) float32.
        """
        process.enter()
        read = list(x.values()) if isinstance(x, Mapping) else [x]
        batches = [[part[first : first + batch_size] for part in read] for first in range(0, len(read[0]), batch_size)]
        return np.concatenate([_computed(self._from_array, batch) for batch in batches])


def _computed(network: keras.Model, read: Sequence[np.ndarray]) -> np.ndarray:
    """What a network returns for a batch.

    TensorFlow takes the functions that Keras makes, one for each network, for one function that is compiled again and
    again, and advises against that; many models in one process are what a zoo is for.
    """
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_no_advice)
    try:
        return np.asarray(network.predict_on_batch(read))
    finally:
        logger.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


def _cost(network: keras.Model) -> int:
    """Parameters × positions of each layer; writing a number counts as 100, by measuring all networks of the zoo."""
    total = 0
    for operation in network.operations:
        if isinstance(operation, keras.Model):
            total += _cost(operation)
            continue
        positions = _size(operation.output.shape[1:-1])
        total += 100 * numbers(operation)
        total += positions * operation.count_params() if hasattr(operation, "count_params") else 0
    return total


def numbers(operation: keras.Operation) -> int:
    """How many numbers an operation writes for one window."""
    return sum(_size(tensor.shape[1:]) for tensor in keras.tree.flatten(operation.output))


def _size(shape: Sequence[int | None]) -> int:
    """Numbers of a shape; an axis without a fixed length, which only controls have, counts as 1."""
    return math.prod(1 if size is None else size for size in shape)


def check_memory(batch_size: int, each: int) -> None:
    """Raise `InputError` if a batch of windows of `each` bytes is more than this machine's memory."""
    most = memory() // each
    if most < 1:
        raise InputError(
            "A window must fit into the memory of this machine",
            received={"needed, at least": size(each), "memory": size(memory())},
        )
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
