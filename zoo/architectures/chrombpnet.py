"""ChromBPNet (Pampari et al. 2024): a BPNet of accessibility beside one of the enzyme's bias, and their sum."""

import keras
from keras import layers

from zoo.architectures import bpnet
from zoo.layers.bpnet import LogSum
from zoo.spec import BASES, WINDOW

tiled = bpnet.tiled


def build(
    window: int = 2114,
    output: int = 1000,
    filters: int = 512,
    dilated_layers: int = 8,
    bias_filters: int = 128,
    bias_layers: int = 4,
    padding: str = "valid",
    pooled: int | None = None,
    bias_pooled: int | None = None,
    tiles: int = 1,
) -> keras.Model:
    """Two BPNets that read the same sequence: logits are added, counts are added before the logarithm.

    Args:
        window: length of the input in bp, an even number.
        output: bp in its middle that are predicted, an even number.
        filters: channels of the accessibility network.
        dilated_layers: of the accessibility network.
        bias_filters: channels of the bias network.
        bias_layers: of the bias network.
        padding: as `zoo.architectures.bpnet.build` has it.
        pooled: the same, of the accessibility network.
        bias_pooled: the same, of the bias network.
        tiles: the same, of both.

    Returns:
        A model (batch, bp, 4) → {"profile": (batch, output × tiles, 1) logits, "counts": (batch, tiles) the natural
        logarithm of 1 + total counts} of the observed signal. Its layers `accessibility` and `bias` are models that
        return the same of the bias-corrected signal and of the bias. With the defaults 6,595,716 parameters.
    """
    shared = {"window": window, "output": output, "padding": padding, "tiles": tiles}
    parts = {
        "accessibility": {"filters": filters, "dilated_layers": dilated_layers, "pooled": pooled},
        "bias": {"filters": bias_filters, "dilated_layers": bias_layers, "pooled": bias_pooled},
    }
    read = keras.Input((window + (tiles - 1) * output, len(BASES)), name=WINDOW)
    heads = []
    for name, config in parts.items():
        part = bpnet.build(**shared, **config)
        part = keras.Model(part.input, part.output, name=name)
        heads.append(part(read))
    profile = layers.Add(dtype="float32", name="profile")([head["profile"] for head in heads])
    counts = LogSum(dtype="float32", name="counts")([head["counts"] for head in heads])
    return keras.Model(read, {"profile": profile, "counts": counts}, name="chrombpnet")
