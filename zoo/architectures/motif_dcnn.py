"""Motifs of either strand, dilated residual convolutions, and cut rates that are summed as the measured track is.

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
    filters: int = 48,
    motif_size: int = 19,
    pool_size: int = 8,
    motif_dropout: float = 0.2,
    channels: int = 48,
    stem_kernel_size: int = 5,
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32),
    kernel_size: int = 3,
    dropout: float = 0.1,
    smoothing: int = 75,
    tracks: int = 1,
) -> keras.Model:
    """A scan for motifs with exponentials, maximum pooling, a convolution, dilated residual blocks, rates, logarithms.

    Args:
        window: length of the input in bp, a multiple of `pool_size`.
        bin_size: bp of a bin.
        filters: motifs.
        motif_size: their width in bp, an odd number.
        pool_size: bp of a pooled position, a multiple of `bin_size`.
        motif_dropout: rate after the pooling.
        channels: of the residual stream.
        stem_kernel_size: width of the convolution from motifs to it.
        dilations: of the blocks, each a convolution of `kernel_size`, normalization, ReLU and dropout, that is added.
        dropout: rate in the blocks.
        smoothing: bp on each side within which the track counts cut sites: rates of bins are averaged over as many.
        tracks: signals that are predicted.

    Returns:
        A model (batch, window, 4) → (batch, window / bin_size, tracks), ln(1 + track), at least 0. With the defaults
        57,505 trainable parameters.
    """
    if pool_size % bin_size:
        raise InputError(
            "Pooled positions must be a whole number of bins",
            example={"pool_size": 8, "bin_size": 4},
            received={"pool_size": pool_size, "bin_size": bin_size},
        )
    inputs = dna_input(window, pool_size)
    x = MotifScan(filters, motif_size, name="motifs")(inputs)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="motifs_norm")(x)
    x = layers.Activation("exponential", name="motifs_exponential")(x)
    x = layers.MaxPooling1D(pool_size, name="motifs_pool")(x)
    x = layers.Dropout(motif_dropout, name="motifs_dropout")(x)
    x = layers.Conv1D(channels, stem_kernel_size, padding="same", activation="relu", name="stem_conv")(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="stem_norm")(x)
    for number, dilation in enumerate(dilations, start=1):
        x = _block(x, kernel_size, dilation, dropout, f"block{number}")
    x = layers.Dense(tracks, activation="softplus", dtype="float32", name="rate")(x)
    x = layers.UpSampling1D(pool_size // bin_size, dtype="float32", name="bins")(x)
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
