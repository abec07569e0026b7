"""Tables of tracks to learn: their columns, what is refused by line, and the targets that follow from them."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from zoo.data import track_files
from zoo.errors import InputError
from zoo.track_table import TrackTable

HEADER = "name\tfile\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription\n"
ROWS = "A\ta.bw\t384\t64\t1\tsum_sqrt\tB\tRNA:K562\nB\t/data/b.bw\t384\t64\t1\tsum_sqrt\tA\tRNA:K562\n"


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tracks.tsv"
    path.write_text(text)
    return path


def test_a_table_of_ones_own(tmp_path: Path):
    found = track_files.read(table(tmp_path, HEADER + ROWS + "C\tc.bw\t128\t32\t2\tmean\tC\tDNASE:K562\n"), "power")
    assert found.names == ("A", "B", "C")
    assert found.files == (str(tmp_path / "a.bw"), "/data/b.bw", str(tmp_path / "c.bw"))
    assert found.swap == (1, 0, 2)
    assert found.table == TrackTable(
        descriptions=("RNA:K562", "RNA:K562", "DNASE:K562"),
        scales=(1, 1, 2),
        clips=(384, 384, 128),
        soft_clips=(64, 64, 32),
        statistics=("sum_sqrt", "sum_sqrt", "mean"),
        squash="power",
    )


def test_the_least_table(tmp_path: Path):
    found = track_files.read(table(tmp_path, "file\tname\na.bw\tA\n\nb.bw\tB\n"))
    assert (found.names, found.swap) == (("A", "B"), ())
    assert found.table == TrackTable(scales=(1, 1), statistics=("sum", "sum"))


def test_pairs_by_the_numbers_of_some_rows_of_a_larger_table(tmp_path: Path):
    """As pandas writes the index, and as some of Calico's tables have it; a partner that is its own changes nothing."""
    rows = "34\tX+\tx.bw\t35\n35\tX-\ty.bw\t34\n9\tZ\tz.bw\t9\n"
    for name in ("", "index"):
        found = track_files.read(table(tmp_path, f"{name}\tidentifier\tfile\tstrand_pair\n{rows}"))
        assert found.swap == (1, 0, 2)
    assert track_files.read(table(tmp_path, "identifier\tfile\tstrand_pair\nX\tx.bw\t0\nY\ty.bw\t1\n")).swap == ()


@pytest.mark.parametrize(
    ("name", "count", "squash"),
    [
        ("borzoi/targets_human.txt.gz", 7611, "power"),
        ("borzoi/targets_mouse.txt.gz", 2608, "power"),
        ("enformer/targets_human.txt.gz", 5313, None),
    ],
)
def test_calicos_own_tables(shared: Path, tmp_path: Path, name: str, count: int, squash: str | None):
    text = gzip.decompress((shared / "zoo_weights" / name).read_bytes()).decode()
    found = track_files.read(table(tmp_path, text), squash)
    assert len(found.names) == len(found.table) == count
    if name == "borzoi/targets_human.txt.gz":
        assert found.names[:2] == ("CNhs10608+", "CNhs10608-")
        assert found.swap[:2] == (1, 0)
        assert found.table.taken((0,)).columns == {
            "descriptions": ("CAGE:Clontech Human Universal Reference Total RNA, pool1",),
            "scales": (1.0,),
            "clips": (768.0,),
            "soft_clips": (384.0,),
            "statistics": ("sum",),
        }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\tfile\n", "must have a track"),
        ("name\nA\n", "must have tab-separated columns"),
        ("file\na.bw\n", "must have one column that names the tracks"),
        ("name\tidentifier\tfile\nA\tA\ta.bw\n", "must have one column that names the tracks"),
        ("name\tfile\tclipp\nA\ta.bw\t3\n", "must have columns of these names.*clipp"),
        ("name\tfile\tname\nA\ta.bw\tB\n", "must have columns of these names, each once"),
        ("name\tfile\nA\ta.bw\tmore\n", "line 2: .* no row with more columns than its header"),
        ("name\tfile\nA\ta.bw\nA\tb.bw\n", "line 2: name must be a name of its own.*line 3: name"),
        ("name\tfile\n\ta.bw\n", "line 2: name must be a name of its own"),
        ("name\tfile\nA\n", "line 2: file must be a path"),
        ("name\tfile\tscale\nA\ta.bw\t0\n", "line 2: scale must be a number above 0, not '0'"),
        ("name\tfile\tscale\nA\ta.bw\t2\nB\tb.bw\n", "line 3: scale must be a number above 0, not ''"),
        ("name\tfile\tclip\nA\ta.bw\tinf\n", "line 2: clip must be a number of 0 or more, not 'inf'"),
        ("name\tfile\tclip\nA\ta.bw\t1_0\n", "line 2: clip must be a number"),
        ("name\tfile\tsum_stat\nA\ta.bw\tmedian\n", "line 2: sum_stat must be one of sum, mean, .*'median'"),
        ("name\tfile\tstrand_pair\nA\ta.bw\t1\n", "line 2: strand_pair must be a track of the table"),
        ("name\tfile\tstrand_pair\nA\ta.bw\tB\nB\tb.bw\tB\n", "line 2: strand_pair .* whose strand_pair is this one"),
        (HEADER + ROWS, "squash must be chosen"),
        ("name\tfile\tsum_stat\nA\ta.bw\tmean_sqrt\n", "squash must be chosen"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, said: str):
    with pytest.raises(InputError, match=f"(?s){said}"):
        track_files.read(table(tmp_path, text))


def test_a_squash_needs_soft_clips(tmp_path: Path):
    with pytest.raises(InputError, match="soft clips"):
        track_files.read(table(tmp_path, "name\tfile\nA\ta.bw\n"), "root")


SCALED = {"scales": (2.0, 0.5), "clips": (10.0, 9.0)}


def test_targets_without_a_squash():
    """Clipped, and then scaled."""
    one = TrackTable(**SCALED, statistics=("sum", "mean"))
    values = np.array([[3.0, 4.0], [30.0, 30.0]], np.float32)
    found = one.targets(values)
    assert found.dtype == np.float32
    assert found.tolist() == [[6.0, 2.0], [20.0, 4.5]]
    assert TrackTable(descriptions=("a",)).targets(np.array([7.0])).tolist() == [7.0]


def test_targets_of_borzois_weights():
    """Of 81^(3/4) = 27 the 25 above a soft clip of 2 become 5, and 7 times 2 is 14; of 625^(3/4) = 125, 2 + sqrt(123)
    is above the clip of 10. Of a mean 6 = 5 + sqrt(6 - 5), 9 = 5 + sqrt(16), the next is clipped at 9; half of them.
    """
    one = TrackTable(**SCALED, soft_clips=(2.0, 5.0), statistics=("sum_sqrt", "mean"), squash="power")
    found = one.targets(np.array([[1.0, 4.0], [81.0, 6.0], [625.0, 21.0], [0.0, 100.0]]))
    np.testing.assert_allclose(found, [[2.0, 2.0], [14.0, 3.0], [20.0, 4.5], [0.0, 4.5]], rtol=1e-12)


def test_targets_of_borzoi_primes():
    """Scaled first: 2 × 4 = 8, sqrt(9) - 1 = 2; 2 × 40 = 80: 8, of which 2 - 1 + sqrt(8 - 2 + 1); 2e5 is clipped.
    A mean: 0.5 × 8 = 4; 0.5 × 16 = 8 = 5 - 1 + sqrt(4); clipped at 9."""
    one = TrackTable(**SCALED, soft_clips=(2.0, 5.0), statistics=("mean_sqrt", "mean"), squash="root")
    found = one.targets(np.array([[4.0, 8.0], [40.0, 16.0], [1e5, 1e4]]))
    np.testing.assert_allclose(found, [[2.0, 4.0], [1 + 7**0.5, 6.0], [10.0, 9.0]], rtol=1e-12)


@pytest.mark.parametrize("squash", ["power", "root"])
def test_there_and_back(squash: str):
    """What no clip cut off comes back."""
    statistics = ("sum_sqrt", "mean", "mean_sqrt", "max")
    one = TrackTable((), (0.3, 2.0, 1.0, 5.0), (1e9,) * 4, (2.0, 3.0, 64.0, 0.5), statistics, squash)
    values = np.random.default_rng(0).gamma(0.3, 50, (1000, 4))
    np.testing.assert_allclose(one.coverage(one.targets(values)), values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("squash", "name"), [("power", "coverage_old"), ("root", "coverage_new")])
def test_targets_of_the_authors_coverage(shared: Path, squash: str, name: str):
    """What their program undid is made again."""
    with np.load(shared / "zoo_weights/borzoi/keras_small/small_golden.npz") as golden:
        statistics = tuple("sum_sqrt" if root else "sum" for root in golden["sum_sqrt"])
        scales, soft = tuple(golden["scale"].tolist()), tuple(golden["clip_soft"].tolist())
        one = TrackTable((), scales, (), soft, statistics, squash)
        np.testing.assert_allclose(one.targets(golden[name]), golden["human"][0], rtol=2e-6, atol=1e-6)
