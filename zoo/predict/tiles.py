"""Windows that lie side by side, several of them predicted at once from one longer window.

A network without padding computes the same features for the bases that two neighboring windows share; read as one
window they are computed once. The numbers are those of single windows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from zoo import architectures
from zoo.errors import ZooError
from zoo.forward.forward import Forward
from zoo.forward.heads import heads_of
from zoo.forward.stretch import Stretch
from zoo.inputs.reader import WindowReader
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan, Grid
from zoo.predict.predictor import Predictor
from zoo.spec import ModelSpec

Tiled = Callable[[int], Forward | None]  # windows at once → the network that predicts them, if there is one
SIZES = (16, 8, 4, 2)  # windows at once; more are hardly faster
_COMPILING = 2e11  # what a further network costs until it runs, in the cost of a network times windows
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Pass:
    """A network and the work that it does.

    Attributes:
        forward: the compiled network.
        grid: how its windows lie.
        tiles: windows that it predicts at once.
        batch_size: of its windows.
        stretch: the network for so many of its windows that follow one another, if there is one.
    """

    forward: Forward
    grid: Grid
    tiles: int
    batch_size: int
    stretch: Stretch | None = None

    def over(self, tiles: int, forward: Forward) -> "Pass":
        """The same work by a network that predicts so many of these windows at once."""
        grid, bins = self.grid, tiles * self.grid.bins
        window = grid.window + (tiles - 1) * grid.stride
        longer = replace(grid, window=window, stride=tiles * grid.stride, bins=bins)
        return Pass(forward, longer, tiles, max(self.batch_size // tiles, 1))


def tiled_by(model: Predictor, options: Options) -> Tiled:
    """The networks of a model for several windows, of what is predicted."""

    def forward(tiles: int) -> Forward | None:
        side_by_side = options.selection.readout.side_by_side and not options.is_shifted
        longer = model.tiled(tiles) if side_by_side else None
        return None if longer is None else options.forward(longer)

    return forward


def choose(single: Pass, plans: Sequence[ChromosomePlan], reader: WindowReader) -> int:
    """How many windows to predict at once so that most is saved; 1 where that would not pay for another network."""
    grid = single.grid
    side_by_side = grid.first == 0 and grid.bins * grid.bin_size == grid.stride < grid.window and not grid.overlap
    if not side_by_side or reader.covariates:
        return 1
    saved = {1: _COMPILING}
    for tiles in SIZES:
        if tiles <= single.batch_size:
            windows = tiles * sum(_windows(whole) for whole in (_whole(plan.runs, tiles) for plan in plans))
            read = (grid.window + (tiles - 1) * grid.stride) / (tiles * grid.window)
            saved[tiles] = windows * single.forward.cost * (1 - read)
    return max(saved, key=saved.get)


def passes_of(single: Pass, plans: Sequence[ChromosomePlan], reader: WindowReader, tiled: Tiled) -> tuple[Pass, ...]:
    """The networks that predict plans: if that pays one of several windows at once, and that of single windows."""
    tiles = choose(single, plans, reader)
    longer = tiled(tiles) if tiles > 1 else None
    return (single,) if longer is None else (single.over(tiles, longer), single)


def split(passes: Sequence[Pass], plans: Sequence[ChromosomePlan]) -> Iterator[tuple[Pass, list[ChromosomePlan]]]:
    """The work of each pass, the longest windows first: those that lie within runs whole, and beside them the rest.

    If there are longer windows, none shares a bin with another: no plan has windows of the piece before it.
    """
    if len(passes) == 1:
        yield passes[0], list(plans)
        return
    left = [replace(plan, first_window=0) for plan in plans]
    for each in passes:
        whole = [_whole(plan.runs, each.tiles) for plan in left]
        yield each, [replace(plan, runs=runs) for plan, runs in zip(left, whole, strict=True) if len(runs)]
        left = [
            replace(plan, runs=_beside(plan.runs, each.tiles * runs)) for plan, runs in zip(left, whole, strict=True)
        ]


def _whole(runs: np.ndarray, tiles: int) -> np.ndarray:
    """Runs of longer windows, each of `tiles` windows, that lie within runs. (n, 2) int64."""
    longer = np.stack([-(-runs[:, 0] // tiles), runs[:, 1] // tiles], axis=1)
    return longer[longer[:, 0] < longer[:, 1]]


def _beside(runs: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Runs without others that lie within them. (n, 2) int64."""
    edges = np.sort(np.concatenate([runs, without]).ravel(), kind="stable").reshape(-1, 2)
    return edges[edges[:, 0] < edges[:, 1]]


def _windows(runs: np.ndarray) -> int:
    return int((runs[:, 1] - runs[:, 0]).sum())


def tiled(spec: ModelSpec, network: keras.Model, tiles: int) -> tuple[ModelSpec, keras.Model] | None:
    """The spec and the network of a model that predicts so many windows at once, with fresh weights.

    Returns:
        None if the network cannot, or is not the one that its architecture says.
    """
    reaches = {head.bins * head.every for head in spec.outputs}
    config = architectures.tiled(spec.architecture.name, spec.architecture.config, tiles)
    if config is None or len(reaches) > 1 or any(head.bin_size != head.every for head in spec.outputs):
        return None
    if not _is_built_so(spec, network):
        return None
    more = (tiles - 1) * reaches.pop()
    reads = spec.input
    read = replace(
        reads,
        window=reads.window + more,
        control_bp=None if reads.control_bp is None else reads.control_bp + more,
    )
    longer = replace(
        spec,
        architecture=replace(spec.architecture, config=config),
        input=read,
        outputs=tuple(replace(head, bins=tiles * head.bins) for head in spec.outputs),
    )
    return longer, architectures.build(spec.architecture.name, **config)


def _is_built_so(spec: ModelSpec, network: keras.Model) -> bool:
    """Whether a network gives the numbers of that which the spec's architecture describes, with the same weights.

    One that was built otherwise, in memory, may predict all the same.
    """
    try:
        described = architectures.build(spec.architecture.name, **spec.architecture.config)
        heads = [heads_of(each, spec) for each in (network, described)]
    except ZooError:
        return False
    if [weight.shape for weight in described.weights] != [weight.shape for weight in network.weights]:
        return False
    described.set_weights(network.get_weights())
    random = np.random.default_rng(0)
    read = [random.random((1, *shape), np.float32) for shape in spec.input.shapes.values()]
    one, other = (keras.tree.map_structure(keras.ops.convert_to_numpy, ask(*read)) for ask in heads)
    return all(np.allclose(one[name], other[name], _TOLERANCE, _TOLERANCE) for name in one)
