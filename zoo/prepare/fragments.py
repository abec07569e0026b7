"""Files of fragments: chrom, start, end, and perhaps a barcode; read in blocks."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra

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

    Lines that begin with `#` are skipped. A row counts once, whatever a count in its fifth column says.

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
    columns = {"chrom": "category", "start": np.int64, "end": np.int64} | ({"barcode": str} if barcodes else {})
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
                yield from _by_chromosome(block, seen, path)
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


def _by_chromosome(block, seen: int, path: Path) -> Iterator[Fragments]:
    """The rows of a block, one chromosome after the other."""
    codes, starts, ends = block["chrom"].cat.codes.to_numpy(), block["start"].to_numpy(), block["end"].to_numpy()
    wrong = np.flatnonzero((starts < 0) | (ends <= starts))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            "A fragment is 0-based and half-open, 0 ≤ start < end",
            where=f"{path}, row {seen + row + 1}",
            received={"start": int(starts[row]), "end": int(ends[row])},
        )
    labels = block["barcode"].to_numpy() if "barcode" in block else None
    for code, name in enumerate(block["chrom"].cat.categories):
        mine = codes == code
        if mine.all():
            mine = slice(None)
        first = 0 if isinstance(mine, slice) else int(mine.argmax())
        yield Fragments(str(name), starts[mine], ends[mine], None if labels is None else labels[mine], seen + first + 1)


def _pandas():
    try:
        import pandas
    except ImportError:
        raise MissingExtra(
            "Files of fragments are parsed by pandas", example="pip install 'chromatin-zoo[prepare]'"
        ) from None
    return pandas
