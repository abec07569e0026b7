"""The table of cell types that maxATAC's models are trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError

AUTO = Path("auto")
_MOST_BYTES = 256 << 20
_COLUMNS = ("Cell_Line", "ATAC_Signal_File", "Binding_File", "ATAC_Peaks", "CHIP_Peaks", "Train_Test_Label")
_FILES = _COLUMNS[1:-1]


@dataclass(frozen=True)
class CellType:
    """One row of the table.

    Attributes:
        name: `Cell_Line`.
        signal: its normalized ATAC-seq, a bigWig.
        binding: a bigWig of zeros and ones, or a BED file of peaks.
        atac_peaks: BED; `AUTO` for the open regions of the signal; or None.
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
        InputError: a missing column, files that are missing, cell lines that occur twice (all are listed), or no
            row to train on.
    """
    cells: dict[str, CellType] = {}
    problems: list[str] = []
    for row, where in rows(path, _COLUMNS, "The table of cell types"):
        if row["Train_Test_Label"] != "Train":
            continue
        name, line = row["Cell_Line"], where.rsplit(", ", 1)[-1]
        if not name or name in cells:
            problems.append(f"{line}: Cell_Line {name!r} " + ("occurs twice" if name else "is empty"))
        files = {column: _place(row, column, user_path(path).parent) for column in _FILES}
        problems += [f"{line}: {column} {row[column]!r} of {name}" for column, file in files.items() if file is None]
        cells[name] = CellType(name, *files.values())
    if problems:
        raise InputError(
            "The table of cell types must have each cell line once, with files that exist",
            where=path,
            received={"problems": problems[:20], **({"more": len(problems) - 20} if len(problems) > 20 else {})},
            hint="Paths are relative to the folder of the table",
        )
    if not cells:
        raise InputError("The table must have a row whose Train_Test_Label is Train", where=path)
    return list(cells.values())


def rows(
    path: str | Path, columns: Sequence[str], what: str, only: Sequence[str] = ()
) -> Iterator[tuple[dict[str, str], str]]:
    """The rows of a tab-separated table with a header, and where they stand.

    Args:
        path: of the table.
        columns: that it must have.
        what: the table, for messages.
        only: if given, the columns that it may have besides, none of them twice; no row may then have more columns.

    Raises `InputError` if it cannot be read, lacks one of the columns, or has others than it may.
    """
    place = user_path(path, "table")
    try:
        if place.stat().st_size > _MOST_BYTES:
            raise InputError(f"{what} must be a file of at most {_MOST_BYTES:,} bytes", where=path)
        lines = place.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(
            f"{what} must be a file that can be read: {error.strerror}", received={"path": str(path)}
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{what} must be text in UTF-8 ({error.reason}, byte {error.start:,})", where=path) from None
    header = lines[0].rstrip("\r").split("\t")
    if missing := [name for name in columns if name not in header]:
        raise InputError(
            f"{what} must have tab-separated columns",
            example="  ".join(columns),
            where=path,
            received={"missing": missing},
        )
    known = {*columns, *only}
    if only and (other := [name for name in header if name not in known or header.count(name) > 1]):
        raise InputError(
            f"{what} must have columns of these names, each once: {', '.join(filter(None, (*columns, *only)))}",
            where=path,
            received={"columns": other},
        )
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            values = line.rstrip("\r").split("\t")
            if only and len(values) > len(header):
                raise InputError(
                    f"{what} must have no row with more columns than its header",
                    where=f"{path}, line {number}",
                    received={"columns": len(values), "header": len(header)},
                )
            yield dict(zip(header, values + [""] * len(header), strict=False)), f"{path}, line {number}"


def _place(row: dict[str, str], column: str, folder: Path) -> Path | None:
    """The file that a column names, or None if it does not exist; an empty binding file stands for the peaks."""
    name = row[column] or (row["CHIP_Peaks"] if column == "Binding_File" else "")
    if column == "ATAC_Peaks" and name == str(AUTO):
        return AUTO
    path = folder / user_path(name, column)
    return path if name and path.is_file() else None
