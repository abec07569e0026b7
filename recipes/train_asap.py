"""Train a model of chromatin accessibility as ASAP's were.

Without a genome it trains a narrow one on the yeast data that ZOO_SHARED has, else on a synthetic genome; minutes on a
laptop.

Usage: python recipes/train_asap.py [--out FOLDER]
       python recipes/train_asap.py --config recipes/configs/asap_GM12878.yaml --genome hg38.2bit --signal signal.bw \
           --peaks peaks.narrowPeak --blacklist hg38.bed --unmappable umap.bed --fold 0 --out runs/gm12878
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small
import yeast

from zoo.errors import ZooError
from zoo.train import command

CONFIGS = Path(__file__).parent / "configs"


def main(options: argparse.Namespace) -> None:
    """Train what the options say."""
    if options.genome or options.config:
        options.config = options.config or CONFIGS / "asap_GM12878.yaml"
        command.main(options)
    elif yeast.at_hand():
        on_yeast(options)
    else:
        on_synthetic(options)


def on_yeast(options: argparse.Namespace) -> None:
    """The accessibility of yeast."""
    data = yeast.prepare(yeast.at_hand(), options.work)
    small.name_run(options, "yeast/ATAC", "training on the yeast data, about ten minutes on two cores")
    command.main(
        options,
        CONFIGS / "yeast_ATAC.yaml",
        command="python recipes/train_asap.py",
        genome=str(data.genome.resolve()),
        accessibility={"signal": str(data.accessibility.resolve()), "peaks": str(data.open.resolve())},
    )


def on_synthetic(options: argparse.Namespace) -> None:
    """A track over sites that were planted in random sequence."""
    files, changes = small.synthetic_data(options.work)
    said = "no data at hand (ZOO_SHARED), training on a synthetic genome, a minute or two"
    small.name_run(options, "synthetic/ATAC", said)
    command.main(
        options,
        CONFIGS / "yeast_ATAC.yaml",
        **changes,
        epochs=3,
        accessibility={"signal": str(files.signal.resolve()), "sample": "synthetic"},
    )


if __name__ == "__main__":
    parser = command.add_options(
        argparse.ArgumentParser(description="Train an accessibility model; see the file's head.")
    )
    parser.add_argument("--work", type=Path, default=Path("runs/data"), help="for prepared tracks (default runs/data)")
    try:
        main(parser.parse_args())
    except ZooError as error:
        sys.exit(f"train_asap: error: {error}")
