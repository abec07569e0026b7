"""The command line of `zoo env`."""

import argparse
import json

from registry import installation
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
    versions = {f"version of {name}": value for name, value in environment.versions().items()}
    entries = {"installed from": installation.origin(), **environment.sources(), **versions}
    if options.json:
        print(json.dumps(entries, indent=1))
        return
    for key, value in entries.items():
        print(f"{key:<24} {value if value is not None else '-'}")
