"""The command line of `zoo unit`."""

import argparse

from zoo.commands.printing import present
from zoo.console.signature import Signature

EXAMPLES = ("zoo unit out/atlas.partial 000-000000-0000",)
SIGNATURE = Signature(
    "zoo.many.units:compute_units",
    differ={
        "folder": {"flags": (), "help": "OUTPUT.partial, which `zoo predict --plan` made"},
        "units": {"flags": (), "nargs": "+", "metavar": "UNIT", "help": "names of units in the plan"},
    },
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo unit`."""
    SIGNATURE.add(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo unit`."""
    from zoo.many.units import compute_units

    done = compute_units(**SIGNATURE.values(options))
    there = len(options.units) - done
    present(options, {"computed": done, "there": there}, f"{done:,} units computed, {there:,} were there")
