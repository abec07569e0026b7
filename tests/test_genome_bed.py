"""Regions from whatever users have."""

import bz2
import gzip
import os
from pathlib import Path

import numpy as np
import pandas
import pytest

from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome import bed, text
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.genome.spans import merge

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
    [
        ("chr1\t10", 2),
        ("chr1\tten\t20", 2),
        ("chr1\t20\t10", 2),
        ("chr1\t-5\t-5", 2),
        ("chr1\t-5\t5", 2),
        ("\t1\t2", 2),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, number: int):
    (tmp_path / "x.bed").write_text(f"chr1\t1\t2\n{line}\n")
    with pytest.raises(InputError, match=f"x.bed, line {number}"):
        bed.read(tmp_path / "x.bed")


def test_tabs_and_blanks_between_columns(tmp_path: Path):
    (tmp_path / "x.bed").write_text("chr1\t10 20\nchr1 30\t40\nchr1 50 60\tname\nchr1\t70\t80\t\t\n")
    assert bed.read(tmp_path / "x.bed") == [
        Interval("chr1", 10, 20),
        Interval("chr1", 30, 40),
        Interval("chr1", 50, 60, "name"),
        Interval("chr1", 70, 80),
    ]


def test_features_of_no_length(tmp_path: Path, recwarn: pytest.WarningsRecorder):
    """UCSC allows start = end, between two bases."""
    (tmp_path / "x.bed").write_text("chr1 5 5\nchr1 10 20\nchr1 0 0\nchr2 0 5\n")
    assert bed.read_blacklist(tmp_path / "x.bed") == TWO
    assert not recwarn.list
    for read in (bed.read, lambda path: [peak for peak, _ in bed.read_summits(path)]):
        with pytest.warns(ZooWarning, match=r"x.bed: 2 features of no length \(start = end\) are left out"):
            assert read(tmp_path / "x.bed") == TWO
    (tmp_path / "x.bed").write_text("chr1 5 5\n")
    assert bed.read_blacklist(tmp_path / "x.bed") == []
    for read, message in ((bed.read, "at least one region"), (bed.read_summits, "at least one peak")):
        with pytest.warns(ZooWarning, match="1 features of no length"), pytest.raises(InputError, match=message):
            read(tmp_path / "x.bed")


@pytest.mark.parametrize("content", ["", "# nothing\n", "\n\n"])
def test_empty_bed(tmp_path: Path, content: str):
    (tmp_path / "x.bed").write_text(content)
    with pytest.raises(InputError, match="at least one region"):
        bed.read(tmp_path / "x.bed")


def test_a_gzip_that_was_cut_off(tmp_path: Path):
    (tmp_path / "x.bed.gz").write_bytes(gzip.compress(b"chr1\t1\t2\n" * 1000)[:30])
    with pytest.raises(InputError, match="compressed file must be complete"):
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


NARROW = "chr1\t100\t200\tp\t0\t.\t1.5\t-1\t2e-3\t{summit}\n"


@pytest.mark.parametrize(
    ("rows", "summit"),
    [
        (NARROW.format(summit=7), 107),
        (NARROW.format(summit=-1), 150),
        (NARROW.format(summit=7).replace("\t", " "), 107),
        (NARROW.format(summit=7).replace("1.5\t-1\t2e-3", ".\t.\t."), 107),  # only the summit is known
        (NARROW.format(summit=7)[:-1] + "\t1" * 10 + "\n", 107),  # IDR
        (NARROW.format(summit=7)[:-1] + "\t\n", 107),  # a tab at the end
        (NARROW.format(summit=7).replace("0\t.", "0\t*"), 107),  # the strand as R writes it
        (NARROW.format(summit=7).replace("0\t.", "0\t"), 107),
        (NARROW.format(summit=7).replace("1.5\t-1\t2e-3", "NA\tNA\tNA"), 107),
        (NARROW.format(summit=7)[:-1] + "\tgene\n", 107),  # narrowPeak and a name
        (NARROW.format(summit=7)[:-1] + "\tgene\t5000\n", 107),
        (NARROW.format(summit=1)[:-1] + "\t5\t3\n", 101),  # no block begins at 3
        (NARROW.format(summit=100)[:-1] + "\tgene\t5000\n", 150),  # outside the peak: something else
        ("chr1\t100\t200\tp\t0\t+\t100\t200\t0\t1\t100,\t0,\n", 150),  # BED12 of one block
        ("chr1\t100\t200\tp\t0\t+\t100\t200\t0\t1\t100\t0\n", 150),
        ("chr1\t100\t200\tp\t0\t+\t100\t200\t0\t1\t100,\t0," + "\tx" * 8 + "\n", 150),  # bigGenePred
        ("chr1\t100\t200\n", 150),
        ("chr1\t100\t200\tp\t0\t.\t1\t2\t3\n", 150),  # broadPeak
        ("chr1\t100\t200\tp\t0\t.\t100\t200\t0\t2\t10,20\t0,80\n", 150),  # BED12
        ("chr1\t100\t200\tp\t0\t.\t100\t200\t0\t2\t10,20\t0,80\t1\t2\t3\n", 150),  # gappedPeak
        ("chr1\t100\t200\t0.75\n", 150),  # bedGraph
        ("chr1\t100\t200\tN\t1000\t+\n", 150),  # tagAlign
        ("chr1\t100\t200\ta\tb\tc\td\te\tf\t7\n", 150),  # ten columns of something else
        ("chr1\t100\t200\tp\t0\t.\t1\t2\t0,0,255\t2\n", 150),  # BED12 that was cut to ten
    ],
)
def test_column_10_is_a_summit_in_narrowpeak_only(tmp_path: Path, rows: str, summit: int):
    (tmp_path / "x").write_text(rows * 2)
    assert [at for _, at in bed.read_summits(tmp_path / "x")] == [summit] * 2


def test_case_03_column_10_is_no_summit(shared: Path):
    """Three columns, BED12 and gappedPeak of one region have one middle."""
    folder = shared / "cases" / "03-column-10-is-no-summit"
    for name in ("three.bed", "twelve.bed", "peaks.gappedPeak"):
        ((peak, summit),) = bed.read_summits(folder / name)
        assert (peak.start, peak.end, summit) == (20_000, 22_000, 21_000)


@pytest.mark.parametrize("summit", ["100", "-2", "x", "1.5", "1_0", "9" * 5000])
def test_wrong_summits(tmp_path: Path, summit: str):
    (tmp_path / "x").write_text(NARROW.format(summit=1) + NARROW.format(summit=summit))
    with pytest.raises(InputError, match=r"line 2: Column 10 of a narrowPeak file must be"):
        bed.read_summits(tmp_path / "x")


def test_rows_of_two_formats(tmp_path: Path):
    """Half of the summits would be middles, without a word."""
    (tmp_path / "x").write_text(NARROW.format(summit=7) * 2 + "chr1\t5\t9\n")
    with pytest.raises(InputError, match=r"line 3: All rows must have one format"):
        bed.read_summits(tmp_path / "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"##fileformat=VCFv4.2\nchr1\t5\t9\tA\tC\n", "must be a BED file, not VCF"),
        (b"\xef\xbb\xbf##fileformat=VCFv4.2\nchr1\t5\t9\tA\tC\n", "must be a BED file, not VCF"),
        (b">chr1\nACGT\n", "must be a BED file, not FASTA"),
        (b"fixedStep chrom=chr1 start=1 step=1\n1\n", "must be a BED file, not wig"),
        (b"BAM\x01" + bytes(99), "must be UTF-8 text, not BAM.*zoo prepare"),
        (gzip.compress(b"BAM\x01" + bytes(99)), "must be UTF-8 text, not BAM.*zoo prepare"),
        ("chr1\t5\t9\n".encode("utf-16"), "must be UTF-8 text, not UTF-16.*iconv"),
        ("chr1\t5\t9\nchr1\t5\t9\tgr\u00f6\u00dfe\n".encode("latin-1"), "line 2: A text file must be encoded in UTF-8"),
        (b"chr1\t5\t9\nchr1\t\0\t9\n", "line 2: A text file must have no NUL"),
        (b"chr1\t5\t" + b"9" * 5000, "line 1: A line of a BED file must be"),
        (b"chr1\t5\t1_0\n", "line 1: A line of a BED file must be"),
        ("chr1\t5\t\u0661\u0662\n".encode(), "line 1: A line of a BED file must be"),
        (bz2.compress(b"chr1\t1\t2\n" * 9)[:-9], "compressed file must be complete"),
        (gzip.compress(b"chr1\t1\t2\n" * 9)[:-9] + bytes(9), "compressed file must be complete"),
    ],
)
def test_files_that_are_no_bed(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "x.bed").write_bytes(content)
    with pytest.raises(InputError, match=message):
        bed.read(tmp_path / "x.bed")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("name", ["x.bed", "x.bed.gz", "x.bed.bz2", "x"])
def test_compression_is_seen_from_the_content(tmp_path: Path, pack, name: str):
    (tmp_path / name).write_bytes(pack(b"chr1\t10\t20\nchr2\t0\t5\n"))
    assert bed.read(tmp_path / name) == TWO


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines(tmp_path: Path, end: str):
    for mark in (b"", b"\xef\xbb\xbf"):
        for last in (end, ""):
            (tmp_path / "x").write_bytes(mark + f"# x{end}chr1\t10\t20{end}chr2\t0\t5{last}".encode())
            assert bed.read(tmp_path / "x") == TWO


def test_comments_begin_a_line(tmp_path: Path):
    (tmp_path / "x").write_text("#chr1\t1\t2\nchr#1\t1\t2\ts1#AAAC-1\n")
    assert bed.read(tmp_path / "x") == [Interval("chr#1", 1, 2, "s1#AAAC-1")]


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "LONGEST", 1000)
    (tmp_path / "x").write_text("chr1\t1\t2\t" + "x" * 990 + "\n")
    with pytest.raises(InputError, match="A line must have less than 1,000 characters"):
        bed.read(tmp_path / "x")


def test_pipes_folders_and_missing_files(tmp_path: Path):
    reader, writer = os.pipe()
    os.write(writer, b"chr1\t10\t20\nchr2\t0\t5\n")
    os.close(writer)
    assert bed.read(f"/dev/fd/{reader}") == TWO
    os.close(reader)
    with pytest.raises(InputError, match="must not be a folder"):
        bed.read(tmp_path)
    with pytest.raises(InputError, match="must exist"):
        bed.read(tmp_path / "none.bed")
    with pytest.raises(InputError, match="must be a path"):
        bed.read("~nobody-of-that-name/x.bed")


def test_a_blacklist_in_a_bigwig_is_where_it_is_above_0(shared: Path, tmp_path: Path):
    with Writer(tmp_path / "b.bw", {"chr1": 100, "chr2": 9}) as file:
        file.add("chr1", np.array([5, 10, 20, 90]), np.array([10, 12, 30, 100]), np.array([1.0, 2.0, 0.0, 0.5]))
    assert bed.read_blacklist(tmp_path / "b.bw") == [Interval("chr1", 5, 12), Interval("chr1", 90, 100)]
    folder = shared / "golden" / "maxatac" / "e2e" / "inputs"
    one, other = (merge(bed.read_blacklist(folder / f"blacklist.{kind}")) for kind in ("bed", "bw"))
    assert {chrom: spans.tolist() for chrom, spans in one.items()} == {c: spans.tolist() for c, spans in other.items()}
    (tmp_path / "b.bed").write_text("")
    assert bed.read_blacklist(tmp_path / "b.bed") == []
    with pytest.raises(InputError, match="must be UTF-8 text, not bigWig"):
        bed.read(tmp_path / "b.bw")


def test_numbers_of_5000_digits():
    for value in (f"chr1:1-{'9' * 5000}", ("chr1", 0, 10**5000), f"chr1:-{'9' * 5000}-5"):
        with pytest.raises(InputError, match="must be below"):
            bed.regions(value, SIZES)
    assert bed.regions(f"chr1:{'0' * 50}11-{'0' * 50}20", SIZES) == TWO[:1]
    with pytest.raises(InputError, match="whole numbers"):
        bed.regions(pandas.DataFrame({"chrom": ["chr1"], "start": [0.0], "end": [float("inf")]}), SIZES)
