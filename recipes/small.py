"""What the training recipes do without arguments: where a run goes, and a synthetic genome where there is no data."""

import argparse
from pathlib import Path

from zoo.data import synthetic

_LENGTHS = {"chr1": 600_000, "chr2": 200_000, "chr3": 200_000}


def name_run(options: argparse.Namespace, name: str, said: str) -> None:
    """Fill in the model's name and the folder of its run where they are not given, and say what will be done."""
    options.name = options.name or name
    options.out = options.out or Path("runs") / options.name.replace("/", "-")
    print(f"{options.name}: {said}", flush=True)


def synthetic_data(work: Path) -> tuple[synthetic.Synthetic, dict[str, object]]:
    """A synthetic genome, and what it changes in a configuration."""
    files = synthetic.make(work / "synthetic", _LENGTHS)
    return files, {
        "genome": str(files.genome.resolve()),
        "assembly": "synthetic",
        "chromosomes": {"train": ["chr1"], "validation": ["chr2"], "test": ["chr3"]},
        "folds": [["chr1"], ["chr2"], ["chr3"]],
        "license": "none needed",
        "citation": "none",
    }
