"""Motifs of either strand, dilated residual convolutions, and cut rates averaged as the track counts cut sites.

The first convolution is shared between strands, wide, and followed by an exponential (Koo & Ploenzke 2021, Nat Mach
Intell 3: 258), which lets clear matches alone pass: few weights learn motifs from little data. The dilated blocks are
those of Basenji (Kelley et al. 2018) with batch normalization and ReLU after each convolution.
"""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.accessibility import dna_input
from zoo.layers.cut_rates import Log1p, RunningMean
from zoo.layers.motifs import MotifScan

_MOMENTUM = 0.95  # of batch normalizations: small data sets have a few hundred steps in an epoch


def build(
    window: int = 2048,
    bin_size: int = 4,
    motifs: int = 48,
    motif_width: int = 19,
    resolution: int = 4,
    motif_dropout: float = 0.2,
    filters: int = 48,
    stem_width: int = 5,
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64),
    kernel_size: int = 3,
    dropout: float = 0.1,
    smoothing: int = 75,
    tracks: int = 1,
) -> keras.Model:
    """A scan for motifs with exponentials, maximum pooling, a convolution, dilated residual blocks, rates, logarithms.

    Args:
        window: length of the input in bp, a multiple of `resolution`.
        bin_size: bp of a bin.
        motifs: how many.
        motif_width: bp of each, an odd number.
        resolution: bp of a position from the maximum pooling on, a multiple of `bin_size`.
        motif_dropout: rate after the pooling.
        filters: channels of the residual stream.
        stem_width: positions that the convolution from motifs to it reads.
        dilations: of the blocks, each a convolution of `kernel_size`, normalization, ReLU and dropout, that is added.
        dropout: rate in the blocks.
        smoothing: bp on each side within which the track counts cut sites: rates of bins are averaged over as many.
        tracks: signals that are predicted.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), ln(1 + track), at least 0. With the defaults
        64,513 trainable parameters.
    """
    if resolution % bin_size:
        raise InputError(
            "Pooled positions must be a whole number of bins",
            example={"resolution": 4, "bin_size": 4},
            received={"resolution": resolution, "bin_size": bin_size},
        )
    inputs = dna_input(window, resolution)
    x = MotifScan(motifs, motif_width, name="motifs")(inputs)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="motifs_norm")(x)
    x = layers.Activation("exponential", name="motifs_exponential")(x)
    x = layers.MaxPooling1D(resolution, name="motifs_pool")(x)
    x = layers.Dropout(motif_dropout, name="motifs_dropout")(x)
    x = layers.Conv1D(filters, stem_width, padding="same", activation="relu", name="stem_conv")(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="stem_norm")(x)
    for number, dilation in enumerate(dilations, start=1):
        x = _block(x, kernel_size, dilation, dropout, f"block{number}")
    x = layers.Dense(tracks, activation="softplus", dtype="float32", name="rate")(x)
    x = layers.UpSampling1D(resolution // bin_size, dtype="float32", name="bins")(x)
    x = RunningMean(2 * (smoothing // bin_size) + 1, dtype="float32", name="smoothed")(x)
    return keras.Model(inputs, Log1p(dtype="float32", name="accessibility")(x), name="motif_dcnn")


def _block(x, kernel_size: int, dilation: int, dropout: float, name: str):
    """A dilated convolution, normalization, ReLU and dropout, and `x` added."""
    y = layers.Conv1D(
        x.shape[-1], kernel_size, padding="same", dilation_rate=dilation, use_bias=False, name=f"{name}_conv"
    )(x)
    y = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(y)
    y = layers.ReLU(name=f"{name}_relu")(y)
    y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    return layers.Add(name=name)([x, y])
