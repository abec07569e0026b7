"""Regions: from BED files, region strings, intervals and data frames; and BED files out."""

import bz2
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import names
from zoo.genome.interval import Interval

_OPEN = {".gz": gzip.open, ".bgz": gzip.open, ".bz2": bz2.open}
_IGNORED = re.compile(r"#|(track|browser)\b")
_LONGEST = 1 << 40
_COLUMNS = (("chrom", "chromosome", "chr", "seqnames"), ("start", "chromStart"), ("end", "chromEnd", "stop"))


def read(path: str | Path, may_be_empty: bool = False) -> list[Interval]:
    """Read a BED file (or narrowPeak, or any table that begins with chrom, start, end), plain, .gz or .bz2.

    Raises:
        InputError: no file, no region in it, or a line that is not BED, named by its number.
    """
    regions = [_parse(line, where) for line, where in lines(path)]
    if not regions and not may_be_empty:
        raise InputError("A BED file has at least one region", example="chr1\t1000\t2000", where=path)
    return regions


def read_summits(path: str | Path) -> list[tuple[Interval, int]]:
    """Read a narrowPeak file: peaks and the positions of their summits; the middle where column 10 is missing or -1.

    Raises:
        InputError: as for `read`, or a summit that is no whole number or outside its peak.
    """
    found = []
    for line, where in lines(path):
        peak, columns = _parse(line, where), line.split()
        try:
            summit = int(columns[9]) if len(columns) > 9 else -1
            if not -1 <= summit < len(peak):
                raise ValueError
        except ValueError:
            raise InputError(
                "Column 10 of a narrowPeak file is the summit's distance from the start, in bp, or -1",
                where=where,
                received={"summit": columns[9]},
            ) from None
        found.append((peak, peak.start + (len(peak) // 2 if summit < 0 else summit)))
    if not found:
        raise InputError("A narrowPeak file has at least one peak", where=path)
    return found


def lines(path: str | Path) -> Iterator[tuple[str, str]]:
    """The lines that hold data, and where they stand."""
    for number, line in enumerate(raw_lines(path), start=1):
        if line.strip() and not _IGNORED.match(line):
            yield line, f"{path}, line {number}"


def raw_lines(path: str | Path) -> Iterator[str]:
    """All lines of a text file, plain or compressed."""
    path = Path(path).expanduser()
    try:
        with _OPEN.get(path.suffix.lower(), open)(path, "rt", encoding="utf-8-sig") as handle:
            yield from handle
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"A file of regions or variants can be read ({error})", received={"path": str(path)}) from None


def _parse(line: str, where: str) -> Interval:
    columns = line.split("\t") if "\t" in line else line.split()
    try:
        chrom, start, end = columns[0], int(columns[1]), int(columns[2])
        if not 0 <= start < end < _LONGEST or not chrom:
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            "A line of a BED file is chrom, start, end (0-based, half-open, start < end)",
            example="chr1 1000 2000",
            where=where,
            received={"line": line.rstrip("\n")[:80]},
        ) from None
    return Interval(chrom, start, end, columns[3].strip() if len(columns) > 3 else ".")


def regions(value: object, sizes: Mapping[str, int]) -> list[Interval]:
    """Whatever a user calls regions, as intervals on the genome's chromosomes.

    Args:
        value: a path to a BED file, a region string (`chr1:1,001-2,000` or `chr1`), an `Interval`, a data frame with
            chrom, start and end columns, or a sequence of region strings, intervals and (chrom, start, end) tuples.
        sizes: chromosome -> bp of the genome.

    Raises:
        InputError: something else, or no region at all.
        GenomeMismatch: a chromosome that the genome does not have, or a region behind a chromosome's end.
    """
    found = [_on_genome(region, sizes) for region in intervals(value, sizes)]
    if not found:
        raise InputError("There is at least one region", received={"regions": type(value).__name__})
    return found


def centers(value: object, sizes: Mapping[str, int]) -> list[tuple[Interval, int]]:
    """Regions and what is in their middle, of a narrowPeak file the summits. Arguments and errors as for `regions`."""
    if isinstance(value, Path) or (isinstance(value, str) and is_there(value)):
        return [(_on_genome(region, sizes), summit) for region, summit in read_summits(value)]
    return [(region, region.start + len(region) // 2) for region in regions(value, sizes)]


def intervals(value: object, sizes: Mapping[str, int]) -> Iterator[Interval]:
    """The same as they are given, whatever chromosomes they lie on. Raises `InputError` for what is no region."""
    if isinstance(value, Interval):
        yield value
    elif isinstance(value, Path) or (isinstance(value, str) and is_there(value)):
        yield from read(value)
    elif isinstance(value, str):
        yield _region_string(value, sizes)
    elif hasattr(value, "columns"):
        yield from _from_frame(value)
    elif isinstance(value, Sequence) and len(value) == 3 and _is_row(value):
        yield Interval(value[0], int(value[1]), int(value[2]))
    elif isinstance(value, Iterable):
        for item in value:
            yield from intervals(item, sizes)
    else:
        raise InputError(
            "Regions are a BED file, region strings, intervals or a data frame", received={"regions": value}
        )


def is_there(text: str | Path) -> bool:
    """Whether a text names a file; a pipe is one, a text too long for a name is none."""
    try:
        path = Path(text).expanduser()
        return path.exists() and not path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def _is_row(value: Sequence) -> bool:
    return isinstance(value[0], str) and all(isinstance(number, (int, np.integer)) for number in value[1:])


def _region_string(text: str, sizes: Mapping[str, int]) -> Interval:
    if text.lower().endswith((".bed", ".gz", ".bz2", ".narrowpeak", ".broadpeak", ".txt", ".tsv")) or "/" in text:
        raise InputError("A BED file exists", received={"regions": text})
    return Interval.parse(text, sizes)


def _from_frame(frame) -> Iterator[Interval]:
    chosen = [next((name for name in spellings if name in frame.columns), None) for spellings in _COLUMNS]
    if None in chosen:
        raise InputError(
            "A data frame of regions has the columns chrom, start, end", received={"columns": list(frame.columns)}
        )
    labels = frame["name"] if "name" in frame.columns else ["."] * len(frame)
    for chrom, start, end, name in zip(*(frame[column] for column in chosen), labels, strict=True):
        yield Interval(str(chrom), _integer(start), _integer(end), str(name))


def _integer(value: object) -> int:
    """A position out of a data frame, whose columns of whole numbers may be floats."""
    try:
        if value == int(value):
            return int(value)
    except (TypeError, ValueError):
        pass
    raise InputError("Positions in a data frame are whole numbers", received={"position": value})


def _on_genome(region: Interval, sizes: Mapping[str, int]) -> Interval:
    chrom = names.find(region.chrom, sizes)
    if chrom is None:
        raise GenomeMismatch(
            "A region lies on a chromosome of the genome",
            example=next(iter(sizes), None),
            where=region,
            received={"chrom": region.chrom},
        )
    if region.end > sizes[chrom] or region.start < 0:
        raise GenomeMismatch(
            "A region lies within its chromosome (is it from another assembly?)",
            where=region,
            received={"region": f"{region.chrom} {region.start}-{region.end}", "length": sizes[chrom]},
        )
    return region if chrom == region.chrom else Interval(chrom, region.start, region.end, region.name)


def merge(intervals: Iterable[Interval]) -> dict[str, np.ndarray]:
    """Chromosome -> (n, 2) int64 starts and ends, sorted; overlapping and book-ended intervals become one."""
    by_chrom: dict[str, list[tuple[int, int]]] = {}
    for interval in intervals:
        by_chrom.setdefault(interval.chrom, []).append((interval.start, interval.end))
    return {chrom: merge_spans(np.array(spans, np.int64)) for chrom, spans in by_chrom.items()}


def touches(merged: Mapping[str, np.ndarray], chrom: str, start: int, end: int) -> bool:
    """Whether a stretch has a base in common with intervals that `merge` joined."""
    spans = merged.get(chrom)
    if spans is None:
        return False
    at = int(np.searchsorted(spans[:, 1], start, side="right"))  # the first that ends beyond the start
    return at < len(spans) and bool(spans[at, 0] < end)


def merge_spans(spans: np.ndarray) -> np.ndarray:
    """Sort (n, 2) starts and ends; overlapping and book-ended ones become one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    furthest = np.maximum.accumulate(spans[:, 1])
    first = np.ones(len(spans), bool)
    first[1:] = spans[1:, 0] > furthest[:-1]
    starts = np.flatnonzero(first)
    return np.stack([spans[starts, 0], furthest[np.append(starts[1:], len(spans)) - 1]], axis=1)
