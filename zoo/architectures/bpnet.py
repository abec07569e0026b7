"""BPNet (Avsec et al. 2021) as three programs have it: ChromBPNet and bpnet-lite (ReLU after each convolution),
kundajelab's bpnet (ReLU before it)."""

from collections.abc import Mapping

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.bpnet import PROFILE_SIZE, LogTotal, Middle, check_lengths, mean_features, middle, tower
from zoo.layers.optional import WithOptional
from zoo.spec import BASES, CONTROLS, WINDOW

_JOINS = ("features", "profile")


def build(
    window: int = 2114,
    output: int = 1000,
    filters: int = 64,
    dilated_layers: int = 8,
    tracks: int = 1,
    controls: int = 0,
    control_join: str = "features",
    activation_first: bool = False,
    padding: str = "valid",
    pooled: int | None = None,
    tiles: int = 1,
) -> keras.Model:
    """A convolution and residual dilated ones; from their features a profile, and from their mean the total counts.

    Args:
        window: length of the input in bp, an even number.
        output: bp in its middle that are predicted, an even number.
        filters: channels of each convolution.
        dilated_layers: how many; layer i, from 1, has the dilation 2 ** i.
        tracks: of the profile, such as the two strands.
        controls: tracks of a control experiment that are read beside the sequence.
        control_join: where they are joined: to the "features", before the profile's convolution (bpnet-lite), or to the
            "profile" by a 1 × 1 convolution after it (kundajelab's bpnet).
        activation_first: ReLU before each dilated convolution (kundajelab's bpnet), else after it.
        padding: of the convolutions before the profile's: "valid" or "same" (with zeros).
        pooled: the counts are of the mean of so many features in the middle; None for all of them.
        tiles: how many windows, `output` bp apart, are predicted at once from one of `window` + (tiles - 1) × `output`
            bp. The numbers are those of single windows.

    Returns:
        A model of `window` (batch, bp, 4), with controls also `controls` (batch, bp, controls) raw counts, which may be
        left out for zeros, → {"profile": (batch, output × tiles, tracks) logits, "counts": (batch, tiles) the natural
        logarithm of total counts}. With the defaults 109,122 parameters.
    """
    positions = check_lengths(window, output, dilated_layers, padding, pooled, tiles)
    if control_join not in _JOINS:
        raise InputError(
            f"Controls must be joined to one of {', '.join(_JOINS)}", received={"control_join": control_join}
        )
    if controls and control_join == "features" and padding == "valid" and pooled is None:
        raise InputError(
            "The bp of controls that are summed must be given where they are joined to the features",
            example={"pooled": output + PROFILE_SIZE - 1},
        )
    length, predicted = window + (tiles - 1) * output, tiles * output
    read = keras.Input((length, len(BASES)), name=WINDOW)
    features = tower(read, filters, dilated_layers, padding, activation_first)
    mean = mean_features(features, positions, output, tiles)
    inputs, control = read, None
    if controls:
        control = keras.Input((None, controls), name=CONTROLS)
        inputs = [read, control]
    if controls and control_join == "features":
        beside = Middle(features.shape[1], name="control_features")(control)
        features = layers.Concatenate(name="with_controls")([features, beside])
        total = LogTotal(positions, output, tiles, 1.0, name="control_total")(control)
        mean = layers.Concatenate(name="mean_with_controls")([mean, _columns(total, tiles)])
    profile = layers.Conv1D(tracks, PROFILE_SIZE, name="profile_convolution")(features)
    profile = middle(profile, predicted, "profile_middle")
    counts = layers.Dense(1, name="counts_dense")(mean)
    if controls and control_join == "profile":
        beside = Middle(predicted, name="control_profile")(control)
        profile = layers.Concatenate(name="with_controls")([profile, beside])
        profile = layers.Conv1D(tracks, 1, name="profile_with_controls")(profile)
        total = LogTotal(output, output, tiles, float(controls), name="control_total")(control)
        counts = layers.Concatenate(name="counts_and_total")([counts, _columns(total, tiles)])
        counts = layers.Dense(1, name="counts_with_controls")(counts)
    heads = {
        "profile": layers.Reshape((predicted, tracks), dtype="float32", name="profile")(profile),
        "counts": layers.Reshape((tiles,), dtype="float32", name="counts")(counts),
    }
    return (WithOptional if controls else keras.Model)(inputs, heads, name="bpnet")


def tiled(config: Mapping[str, object], tiles: int) -> dict[str, object] | None:
    """The arguments of the network that predicts so many windows at once; None for one that pads them with zeros."""
    alone = config.get("padding", "valid") == "valid" and config.get("tiles", 1) == 1
    return {**config, "tiles": tiles} if alone else None


def _columns(total, tiles: int):
    """(batch, tiles) → as the mean has it: (batch, 1), or (batch, tiles, 1)."""
    return total if tiles == 1 else layers.Reshape((tiles, 1), name="control_columns")(total)
