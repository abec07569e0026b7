"""What files of reads hold: those of another meaning are told apart or refused, and what does not count is counted."""

import bz2
import gzip
import json
from pathlib import Path

import numpy as np
import pysam
import pytest
from test_prepare_sample import SIZES, bam, write

from zoo.cli import main
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.prepare import kinds, tracks
from zoo.prepare.peaks import call
from zoo.prepare.sample import prepare

CASES = "cases"


def record(made) -> dict:
    return json.loads(made.summary.read_text(encoding="utf-8"))


def cuts_at(made, chrom: str = "chr1") -> list[int]:
    return np.flatnonzero(Signal(made.coverage).values(chrom, 0, SIZES.get(chrom, 1000))).tolist()


def test_case_01_reads_are_not_taken_as_fragments(shared: Path, tmp_path: Path):
    """tagAlign, shifted already, has the cuts of the fragments, every one; bamtobed has one for each row."""
    folder = shared / CASES / "01-reads-taken-as-fragments"
    genome = Genome(folder / "genome.2bit")
    tags = prepare(folder / "reads.tn5.tagAlign.gz", tmp_path / "tags", genome)
    whole = prepare(folder / "fragments.tsv.gz", tmp_path / "whole", genome)
    assert (tags.cuts, whole.cuts) == (6234, 6234)
    assert (record(tags)["reads"]["kind"], record(whole)["reads"]["kind"]) == ("reads", "fragments")
    for chrom, size in genome.sizes.items():
        if chrom != "chrM":
            np.testing.assert_array_equal(
                Signal(tags.signal).values(chrom, 0, size), Signal(whole.signal).values(chrom, 0, size)
            )
    assert prepare(folder / "bamtobed.bed", tmp_path / "bed", genome).cuts == 2000
    assert not any(tags.quality.lengths)


def test_reads_by_hand(tmp_path: Path):
    """The 5' end: the start on the + strand, the last base on the - strand. A `.` is no strand."""
    rows = "chr1\t100\t136\tr1\t60\t+\nchr1\t300\t336\tr1\t60\t-\n"
    path = write(tmp_path / "r.bed", rows)
    assert cuts_at(prepare(path, tmp_path / "raw", SIZES, shift=True, smoothing=0)) == [104, 331]
    assert cuts_at(prepare(path, tmp_path / "done", SIZES, shift=False, smoothing=0)) == [100, 336]
    with pytest.raises(InputError, match=r"must be said: their bases do not tell.*--shift no"):
        prepare(path, tmp_path / "unclear", SIZES)
    dots = write(tmp_path / "d.bed", rows.replace("+", ".").replace("-", "."))
    made = prepare(dots, tmp_path / "dots", SIZES, smoothing=0)
    assert (cuts_at(made), record(made)["reads"]["kind"]) == ([100, 135, 300, 335], "fragments")


def test_fragments_with_a_strand(tmp_path: Path):
    """Lengths of fragments, as esATAC writes them: both ends count, with a warning."""
    random = np.random.default_rng(0)
    starts = np.sort(random.integers(0, 500, 400))
    ends = starts + random.integers(30, 490, 400)
    path = write(tmp_path / "f.bed", "".join(f"chr1\t{a}\t{b}\tx\t1\t+\n" for a, b in zip(starts, ends, strict=True)))
    with pytest.warns(ZooWarning, match=r"f.bed: the rows have a strand, as reads have, but lengths of fragments"):
        assert prepare(path, tmp_path / "out", SIZES).cuts == 800


NARROW = "chr1\t100\t300\tpeak1\t88\t.\t5.5\t9.1\t7.2\t60\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.narrowPeak", NARROW, "narrowPeak or broadPeak"),
        ("p.bed", NARROW.replace("\t60\n", "\n"), "narrowPeak or broadPeak"),
        ("t.bedGraph", "chr1\t0\t100\t0.5\nchr1\t100\t300\t1.25\n", "bedGraph"),
        ("t.bed", "chr1\t0\t100\t5\nchr1\t100\t300\t7\n", "bedGraph"),
        ("t.txt", "track type=bedGraph\nchr1\t0\t100\t5\n", "a track"),
        ("v.vcf", "##fileformat=VCFv4.2\n#CHROM\tPOS\nchr1\t5\t.\tA\tC\n", "VCF"),
        ("r.sam", "@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:1000\n", "SAM.*samtools view -b"),
        ("r.fq", "@read1\nACGT\n+\nIIII\n", "FASTQ"),
        ("g.fa", ">chr1\nACGT\n", "FASTA"),
        ("w.bed", "chr1\t0\t2000\nchr1\t3000\t5000\n", r"2,000 bp \(median\)"),
        ("r.cram", "CRAM\3\1", "CRAM.*samtools view -b"),
        ("x.bam", "chr1\t1\t2\n", r"\.bam file must be BAM"),
    ],
)
def test_files_of_another_meaning(tmp_path: Path, name: str, text: str, said: str):
    path = write(tmp_path / name, text)
    with pytest.raises(InputError, match=said):
        prepare(path, tmp_path / "out", {"chr1": 10_000})
    assert [item.name for item in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (NARROW, "narrowPeak or broadPeak"),
        ("chr1\t0\t100\t0.5\n", "bedGraph"),
        ("chr1\t10\t60\tchr1\t200\t250\tr1\t60\t+\t-\n", kinds.PAIRS),
        ("chr1\t10\t46\tN\t1000\t+\n", kinds.READS),
        ("chr1\t10\t460\tAAAC-1\t2\n", kinds.FRAGMENTS),
    ],
)
def test_a_byte_order_mark_before_a_comment(tmp_path: Path, row: str, said: str):
    path = tmp_path / "f.txt"
    path.write_bytes(b"\xef\xbb\xbf# made on Windows\r\n" + 2 * row.replace("\n", "\r\n").encode())
    if said in (kinds.PAIRS, kinds.READS, kinds.FRAGMENTS):
        assert kinds.kind_of(path) == said
    else:
        with pytest.raises(InputError, match=said):
            kinds.kind_of(path)


@pytest.mark.parametrize("rows", [300, 200_000], ids=["small", "large"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n", "\r", r"f\.tsv: The lines .* must end with LF or CRLF; this one has a CR alone.*tr '\\r' '\\n'"),
        ("\n", "\r\r\n", "must end with LF or CRLF"),
        ("A\n", "A\0\n", r"f\.tsv: A file of reads must have no NUL bytes"),
    ],
    ids=["CR", "CR and CRLF", "NUL"],
)
def test_bytes_that_no_line_has(tmp_path: Path, rows: int, old: str, new: str, said: str):
    text = "".join(f"chr1\t{start % 800}\t{start % 800 + 90}\tA\n" for start in range(rows))
    path = tmp_path / "f.tsv"
    path.write_bytes(text.replace(old, new).encode())
    with pytest.raises(InputError, match=said):
        prepare(path, tmp_path / "out", SIZES)
    last = text.removesuffix("\n")[:-1] + new.replace("\n", "") + "A\n"
    path.write_bytes(last.encode())  # in the last row, behind all that is looked at to tell the kind
    with pytest.raises(InputError, match=said[:20]):
        prepare(path, tmp_path / "out", SIZES)
    assert [item.name for item in tmp_path.iterdir()] == ["f.tsv"]


def test_what_may_be_peaks_or_reads_is_said(tmp_path: Path):
    rows = [(i * 500, i * 500 + 100 + i % 7) for i in range(1200)]
    apart = write(tmp_path / "apart.bed", "".join(f"chr1\t{a}\t{b}\n" for a, b in rows))
    same = write(tmp_path / "same.bed", "".join(f"chr1\t{a}\t{a + 50}\n" for a, _ in rows))
    for path, said in ((apart, "none of the first 1,200 rows overlaps"), (same, "are 50 bp long")):
        notes: list[str] = []
        assert kinds.kind_of(path, notes=notes) == "fragments"
        assert said in notes[0]


@pytest.mark.parametrize(("name", "pack"), [("a", gzip.compress), ("b.bed", gzip.compress), ("c.tsv", bz2.compress)])
def test_compression_is_told_by_the_content(tmp_path: Path, name: str, pack):
    (tmp_path / name).write_bytes(pack(b"chr1\t100\t200\n"))
    (tmp_path / "plain.gz").write_bytes(b"chr1\t100\t200\n")
    for path in (tmp_path / name, tmp_path / "plain.gz"):
        assert cuts_at(prepare(path, tmp_path / f"out_{path.name}", SIZES, smoothing=0)) == [100, 199]
    (tmp_path / "z.tsv").write_bytes(b"\x28\xb5\x2f\xfd0000")
    with pytest.raises(InputError, match="compression='zstd'"):
        prepare(tmp_path / "z.tsv", tmp_path / "out", SIZES)


def test_bgzip_that_was_cut_off_between_two_blocks(tmp_path: Path):
    path = tmp_path / "f.tsv.gz"
    with pysam.BGZFile(str(path), "w") as file:
        for start in range(9000):
            file.write(f"chr1\t{start % 900}\t{start % 900 + 50 + start % 7}\n".encode())
    assert prepare(path, tmp_path / "out", SIZES).cuts == 18_000
    path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match=r"cut off or damaged.*block that ends a BGZF file is missing"):
        prepare(path, tmp_path / "out", SIZES)


def test_case_07_only_a_line_that_begins_with_a_hash_is_a_comment(shared: Path, tmp_path: Path):
    """ArchR's names of cells, `sample#barcode`."""
    folder = shared / CASES / "07-hash-inside-a-row"
    genome = Genome(folder / "genome.2bit")
    made = prepare(folder / "fragments.tsv.gz", tmp_path / "out", genome, cells=folder / "cells.tsv")
    with gzip.open(folder / "fragments.tsv.gz", "rt") as file:
        rows = [line.split("\t") for line in file if not line.startswith("#")]
    cells = dict(line.split("\t") for line in (folder / "cells.tsv").read_text().splitlines())
    for cluster, item in made.items():
        mine = [row for row in rows if cells.get(row[3].strip()) == cluster and row[0] != "chrM"]
        assert item.cuts == 2 * len(mine) > 0
    assert len(made) == len(set(cells.values())) > 1


def test_case_10_chromosomes_by_other_names(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = shared / CASES / "10-prepare-chromosomes"
    asked = ["prepare", str(folder / "fragments.tsv.gz"), "--genome", str(folder / "genome.2bit"), "--chromosomes"]
    assert main([*asked, "1", "X", "--output", str(tmp_path / "x")]) == 0
    assert json.loads((tmp_path / "x.json").read_text())["chromosomes"] == ["chr1", "chrX"]
    capsys.readouterr()
    assert main([*asked, "chr1", "chr9", "--output", str(tmp_path / "y")]) == 2
    assert "missing=['chr9']" in capsys.readouterr().err
    assert not list(tmp_path.glob("y*"))
    assert main(["normalize", str(tmp_path / "x.bw"), "--chromosomes", "1", "--output", str(tmp_path / "n.bw")]) == 0
    assert list(Signal(tmp_path / "n.bw").sizes) == ["chr1"]
    assert main(["peaks", str(tmp_path / "x.bw"), "--cutoff", "1", "--chromosomes", "9", "--output", "p.bed"]) == 2


@pytest.mark.parametrize("kind", ["negative", "zero", "behind"])
def test_case_11_one_odd_row(shared: Path, tmp_path: Path, kind: str):
    """On chrM, which does not count, it is not judged; on chr1 it is left out, counted and named."""
    folder = shared / CASES / "11-one-row-refuses-the-fragments"
    genome = Genome(folder / "genome.2bit")
    source = folder / f"{kind}_chrM.tsv.gz"
    quiet = prepare(source, tmp_path / "quiet", genome)
    assert record(quiet)["rows left out"] == {}
    with gzip.open(source, "rt") as file:
        rows = file.readlines()
    fields = rows[-1].split("\t")
    if kind == "behind":
        end = genome.sizes["chr1"]
        fields[1:3] = [str(end - 9), fields[2].replace(fields[2].strip(), str(end + 5))]
    moved = "\t".join(["chr1", *fields[1:]])
    path = write(tmp_path / "odd.tsv", "".join([*rows[:-1], moved]))
    with pytest.warns(ZooWarning, match=f"1 rows were left out.*row {len(rows)} \\(chr1 "):
        made = prepare(path, tmp_path / "odd", genome)
    assert (made.cuts, sum(v for k, v in record(made)["rows left out"].items() if k != "first")) == (quiet.cuts, 1)
    many = write(tmp_path / "many.tsv", "".join([*rows[:-1], *[moved] * (len(rows) // 5)]))
    with pytest.raises(GenomeMismatch if kind == "behind" else InputError, match=f"row {len(rows)} "):
        prepare(many, tmp_path / "many", genome)


def test_case_12_a_bigwig_without_data_is_not_normalized(shared: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"empty\.bw"):
        tracks.normalize(shared / CASES / "12-bigwig-without-data" / "empty.bw", tmp_path / "n.bw")
    assert not any(tmp_path.iterdir())


def test_a_track_of_zeros_is_not_normalized(tmp_path: Path):
    tracks.write(tmp_path / "z.bw", {"chr1": 500}, [runs_of(np.zeros(500, np.float32))])
    with pytest.raises(InputError, match=r"z\.bw: A track to be normalized must have a value above 0"):
        tracks.normalize(tmp_path / "z.bw", tmp_path / "n.bw")


def runs_of(values: np.ndarray, chrom: str = "chr1"):
    from zoo.prepare.coverage import of_bases

    return of_bases(chrom, 0, values)


def test_case_13_what_does_not_count_is_named(shared: Path, tmp_path: Path):
    """chrEBV has two thirds of the cuts: asked for, it is warned of; the three others alone give the right scale."""
    folder = shared / CASES / "13-main-chromosomes"
    genome = Genome(folder / "genome.2bit")
    reads = folder / "fragments.tsv.gz"
    three = prepare(reads, tmp_path / "three", genome, shift=True, chromosomes=["1", "2", "X"])
    assert three.statistics.high == pytest.approx(112_287, abs=1)
    assert Signal(three.signal).values("chr1", 0, genome.sizes["chr1"]).max() == pytest.approx(1.60, abs=0.01)
    assert record(three)["chromosomes left out"] == "chrEBV"
    assert list(record(three)["cuts by sequence elsewhere"]) == ["chrEBV"]


def test_case_13_is_right_by_default(shared: Path, tmp_path: Path):
    folder = shared / CASES / "13-main-chromosomes"
    made = prepare(folder / "fragments.tsv.gz", tmp_path / "out", Genome(folder / "genome.2bit"), shift=True)
    assert made.statistics.high == pytest.approx(112_287, abs=1)
    assert record(made)["chromosomes left out"] == "chrEBV"


def test_a_small_sequence_with_many_cuts(tmp_path: Path):
    sizes = {"chr1": 100_000, "tiny": 900}
    rows = [f"chr1\t{i * 100}\t{i * 100 + 90 + i % 9}\n" for i in range(900)] + ["tiny\t5\t95\n"] * 200
    with pytest.warns(ZooWarning, match=r"tiny has 18% of the cuts on 0\.89% of the genome"):
        prepare(write(tmp_path / "f.tsv", "".join(rows)), tmp_path / "out", sizes, shift=False)


def test_the_main_chromosomes_are_the_default_everywhere(tmp_path: Path):
    """A hot chrM neither sets the scale of a normalized track, nor is in a mean, nor has peaks."""
    values = {"chr1": np.float32([0, 1] * 250), "chrM": np.full(400, 900, np.float32)}
    sizes = {chrom: len(item) for chrom, item in values.items()}
    tracks.write(tmp_path / "t.bw", sizes, [runs_of(item, chrom) for chrom, item in values.items()])
    assert tracks.normalize(tmp_path / "t.bw", tmp_path / "n.bw").high == 1
    tracks.average([tmp_path / "t.bw"], tmp_path / "a.bw")
    assert list(Signal(tmp_path / "n.bw").sizes) == list(Signal(tmp_path / "a.bw").sizes) == ["chr1"]
    assert {peak.chrom for peak in call(tmp_path / "t.bw", 0.5)} == {"chr1"}
    assert {peak.chrom for peak in call(tmp_path / "t.bw", 0.5, chromosomes=["M"])} == {"chrM"}


def test_a_chromosome_that_one_track_lacks_is_said_in_both_orders(tmp_path: Path):
    for name, chroms in (("a", ["chr1"]), ("b", ["chr1", "chr2"])):
        sizes = dict.fromkeys(chroms, 300)
        tracks.write(tmp_path / f"{name}.bw", sizes, [runs_of(np.ones(300, np.float32), chrom) for chrom in chroms])
    for order in ("ab", "ba"):
        with pytest.raises(InputError, match=r"a\.bw: Tracks to be averaged must have the same chromosomes.*chr2"):
            tracks.average([tmp_path / f"{name}.bw" for name in order], tmp_path / "mean.bw")
    tracks.average([tmp_path / "a.bw", tmp_path / "b.bw"], tmp_path / "mean.bw", ["1"])
    assert Signal(tmp_path / "mean.bw").sizes == {"chr1": 300}


PAIRS = [(99, 100, 60), (147, 180, 60), (99, 300, 60), (147, 400, 60), (99, 500, 60), (147, 600, 60)]
SECOND = (99 | 256, 700, 0)


def test_secondary_alignments_count_in_maxatac_only(tmp_path: Path):
    """Three pairs are six cuts; one secondary record in a proper pair is a seventh by `samtools view -f 3`."""
    mate = (147 | 256 | 4, 800, 0)  # unmapped: it is no alignment at all
    path = bam(tmp_path / "r.bam", [*PAIRS, SECOND, mate])
    ours = prepare(path, tmp_path / "ours", SIZES, smoothing=0, keep_duplicates=True)
    theirs = prepare(path, tmp_path / "theirs", SIZES, smoothing=0, keep_duplicates=True, compat="maxatac")
    assert (ours.cuts, theirs.cuts) == (6, 7)
    assert sorted(set(cuts_at(theirs)) - set(cuts_at(ours))) == [704]
    filters = record(ours)["filters"]
    assert (filters["records"], filters["unmapped"], filters["secondary"], filters["reads"]) == (8, 1, 1, 6)
    assert Signal(theirs.coverage).values("chr1", 104, 105)[0] == pytest.approx(20e6 / 6)
    assert sum(theirs.quality.lengths) == sum(ours.quality.lengths) == 3


def test_supplementary_alignments_begin_at_no_cut(tmp_path: Path):
    path = bam(tmp_path / "r.bam", [*PAIRS, (99 | 2048, 700, 60), (147 | 2048, 800, 60)])
    ours = prepare(path, tmp_path / "ours", SIZES, keep_duplicates=True)
    assert (ours.cuts, record(ours)["filters"]["supplementary"]) == (6, 2)
    assert prepare(path, tmp_path / "theirs", SIZES, keep_duplicates=True, compat="maxatac").cuts == 8


@pytest.mark.parametrize(
    ("kind", "reads", "arguments"),
    [
        ("prepare_fragments", "fragments.tsv.gz", {}),
        ("prepare_bam", "reads.bam", {}),
        ("prepare_bam_skip", "reads.bam", {"keep_duplicates": True}),
    ],
)
def test_the_rules_of_maxatac_on_its_own_outputs(shared: Path, tmp_path: Path, kind: str, reads: str, arguments: dict):
    """Coverage at every base, whatever a genome would say of the shift; and the places of the cut sites in its BED."""
    golden = shared / "golden" / "maxatac" / "e2e"
    made = prepare(
        golden / "inputs" / reads,
        tmp_path / "sample",
        Genome(golden / "inputs" / "genome.2bit"),
        blacklist=golden / "inputs" / "blacklist.bw",
        compat="maxatac",
        cut_sites=True,
        **arguments,
    )
    theirs = Signal(golden / "outputs" / kind / "sample_IS_slop20_RP20M.bw")
    for chrom, size in theirs.sizes.items():
        np.testing.assert_allclose(
            Signal(made.coverage).values(chrom, 0, size), theirs.values(chrom, 0, size), rtol=5e-6
        )
    with gzip.open(golden / "outputs" / kind / "sample_IS_slop20.bed.gz", "rt") as file:
        wanted = sorted((row[0], int(row[1]), int(row[2])) for row in map(str.split, file))
    assert made.cut_sites.name == "sample_IS_slop20.bed.gz"
    with gzip.open(made.cut_sites, "rt") as file:
        found = [(row[0], int(row[1]), int(row[2])) for row in map(str.split, file)]
    assert found == wanted
    assert record(made)["cuts blacklisted"] == made.cuts - len(wanted)


def test_maxatac_takes_autosomes(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr2\t100\t200\nchrX\t100\t200\n")
    sizes = {"chr2": 1000, "chrX": 1000}
    assert prepare(path, tmp_path / "all", sizes).cuts == 4
    assert prepare(path, tmp_path / "theirs", sizes, compat="maxatac").cuts == 2
    with pytest.raises(InputError, match="must be there"):
        prepare(path, tmp_path / "none", {"I": 1000}, compat="maxatac")


def test_alignments_to_another_assembly(tmp_path: Path):
    path = bam(tmp_path / "r.bam", PAIRS)
    with pytest.raises(GenomeMismatch, match=r"r\.bam, chr1: .*of the reads=1000, of the genome=1200"):
        prepare(path, tmp_path / "out", {"chr1": 1200})
    with pytest.raises(GenomeMismatch, match="must have chromosomes in common"):
        prepare(path, tmp_path / "out", {"I": 1200})
    assert prepare(path, tmp_path / "out", {"1": 1000, "MT": 77}).cuts == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"smoothing": -1}, "smoothing must be a whole number from 0 to 10,000"),
        ({"smoothing": 99_999_999_999}, "smoothing must be"),
        ({"read_depth": 0}, "read depth must be a whole number from 1"),
        ({"percentile": 0}, "above 0 and at most 100"),
        ({"percentile": float("nan")}, "above 0 and at most 100"),
        ({"mapping_quality": -1}, "mapping quality must be"),
        ({"mapping_quality": 5}, "must go with a BAM file"),
        ({"keep_duplicates": True}, "must go with a BAM file"),
        ({"threads": 0}, "threads must be"),
        ({"compat": "macs"}, 'None or "maxatac"'),
        ({"compat": "maxatac", "shift": True}, "must go without"),
        ({"compat": "maxatac", "cells": ["a"]}, "must go without"),
        ({"chromosomes": []}, "must be"),
        ({"blacklist": "nofile.bed"}, "file must exist.*nofile.bed"),
    ],
)
def test_options_out_of_range_or_without_effect(tmp_path: Path, arguments: dict, said: str):
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\ta\n")
    with pytest.raises(InputError, match=said):
        prepare(path, tmp_path / "out", SIZES, **arguments)
    assert [item.name for item in tmp_path.iterdir()] == ["f.tsv"]


def test_a_blacklist_of_a_bigwig(tmp_path: Path):
    """Bases above 0 count for nothing, in prepare and in normalize."""
    marks = np.zeros(1000, np.float32)
    marks[190:210] = 1
    tracks.write(tmp_path / "b.bw", {"1": 1000}, [runs_of(marks, "1")], zeros=False)
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\nchr1\t400\t500\n")
    made = prepare(path, tmp_path / "out", SIZES, smoothing=0, blacklist=tmp_path / "b.bw")
    assert cuts_at(made) == [100, 400, 499]
    assert record(made)["cuts blacklisted"] == 1
    found = tracks.normalize(made.coverage, tmp_path / "n.bw", blacklist=tmp_path / "b.bw", chromosomes=["1"])
    listed = [Interval("chr1", 190, 210)]
    assert found == tracks.normalize(made.coverage, tmp_path / "m.bw", blacklist=listed, chromosomes=["1"])


def test_a_blacklist_without_effect_is_said(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\nchr1\t400\t500\nchr1\t410\t500\n")
    other = [Interval("I", 0, 900)]
    with pytest.warns(ZooWarning, match=r"the blacklist has no effect: its chromosomes \(I\)"):
        made = prepare(path, tmp_path / "out", SIZES, blacklist=other)
    with pytest.warns(ZooWarning, match=r"the blacklist has no effect"):
        tracks.normalize(made.coverage, tmp_path / "n.bw", blacklist=other)
