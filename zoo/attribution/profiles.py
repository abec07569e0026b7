"""Profiles as what is explained: the logits of a head of kind "profile" as one number.

With m the logits minus their mean, over all bins of all tracks that share one total, and w = softmax(m), that number is
the sum of w m. Its contributions are defined in two ways, which give other maps:

- the default, of bpnet-lite and tangermeme: m softmax(m) is one operation of each element, with the multiplier
  (m w - r v) / (m - r), and contributions add up to the difference of that sum. Where m and r are nearly the same,
  rounding decides such a quotient: single scores of two programs may differ by several per cent of the largest;
- `compat="chrombpnet"`, that of ChromBPNet's program, whose explainer meets a softmax without a gradient: for each
  window and reference a sum with constant weights (w + v) / 2, where r and v are m and w of the reference.
  Contributions add up to the sum of (w + v) / 2 (m - r), which is not the difference of the two numbers.
"""

from functools import partial

from keras import ops

from zoo.arguments import among
from zoo.attribution import targets
from zoo.attribution.targets import Shape, Target
from zoo.errors import InputError
from zoo.forward.readouts import Selection
from zoo.layers.profile import fractions
from zoo.spec import ModelSpec, OutputSpec

PROFILE, COUNTS = "profile", "counts"  # kinds of heads
COMPATS = ("chrombpnet",)
_COMPLETE = "sum of m softmax(m), with m the logits minus their mean"
_OFFICIAL = (
    "chrombpnet: sum of (w + v) / 2 (m - r), with w and v the softmax of m and of the reference's r; "
    "it is not the difference of the targets"
)


def selection(spec: ModelSpec, head: object, track: object, target: object) -> Selection:
    """Head and track that are explained: one track, or those of a profile that share one total.

    Args:
        head: by name; None for what the model's default says of itself (`zoo.forward.readouts.Readout.explained`).

    Raises:
        InputError: no such head or track, or several tracks of which one must be named.
    """
    if head is None:
        head = Selection.of(spec).readout.explained(spec)
    found = Selection.of(spec, head, track)
    profile = is_profile(found.output) and _is_of_all(target)
    return found if profile and _shares_total(spec, found.readout.output(spec)) else Selection.one(spec, head, track)


def is_profile(head: OutputSpec) -> bool:
    """Whether a head is of logits, which mean something only beside each other."""
    return head.kind == PROFILE and head.transform == "identity"


def resolve(target: object, spec: ModelSpec, head: OutputSpec, compat: object = None) -> Target:
    """A target of a head by what a user calls it, as `zoo.attribution.targets.resolve`.

    Args:
        target: None for "profile" of a profile's logits, and for "sum" of every other head.
        compat: None, or "chrombpnet" for that program's definition of "profile".

    Raises:
        InputError: a target that the head does not have, or a compat that has no effect on it.
    """
    among("compat", compat, COMPATS)
    logits = is_profile(head)
    if isinstance(target, str) and target in ("profile", "profile_local") and head.kind == COUNTS:
        raise InputError(
            f'The target "{target}" must be of a head with a profile',
            received={"head": head.name, "kind": head.kind},
            hint=f"Leave out the target{_or_a_profile(spec)}",
        )
    if isinstance(target, str) and target in ("sum", "profile_local") and logits:
        raise InputError(
            "Logits of a profile must be explained beside each other: by any constant they are the same profile",
            received={"head": head.name, "target": target},
            hint='Take target="profile", a bin, or bins such as "8:24"',
        )
    if logits and _is_of_all(target):
        return _target(_groups(spec, head), compat)
    if compat is not None:
        raise InputError(
            f'With compat="{compat}" the target "profile" of logits must be explained: all else is the same without',
            received={"head": head.name, "target": target},
            hint=f"Leave out compat{_or_a_profile(spec)}",
        )
    return targets.resolve("sum" if target is None else target, head.bins)


def _is_of_all(target: object) -> bool:
    return target is None or (isinstance(target, str) and target == PROFILE)


def _target(groups: int, compat: object) -> Target:
    shape = Shape(groups, terms=compat is None)
    if compat is None:
        return Target(PROFILE, ops.ones_like, shape=shape, definition=_COMPLETE)
    weights = partial(fractions, groups=groups)
    return Target(PROFILE, weights, pairwise=True, shape=shape, definition=_OFFICIAL)


def _shares_total(spec: ModelSpec, profile: OutputSpec) -> bool:
    """Whether the tracks of a profile are fractions of one total: none has a total of its own."""
    return not any(head.kind == COUNTS and len(head.tracks) == len(profile.tracks) > 1 for head in spec.outputs)


def _groups(spec: ModelSpec, profile: OutputSpec) -> int:
    """Stretches of a profile with a total, and so a softmax, of their own."""
    totals = [head.bins for head in spec.outputs if head.kind == COUNTS]
    return totals[0] if len(totals) == 1 and profile.bins % totals[0] == 0 else 1


def _or_a_profile(spec: ModelSpec) -> str:
    """The rest of a hint: a head of logits, if the model has one."""
    return next((f', or take head="{head.name}"' for head in spec.outputs if is_profile(head)), "")
