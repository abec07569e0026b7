"""A network compiled to read a stretch of windows that overlap, as it is read from files.

One byte per base and one number per base and track cross to the device, once; windows, one-hot encoding, network and
views are one compiled function of a fixed shape.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from zoo.files import process
from zoo.forward import views
from zoo.forward.heads import heads_of
from zoo.forward.readouts import Selection
from zoo.forward.trunk import Lie, depth_of, shared
from zoo.spec import BASES, ModelSpec


def encode(codes, tracks: Sequence):
    """Codes (batch, bp) and tracks, each (batch, bp) → (batch, bp, channels) float32, one-hot A, C, G, T first."""
    x = ops.one_hot(codes, len(BASES), dtype="float32")  # code 4 is in no column: all zeros
    return ops.concatenate([x, *(ops.expand_dims(track, -1) for track in tracks)], axis=-1) if tracks else x


class Stretch:
    """A network for so many windows on a stretch.

    Args:
        network: with the inputs and the outputs of the spec.
        spec: what it reads and returns: a window and its tracks.
        chain: layers that give what the network gives, one after the other, if it is made so: then what windows have
            in common is computed once.
        chosen: the views to average.
        selection: what of the heads is returned.
        count: of windows.
        step: bp from one window to the next.
        call: gives what the network gives, in another way; by default the network itself.

    Attributes:
        length: bp of the stretch.
        count: of windows.
    """

    def __init__(
        self,
        network: keras.Model,
        spec: ModelSpec,
        chain: Sequence[keras.layers.Layer] | None,
        chosen: Sequence[str],
        selection: Selection,
        count: int,
        step: int,
        call: Callable[[object], object] | None = None,
    ) -> None:
        reads = spec.input
        self.count, self.length = count, reads.window + (count - 1) * step
        lie = Lie(count, reads.window, step)
        depth = 0 if chain is None else depth_of(chain, reads.window, step)
        run = shared(chain, depth, lie) if depth else _apart(network, call or network, lie)
        ask = heads_of(network, spec, lambda x: run(x[0] if isinstance(x, list) else x))
        codes = keras.Input(batch_shape=(1, self.length), dtype="uint8", name="codes")
        tracks = [keras.Input(batch_shape=(1, self.length), name=f"track_{i}") for i in range(len(reads.tracks))]

        def windows(seen, other: bool) -> dict[str, object]:
            """Heads of the windows, in the order of the stretch as it is read forward."""
            heads = ask(seen)
            return {name: ops.flip(head, axis=0) for name, head in heads.items()} if other else heads

        x = encode(codes, tracks)
        found = views.average(windows, x, chosen, spec.outputs, lambda heads: selection.read(heads, spec))
        self._model = keras.Model([codes, *tracks], found)
        self._model.compile(jit_compile=keras.backend.backend() != "tensorflow")

    def codes(self, *rows: np.ndarray) -> np.ndarray:
        """What `WindowReader.rows` reads of a stretch → (count, *shape) float32, of each window as `Forward.codes`.

        Args:
            rows: codes (length,) uint8, each track (length,) float32.
        """
        process.enter()
        return np.asarray(self._model.predict_on_batch([row[None] for row in rows]))


def _apart(network: keras.Model, call: Callable[[object], object], lie: Lie) -> Callable[[object], object]:
    """The same function where nothing is shared: each window by itself."""

    def run(stretch):
        windows = lie.pieces(stretch, 0, lie.length)
        return call([windows] if isinstance(network.input, (list, tuple)) else windows)

    return run
