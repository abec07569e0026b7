"""The command line of `zoo average`, which also understands the options of `maxatac average`."""

import argparse

from zoo.commands import originals
from zoo.commands.tracks import add_chromosomes, print_left_out


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo average`."""
    parser.add_argument("signals", nargs="+", help="bigWig files of replicates")
    parser.add_argument("--output", action=originals.Output, required=True, metavar="BIGWIG")
    add_chromosomes(parser)
    originals.add(parser, "average")


def run(options: argparse.Namespace) -> None:
    """Run `zoo average`."""
    from zoo.prepare.tracks import average

    signals, output = originals.given(options, "signals"), originals.output_of(options, ".bw")
    average(signals, output, options.chromosomes)
    print_left_out(signals[0], output)
    print(output)
