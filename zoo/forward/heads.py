"""A network's outputs by the names of its spec's heads."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import IntegrityError
from zoo.forward.readouts import Selection
from zoo.spec import CONTROLS, WINDOW, ModelSpec, OutputSpec

if TYPE_CHECKING:
    import keras


def heads_of(
    network: "keras.Model", spec: ModelSpec, call: Callable[[object], object] | None = None
) -> Callable[..., dict[str, object]]:
    """A function of the tensors of a window, and of controls and covariates if there are some: name → head.

    A head is (batch, bins), or (batch, bins, tracks) if its tracks have names. A network of one output has one head,
    whatever its name; of several, outputs are found by name.

    Args:
        call: gives what the network gives, in another way; by default the network itself.

    Raises:
        IntegrityError: the network has other inputs or outputs than the spec promises.
    """
    check_shapes(network, spec)

    return lambda *tensors: outputs_of(network, spec, (call or network)(_arranged(network, spec, tensors)))


def outputs_of(network: "keras.Model", spec: ModelSpec, output: object) -> dict[str, object]:
    """What a network returned, as heads: name → (batch, bins), or (batch, bins, tracks) if its tracks have names."""
    given = _named(network, output)
    return {head.name: _squeezed(_output(given, spec, head), head) for head in spec.outputs}


def scores(network: "keras.Model", spec: ModelSpec, selection: Selection | None = None) -> "keras.Model":
    """What is predicted, as a model that shares the network's weights: (batch, window, channels), and covariates
    (batch, n) if the network reads some, → (batch, bins). Controls are zeros.

    Networks within the network are taken apart, so that each of their operations stands in the model's own graph.

    Args:
        selection: of head and tracks; by default the spec's own. Several tracks are (batch, bins, tracks).
    """
    selection = Selection.of(spec) if selection is None else selection
    import keras

    inputs, given = network.inputs, network.output
    if len(spec.input.shapes) > 1 or any(isinstance(layer, keras.Model) for layer in network.layers):
        from zoo.layers.constant import Constant

        read = {name: keras.Input(shape, name=name) for name, shape in spec.input.shapes.items() if name != CONTROLS}
        inputs = list(read.values())
        zeros = {CONTROLS: Constant(_none(spec), name=CONTROLS)(read[WINDOW])} if spec.input.controls else {}
        every = [(read | zeros)[name] for name in spec.input.shapes]
        given = _taken_apart(network, _arranged(network, spec, every))
    found = selection.read(outputs_of(network, spec, given), spec)
    return network if found is network.output else keras.Model(inputs, found, name=network.name)


def _taken_apart(network: "keras.Model", tensors: object) -> object:
    """The outputs of a functional network for some symbolic inputs, with the operations of networks within it.

    Layers of networks within it are copies by names of their own, with weights as they are now.
    """

    import keras

    def call(layer, *args, **kwargs):
        return _taken_apart(_renamed(layer), args[0]) if isinstance(layer, keras.Model) else layer(*args, **kwargs)

    # What `keras.models.clone_model` runs, which joins its result only to inputs of its own.
    return network._run_through_graph(tensors, operation_fn=lambda layer: layer, call_fn=call)


def _renamed(network: "keras.Model") -> "keras.Model":
    """A copy whose layers have the network's name before their own."""

    import keras

    def renamed(layer):
        if not isinstance(layer, keras.layers.Layer):
            return layer
        return type(layer).from_config({**layer.get_config(), "name": f"{network.name}_{layer.name}"})

    copy = keras.models.clone_model(network, clone_function=renamed)
    copy.set_weights(network.get_weights())
    return copy


def check_shapes(network: "keras.Model", spec: ModelSpec, where: object = None) -> None:
    """Raise `IntegrityError` unless a network has the inputs and the heads that its spec promises."""
    reads = {tensor.name: tuple(tensor.shape[1:]) for tensor in network.inputs}
    wanted = spec.input.shapes
    if len(reads) == 1 == len(wanted):
        reads = dict(zip(wanted, reads.values(), strict=True))
    if reads.get(CONTROLS, (0,))[0] is None:  # the network reads the middle of any length
        reads[CONTROLS] = (spec.input.window, *reads[CONTROLS][1:])
    given, found = _named(network, network.output), {}
    for head in spec.outputs:
        try:
            found[head.name] = tuple(_squeezed(_output(given, spec, head), head).shape[1:])
        except KeyError:
            found[head.name] = None
    promised = {head.name: head.shape for head in spec.outputs}
    if reads != wanted or found != promised:
        raise IntegrityError(
            "The network must have the shapes that its spec promises",
            where=spec.name if where is None else where,
            received={"spec": {**wanted, **promised}, "network": {**reads, **found}},
        )


def _named(network: "keras.Model", output: object) -> object:
    """Outputs of a network; several of a list by the names of the layers that give them."""
    if isinstance(output, (list, tuple)):
        return dict(zip(network.output_names, output, strict=True))
    return output


def _output(given: object, spec: ModelSpec, head: OutputSpec):
    """The tensor of a head among a network's outputs. Raises `KeyError` if there is none."""
    if isinstance(given, dict):
        return given[head.name]
    if len(spec.outputs) > 1:
        raise KeyError(head.name)
    return given


def _squeezed(tensor, head: OutputSpec):
    """Without an axis of one track that has no name."""
    if len(tensor.shape) == 3 and tensor.shape[-1] == 1 and not head.tracks:
        from keras import ops

        return ops.squeeze(tensor, axis=-1)
    return tensor


def _arranged(network: "keras.Model", spec: ModelSpec, tensors: Sequence[object]) -> object:
    """Inputs, in the order of the spec, as the network takes them: one tensor, a list, or a mapping."""
    if len(tensors) == 1:
        return [tensors[0]] if isinstance(network.input, (list, tuple)) else tensors[0]
    by_name = dict(zip(spec.input.shapes, tensors, strict=True))
    return by_name if isinstance(network.input, dict) else [by_name[tensor.name] for tensor in network.inputs]


def _none(spec: ModelSpec) -> np.ndarray:
    """Controls of one window that are zeros, (window, controls)."""
    return np.zeros(spec.input.shapes.get(CONTROLS, (0, 0)), np.float32)
