"""How to predict: the choices of a user, checked against a model's spec."""

import operator
from dataclasses import dataclass

from zoo.errors import InputError
from zoo.spec import ModelSpec

STRANDS = ("forward", "both")
COMPAT = ("maxatac",)


@dataclass(frozen=True)
class Options:
    """The arguments of `Model.predict` that change numbers or speed, resolved.

    Attributes:
        stride: bp from one window to the next.
        views: the views of a window that are averaged.
        center_only: keep only the central `stride` bp of each window, so that no two windows overlap.
        batch_size: windows that pass through the network at once.
        compat: `maxatac` for that program's own window, blacklist and chromosome rules, else None.
    """

    stride: int
    views: tuple[str, ...]
    center_only: bool = False
    batch_size: int = 256
    compat: str | None = None

    @classmethod
    def resolve(
        cls,
        spec: ModelSpec,
        *,
        strands: str = "forward",
        views: str | None = None,
        stride: int | None = None,
        center_only: bool | None = None,
        batch_size: int = 256,
        compat: str | None = None,
    ) -> "Options":
        """Check a user's choices against the model. Raises `InputError` naming the one that does not fit."""
        output = spec.output
        stride = spec.prediction.stride if stride is None else _whole("stride", stride)
        batch_size = _whole("batch_size", batch_size)
        center_only = spec.prediction.center_only if center_only is None else bool(center_only)
        span = output.bins * output.bin_size
        if not 0 < stride <= span or stride % output.bin_size:
            raise InputError(
                f"The stride is a multiple of the bin size, {output.bin_size} bp, and at most the {span} bp that "
                "a window predicts",
                example=spec.prediction.stride,
                received={"stride": stride},
            )
        if batch_size < 1:
            raise InputError("A batch has at least one window", example=256, received={"batch_size": batch_size})
        if compat is not None and compat not in COMPAT:
            raise InputError(f"compat is None or one of {', '.join(COMPAT)}", received={"compat": compat})
        if compat and center_only:
            raise InputError("compat='maxatac' averages whole windows", received={"center_only": center_only})
        return cls(stride, _views(spec, strands, views), center_only, batch_size, compat)


def _whole(name: str, value: object) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(f"The {name.replace('_', ' ')} is a whole number", received={name: value}) from None


def _views(spec: ModelSpec, strands: str, views: str | None) -> tuple[str, ...]:
    known = spec.prediction.views
    if views not in (None, "all"):
        raise InputError('views is None or "all"', received={"views": views})
    if strands not in STRANDS:
        raise InputError(f"strands is one of {', '.join(STRANDS)}", received={"strands": strands})
    if views == "all":
        return known
    return known[:1] if strands == "forward" else ("forward", "reverse_complement")
