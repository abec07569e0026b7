"""The command line of `zoo list`."""

import argparse

from zoo.commands.listing import matching, show
from zoo.commands.printing import add_json

EXAMPLES = (
    "zoo list",
    'zoo list "maxatac/FOX*"',
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo list`."""
    parser.add_argument("pattern", nargs="?", default="*", help='for example "maxatac/FOX*" (default all)')
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo list`."""
    show(matching(options.pattern), options.json)
