"""The last layer of a head of many tracks, computed for those alone that are asked for.

A network of 5,313 tracks gives 19 MB for each window, of which a user wants a few columns. Other heads are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
from keras import layers

from zoo.forward.readouts import Selection, of_head
from zoo.spec import ModelSpec, OutputSpec

_MANY = 64  # tracks of a head; of fewer nothing is saved
_ELEMENTWISE = ("linear", "softplus", "relu", "sigmoid", "tanh", "exponential", "gelu", "elu")


@dataclass(frozen=True, eq=False)
class Narrowed:
    """A network that shares all but its last layer with another one.

    Attributes:
        network: with one head, of some tracks.
        spec: what it reads and returns.
        selection: that of the user among these tracks.
    """

    network: keras.Model
    spec: ModelSpec
    selection: Selection
    _last: layers.Layer
    _made: layers.Layer
    _kept: tuple[int, ...]

    def refresh(self) -> None:
        """Take over the weights that the network has now."""
        self._made.set_weights([weight[..., list(self._kept)] for weight in self._last.get_weights()])


def narrowed(network: keras.Model, spec: ModelSpec, selection: Selection) -> Narrowed | None:
    """A network for the tracks that are chosen of a head of many; None where that saves nothing, or the head is not a
    matrix with an activation of each track by itself."""
    head = next((head for head in spec.outputs if head.name == selection.readout.name), None)
    if head is None or selection.tracks is None or len(head.tracks) < _MANY:
        return None
    kept = _kept(head, selection.tracks)
    tensor = network.output[head.name] if isinstance(network.output, dict) else network.outputs[0]
    if 2 * len(kept) > len(head.tracks) or (isinstance(network.output, list) and len(network.outputs) > 1):
        return None
    if (found := _last(tensor)) is None:
        return None
    last, *after = found
    config = last.get_config()
    units = {"filters" if isinstance(last, layers.Conv1D) else "units": len(kept), "name": f"{last.name}_of_tracks"}
    made = type(last).from_config({**config, **units})
    given = made(last.input)
    for layer in after:
        given = type(layer).from_config(layer.get_config())(given)
    narrow = _head_of(head, kept)
    of_tracks = replace(
        spec, outputs=(narrow,), prediction=replace(spec.prediction, readout=None, component=None), components=()
    )
    tracks = tuple(kept.index(place) for place in selection.tracks)
    chosen = replace(selection, readout=of_head(narrow), tracks=tracks)
    result = Narrowed(keras.Model(network.input, given, name=network.name), of_tracks, chosen, last, made, kept)
    result.refresh()
    return result


def _kept(head: OutputSpec, tracks: Sequence[int]) -> tuple[int, ...]:
    """The tracks that are computed: those that are chosen, and those that the other strand has in their stead."""
    partners = [head.swap[place] for place in tracks] if head.swap else []
    return tuple(sorted({*tracks, *partners}))


def _head_of(head: OutputSpec, kept: tuple[int, ...]) -> OutputSpec:
    swap = tuple(kept.index(head.swap[place]) for place in kept) if head.swap else ()
    table = None if head.table is None else head.table.taken(kept)
    return replace(head, tracks=tuple(head.tracks[place] for place in kept), swap=swap, table=table)


def _last(tensor) -> list[layers.Layer] | None:
    """The layer that gives the tracks of an output, and what is applied to each number after it; None for another."""
    after: list[layers.Layer] = []
    while True:
        layer = getattr(tensor, "_keras_history", (None,))[0]
        if not isinstance(layer, layers.Layer) or len(layer._inbound_nodes) != 1:
            return None
        if not _is_elementwise(layer):
            return None
        if isinstance(layer, (layers.Dense, layers.Conv1D)):
            return [layer, *after]
        after.insert(0, layer)
        tensor = layer.input


def _is_elementwise(layer: layers.Layer) -> bool:
    """Whether a layer treats each of the numbers that it gives by itself: a matrix and its activation, or one alone."""
    if type(layer) is layers.Conv1D and ((layer.kernel_size, layer.strides, layer.groups) != ((1,), (1,), 1)):
        return False
    if type(layer) not in (layers.Dense, layers.Conv1D, layers.Activation):
        return False
    return keras.activations.serialize(layer.activation) in _ELEMENTWISE
