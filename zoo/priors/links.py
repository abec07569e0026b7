"""Tables of links between regions and genes, as correlation of accessibility and expression finds them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome.text import raw_lines, whole
from zoo.priors.genes import Genes

_GENE = ("gene_id", "gene", "target", "gene_name", "gene_short_name", "symbol")
_REGION = ("region", "peak", "peak_id", "site")
_PLACE = (("chrom", "#chrom", "chr", "seqnames"), ("start", "chromstart"), ("end", "chromend"))
_TEXT = re.compile(r"(\S+)[:_-]([0-9]+)[_-]([0-9]+)")
_EXAMPLE = "chrom\tstart\tend\tgene"


def read(path: Path, genes: Genes) -> tuple[dict[str, np.ndarray], dict[str, int], list[str]]:
    """Read a table of links, tab-separated, plain or compressed.

    Columns by the header: chrom, start, end and gene; or region (`peak`, `peak_id`: chr1:1000-2000, chr1-1000-2000 or
    chr1_1000_2000) and gene (`target` of SCENIC+, `gene_short_name` of Cicero and CellOracle). Without a header the
    first four. All positions are 0-based and half-open, as in BED. Genes are named by identifier, with or without
    version, or by name; other columns do not count.

    Returns:
        Chromosome → (n, 3) int64 as for `zoo.priors.rules.ByLinks`; how many links there are, and how many are left
        out for which reason; genes that the annotation lacks.

    Raises:
        InputError: a line that is no link, by its number; no link to any gene.
    """
    found: dict[str, set[tuple[int, int, int]]] = {}
    counts: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    chroms: dict[str, str | None] = {}
    for chrom, start, end, name in _rows(path):
        counts["links"] += 1
        if chrom not in chroms:
            chroms[chrom] = genes.find(chrom)
        numbers = genes.numbers.get(name, ())
        here = [number for number in numbers if genes.chroms[number] == chroms[chrom]]
        if here:
            found.setdefault(chroms[chrom], set()).update((start, end, number) for number in here)
        elif numbers:
            counts["links to genes of other chromosomes"] += 1
        elif name in genes.others:
            counts["links to genes that are left out"] += 1
        else:
            counts["links to unknown genes"] += 1
            unknown[name] = None
    if not found:
        raise InputError(
            "Links must name genes of the annotation, on their chromosomes",
            where=path,
            received=dict(counts) | ({"unknown": list(unknown)[:5]} if unknown else {}),
            example=genes.genes[0].symbol,
        )
    return {chrom: np.array(sorted(rows), np.int64) for chrom, rows in found.items()}, dict(counts), list(unknown)


def _rows(path: Path) -> Iterator[tuple[str, int, int, str]]:
    """Chromosome, start, end and gene of each line."""
    columns: Sequence[int] | None = None
    for number, line in enumerate(raw_lines(path), start=1):
        if not line.strip() or line.startswith("##") or (line.startswith("#") and "\t" not in line):
            continue
        cells, where = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split("\t")], f"{path}, line {number}"
        if columns is None:
            columns, is_header = _columns(cells, where)
            if is_header:
                continue
        yield _row(cells, columns, where)


def _columns(cells: Sequence[str], where: str) -> tuple[Sequence[int], bool]:
    """Which cells are the gene and the region, or chromosome, start and end; and whether this line is a header."""
    if len(cells) > 3 and cells[1].isdecimal() and cells[2].isdecimal():
        return (3, 0, 1, 2), False
    names = {name.lower(): place for place, name in reversed(list(enumerate(cells)))}
    gene, region = _first(names, _GENE), _first(names, _REGION)
    place = [_first(names, spellings) for spellings in _PLACE]
    if gene is not None and None not in place:
        return (gene, *place), True
    if gene is not None and region is not None:
        return (gene, region), True
    raise InputError(
        "A table of links must have the columns chrom, start, end and gene, or region and gene, with tabs between",
        where=where,
        received={"columns": list(cells[:8])},
        example=_EXAMPLE,
    )


def _first(names: Mapping[str, int], spellings: Sequence[str]) -> int | None:
    return next((names[name] for name in spellings if name in names), None)


def _row(cells: Sequence[str], columns: Sequence[int], where: str) -> tuple[str, int, int, str]:
    try:
        gene, *place = (cells[column] for column in columns)
        if len(place) == 1:
            place = _TEXT.fullmatch(place[0]).groups()
        chrom, start, end = place[0], whole(place[1]), whole(place[2])
        if not (gene and chrom and 0 <= start < end):
            raise ValueError
    except (ValueError, IndexError, AttributeError):
        raise InputError(
            "A link must have a region, 0 <= start < end, and a gene",
            where=where,
            received={"line": "\t".join(cells)[:80]},
            example="chr1\t1000\t2000\tABC1",
        ) from None
    return chrom, start, end, gene
