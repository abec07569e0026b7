"""The xLSTM of ASAP after ConvNeXt V2 blocks (Grover et al. 2026, Methods; constants as in the authors' code)."""

import keras

from zoo.layers.accessibility import dna_input, network, position_head
from zoo.layers.convnext import convnext_tower
from zoo.layers.linear import dense
from zoo.layers.xlstm import HeadNormalization, mlstm_block, slstm_block

PRESETS = {"paper": {"hidden": 128}}


def build(
    window: int = 2048,
    bin_size: int = 4,
    channels: int = 128,
    stem_kernel_size: int = 15,
    expansion: float = 4,
    normalize_response: bool = True,
    tower_kernel_size: int = 7,
    tower_blocks: int = 4,
    core_blocks: int = 4,
    scalar_blocks: tuple[int, ...] = (1,),
    core_expansion: float = 2,
    core_kernel_size: int = 4,
    projection_size: int = 4,
    heads: int = 4,
    hidden: int | None = None,
    tracks: int = 1,
    mappability: bool = False,
) -> keras.Model:
    """A ConvNeXt V2 block, maximum pooling to bins, more blocks, xLSTM blocks that read from left to right, a head.

    Args:
        window: length of the input in bp, a multiple of `bin_size`.
        bin_size: bp of a bin; what comes after the first block works on bins.
        channels: of everything.
        stem_kernel_size: width of the first block's convolution.
        expansion: width of the ConvNeXt blocks' hidden layers, in channels.
        normalize_response: with global response normalization in the blocks after the first, which always has it.
        tower_kernel_size: width of the convolutions after the first block, of each channel by itself.
        tower_blocks: how many ConvNeXt blocks follow the first.
        core_blocks: xLSTM blocks.
        scalar_blocks: which of them (from 0) have the scalar memory; the others have the matrix memory.
        core_expansion: width of the scalar blocks' dense layers, in channels, rounded up to a multiple of 64.
        core_kernel_size: width of the causal convolutions.
        projection_size: channels that the matrix blocks' query, key and value projections mix.
        heads: of the memories.
        hidden: units of a dense layer with ReLU in front of the last one, or None to leave it out.
        tracks: signals that are predicted.
        mappability: with a second output that reads the pooled first block's features.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), at least 0. With the defaults 1,138,073
        parameters; the mappability head adds 129 and predicts 512 positions.
    """
    inputs = dna_input(window, bin_size)
    stem, x = convnext_tower(
        inputs, bin_size, channels, stem_kernel_size, expansion, tower_blocks, tower_kernel_size, normalize_response
    )
    for block in range(core_blocks):
        name = f"core{block + 1}"
        if block in scalar_blocks:
            width = -(-int(core_expansion * channels) // 64) * 64
            power = 0.3 + 1.3 * block / max(core_blocks - 1, 1)
            x = slstm_block(x, heads, core_kernel_size, width, power, core_blocks, name)
        else:
            x = mlstm_block(x, heads, 2.0, core_kernel_size, projection_size, core_blocks, name)
    if core_blocks:
        x = HeadNormalization(name="core_norm")(x)
    if hidden is not None:
        x = dense(x, hidden, "hidden", activation="relu")
    return network("xlstm", inputs, position_head(x, tracks), stem, mappability)
