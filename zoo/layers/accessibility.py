"""Inputs and heads of networks from DNA to accessibility."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.linear import dense
from zoo.spec import BASES


def dna_input(window: int, multiple: int = 1, least: int = 1) -> keras.KerasTensor:
    """The input of a network that reads DNA alone: (batch, window, 4) float32, one-hot A, C, G, T.

    Args:
        window: length in bp.
        multiple: what the length has to be a multiple of.
        least: the shortest length that leaves something after all convolutions and pools.

    Raises:
        InputError: another length; the message lists valid ones.
    """
    least = -(-max(least, 1) // multiple) * multiple
    if window % multiple or window < least:
        raise InputError(
            f"The window of this network must be a multiple of {multiple} bp and at least {least:,} bp",
            example=max(2048 // multiple * multiple, least),
            received={"window": window},
        )
    return keras.Input((window, len(BASES)), name="window")


def flat_head(x, hidden: int, bins: int, tracks: int, dropout: float = 0.0):
    """(batch, features) → dense with ReLU, dropout, dense with softplus → (batch, bins, tracks)."""
    x = dense(x, hidden, "hidden", activation="relu")
    if dropout:
        x = layers.Dropout(dropout, name="hidden_dropout")(x)
    x = dense(x, bins * tracks, "signal", activation="softplus", dtype="float32")
    return layers.Reshape((bins, tracks), dtype="float32", name="accessibility")(x)


def position_head(x, tracks: int):
    """(batch, bins, channels) → dense with softplus → (batch, bins, tracks)."""
    return dense(x, tracks, "accessibility", activation="softplus", dtype="float32")


def network(name: str, inputs, accessibility, stem, mappability: bool) -> keras.Model:
    """The functional model of a network.

    Args:
        stem: (batch, positions, channels), what the mappability head reads.
        mappability: with that head, which predicts the mappability of each position, (batch, positions, 1) in 0 to 1.

    Returns:
        A model whose output is `accessibility`; with the head, a dictionary of `accessibility` and `mappability`.
    """
    if not mappability:
        return keras.Model(inputs, accessibility, name=name)
    head = dense(stem, 1, "mappability", activation="sigmoid", dtype="float32")
    return keras.Model(inputs, {"accessibility": accessibility, "mappability": head}, name=name)
