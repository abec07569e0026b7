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

import yeast

from zoo.data import synthetic
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
    options.name = options.name or "yeast/ATAC"
    options.out = options.out or Path("runs") / options.name.replace("/", "-")
    print(f"{options.name}: training on the yeast data, about a quarter of an hour on two cores", flush=True)
    command.main(
        options,
        CONFIGS / "yeast_ATAC.yaml",
        genome=str(data.genome.resolve()),
        accessibility={"signal": str(data.accessibility.resolve()), "peaks": str(data.open.resolve())},
    )


def on_synthetic(options: argparse.Namespace) -> None:
    """A track over sites that were planted in random sequence."""
    files = synthetic.make(options.work / "synthetic", {"chr1": 600_000, "chr2": 200_000, "chr3": 200_000})
    options.name = options.name or "synthetic/ATAC"
    options.out = options.out or Path("runs") / options.name.replace("/", "-")
    print(f"{options.name}: no data at hand (ZOO_SHARED), training on a synthetic genome, a minute or two", flush=True)
    command.main(
        options,
        CONFIGS / "yeast_ATAC.yaml",
        genome=str(files.genome.resolve()),
        assembly="synthetic",
        chromosomes={"train": ["chr1"], "validation": ["chr2"], "test": ["chr3"]},
        folds=[["chr1"], ["chr2"], ["chr3"]],
        license="none needed",
        citation="none",
        epochs=options.epochs or 3,
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
