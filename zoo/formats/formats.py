"""The table of formats: a name, what it holds, and the function that writes it. `register` adds one from outside."""

import importlib.util
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from zoo.arguments import among, names_of
from zoo.errors import InputError, MissingExtra
from zoo.files import npz
from zoo.formats import bed, bigwig, h5ad, parquet, tsv, zarr
from zoo.tables import Table

BINS, INTERVALS, TABLE, ARRAYS = "bins of chromosomes", "intervals", "a table of regions × bins", "arrays"
TOTALS, MATRIX = "total counts of regions", "a matrix of regions × models × samples"
_HELD = (BINS, INTERVALS, TABLE, TOTALS, MATRIX, ARRAYS)


@dataclass(frozen=True, eq=False)  # each is one of its own: the function need not have a hash
class Format:
    """A format of files.

    Attributes:
        name: that users choose it by.
        suffix: of the file, such as ".bw".
        holds: one of the six above.
        write: (path, content) → None. The content of `BINS` is `zoo.formats.content.Bins`, that of `INTERVALS` gives
            (chromosome, start, end, score), that of `TABLE` and `TOTALS` is a
            `zoo.formats.content.RegionTable`, that of `MATRIX` a `zoo.many.matrix.Matrix`, that of `ARRAYS` name →
            array. The path is temporary: the caller puts the file into its place when all is there. The same content
            must give the same bytes.
        each_track: of `BINS`: a file for each track, which is given alone; else one file has all.
        package: that must be installed.
        extra: of chromatin-zoo that installs it.
    """

    name: str
    suffix: str
    holds: str
    write: Callable[[Path, Any], None]
    each_track: bool = False
    package: str | None = None
    extra: str | None = None

    def __post_init__(self) -> None:
        if self.holds not in _HELD:
            known = ", ".join(f'"{what}"' for what in _HELD[:-1])
            raise InputError(f'A format must hold {known} or "{_HELD[-1]}"', received={"holds": self.holds})
        if self.each_track and self.holds != BINS:
            raise InputError(f'A file for each track must hold "{BINS}"', received={"holds": self.holds})
        if not self.suffix.startswith(".") or self.suffix == ".json":
            raise InputError(
                "A format must have a suffix that begins with a point and is not that of the sidecar, .json",
                example=".bw",
                received={"suffix": self.suffix},
            )

    def check_installed(self) -> None:
        """Raise `MissingExtra` unless its package is installed."""
        if self.package is not None and importlib.util.find_spec(self.package) is None:
            raise MissingExtra(
                f"The package {self.package} must be installed to write {self.name}",
                extra=self.extra,
                example=f"pip install {self.package}",
            )


_OWN = (
    Format("bigwig", ".bw", BINS, bigwig.write, each_track=True),
    Format("bed", ".bed", INTERVALS, bed.write),
    Format("table", ".tsv", TABLE, tsv.write),
    Format("npz", ".npz", ARRAYS, partial(npz.write, compress=True)),
    Format("zarr", ".zarr.zip", BINS, zarr.write, package="zarr", extra="zarr"),
    Format("parquet", ".parquet", TABLE, parquet.write, package="pyarrow", extra="parquet"),
    Format("counts", ".counts.tsv", TOTALS, tsv.write),
    Format("matrix", ".matrix.tsv", MATRIX, tsv.write),
    Format("matrix_parquet", ".matrix.parquet", MATRIX, parquet.write_matrix, package="pyarrow", extra="parquet"),
    Format("matrix_zarr", ".matrix.zarr.zip", MATRIX, zarr.write_matrix, package="zarr", extra="zarr"),
    Format("h5ad", ".h5ad", MATRIX, h5ad.write, package="anndata", extra="anndata"),
)
FORMATS: Table[Format] = Table("format", {format.name: format for format in _OWN})


def register(format: Format) -> None:
    """Add a format. Raises `InputError` for a name or suffix that is taken."""
    if format.suffix in (suffixes := [known.suffix for known in FORMATS.values()]):
        raise InputError(
            "A format must have a suffix of its own", received={"suffix": format.suffix, "known": suffixes}
        )
    FORMATS.add(format.name, format)


def unregister(name: str) -> None:
    """Take back one that was added. Raises `InputError` for anything else."""
    FORMATS.remove(name)


def named(names: object, holds: Collection[str]) -> tuple[Format, ...]:
    """Formats by their names, in the order of the table.

    Args:
        names: a sequence, or text with commas between them.
        holds: what the work has to write.

    Raises:
        InputError: no name, an unknown one, one of a format that holds something else, or one twice.
    """
    given = names_of("formats", names.split(",") if isinstance(names, str) else names)
    known = tuple(name for name, format in FORMATS.items() if format.holds in holds)
    for name in given:
        among("write", name, known)
    if not given or len(set(given)) < len(given):
        raise InputError("Formats must be named, and each once", example="bigwig,bed", received={"write": names})
    return tuple(format for name, format in FORMATS.items() if name in given)
