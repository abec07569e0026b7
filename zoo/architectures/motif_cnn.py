"""A small network for few binding sites: two towers that know motifs in two ways, and are wrong about different bins.

One tower adds up: log-odds of given motifs, the best ones around, and the logarithm of accessibility at several
scales, with a small correction by a convolution of all of them. The other one learns motifs as the kernels of an
exponential activation (Koo & Ploenzke 2021, Nat Mach Intell 3: 258-266) at the resolution of a few bp. Both scan both
strands with the same kernels. The prediction is the mean of their logits; while training, each window is learned by one
of them (`zoo.layers.motifs.OneOf`).
"""

from collections.abc import Sequence

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.columns import Columns
from zoo.layers.motifs import Around, LogSignal, MotifScan, OneOf
from zoo.spec import BASES, WINDOW

GIVEN, LEARNED = "given_scan", "learned_scan"
"""The layers whose kernels are motifs: log-odds of given ones, and those that are learned."""

_RARE = -5.0  # logit of the share of bins that are bound, to begin with
_REACH = 112  # bp on each side within which the best place of a given motif counts
_CONTEXTS = (96, 224, 416, 992), (32, 128, 256)  # bp over which means of the signals are taken, of each tower
_KERNELS = 7, 3  # positions that the towers' convolutions read
_FINE = 4  # bp of a position of the second tower


def build(
    window: int = 512,
    tracks: int = 1,
    outputs: int = 1,
    given: int = 3,
    learned: int = 32,
    motif_width: int = 17,
    bin_size: int = 32,
    filters: int = 48,
    dropout: tuple[float, float] = (0.3, 0.1),
) -> keras.Model:
    """Two towers of motifs and signals.

    Args:
        window: length of the input in bp, a multiple of `bin_size`.
        tracks: signals beside DNA; 0 for none.
        outputs: factors.
        given: kernels of the first tower; training finds motifs for them (`zoo.genome.enriched`).
        learned: kernels of the second tower.
        motif_width: bp of a kernel, odd.
        bin_size: bp of a predicted bin, a multiple of 4.
        filters: of the towers' convolutions.
        dropout: rates of both towers, after each of their convolutions, and half of it before.

    Returns:
        A model (batch, window, 4 + tracks) float32 → (batch, window / bin_size) float32 in 0 to 1, of several factors
        (batch, window / bin_size, outputs).

    Raises:
        InputError: arguments that do not fit together.
    """
    _check(window, (given, learned), motif_width, bin_size, dropout)
    inputs = keras.Input((window, len(BASES) + tracks), name=WINDOW)
    dna = Columns(range(len(BASES)), name="dna")(inputs)
    signal = Columns(range(len(BASES), len(BASES) + tracks), name="signal")(inputs) if tracks else None

    x = MotifScan(given, motif_width, name=GIVEN)(dna)
    x = layers.MaxPooling1D(bin_size, name="given_pool")(x)
    around = Around(_REACH // bin_size, name="given_around")(x)
    x = _with_signals([x, around], signal, bin_size, _CONTEXTS[0], "given")
    x = layers.Dropout(dropout[0] / 2, name="given_features_dropout")(x)
    y = _convolution(x, filters, _KERNELS[0], dropout[0], "given_combine")
    y = _convolution(y, filters, 1, dropout[0], "given_correct")
    first = _logits(layers.Concatenate(name="given_joined")([x, y]), outputs, "given_logits")

    x = MotifScan(learned, motif_width, name=LEARNED)(dna)
    x = layers.BatchNormalization(momentum=0.9, name="learned_norm")(x)
    x = layers.Activation("exponential", name="learned_exponential")(x)
    x = layers.MaxPooling1D(_FINE, name="learned_pool")(x)
    x = _with_signals([x], signal, _FINE, _CONTEXTS[1], "learned")
    x = layers.Dropout(dropout[1] / 2, name="learned_features_dropout")(x)
    y = _convolution(x, filters, _KERNELS[1], dropout[1], "learned_combine")
    pooled = [
        layers.MaxPooling1D(bin_size // _FINE, name=f"learned_{what}_pool")(z)
        for what, z in {"features": x, "combine": y}.items()
    ]
    second = _logits(layers.Concatenate(name="learned_joined")(pooled), outputs, "learned_logits")

    y = OneOf(dtype="float32", name="logits")([first, second])
    y = layers.Activation("sigmoid", dtype="float32", name="binding")(y)
    return keras.Model(inputs, y if outputs > 1 else layers.Flatten(dtype="float32", name="bins")(y), name="motif_cnn")


def _with_signals(motifs: list, signal, resolution: int, contexts: Sequence[int], name: str):
    """Motifs beside the logarithms of the signals at each position, and of their means around it, normalized."""
    features = list(motifs)
    if signal is not None:
        pooled = layers.AveragePooling1D(resolution, name=f"{name}_signal")(signal)
        means = [pooled]
        for bp in contexts:
            positions = 2 * (bp // (2 * resolution)) + 1  # odd, so that both strands read the same
            mean = layers.AveragePooling1D(positions, 1, padding="same", name=f"{name}_signal_{bp}bp")
            means.append(mean(pooled))
        features += [LogSignal(name=f"{name}_log_{number}")(mean) for number, mean in enumerate(means)]
    x = layers.Concatenate(name=f"{name}_features")(features) if len(features) > 1 else features[0]
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_features_norm")(x)


def _convolution(x, filters: int, kernel_size: int, dropout: float, name: str):
    """A convolution with ReLU, and dropout."""
    x = layers.Conv1D(filters, kernel_size, padding="same", activation="relu", name=name)(x)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x)


def _logits(x, outputs: int, name: str):
    """A logit a factor."""
    rare = keras.initializers.Constant(_RARE)
    return layers.Conv1D(outputs, 1, bias_initializer=rare, dtype="float32", name=name)(x)


def _check(window: int, kernels: tuple[int, int], motif_width: int, bin_size: int, dropout: Sequence[float]) -> None:
    """Raise `InputError` for arguments that do not fit together."""
    if not bin_size or bin_size % _FINE or not window or window % bin_size:
        raise InputError(
            f"A bin must be a multiple of {_FINE} bp, and the window one of the bin",
            example={"window": 512, "bin_size": 32},
            received={"window": window, "bin_size": bin_size},
        )
    if not all(kernels):
        raise InputError(
            "Each tower must have at least one kernel",
            example={"given": 3, "learned": 32},
            received=dict(zip(("given", "learned"), kernels, strict=True)),
        )
    if not motif_width % 2:
        raise InputError("The width of a motif must be odd", example=17, received={"motif_width": motif_width})
    if len(dropout) != 2 or not all(0 <= rate < 1 for rate in dropout):
        raise InputError(
            "There must be a rate of dropout for each tower, of 0 or more and less than 1",
            example=(0.3, 0.1),
            received={"dropout": dropout},
        )
