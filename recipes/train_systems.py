"""Train a network of FactorNet, DeepGRN, scFAN or Leopard as its authors did, on data of your own.

Without a genome it trains on the yeast data that ZOO_SHARED has, REB1 unless --factors or --factor is given: ATAC-seq
cut sites in place of DNase I cuts, no mappability, kernels that begin with the factor's motif. Else on a synthetic
genome. `--dry-run` measures how long an epoch takes here. Leopard's chromosomes are halved by --seed unless they are
given.

Usage: python recipes/train_systems.py [--network factornet|deepgrn|scfan|leopard] [--out FOLDER]
       python recipes/train_systems.py --network factornet --genome hg19.2bit --meta cells.tsv \
           --signal unique35=unique35.bw --factors CTCF --name mylab/CTCF --blacklist dac.bed --out runs/ctcf
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small
import yeast

from zoo.data.bases import halves
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.prepare.dgf import prepare_dgf
from zoo.train import command, reading

NETWORKS = ("factornet", "deepgrn", "scfan", "leopard")
LEOPARD = "leopard"
_READ_BP = 50  # of the yeast reads
_SLOP = 50  # bp on both sides of yeast peaks, which are single positions
_YEAST = {
    "factornet": {"negatives_per_positive": 5},
    "deepgrn": {"positives": "peaks", "shift": None},  # few peaks: each is seen in many places
    "scfan": {},
    "leopard": {"validation_windows": 100},
}
_SHORTER = {"factornet": {"epochs": 25, "patience": 10}, "leopard": {"steps": 60}}  # for a genome of 12 Mb
_MOTIFS = "macisaac_yeast.v1.meme"


def main(options: argparse.Namespace) -> None:
    """Train what the options say."""
    if options.config and options.network:
        raise InputError("--network must not be given with --config, which has one", hint="Leave one of them out")
    options.network = options.network or NETWORKS[0]
    if options.genome or options.config:
        on_files(options)
    elif yeast.find_data():
        on_yeast(options)
    else:
        on_synthetic(options)


def on_files(options: argparse.Namespace) -> None:
    """The files of the command line, by the published settings or a configuration of one's own."""
    changes = {}
    if options.network == LEOPARD and not options.config:
        changes = halved(options)
    command.main(options, small.CONFIGS / f"{options.network}.yaml", **changes)


def halved(options: argparse.Namespace) -> dict[str, object]:
    """Leopard's chromosomes in two halves by the seed; nothing if the command line names some."""
    if options.train_chroms or options.validation_chroms:
        return {}
    split = reading.load(small.CONFIGS / f"{LEOPARD}.yaml")
    every = sorted((*split["chromosomes"]["train"], *split["chromosomes"]["validation"]), key=names.natural)
    train, validation = halves(every, split["seed"] if options.seed is None else options.seed)
    return {"chromosomes": {"train": list(train), "validation": list(validation)}}


def on_yeast(options: argparse.Namespace) -> None:
    """A yeast factor."""
    source, work, network = yeast.find_data(), options.work, options.network
    data = yeast.prepare(source, work)
    factor = chosen_factor(options, "REB1")
    named = "--factor" if network == LEOPARD else "--factors"
    name, track = ("dgf", dgf(source, work)) if network in NETWORKS[:2] else ("atac", data.signal)
    assay = "ATAC-seq cut sites per bp scaled to 1x" if name == "dgf" else "ATAC-seq cut sites, smoothed"
    settings = reading.load(small.CONFIGS / "yeast_binding.yaml")
    small.name_run(options, f"yeast-{network}/{factor}", "training on the yeast data")
    changes = of_one_track(network, factor, name, assay, track, data.peaks_of(factor), _SLOP)
    changes[kind_of(network)] |= _YEAST[network] | motif_of(factor, source, network)
    command.main(
        options,
        small.CONFIGS / f"{network}.yaml",
        **changes,
        **_SHORTER.get(network, {}),
        genome=str(data.genome.resolve()),
        assembly=settings["assembly"],
        chromosomes=settings["chromosomes"],
        license=settings["license"],
        command=f"python recipes/train_systems.py --network {network} {named} {factor}",
    )


def on_synthetic(options: argparse.Namespace) -> None:
    """Sites that were planted in random sequence."""
    if options.peaks or options.factor or options.factors:
        raise InputError("Peaks must come with a genome and a signal", example="--genome hg19.2bit --signal dgf=dgf.bw")
    files, changes = small.synthetic_data(options.work)
    network = options.network
    small.name_run(options, f"synthetic-{network}/CTCF", "no data at hand (ZOO_SHARED), training on a synthetic genome")
    changes.pop("folds")
    command.main(
        options,
        small.CONFIGS / f"{network}.yaml",
        **changes,
        **of_one_track(network, "CTCF", "atac", "ATAC-seq cut sites, smoothed", files.signal, files.peaks, 0),
        **({"steps": 20, "epochs": 2} if network == LEOPARD else {"epochs": 20}),
    )


def chosen_factor(options: argparse.Namespace, default: str) -> str:
    """The one factor that the options name, by either of the two options. Raises `InputError` for several."""
    given = [*(options.factors or ()), *([options.factor] if options.factor else [])]
    if len(given) > 1:
        raise InputError("One factor must be chosen for the yeast data", received={"factors": given})
    factor = (given or [default])[0].upper()
    options.factors, options.factor = (None, factor) if options.network == LEOPARD else ([factor], None)
    return factor


def motif_of(factor: str, source: Path, network: str) -> dict[str, str]:
    """The file of motifs that a model of bins begins with, if it has one of the factor: there are few yeast peaks."""
    motifs = source.parent / "motifs" / _MOTIFS
    if network == LEOPARD or not motifs.is_file():
        return {}
    names = {name.split()[0] for name in read_motifs(motifs)}
    return {"motifs": str(motifs.resolve())} if factor in names else {}


def kind_of(network: str) -> str:
    """The task of a network."""
    return "bases" if network == LEOPARD else "bins"


def of_one_track(
    network: str, factor: str, name: str, assay: str, track: Path, peaks: Path, slop: int
) -> dict[str, dict[str, object]]:
    """What the data of a run are with one cell type and one track, instead of several of both."""
    spec: Mapping[str, object] = {
        "name": name,
        "assay": assay,
        "smoothing": 0,
        "read_depth": 0,
        "percentile": None,
        "fill": 0.0,
    }
    data = {"track_specs": [spec], "signal": {name: str(track.resolve())}, "peaks": str(peaks.resolve()), "slop": slop}
    if network == LEOPARD:
        return {"bases": {**data, "factor": factor, "source_specs": []}}
    return {"bins": {**data, "factors": [factor]}}


def dgf(source: Path, target: Path) -> Path:
    """The cut sites of the yeast sample scaled to 1x, made if they are not there yet."""
    path = target / "dgf.bw"
    if not path.is_file():
        genome = Genome(source / "sacCer3.2bit")
        size = sum(length for chrom, length in genome.sizes.items() if chrom != "chrM")
        reads = source / "yeast_500k_SRR1822137.bedpe.gz"
        choice = {"assay": "ATAC", "read_length": _READ_BP, "effective_size": size, "progress": False}
        prepare_dgf(reads, target / "dgf", genome, **choice)
    return path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe beside those of training."""
    parser.add_argument("--network", choices=NETWORKS, help=f"whose settings (default {NETWORKS[0]})")


if __name__ == "__main__":
    small.run("train_systems", "Train a network of FactorNet, DeepGRN, scFAN or Leopard", main, add_options)
