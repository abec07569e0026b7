"""The command line of `zoo normalize`, which also understands the options of `maxatac normalize`."""

import argparse
import json
from dataclasses import asdict

from zoo.commands import originals
from zoo.commands.tracks import add_scaling, left_out, print_left_out, summary


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo normalize`."""
    parser.add_argument("signal", help="bigWig")
    parser.add_argument("--output", action=originals.Output, required=True, metavar="BIGWIG")
    parser.add_argument("--method", default="min-max", help="min-max, zscore, robust or arcsinh (default min-max)")
    parser.add_argument("--clip", action="store_true", help="cut min-max off at 0 and 1")
    parser.add_argument("--min", type=float, metavar="X", help="what becomes 0, instead of the smallest value")
    parser.add_argument("--max", type=float, metavar="X", help="what becomes 1, instead of the percentile")
    add_scaling(parser)
    parser.add_argument("--json", action="store_true", help="print the statistics for programs")
    originals.add(parser, "normalize")


def run(options: argparse.Namespace) -> None:
    """Run `zoo normalize`."""
    from zoo.prepare.tracks import normalize

    signal, output = originals.given(options, "signal"), originals.output_of(options, ".bw")
    found = normalize(
        signal,
        output,
        options.method,
        options.max_percentile,
        options.clip,
        options.chromosomes,
        options.blacklist or (),
        options.min,
        options.max,
    )
    if options.json:
        print(json.dumps({**asdict(found), "left out": left_out(signal, output)}, indent=1))
        return
    print(summary(found))
    print_left_out(signal, output)
    print(output)
