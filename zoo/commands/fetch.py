"""The command line of `zoo fetch`."""

import argparse
import json

import registry
from zoo import loading
from zoo.commands.heavy import import_keras
from zoo.commands.listing import matching
from zoo.files.progress import Progress

EXAMPLES = (
    "zoo fetch maxatac/CTCF",
    'zoo fetch "maxatac/*"',
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo fetch`."""
    parser.add_argument("names", nargs="+", metavar="NAME", help='family/MODEL or a pattern such as "maxatac/*"')


def run(options: argparse.Namespace) -> None:
    """Run `zoo fetch`."""
    names = []
    for name in options.names:
        names += [entry.name for entry in matching(name)] if registry.is_pattern(name) else [name]
    if not all(loading.is_cached(name) for name in names):
        import_keras()  # to convert; what is cached needs nothing of it
    fetched = []
    with Progress("fetch", "model", len(names)) as bar:
        for name in names:
            fetched.append({"name": name, "folder": str(loading.fetch(name))})
            if not options.json:
                print(name, fetched[-1]["folder"], sep="\t")
            bar.update()
    if options.json:
        print(json.dumps({"models": fetched}, indent=1))
