"""Files of fragments or of single reads: chrom, start, end, and perhaps more columns; read in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.errors import InputError
from zoo.prepare import text
from zoo.prepare.kinds import PAIRS, READS, STRANDED, kind_of
from zoo.prepare.rows import Rows

_BLOCK = 1 << 24  # bytes of text
_STRANDS = np.frombuffer(b"+-", np.uint8)


@dataclass(frozen=True)
class Fragments:
    """Some fragments, or single reads, of one chromosome.

    Attributes:
        chrom: its name in the file.
        starts: (n,) int64, 0-based.
        ends: (n,) int64, exclusive.
        barcodes: (n,) str, or None if they were not requested.
        rows: their numbers in the file, (n,) int64, from 1, comments not counted.
        forward: of reads, whether they are on the + strand, (n,) bool; None for fragments.
    """

    chrom: str
    starts: np.ndarray
    ends: np.ndarray
    barcodes: np.ndarray | None = None
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    forward: np.ndarray | None = None

    def among(self, chosen: np.ndarray) -> "Fragments":
        """Some of them, by their numbers (m,) or a mask (n,)."""
        barcodes, forward = (None if column is None else column[chosen] for column in (self.barcodes, self.forward))
        return Fragments(self.chrom, self.starts[chosen], self.ends[chosen], barcodes, self.rows[chosen], forward)

    def cuts(self) -> tuple[np.ndarray, np.ndarray]:
        """(first bases of what begins at a cut, bases beyond the last one of what ends at one): of reads the 5' end."""
        if self.forward is None:
            return self.starts, self.ends
        return self.starts[self.forward], self.ends[~self.forward]


@dataclass(frozen=True)
class Block:
    """Some rows of a file.

    Attributes:
        parts: by chromosome.
        position: after them: bytes of the decompressed text, and rows.
        left_out: pairs of reads of which one is missing or on another chromosome.
    """

    parts: list[Fragments]
    position: tuple[int, int]
    left_out: int = 0


def read(path: str | Path, barcodes: bool = False, size: int = _BLOCK) -> Iterator[Fragments]:
    """Read a tab-separated file of fragments or reads, with any number of rows: `blocks`, one after the other."""
    for block in blocks(path, barcodes, size=size):
        yield from block.parts


def blocks(
    path: str | Path,
    barcodes: bool = False,
    kind: str | None = None,
    position: tuple[int, int] = (0, 0),
    size: int = _BLOCK,
) -> Iterator[Block]:
    """Read a tab-separated file of fragments (.tsv, .bed, .bedpe) or reads; plain, or compressed by gzip or bzip2.

    Lines that begin with `#` are skipped. A row counts once, regardless of a count in its fifth column. A strand (+ or
    -) in the sixth column marks a row as a read, as in tagAlign files and those of `bedtools bamtobed`. BEDPE has
    three columns (as MACS writes it) or the ends of both reads in six (as bedtools does): then a fragment spans both,
    and pairs of which a read is missing or on another chromosome are left out.

    Args:
        path: the file.
        barcodes: whether the fourth column is wanted.
        kind: what the file holds, `zoo.prepare.kinds.kind_of`; by default it is detected.
        position: where to go on, as a block has it.
        size: bytes of text that are read at once.

    Raises:
        InputError: no such file, one that was cut off, or a row that is not chrom, start, end.
    """
    path = user_path(path, "reads")
    kind = kind or kind_of(path, barcodes)
    if barcodes and kind == PAIRS:
        raise InputError(
            "Barcodes must be in the fourth column, where a BEDPE file has another chromosome",
            where=path,
            hint="Use a fragments file (chrom, start, end, barcode)",
        )
    first, seen = position
    for content, at in text.blocks(path, size, first):
        table = Rows.of(content)
        if len(table):
            yield _block(table, kind, barcodes, path, (at, seen))
        seen += len(table)
    if not seen:
        raise InputError("A file of reads must hold at least one", where=path)


def _block(table: Rows, kind: str, barcodes: bool, path: Path, position: tuple[int, int]) -> Block:
    at, seen = position
    (starts, good), (ends, well) = table.integers(1), table.integers(2)
    good &= well & (table.columns >= 3)
    chroms, names = table.names(0)
    kept = np.ones(len(table), bool)
    if kind == PAIRS:
        (others, fine), (lasts, well) = table.integers(4), table.integers(5)
        good &= fine & well
        mates, mate_names = table.names(3)
        numbers = {name: number for number, name in enumerate(names) if name != "."}
        kept = np.array([numbers.get(name, -1) for name in mate_names], np.int64)[mates] == chroms
        starts, ends = np.minimum(starts, others), np.maximum(ends, lasts)
    _check(table, good, path, seen, "chrom, start, end and perhaps more, with tabs between", "chr1\t10072\t10278")
    strands = table.letters(5)
    if kind != PAIRS:
        expected = kind in (READS, STRANDED)
        rule = "with a strand in column 6, as the others are" if expected else "without a strand, as the others are"
        _check(table, np.isin(strands, _STRANDS) == expected, path, seen, rule)
    labels = None
    if barcodes:
        _check(table, table.columns >= 4, path, seen, "chrom, start, end, barcode", "chr1\t10072\t10278\tAAAC-1")
        codes, texts = table.names(3)
        labels = np.array(texts)[codes]
    forward = strands == _STRANDS[0] if kind == READS else None
    every = Fragments("", starts, ends, labels, seen + 1 + np.arange(len(table)), forward)
    return Block(list(_by_chromosome(every, chroms, names, kept)), (at, seen + len(table)), int((~kept).sum()))


def _check(table: Rows, good: np.ndarray, path: Path, seen: int, rule: str, example: str | None = None) -> None:
    """Raise `InputError` for the first row that is not good."""
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"A row of reads must be {rule}",
            example=example,
            where=f"{path}, row {seen + row + 1}",
            received={"row": table.text(row)},
        )


def _by_chromosome(every: Fragments, chroms: np.ndarray, names: list[str], kept: np.ndarray) -> Iterator[Fragments]:
    """One chromosome after the other, in the order in which they come first."""
    at = np.flatnonzero(kept)
    at = at[np.argsort(chroms[at], kind="stable")]
    heads = np.flatnonzero(np.diff(chroms[at], prepend=-1))
    for mine in np.split(at, heads[1:]) if len(at) else ():
        part = every.among(mine)
        yield Fragments(names[chroms[mine[0]]], part.starts, part.ends, part.barcodes, part.rows, part.forward)
