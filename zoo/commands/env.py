"""The command line of `zoo env`."""

import argparse

from zoo import environment
from zoo.commands.printing import print_json


def add_env(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo env`."""
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def env(options: argparse.Namespace) -> None:
    """Run `zoo env`."""
    found = environment.sources() | {f"version of {name}": value for name, value in environment.versions().items()}
    if options.json:
        print_json(found)
        return
    for key, value in found.items():
        print(f"{key:<24} {value if value is not None else '-'}")
