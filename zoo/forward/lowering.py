"""A network that computes with 16-bit floats (bfloat16), of one in float32."""

import keras

from zoo.errors import InputError
from zoo.forward.precision import BFLOAT16

_POLICY = "mixed_bfloat16"  # weights and sums of normalizations stay float32
_EXACT = (  # TensorFlow 2.21's kernels of these for some processors hang in half precision
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)


def lowered(network: keras.Model) -> keras.Model:
    """A copy of a network that computes in bfloat16, but for the layers that give its outputs.

    Raises:
        InputError: a network that cannot, with what Keras says.
    """
    kept = _last(network)

    def clone(layer):
        if not isinstance(layer, keras.layers.Layer):
            return layer
        config = layer.get_config()
        exact = layer.name in kept or isinstance(layer, _EXACT)
        return type(layer).from_config(config if exact else {**config, "dtype": _POLICY})

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(_POLICY)  # of layers that layers make
        copy = keras.models.clone_model(network, clone_function=clone, recursive=True)
        copy.set_weights(network.get_weights())
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The precision must be float32 for this network: {str(error).splitlines()[0]}",
            received={"network": network.name, "precision": BFLOAT16},
        ) from None
    finally:
        keras.config.set_dtype_policy(before)
    return copy


def _last(network: keras.Model) -> set[str]:
    """Names of the layers that give the outputs: back to the last one with weights, whose numbers count as they are."""
    givers = {}
    for layer in network.layers:
        for tensor in keras.tree.flatten(layer.output):
            givers[id(tensor)] = layer
    kept: set[str] = set()
    waiting = [givers.get(id(tensor)) for tensor in keras.tree.flatten(network.output)]
    while waiting:
        layer = waiting.pop()
        if layer is None or layer.name in kept:
            continue
        kept.add(layer.name)
        kept |= _last(layer) if isinstance(layer, keras.Model) else set()
        if not layer.weights:
            waiting += [givers.get(id(tensor)) for tensor in keras.tree.flatten(layer.input)]
    return kept
