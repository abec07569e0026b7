"""The command line of `zoo tracks`."""

import argparse
import json
from dataclasses import asdict

from zoo.commands.printing import add_json
from zoo.commands.shared import add_name
from zoo.console.table import listing
from zoo.track_rows import tracks

EXAMPLES = (
    "zoo tracks borzoi/mini DNASE",
    "zoo tracks borzoi/mini 'DNASE:*HepG2*'",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo tracks`."""
    add_name(parser)
    parser.add_argument(
        "track", nargs="*", help="which ones: names, descriptions, assays or patterns, such as DNASE or 'DNASE:*brain*'"
    )
    parser.add_argument("--head", metavar="NAME", help="of which head (default all)")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo tracks`."""
    rows = tracks(options.name, options.track or None, options.head)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    lines = [[row.head, str(row.number), row.name, row.description] for row in rows]
    print(listing(["head", "number", "name", "description"], lines, numbers=(1,)))
