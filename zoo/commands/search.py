"""The command line of `zoo search`."""

import argparse

import registry
from zoo.commands.listing import show
from zoo.commands.printing import add_json
from zoo.errors import InputError

EXAMPLES = (
    "zoo search PU.1",
    "zoo search '*DNase-seq*pair*'",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo search`."""
    parser.add_argument(
        "text", help="for example GATA or PU.1; a pattern such as '*brain*' is of a whole name or description"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo search`."""
    entries = registry.search(options.text)
    if not entries:
        raise InputError(
            "The text must occur in the name, the aliases, the tissue or the description of a model, "
            "or be a pattern of one",
            example="zoo search GATA",
            received={"text": options.text},
            hint="`zoo list` shows all models",
        )
    show(entries, options.json)
