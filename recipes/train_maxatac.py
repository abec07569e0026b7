"""Train a model of transcription-factor binding as maxATAC's were, or go on from one of them.

Without a genome it trains on the yeast data that ZOO_SHARED has, REB1 unless --factor or --peaks is given, else on
a synthetic genome. `--dry-run` measures how long an epoch takes here.

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
    """A yeast factor, by name or by peaks."""
    work = options.work
    data = yeast.prepare(yeast.find_data(), work)
    if options.peaks:
        peaks = user_path(options.peaks, "peaks")
        factor = (options.factor or peaks.name.split("_")[0].split(".")[0]).upper()
        again = f"python recipes/train_maxatac.py --peaks {shlex.quote(options.peaks)}"
        options.peaks = str(yeast.renamed(peaks, yeast.find_data() / "chrom_alias.tsv", work / f"given_{factor}.bed"))
    else:
        factor = (options.factor or "REB1").upper()
        again = f"python recipes/train_maxatac.py --factor {factor}"
        options.peaks = str(data.peaks_of(factor).resolve())
    options.factor = factor
    small.name_run(options, f"yeast/{factor}", "training on the yeast data")
    kind = "binding" if options.architecture == MAXATAC else "sites"
    command.main(
        options,
        small.CONFIGS / f"yeast_{kind}.yaml",
        genome=str(data.genome.resolve()),
        command=again,
        **{kind: {"signal": str(data.signal.resolve())}},
    )


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
