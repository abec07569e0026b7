"""Scored intervals as BED of six columns and the score itself as the seventh (bed6+1).

Column 5, from which browsers shade an interval, is a whole number from 0 to 1,000: 1,000 times a score that lies from 0
to 1, and 10 times any other, as in the narrowPeak of macs3. Column 7 has the score as it is, as in narrowPeak.
"""

from pathlib import Path

import numpy as np

from zoo.formats.content import BedStyle, Intervals, Row

_MOST = 1000


def write(path: Path, intervals: Intervals) -> None:
    """Write chrom, start, end, name, shade, ".", score lines; in the style of maxATAC chrom, start, end, score."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.writelines(line(row, number, intervals.style) for number, row in enumerate(intervals, start=1))


def line(interval: Row, number: int, style: BedStyle) -> str:
    """One of them, with its end of line; `number` counts them from 1."""
    chrom, start, end, value = interval
    score = np.float32(value)
    if style.plain:
        return f"{chrom}\t{start}\t{end}\t{score!s}\n"
    return f"{chrom}\t{start}\t{end}\t{style.name}_{number}\t{shade(value, style.fraction)}\t.\t{score!s}\n"


def shade(score: float, fraction: bool) -> int:
    """Column 5 of a score: by its size, without its sign."""
    size = abs(score)
    return min(round(_MOST * size) if fraction else int(10 * size), _MOST)
