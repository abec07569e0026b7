"""The command line of `zoo train`, which the recipes share (`zoo.train.command`)."""

import argparse
import json

from zoo.train import command
from zoo.train.command import SIGNATURES
from zoo.train.command import add_options as add

__all__ = ["EXAMPLES", "SIGNATURES", "add", "run"]

EXAMPLES = (
    "zoo train --config recipes/configs/maxatac.yaml --genome hg38.2bit --signal atac.bw --peaks chip.bed "
    "--factor CTCF --out runs/ctcf",
    "zoo train --config recipes/configs/maxatac.yaml --out runs/ctcf --resume",
)


def run(options: argparse.Namespace) -> None:
    """Run `zoo train`."""
    made = command.main(options)
    if options.json:
        print(json.dumps(made, indent=1))
