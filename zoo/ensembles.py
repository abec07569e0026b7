"""Several models of one kind as one: the folds of a cross-validation, or seeds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from registry import typed
from registry.schema import Name
from zoo.arguments import items_of, switch
from zoo.errors import InputError
from zoo.forward import spread as spreads
from zoo.spec import Architecture, ModelSpec

if TYPE_CHECKING:
    from zoo.model import Model

_EXPECTED_COUNTS = "expected_counts"  # the readout, and that mean of `zoo.architectures.ensemble`


def ensemble(models: "Sequence[Model]", name: str, description: str = "", spread: bool = False) -> "Model":
    """A model whose network averages those of others: head by head, or what is predicted if that is expected counts.

    Args:
        models: two or more of one architecture, which read and return the same (`zoo.load`).
        name: `family/MODEL` of the ensemble.
        description: a sentence; by default the names of the members.
        spread: whether `predict` offers the spread over the members, too, as a track of its own
            (`zoo.forward.spread`); it costs nothing where it is not asked for.

    Returns:
        A model in memory (`Model.save` writes it). It shares the members' weights, and has no threshold table.

    Raises:
        InputError: fewer than two models, or models that differ in what they read or return; or that predict another
            readout of several heads, whose mean is not that of the heads; or that have a track of the name of a spread.
    """
    from zoo.architectures.ensemble import joined
    from zoo.model import Model

    Name.parse(name)
    typed.argument("description", description, str)
    given = items_of(models)
    if given is None or len(given) < 2 or not all(isinstance(model, Model) for model in given):
        raise InputError("An ensemble must be of two or more models", example='[zoo.load("yeast/REB1"), …]')
    spec = joined_spec([model.spec for model in given], name, description, switch("spread", spread))
    return Model(spec, joined([model.network for model in given], **_mean_of(given[0].spec)))


def joined_spec(specs: Sequence[ModelSpec], name: str, description: str = "", spread: bool = False) -> ModelSpec:
    """The spec of an ensemble. Arguments and errors as for `ensemble`."""
    first = specs[0]
    for spec in specs[1:]:
        for what in ("architecture", "input", "outputs", "prediction"):
            if getattr(spec, what) != getattr(first, what):
                raise InputError(
                    f"The models of an ensemble must have the same {what}",
                    received={first.name: getattr(first, what), spec.name: getattr(spec, what)},
                )
    kind = {"name": first.architecture.name, "config": dict(first.architecture.config)}
    config = {"of": kind, "members": len(specs), **_mean_of(first), **({"spread": True} if spread else {})}
    if spread and (taken := spreads.clashing(first.outputs)):
        raise InputError(
            f"The tracks of an ensemble with a spread must not be called {spreads.MEAN}, {spreads.SPREAD} or end with "
            f"{spreads.SUFFIX}",
            received={"tracks": taken[:8]},
        )
    return replace(
        first,
        name=name,
        description=description or f"Mean of {', '.join(spec.name for spec in specs)}",
        architecture=Architecture("ensemble", config, first.architecture.package),
        prediction=replace(first.prediction, component=None),
        metrics={},
        provenance={**first.provenance, "members": ", ".join(spec.name for spec in specs)},
        components=(),
    )


def _mean_of(spec: ModelSpec) -> dict[str, object]:
    """What of the members is averaged, as arguments of the network. Raises `InputError` for an unknown readout."""
    readout = spec.prediction.readout
    if readout == _EXPECTED_COUNTS:
        counts = next(head for head in spec.outputs if head.kind == "counts")
        if {head.kind: head.name for head in spec.outputs} != {"profile": "profile", "counts": "counts"} or (
            counts.transform not in ("log", "log1p") or counts.tracks
        ):
            raise InputError(
                "Models whose expected counts are averaged must have the heads profile and counts, one total on a "
                "logarithmic scale",
                received={"heads": spec.outputs},
            )
        return {"mean": _EXPECTED_COUNTS, "pseudocount": 1.0 if counts.transform == "log1p" else counts.pseudocount}
    if readout is not None and readout not in {head.name for head in spec.outputs}:
        raise InputError("The models of an ensemble must predict a head", received={"readout": readout})
    return {}
