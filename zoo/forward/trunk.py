"""The first layers of windows that overlap, computed once for the stretch that they lie on.

A convolution with padding sees zeros beyond the ends of each window, so positions near these ends have values of their
own in every window; all others are those of the stretch. The former are carried along, window by window, until they
are so many that sharing does not pay; from there on windows are computed by themselves. Nothing here is written for one
network: it follows from the widths, dilations and pools of the layers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from keras import layers, ops

_COPY = 30  # multiplications that it costs to put a number of a window together


@dataclass(frozen=True)
class Lie:
    """How windows lie on a stretch, at some layer.

    Attributes:
        count: of windows.
        length: positions of a window.
        step: from one window to the next.
        edge: positions at each end of a window whose values are its own.
    """

    count: int
    length: int
    step: int
    edge: int = 0

    def after(self, layer: layers.Layer) -> "Lie | None":
        """The same after a layer; None if nothing could be shared through it."""
        if isinstance(layer, layers.Conv1D):
            edge = self.edge + reach(layer)
            return Lie(self.count, self.length, self.step, edge) if 2 * edge < self.length else None
        if isinstance(layer, layers.MaxPooling1D):
            size = layer.pool_size[0]
            if self.length % size or self.step % size:
                return None
            edge = -(-self.edge // size)
            return Lie(self.count, self.length // size, self.step // size, edge)
        return self

    def pieces(self, stretch, low: int, high: int):
        """Positions `low` to `high` of each window: of (1, positions, channels) (count, high - low, channels)."""
        places = np.arange(self.count)[:, None] * self.step + np.arange(low, high)
        return ops.take(stretch[0], places, axis=0)


def reach(layer: layers.Conv1D) -> int:
    """Positions to each side that a convolution reads."""
    return layer.dilation_rate[0] * (layer.kernel_size[0] - 1) // 2


def depth_of(chain: Sequence[layers.Layer], length: int, step: int) -> int:
    """How many layers to share so that least is computed; 0 for none.

    Args:
        chain: layers that are called one after the other.
        length: bp of a window.
        step: bp from one window to the next.
    """
    lie: Lie | None = Lie(1, length, step)
    saved, best, depth = 0.0, 0.0, 0
    for number, layer in enumerate(chain, start=1):
        if lie is None or not _shares(layer):
            break
        read, lie = lie, lie.after(layer)
        if lie is None:
            break
        if isinstance(layer, layers.Conv1D):
            products = int(np.prod(layer.kernel.shape))
            once = lie.step + 2 * (lie.edge + 2 * reach(layer))
            saved += products * (read.length - once)
        if isinstance(layer, layers.MaxPooling1D):  # after which least has to be put together
            gain = saved - _COPY * lie.length * _channels(chain[:number])
            if gain > best:
                best, depth = gain, number
    return depth


def _channels(chain: Sequence[layers.Layer]) -> int:
    return next(layer.filters for layer in reversed(chain) if isinstance(layer, layers.Conv1D))


def _shares(layer: layers.Layer) -> bool:
    """Whether the values of a layer depend on the positions around alone, and on zeros beyond the ends."""
    if isinstance(layer, layers.Conv1D):
        return (
            type(layer) is layers.Conv1D
            and layer.padding == "same"
            and layer.strides == (1,)
            and layer.kernel_size[0] % 2 == 1
            and layer.data_format == "channels_last"
        )
    if isinstance(layer, layers.MaxPooling1D):
        return layer.padding == "valid" and layer.strides == layer.pool_size and layer.data_format == "channels_last"
    return isinstance(layer, (layers.BatchNormalization, layers.Dropout))


def shared(chain: Sequence[layers.Layer], depth: int, lie: Lie) -> Callable:
    """A function of a stretch (1, bp, channels) → what the whole chain gives of each window, (count, …).

    Args:
        chain: layers that are called one after the other.
        depth: how many of them are shared.
        lie: how windows lie on the stretch.
    """

    def run(stretch):
        at, left, right = lie, None, None
        for layer in chain[:depth]:
            stretch, left, right, at = _shared_layer(layer, stretch, left, right, at)
        windows = _joined(left, at.pieces(stretch, at.edge, at.length - at.edge), right)
        for layer in chain[depth:]:
            windows = layer(windows)
        return windows

    return run


def _shared_layer(layer: layers.Layer, stretch, left, right, at: Lie) -> tuple:
    """A layer of the stretch, and of the ends of each window: these with as much beside them as they depend on."""
    then = at.after(layer)
    if isinstance(layer, layers.Conv1D):
        more = at.edge + 2 * reach(layer)
        left = layer(_joined(left, at.pieces(stretch, at.edge, more)))[:, : then.edge]
        right = layer(_joined(at.pieces(stretch, at.length - more, at.length - at.edge), right))[:, -then.edge :]
    elif left is not None:
        if isinstance(layer, layers.MaxPooling1D) and (more := then.edge * layer.pool_size[0]) > at.edge:
            left = _joined(left, at.pieces(stretch, at.edge, more))
            right = _joined(at.pieces(stretch, at.length - more, at.length - at.edge), right)
        left, right = layer(left), layer(right)
    return layer(stretch), left, right, then


def _joined(*parts):
    there = [part for part in parts if part is not None]
    return there[0] if len(there) == 1 else ops.concatenate(there, axis=1)
