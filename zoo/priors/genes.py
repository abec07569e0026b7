"""The genes that sites may be of, and how far a site is from them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import annotation, gtf, names
from zoo.genome.genes import unversioned
from zoo.genome.gtf import Gene

NAMES = ("symbol", "id")
ALL = "all"
_SIGNS = {"+": 1, "-": -1}


@dataclass(frozen=True, eq=False)
class Starts:
    """The TSSs of a chromosome, sorted, each with its gene.

    Attributes:
        positions: (n,) int64, bp, 0-based.
        genes: (n,) int64, numbers of genes.
        signs: (n,) int64, 1 on the forward strand, -1 on the reverse one.
    """

    positions: np.ndarray
    genes: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True, eq=False)
class Genes:
    """Genes with at least one TSS.

    Attributes:
        genes: in the order of the file; the position in it is the number of a gene.
        chroms: the chromosome of each, as the genome names it.
        names: what each is called in tables: its name, or its identifier.
        left_out: reason → how many are not among them.
        others: names and identifiers of genes that are left out.
    """

    genes: Sequence[Gene]
    chroms: Sequence[str]
    names: Sequence[str]
    left_out: Mapping[str, int]
    others: frozenset[str]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Name → its row of a matrix; genes of one name share it."""
        return {name: row for row, name in enumerate(dict.fromkeys(self.names))}

    @cached_property
    def row_of(self) -> np.ndarray:
        """(genes,) int64, the row of each."""
        return np.array([self.rows[name] for name in self.names], np.int64)

    @cached_property
    def shared(self) -> dict[str, int]:
        """Name → how many genes have it, where that is more than one."""
        return {name: count for name, count in Counter(self.names).items() if count > 1}

    @cached_property
    def starts(self) -> dict[str, Starts]:
        """Chromosome → its TSSs."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        for number, (gene, chrom) in enumerate(zip(self.genes, self.chroms, strict=True)):
            found.setdefault(chrom, []).extend((tss, number, _SIGNS[gene.strand]) for tss in gene.tss)
        return {chrom: Starts(*np.array(sorted(rows), np.int64).T) for chrom, rows in found.items()}

    @cached_property
    def numbers(self) -> dict[str, list[int]]:
        """Identifier (also without its version) and name → the genes that are called so."""
        found: dict[str, dict[int, None]] = {}
        for number, gene in enumerate(self.genes):
            for name in _called(gene):
                found.setdefault(name, {})[number] = None
        return {name: list(numbers) for name, numbers in found.items()}

    def find(self, chrom: str) -> str | None:
        """The chromosome by the name that genes have it under; None if none lies there."""
        return names.find(chrom, self.starts)

    def distances(self, spans: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(n,) int64: from each of the spans (n, 2) to the nearest TSS of a gene of its chromosome, see `signed`."""
        if not len(numbers):
            return np.empty(0, np.int64)
        tss = [self.genes[number].tss for number in numbers]
        counts = np.array([len(each) for each in tss])
        signs = np.array([_SIGNS[self.genes[number].strand] for number in numbers])
        starts, ends = np.repeat(spans, counts, axis=0).T
        each = signed(starts, ends, np.concatenate(tss), np.repeat(signs, counts))
        pairs = np.repeat(np.arange(len(numbers)), counts)
        order = np.lexsort((each, np.abs(each), pairs))
        return each[order[np.cumsum(counts) - counts]]


def signed(starts: np.ndarray, ends: np.ndarray, tss: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Distances in bp from a TSS to the nearest base of a span, (n,) int64.

    0 if the span covers it, 1 for its neighbor; negative upstream of the gene, positive downstream.
    """
    left, right = tss - (ends - 1), starts - tss
    return signs * np.where(left > 0, -left, np.maximum(right, 0))


def read(
    path: Path,
    sizes: Mapping[str, int] | None,
    *,
    transcripts: str,
    types: Collection[str],
    called: str,
    seen: Collection[str] | None,
) -> Genes:
    """The genes of a GTF file.

    Args:
        path: plain or compressed.
        sizes: chromosome → bp of the genome, or None.
        transcripts: "basic" or "all", whose TSSs count.
        types: of genes; with "all" every one.
        called: "symbol" or "id".
        seen: chromosomes that sites were looked for on; genes of others are left out. None for all.

    Raises:
        InputError: as `zoo.genome.annotation.read` does; a type of no gene; no gene left.
    """
    found = annotation.read(path, sizes, transcripts)
    every = gtf.genes(found.transcripts)
    _check_types(path, every, types)
    of_type = [gene for gene in every if ALL in types or gene.kind in types]
    predicted = None if seen is None else dict.fromkeys(seen)
    placed = [gene for gene in of_type if predicted is None or names.find(found.chroms[gene.chrom], predicted)]
    kept = [gene for gene in placed if gene.tss]
    if not kept:
        raise InputError(
            "An annotation must have genes where sites were looked for",
            where=path,
            received={
                "genes": names.some(dict.fromkeys(gene.chrom for gene in every)),
                "sites": names.some(list(seen or ())),
            },
            hint="Take annotation and sites of one assembly, with the same names of chromosomes",
        )
    return Genes(
        genes=kept,
        chroms=[found.chroms[gene.chrom] for gene in kept],
        names=[gene.symbol if called == "symbol" else gene.name for gene in kept],
        left_out={
            "of other types": len(every) - len(of_type),
            "on chromosomes that were not predicted": len(of_type) - len(placed),
            "without a strand": len(placed) - len(kept),
            "transcripts on chromosomes that the genome lacks": found.elsewhere,
        },
        others=_all_names(every) - _all_names(kept),
    )


def _all_names(genes: Sequence[Gene]) -> frozenset[str]:
    return frozenset(name for gene in genes for name in _called(gene))


def _called(gene: Gene) -> tuple[str, str, str]:
    return gene.name, unversioned(gene.name), gene.symbol


def _check_types(path: Path, every: Sequence[Gene], types: Collection[str]) -> None:
    """Raise `InputError` for a type that no gene has."""
    known = Counter(gene.kind for gene in every if gene.kind)
    if ALL in types:
        return
    if absent := [name for name in types if name not in known]:
        raise InputError(
            "Types of genes must be those of the annotation"
            if known
            else "An annotation must have types of genes (gene_type or gene_biotype), if they are chosen by these",
            where=path,
            received={"gene_types": absent[0], "in the file": [name for name, _ in known.most_common(5)] or "none"},
            hint='Take genes of all types: `--gene-types all`, `gene_types="all"` in Python',
        )
