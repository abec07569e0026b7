"""The command line of `zoo env`."""

import argparse
import json

from zoo import environment
from zoo.commands.printing import add_json

EXAMPLES = (
    "zoo env",
    "zoo env --json",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo env`."""
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo env`."""
    entries = environment.sources() | {f"version of {name}": value for name, value in environment.versions().items()}
    if options.json:
        print(json.dumps(entries, indent=1))
        return
    for key, value in entries.items():
        print(f"{key:<24} {value if value is not None else '-'}")
