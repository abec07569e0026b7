"""What the training recipes share: their command line, and what they do without arguments."""

import argparse
from collections.abc import Callable
from pathlib import Path

import yeast

from zoo.console import recipe
from zoo.data import synthetic
from zoo.train import command

CONFIGS = Path(__file__).parent / "configs"
LENGTHS = {"chr1": 600_000, "chr2": 200_000, "chr3": 200_000}
_MOST_SAMPLES = 16

Train = Callable[[argparse.Namespace], None]
Options = Callable[[argparse.ArgumentParser], None]


def run(name: str, description: str, main: Train, more: Options | None = None) -> None:
    """Parse the command line, with more options of the recipe's own, and train; an error ends it with its message."""
    parser = command.add_options(argparse.ArgumentParser(description=f"{description}; see the file's head."))
    parser.add_argument("--work", type=Path, default=Path("runs/data"), help="for prepared tracks (default runs/data)")
    if more is not None:
        more(parser)
    recipe.run(name, main, parser.parse_args())


def choose(options: argparse.Namespace, config: str, on_yeast: Train, on_synthetic: Train) -> None:
    """Train on the files that are named, by default with a configuration; else on available data."""
    if options.genome or options.config:
        options.config = options.config or CONFIGS / config
        command.main(options)
    elif yeast.find_data():
        on_yeast(options)
    else:
        on_synthetic(options)


def name_run(options: argparse.Namespace, name: str, message: str) -> None:
    """Fill in the model's name and the folder of its run where they are not given, and print what will be trained."""
    options.name = options.name or name
    options.out = options.out or Path("runs") / options.name.replace("/", "-")
    print(f"{options.name}: {message}", flush=True)


def tracks(options: argparse.Namespace) -> int:
    """How many tracks the network shall predict, as set by `--set tracks=N`."""
    count = dict(map(command.argument, options.set)).get("tracks", 1)
    return count if isinstance(count, int) and 1 <= count <= _MOST_SAMPLES else 1


def synthetic_data(work: Path, samples: int = 1) -> tuple[synthetic.Synthetic, dict[str, object]]:
    """A synthetic genome with the signals of some samples, and what it changes in a configuration."""
    files = synthetic.make(work / "synthetic", LENGTHS, samples=samples)
    return files, synthetic_run(files)


def synthetic_run(files: synthetic.Synthetic) -> dict[str, object]:
    """What a synthetic genome changes in a configuration."""
    return {
        "genome": str(files.genome.resolve()),
        "assembly": "synthetic",
        "chromosomes": {"train": ["chr1"], "validation": ["chr2"], "test": ["chr3"]},
        "folds": [["chr1"], ["chr2"], ["chr3"]],
        "license": "none needed",
        "citation": "none",
    }
