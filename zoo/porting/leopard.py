"""Leopard's files (Keras 2.2 on TensorFlow), turned into folders of ours. Their authors state no licence."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import MissingExtra
from zoo.porting import bins_of_200, committee
from zoo.porting.bins_of_200 import About
from zoo.porting.old_keras import OldKerasFile
from zoo.porting.protocol import provenance
from zoo.porting.system_file import SystemFile
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

FILES = {"model1": "the authors' whole-model .h5 of a training pair and seed; model2, … those of the others"}
CITATION = (
    "Li H, Guan Y (2021) Fast decoding cell type-specific transcription factor binding landscape at single-nucleotide "
    "resolution. Genome Res 31: 721-731. doi:10.1101/gr.269613.120"
)
WINDOW_BP, LEVELS, TRIM = 10240, 5, 100
_DNASE = TrackSpec(
    assay="DNase-seq coverage per bp, quantile-normalized to that of liver",
    smoothing=0,
    read_depth=0,
    percentile=None,
    fill=0.0,
    name="dnase",
)
_AVERAGE = TrackSpec(
    assay="Mean of such tracks of about ten cell types",
    smoothing=0,
    read_depth=0,
    percentile=None,
    fill=0.0,
    name="average",
    origin="genome",
)
_DELTA = TrackSpec(
    assay="What the sample's track has more than the average",
    smoothing=0,
    read_depth=0,
    percentile=None,
    fill=0.0,
    name="delta",
    origin="derived",
    function="difference",
    of=("dnase", "average"),
)


def read(data: bytes, where: object) -> SystemFile:
    """Read the bytes of a file: its layers by their numbers, which follow the graph.

    Raises:
        IntegrityError: a damaged file, or tensors of another network.
    """
    file = OldKerasFile.read(data, where)
    kinds = ("conv1d", "batch_normalization", "conv2d_transpose")
    convolutions, norms, transposed = map(file.of_kind, kinds)
    blocks = ["level0", *(f"{way}{i}" for way in ("down", "up") for i in range(1, LEVELS + 1))]
    if [len(convolutions), len(norms), len(transposed)] != [2 * len(blocks) + 1, 2 * len(blocks), LEVELS]:
        raise file.error(
            f"be of Leopard: {2 * len(blocks) + 1} convolutions, {LEVELS} of them transposed beside",
            {"convolutions": len(convolutions), "normalizations": len(norms), "transposed": len(transposed)},
        )
    tensors: dict[str, list[np.ndarray]] = {}
    names = [f"{block}_{{}}{i}" for block in blocks for i in (1, 2)]
    for ours, convolution, norm in zip(names, convolutions, norms, strict=False):
        tensors[ours.format("conv")] = file.take(convolution, "kernel", "bias")
        tensors[ours.format("norm")] = file.take(norm, "gamma", "beta", "moving_mean", "moving_variance")
    tensors["output"] = file.take(convolutions[-1], "kernel", "bias")
    for i, layer in enumerate(transposed, start=1):
        kernel, bias = file.take(layer, "kernel", "bias")
        if kernel.ndim != 4 or kernel.shape[1] != 1:
            raise file.error("have transposed convolutions of one dimension", {layer: kernel.shape})
        tensors[f"up{i}_transposed"] = [kernel[:, 0], bias]
    file.finish()
    first = tensors["level0_conv1"][0]
    if first.ndim != 3 or first.shape[1] not in (5, 6) or first.shape[::2] != (7, 15):
        raise file.error("read four bases, and one track or two, with 15 kernels of 7 bp", {"kernel": first.shape})
    return SystemFile("leopard", {"window": WINDOW_BP, "tracks": first.shape[1] - 4}, tensors, where)


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of the ensemble of a factor's models, or of the only one."""
    known = provenance(family, entry, "model1")
    sources = {f"source {i}": provenance(family, entry, role)["source"] for i, role in enumerate(entry.files, start=1)}
    about = About(entry.name, {key: known[key] for key in ("revision", "license")} | sources)
    architecture = Architecture("leopard", {"window": WINDOW_BP, "tracks": 2})
    if len(entry.files) > 1:
        member = {"name": architecture.name, "config": dict(architecture.config)}
        architecture = Architecture("ensemble", {"of": member, "members": len(entry.files)})
    return make_spec(architecture, about, 2, str(entry.arguments["target"]))


def make_spec(architecture: Architecture, about: About, tracks: int, target: str) -> ModelSpec:
    """The spec of a network of one track or two."""
    return ModelSpec(
        name=about.name,
        description=f"{target} binding at each base from DNase-seq and sequence, human, Leopard",
        architecture=architecture,
        input=InputSpec(
            WINDOW_BP,
            about.genome,
            tracks=(_DNASE, _DELTA)[:tracks],
            sources=(_AVERAGE,) if tracks == 2 else (),
        ),
        outputs=(OutputSpec(WINDOW_BP, 1, 0, target, "probability of binding", name="binding", kind="binding"),),
        # The authors predict twice, from 0 and from half a window on, and leave out the outer 100 bp.
        prediction=PredictionSpec(stride=WINDOW_BP // 2, views=("forward",), trim=TRIM),
        metrics={},
        provenance={"citation": CITATION, "redistribution": "no, as its authors state no licence", **about.provenance},
    )


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Raises:
        IntegrityError: the tensors are not those of the network.
    """
    spec, members = spec_of(family, entry), {role: read(data, entry.files[role].path) for role, data in files.items()}
    if len(members) > 1:
        committee.write(spec, members, target, training(entry))
    else:
        bins_of_200.write(spec, *members.values(), target, training(entry))


def training(entry: Entry) -> str:
    """How a released model was trained (Li & Guan 2021, and the authors' code)."""
    return (
        "Human cell types of the ENCODE-DREAM challenge with DNase-seq and ChIP-seq of the factor, hg19; each member "
        "on one cell type, its validation on another; chr1, chr8 and chr21 held out. The authors state no licence: "
        "their weights are fetched from their own repository, and must not be published anew."
    )


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' network needs Keras 2.2.4 and TensorFlow 1.14. Raises `MissingExtra`."""
    raise MissingExtra(
        "Python 3.7 with Keras 2.2.4 and TensorFlow 1.14 must run Leopard's own network; it cannot be run here",
        received={"model": entry.name},
    )
