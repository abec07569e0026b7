"""The track of FactorNet's recipe: which bases count, and what a read is worth."""

import json
from pathlib import Path

import numpy as np
import pysam
import pytest

from zoo import cli
from zoo.errors import InputError, ZooWarning
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare.dgf import EFFECTIVE_SIZE, DgfTrack, prepare_dgf

SIZES = {"chr1": 1000, "chr2": 500, "chrX": 400, "chrM": 300}
READS = [("chr1", 100, 140, "+"), ("chr1", 100, 140, "+"), ("chr1", 300, 340, "-"), ("chr1", 600, 640, "+"),
         ("chr2", 50, 88, "-"), ("chrX", 10, 50, "+"), ("chrM", 10, 50, "+"), ("chrUn", 10, 50, "+")]  # fmt: skip
RECORDS = ((0, 100, 60), (0, 100, 60), (16, 300, 60), (4, 0, 0), (256, 400, 60), (2048, 500, 60), (0, 700, 3))
SMALL = {"effective_size": 1500}


@pytest.fixture
def tagalign(tmp_path: Path) -> Path:
    path = tmp_path / "r.tagAlign"
    path.write_text("".join(f"{chrom}\t{start}\t{end}\tN\t1\t{strand}\n" for chrom, start, end, strand in READS))
    return path


def values(made: DgfTrack, chrom: str) -> dict[int, float]:
    """Base → value, where there is one."""
    found = Signal(made.signal).values(chrom, 0, SIZES[chrom])
    return {int(at): float(found[at]) for at in np.flatnonzero(found)}


def test_one_base_for_each_read(tagalign: Path, tmp_path: Path):
    """The first base on either strand. 6 reads beside chrX and chrM, of 40 bp: each is worth 1500 / 240 = 6.25."""
    made = prepare_dgf(tagalign, tmp_path / "dgf", SIZES, **SMALL)
    assert (made.cuts, made.reads, made.read_length, made.scale) == (6, 6, 40, 6.25)
    assert values(made, "chr1") == {100: 12.5, 339: 6.25, 600: 6.25}
    assert values(made, "chr2") == {87: 6.25}
    assert values(made, "chrX") == {10: 6.25}
    record = json.loads(made.summary.read_text())
    assert (record["recipe"], record["counts"]["scale"]) == ("factornet", 6.25)
    before = made.signal.stat().st_mtime_ns
    assert prepare_dgf(tagalign, tmp_path / "dgf", SIZES, **SMALL) == made
    assert made.signal.stat().st_mtime_ns == before


def test_the_blacklist_takes_reads_from_track_and_scale(tagalign: Path, tmp_path: Path):
    (tmp_path / "b.bed").write_text("chr1\t100\t101\nchr1\t338\t339\n")
    made = prepare_dgf(tagalign, tmp_path / "dgf", SIZES, blacklist=tmp_path / "b.bed", **SMALL)
    assert (made.reads, made.scale) == (4, 1500 / 160)
    assert values(made, "chr1") == {339: 9.375, 600: 9.375}


def test_chromosomes_of_the_track_do_not_change_the_scale(tagalign: Path, tmp_path: Path):
    made = prepare_dgf(tagalign, tmp_path / "dgf", SIZES, chromosomes=["chr2"], **SMALL)
    assert (made.cuts, made.scale, made.mean) == (1, 6.25, 6.25 / 500)
    assert list(Signal(made.signal).sizes) == ["chr2"]


def test_fragments_and_cut_sites_of_atac(tmp_path: Path):
    path = tmp_path / "f.tsv"
    path.write_text("chr1\t100\t300\tA\t1\nchr1\t500\t700\tA\t1\n")
    with pytest.raises(InputError, match=r"read length must be given for fragments.*--read-length"):
        prepare_dgf(path, tmp_path / "dgf", SIZES, **SMALL)
    made = prepare_dgf(path, tmp_path / "dgf", SIZES, read_length=50, **SMALL)
    assert values(made, "chr1") == {100: 7.5, 299: 7.5, 500: 7.5, 699: 7.5}
    made = prepare_dgf(path, tmp_path / "atac", SIZES, assay="ATAC", shift=True, read_length=50, **SMALL)
    assert values(made, "chr1") == {104: 7.5, 295: 7.5, 504: 7.5, 695: 7.5}


@pytest.mark.parametrize("paired", [False, True])
def test_bam_files_of_single_reads_too(tmp_path: Path, paired: bool):
    """Unmapped, secondary and supplementary records do not count, nor those of a low quality."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": chrom, "LN": size} for chrom, size in SIZES.items()]}
    with pysam.AlignmentFile(tmp_path / "r.bam", "wb", header=header) as file:
        for flag, at, quality in RECORDS:
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = "a", flag | paired, 0, at
            read.mapping_quality, read.cigarstring, read.query_sequence = quality, "20M2D16M", "A" * 36
            file.write(read)
    made = prepare_dgf(tmp_path / "r.bam", tmp_path / "dgf", SIZES, mapping_quality=10, **SMALL)
    assert (made.reads, made.read_length) == (3, 36)
    assert made.scale == pytest.approx(1500 / 108)
    assert list(values(made, "chr1")) == [100, 337]


def test_a_genome_that_is_smaller_than_its_effective_size(tagalign: Path, tmp_path: Path):
    with pytest.warns(ZooWarning, match="has 2,200 bp, less than its effective size, 2,478,297,382"):
        made = prepare_dgf(tagalign, tmp_path / "dgf", SIZES)
    assert made.scale == EFFECTIVE_SIZE / 240


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assay": "ChIP"}, "assay must be one of ATAC, DNase"),
        ({"shift": True}, "a shift must go with ATAC"),
        ({"mapping_quality": 3}, "must go with a BAM file"),
        ({"read_length": 0}, "read_length"),
        ({"blacklist": [Interval("chr1", 0, 1000)], "chromosomes": ["chr1"]}, "must have reads on the chosen"),
    ],
)
def test_what_is_refused(tagalign: Path, tmp_path: Path, options: dict, message: str):
    with pytest.raises(InputError, match=message):
        prepare_dgf(tagalign, tmp_path / "dgf", SIZES, **SMALL, **options)
    assert not (tmp_path / "dgf.bw").exists()


def test_reads_on_uncounted_chromosomes_alone(tmp_path: Path):
    (tmp_path / "r.tagAlign").write_text("chrX\t10\t50\tN\t1\t+\n")
    with pytest.raises(InputError, match="must have reads beside chrX, chrM and the blacklist"):
        prepare_dgf(tmp_path / "r.tagAlign", tmp_path / "dgf", SIZES, **SMALL)


def test_the_command(tagalign: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "sizes.tsv").write_text("".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items()))
    call = ["prepare", str(tagalign), "--output", str(tmp_path / "dgf"), "--chrom-sizes", str(tmp_path / "sizes.tsv")]
    small = ["--effective-size", "1500"]
    assert cli.main([*call, "--recipe", "factornet", *small]) == 0
    assert "6 5' ends; 6 reads of 40 bp, each worth 6.25; mean" in capsys.readouterr().out
    assert cli.main([*call, "--recipe", "factornet", *small, "--slop", "5"]) != 0
    assert "recipe factornet must be given without --slop" in capsys.readouterr().err
    assert cli.main([*call, *small]) != 0
    assert "must be given without --effective-size" in capsys.readouterr().err
