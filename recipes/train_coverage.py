"""Train a head for tracks of one's own on the trunk of another model, as of Borzoi or Enformer.

The table of tracks (`--tracks`) has a name and a bigWig file for each, and how they are scaled
(`zoo.data.track_files`). Without a genome it shows this on a synthetic one: a small network is trained on one sample,
and a head for another sample on its trunk, which stays as it is.

Usage: python recipes/train_coverage.py [--out FOLDER]
       python recipes/train_coverage.py --genome hg38.2bit --from borzoi/mini --tracks mine.tsv \
           --blacklist hg38.bed --name mylab/DNASE --out runs/dnase [--freeze trunk]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small

from zoo.errors import InputError
from zoo.train import command

CONFIG = small.CONFIGS / "coverage.yaml"
_SMALL = {"window": 1024, "filters": 16, "residual_filters": 16, "residual_blocks": 3, "final_filters": None}
_BIN = 4


def main(options: argparse.Namespace) -> None:
    """Train by the options."""
    if options.genome or options.config:
        options.config = options.config or CONFIG
        command.main(options)
    else:
        on_synthetic(options)


def on_synthetic(options: argparse.Namespace) -> None:
    """A track over sites that were planted in random sequence, and then that of another sample."""
    if options.start_from or options.targets:
        raise InputError("A model and tracks must come with a genome", example="--genome hg38.2bit")
    files, changes = small.synthetic_data(options.work, 2)
    small.name_run(options, "synthetic/OTHER", "training on a synthetic genome")
    changes |= {"batch_size": 16, "epochs": 3, "optimizer": {"warm_up": 20, "learning_rate": 0.003}}
    one = {"name": "synthetic/ONE", "out": options.out / "one", "freeze": None, "seeds": None}
    first = argparse.Namespace(**{**vars(options), **one})
    network = {"name": "dcnn", "config": _SMALL}
    run = {"targets": str(table(options.work, "one", files.signal)), "bin_size": _BIN}
    command.main(first, CONFIG, **changes, architecture=network, coverage=run)
    run["targets"] = str(table(options.work, "other", files.others[0]))
    options.out, options.freeze = options.out / "other", options.freeze or ["trunk"]
    command.main(options, CONFIG, **changes, start_from=str((first.out / "model").resolve()), coverage=run)


def table(work: Path, name: str, signal: Path) -> Path:
    """A table of one track."""
    path = work / f"{name}.tsv"
    row = f"{name}\t{signal.resolve()}\tmean\tATAC:{name}\n"
    path.write_text(f"name\tfile\tsum_stat\tdescription\n{row}", encoding="utf-8")
    return path.resolve()


if __name__ == "__main__":
    small.run("train_coverage", "Train a head for tracks of your own on the trunk of another model", main)
