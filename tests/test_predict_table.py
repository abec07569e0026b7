"""Predictions of regions as arrays and tables of other packages."""

import sys

import anndata
import numpy as np
import pytest
import xarray

from zoo.errors import InputError, MissingExtra, ZooWarning
from zoo.genome.interval import Interval
from zoo.predict.table import Predictions, RegionScores

F32, nan = np.float32, np.nan


def region(start: int, end: int, name: str = ".", summit: int | None = None, tracks: int = 0) -> RegionScores:
    """Bins of 32 bp on the grid; the score of each is its number on the chromosome."""
    starts = np.arange(start // 32, -(-end // 32)) * 32
    scores = (starts // 32).astype(F32)
    if tracks:
        scores = scores[:, None] + 100 * np.arange(tracks, dtype=F32)
    return RegionScores(Interval("chr1", start, end, name), starts, starts + 32, scores, summit)


@pytest.fixture
def peaks() -> Predictions:
    """Two of 96 bp, with 3 and 4 bins by their phase."""
    return Predictions([region(320, 416, "a"), region(340, 436, "b")], 32)


def test_bins_around_the_middle_of_each_region(peaks: Predictions):
    """Middles are 368 and 388; of 64 bp the bins begin nearest to 336 and 356: at 352 (half a bin off) and 352."""
    assert [len(row.scores) for row in peaks] == [3, 4]
    assert peaks.matrix(width=64).tolist() == [[11, 12], [11, 12]]
    assert peaks.matrix(width=32).tolist() == [[11], [12]]
    assert peaks.matrix(width=96).tolist() == [[10, 11, 12], [11, 12, 13]]
    assert peaks.matrix(width=96).dtype == F32
    assert peaks.aligned(96).starts.tolist() == [[320, 352, 384], [352, 384, 416]]


def test_what_was_not_predicted_is_not_a_number(peaks: Predictions):
    assert np.array_equal(peaks.matrix(width=128), [[10, 11, 12, nan], [10, 11, 12, 13]], equal_nan=True)
    with pytest.warns(ZooWarning, match="Only 4 of 6 columns of the matrix have a bin of any region: a width of 192"):
        wide = peaks.matrix(width=192)
    assert np.array_equal(wide, [[nan, 10, 11, 12, nan, nan], [nan, 10, 11, 12, 13, nan]], equal_nan=True)


def test_bins_around_a_summit():
    table = Predictions([region(320, 640, summit=340), region(320, 640, summit=630)], 32)
    assert np.array_equal(table.matrix(width=96), [[nan, 10, 11], [18, 19, nan]], equal_nan=True)
    assert table[1:].matrix(width=32).tolist() == [[19]]
    assert table.mapped(np.negative).matrix(width=32).tolist() == [[-10], [-19]]


def test_bins_that_overlap():
    """Of 200 bp every 50: the first of 100 bp (two bins, 250 bp together) begins nearest to 525 - 125."""
    starts = np.arange(300, 700, 50)
    row = RegionScores(Interval("chr1", 500, 550), starts, starts + 200, (starts / 50).astype(F32))
    assert Predictions([row], 200, step=50).matrix(width=100).tolist() == [[8, 9]]
    with pytest.raises(InputError, match="must be a multiple of 50 bp"):
        Predictions([row], 200, step=50).matrix(width=75)


def test_tracks_and_no_region():
    table = Predictions([region(320, 416, tracks=2)], 32, ("plus", "minus"))
    assert table.matrix(width=64).tolist() == [[[11, 111], [12, 112]]]
    assert table[:0].matrix(width=64).shape == (0, 2, 2)


def test_without_a_width_the_error_names_it(peaks: Predictions):
    with pytest.raises(InputError, match=r"one number of bins.*bins=\[3, 4\].*matrix\(width=96\)"):
        peaks.matrix()
    assert peaks[:1].matrix().tolist() == [[10, 11, 12]]


@pytest.mark.parametrize("width", [0, -32, 33, 32.0, True, "64", 1 << 60])
def test_a_width_must_be_whole_bins(peaks: Predictions, width: object):
    with pytest.raises(InputError, match="width must be a"):
        peaks.matrix(width)


def test_windows_of_a_model_are_around_summits(small, genome_files):
    import pandas

    frame = pandas.DataFrame({"chrom": ["chr1"] * 2, "start": [5000, 9000], "end": [5400, 9300], "summit": [10, 200]})
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    table = small.predict(**files, centers=frame)
    assert [row.center for row in table] == [5010, 9200]
    assert np.array_equal(table.matrix(width=256), table.matrix())
    found = small.predict(**files, regions=["chr1:5,024-5,423", "chr1:9,007-9,406"])
    assert (len(found[0].scores), len(found[1].scores)) == (14, 13)
    assert found.matrix(width=384).shape == (2, 12)


def test_an_anndata_has_regions_by_tracks(peaks: Predictions):
    found = peaks.to_anndata(width=96)
    assert isinstance(found, anndata.AnnData)
    assert found.X.tolist() == [[12], [13]]
    assert list(found.var_names) == ["score"]
    assert list(found.obs_names) == ["chr1:321-416", "chr1:341-436"]
    assert found.obs["name"].tolist() == ["a", "b"]
    assert found.obs[["start", "end", "bins"]].to_numpy().tolist() == [[320, 416, 3], [340, 436, 4]]
    assert found.obsm["bins"].tolist() == [[10, 11, 12], [11, 12, 13]]
    assert found.uns["reduction"] == "max"
    tracks = Predictions([region(320, 416, tracks=2)] * 2, 32, ("plus", "minus")).to_anndata("mean")
    assert tracks.X.tolist() == [[11, 111]] * 2
    assert list(tracks.var_names) == ["plus", "minus"]
    assert list(tracks.obs_names) == ["chr1:321-416", "chr1:321-416-1"]
    assert "bins" not in tracks.obsm


def test_a_region_without_a_prediction_is_not_a_number_in_an_anndata(peaks: Predictions):
    for reduce in ("max", "mean", "sum"):
        assert np.isnan(peaks.mapped(lambda scores: np.full_like(scores, nan)).to_anndata(reduce).X).all()
    holed = peaks.mapped(lambda scores: np.where(scores == 10, F32(nan), scores))
    assert holed.to_anndata("sum").X.tolist() == [[23], [36]]
    with pytest.raises(InputError, match="reduce must be one of max, mean, sum"):
        peaks.to_anndata("median")


def test_an_xarray_has_the_places_of_bins(peaks: Predictions):
    found = peaks.to_xarray(width=96)
    assert isinstance(found, xarray.DataArray)
    assert found.dims == ("region", "bin")
    assert found.sel(region="chr1:321-416").values.tolist() == [10, 11, 12]
    assert found["bin"].values.tolist() == [-32, 0, 32]
    assert found["bin_start"].values.tolist() == [[320, 352, 384], [352, 384, 416]]
    assert found["chrom"].values.tolist() == ["chr1", "chr1"]
    assert found.attrs == {"bin_size": 32, "step": 32, "coordinates": "0-based, half-open, bp"}
    tracks = Predictions([region(320, 416, tracks=2)], 32, ("plus", "minus")).to_xarray()
    assert tracks.sel(track="minus").values.tolist() == [[110, 111, 112]]
    assert tracks["bin"].values.tolist() == [0, 1, 2]
    with pytest.raises(InputError, match=r"matrix\(width=96\)"):
        peaks.to_xarray()


@pytest.mark.parametrize("package", ["anndata", "pandas", "xarray"])
def test_a_package_that_is_missing_names_the_extra(peaks: Predictions, package: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, package, None)
    convert = {"anndata": peaks.to_anndata, "pandas": peaks.to_frame, "xarray": peaks[:1].to_xarray}[package]
    with pytest.raises(MissingExtra, match=rf"{package} must be installed.*\[{package}\]"):
        convert()
