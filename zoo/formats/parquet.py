"""Tables as Parquet."""

from pathlib import Path

from zoo.formats.content import RegionTable


def write(path: Path, table: RegionTable) -> None:
    """Write a table; the schema's metadata have its bin size. Some regions at a time are a row group."""
    import pyarrow
    from pyarrow import parquet

    types = {str: pyarrow.string()}
    fields = [(name, types.get(kind) or pyarrow.from_numpy_dtype(kind)) for name, kind in table.columns.items()]
    schema = pyarrow.schema(fields, metadata={"bin_size": str(table.bin_size)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for block in table.blocks():
            arrays = [pyarrow.array(block[field.name], field.type) for field in schema]
            file.write_batch(pyarrow.record_batch(arrays, schema=schema))
