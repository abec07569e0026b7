"""The transformer of ASAP after ConvNeXt V2 blocks (Grover et al. 2026, Methods; constants as in the code)."""

import keras
from keras import layers

from zoo.layers.accessibility import dna_input, network, position_head
from zoo.layers.convnext import convnext_tower
from zoo.layers.gelu import gelu
from zoo.layers.linear import dense
from zoo.layers.rotary import RotarySelfAttention

PRESETS = {"paper": {"tower_kernel_size": 15}}


def build(
    window: int = 2048,
    bin_size: int = 4,
    channels: int = 256,
    stem_kernel_size: int = 15,
    expansion: float = 4,
    normalize_response: bool = True,
    tower_kernel_size: int = 7,
    tower_blocks: int = 4,
    encoder_layers: int = 4,
    encoder_expansion: float = 2,
    heads: int = 4,
    dropout: float = 0.1,
    rope: str = "input",
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """A ConvNeXt V2 block, maximum pooling to bins, more blocks, transformer layers, a dense layer.

    Args:
        window: length of the input in bp, a multiple of `bin_size`.
        bin_size: bp of a bin; what comes after the first block works on bins.
        channels: of everything.
        stem_kernel_size: width of the first block's convolution.
        expansion: width of the blocks' hidden layers, in channels.
        normalize_response: with global response normalization in the blocks after the first, which always has it.
        tower_kernel_size: width of the convolutions after the first block, of each channel by itself.
        tower_blocks: how many blocks follow the first.
        encoder_layers: transformer layers.
        encoder_expansion: width of their hidden layers, in channels.
        heads: of the attention.
        dropout: rate of the attention weights, after the attention, and in and after the dense layers.
        rope: "input" for the rotary encoding of the authors' code, "qk" for the textbook's (`RotarySelfAttention`).
        tracks: signals that are predicted.
        mappability: with a second output that reads the pooled first block's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 4,773,121
        parameters; the mappability head adds 257 and predicts 512 positions. Transformer layers begin with weights
        of their own, where the authors' begin as copies of one another.
    """
    inputs = dna_input(window, bin_size)
    stem, x = convnext_tower(
        inputs, bin_size, channels, stem_kernel_size, expansion, tower_blocks, tower_kernel_size, normalize_response
    )
    for layer in range(1, encoder_layers + 1):
        x = _encoder_layer(x, int(encoder_expansion * channels), heads, dropout, rope, f"encoder{layer}")
    return network("convnext_transformer", inputs, position_head(x, tracks), stem, mappability)


def _encoder_layer(x, hidden: int, heads: int, dropout: float, rope: str, name: str):
    """Attention and two dense layers, each after a layer normalization and added to what it read."""
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_attention_norm")(x)
    y = RotarySelfAttention(heads, dropout, rope, name=f"{name}_attention")(y)
    y = layers.Dropout(dropout, name=f"{name}_attention_dropout")(y)
    x = layers.Add(name=f"{name}_attention_sum")([x, y])
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_dense_norm")(x)
    y = dense(y, hidden, f"{name}_expand", activation=gelu)
    y = layers.Dropout(dropout, name=f"{name}_hidden_dropout")(y)
    y = dense(y, x.shape[-1], f"{name}_project")
    y = layers.Dropout(dropout, name=f"{name}_dense_dropout")(y)
    return layers.Add(name=name)([x, y])
