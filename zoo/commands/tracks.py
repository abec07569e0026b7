"""What the commands that make tracks share: options, and what they print."""

import argparse
from pathlib import Path

from registry.paths import user_path


def add_scaling(parser: argparse.ArgumentParser) -> None:
    """Options of normalization."""
    parser.add_argument("--max-percentile", type=float, default=99.0, metavar="P", help="what becomes 1 (default 99)")
    add_chromosomes(parser)
    parser.add_argument("--blacklist", metavar="FILE", help="bases that count for nothing: BED or bigWig")


def add_chromosomes(parser: argparse.ArgumentParser) -> None:
    """The option of that name."""
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default the main ones")


def summary(found) -> str:
    """Statistics in a line."""
    return (
        f"positive bases {found.bases:,}: median {found.median:g}, mean {found.mean:g}, "
        f"standard deviation {found.deviation:g}, percentile {found.high:g}"
    )


def left_out(source: str, made: str | Path) -> list[str]:
    """Chromosomes of a track that one made of it lacks."""
    from zoo.genome.signal import Signal
    from zoo.prepare import choice

    return choice.left_out(Signal(user_path(source, "signal")).sizes, Signal(user_path(made, "output")).sizes)


def print_left_out(source: str, made: str | Path) -> None:
    """Print the chromosomes of a track that one made of it lacks, if any."""
    from zoo.genome import names

    if missing := left_out(source, made):
        print(f"left out: {names.some(missing, 8)}")
