"""Regions from whatever users have."""

import bz2
import gzip
from pathlib import Path

import numpy as np
import pandas
import pytest

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed
from zoo.genome.interval import Interval

SIZES = {"chr1": 1000, "chr2": 500}
TWO = [Interval("chr1", 10, 20), Interval("chr2", 0, 5)]


def test_bed_with_comments_and_more_columns(tmp_path: Path):
    text = "# made by hand\ntrack name=x\nbrowser position\n\nchr1\t10\t20\tsite\t0\t+\nchr2 0 5\n"
    for suffix, opener in ((".bed", open), (".bed.gz", gzip.open), (".bed.bz2", bz2.open)):
        path = tmp_path / f"x{suffix}"
        with opener(path, "wt") as handle:
            handle.write(text)
        assert bed.read(path) == [Interval("chr1", 10, 20, "site"), TWO[1]]


@pytest.mark.parametrize(
    ("line", "number"),
    [("chr1\t10", 2), ("chr1\tten\t20", 2), ("chr1\t20\t10", 2), ("chr1\t5\t5", 2), ("chr1\t-5\t5", 2), ("\t1\t2", 2)],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, number: int):
    (tmp_path / "x.bed").write_text(f"chr1\t1\t2\n{line}\n")
    with pytest.raises(InputError, match=f"x.bed, line {number}"):
        bed.read(tmp_path / "x.bed")


@pytest.mark.parametrize("content", ["", "# nothing\n", "\n\n"])
def test_empty_bed(tmp_path: Path, content: str):
    (tmp_path / "x.bed").write_text(content)
    with pytest.raises(InputError, match="at least one region"):
        bed.read(tmp_path / "x.bed")


def test_a_gzip_that_was_cut_off(tmp_path: Path):
    (tmp_path / "x.bed.gz").write_bytes(gzip.compress(b"chr1\t1\t2\n" * 1000)[:30])
    with pytest.raises(InputError, match="compressed file must be whole"):
        bed.read(tmp_path / "x.bed.gz")


def test_every_kind_of_regions(tmp_path: Path):
    (tmp_path / "x.bed").write_text("chr1\t10\t20\nchr2\t0\t5\n")
    frame = pandas.DataFrame({"chrom": ["chr1", "chr2"], "start": [10, 0], "end": [20, 5]})
    kinds = [
        tmp_path / "x.bed",
        str(tmp_path / "x.bed"),
        ["chr1:11-20", "chr2:1-5"],
        TWO,
        tuple(TWO),
        iter(TWO),
        [("chr1", 10, 20), ("chr2", np.int64(0), np.int64(5))],
        frame,
        frame.rename(columns={"start": "chromStart", "end": "chromEnd"}),
    ]
    for kind in kinds:
        assert bed.regions(kind, SIZES) == TWO
    assert bed.regions("chr1:11-20", SIZES) == TWO[:1]
    assert bed.regions(TWO[0], SIZES) == TWO[:1]
    assert bed.regions(("chr1", 10, 20), SIZES) == TWO[:1]
    assert bed.regions("chr2", SIZES) == [Interval("chr2", 0, 500)]


def test_other_spellings_of_chromosomes():
    assert bed.regions("1:11-20", SIZES) == TWO[:1]


@pytest.mark.parametrize("value", [[], 5, {"chrom": 1}, "nowhere.bed", "folder/nowhere", "chr1:0-x"])
def test_what_is_no_region(value: object):
    with pytest.raises(InputError):
        bed.regions(value, SIZES)


def test_a_frame_without_the_columns():
    with pytest.raises(InputError, match="chrom, start, end"):
        bed.regions(pandas.DataFrame({"a": [1]}), SIZES)


@pytest.mark.parametrize("region", [("chr3", 0, 5), ("chr1", 990, 1001), ("chr1", 5000, 6000)])
def test_regions_off_the_genome(region: tuple):
    with pytest.raises(GenomeMismatch):
        bed.regions([region], SIZES)


def test_merge_joins_overlapping_and_bookended():
    intervals = [Interval("c", *pair) for pair in [(5, 9), (0, 3), (3, 4), (8, 20), (30, 31), (10, 12)]]
    assert bed.merge(intervals)["c"].tolist() == [[0, 4], [5, 20], [30, 31]]
    assert bed.merge([]) == {}
