"""The command line of `zoo genome`."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo genome`."""
    parser.add_argument("assembly", help="hg38, hg19, mm10 or sacCer3")
    parser.add_argument("--to", required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--mirror", metavar="FOLDER", help="has the files and UCSC's md5sum.txt; no network then")
    parser.add_argument(
        "--blacklist",
        choices=("encode", "maxatac"),
        default="encode",
        help="the ENCODE blacklist v2, or that of maxATAC's release (hg38) (default encode)",
    )


def run(options: argparse.Namespace) -> None:
    """Run `zoo genome`."""
    from zoo.genome import reference

    found = reference.fetch(options.assembly, options.to, options.mirror, blacklist=options.blacklist)
    print(*filter(None, (found.genome, found.sizes, found.blacklist)), sep="\n")
