"""Train a model of chromatin accessibility as ASAP's were.

Without a genome it trains a small network of the zoo (`motif_dcnn`) on the yeast data that ZOO_SHARED has, else on a
synthetic genome. `--dry-run` measures how long an epoch takes here. With `--set tracks=2` the network predicts a second
track: of yeast that of the ends of mononucleosomal fragments.

Usage: python recipes/train_asap.py [--out FOLDER] [--set tracks=2]
       python recipes/train_asap.py --config recipes/configs/asap_GM12878.yaml --genome hg38.2bit --signal signal.bw \
           --peaks peaks.narrowPeak --blacklist hg38.bed --unmappable umap.bed --fold 0 --out runs/gm12878
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small
import yeast

from zoo.train import command

AGAIN = "TF_NUM_INTRAOP_THREADS=1 python recipes/train_asap.py"  # sums of several threads differ in their last digits


def main(options: argparse.Namespace) -> None:
    """Train by the options."""
    small.choose(options, "asap_GM12878.yaml", on_yeast, on_synthetic)


def on_yeast(options: argparse.Namespace) -> None:
    """The accessibility of yeast."""
    data = yeast.prepare(yeast.find_data(), options.work)
    signal: object = str(data.accessibility.resolve())
    again = AGAIN
    if small.tracks(options) > 1 and not options.signal:
        ends = yeast.mononucleosomal(yeast.find_data(), options.work)
        signal, again = {"all": signal, "mononucleosomal": str(ends.resolve())}, f"{AGAIN} --set tracks=2"
    small.name_run(options, "yeast/ATAC", "training on the yeast data")
    command.main(
        options,
        small.CONFIGS / "yeast_ATAC.yaml",
        command=again,
        genome=str(data.genome.resolve()),
        accessibility={"signal": signal, "peaks": str(data.open.resolve())},
    )


def on_synthetic(options: argparse.Namespace) -> None:
    """A track over sites that were planted in random sequence."""
    files, changes = small.synthetic_data(options.work, small.tracks(options))
    paths = [str(path.resolve()) for path in (files.signal, *files.others)]
    message = "no data at hand (ZOO_SHARED), training on a synthetic genome"
    small.name_run(options, "synthetic/ATAC", message)
    command.main(
        options,
        small.CONFIGS / "yeast_ATAC.yaml",
        **changes,
        epochs=3,
        accessibility={"signal": paths if len(paths) > 1 else paths[0], "sample": "synthetic"},
    )


if __name__ == "__main__":
    small.run("train_asap", "Train an accessibility model", main)
