"""The command line of `zoo average`, which also understands the options of `maxatac average`."""

import argparse

from zoo.commands import originals
from zoo.commands.printing import present
from zoo.commands.track_output import TRACK, left_out, said_left_out
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = ("zoo average rep1.bw rep2.bw --output out/mean.bw",)
SIGNATURE = Signature(
    "zoo.prepare.tracks:average",
    common=TRACK,
    differ={"signals": {"flags": (), "help": "bigWig files of replicates"}},
    left_out=PROGRESS,
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo average`."""
    SIGNATURE.add(parser)
    originals.add(parser, "average")


def run(options: argparse.Namespace) -> None:
    """Run `zoo average`."""
    from zoo.prepare.tracks import average

    signals, output = originals.given(options, "signals"), originals.output_of(options, ".bw")
    average(**SIGNATURE.values(options) | {"signals": signals, "output": output})
    missing = left_out(signals[0], output)
    present(options, {"output": output, "left out": missing}, *said_left_out(missing), output)
