"""What `zoo.targets` writes: a matrix of genes × factors for each sample, and a table of all pairs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.files import npz
from zoo.formats.content import plain_names
from zoo.priors.genes import Genes

PRIOR = ".prior.tsv"
VALUES = ("binary", "max", "sum")


@dataclass(frozen=True, eq=False)
class Linked:
    """Sites of a factor in a sample with their genes: a row for each pair.

    Attributes:
        factor: its name.
        sample: its name, or nothing.
        path: of a file with `genes`, `distances`, `scores`, `rows` (numbers of sites) and `sites` (region strings) of
            all pairs; `chroms` with sites; and `counts`: of the sites, of those where no gene lies on the chromosome,
            and of those with a gene.
    """

    factor: str
    sample: str
    path: Path

    def __str__(self) -> str:
        return f"{self.factor} {self.sample}".strip()

    def read(self) -> dict[str, np.ndarray]:
        """Its arrays."""
        return npz.read(self.path)


@dataclass(frozen=True, eq=False)
class TargetTable:
    """The table of pairs, as `zoo.formats.content.RegionTable`.

    Attributes:
        parts: in order.
        genes: all of them.
        with_sample: whether there is a column of samples.
    """

    parts: Sequence[Linked]
    genes: Genes
    with_sample: bool
    bin_size: int = 0  # sites are of no one size

    @property
    def columns(self) -> dict[str, type]:
        """Column → its type."""
        before = {"sample": str} if self.with_sample else {}
        texts = {"factor": str, "gene": str, "gene_id": str}
        return {**before, **texts, "distance": np.int64, "score": np.float32, "site": str}

    def blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """The pairs of one factor and sample at a time."""
        names, ids = np.array(self.genes.names), np.array([gene.name for gene in self.genes.genes])
        for part in self.parts:
            rows = part.read()
            if not len(rows["genes"]):
                continue
            each = np.full(len(rows["genes"]), part.factor), names[rows["genes"]], ids[rows["genes"]]
            before = [np.full(len(rows["genes"]), part.sample)] if self.with_sample else []
            columns = [*before, *each, rows["distances"], rows["scores"], rows["sites"]]
            yield dict(zip(self.columns, columns, strict=True))


def prior(parts: Sequence[Linked], genes: Genes, values: str) -> np.ndarray:
    """(rows of genes, factors) float64 of the parts of one sample; 0 where a factor has no site of a gene.

    Args:
        parts: one of each factor.
        genes: all of them.
        values: "binary" for 1; "max" for the highest score of a site, "sum" of all.
    """
    table = np.zeros((len(genes.rows), len(parts)))
    for column, part in enumerate(parts):
        rows = part.read()
        where = genes.row_of[rows["genes"]]
        if values == "binary":
            table[where, column] = 1
        elif values == "max":
            highest = np.full(len(table), -np.inf)
            np.maximum.at(highest, where, rows["scores"])
            table[np.isfinite(highest), column] = highest[np.isfinite(highest)]
        else:
            pairs = np.stack([where, rows["rows"]])
            _, once = np.unique(pairs, axis=1, return_index=True)  # a site counts once for genes of one name
            np.add.at(table[:, column], where[once], rows["scores"][once].astype(np.float64))
    return table


def write_prior(path: Path, table: np.ndarray, genes: Genes, factors: Sequence[str], binary: bool) -> None:
    """Write a matrix as Inferelator reads it: a row for each gene, a column for each factor."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.write("\t".join(["gene", *factors]) + "\n")
        for name, row in zip(genes.rows, table, strict=True):
            numbers = row.astype(int) if binary else row.astype(np.float32)
            handle.write("\t".join([name, *(str(value) if value else "0" for value in numbers)]) + "\n")


def prior_suffixes(samples: Sequence[str]) -> dict[str, str]:
    """Sample → the suffix of its matrix."""
    if list(samples) == [""]:
        return {"": PRIOR}
    return {name: f".{plain}{PRIOR}" for name, plain in zip(samples, plain_names(samples), strict=True)}


def summary(parts: Sequence[Linked], genes: Genes) -> list[Mapping[str, object]]:
    """Sample, factor, sites, those with a gene, pairs, and genes of each part."""
    rows = []
    for part in parts:
        found = part.read()
        sites, homeless, linked = found["counts"].tolist()
        rows.append(
            {
                "sample": part.sample,
                "factor": part.factor,
                "sites": sites,
                "on chromosomes without a gene": homeless,
                "with a gene": linked,
                "pairs": len(found["genes"]),
                "genes": len(np.unique(genes.row_of[found["genes"]])),
            }
        )
    return rows
