"""A forward pass that gives the heads of a profile and of its total counts beside what is scored of a window.

Scores of variant-scorer are of the mean over strands of the logits and of exp(log total), which the mean of expected
counts does not tell.
"""

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from zoo.forward.forward import Forward
from zoo.forward.precision import FLOAT32
from zoo.forward.readouts import READOUTS, Readout, Selection
from zoo.predict.predictor import Predictor
from zoo.spec import ModelSpec, OutputSpec

EXPECTED = "expected_counts"
_ENSEMBLE, _MEMBER = "ensemble", "member"  # an architecture, and what the networks in it are called


def profile_and_counts(spec: ModelSpec) -> tuple[OutputSpec, OutputSpec] | None:
    """The heads of a profile and of the logarithm of its one total, of a model that has one of each; else None."""
    if READOUTS[EXPECTED].output(spec) is None:
        return None
    profile, counts = (next(head for head in spec.outputs if head.kind == kind) for kind in ("profile", "counts"))
    return (profile, counts) if counts.shape == (1,) and counts.transform in ("log", "log1p") else None


def selection_of(spec: ModelSpec, head: object = None, track: object = None) -> Selection:
    """What of a model is scored: one track, or those that are named, or of expected counts of which none is named the
    sum of all.

    Raises `InputError` as `Selection.one` does: for several tracks of which none is named, and of expected counts.
    """
    chosen = Selection.of(spec, head, track)
    if track is not None and chosen.readout.name != EXPECTED:
        return chosen
    if track is not None or chosen.readout.name != EXPECTED or not chosen.output.tracks:
        return Selection.one(spec, head, track)
    total = Readout(
        EXPECTED, chosen.readout.output, lambda heads, spec: keras.ops.sum(chosen.readout.read(heads, spec), axis=-1)
    )
    return replace(chosen, readout=total, output=replace(chosen.output, tracks=(), swap=()))


class HeadForward:
    """Forward passes of a network, or of the members of an ensemble, as one.

    Args:
        forwards: of each member; their columns are a readout and, behind it, heads.
        bins: of the readout.
    """

    def __init__(self, forwards: Sequence[Forward], bins: int) -> None:
        self._forwards, self._bins = forwards, bins

    @property
    def members(self) -> int:
        """How many."""
        return len(self._forwards)

    @property
    def precision(self) -> str:
        """As of a `Forward`."""
        return self._forwards[0].precision

    def in_float32(self) -> "HeadForward":
        """As `Forward.in_float32`."""
        return HeadForward([forward.in_float32() for forward in self._forwards], self._bins)

    def codes(self, *read: np.ndarray) -> np.ndarray:
        """As `Forward.codes`: the readout (of several members the mean), then for each member the logits, bins × tracks
        columns, and exp(log total)."""
        members = [forward.codes(*read) for forward in self._forwards]
        if len(members) == 1:
            return members[0]
        readout = np.mean([member[:, : self._bins] for member in members], axis=0)
        return np.concatenate([readout, *(member[:, self._bins :] for member in members)], axis=1)


def forward_with_heads(
    model: Predictor, views: tuple[str, ...], selection: Selection, precision: str = FLOAT32
) -> HeadForward:
    """The pass for a model that has `profile_and_counts`.

    Args:
        model: itself, or an ensemble.
        views: the views to average, each by itself: the readout, the logits and exp(log total).
        selection: what the readout is.
        precision: that it computes in.
    """
    chosen = _beside(selection, *profile_and_counts(model.spec))
    if model.spec.architecture.name != _ENSEMBLE:
        return HeadForward([model.forward(views, chosen, precision)], selection.output.bins)
    members = [layer for layer in model.network.layers if layer.name.startswith(_MEMBER)]
    forwards = [Forward(member, model.spec, views, chosen, precision=precision) for member in members]
    return HeadForward(forwards, selection.output.bins)


def _beside(selection: Selection, profile: OutputSpec, counts: OutputSpec) -> Selection:
    """A selection that reads the heads, too."""

    def read(heads, spec: ModelSpec):
        logits = keras.ops.reshape(heads[profile.name], (-1, int(np.prod(profile.shape))))
        return keras.ops.concatenate([selection.read(heads, spec), logits, keras.ops.exp(heads[counts.name])], axis=-1)

    name = f"{selection.readout.name} of {', '.join(selection.names) or 'all'} and heads"
    return replace(selection, readout=Readout(name, selection.readout.output, read), tracks=None)
