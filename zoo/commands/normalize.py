"""The command line of `zoo normalize`, which also understands the options of `maxatac normalize`."""

import argparse
from dataclasses import asdict

from zoo.commands import originals, shared
from zoo.commands.printing import add_json, present
from zoo.commands.track_output import TRACK, left_out, said_left_out, summary
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = ("zoo normalize out/mean.bw --output out/normalized.bw",)
SIGNATURE = Signature(
    "zoo.prepare.tracks:normalize",
    common=TRACK,
    differ={
        "signal": {"flags": (), "help": "bigWig"},
        "method": {"help": "min-max, zscore, robust or arcsinh (default min-max)"},
        "low": {"flags": ("--min",), "metavar": "X"},
        "high": {"flags": ("--max",), "metavar": "X"},
    },
    left_out=PROGRESS,
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo normalize`."""
    SIGNATURE.add(parser)
    add_json(parser, "print the statistics for programs")
    originals.add(parser, "normalize")


def run(options: argparse.Namespace) -> None:
    """Run `zoo normalize`."""
    from zoo.prepare.tracks import normalize

    signal, output = originals.given(options, "signal"), originals.output_of(options, ".bw")
    files = {"signal": signal, "output": output, "blacklist": options.blacklist or ()}
    statistics = normalize(**SIGNATURE.values(options) | files)
    missing = left_out(signal, output)
    made = {**asdict(statistics), "left out": missing, "output": output}
    present(options, made, summary(statistics), *said_left_out(missing), output)
