"""Variants in VCF files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError, warn
from zoo.genome import hts, sniff
from zoo.genome.bed import lines
from zoo.genome.interval import FURTHEST, Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import near
from zoo.genome.text import raw_lines, whole

SAME = "both alleles are the same"
_BASES = set("ACGT")
_MISSING = {"", ".", "-", "NA", "N/A", "#N/A", "<NA>", "NAN", "NONE", "NULL"}  # as VCF, R, Excel and pandas write it
_NO_GENOTYPE = "genotype that is none"
_UNLISTED = "genotype with an allele that its record does not list"
_GENOTYPE = re.compile(r"[|/]?(\d{1,6}|\.)([|/](\d{1,6}|\.))*", re.ASCII)


def read_intervals(path: str | Path) -> list[Interval]:
    """The reference bases of every record of a VCF file. Errors as for `references`."""
    return [place for place, _ in references(path)]


def references(path: str | Path) -> Iterator[tuple[Interval, str]]:
    """Where the reference bases of every record of a VCF file (plain, gzip, bzip2) lie, and what they are.

    With any FILTER of the record; 0-based, half-open. A missing allele stands for one base. Records at POS 0, which is
    a telomere, are left out.

    Raises:
        InputError: no file, or a line that is no record, named by its number.
    """
    for columns, _ in records(path):
        start, reference = int(columns[1]) - 1, columns[3]
        if start >= 0:
            yield Interval(columns[0], start, start + max(len(reference), 1), columns[2]), reference


def records(path: str | Path) -> Iterator[tuple[list[str], str]]:
    """The columns of every record of a VCF or BCF file, five at least, and where it stands.

    Raises:
        InputError: no file, or a line that is no record, named by its number. What is wrong with alleles or a position
            is no error here: see `Variant.problem`.
        MissingExtra: BCF, and pysam is not installed.
    """
    path = user_path(path)
    yield from _records(hts.lines(path) if hts.is_bcf(path) else lines(path))


def _records(found: Iterable[tuple[str, str]]) -> Iterator[tuple[list[str], str]]:
    for line, where in found:
        columns = line.rstrip("\r\n").split("\t")
        try:
            if len(columns) < 5 or not columns[0] or not 0 <= whole(columns[1]) < FURTHEST - len(columns[3]):
                raise ValueError
        except ValueError:
            raise InputError(
                "A record of a VCF file must be CHROM, POS, ID, REF, ALT, …, with tabs between and POS a whole number",
                where=where,
                received={"line": line.rstrip("\n")[:80]},
                example="chr1\t12345\t.\tA\tG",
            ) from None
        yield columns, where


@dataclass(frozen=True)
class Variant:
    """One alternative allele of a record.

    Attributes:
        chrom: by the name that the file has.
        start: 0-based; -1 for POS 0, the telomere before the first base, and for what is no position.
        ref: bases of the reference, upper case; or what stands there if they are none (`.`).
        alt: bases instead, upper case; or what stands there if they are none (`<DEL>`, `*`, a breakend, `NA`).
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
        """The base after the reference's."""
        return self.start + len(self.ref)

    @property
    def problem(self) -> str | None:
        """Why the record itself is no change of bases at a place of a chromosome; None if it is."""
        if self.start < 0:
            return "its position is 0 or no whole number"
        ref, alt = self.ref.strip().upper(), self.alt.strip().upper()
        if alt in _MISSING:
            return "no alternative allele"
        if ref in _MISSING:
            return "no reference allele"
        if alt == "*":
            return "spanning deletion (*)"
        if alt.startswith("<"):
            return "symbolic allele"
        if set(alt) & set("[]") or (len(alt) > 1 and "." in (alt[0], alt[-1])):
            return "breakend"
        letters = set(self.ref) | set(self.alt)
        if letters - _BASES - {"N"}:
            return "an allele has other letters than A, C, G and T"
        if "N" in letters:
            return "an allele has N"
        return SAME if ref == alt else None

    @property
    def has_reference(self) -> bool:
        """Whether REF is bases, which the genome must have there."""
        return bool(self.ref) and set(self.ref) <= _BASES

    @property
    def literal(self) -> bool:
        """Whether both alleles are bases of a place on a chromosome."""
        return self.problem is None

    def __str__(self) -> str:
        """chr1:12,346 A>G, as in publications, 1-based."""
        return f"{self.chrom}:{self.start + 1} {self.ref}>{self.alt}"


@dataclass(frozen=True)
class Genotype:
    """What a sample has at a record.

    Attributes:
        variants: the record's alternative alleles.
        alleles: the sample's, one for each copy: 0 the reference, n the n-th of `variants`, None unknown.
        phased: whether the copies are in the order of haplotypes.
        phase_set: of the record (PS), as the file has it; None if it has none. Haplotypes are those of one phase set.
        problem: why the genotype of the sample cannot be used, whose alleles are unknown then; None if it can.
    """

    variants: tuple[Variant, ...]
    alleles: tuple[int | None, ...]
    phased: bool
    phase_set: str | None = None
    problem: str | None = None


class Vcf:
    """A VCF file, plain or compressed (gzip, bgzip, bzip2), or BCF (pysam).

    Args:
        path: the file.
        within: only records whose reference bases overlap these stretches. With an index (tabix, CSI) beside a file of
            bgzip and pysam, no others are read; an index that is older than the file is not used.
        sample: only alleles that this sample carries.

    Attributes:
        header: its lines that begin with ##.
        columns: names in the line #CHROM.
        samples: those after FORMAT.
        sample: as given.

    Raises:
        InputError: no file, a pipe, no line #CHROM before the records, or no such sample.
        MissingExtra: BCF, and pysam is not installed.
    """

    def __init__(self, path: str | Path, within: hts.Within | None = None, sample: str | None = None) -> None:
        self.path, self.header = sniff.plain_file(path, "VCF file"), []
        self.columns: list[str] = []
        self.sample, self._within = sample, within
        for line in hts.header(self.path) if hts.is_bcf(self.path) else raw_lines(self.path):
            if line.startswith("##"):
                self.header.append(line.rstrip("\r\n"))
            else:
                if line.startswith("#CHROM"):
                    self.columns = line.rstrip("\r\n").lstrip("#").split("\t")
                break
        if not self.columns:
            raise InputError(
                "A VCF file must have a line #CHROM with the names of its columns before the first record",
                where=self.path,
                example="#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
            )
        self.samples = self.columns[9:]
        if sample is not None:
            self._column(sample)

    def rows(self) -> Iterator[tuple[list[str], str]]:
        """The columns of every record, and where it stands. Raises `InputError` for what is no record."""
        if self._within is None:
            yield from records(self.path)
            return
        index, within = hts.index_of(self.path), cache(self._within)
        found = records(self.path) if index is None else _records(hts.fetched(self.path, index, within))
        for columns, where in found:
            start = int(columns[1]) - 1
            spans = near(within(columns[0]), start, start + max(len(columns[3]), 1))
            if spans.start < spans.stop:
                yield columns, where

    def variants(self) -> Iterator[Variant]:
        """Every alternative allele, in the file's order; `Variant.problem` marks those that are no sequence.

        Of a sample those that it carries on any copy. Genotypes that are none are left out with a `ZooWarning`.
        """
        if self.sample is None:
            for number, (columns, where) in enumerate(self.rows()):
                yield from alleles(columns, where, number)
            return
        problems = []
        for genotype in self.genotypes(self.sample):
            problems += [genotype.problem] if genotype.problem else []
            carried = set(genotype.alleles)
            yield from (variant for number, variant in enumerate(genotype.variants, start=1) if number in carried)
        if problems:
            message = f"{len(problems):,} genotypes of {self.sample} are left out, the first as a {problems[0]}"
            warn(f"{self.path}: {message}")

    def genotypes(self, sample: str) -> Iterator[Genotype]:
        """What a sample has at every record; where a record lacks its genotype (GT), the one allele None.

        What is no genotype, or has an allele that its record does not list, is no error: see `Genotype.problem`.

        Raises:
            InputError: no such sample.
        """
        column = self._column(sample)
        for number, (columns, where) in enumerate(self.rows()):
            variants = tuple(alleles(columns, where, number))
            yield _genotype("".join(columns[8:9]), "".join(columns[column : column + 1]), variants)

    def _column(self, sample: str) -> int:
        """The number of a sample's column."""
        if self.samples.count(sample) != 1:
            close = get_close_matches(sample, self.samples, 1) if isinstance(sample, str) else ()
            raise InputError(
                "A sample must be the name of one column of the VCF file",
                where=self.path,
                received={"sample": sample, "samples": self.samples[:10]},
                hint=f"The closest name is {close[0]}" if close and close[0] != sample else None,
            )
        return self.columns.index(sample, 9)


def alleles(columns: Sequence[str], where: str, number: int = 0) -> Iterator[Variant]:
    """The alternative alleles of a record's columns."""
    passed = len(columns) < 7 or columns[6] in ("PASS", ".", "")
    start, ref = int(columns[1]) - 1, _bases(columns[3])
    for alt in columns[4].split(","):
        yield Variant(columns[0], start, ref, _bases(alt), columns[2], passed, where, number)


def _bases(allele: str) -> str:
    """An allele with its bases in upper case; the names in symbolic alleles and breakends stay as they are."""
    return allele.upper() if allele.isalpha() else allele


def _genotype(form: str, values: str, variants: tuple[Variant, ...]) -> Genotype:
    """A sample's genotype and phase set.

    Copies are phased if no separator is a slash; VCF 4.4 may put one before the first allele, too.
    """
    names, cells = ((part.strip() for part in field.split(":")) for field in (form, values))
    fields = dict(zip(names, cells, strict=False))
    text = fields.get("GT") or "."
    if not _GENOTYPE.fullmatch(text):
        return Genotype(variants, (None,), True, problem=_NO_GENOTYPE)
    called = tuple(None if part == "." else int(part) for part in re.findall(r"\d+|\.", text))
    if max(allele or 0 for allele in called) > len(variants):
        return Genotype(variants, (None,), True, problem=_UNLISTED)
    phase_set = fields.get("PS", ".")
    return Genotype(variants, called, "/" not in text, None if phase_set in ("", ".") else phase_set)


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
