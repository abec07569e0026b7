"""A network's outputs by the names of its spec's heads."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from zoo.errors import IntegrityError
from zoo.forward.readouts import Selection
from zoo.spec import COVARIATES, WINDOW, ModelSpec, OutputSpec

if TYPE_CHECKING:
    import keras


def heads_of(network: "keras.Model", spec: ModelSpec) -> Callable[..., dict[str, object]]:
    """A function of a window's tensor, and of the covariates' if there are some: name → head.

    A head is (batch, bins), or (batch, bins, tracks) if its tracks have names. A network of one output has one head,
    whatever its name; of several, outputs are found by name.

    Raises:
        IntegrityError: the network has other inputs or outputs than the spec promises.
    """
    check_shapes(network, spec)

    def ask(window, *covariates):
        given = _named(network, network(_arranged(network, window, *covariates)))
        return {head.name: _squeezed(_output(given, spec, head), head) for head in spec.outputs}

    return ask


def scores(network: "keras.Model", spec: ModelSpec, selection: Selection | None = None) -> "keras.Model":
    """What is predicted, as a model that shares the network's weights: (batch, window, channels) → (batch, bins).

    Args:
        selection: of head and tracks; by default the spec's own. Several tracks are (batch, bins, tracks).
    """
    selection = Selection.of(spec) if selection is None else selection
    given = _named(network, network.output)
    found = selection.read({head.name: _squeezed(_output(given, spec, head), head) for head in spec.outputs}, spec)
    if found is network.output:
        return network
    import keras

    return keras.Model(network.inputs, found, name=network.name)


def check_shapes(network: "keras.Model", spec: ModelSpec, where: object = None) -> None:
    """Raise `IntegrityError` unless a network has the inputs and the heads that its spec promises."""
    reads = {tensor.name: tuple(tensor.shape[1:]) for tensor in network.inputs}
    wanted = spec.input.shapes
    if len(reads) == 1 == len(wanted):
        reads = dict(zip(wanted, reads.values(), strict=True))
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


def _arranged(network: "keras.Model", window, *covariates) -> object:
    """Inputs as the network takes them: one tensor, a list, or a mapping."""
    if not covariates:
        return window
    by_name = {WINDOW: window, COVARIATES: covariates[0]}
    return by_name if isinstance(network.input, dict) else [by_name[tensor.name] for tensor in network.inputs]
