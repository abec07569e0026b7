"""Several models of a factor as one entry: what its index says, and how its folder is written."""

from collections.abc import Callable, Mapping
from pathlib import Path

from registry.schema import Entry, Family
from zoo import architectures
from zoo.errors import IntegrityError
from zoo.porting import bins_of_200
from zoo.porting.protocol import provenance
from zoo.porting.system_file import SystemFile, fill
from zoo.spec import Architecture, ModelSpec

_MEMBERS = "members"  # the argument of an entry: names of other entries, in the order of its files


def is_one(entry: Entry) -> bool:
    """Whether an entry is of several models that may differ."""
    return _MEMBERS in entry.arguments


def spec_of(family: Family, entry: Entry, spec_of_member: Callable[[Family, Entry], ModelSpec]) -> ModelSpec:
    """The spec of a committee: it reads whatever a member reads, and predicts the mean.

    A member of several factors counts for the committee's.
    """
    names = str(entry.arguments[_MEMBERS]).split()
    if len(names) != len(entry.files) or not set(names) <= set(family.models):
        raise IntegrityError(
            "An index must list the members of an ensemble, with a file of each",
            where=entry.name,
            received={"members": names, "files": [*entry.files]},
        )
    specs, target = [spec_of_member(family, family.models[name]) for name in names], entry.model
    tracks = [name for name in bins_of_200.TRACKS if any(name in _tracks(spec) for spec in specs)]
    vector = [name for name in bins_of_200.vector_of("meta gencode", "GEPC") if any(name in _vector(s) for s in specs)]
    members = tuple(
        {
            "name": spec.architecture.name,
            "config": dict(spec.architecture.config),
            "tracks": tuple(map(tracks.index, _tracks(spec))),
            "covariates": tuple(map(vector.index, _vector(spec))),
            "output": spec.output.tracks.index(target) if spec.output.tracks else None,
        }
        for spec in specs
    )
    window = specs[0].input.window
    config = {"members": members, "window": window, "tracks": len(tracks), "covariates": len(vector)}
    own = {key: value for key, value in specs[0].provenance.items() if key not in ("sha256", "git_blob", "source")}
    sources = {f"source {i}": provenance(family, entry, role)["source"] for i, role in enumerate(entry.files, start=1)}
    about = bins_of_200.About(entry.name, {**own, **sources, "members": ", ".join(names)})
    architecture = Architecture("committee", config)
    system = f"FactorNet, mean of {len(specs)} models"
    return bins_of_200.make_spec(architecture, about, tuple(tracks), tuple(vector), (target,), system)


def _tracks(spec: ModelSpec) -> list[str]:
    return [track.name for track in spec.input.tracks]


def _vector(spec: ModelSpec) -> list[str]:
    return [item.name for item in spec.input.covariates]


def write(spec: ModelSpec, found: Mapping[str, SystemFile], target: Path, training: str) -> None:
    """Write the model folder of a committee or an ensemble.

    Args:
        found: what the file of each member holds, in their order.

    Raises:
        IntegrityError: a file holds another network than the index describes.
    """
    config = spec.architecture.config
    described = config["members"] if spec.architecture.name == "committee" else len(found) * [config["of"]]
    for member, file in zip(described, found.values(), strict=True):
        bins_of_200.check_described(Architecture(member["name"], member["config"]), file)
    network = architectures.build(spec.architecture.name, **config)
    for i, file in enumerate(found.values(), start=1):
        fill(network.get_layer(f"member{i}"), file.tensors, file.where)
    bins_of_200.write_network(spec, network, target, training)
