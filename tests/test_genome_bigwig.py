"""Writing bigWig files, read back by another library."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.genome.bigwig import Writer


def write(path: Path, sizes: dict[str, int], blocks: list[tuple]) -> pyBigWig.pyBigWig:
    with Writer(path, sizes) as file:
        for chrom, starts, ends, values in blocks:
            file.add(chrom, np.array(starts), np.array(ends), np.array(values))
    return pyBigWig.open(str(path))


def test_a_track_by_hand(tmp_path: Path):
    """Gaps, several blocks, a chromosome without data, names that are not in the order of the alphabet."""
    blocks = [("chr2", [2, 9], [5, 12], [1.5, 2]), ("chr2", [12], [20], [-1]), ("chr10", [0], [30], [4])]
    with write(tmp_path / "t.bw", {"chr2": 20, "chr1": 9, "chr10": 30}, blocks) as file:
        assert list(file.chroms().items()) == [("chr2", 20), ("chr1", 9), ("chr10", 30)]
        assert file.intervals("chr2") == ((2, 5, 1.5), (9, 12, 2.0), (12, 20, -1.0))
        assert file.intervals("chr1") is None
        assert file.intervals("chr10") == ((0, 30, 4.0),)
        head = file.header()
        assert (head["nBasesCovered"], head["sumData"], head["sumSquared"]) == (44, 122, 506)


@pytest.mark.parametrize("longest", [1, 3, 5000])
@pytest.mark.parametrize("gaps", [False, True])
def test_random_runs_come_back(tmp_path: Path, longest: int, gaps: bool):
    """Dense ones become steps, others runs; more sections than a node of the index has children."""
    random = np.random.default_rng(longest)
    lengths = random.integers(1, longest + 1, 600_000 if longest < 5 else 20_000)
    ends = np.cumsum(lengths + (random.random(len(lengths)) < 0.01) * gaps)
    values = random.normal(size=len(ends)).astype(np.float32)
    size, cut = int(ends[-1]) + 7, 12_345
    blocks = [("c", ends[part] - lengths[part], ends[part], values[part]) for part in (slice(0, cut), slice(cut, None))]
    expected = np.full(size, np.nan, np.float32)
    bases = np.repeat(ends - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
    expected[bases] = np.repeat(values, lengths)
    with write(tmp_path / "t.bw", {"c": size}, blocks) as file:
        np.testing.assert_array_equal(file.values("c", 0, size, numpy=True), expected)
        for bins in (1, 7, 50):
            edges = np.linspace(0, size, bins + 1).astype(int)
            wanted = [np.nanmean(expected[one:other], dtype=float) for one, other in pairwise(edges)]
            np.testing.assert_allclose(file.stats("c", nBins=bins, exact=True), wanted, rtol=1e-4, atol=1e-6)


def test_zoom_levels_tell_of_their_bases(tmp_path: Path):
    """Over 4,096 bp and multiples of it they are exact, for runs that are longer and shorter than a record."""
    random = np.random.default_rng(0)
    ends = np.unique(random.integers(1, 1 << 22, 20_000))
    ends[-1] = 1 << 22
    starts, values = np.concatenate([[0], ends[:-1]]), random.random(len(ends)).astype(np.float32)
    base = np.repeat(values, ends - starts)
    with write(tmp_path / "t.bw", {"c": 1 << 22}, [("c", starts, ends, values)]) as file:
        assert file.header()["nLevels"] == 7
        for bins in (4, 64):
            for kind, of in (("mean", np.mean), ("max", np.max), ("min", np.min), ("std", np.std)):
                wanted = of(base.reshape(bins, -1).astype(np.float64), axis=1)
                np.testing.assert_allclose(file.stats("c", nBins=bins, type=kind), wanted, rtol=1e-3)


def test_more_chromosomes_than_a_node_has_children(tmp_path: Path):
    sizes = {f"contig{number * 7919 % 70_001}": 50 + number for number in range(66_000)}  # three levels
    chosen = list(sizes)[::1000]
    with write(tmp_path / "t.bw", sizes, [(chrom, [7], [sizes[chrom]], [sizes[chrom]]) for chrom in chosen]) as file:
        assert file.chroms() == sizes
        for chrom in chosen:
            assert file.intervals(chrom) == ((7, sizes[chrom], sizes[chrom]),)
        assert file.intervals(list(sizes)[1]) is None


def test_a_file_without_data(tmp_path: Path):
    with write(tmp_path / "t.bw", {"c": 9}, [("c", [], [], [])]) as file:
        assert (file.chroms(), file.header()["nBasesCovered"]) == ({"c": 9}, 0)


@pytest.mark.parametrize(
    ("chrom", "starts", "ends"),
    [
        ("b", [5], [5]),
        ("b", [5, 3], [6, 4]),
        ("b", [5, 5], [7, 8]),
        ("b", [5], [31]),
        ("a", [9], [12]),
        ("b", [1], [3]),
    ],
    ids=["empty", "unsorted", "overlapping", "beyond the end", "an earlier chromosome", "what is written"],
)
def test_runs_in_a_wrong_order(tmp_path: Path, chrom: str, starts: list[int], ends: list[int]):
    with Writer(tmp_path / "t.bw", {"a": 30, "b": 30}) as file:
        file.add("b", np.array([0]), np.array([2]), np.array([1.0]))
        with pytest.raises(ValueError, match="must be sorted and apart, and lie after"):
            file.add(chrom, np.array(starts), np.array(ends), np.ones(len(starts)))


def test_a_full_disk_is_reported():
    with pytest.raises(OSError, match="No space left"), Writer("/dev/full", {"c": 9}) as file:
        file.add("c", np.array([0]), np.array([2]), np.array([1.0]))
