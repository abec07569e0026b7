"""What FactorNet and DeepGRN have in common: the probability of binding in a bin of 200 bp from the bp around it, DNase
I cuts, and for some models a vector."""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry import card
from registry.schema import Entry, Family
from zoo import folder
from zoo.errors import IntegrityError
from zoo.forward.heads import heads_of
from zoo.porting.expression import CELL_TYPES, COMPONENTS
from zoo.porting.golden import golden_inputs
from zoo.porting.protocol import provenance
from zoo.porting.system_file import SystemFile
from zoo.spec import (
    BASES,
    COVARIATES,
    WINDOW,
    Architecture,
    CovariateSpec,
    InputSpec,
    ModelSpec,
    OutputSpec,
    PredictionSpec,
    TrackSpec,
)

GENOME = "hg19"
BIN, STEP = 200, 50  # bp
UNIQUE35, DGF = "unique35", "dgf"
TRACKS = {
    UNIQUE35: TrackSpec(
        assay="Uniqueness of the 35-mer that begins at each base (wgEncodeDukeMapabilityUniqueness35bp of UCSC, hg19)",
        smoothing=0,
        read_depth=0,
        percentile=None,
        fill=0.0,
        name=UNIQUE35,
        origin="genome",
    ),
    DGF: TrackSpec(
        assay="DNase-seq 5' ends of both strands per bp, scaled to 1x by read length (mean about 1 / read length)",
        smoothing=0,
        read_depth=0,
        percentile=None,
        fill=0.0,
        name=DGF,
    ),
}
FLAGS = {
    "cpg_island": "a CpG island (unmasked)",
    "cds": "a coding sequence",
    "intron": "an intron",
    "promoter": "a promoter (300 bp upstream to 100 bp downstream of a TSS)",
    "utr5": "a 5' UTR",
    "utr3": "a 3' UTR",
}
_META, _GENCODE = "meta", "gencode"  # the authors' names of the two parts of a vector


@dataclass(frozen=True)
class About:
    """What a file does not say of its model.

    Attributes:
        name: `family/MODEL`.
        provenance: where the weights are from.
        genome: the assembly that it was trained on.
    """

    name: str
    provenance: Mapping[str, str]
    genome: str = GENOME


def about(family: Family, entry: Entry, role: str, citation: str) -> About:
    """The same of a released model. Raises `IntegrityError` if the index has no such file."""
    return About(entry.name, {**provenance(family, entry, role), "citation": citation})


def vector_of(parts: str, component: str) -> tuple[str, ...]:
    """The names of a vector's numbers.

    Args:
        parts: "", "meta", "gencode" or "meta gencode".
        component: what the components of expression are called ("GEPC").
    """
    known = {_META: tuple(f"{component}{i}" for i in range(1, 9)), _GENCODE: tuple(FLAGS)}
    if [part for part in known if part in parts.split()] != parts.split():
        raise IntegrityError(
            "The parts of a vector must be meta, gencode, or both in this order", received={"parts": parts}
        )
    return tuple(name for part in parts.split() for name in known[part])


def vector_by_length(length: int, component: str) -> tuple[str, ...]:
    """The names of a vector of which only its length is known: 8, 6 and 14 tell its parts."""
    parts = {0: "", 8: _META, 6: _GENCODE, 14: f"{_META} {_GENCODE}"}.get(length)
    return tuple(f"covariate{i}" for i in range(1, length + 1)) if parts is None else vector_of(parts, component)


def tracks_by_number(count: int) -> tuple[str, ...]:
    """The names of tracks of which only their number is known."""
    known = {0: (), 1: (DGF,), 2: (UNIQUE35, DGF)}
    return known.get(count) or tuple(f"track{i}" for i in range(1, count + 1)) if count else ()


def make_spec(
    architecture: Architecture,
    about: About,
    tracks: tuple[str, ...],
    vector: tuple[str, ...],
    targets: tuple[str, ...],
    system: str,
) -> ModelSpec:
    """The spec of a network.

    Args:
        architecture: its builder and arguments.
        about: what its file does not say.
        tracks: names, in the network's order.
        vector: names of covariates, in its order.
        targets: the factors.
        system: its name, for the description.
    """
    window = int(architecture.config.get("window", 1002))
    several = {"tracks": targets} if len(targets) > 1 else {}
    target = targets[0] if len(targets) == 1 else f"{len(targets)} factors"
    return ModelSpec(
        name=about.name,
        description=f"{target} binding from DNase-seq and sequence, human, {system}",
        architecture=architecture,
        input=InputSpec(
            window,
            about.genome,
            tracks=tuple(TRACKS.get(name) or _unknown(name) for name in tracks),
            covariates=tuple(map(_covariate, vector)),
            covariate_tables=(CELL_TYPES,) if set(COMPONENTS) <= set(vector) else (),
        ),
        outputs=(
            OutputSpec(
                bins=1,
                bin_size=BIN,
                offset=window // 2 - BIN // 2,
                target=target,
                quantity="probability of binding",
                name="binding",
                kind="binding",
                step=STEP,
                **several,
            ),
        ),
        # The network reads both strands itself: no other view.
        prediction=PredictionSpec(stride=STEP, views=("forward",)),
        metrics={},
        provenance=about.provenance,
    )


def _unknown(name: str) -> TrackSpec:
    return TrackSpec(f"the track {name} of its authors", 0, 0, None, 0.0, name=name)


def _covariate(name: str) -> CovariateSpec:
    if name in FLAGS:
        return CovariateSpec(name, f"1 where the bin of {BIN} bp overlaps {FLAGS[name]}, else 0", per="window")
    if name.startswith("covariate"):
        return CovariateSpec(name, "a number that the file does not describe")
    return CovariateSpec(name, f"principal component {name.lstrip('GEPC')} of gene expression of the cell type")


def write(spec: ModelSpec, found: SystemFile, target: Path, training: str) -> None:
    """Write the model folder of a file.

    Raises:
        IntegrityError: the file holds another network than that of the spec.
    """
    check_described(spec.architecture, found)
    network = SystemFile(found.architecture, spec.architecture.config, found.tensors, found.where).network()
    write_network(spec, network, target, training)


def write_network(spec: ModelSpec, network: object, target: Path, training: str) -> None:
    """Write the model folder of a network; its golden outputs are its own."""
    x = {WINDOW: _windows(spec)}
    if count := len(spec.input.covariates):
        x[COVARIATES] = np.random.RandomState(2019).uniform(-0.5, 1.0, (len(x[WINDOW]), count)).astype(np.float32)
    answers = heads_of(network, spec)(*x.values())
    golden = folder.Golden.of(spec, x, {name: np.asarray(head) for name, head in answers.items()})
    parity = {"golden outputs": "of this network on the machine that converted it"}
    folder.write(target, spec, network, golden, None, card.of_model(spec.to_json(), parity=parity, training=training))


def _windows(spec: ModelSpec) -> np.ndarray:
    """Golden windows; cuts are single bases, as in the tracks that such a network was trained on."""
    x = golden_inputs(spec.input.window, len(spec.input.tracks), spec.prediction.batch_size)[..., : spec.input.channels]
    for place, track in enumerate(spec.input.tracks, start=len(BASES)):
        if track.name == UNIQUE35:
            x[..., place] = 1
        elif track.name == DGF:
            x[..., place] *= np.where(np.arange(spec.input.window) % 23, 0, 2)
    return x


def check_described(architecture: Architecture, found: SystemFile) -> None:
    """Raise `IntegrityError` unless a file's network is that of a spec, whatever their rates of dropout."""
    sides = [_complete(architecture.name, architecture.config), _complete(found.architecture, found.config)]
    if sides[0] != sides[1]:
        keys = [key for key in {**sides[0], **sides[1]} if sides[0].get(key) != sides[1].get(key)]
        raise IntegrityError(
            "A file must hold the network that its index describes",
            where=found.where,
            received={f"{key} (index, file)": (sides[0].get(key), sides[1].get(key)) for key in keys},
        )


def _complete(name: str, config: Mapping[str, object]) -> dict[str, object]:
    """All arguments of a network but its rates of dropout."""
    known = inspect.signature(importlib.import_module(f"zoo.architectures.{name}").build).parameters.values()
    whole = {"architecture": name, **{item.name: item.default for item in known}, **config}
    return {key: value for key, value in whole.items() if key != "rate" and not key.endswith("dropout")}
