"""Peaks of a track: stretches above a cutoff, with the rules of `macs3 bdgpeakcall`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_one_of, number, whole
from zoo.errors import InputError
from zoo.files.atomic import atomic
from zoo.formats import bed
from zoo.formats.content import BedStyle
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import read_bins
from zoo.predict import peaks as bins
from zoo.prepare.choice import chosen
from zoo.prepare.coverage import BLOCK, of_bases

_MOST_BP = 10**9
_NO_DATA = np.finfo(np.float32).min
FORMATS = (".narrowPeak", ".bed")
OPEN = {"cutoff": 0.2, "min_length": 50, "max_gap": 100}
"""Parameters of `open_regions`. On 1.1 Mb of GM12878 they call 5 % of the bases, which 458 of 492 peaks of 65 ChIP-seq
experiments touch."""


@dataclass(frozen=True)
class Peak:
    """A stretch of a chromosome.

    Attributes:
        chrom: its name.
        start: 0-based.
        end: exclusive.
        score: the highest value.
        summit: bp from the start to where the value is highest; the middle of a stretch of one value, and of several
            such stretches the one in the middle, the left one of two. -1 if it was not looked for.
    """

    chrom: str
    start: int
    end: int
    score: float
    summit: int


def call(
    signal: str | Path | Signal,
    cutoff: float,
    min_length: int = 200,
    max_gap: int = 30,
    chromosomes: Sequence[str] | None = None,
    compat: str | None = None,
) -> list[Peak]:
    """Peaks of a bigWig track.

    Bases whose value is at least the cutoff, joined over gaps of up to `max_gap` bp, if they then span `min_length` bp
    or more.

    Args:
        signal: the track.
        cutoff: above 0.
        min_length: bp.
        max_gap: bp.
        chromosomes: default the main ones of the track.
        compat: bases without data are 0; with "macs3" they have the value of the next base that has one, as there.

    Raises:
        InputError: a cutoff of 0 or less, or a chromosome that the track lacks.
    """
    cutoff = _checked_cutoff(cutoff)
    min_length = whole("min_length", min_length, 1, _MOST_BP)
    max_gap = whole("max_gap", max_gap, 0, _MOST_BP)
    if not is_one_of(compat, (None, "macs3")):
        raise InputError(
            'compat must be None or "macs3" for peaks of bases; "maxatac" goes with bins', received={"compat": compat}
        )
    track = (signal if isinstance(signal, Signal) else Signal(user_path(signal, "signal"))).filled(_NO_DATA)
    peaks = []
    for chrom, size in chosen(track.sizes, chromosomes, track.path).items():
        blocks = range(0, size, BLOCK)
        parts = [of_bases(chrom, first, track.values(chrom, first, min(first + BLOCK, size))) for first in blocks]
        starts, ends = (np.concatenate([part.edges[side] for part in parts]) for side in (slice(-1), slice(1, None)))
        values = np.concatenate([part.values for part in parts])
        known = values != _NO_DATA
        starts, ends, values = starts[known], ends[known], values[known]
        if compat:
            starts[1:] = ends[:-1]
        above = values.astype(np.float64) >= cutoff
        peaks += _joined(chrom, starts[above], ends[above], values[above], min_length, max_gap)
    return peaks


def call_bins(
    signal: str | Path,
    cutoff: float,
    bin_size: int = 32,
    chromosomes: Sequence[str] | None = None,
    compat: str | None = None,
) -> list[Peak]:
    """Peaks of a bigWig track in bins, as of predictions: those whose highest value is at least the cutoff, joined.

    Args:
        signal: the track; bases without data are 0.
        cutoff: above 0.
        bin_size: bp; bins begin at multiples of it, the last one of a chromosome may be shorter.
        chromosomes: default the main ones of the track, with compat chr1 to chr22.
        compat: "maxatac" for what that program's `peaks` was meant to write: bins that drift off by up to their size,
            none for the rest of a chromosome, and intervals one base too long.

    Returns:
        Peaks without a summit.

    Raises:
        InputError: a cutoff of 0 or less, a bin without a base, or a chromosome that the track lacks.
    """
    cutoff = _checked_cutoff(cutoff)
    bin_size = whole("bin", bin_size, 1, _MOST_BP)
    if not is_one_of(compat, (None, "maxatac")):
        raise InputError(
            'compat must be None or "maxatac" for peaks of bins; "macs3" goes with bases', received={"compat": compat}
        )
    track, peaks = Signal(user_path(signal, "signal")), []
    for chrom, size in chosen(track.sizes, chromosomes, track.path, compat).items():
        count = size // bin_size if compat else -(-size // bin_size)
        edges = np.arange(count + 1) * size // max(count, 1) if compat else np.arange(count + 1) * bin_size
        read = read_bins(track, chrom, np.minimum(edges, size), BLOCK // bin_size or 1)
        pieces = ((first, np.maximum.reduceat(values, at)) for first, values, at in read)
        for start, end, top in bins.call(pieces, cutoff, bin_size, size):
            peaks.append(Peak(chrom, start, end + bool(compat), top, -1))
    return peaks


def open_regions(signal: str | Path | Signal, chromosomes: Sequence[str] | None = None) -> list[Interval]:
    """Open chromatin by a normalized track: regions of interest to predict or to train on.

    Peaks of cut sites with the parameters `OPEN`, which are made for a 99th percentile of 1.

    Args:
        signal: the track.
        chromosomes: default the main ones of the track.

    Raises:
        InputError: no such region, or a chromosome that the track lacks.
    """
    regions = [Interval(peak.chrom, peak.start, peak.end) for peak in call(signal, **OPEN, chromosomes=chromosomes)]
    if not regions:
        raise InputError(
            f"A normalized track must have open regions: values of {OPEN['cutoff']} and more over "
            f"{OPEN['min_length']} bp",
            where=signal.path if isinstance(signal, Signal) else signal,
            received={"regions": 0, "chromosomes": chromosomes or "the main ones"},
            hint="Normalize the track with `zoo normalize`, or name the regions",
        )
    return regions


def _checked_cutoff(cutoff: object) -> float:
    return number("cutoff", cutoff, "above 0, and finite", lambda value: value > 0, example=1.0)


def _joined(
    chrom: str, starts: np.ndarray, ends: np.ndarray, values: np.ndarray, min_length: int, max_gap: int
) -> list[Peak]:
    """Peaks of runs above the cutoff, in order."""
    if not len(starts):
        return []
    new = np.concatenate([[True], (starts[1:] != ends[:-1]) | (values[1:] != values[:-1])])  # a block's edge is none
    first = np.flatnonzero(new)
    starts, ends, values = starts[first], ends[np.append(first[1:], len(ends)) - 1], values[first]
    heads = np.flatnonzero(np.concatenate([[True], starts[1:] - ends[:-1] > max_gap]))
    tails = np.append(heads[1:], len(starts))
    peaks = []
    for head, tail in zip(heads, tails, strict=True):
        if ends[tail - 1] - starts[head] >= min_length:
            top = values[head:tail].max()
            highest = np.flatnonzero(values[head:tail] == top) + head
            middle = highest[(len(highest) + 1) // 2 - 1]
            summit = int((starts[middle] + ends[middle]) / 2) - int(starts[head])
            peaks.append(Peak(chrom, int(starts[head]), int(ends[tail - 1]), float(top), summit))
    return peaks


def check_name(path: Path) -> None:
    """Raise `InputError` if a file's extension is not that of a format of peaks."""
    if path.suffix not in FORMATS:
        raise InputError(
            f"The name of a file of peaks must end in {' or '.join(FORMATS)}", received={"output": str(path)}
        )


def write(path: Path, peaks: Sequence[Peak], compat: str | None = None) -> None:
    """Write peaks as ENCODE narrowPeak or, by the name's end, as BED of six columns and the score as a seventh.

    In narrowPeak the fifth column is 10 times the score as a whole number, at most 1,000, and the seventh the score; so
    it is in BED, where no score is above 1, 1,000 times the score (`zoo.formats.bed`).

    Args:
        path: of the file.
        peaks: in their order.
        compat: of `call_bins`: with "maxatac" a BED file has the score itself in its fifth column, and no more.
    """
    check_name(path)
    lines, style = [], BedStyle(path.stem, all(peak.score <= 1 for peak in peaks))
    for row, peak in enumerate(peaks, start=1):
        place = f"{peak.chrom}\t{peak.start}\t{peak.end}\t{path.stem}_{row}"
        if path.suffix == ".bed" and compat == "maxatac":
            lines.append(f"{place}\t{peak.score:g}\n")
        elif path.suffix == ".bed":
            lines.append(bed.line((peak.chrom, peak.start, peak.end, peak.score), row, style))
        else:
            shade = bed.shade(peak.score, fraction=False)
            lines.append(f"{place}\t{shade}\t.\t{peak.score:g}\t-1\t-1\t{peak.summit}\n")
    try:
        with atomic(path, path.parent) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The output must be writable: {error.strerror}", received={"output": str(path)}) from None
