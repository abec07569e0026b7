"""The command line of `zoo verify`."""

import argparse

import registry
from registry import store
from zoo import loading
from zoo.errors import ZooError

EXAMPLES = (
    "zoo verify",
    "zoo verify maxatac/CTCF",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo verify`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="default everything in the cache")


def run(options: argparse.Namespace) -> int:
    """Run `zoo verify`."""
    folders = [loading.fetch(name) for name in options.names] or store.folders()
    damaged = 0
    for folder in folders:
        try:
            registry.audit(folder)
            print(f"sound\t{folder}")
        except ZooError as error:
            damaged += 1
            print(f"DAMAGED\t{folder}\t{error}")
    return 1 if damaged else 0
