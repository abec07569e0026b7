"""The command line of `zoo info`."""

import argparse
import json
from collections import Counter

from zoo import loading
from zoo.commands.printing import add_json
from zoo.commands.shared import add_name
from zoo.notebook.terminal import described
from zoo.variants.background import kept

EXAMPLES = ("zoo info maxatac/CTCF",)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo info`."""
    add_name(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo info`."""
    info = loading.info(options.name)
    print(json.dumps(info, indent=1) if options.json else described(info, _backgrounds(info["name"])))


def _backgrounds(name: str) -> dict[str, str]:
    """Scores of random variants that are kept in the cache, if there are any."""
    counts = Counter(f"{record['variants']:,} {record['kind']}" for record in kept(name))
    listed = ", ".join(text + (f" ({count} times)" if count > 1 else "") for text, count in sorted(counts.items()))
    return {"background": f"{listed} (zoo variants --background)"} if counts else {}
