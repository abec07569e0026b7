"""Variants in VCF files."""

from collections.abc import Iterator
from pathlib import Path

from zoo.errors import InputError
from zoo.genome.bed import lines
from zoo.genome.interval import Interval


def read_intervals(path: str | Path) -> list[Interval]:
    """The reference bases of every record of a VCF file. Errors as for `references`."""
    return [place for place, _ in references(path)]


def references(path: str | Path) -> Iterator[tuple[Interval, str]]:
    """Where the reference bases of every record of a VCF file (plain, .gz, .bz2) lie, and what they are.

    Whatever the record's FILTER; 0-based, half-open.

    Raises:
        InputError: no file, or a line that is not VCF, named by its number.
    """
    for line, where in lines(path):
        columns = line.rstrip("\n").split("\t")
        try:
            start, reference = int(columns[1]) - 1, columns[3]
            if start < 0 or not reference.isalpha() or len(columns) < 5:
                raise ValueError
        except (ValueError, IndexError):
            raise InputError(
                "A line of a VCF file is CHROM, POS (from 1), ID, REF, ALT, …, with tabs between",
                example="chr1\t12345\t.\tA\tG",
                where=where,
                received={"line": line.rstrip("\n")[:80]},
            ) from None
        yield Interval(columns[0], start, start + len(reference), columns[2]), reference
