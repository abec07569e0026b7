"""Networks that compute with 16-bit floats (bfloat16), for processors and GPUs that are faster with these."""

from pathlib import Path

import keras

from zoo.errors import InputError, warn

FLOAT32, BFLOAT16 = PRECISIONS = ("float32", "bfloat16")
_POLICY = "mixed_bfloat16"  # weights and sums of normalizations stay float32
_EXACT = (  # TensorFlow 2.21's kernels of these for some processors hang in half precision
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
_UNITS = ("avx512_bf16", "amx_bf16", "bf16")  # what Linux calls them, on x86 and Arm


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


def described(precision: str, difference: float, compared: int, what: str = "windows") -> dict[str, object]:
    """What a sidecar says of a precision below float32; nothing of float32.

    Args:
        difference: the largest from float32, of what is predicted.
        compared: of how many windows, or variants.
    """
    if precision == FLOAT32:
        return {}
    measured = {"name": precision, "largest difference from float32": difference}
    return {"precision": {**measured, f"{what} compared": compared}}


def tell_of_units() -> None:
    """Warn if this processor is not known to have units for bfloat16: it is slower then than float32."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return
    if not set(_UNITS) & set(known) and not _gpu():
        warn("This processor has no units for bfloat16: float32 is faster here")


def _gpu() -> bool:
    return keras.distribution.list_devices("gpu") != []
