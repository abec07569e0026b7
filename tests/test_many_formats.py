"""Matrices of regions × models × samples: literal files of each format, and a large one by blocks."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.formats import h5ad, parquet, tsv
from zoo.formats import zarr as zarr_format
from zoo.genome.interval import Interval
from zoo.many import matrix as matrices
from zoo.many.matrix import Matrix

nan, F32 = np.nan, np.float32
REGIONS = [Interval("chr1", 0, 50, "peak"), Interval("chr2", 99, 300), Interval("chr1", 0, 50, "again")]
ABOUT = {
    "factor": ["X", "Y"],
    "quantity": ["binding score"] * 2,
    "scale": ["identity"] * 2,
    "threshold": [0.5, nan],
    "genome": ["hg38"] * 2,
    "network_sha256": ["a" * 4, "b" * 4],
}
MAX = F32([[[0.5, 1], [2, 3]], [[nan, nan], [nan, nan]], [[0.25, 4], [5, 6]]])
FORMATS = {"z.zarr.zip": zarr_format.write_matrix, "p": parquet.write_matrix, "t": tsv.write, "a.h5ad": h5ad.write}


def matrix(**more: object) -> Matrix:
    given = {"design": {"condition": ["case", "control"]}, "about": ABOUT, "values": {"max": MAX, "sum": 2 * MAX}}
    return Matrix(
        **{
            "regions": REGIONS,
            "models": ("lab/X", "lab/Y"),
            "samples": ("A", "B"),
            "counts": np.array([2, 0, 2]),
            **given,
            **more,
        }
    )


def test_text(tmp_path: Path):
    tsv.write(tmp_path / "m.tsv", matrix(values={"max": MAX}))
    assert (tmp_path / "m.tsv").read_text() == (
        "region\tname\tchrom\tstart\tend\tbins\tlab/X|A\tlab/X|B\tlab/Y|A\tlab/Y|B\n"
        "chr1:1-50\tpeak\tchr1\t0\t50\t2\t0.5\t1.0\t2.0\t3.0\n"
        "chr2:100-300\t.\tchr2\t99\t300\t0\tnan\tnan\tnan\tnan\n"
        "chr1:1-50\tagain\tchr1\t0\t50\t2\t0.25\t4.0\t5.0\t6.0\n"
    )


def test_parquet(tmp_path: Path):
    from pyarrow import parquet as reading

    parquet.write_matrix(tmp_path / "m.parquet", matrix())
    table = reading.read_table(tmp_path / "m.parquet")
    assert table.column_names[:6] == ["region", "name", "chrom", "start", "end", "bins"]
    assert table.column_names[6:] == [
        f"{how}|{model}|{s}" for how in ("max", "sum") for model in ("lab/X", "lab/Y") for s in "AB"
    ]
    np.testing.assert_array_equal(table["sum|lab/Y|B"].to_numpy(), F32([6, nan, 12]))
    said = {key.decode(): json.loads(value) for key, value in table.schema.metadata.items()}
    assert (said["models"], said["samples"], said["reductions"]) == (["lab/X", "lab/Y"], ["A", "B"], ["max", "sum"])
    assert said["coordinates"] == "0-based, half-open, bp"
    assert said["about"]["threshold"] == [0.5, None]
    assert said["about"]["quantity"] == ["binding score"] * 2
    assert said["design"] == {"condition": ["case", "control"]}
    assert "numpy" in said["versions"]


def test_anndata(tmp_path: Path):
    anndata = pytest.importorskip("anndata")
    h5ad.write(tmp_path / "m.h5ad", matrix())
    data = anndata.read_h5ad(tmp_path / "m.h5ad")
    assert list(data.obs_names) == ["lab/X|A", "lab/Y|A", "lab/X|B", "lab/Y|B"]
    assert list(data.obs["sample"]) == ["A", "A", "B", "B"]
    assert list(data.obs["factor"]) == ["X", "Y", "X", "Y"]
    assert list(data.obs["condition"]) == ["case", "case", "control", "control"]
    assert list(data.obs["quantity"]) == ["binding score"] * 4
    np.testing.assert_array_equal(data.obs["threshold"], [0.5, nan, 0.5, nan])
    assert list(data.var_names) == ["chr1:1-50", "chr2:100-300", "chr1:1-50-1"]
    assert data.var[["chrom", "start", "end", "name", "bins"]].to_numpy().tolist() == [
        ["chr1", 0, 50, "peak", 2],
        ["chr2", 99, 300, ".", 0],
        ["chr1", 0, 50, "again", 2],
    ]
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X, F32([[0.5, nan, 0.25], [2, nan, 5], [1, nan, 4], [3, nan, 6]]))
    np.testing.assert_array_equal(data.layers["sum"], 2 * data.X)
    assert (data.uns["reduction"], data.uns["coordinates"]) == ("max", "0-based, half-open, bp")
    assert data.uns["versions"]["numpy"] == np.__version__
    assert list(data[data.obs["sample"] == "B", data.var["chrom"] == "chr2"].shape) == [2, 1]


def test_zarr(tmp_path: Path):
    import zarr

    zarr_format.write_matrix(tmp_path / "m.zarr.zip", matrix())
    with zarr.storage.ZipStore(tmp_path / "m.zarr.zip", mode="r") as store:
        root = zarr.open_group(store, mode="r")
        np.testing.assert_array_equal(root["max"][:], MAX)
        np.testing.assert_array_equal(root["sum"][:], 2 * MAX)
        assert root["max"].metadata.dimension_names == ("region", "model", "sample")
        for name, values in {
            "region": ["chr1:1-50", "chr2:100-300", "chr1:1-50"],
            "name": ["peak", ".", "again"],
        }.items():
            assert root[name][:].tolist() == values
            assert root[name].metadata.dimension_names == ("region",)
        assert root["start"][:].tolist() == [0, 99, 0]
        assert root["bins"][:].tolist() == [2, 0, 2]
        assert (root["model"][:].tolist(), root["sample"][:].tolist()) == (["lab/X", "lab/Y"], ["A", "B"])
        assert root["quantity"].metadata.dimension_names == ("model",)
        np.testing.assert_array_equal(root["threshold"][:], [0.5, nan])
        assert (root["condition"][:].tolist(), root["condition"].metadata.dimension_names) == (
            ["case", "control"],
            ("sample",),
        )
        assert root.attrs["coordinates"] == "0-based, half-open, bp"


def test_by_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Chunks of some regions, 16 models and 8 samples; the last ones are smaller. All formats have the same numbers."""
    import zarr
    from pyarrow import parquet as reading

    monkeypatch.setattr(matrices, "BLOCK", 4)
    shape = (10, 17, 9)
    values = np.random.default_rng(0).random(shape, np.float32)
    models, samples = tuple(f"m/{number}" for number in range(17)), tuple("ABCDEFGHI")
    regions = [Interval("c", start, start + 5) for start in range(10)]
    made = Matrix(regions, models, samples, {"max": values}, np.arange(10))
    for name, write in FORMATS.items():
        write(tmp_path / name, made)
    with zipfile.ZipFile(tmp_path / "z.zarr.zip") as archive:
        chunks = [name for name in archive.namelist() if name.startswith("max/c/")]
        assert sorted(chunks) == sorted(f"max/c/{r}/{m}/{s}" for r in range(3) for m in range(2) for s in range(2))
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with zarr.storage.ZipStore(tmp_path / "z.zarr.zip", mode="r") as store:
        np.testing.assert_array_equal(zarr.open_group(store, mode="r")["max"][:], values)
    table = reading.ParquetFile(tmp_path / "p")
    assert table.num_row_groups == 3
    np.testing.assert_array_equal(table.read()["m/16|I"].to_numpy(), values[:, 16, 8])
    assert len((tmp_path / "t").read_text().splitlines()) == 11


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_matrix_is_the_same_bytes(name: str, tmp_path: Path):
    if name.endswith("h5ad"):
        pytest.importorskip("anndata")
    contents = []
    for number, values in enumerate((MAX, np.ascontiguousarray(MAX.transpose(2, 1, 0)).transpose(2, 1, 0))):
        FORMATS[name](tmp_path / f"{number}{name}", matrix(values={"max": values}))
        contents.append((tmp_path / f"{number}{name}").read_bytes())
    assert contents[0] == contents[1]


def test_a_design_whose_columns_are_taken(tmp_path: Path):
    """They are not lost: `sample_factor`, and `sample_start` where the regions have one."""
    import zarr

    anndata = pytest.importorskip("anndata")
    made = matrix(design={"factor": ["u", "v"], "start": ["1", "2"]})
    h5ad.write(tmp_path / "m.h5ad", made)
    obs = anndata.read_h5ad(tmp_path / "m.h5ad").obs
    assert (list(obs["factor"]), list(obs["sample_factor"])) == (["X", "Y"] * 2, ["u", "u", "v", "v"])
    zarr_format.write_matrix(tmp_path / "m.zarr.zip", made)
    with zarr.storage.ZipStore(tmp_path / "m.zarr.zip", mode="r") as store:
        root = zarr.open_group(store, mode="r")
        assert root["sample_start"][:].tolist() == ["1", "2"]
        assert root["start"][:].tolist() == [0, 99, 0]


def test_a_matrix_by_names():
    made = matrix()
    assert repr(made) == "Matrix(3 regions × 2 models × 2 samples: max, sum)"
    np.testing.assert_array_equal(made.of("lab/Y", "B"), F32([3, nan, 6]))
    np.testing.assert_array_equal(made.of("lab/X", reduction="sum"), 2 * MAX[:, 0])
    assert made.of("lab/X").shape == (3, 2)
    for names, said in (
        (("lab/Z",), "model must be one of the matrix.*lab/Z"),
        (("lab/X", "C"), "sample must be one of the matrix"),
        (("lab/X", "A", "mean"), "reduction must be one of the matrix"),
    ):
        with pytest.raises(InputError, match=said):
            made.of(*names)
