"""The command line of `zoo env`."""

import argparse
import json

from zoo import environment


def add_env(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo env`."""
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def env(options: argparse.Namespace) -> None:
    """Run `zoo env`."""
    found = environment.sources() | {f"version of {name}": value for name, value in environment.versions().items()}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for key, value in found.items():
        print(f"{key:<24} {value if value is not None else '-'}")
