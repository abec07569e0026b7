"""Several models of one kind as one: the folds of a cross-validation, or seeds."""

from collections.abc import Sequence
from dataclasses import replace

from registry import typed
from registry.schema import Name
from zoo.architectures.ensemble import joined
from zoo.arguments import items_of
from zoo.errors import InputError
from zoo.model import Model
from zoo.spec import Architecture


def ensemble(models: Sequence[Model], name: str, description: str = "") -> Model:
    """A model whose network averages those of others, head by head, before anything else is made of the outputs.

    Args:
        models: two or more of one architecture, which read and return the same (`zoo.load`).
        name: `family/MODEL` of the ensemble.
        description: a sentence; by default the names of the members.

    Returns:
        A model in memory (`Model.save` writes it). It shares the members' weights, and has no threshold table.

    Raises:
        InputError: fewer than two models, or models that differ in what they read or return; or that predict a readout
            of several heads, whose mean is not that of the heads.
    """
    Name.parse(name)
    typed.argument("description", description, str)
    given = items_of(models)
    if given is None or len(given) < 2 or not all(isinstance(model, Model) for model in given):
        raise InputError("An ensemble must be of two or more models", example='[zoo.load("yeast/REB1"), …]')
    first = given[0].spec
    for model in given[1:]:
        for what in ("architecture", "input", "outputs", "prediction"):
            if getattr(model.spec, what) != getattr(first, what):
                raise InputError(
                    f"The models of an ensemble must have the same {what}",
                    received={first.name: getattr(first, what), model.spec.name: getattr(model.spec, what)},
                )
    if first.prediction.readout is not None and first.prediction.readout not in {head.name for head in first.outputs}:
        raise InputError(
            "The models of an ensemble must predict a head", received={"readout": first.prediction.readout}
        )
    kind = {"name": first.architecture.name, "config": dict(first.architecture.config)}
    spec = replace(
        first,
        name=name,
        description=description or f"Mean of {', '.join(model.spec.name for model in given)}",
        architecture=Architecture("ensemble", {"of": kind, "members": len(given)}, first.architecture.package),
        metrics={},
        provenance={**first.provenance, "members": ", ".join(model.spec.name for model in given)},
        components=(),
    )
    return Model(spec, joined([model.network for model in given]))
