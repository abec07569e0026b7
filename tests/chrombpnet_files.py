"""The yeast run of the original ChromBPNet, and its networks by their tensors (spec §4), for tests of what is done with
them."""

import gzip
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import profiles

import zoo
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.spec import Architecture, Component, ModelSpec, PredictionSpec

FOLDER = Path("zoo_weights") / "chrombpnet"
LENGTH = 20_000
SIZES = {"chr1": LENGTH, "chr2": LENGTH, "chr3": LENGTH}
_READS = Path("data") / "sacCer3_atac_tf" / "yeast_500k_SRR1822137.bedpe.gz"


def regions(folder: Path) -> Path:
    """A random genome, counts of two strands and of two controls, a track of halves, peaks and background."""
    random = np.random.default_rng(0)
    write_twobit(folder / "g.2bit", {name: encode("".join(random.choice(list("ACGT"), LENGTH))) for name in SIZES})
    for track, rate in {"plus": 0.5, "minus": 0.2, "control_0": 0.3, "control_1": 0.1}.items():
        counts = [(name, random.poisson(rate, LENGTH).astype(np.float32)) for name in SIZES]
        bigwig.write_track(folder / f"{track}.bw", SIZES, counts, 1)
    bigwig.write_track(folder / "half.bw", SIZES, [(name, np.full(LENGTH, 0.5, np.float32)) for name in SIZES], 1)
    for name, first in {"peaks": 1000, "negatives": 1500}.items():
        rows = [(chrom, at - 60, at + 140) for chrom in SIZES for at in range(first, LENGTH - 500, 1000)]
        lines = [f"{chrom}\t{start}\t{end}\t.\t0\t.\t0\t-1\t-1\t60\n" for chrom, start, end in rows]
        (folder / f"{name}.narrowPeak").write_text("".join(reversed(lines)))
    return folder


def model(path: Path, filters: int, layers: int) -> zoo.Model:
    """A bias model."""
    config = {"filters": filters, "dilated_layers": layers}
    network = zoo.build("bpnet", **config)
    with h5py.File(path) as file:
        _fill(network, file["model_weights"], "", layers)
    return zoo.Model(_spec("bpnet", config), network)


def whole(path: Path, filters: int, layers: int, bias_filters: int, bias_layers: int) -> zoo.Model:
    """Both networks of the yeast run, with accessibility and bias as components."""
    accessibility, bias = (
        {"filters": filters, "dilated_layers": layers},
        {"filters": bias_filters, "dilated_layers": bias_layers},
    )
    config = {**accessibility, "bias_filters": bias_filters, "bias_layers": bias_layers}
    network = zoo.build("chrombpnet", **config)
    with h5py.File(path) as file:
        groups = file["model_weights"]
        named = next(group for group in groups.values() if "bpnet_1st_conv" in group)
        _fill(network.get_layer("accessibility"), groups["model_wo_bias"], "wo_bias_", layers)
        _fill(network.get_layer("bias"), named, "", bias_layers)
    parts = {"accessibility": Architecture("bpnet", accessibility), "bias": Architecture("bpnet", bias)}
    components = tuple(Component(name, f"the {name}", name == "bias", part) for name, part in parts.items())
    return zoo.Model(_spec("chrombpnet", config, components, "sacCer3"), network)


def cut_sites(shared: Path, target: Path, genome: Genome) -> Path:
    """Cut sites of the yeast reads: start + 4 and end - 5, as the original counted them."""
    counts = {chrom: np.zeros(size, np.float32) for chrom, size in genome.sizes.items()}
    with gzip.open(shared / _READS, "rt") as file:
        rows = [line.split()[:3] for line in file]
    for chrom in counts:
        ends = np.array([row[1:] for row in rows if row[0] == chrom], np.int64)
        for places in (ends[:, 0] + 4, ends[:, 1] - 5):
            np.add.at(counts[chrom], np.clip(places, 0, len(counts[chrom]) - 1), 1)
    bigwig.write_track(target, genome.sizes, list(counts.items()), 1)
    return target


def _spec(name: str, config: dict, components: tuple = (), genome: str = "none") -> ModelSpec:
    small = profiles.spec()
    profile, counts = small.outputs
    return replace(
        small,
        name="test/ORIGINAL",
        architecture=Architecture(name, config),
        input=replace(small.input, window=2114, genome=genome),
        outputs=(replace(profile, bins=1000, offset=557), replace(counts, bin_size=1000, offset=557)),
        prediction=PredictionSpec(1000, ("forward", "reverse_complement"), readout="expected_counts"),
        components=components,
    )


def _fill(network, groups: h5py.Group, prefix: str, layers: int) -> None:
    head = "bpnet_" if prefix else ""
    names = {"stem": "bpnet_1st_conv", "profile_convolution": f"{head}prof_out_precrop"}
    names |= {"counts_dense": f"{head}logcount_predictions"}
    names |= {f"dilated{i}": f"bpnet_{i}conv" for i in range(1, layers + 1)}
    for ours, theirs in names.items():
        group = groups[prefix + theirs]
        group = group.get(prefix + theirs, group)
        network.get_layer(ours).set_weights([group["kernel:0"][:], group["bias:0"][:]])
