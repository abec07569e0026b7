"""How to predict: the choices of a user, checked against a model's spec."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.arguments import among, refuse_together, switch, whole
from zoo.errors import InputError
from zoo.formats.content import BedStyle, plain_names
from zoo.forward.precision import BFLOAT16, FLOAT32, PRECISIONS, tell_of_units
from zoo.forward.readouts import Selection, untransformed
from zoo.forward.shifts import named, parted
from zoo.forward.spread import columns, reduced
from zoo.predict.thresholds import PROBABILITY, ThresholdTable
from zoo.spec import TRANSFORMS, ModelSpec, OutputSpec

if TYPE_CHECKING:
    from zoo.forward.forward import Forward
    from zoo.predict.predictor import Predictor

STRANDS = ("forward", "both")
MAXATAC, CHROMBPNET, *OF_NETWORK = COMPAT = ("maxatac", "chrombpnet", "factornet", "deepgrn", "leopard")
*BINS_OF_200, LEOPARD = OF_NETWORK  # each the name of a network, which it must go with
SCALES = (*TRANSFORMS[1:], "linear", PROBABILITY)
BATCH = 256
_MOST_WINDOWS = 1 << 20  # of a batch


@dataclass(frozen=True)
class Options:
    """The arguments of `Model.predict` that change numbers or speed, resolved.

    Attributes:
        stride: bp from one window to the next.
        views: the views of a window that are averaged, of shifted windows with their shift (`zoo.forward.shifts`).
        center_only: keep only the central `stride` bp of each window, so that no two windows overlap.
        batch_size: windows that pass through the network at once.
        compat: `maxatac` for that program's own window, blacklist and chromosome rules, `chrombpnet` for that
            program's own counts and overlaps of windows around regions, `factornet` or `deepgrn` for a 0 in bins that
            these programs never predict, `leopard` for where that program's windows lie, else None.
        linear: scores x of a model that returns a transform of it, such as ln(1 + x), instead of what it returns.
        selection: head and tracks.
        trim: bp at each end of a window whose predictions do not count.
        precision: that the network computes in.
        probability: show probabilities instead of scores, by
        calibrated: the table that has them (`zoo.predict.choice`).
    """

    selection: Selection
    stride: int
    views: tuple[str, ...]
    center_only: bool = False
    batch_size: int = BATCH
    compat: str | None = None
    linear: bool = False
    trim: int = 0
    precision: str = FLOAT32
    probability: bool = False
    calibrated: ThresholdTable | None = None

    def bed_style(self, name: str) -> BedStyle:
        """How called intervals stand in a BED file, with the name of what was predicted."""
        fraction = self.calibrated is not None or self.output.is_fraction
        return BedStyle(plain_names([name])[0], fraction, plain=self.compat == MAXATAC)

    @classmethod
    def resolve(
        cls,
        spec: ModelSpec,
        *,
        strands: str | None = None,
        views: str | None = None,
        shifts: Sequence[int] | None = None,
        stride: int | None = None,
        center_only: bool | None = None,
        batch_size: int | None = None,
        compat: str | None = None,
        scale: str | None = None,
        head: object = None,
        track: object = None,
        precision: str | None = None,
    ) -> "Options":
        """Check a user's choices against the model; None stands for its default.

        Raises:
            InputError: naming the choice that does not fit, or the two that do not go together.
        """
        selection = Selection.of(spec, head, track, spread=True)
        output = selection.output
        trim = _trim(spec, output)
        reach = output.bins * output.every - 2 * trim
        stride = _stride(spec, output, reach) if stride is None else whole("stride", stride, 1, reach)
        usual = spec.prediction.batch_size or BATCH
        batch_size = usual if batch_size is None else whole("batch_size", batch_size, 1, _MOST_WINDOWS)
        center_only = spec.prediction.center_only if center_only is None else switch("center_only", center_only)
        if stride % output.every:
            raise InputError(
                f"The stride must be a multiple of the bin size, {output.every} bp",
                example=_stride(spec, output, reach),
                received={"stride": stride},
            )
        among("compat", compat, COMPAT)
        if compat == MAXATAC and center_only:
            raise InputError(
                "compat='maxatac' must average whole windows, as that program does",
                received={"compat": compat, "center_only": center_only},
                hint="Leave out compat, or give center_only=False",
            )
        _check_network(spec, compat)
        _check_phases(spec, compat, stride, center_only)
        linear, chosen = _linear(spec, output, scale), _shifted(spec, _views(spec, strands, views), shifts)
        if compat == CHROMBPNET and chosen != ("forward",):
            raise InputError(
                "compat='chrombpnet' must read the forward strand, as that program does",
                received={"compat": compat, "views": list(chosen)},
                hint="Leave out compat, or strands and views",
            )
        among("precision", precision, PRECISIONS)
        if precision == BFLOAT16:
            tell_of_units()
        precision = FLOAT32 if precision is None else precision
        shown = scale == PROBABILITY
        return cls(selection, stride, chosen, center_only, batch_size, compat, linear, trim, precision, shown)

    def forward(self, model: "Predictor") -> "Forward":
        """The compiled network of a model that predicts so."""
        return model.forward(self.views, self.selection, self.precision)

    @property
    def output(self) -> OutputSpec:
        """What is predicted."""
        return self.selection.output

    @property
    def is_shifted(self) -> bool:
        """Whether windows are shifted, each by itself."""
        return any(parted(view)[1] for view in self.views)

    @property
    def untrimmed(self) -> int:
        """bp from the beginning of the first bin of a window that counts to that beyond the last."""
        return self.output.bins * self.output.every - 2 * self.trim

    def scaled(self, scores: np.ndarray) -> np.ndarray:
        """Scores as the network returns them, in the scale of the output. The same shape, float32.

        Of numbers of which a spread is computed, (…, columns), or (…) of one.
        """
        output, spread, table = self.output, self.selection.spread, self.output.table
        if self.linear:
            if spread and table is not None:
                table = table.taken(tuple(columns(scores.shape[-1], spread)))
            scores = untransformed(scores, output.transform, output.pseudocount, table)
        return reduced(scores, spread) if spread else scores

    def shown(self, scores: np.ndarray) -> np.ndarray:
        """Scores in the scale of the output as they are written, after thresholds: probabilities, or the scores."""
        return scores if self.calibrated is None else self.calibrated.probabilities(scores)

    @property
    def scale(self) -> str | None:
        """As sidecars have it; None for what the model returns."""
        return PROBABILITY if self.probability else "linear" if self.linear else None


def _check_network(spec: ModelSpec, compat: str | None) -> None:
    """Raise `InputError` for the rules of a program that has no such model."""
    if compat not in OF_NETWORK:
        return
    network = spec.architecture
    members = {"committee": lambda: network.config["members"], "ensemble": lambda: [network.config["of"]]}
    names = {member["name"] for member in members.get(network.name, lambda: [{"name": network.name}])()}
    if names != {compat}:
        raise InputError(
            f"compat={compat!r} must go with a model of that program",
            received={"compat": compat, "model": spec.name, "network": network.name},
            hint="Leave out compat",
        )


def _check_phases(spec: ModelSpec, compat: str | None, stride: int, center_only: bool) -> None:
    """Raise `InputError` for windows that do not lie as Leopard has them."""
    half = spec.input.window // 2
    if compat == LEOPARD and (center_only or stride != half):
        raise InputError(
            f"compat={compat!r} must average windows from 0 and from {half:,} bp on, as that program does",
            received={"compat": compat, "stride": stride, "center_only": center_only},
            hint="Leave out compat, or stride and center_only",
        )


def _trim(spec: ModelSpec, output: OutputSpec) -> int:
    """What is trimmed: of a head whose bins it does not fit nothing."""
    trim = spec.prediction.trim
    return trim if trim % output.every == 0 and 2 * trim < output.bins * output.every else 0


def _stride(spec: ModelSpec, output: OutputSpec, reach: int) -> int:
    """The published stride; for a head whose bins do not fit it, windows side by side.

    Args:
        reach: bp that a window counts for.
    """
    published = spec.prediction.stride
    if output.name == spec.output.name or (published % output.every == 0 and published <= reach):
        return published
    return reach


def _linear(spec: ModelSpec, output: OutputSpec, scale: str | None) -> bool:
    among("scale", scale, SCALES)
    if scale == PROBABILITY:
        return False
    if scale is not None and output.transform == "identity":
        raise InputError(
            "The scale must be left out for a model that returns the quantity itself, and no transform of it, unless "
            f'it is "{PROBABILITY}"',
            received={"scale": scale, "model": spec.name, "returns": output.quantity},
        )
    if scale not in (None, "linear", output.transform):
        raise InputError(
            f'The scale must be "linear" or that of what the model returns, "{output.transform}"',
            received={"scale": scale, "model": spec.name},
        )
    return scale == "linear"


def _views(spec: ModelSpec, strands: str | None, views: str | None) -> tuple[str, ...]:
    known = spec.prediction.views
    among("views", views, ("all",))
    among("strands", strands, STRANDS)
    strands = spec.prediction.strands if strands is None and views is None else strands
    if views is not None:
        refuse_together('views="all" reads both strands and', {"strands": strands})
        return known
    if strands == "both" and "reverse_complement" not in known:
        raise InputError(
            'The strands must not be "both" for a model that reads both strands of each window itself, or the forward '
            "strand alone",
            received={"strands": strands, "model": spec.name, "views": known},
        )
    return ("forward", "reverse_complement") if strands == "both" else known[:1]


def _shifted(spec: ModelSpec, chosen: tuple[str, ...], shifts: Sequence[int] | None) -> tuple[str, ...]:
    """Each view of each shift."""
    if shifts is None:
        return chosen
    most = spec.input.window - 1
    found = [whole("shifts", shift, -most, most) for shift in (shifts if isinstance(shifts, (list, tuple)) else ())]
    if not found or len(set(found)) < len(found):
        raise InputError("The shifts must be different whole numbers", example=[-1, 0, 1], received={"shifts": shifts})
    if spec.input.controls:
        raise InputError(
            "The shifts must be left out for a model that reads controls",
            received={"shifts": shifts, "model": spec.name},
        )
    return tuple(named(view, shift) for shift in found for view in chosen)
