"""One track of a model of several as a model of its own: a factor of a network of many."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from registry import typed
from registry.schema import Name
from zoo.errors import InputError
from zoo.spec import Architecture, ModelSpec

if TYPE_CHECKING:
    import keras

    from zoo.model import Model

_OUTPUTS = "outputs"  # the argument of a network that says how many tracks its head has


def one_track(model: "Model", track: str, name: str, description: str = "") -> "Model":
    """A model of one track, whose network is that of a model of several without what the others need.

    Args:
        model: with one head of several tracks, of a network whose argument `outputs` is their number; or an ensemble of
            such networks.
        track: which.
        name: `family/MODEL` of the result.
        description: a sentence; by default that of the model, with the track instead of their number.

    Returns:
        A model in memory (`Model.save` writes it), without metrics and threshold table. It predicts what the model
        predicts for that track, within rounding.

    Raises:
        InputError: a track that the model lacks, or a model that has no such head.
    """
    from zoo import architectures
    from zoo.model import Model

    Name.parse(name)
    typed.argument("description", description, str)
    if not isinstance(model, Model) or not isinstance(track, str):
        raise InputError(
            "A model and the name of one of its tracks must be given",
            example='zoo.one_track(zoo.load("yeast/factors"), "REB1", "lab/REB1")',
            received={"model": type(model).__name__, "track": track},
        )
    spec = one_track_spec(model.spec, track, name, description)
    network = architectures.build(spec.architecture.name, **spec.architecture.config)
    _take(model.network, network, model.spec.output.tracks.index(track), model.spec.name)
    return Model(spec, network)


def one_track_spec(spec: ModelSpec, track: str, name: str, description: str = "") -> ModelSpec:
    """The spec of such a model. Arguments and errors as for `one_track`."""
    heads, config = spec.outputs, spec.architecture.config
    narrow = _narrowed(config, len(heads[0].tracks))
    if len(heads) != 1 or track not in heads[0].tracks or narrow is None:
        raise InputError(
            "There must be one head of several tracks, the wanted one among them, of a network with so many outputs",
            example=heads[0].tracks[0] if heads[0].tracks else None,
            where=spec.name,
            received={"track": track, "tracks": heads[0].tracks[:10], "network": spec.architecture.name},
        )
    return replace(
        spec,
        name=name,
        description=description or spec.description.replace(heads[0].target, track, 1),
        architecture=Architecture(spec.architecture.name, narrow, spec.architecture.package),
        outputs=(replace(heads[0], target=track, tracks=()),),
        metrics={},
        provenance={**spec.provenance, "one of": ", ".join(heads[0].tracks)},
    )


def _narrowed(config: Mapping[str, object], tracks: int) -> dict[str, object] | None:
    """Arguments of a network, or of the members of an ensemble, with one output; None if they have not so many."""
    if isinstance(of := config.get("of"), Mapping):
        member = _narrowed(of["config"], tracks)
        return None if member is None else {**config, "of": {**of, "config": member}}
    return {**config, _OUTPUTS: 1} if tracks > 1 and config.get(_OUTPUTS) == tracks else None


def _take(source: "keras.Model", target: "keras.Model", at: int, name: str) -> None:
    """Give a network the weights of another one, of those of several tracks the column of one."""
    pairs = list(zip(source.weights, target.weights, strict=False))
    shapes = [(tuple(one.shape), tuple(other.shape)) for one, other in pairs]
    fits = [given == own or (given[:-1] == own[:-1] and own[-1] == 1) for given, own in shapes]
    if len(source.weights) != len(target.weights) or not all(fits):
        raise InputError(
            "The network must differ in its head alone if it has one output",
            where=name,
            received={"weights": [shape for shape, fit in zip(shapes, fits, strict=True) if not fit][:3]},
        )
    for (one, other), (given, own) in zip(pairs, shapes, strict=True):
        other.assign(one if given == own else one[..., at : at + 1])
