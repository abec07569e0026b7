"""Reading bigWig files."""

import gzip
import pickle
import struct
import time
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.errors import InputError
from zoo.genome import doctor
from zoo.genome.bigwig import Writer
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


def test_an_address_is_no_file():
    with pytest.raises(InputError, match=r"must be readable: No such file.*://\*\*\*@x/a.bw'.*Download it first"):
        Signal("ftp://name:secret@x/a.bw")


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


def test_case_12_bigwig_without_data(shared: Path, tmp_path: Path):
    """A legal file: every base has the fill value, and doctor says so."""
    folder = shared / "cases" / "12-bigwig-without-data"
    signal = Signal(folder / "empty.bw", fill=0.5)
    assert signal.empty
    assert signal.values("chr1", 0, 3).tolist() == [0.5] * 3
    (found,) = doctor.of_signal(signal, list(signal.sizes))
    assert (found.status, found.message) == (doctor.WARNING, "holds no data: every base has the value 0.5")
    with Writer(tmp_path / "ours.bw", {"chr1": 9}):
        pass
    assert Signal(tmp_path / "ours.bw").empty


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (gzip.compress(b"BAM\x01" + bytes(99)), "Make a track of a BAM file with `zoo prepare`"),
        (b"CRAM\x03\x00" + bytes(99), "samtools view -b"),
        (b"@HD\tVN:1.6\n", "samtools view -b"),
        (b"chr1\t0\t10\t1.5\nchr1\t10\t20\t2\n", "bedGraphToBigWig"),
        (gzip.compress(b"track type=bedGraph\nchr1 0 10 -1e-3\n"), "bedGraphToBigWig"),
        (b"track type=wiggle_0\nfixedStep chrom=chr1 start=1 step=1\n1\n", "wigToBigWig"),
        (b"\xeb\xf2\x89\x87" + bytes(99), "bigBed"),
        (b"\x43\x27\x41\x1a" + bytes(99), "a genome"),
        (gzip.compress(b"# x\nchr1\t5\t9\tAAAC-1\t2\n"), "Make a track of fragments or reads with `zoo prepare`"),
        (b"hello", "Example: atac.bw"),
    ],
)
def test_files_that_are_no_signal(tmp_path: Path, content: bytes, hint: str):
    (tmp_path / "x.bw").write_bytes(content)
    with pytest.raises(InputError, match=f"A signal must be a bigWig file.*{hint}"):
        Signal(tmp_path / "x.bw")


@pytest.mark.parametrize(
    "edit", [(7, b"\x80"), (7, b"\xff"), (8, b"\xff" * 8), (24, b"\xff" * 8), (24, bytes(4) + b"\x01")]
)
def test_headers_that_crash_c_libraries(track: Path, tmp_path: Path, edit: tuple[int, bytes]):
    """Numbers of zoom levels, places of the chromosomes and of the index."""
    data = bytearray(track.read_bytes())
    data[edit[0] : edit[0] + len(edit[1])] = edit[1]
    (tmp_path / "x.bw").write_bytes(data)
    with pytest.raises(InputError, match=r"must be intact.*Copy it again"):
        Signal(tmp_path / "x.bw")


def test_names_that_occur_twice_or_are_no_text(track: Path, tmp_path: Path):
    data = track.read_bytes()
    (tmp_path / "x.bw").write_bytes(data.replace(b"chr2", b"chr1"))
    with pytest.raises(InputError, match=r"must name every chromosome once.*chromosomes=2, different names=1"):
        Signal(tmp_path / "x.bw")
    (tmp_path / "x.bw").write_bytes(data.replace(b"chr2", b"\xff\xfe\xfd\xfc"))
    with pytest.raises(InputError, match="must be intact"):
        Signal(tmp_path / "x.bw")


def test_chromosomes_without_bases(tmp_path: Path):
    with Writer(tmp_path / "t.bw", {"a": 0, "b": 2}) as file:
        file.add("b", np.array([0]), np.array([2]), np.array([1.0]))
    assert Signal(tmp_path / "t.bw").sizes == {"b": 2}
    with Writer(tmp_path / "t.bw", {"a": 0}):
        pass
    with pytest.raises(InputError, match="must have a chromosome with bases"):
        Signal(tmp_path / "t.bw")


def test_a_tree_that_is_a_circle(tmp_path: Path):
    """A node of the index that is its own child ends, as does one with more children than the file has bytes."""
    with Writer(tmp_path / "t.bw", {"c": 3_000_000}) as file:
        at = np.arange(0, 3_000_000, 4)
        file.add("c", at, at + 2, np.ones(len(at), np.float32))
    data = bytearray((tmp_path / "t.bw").read_bytes())
    (index,) = struct.unpack("<Q", data[24:32])
    assert data[index + 48] == 0  # the root has children, not blocks
    root = index + 48
    for place in range(root + 4 + 16, root + 4 + 24 * 2, 24):
        data[place : place + 8] = struct.pack("<Q", root)
    (tmp_path / "x.bw").write_bytes(data)
    with pytest.raises(InputError, match="must be intact"):
        Signal(tmp_path / "x.bw")


def test_many_contigs_are_quick(tmp_path: Path):
    sizes = {f"contig_{number}": 100 for number in range(20_000)}
    start = time.process_time()
    with Writer(tmp_path / "t.bw", sizes, workers=1) as file:
        for name in sizes:
            file.add(name, np.array([3]), np.array([5]), np.array([2.0]))
    signal = Signal(tmp_path / "t.bw")
    assert sum(signal.values(name, 0, 100).sum() for name in sizes) == 20_000 * 4
    assert time.process_time() - start < 30  # 1.5 ms for each
