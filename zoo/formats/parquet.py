"""Tables as Parquet."""

import json
from collections.abc import Mapping
from pathlib import Path

from zoo.formats.content import RegionTable


def write(path: Path, table: RegionTable) -> None:
    """Write a table; the schema's metadata have its bin size. Some regions at a time are a row group."""
    _write(path, table, {"bin_size": str(table.bin_size)})


def write_matrix(path: Path, matrix) -> None:
    """Write a `zoo.many.matrix.Matrix`; the schema's metadata have what it says of models and samples, as JSON."""
    _write(path, matrix, {name: json.dumps(value) for name, value in matrix.described.items()})


def _write(path: Path, table, metadata: Mapping[str, str]) -> None:
    import pyarrow
    from pyarrow import parquet

    types = {str: pyarrow.string()}
    fields = [(name, types.get(kind) or pyarrow.from_numpy_dtype(kind)) for name, kind in table.columns.items()]
    schema = pyarrow.schema(fields, metadata=metadata)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for block in table.blocks():
            arrays = [pyarrow.array(block[field.name], field.type) for field in schema]
            file.write_batch(pyarrow.record_batch(arrays, schema=schema))
