"""Reading bigWig files."""

import pickle
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.errors import InputError
from zoo.genome.signal import Signal


@pytest.fixture
def track(tmp_path: Path) -> Path:
    path = tmp_path / "track.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 20), ("chr2", 10)])
        file.addEntries(["chr1", "chr1"], [2, 10], ends=[5, 12], values=[1.5, float("nan")])
        file.addEntries(["chr1"], [15], ends=[20], values=[2.0])
    return path


@pytest.mark.parametrize(
    ("chrom", "start", "end", "expected"),
    [
        ("chr1", 0, 6, [0, 0, 1.5, 1.5, 1.5, 0]),
        ("chr1", 9, 13, [0, 0, 0, 0]),
        ("chr1", 18, 23, [2, 2, 0, 0, 0]),
        ("chr1", -2, 3, [0, 0, 0, 0, 1.5]),
        ("chr1", 25, 27, [0, 0]),
        ("chr2", 0, 2, [0, 0]),
    ],
)
def test_uncovered_nan_and_beyond_the_end_have_the_fill_value(track: Path, chrom, start, end, expected):
    values = Signal(track).values(chrom, start, end)
    assert values.tolist() == expected
    assert values.dtype == np.float32
    filled = Signal(track, fill=-1.0).values(chrom, start, end)
    assert filled.tolist() == [value or -1.0 for value in expected]


def test_sizes_and_pickle(track: Path):
    signal = pickle.loads(pickle.dumps(Signal(track)))
    assert signal.sizes == {"chr1": 20, "chr2": 10}
    assert signal.values("chr1", 4, 6).tolist() == [1.5, 0.0]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2)])
def test_empty_intervals_are_refused(track: Path, start: int, end: int):
    with pytest.raises(InputError, match="must not be empty"):
        Signal(track).values("chr1", start, end)


def test_unknown_chromosome(track: Path):
    with pytest.raises(InputError, match="chr9"):
        Signal(track).values("chr9", 0, 1)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.999])
def test_a_file_that_was_cut_off_is_found(track: Path, tmp_path: Path, part: float, capfd: pytest.CaptureFixture):
    data = track.read_bytes()
    (tmp_path / "cut.bw").write_bytes(data[: int(len(data) * part)])
    with pytest.raises(InputError, match="cut off, its trailing magic number is missing"):
        Signal(tmp_path / "cut.bw")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"abc", b"chr1\t0\t10\t1.0\n" * 10])
def test_another_format(tmp_path: Path, content: bytes):
    (tmp_path / "x.bw").write_bytes(content)
    with pytest.raises(InputError, match="bigWig"):
        Signal(tmp_path / "x.bw")


def test_missing_file(tmp_path: Path, capfd: pytest.CaptureFixture):
    with pytest.raises(InputError, match="No such file"):
        Signal(tmp_path / "none.bw")
    assert capfd.readouterr().err == ""


def test_infinite_values_are_refused_where_they_are(tmp_path: Path):
    with pyBigWig.open(str(tmp_path / "inf.bw"), "w") as file:
        file.addHeader([("chr1", 20)])
        file.addEntries(["chr1"], [7], ends=[9], values=[float("inf")])
    with pytest.raises(InputError, match="chr1:8"):
        Signal(tmp_path / "inf.bw").values("chr1", 0, 20)
