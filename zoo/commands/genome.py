"""The command line of `zoo genome`."""

import argparse
from dataclasses import asdict

from zoo.commands.printing import present
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo genome hg38 --to genomes",
    "zoo genome hg38 --to genomes --blacklist maxatac",
)
SIGNATURE = Signature(
    "zoo.genome.reference:fetch",
    differ={
        "assembly": {"flags": (), "help": "hg38, hg19, mm10 or sacCer3"},
        "folder": {"flags": ("--to",), "metavar": "FOLDER", "help": "where the files go"},
        "mirror": {"metavar": "FOLDER"},
        "blacklist": {
            "choices": ("encode", "maxatac"),
            "help": "the ENCODE blacklist v2, or that of maxATAC's release (hg38) (default encode)",
        },
    },
    left_out=PROGRESS,
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo genome`."""
    SIGNATURE.add(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo genome`."""
    from zoo.genome import reference

    files = reference.fetch(**SIGNATURE.values(options))
    present(options, asdict(files), *filter(None, (files.genome, files.sizes, files.blacklist)))
