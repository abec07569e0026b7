"""Train a model of transcription-factor binding as maxATAC's were, or go on from one of them.

Without a genome it trains on the yeast data that ZOO_SHARED has, REB1 unless --factor, --factors or --peaks is given,
by this package's own recipe for few sites, or with --architecture maxatac as the published models; else on a synthetic
genome. `--dry-run` measures how long an epoch takes here.

Usage: python recipes/train_maxatac.py [--out FOLDER]
       python recipes/train_maxatac.py --config recipes/configs/maxatac.yaml --genome hg38.2bit --meta meta.tsv \
           --factor CTCF --name mylab/CTCF --out runs/ctcf [--from maxatac/CTCF]
"""

import argparse
import os
import shlex

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small
import yeast

from registry.paths import user_path
from zoo.errors import InputError
from zoo.train import command

MAXATAC = "maxatac"  # the network of the published models


def main(options: argparse.Namespace) -> None:
    """Train by the options."""
    small.choose(options, "maxatac.yaml", on_yeast, on_synthetic)


def on_yeast(options: argparse.Namespace) -> None:
    """Yeast factors, by name or by peaks: by this package's own recipe, or with maxATAC's network."""
    data = yeast.prepare(yeast.find_data(), options.work)
    kind = "binding" if options.architecture == MAXATAC else "sites"
    factors, peaks, again = chosen(options, data)
    options.peaks = options.factor = options.factors = None
    several = len(factors) > 1
    if several and kind == "binding":
        raise InputError("maxATAC's network must be given one factor", received={"factors": list(factors)})
    small.name_run(options, "yeast/factors" if several else f"yeast/{factors[0]}", "training on the yeast data")
    more = ["--architecture maxatac"] if kind == "binding" else []
    more += [f"--seeds {' '.join(map(str, options.seeds))}"] if options.seeds else []
    learned = {"factor": factors[0], "peaks": peaks[factors[0]]}
    if kind == "sites":
        learned = {"factors": list(factors), "peaks": peaks}
    command.main(
        options,
        small.CONFIGS / f"yeast_{kind}.yaml",
        genome=str(data.genome.resolve()),
        command=" ".join(["python recipes/train_maxatac.py", again, *more]),
        **{kind: {"signal": str(data.signal.resolve()), **learned}},
    )


def chosen(options: argparse.Namespace, data: yeast.Yeast) -> tuple[tuple[str, ...], dict[str, str], str]:
    """The factors, the peaks of each, and the options that choose them."""
    if options.peaks:
        path = user_path(options.peaks, "peaks")
        factor = (options.factor or path.name.split("_")[0].split(".")[0]).upper()
        renamed = yeast.renamed(path, yeast.find_data() / "chrom_alias.tsv", options.work / f"given_{factor}.bed")
        return (factor,), {factor: str(renamed.resolve())}, f"--peaks {shlex.quote(options.peaks)}"
    given = [*(options.factors or ()), *([options.factor] if options.factor else [])] or ["REB1"]
    factors = tuple(name.upper() for name in given)
    named = f"--factors {' '.join(factors)}" if len(factors) > 1 else f"--factor {factors[0]}"
    return factors, {factor: str(data.peaks_of(factor).resolve()) for factor in factors}, named


def on_synthetic(options: argparse.Namespace) -> None:
    """Sites that were planted in random sequence."""
    if options.peaks or options.factor:
        raise InputError("Peaks must come with a genome and a signal", example="--genome hg38.2bit --signal atac.bw")
    files, changes = small.synthetic_data(options.work)
    message = "no data at hand (ZOO_SHARED), training on a synthetic genome"
    small.name_run(options, "synthetic/CTCF", message)
    command.main(
        options,
        small.CONFIGS / "yeast_binding.yaml",
        **changes,
        epochs=5,
        steps=40,
        binding={
            "factor": "CTCF",
            "signal": str(files.signal.resolve()),
            "peaks": str(files.peaks.resolve()),
            "slop": 0,
            "random_windows": 2000,
        },
    )


if __name__ == "__main__":
    small.run("train_maxatac", "Train a binding model", main)
