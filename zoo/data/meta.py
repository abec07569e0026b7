"""The table of cell types that maxATAC's models are trained on."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError

AUTO = Path("auto")
_COLUMNS = ("Cell_Line", "ATAC_Signal_File", "Binding_File", "ATAC_Peaks", "CHIP_Peaks", "Train_Test_Label")


@dataclass(frozen=True)
class CellType:
    """One row of the table.

    Attributes:
        name: `Cell_Line`.
        signal: its normalized ATAC-seq, a bigWig.
        binding: a bigWig of zeros and ones, or a BED file of peaks.
        atac_peaks: BED; `AUTO` for where the signal says that chromatin is open; or None.
        chip_peaks: BED.
    """

    name: str
    signal: Path
    binding: Path
    atac_peaks: Path | None
    chip_peaks: Path


def read(path: str | Path) -> list[CellType]:
    """The rows of a tab-separated table whose `Train_Test_Label` is Train, with the columns of the authors' program.

    These are Cell_Line, ATAC_Signal_File, Binding_File, ATAC_Peaks, CHIP_Peaks, Train_Test_Label; others are ignored.
    Files are relative to the table's folder. An empty `Binding_File` stands for the peaks. `ATAC_Peaks` may be `auto`.

    Raises:
        InputError: a missing column or file, a cell line that occurs twice, or no row to train on.
    """
    cells: dict[str, CellType] = {}
    for row, where in rows(path, _COLUMNS, "The table of cell types"):
        if row["Train_Test_Label"] != "Train":
            continue
        if row["Cell_Line"] in cells:
            raise InputError("A cell line occurs once", where=where, received={"Cell_Line": row["Cell_Line"]})
        cells[row["Cell_Line"]] = _cell_type(row, Path(path).parent, where)
    if not cells:
        raise InputError("The table has a row whose Train_Test_Label is Train", where=path)
    return list(cells.values())


def rows(path: str | Path, columns: Sequence[str], what: str) -> Iterator[tuple[dict[str, str], str]]:
    """The rows of a tab-separated table with a header, and where they stand.

    Raises `InputError` if it cannot be read or lacks one of the columns.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{what} can be read ({error})", received={"path": str(path)}) from None
    table = csv.DictReader(lines, delimiter="\t", restval="")
    if missing := [name for name in columns if name not in (table.fieldnames or ())]:
        raise InputError(
            f"{what} has tab-separated columns", example="  ".join(columns), where=path, received={"missing": missing}
        )
    for row in table:
        yield row, f"{path}, line {table.line_num}"


def _cell_type(row: dict[str, str], folder: Path, where: str) -> CellType:
    def file(column: str, instead: str | None = None) -> Path:
        name = row[column] or (instead and row[instead])
        if not name or not (folder / name).is_file():
            raise InputError(
                f"The {column} of {row['Cell_Line']} is a file", where=where, received={column: row[column]}
            )
        return folder / name

    return CellType(
        row["Cell_Line"],
        file("ATAC_Signal_File"),
        file("Binding_File", "CHIP_Peaks"),
        AUTO if row["ATAC_Peaks"] == str(AUTO) else file("ATAC_Peaks"),
        file("CHIP_Peaks"),
    )
