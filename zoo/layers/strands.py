"""Both strands inside a network, which reads one window: the layers of its tower are shared."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError
from zoo.spec import BASES, COVARIATES, WINDOW

MERGES = ("average", "maximum")


@keras.saving.register_keras_serializable("zoo")
class OtherStrand(layers.Layer):
    """A window as the other strand reads it: A and T, C and G exchanged, all columns from the last position to the
    first.

    (batch, positions, 4 + tracks) → the same shape. Soft bases are exchanged like others.

    Args:
        swap: for each track the place of that which the other strand reads in its stead; empty if each stays.
    """

    is_linear = True
    weights_decay = False

    def __init__(self, swap: Sequence[int] = (), **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.swap = tuple(swap)

    def call(self, x):
        """Exchange and reverse."""
        tracks = np.array(self.swap or range(x.shape[-1] - len(BASES)), int) + len(BASES)
        order = np.concatenate([np.arange(len(BASES))[::-1], tracks])
        return ops.flip(ops.take(x, order, axis=-1), axis=1)

    def compute_output_shape(self, shape):
        """That of the window."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "swap": self.swap}


@keras.saving.register_keras_serializable("zoo")
class WithReversed(layers.Layer):
    """A window with its tracks once more, each from the last position to the first.

    (batch, positions, 4 + tracks) → (batch, positions, 4 + 2 × tracks).
    """

    is_linear = True
    weights_decay = False

    def call(self, x):
        """Add the columns."""
        return ops.concatenate([x, ops.flip(x[..., len(BASES) :], axis=1)], axis=-1)

    def compute_output_shape(self, shape):
        """(batch, positions, 4 + 2 × tracks)."""
        return (*shape[:-1], 2 * shape[-1] - len(BASES))


def inputs_of(window: int, tracks: int, covariates: int, swap: Sequence[int] = ()) -> tuple[object, list]:
    """The inputs of a network, and its window as both strands read it.

    Args:
        window: length in bp.
        tracks: beside DNA.
        covariates: length of the vector; 0 for none.
        swap: as `OtherStrand` has it.

    Returns:
        `window` or [`window`, `covariates`]; [forward, reverse], each (batch, window, 4 + tracks).
    """
    if swap and (sorted(swap) != list(range(tracks)) or any(swap[other] != place for place, other in enumerate(swap))):
        raise InputError(
            "The swap of tracks must be a permutation that undoes itself",
            example=(1, 0),
            received={"swap": swap, "tracks": tracks},
        )
    read = keras.Input((window, len(BASES) + tracks), name=WINDOW)
    given = [read, keras.Input((covariates,), name=COVARIATES)] if covariates else read
    return given, [read, OtherStrand(swap, name="other_strand")(read)]


def on_both(strands: Sequence[object], *steps: Callable) -> list:
    """What shared layers, one after the other, make of each strand."""
    made = []
    for x in strands:
        for step in steps:
            x = step(x)
        made.append(x)
    return made


def merged(strands: Sequence[object], merge: str):
    """The average or the maximum of both strands' probabilities, in float32."""
    if merge not in MERGES:
        raise InputError(f"Strands must be merged by one of {', '.join(MERGES)}", received={"merge": merge})
    kind = layers.Average if merge == "average" else layers.Maximum
    return kind(dtype="float32", name="probability")(list(strands))


def probabilities(outputs: int) -> list[layers.Layer]:
    """The last steps of a strand, (batch, features) → (batch, 1), or (batch, 1, outputs) for several outputs."""
    steps: list[layers.Layer] = [layers.Dense(outputs, activation="sigmoid", dtype="float32", name="output")]
    return [*steps, layers.Reshape((1, outputs), dtype="float32", name="bins")] if outputs > 1 else steps


def dropout(rate: float, name: str) -> list[layers.Layer]:
    """A layer of dropout; none for a rate of 0."""
    return [layers.Dropout(rate, name=name)] if rate else []
