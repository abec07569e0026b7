"""Variants in VCF files."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zoo.errors import InputError
from zoo.genome.bed import lines, raw_lines
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome

_LETTERS = set("ACGTN")


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
        start, reference = _parse(columns, line, where)
        yield Interval(columns[0], start, start + len(reference), columns[2]), reference


@dataclass(frozen=True)
class Variant:
    """One alternative allele of a record.

    Attributes:
        chrom: by the name that the file has.
        start: 0-based.
        ref: bases of the reference, upper case.
        alt: bases instead, upper case; or what stands there if they are none (`<DEL>`, `*`, a breakend).
        name: of the record, "." for none.
        passed: whether FILTER is PASS or empty.
        where: file and line.
        record: the number of the record in the file, from 0.
    """

    chrom: str
    start: int
    ref: str
    alt: str
    name: str = "."
    passed: bool = True
    where: str = ""
    record: int = 0

    @property
    def end(self) -> int:
        """Behind the reference's bases."""
        return self.start + len(self.ref)

    @property
    def literal(self) -> bool:
        """Whether both alleles are bases."""
        return set(self.ref) <= _LETTERS and set(self.alt) <= _LETTERS and self.ref != self.alt

    def __str__(self) -> str:
        """chr1:12,346 A>G as people write it, 1-based."""
        return f"{self.chrom}:{self.start + 1} {self.ref}>{self.alt}"


@dataclass(frozen=True)
class Genotype:
    """What a sample has at a record.

    Attributes:
        variants: the record's alternative alleles.
        alleles: of the sample: 0 the reference, 1 the first alternative, None unknown.
        phased: whether it is known which of its alleles is on which haplotype.
        phase_set: records of one set (PS) are phased with one another; None if the file does not say.
    """

    variants: Sequence[Variant]
    alleles: tuple[int | None, ...]
    phased: bool
    phase_set: str | None = None


class Vcf:
    """A VCF file, plain or compressed (gzip, bgzip, bzip2).

    Args:
        path: the file.

    Attributes:
        header: its lines that begin with ##.
        columns: names in the line #CHROM.
        samples: those behind FORMAT.

    Raises:
        InputError: no file, or no line #CHROM before the records.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self.header = Path(path).expanduser(), []
        self.columns: list[str] = []
        for line in raw_lines(self.path):
            if line.startswith("##"):
                self.header.append(line.rstrip("\r\n"))
            else:
                if line.startswith("#CHROM"):
                    self.columns = line.rstrip("\r\n").lstrip("#").split("\t")
                break
        if not self.columns:
            raise InputError(
                "A VCF file has a line #CHROM with the names of its columns before the first record",
                example="#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
                where=self.path,
            )
        self.samples = self.columns[9:]

    def rows(self) -> Iterator[tuple[list[str], str]]:
        """The columns of every record, and where it stands. Raises `InputError` for what is no record."""
        for line, where in lines(self.path):
            columns = line.rstrip("\r\n").split("\t")
            try:
                if int(columns[1]) < 0 or len(columns) < 5:  # 0 and the length + 1 are telomeres
                    raise ValueError
            except (ValueError, IndexError):
                raise _no_record(line, where) from None
            yield columns, where

    def variants(self) -> Iterator[Variant]:
        """Every alternative allele, in the file's order."""
        for number, (columns, where) in enumerate(self.rows()):
            yield from alleles(columns, where, number)

    def genotypes(self, sample: str) -> Iterator[Genotype]:
        """What a sample has at every record.

        Raises:
            InputError: no such sample, or a genotype with an allele that its record does not list.
        """
        if sample not in self.samples:
            raise InputError(
                "The sample must be a column of the VCF file",
                where=self.path,
                received={"sample": sample, "samples": self.samples[:10]},
            )
        column = self.columns.index(sample, 9)
        for number, (columns, where) in enumerate(self.rows()):
            texts = dict(zip(columns[8:9] and columns[8].split(":"), _at(columns, column).split(":"), strict=False))
            text = texts.get("GT") or "."
            try:
                called = tuple(None if part == "." else int(part) for part in re.split(r"[|/]", text.lstrip("|/")))
                if max((allele or 0 for allele in called), default=0) > columns[4].count(",") + 1:
                    raise ValueError
            except ValueError:
                raise InputError(
                    "A genotype (GT) must have alleles that its record lists",
                    example="0|1",
                    where=where,
                    received={"sample": sample, "GT": text},
                ) from None
            phase_set = texts.get("PS", ".")
            named = None if phase_set in (".", "") else phase_set
            yield Genotype(list(alleles(columns, where, number)), called, "/" not in text, named)


def _at(columns: Sequence[str], number: int) -> str:
    return columns[number] if number < len(columns) else ""


def alleles(columns: Sequence[str], where: str, number: int = 0) -> Iterator[Variant]:
    """The alternative alleles of a record's columns."""
    passed = len(columns) < 7 or columns[6] in ("PASS", ".", "")
    for alt in columns[4].split(","):
        yield Variant(
            columns[0], int(columns[1]) - 1, columns[3].upper(), alt.upper(), columns[2], passed, where, number
        )


def normalized(variant: Variant, genome: Genome, chrom: str) -> Variant:
    """The same change with the fewest bases and as far left as it goes (Tan et al. 2015).

    Args:
        variant: of bases.
        genome: with the reference's bases there.
        chrom: the chromosome's name in the genome.

    Returns:
        A variant whose alleles begin with other bases, or one of which is empty; of a base for a base itself.
    """
    variant = trimmed(variant)  # bases in common at both ends: linear, alleles may have 50 kb
    start, ref, alt = variant.start, variant.ref, variant.alt
    while (not ref or not alt) and start > 0:
        before = genome.sequence(chrom, start - 1, start)
        if before == "N" or (ref or alt)[-1] != before:
            break
        start, ref, alt = start - 1, (before + ref)[:-1] if ref else ref, (before + alt)[:-1] if alt else alt
    return replace(variant, start=start, ref=ref, alt=alt)


def trimmed(variant: Variant) -> Variant:
    """The same change where it stands, without the bases that both alleles end or begin with."""
    ref, alt = variant.ref, variant.alt
    behind = _in_common(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - behind], alt[: len(alt) - behind]
    before = _in_common(ref, alt)
    return replace(variant, start=variant.start + before, ref=ref[before:], alt=alt[before:])


def _in_common(one: str, other: str) -> int:
    """How many letters both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parse(columns: list[str], line: str, where: str) -> tuple[int, str]:
    """Start, 0-based, and reference of a record."""
    try:
        start, reference = int(columns[1]) - 1, columns[3]
        if start < 0 or not reference.isalpha() or len(columns) < 5:
            raise ValueError
    except (ValueError, IndexError):
        raise _no_record(line, where) from None
    return start, reference


def _no_record(line: str, where: str) -> InputError:
    return InputError(
        "A line of a VCF file must be CHROM, POS, ID, REF, ALT, … with tabs between",
        example="chr1\t12345\t.\tA\tG",
        where=where,
        received={"line": line.rstrip("\n")[:80]},
    )
