"""Scored intervals as BED."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.formats.content import Row


def write(path: Path, intervals: Iterable[Row]) -> None:
    """Write chrom, start, end, score lines, as maxATAC does."""
    with open(path, "w", encoding="utf-8") as handle:
        for chrom, start, end, score in intervals:
            handle.write(f"{chrom}\t{start}\t{end}\t{np.float32(score)!s}\n")
