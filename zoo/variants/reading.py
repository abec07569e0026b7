"""Read variants in any accepted form: VCF files, tables, data frames, rows, and maxATAC's BED of alleles."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import dropwhile
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import items_of
from zoo.errors import InputError
from zoo.genome import names, sniff
from zoo.genome.bed import is_there, lines, raw_lines
from zoo.genome.bed import regions as bed_regions
from zoo.genome.hts import Within
from zoo.genome.interval import FURTHEST
from zoo.genome.sequence import Genome
from zoo.genome.spans import merge, near
from zoo.genome.text import whole
from zoo.genome.vcf import Variant, Vcf, alleles

_COLUMNS = {
    "chrom": ("chrom", "chr", "chromosome", "#chrom", "#chr", "#chromosome"),
    "pos": ("pos", "position"),
    "ref": ("ref", "reference"),
    "alt": ("alt", "alternative"),
}
_BARE = ("chrom", "pos", "ref", "alt", "id")  # columns of a table without a line that names them
_ALLELE = re.compile(r"[ACGTNacgtn]+|-")
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?([eE]\+?[0-9]{1,2})?")
_LITERAL = re.compile(
    r"(?P<chrom>[^\s:]\S*?)(?P<mark>[:-])(?P<pos>[0-9]{1,12}|[0-9]{1,3}(,[0-9]{3})+)((?P=mark)|[ :])"
    r"(?P<ref>[ACGTN]+)((?P=mark)|>)(?P<alt>[ACGTN]+)",
    re.IGNORECASE | re.ASCII,
)
_AS_TEXT = re.compile(r"^\S+[:-][0-9,]+[:->\s]")
_UNKNOWN = 0  # as a position from 1: none; the variant is skipped


def read(
    value: object,
    genome: Genome | None = None,
    needs_filter: bool = False,
    regions: object = None,
    sample: str | None = None,
) -> list[Variant]:
    """Variants in the order in which they are given, those that cannot be scored included.

    Args:
        value: a VCF or BCF file; one variant or several as text (`chr20:10677450:C:T`, `chr20-10677450-C-T` or
            `chr20:10677450 C>T`, the position from 1); a table (tab-separated text or a data frame) with the columns
            chrom, pos (1-based), ref and alt, and perhaps id and filter, after any comments (`#`); a table of exactly
            chrom, pos, ref, alt and id without a line of names, as variant-scorer has it; a BED of maxATAC's kind
            (chrom, start, end, allele); `Variant`s; or rows (chrom, pos, ref, alt). Missing alleles and positions that
            are no number are kept, to be skipped with a reason.
        genome: where the reference's alleles of a BED are read.
        needs_filter: whether FILTER matters, so that it must be there.
        regions: with `genome`: only variants whose reference bases overlap them; as for `Model.predict`.
        sample: of a VCF file: only variants that this sample carries.

    Raises:
        InputError: none of these, no variant, no such sample, or no FILTER where it is needed.
    """
    within = None if regions is None else _within(regions, genome)
    if sample is not None and not is_vcf(value):
        raise InputError(
            "A sample must be a column of a VCF file", received={"sample": sample, "variants": str(value)[:80]}
        )
    if is_literal(value):
        variants, has_filter = _given([value])
    elif is_vcf(value):
        vcf = Vcf(value, within, sample)
        variants, has_filter = list(vcf.variants()), "FILTER" in vcf.columns
    elif isinstance(value, (str, Path)):
        variants, has_filter = _file(value, genome)
    elif hasattr(value, "columns") and hasattr(value, "itertuples"):
        rows = [[str(cell) for cell in row] for row in value.itertuples(index=False)]
        variants, has_filter = _rows([str(column) for column in value.columns], rows, lambda i: f"row {i}")
    else:
        variants, has_filter = _given(value)
    if within is not None:
        spans = cache(within)
        variants = [variant for variant in variants if _is_near(spans(variant.chrom), variant)]
    if not variants:
        given = {"regions": regions is not None, "sample": sample}
        raise InputError(
            "There must be at least one variant" + " that the sample carries" * (sample is not None),
            received={"variants": str(value)[:80], **{name: value for name, value in given.items() if value}},
        )
    if needs_filter and not has_filter:
        raise InputError(
            "only_passing needs variants with a column FILTER; these must have one",
            received={"variants": str(value)[:80]},
            hint="Leave out the option",
        )
    return variants


def _within(regions: object, genome: Genome) -> Within:
    """Where variants are wanted, by the names that a file has."""
    merged, nowhere = merge(bed_regions(regions, genome.sizes)), np.empty((0, 2), np.int64)
    return lambda contig: merged.get(names.find(contig, genome.sizes), nowhere)


def _is_near(spans: np.ndarray, variant: Variant) -> bool:
    found = near(spans, variant.start, max(variant.end, variant.start + 1))
    return found.start < found.stop


def opened(value: object, genome: Genome, regions: object = None, sample: str | None = None) -> Vcf | None:
    """The VCF file that variants are from, which has the records that `read` returns; None for others."""
    return Vcf(value, None if regions is None else _within(regions, genome), sample) if is_vcf(value) else None


def is_literal(value: object) -> bool:
    """Whether it is a variant as text, and no file has that name."""
    return isinstance(value, str) and _literal(value) is not None and not is_there(value)


def _literal(text: str) -> re.Match | None:
    match = _LITERAL.fullmatch(text.strip())
    return None if match is None or (match["mark"] == "-" and ":" in match["chrom"]) else match


def is_vcf(value: object) -> bool:
    """Whether it is a VCF or BCF file, see `zoo.genome.sniff`. Raises `InputError` for a path of nothing that can be
    read."""
    if not isinstance(value, (str, Path)) or is_bed(value) or is_literal(value):
        return False
    return sniff.is_vcf(checked(value))


def is_bed(value: object) -> bool:
    """Whether it is a BED file, by its name."""
    return isinstance(value, (str, Path)) and sniff.suffix(Path(value)) == ".bed"


def checked(value: str | Path) -> Path:
    """The path of a file that can be read, more than once."""
    path = user_path(value, "variants")
    if not path.exists() or path.is_dir():
        raise InputError(
            "The file of variants must exist: a VCF file, or a table with the columns chrom, pos, ref and alt",
            received={"variants": str(value)},
            hint=_AS_TEXT.search(str(value)) and "A variant by itself is chrom:pos:ref:alt, as chr20:10677450:C:T",
        )
    if not path.is_file():
        raise InputError(
            "The file of variants must be one that can be read again, and no pipe",
            received={"variants": str(value)},
            hint="Write it to a file first",
        )
    return path


def _file(value: str | Path, genome: Genome | None) -> tuple[list[Variant], bool]:
    """Variants of a file, and whether it has FILTER."""
    path = checked(value)
    if is_bed(path):
        if genome is None:
            raise InputError("Variants must be in a VCF file or a table here, and not in a BED file", where=path)
        return _bed(path, genome), False
    numbered = ((number, line) for number, line in enumerate(raw_lines(path), start=1) if line.strip())
    text = [(number, line.rstrip("\r\n").split("\t")) for number, line in dropwhile(_is_comment, numbered)]
    if text and _is_bare(text[0][1]):
        return _rows(_BARE, [cells for _, cells in text], lambda i: f"{path}, line {text[i][0]}")
    heads, rows = text[0][1] if text else [], [cells for _, cells in text[1:]]
    return _rows(heads, rows, lambda i: f"{path}, line {text[i + 1][0]}")


def _is_bare(cells: Sequence[str]) -> bool:
    """Whether a row is one of variant-scorer's tables, which have no line with the names of columns."""
    return (
        len(cells) == len(_BARE)
        and _DECIMAL.fullmatch(_cell(cells[1])) is not None
        and all(_ALLELE.fullmatch(_cell(cell)) for cell in cells[2:4])
    )


def _is_comment(numbered: tuple[int, str]) -> bool:
    """Whether a line before the rows of a table is a comment, and not the names of its columns."""
    _, line = numbered
    names_of = {_cell(head).lower() for head in line.split("\t")}
    return line.startswith("#") and names_of.isdisjoint(sum(_COLUMNS.values(), ()))


def _rows(
    heads: Sequence[str], rows: Iterable[Sequence[str]], where: Callable[[int], str]
) -> tuple[list[Variant], bool]:
    """Variants of a table, and whether it has FILTER."""
    lower = [_cell(head).lower() for head in heads]
    at = {name: next((lower.index(word) for word in words if word in lower), None) for name, words in _COLUMNS.items()}
    if missing := [name for name, number in at.items() if number is None]:
        raise InputError(
            "A table of variants must have the columns chrom, pos, ref and alt, with tabs between",
            received={"missing": missing, "columns": list(heads)[:10]},
        )
    if twice := [head for head, count in Counter(lower).items() if count > 1 and head in sum(_COLUMNS.values(), ())]:
        raise InputError("A table of variants must have each column once", received={"columns": twice})
    at |= {name: lower.index(name) if name in lower else None for name in ("id", "filter")}
    variants: list[Variant] = []
    for i, row in enumerate(rows):
        if i == 0 and len(row) > len(heads) and any(cell.strip() for cell in row[len(heads) :]):
            raise InputError(
                "A row of variants must not have more cells than the table has columns",
                where=where(i),
                received={"cells": len(row), "columns": len(heads)},
                hint="Write the table without names of rows",
            )
        cells = {
            name: "." if n is None else _cell(row[n]) if n < len(row) else ""  # trailing tabs were stripped
            for name, n in at.items()
        }
        variants += _variants(cells, where(i), i)
    return variants, at["filter"] is not None


def _cell(text: str) -> str:
    """A cell without blanks around it, and without the quotes that R writes."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _variants(cells: Mapping[str, object], where: str, number: int) -> list[Variant]:
    """The variants of a row: one for each alternative allele."""
    columns = [str(cells[name]) for name in ("chrom", "pos", "id", "ref", "alt")]
    columns[1] = str(_position(columns[1]))
    return list(alleles([*columns, ".", str(cells["filter"])], where, number))


def _position(text: str) -> int:
    """A position from 1; programs without an integer type write 12345.0 or 1e+05."""
    try:
        return max(whole(text), _UNKNOWN)
    except ValueError:
        number = float(text) if _DECIMAL.fullmatch(text) else np.inf
        return int(number) if number < FURTHEST and number.is_integer() else _UNKNOWN


def _given(value: object) -> tuple[list[Variant], bool]:
    """Variants, or rows of them."""
    items = items_of(value)
    if items is None:
        raise InputError(
            "Variants must be a VCF file, a table, a data frame or rows (chrom, pos, ref, alt)",
            received={"variants": value},
        )
    variants: list[Variant] = []
    for number, entry in enumerate(items):
        if isinstance(entry, Variant):
            variants.append(entry)
        elif isinstance(entry, str) and (match := _literal(entry)):
            columns = [match["chrom"], match["pos"].replace(",", ""), ".", match["ref"], match["alt"]]
            variants += alleles(columns, f"variant {number + 1}", number)
        elif isinstance(entry, (Sequence, np.ndarray)) and not isinstance(entry, (str, bytes)) and len(entry) == 4:
            chrom, position, ref, alt = entry
            cells = {"chrom": chrom, "pos": position, "ref": ref, "alt": alt, "id": ".", "filter": "."}
            variants += _variants(cells, f"row {number}", number)
        else:
            raise InputError(
                "A variant must be (chrom, pos from 1, ref, alt), or the same as text",
                example='("chr1", 12345, "A", "G") or "chr1:12345:A:G"',
                received={"variant": entry},
            )
    return variants, bool(items) and all(isinstance(entry, Variant) for entry in items)


def _bed(path: Path, genome: Genome) -> list[Variant]:
    """maxATAC's BED: chrom, start, end (0-based, half-open) and the alternative bases, for any reference."""
    variants = []
    for number, (line, where) in enumerate(lines(path)):
        columns = line.split()
        try:
            chrom, start, end = columns[0], whole(columns[1]), whole(columns[2])
            if len(columns) < 4 or not 0 <= start < end:
                raise ValueError
        except (ValueError, IndexError):
            raise InputError(
                "A line of a BED of variants must have chrom, start, end and the alternative bases",
                example="chr1\t12344\t12345\tG",
                where=where,
                received={"line": line.rstrip("\n")[:80]},
            ) from None
        known = names.find(chrom, genome.sizes)
        inside = known is not None and end <= genome.sizes[known]
        ref = genome.sequence(known, start, end) if inside else "N" * min(end - start, 1)
        variants.append(Variant(chrom, start, ref, columns[3].upper(), where=where, record=number))
    return variants
