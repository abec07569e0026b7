"""Files of fragments: chrom, start, end, and perhaps a barcode; read in blocks."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra
from zoo.genome.bed import lines

_ROWS = 1 << 20
_COMPRESSION = {".gz": "gzip", ".bgz": "gzip", ".bz2": "bz2"}


@dataclass(frozen=True)
class Fragments:
    """Some fragments of one chromosome.

    Attributes:
        chrom: its name in the file.
        starts: (n,) int64, 0-based.
        ends: (n,) int64, exclusive.
        barcodes: (n,) str, or None if they were not asked for.
        row: number of the first one in the file, from 1, comments not counted.
    """

    chrom: str
    starts: np.ndarray
    ends: np.ndarray
    barcodes: np.ndarray | None
    row: int


def read(path: str | Path, barcodes: bool = False, rows: int = _ROWS) -> Iterator[Fragments]:
    """Read a tab-separated file of fragments (.tsv, .bed, .bedpe; plain, .gz, .bz2), whatever its number of rows.

    Lines that begin with `#` are skipped. A row counts once, whatever a count in its fifth column says. A `.bedpe` file
    has three columns (as MACS writes it) or the ends of both reads in six (as bedtools does): then a fragment spans
    both, and pairs of which a read is missing or on another chromosome are left out.

    Args:
        path: the file.
        barcodes: whether the fourth column is wanted.
        rows: how many are read at once.

    Raises:
        InputError: no such file, one that was cut off, or a row that is not chrom, start, end.
        MissingExtra: pandas, which parses the text, is not installed.
    """
    pandas = _pandas()
    path = Path(path).expanduser()
    columns = {"chrom": "category", "start": np.int64, "end": np.int64}
    paired = _has_both_reads(path)
    if paired:
        columns |= {f"{name}2": kind for name, kind in columns.items()}
    if barcodes:
        if paired:
            raise InputError("Barcodes are in the fourth column, where a BEDPE file has another chromosome", where=path)
        columns["barcode"] = str
    seen = 0
    try:
        table = pandas.read_csv(
            path,
            sep="\t",
            header=None,
            comment="#",
            names=list(columns),
            usecols=range(len(columns)),
            dtype=columns,
            chunksize=rows,
            compression=_COMPRESSION.get(path.suffix.lower()),
            na_filter=False,
        )
        with table:
            for block in table:
                yield from _by_chromosome(_joined(block) if paired else block, path)
                seen += len(block)
    except pandas.errors.EmptyDataError:
        pass
    except (EOFError, zlib.error) as error:
        raise InputError(f"This file was cut off; copy it again ({error})", where=path) from None
    except OSError as error:
        raise InputError(f"A file of fragments can be read ({error})", received={"fragments": str(path)}) from None
    except (ValueError, pandas.errors.ParserError) as error:
        raise InputError(
            "A row of fragments is chrom, start, end and perhaps more, with tabs between",
            example="chr1\t10072\t10278",
            where=f"{path}, behind row {seen}",
            received={"problem": " ".join(str(error).split())[:120]},
        ) from None
    if not seen:
        raise InputError("A file of fragments has at least one", where=path)


def _has_both_reads(path: Path) -> bool:
    """Whether the first row of a `.bedpe` file has six columns."""
    if ".bedpe" not in path.suffixes:
        return False
    first = next(iter(lines(path)), ("", ""))[0]
    return len(first.split("\t")) >= 6


def _joined(block):
    """Pairs of reads as fragments; the index tells which rows they were."""
    chroms = block["chrom"].astype(str)
    block = block[(chroms == block["chrom2"].astype(str)) & (chroms != ".")]
    ends = {"start": block[["start", "start2"]].min(axis=1), "end": block[["end", "end2"]].max(axis=1)}
    return block[["chrom"]].assign(**ends)


def _by_chromosome(block, path: Path) -> Iterator[Fragments]:
    """The rows of a block, one chromosome after the other; the index counts the rows of the file from 0."""
    codes, starts, ends = block["chrom"].cat.codes.to_numpy(), block["start"].to_numpy(), block["end"].to_numpy()
    rows = block.index.to_numpy() + 1
    wrong = np.flatnonzero((starts < 0) | (ends <= starts))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            "A fragment is 0-based and half-open, 0 ≤ start < end",
            where=f"{path}, row {rows[row]}",
            received={"start": int(starts[row]), "end": int(ends[row])},
        )
    labels = block["barcode"].to_numpy() if "barcode" in block else None
    for code, name in enumerate(block["chrom"].cat.categories):
        mine = np.flatnonzero(codes == code)
        if len(mine):
            row, mine = int(rows[mine[0]]), slice(None) if len(mine) == len(codes) else mine
            yield Fragments(str(name), starts[mine], ends[mine], None if labels is None else labels[mine], row)


def _pandas():
    try:
        import pandas
    except ImportError:
        raise MissingExtra(
            "Files of fragments are parsed by pandas", example="pip install 'chromatin-zoo[prepare]'"
        ) from None
    return pandas
