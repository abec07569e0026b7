"""Regions: from BED files, region strings, intervals and data frames."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import items_of
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import names, sniff
from zoo.genome.bbi import BigWig
from zoo.genome.interval import FURTHEST, REGION, Interval
from zoo.genome.spans import merge_spans
from zoo.genome.text import raw_lines, whole

_IGNORED = re.compile(r"#|(track|browser)\b")
_COLUMNS = (("chrom", "chromosome", "chr", "seqnames"), ("start", "chromStart"), ("end", "chromEnd", "stop"))
_SUMMIT = "summit"  # column of a data frame
_FILES = (".bed", ".gz", ".bgz", ".bz2", ".narrowpeak", ".broadpeak", ".gappedpeak", ".bw", ".bigwig", ".txt", ".tsv")
_OTHER = {"VCF", "FASTA", "SAM", "wig", "MEME"}  # text files that are no BED
_NARROWPEAK, _IDR = 10, 20  # columns of formats whose tenth is the summit
_STRANDS = ("+", "-", ".", "*", "")  # with R's for none
_UNKNOWN = ("", ".", "NA")  # in the place of a number


def read(path: str | Path) -> list[Interval]:
    """Read a BED file (or narrowPeak, or any table that begins with chrom, start, end), plain, gzip or bzip2.

    Features of no length (start = end, as UCSC writes insertions) are left out with a `ZooWarning`.

    Raises:
        InputError: no file, no region in it, or a line that is not BED, named by its number.
    """
    regions = [region for region, _, _ in rows(path)]
    if not regions:
        raise InputError("A BED file must have at least one region", where=path, example="chr1\t1000\t2000")
    return regions


def read_blacklist(path: str | Path) -> list[Interval]:
    """Intervals that are left out: those of a BED file, which may have none, or where a bigWig file is above 0.

    Raises:
        InputError: no file, or one that is neither.
    """
    path = user_path(path, "blacklist")
    if not sniff.is_bigwig(path):
        return [region for region, _, _ in rows(path, quietly=True)]
    file = BigWig(path)
    return [
        Interval(chrom, start, end) for chrom in file.sizes for start, end in merge_spans(file.positive(chrom)).tolist()
    ]


def read_summits(path: str | Path) -> list[tuple[Interval, int]]:
    """Read peaks and the positions of their summits; the middle where the format has none, or -1.

    Column 10 is the summit's distance from the start in narrowPeak files, which have 10 columns, in those of IDR, which
    begin like them and have 20, and in narrowPeak files with further columns, if it is a place in every peak. In
    BED12 and gappedPeak it counts blocks.

    Raises:
        InputError: as for `read`, a summit that is no whole number or outside its peak, or rows of several formats.
    """
    peaks = list(rows(path))
    if not peaks:
        raise InputError("A file of peaks must have at least one peak", where=path)
    with_summit = [_has_summit(columns) for _, columns, _ in peaks]
    longer = [len(columns) not in (_NARROWPEAK, _IDR) for _, columns, _ in peaks]
    longer_peaks = [peak for peak, *flags in zip(peaks, with_summit, longer, strict=True) if all(flags)]
    if not all(_is_summit(peak, columns[9]) for peak, columns, _ in longer_peaks):  # something else
        with_summit = [summit and not more for summit, more in zip(with_summit, longer, strict=True)]
    summits = [
        (peak, _summit(peak, columns, where) if summit else peak.start + len(peak) // 2)
        for (peak, columns, where), summit in zip(peaks, with_summit, strict=True)
    ]
    if any(with_summit) and not all(with_summit):
        _, columns, where = peaks[with_summit.index(not with_summit[0])]
        raise InputError(
            "All rows must have one format: only some are narrowPeak (10 columns: strand in 6, numbers in 7 to 9)",
            where=where,
            received={"columns": columns},
        )
    return summits


def _has_summit(columns: Sequence[str]) -> bool:
    """Whether a row is one of narrowPeak or IDR, or begins like them; dots may stand for what is unknown."""
    return (
        len(columns) >= _NARROWPEAK
        and columns[5] in _STRANDS
        and all(value.upper() in _UNKNOWN or is_number(value) for value in columns[6:9])
        and not _has_blocks(columns)
    )


def _has_blocks(columns: Sequence[str]) -> bool:
    """Whether a row begins as BED12: column 10 counts the sizes in 11 and the starts in 12, the first of which is 0."""
    try:
        sizes, starts = ([whole(part) for part in column.removesuffix(",").split(",")] for column in columns[10:12])
        return len(sizes) == len(starts) == whole(columns[9]) and starts[0] == 0
    except ValueError:
        return False


def _is_summit(peak: Interval, text: str) -> bool:
    try:
        return -1 <= whole(text) < len(peak)
    except ValueError:
        return False


def _summit(peak: Interval, columns: Sequence[str], where: str) -> int:
    if not _is_summit(peak, columns[9]):
        raise InputError(
            "Column 10 of a narrowPeak file must be the summit's distance from the start, in bp, or -1",
            where=where,
            received={"summit": columns[9]},
        )
    summit = whole(columns[9])
    return peak.start + (len(peak) // 2 if summit < 0 else summit)


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def lines(path: str | Path) -> Iterator[tuple[str, str]]:
    """The lines that hold data, and where they stand. Comments begin with `#`, at the start of a line."""
    for number, line in enumerate(raw_lines(path), start=1):
        if line.strip() and not _IGNORED.match(line):
            yield line, f"{path}, line {number}"


def rows(path: str | Path, quietly: bool = False) -> Iterator[tuple[Interval, list[str], str]]:
    """Interval, columns and place of every row of a BED file.

    Features of no length are left out with a `ZooWarning` that counts them, or `quietly`. Errors as for `read`.
    """
    if (kind := sniff.kind_of_file(user_path(path))) in _OTHER:
        raise InputError(f"Regions must be a BED file, not {kind}", received={"path": str(path)})
    empty = 0
    for line, where in lines(path):
        columns = _columns(line)
        region = _parse(columns, line, where)
        if region is None:
            empty += 1
        else:
            yield region, columns, where
    if empty and not quietly:
        warn(f"{path}: {empty:,} features of no length (start = end) are left out")


def _columns(line: str) -> list[str]:
    """With tabs between, or with blanks, or both; without empty ones at the end."""
    columns = line.split("\t")
    columns = [column.strip() for column in (columns if len(columns) > 2 else line.split())]
    while columns and not columns[-1]:
        columns.pop()
    return columns


def _parse(columns: Sequence[str], line: str, where: str) -> Interval | None:
    """The interval of a row; None for a feature of no length."""
    try:
        chrom, start, end = columns[0], whole(columns[1]), whole(columns[2])
        if not 0 <= start <= end < FURTHEST or not chrom:
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            "A line of a BED file must be chrom, start, end (0-based, half-open, start < end)",
            where=where,
            received={"line": line.rstrip("\n")[:80]},
            example="chr1 1000 2000",
        ) from None
    return Interval(chrom, start, end, columns[3] if len(columns) > 3 else ".") if start < end else None


def regions(value: object, sizes: Mapping[str, int]) -> list[Interval]:
    """Normalize any accepted form of regions to intervals on the genome's chromosomes.

    Args:
        value: a path to a BED file, a region string (`chr1:1,001-2,000` or `chr1`), an `Interval`, a data frame with
            chrom, start and end columns, or a sequence of region strings, intervals and (chrom, start, end) tuples.
        sizes: chromosome -> bp of the genome.

    Raises:
        InputError: something else, or no region at all.
        GenomeMismatch: a chromosome that the genome does not have, or a region beyond a chromosome's end.
    """
    on_genome = [_on_genome(region, sizes) for region in intervals(value, sizes)]
    if not on_genome:
        raise InputError("At least one region must be given", received={"regions": type(value).__name__})
    return on_genome


def centers(value: object, sizes: Mapping[str, int]) -> list[tuple[Interval, int]]:
    """Regions and what is in their middle, of a narrowPeak file the summits. Arguments and errors as for `regions`.

    A data frame may have summits, too, in a column `summit`: the distance from the start, in bp, or -1 for none.
    """
    if isinstance(value, Path) or (isinstance(value, str) and is_there(value)):
        return [(_on_genome(region, sizes), summit) for region, summit in read_summits(value)]
    if hasattr(value, "columns") and _SUMMIT in value.columns:
        return [
            (region, _at_summit(region, _integer(distance)))
            for region, distance in zip(regions(value, sizes), value[_SUMMIT], strict=True)
        ]
    return [(region, region.start + len(region) // 2) for region in regions(value, sizes)]


def _at_summit(region: Interval, distance: int) -> int:
    if not -1 <= distance < len(region):
        raise InputError(
            "A summit in a data frame must be its distance from the region's start, in bp, or -1",
            where=region,
            received={_SUMMIT: distance},
        )
    return region.start + (len(region) // 2 if distance < 0 else distance)


def intervals(value: object, sizes: Mapping[str, int]) -> Iterator[Interval]:
    """The same as they are given, on any chromosome. Raises `InputError` for what is no region."""
    if isinstance(value, Interval):
        yield value
    elif isinstance(value, Path) or (isinstance(value, str) and is_there(value)):
        yield from read(value)
    elif isinstance(value, str):
        yield _region_string(value, sizes)
    elif hasattr(value, "columns"):
        yield from _from_frame(value)
    elif is_row(value):
        yield Interval(value[0], int(value[1]), int(value[2]))
    elif (items := items_of(value)) is not None:
        for region in items:
            yield from intervals(region, sizes)
    else:
        raise InputError(
            "Regions must be a BED file, region strings, intervals or a data frame",
            received={"regions": value},
            example='"chr20:10,000,001-10,010,000"',
        )


def listed(what: str, value: object) -> list[Interval]:
    """Intervals of a list, or peaks. Raises `InputError` for what is no list, or holds something else."""
    entries = items_of(value)
    odd = [value] if entries is None else [entry for entry in entries if not _is_placed(entry)]
    if odd:
        raise InputError(f"The {what} must be a file, or a list of intervals", received={what: odd[0]})
    return entries


def _is_placed(entry: object) -> bool:
    return isinstance(entry, Interval) or all(hasattr(entry, name) for name in ("chrom", "start", "end"))


def is_there(text: str | Path) -> bool:
    """Whether a text names a file; a pipe is one, a text too long for a name is none."""
    try:
        path = user_path(text)
        return path.exists() and not path.is_dir()
    except (OSError, InputError):
        return False


def is_row(value: object) -> bool:
    """Whether a value is chrom, start and end."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        return False
    return isinstance(value[0], str) and all(isinstance(number, (int, np.integer)) for number in value[1:])


def is_filename(text: str) -> bool:
    """Whether a text looks like the name of a file, whether or not that exists."""
    return text.lower().endswith(_FILES) or "/" in text


def is_region(text: str) -> bool:
    """Whether a text is chrom:start-end."""
    return REGION.fullmatch(text.strip()) is not None


def _region_string(text: str, sizes: Mapping[str, int]) -> Interval:
    if is_filename(text):
        raise InputError("A BED file must exist", received={"regions": text})
    if ":" not in text and names.find(text.strip(), sizes) is None:
        raise InputError(
            "A region must be chrom:start-end, 1-based with both ends included, a chromosome of the genome, or the "
            "name of a gene with an annotation",
            received={"region": text[:80]},
            example='"chr20:10,000,001-10,010,000", or "GATA1" with genes="gencode.gtf.gz"',
        )
    return Interval.parse(text, sizes)


def _from_frame(frame) -> Iterator[Interval]:
    chosen = [next((name for name in spellings if name in frame.columns), None) for spellings in _COLUMNS]
    if None in chosen:
        raise InputError(
            "A data frame of regions must have the columns chrom, start, end", received={"columns": list(frame.columns)}
        )
    labels = frame["name"] if "name" in frame.columns else ["."] * len(frame)
    for chrom, start, end, name in zip(*(frame[column] for column in chosen), labels, strict=True):
        yield Interval(str(chrom), _integer(start), _integer(end), str(name))


def _integer(value: object) -> int:
    """A position out of a data frame, whose columns of whole numbers may be floats."""
    try:
        if value == int(value):
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError("Positions in a data frame must be whole numbers", received={"position": value})


def _on_genome(region: Interval, sizes: Mapping[str, int]) -> Interval:
    chrom = names.find(region.chrom, sizes)
    if chrom is None:
        raise GenomeMismatch(
            "A region must lie on a chromosome of the genome",
            where=region,
            received={"chrom": region.chrom, "genome": list(sizes)[:5]},
        )
    if region.end > sizes[chrom] or region.start < 0:
        raise GenomeMismatch(
            "A region must lie within its chromosome",
            where=region,
            received={"region": f"{region.chrom} {region.start}-{region.end}", "length": sizes[chrom]},
            hint="Check that regions and genome are of one assembly",
        )
    return region if chrom == region.chrom else Interval(chrom, region.start, region.end, region.name)
