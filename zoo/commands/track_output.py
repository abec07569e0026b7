"""What the commands that make tracks share: options, and what they print."""

from collections.abc import Sequence
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals

TRACK = {  # keyword → settings, of all functions that have it
    "output": {"action": originals.OutputAction, "metavar": "BIGWIG"},
    "percentile": {"flags": ("--max-percentile",), "metavar": "P"},
    "chromosomes": {"metavar": "CHROM"},
    "blacklist": {"metavar": "FILE", "help": "bases that count for nothing: BED or bigWig"},
}


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


def said_left_out(missing: Sequence[str]) -> list[str]:
    """A line of the chromosomes that a track lacks, if any."""
    from zoo.genome import names

    return [f"left out: {names.some(missing, 8)}"] if missing else []
