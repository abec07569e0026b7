"""Tables as tab-separated text."""

from pathlib import Path
from typing import TextIO

from zoo.formats.content import Table


def write(path: Path, table: Table) -> None:
    """Write a table with a header."""
    with open(path, "w", encoding="utf-8") as handle:
        write_rows(handle, table)


def write_rows(handle: TextIO, table: Table) -> None:
    """The same to an open file."""
    handle.write("\t".join(table.columns) + "\n")
    for block in table.blocks():
        handle.writelines("\t".join(map(str, row)) + "\n" for row in zip(*block.values(), strict=True))
