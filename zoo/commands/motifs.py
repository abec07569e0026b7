"""The command line of `zoo motifs`."""

import argparse
import json

from zoo.commands.printing import add_json


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo motifs`."""
    parser.add_argument("attributions", metavar="FILE", help="OUTPUT.npz of zoo attribute")
    parser.add_argument("--motifs", metavar="MEME", help="known motifs, such as JASPAR's or HOCOMOCO's")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="of patterns, logos and report")
    parser.add_argument("--width", type=int, default=400, help="bp in the middle of the windows (default 400)")
    parser.add_argument("--most-seqlets", type=int, default=20_000, help="of each sign (default 20000)")
    parser.add_argument("--least-seqlets", type=int, default=100, help="for a sign to have patterns (default 100)")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo motifs`."""
    from zoo.interpretation import report

    choices = ("motifs", "width", "most_seqlets", "least_seqlets")
    made = report(options.attributions, options.output, **{name: getattr(options, name) for name in choices})
    print(json.dumps(made.to_json(), indent=1) if options.json else made)
    if made.patterns and not options.json:
        print(made.folder / "patterns.png", made.html, sep="\n")
