"""The command line of `zoo motifs`."""

import argparse
import json

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import Signature

EXAMPLES = ("zoo motifs out/why.npz --motifs jaspar.meme --output out/motifs",)
SIGNATURE = Signature(
    "zoo.interpretation:report",
    differ={
        "attributions": {"flags": (), "metavar": "FILE", "help": "OUTPUT.npz of zoo attribute"},
        "folder": {"flags": ("--output",), "metavar": "FOLDER", "help": "of patterns, logos and report"},
        "motifs": {"metavar": "MEME", "help": "known motifs, such as JASPAR's or HOCOMOCO's"},
        "width": {"metavar": "BP"},
        "most_seqlets": {"metavar": "N"},
        "least_seqlets": {"metavar": "N", "help": "of a sign, for it to have patterns (default 100)"},
    },
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo motifs`."""
    SIGNATURE.add(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo motifs`."""
    from zoo.interpretation import report

    made = report(**SIGNATURE.values(options))
    print(json.dumps(made.to_json(), indent=1) if options.json else made)
    if made.patterns and not options.json:
        print(made.folder / "patterns.png", made.html, sep="\n")
