"""The command line of `zoo genome`."""

import argparse


def add_genome(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo genome`."""
    parser.add_argument("assembly", help="hg38, hg19, mm10 or sacCer3")
    parser.add_argument("--to", required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--mirror", metavar="FOLDER", help="has the files and UCSC's md5sum.txt; no network then")


def genome(options: argparse.Namespace) -> None:
    """Run `zoo genome`."""
    from zoo.genome import reference

    found = reference.fetch(options.assembly, options.to, options.mirror)
    print(*filter(None, (found.genome, found.sizes, found.blacklist)), sep="\n")
