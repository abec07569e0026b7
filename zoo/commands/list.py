"""The command line of `zoo list`."""

import argparse

import registry
from zoo.commands.listing import checked, show
from zoo.commands.printing import add_json

EXAMPLES = (
    "zoo list gata",
    'zoo list "maxatac/FOX*"',
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo list`."""
    parser.add_argument("pattern", nargs="?", default="*", help='a word, or a pattern such as "FOX*" (default all)')
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo list`."""
    show(checked(registry.list_named(options.pattern), options.pattern), options.json)
