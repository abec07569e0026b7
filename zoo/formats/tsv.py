"""Tables as tab-separated text."""

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.formats.content import RegionTable


def write(path: Path, table: RegionTable) -> None:
    """Write a table with a header."""
    with open(path, "w", encoding="utf-8") as handle:
        write_rows(handle, table)


def write_rows(handle: TextIO, table: RegionTable) -> None:
    """The same to an open file."""
    handle.write("\t".join(table.columns) + "\n")
    for block in table.blocks():
        *columns, last = map(_texts, block.values())
        handle.writelines(map("\t".join, zip(*columns, (f"{text}\n" for text in last), strict=True)))


def _texts(values: np.ndarray) -> Iterable[str]:
    """Numbers as Python writes them; float32 in its shortest unique form."""
    if values.dtype.kind == "U":
        return values.tolist()
    return map(str, values if values.dtype == np.float32 else values.tolist())
