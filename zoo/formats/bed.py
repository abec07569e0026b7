"""Scored intervals as BED."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.formats.content import Row


def write(path: Path, intervals: Iterable[Row]) -> None:
    """Write chrom, start, end, score lines, as maxATAC does."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.writelines(map(line, intervals))


def line(interval: Row) -> str:
    """One of them, with its end of line."""
    chrom, start, end, score = interval
    return f"{chrom}\t{start}\t{end}\t{np.float32(score)!s}\n"
