"""The command line of `zoo fetch`."""

import argparse

import registry
from zoo import loading
from zoo.commands.heavy import import_keras
from zoo.commands.listing import matching

EXAMPLES = (
    "zoo fetch maxatac/CTCF",
    'zoo fetch "maxatac/*"',
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo fetch`."""
    parser.add_argument("names", nargs="+", metavar="NAME", help='family/MODEL or a pattern such as "maxatac/*"')


def run(options: argparse.Namespace) -> None:
    """Run `zoo fetch`."""
    from tqdm import tqdm

    names = []
    for name in options.names:
        names += [entry.name for entry in matching(name)] if registry.is_pattern(name) else [name]
    if not all(loading.is_cached(name) for name in names):
        import_keras()  # to convert; what is cached needs nothing of it
    for name in tqdm(names, desc="fetch", unit="model", disable=None):
        print(f"{name}\t{loading.fetch(name)}")
