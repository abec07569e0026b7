"""From reads to tracks, against the original's outputs and by hand."""

import bz2
import gzip
import json
from pathlib import Path

import numpy as np
import pysam
import pytest

import zoo
from zoo.cli import main
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.evaluate.binding import benchmark
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.prepare import coverage, fragments
from zoo.prepare.cells import of_cells
from zoo.prepare.cutsites import CutSites
from zoo.prepare.kinds import kind_of
from zoo.prepare.reads import pairs
from zoo.prepare.sample import prepare
from zoo.prepare.shift import bias_of, shift_of

SIZES = {"chr1": 1000, "chr2": 400}


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    return shared / "golden" / "maxatac" / "e2e"


@pytest.mark.parametrize(
    ("kind", "reads", "arguments", "cuts"),
    [
        ("prepare_fragments", "fragments.tsv.gz", {}, 71_136),
        ("prepare_bam", "reads.bam", {}, 17_464),
        ("prepare_bam_skip", "reads.bam", {"keep_duplicates": True}, 18_220),
    ],
)
def test_tracks_of_the_original(golden: Path, tmp_path: Path, kind: str, reads: str, arguments: dict, cuts: int):
    """At every base; the original's coverage went through text with six digits."""
    lines = [line.split() for line in (golden / "inputs" / "chrom.sizes").read_text().splitlines()]
    sizes = {chrom: int(size) for chrom, size in lines}
    blacklist = golden / "inputs" / "blacklist.bed"
    made = prepare(golden / "inputs" / reads, tmp_path / "sample", sizes, blacklist=blacklist, **arguments)
    assert made.coverage.name == "sample_RP20M.bw"
    assert made.cuts == cuts
    for ours, theirs, tolerance in ((made.coverage, "", {"rtol": 5e-6}), (made.signal, "_minmax01", {"atol": 1e-5})):
        one, other = Signal(ours), Signal(golden / "outputs" / kind / f"sample_IS_slop20_RP20M{theirs}.bw")
        for chrom, size in sizes.items():
            np.testing.assert_allclose(one.values(chrom, 0, size), other.values(chrom, 0, size), **tolerance)
    assert json.loads(made.summary.read_text())["cuts"] == cuts
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("sample.bw", "sample.html", "sample.json", "sample.png"),
        *("sample_RP20M.bw", "sample_mqc.json"),
    ]


def write(path: Path, text: str) -> Path:
    opened = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opened(path, "wt") as file:
        file.write(text)
    return path


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz", "a.bed.bz2", "a.bedpe"])
def test_fragments_in_blocks(tmp_path: Path, name: str):
    rows = "".join(f"chr{1 + i // 3}\t{100 + i}\t{200 + i}\tcell{i % 2}\t9\n" for i in range(6))
    path = write(tmp_path / name, f"# id=10x\n{rows}")
    found = [
        (b.chrom, b.rows.tolist(), b.starts.tolist(), b.barcodes.tolist()) for b in fragments.read(path, True, size=110)
    ]
    assert found == [
        ("chr1", [1, 2, 3], [100, 101, 102], ["cell0", "cell1", "cell0"]),
        ("chr2", [4], [103], ["cell1"]),
        ("chr2", [5, 6], [104, 105], ["cell0", "cell1"]),
    ]
    assert next(fragments.read(path)).barcodes is None


def test_pairs_of_reads_as_fragments(tmp_path: Path):
    """BEDPE of bedtools: a fragment spans both reads; pairs on two chromosomes, or half mapped, are none."""
    rows = [
        "chr1\t100\t150\tchr1\t220\t260\tr1\t60\t+\t-",
        "chr1\t500\t550\tchr2\t10\t60\tr2\t60\t+\t-",
        "chr2\t300\t350\tchr2\t200\t250\tr3\t60\t-\t+",
        ".\t-1\t-1\tchr1\t5\t9\tr4\t0\t.\t+",
    ]
    path = write(tmp_path / "a.bedpe.gz", "\n".join(rows) + "\n")
    found = [(b.chrom, b.starts.tolist(), b.ends.tolist(), b.rows.tolist()) for b in fragments.read(path)]
    assert found == [("chr1", [100], [260], [1]), ("chr2", [200], [350], [3])]
    made = prepare(path, tmp_path / "out", SIZES)
    assert (made.cuts, json.loads(made.summary.read_text())["pairs left out"]) == (4, 2)
    with pytest.raises(InputError, match="Barcodes must be in the fourth column"):
        next(fragments.read(path, barcodes=True))
    unnamed = write(tmp_path / "b.tsv", path_text := "\n".join(rows) + "\n")
    assert [part.starts.tolist() for part in fragments.read(unnamed)] == [[100], [200]], path_text
    odd = write(tmp_path / "c.bedpe", f"{rows[0]}\nchr1\t7\t8\tchr1\t-9\t3\n")
    with pytest.raises(InputError, match=r"row 2 \(chr1 -9 8.*must be 0-based"):
        prepare(odd, tmp_path / "odd", SIZES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one"),
        ("# only a comment\n\n", "at least one"),
        ("chr1\t5\n", "row 1: A row of reads must be chrom, start, end"),
        ("chr1\ta\tb\n", "chrom, start, end"),
        ("chr1\t1\t5\n#\nchr1\t5\t9.0\n", r"row 2: .*chrom, start, end.*9\.0"),
        ("chr1 5 9\n", "with tabs between"),
        ("chr1\t5\t9\nchr1\t9\t9\n", r"row 2 \(chr1 9 9.*0 <= start < end.*rows=2"),
        ("chr1\t-1\t9\n", "0 <= start < end.*negative start"),
        ("chr1\t5\t9\t.\t0\t+\nchr1\t5\t9\t.\t0\t.\n", "row 1: A row of reads must be without a strand"),
        ("chr1\t5\t" + "9" * 5000 + "\n", "chrom, start, end"),
        ("\0\0\0\1" * 99, "no NUL bytes"),
    ],
)
def test_fragments_with_mistakes(tmp_path: Path, text: str, said: str):
    with pytest.raises(InputError, match=said):
        prepare(write(tmp_path / "f.tsv", text), tmp_path / "out", SIZES)
    assert [item.name for item in tmp_path.iterdir()] == ["f.tsv"]


@pytest.mark.parametrize("name", ["f.tsv.gz", "f.tsv.bz2", "f.bedpe.gz"])
def test_fragments_that_were_cut_off(tmp_path: Path, name: str):
    path = write(tmp_path / name, "".join(f"chr1\t{i}\t{i + 50}\n" for i in range(1, 900)))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError, match="cut off"):
        prepare(path, tmp_path / "out", SIZES)
    with pytest.raises(InputError, match="must exist"):
        prepare(tmp_path / "missing.tsv", tmp_path / "out", SIZES)
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_sites_by_hand(tmp_path: Path):
    """Fragments that were shifted begin and end at their sites; others 4 bp behind their start, 5 before their end."""
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\nchr1\t150\t200\nchrM\t1\t9\n")
    block = next(fragments.read(path))
    for number, (shift, expected) in enumerate(
        (((0, -1), {100: 1, 150: 1, 199: 2}), ((4, -5), {104: 1, 154: 1, 195: 2}))
    ):
        sites = CutSites(tmp_path / f"{number}", SIZES)
        sites.add_fragments(block, shift)
        counts = np.concatenate([part for _, part in sites.counts("chr1")])
        assert {int(at): int(counts[at]) for at in np.flatnonzero(counts)} == expected
        assert (sites.kept, sites.elsewhere) == (4, 0)
        assert not any(part.any() for _, part in sites.counts("chr2"))


@pytest.mark.parametrize("block", [1, 7, 100, 4096])
def test_coverage_by_hand(block: int):
    """±20 bp, cut off at the ends; whatever the blocks."""
    counts = np.zeros(1000, np.int64)
    counts[[3, 500, 990]] = 1, 2, 1
    blocks = np.split(counts, range(block, 1000, block))
    found = list(coverage.smoothed("chr1", blocks, 20))
    edges = np.concatenate([[0], *(runs.edges[1:] for runs in found)])
    values = np.concatenate([runs.values for runs in found])
    changes = np.flatnonzero(np.diff(values)) + 1
    assert edges[changes].tolist() == [24, 480, 521, 970]
    assert (edges[-1], values[[0, *changes]].tolist()) == (1000, [1, 0, 2, 0, 1])
    assert all((runs.lengths > 0).all() for runs in found)


@pytest.mark.parametrize("reach", [0, 1, 20, 700])
def test_coverage_is_a_sum_over_neighbors(reach: int):
    counts = np.random.default_rng(0).poisson(0.1, 1000)
    found = list(coverage.smoothed("chr1", np.split(counts, [1, 90, 400]), reach))
    values = np.concatenate([np.repeat(runs.values, runs.lengths) for runs in found])
    wanted = [counts[max(at - reach, 0) : at + reach + 1].sum() for at in range(1000)]
    assert values.tolist() == wanted


def test_sites_beside_a_blacklist_go():
    """Those whose 41 bases would touch it; also if it lies in another block."""
    for touching, left in ((520, False), (521, True), (480, False), (479, True)):
        counts = np.full(100, 2)
        coverage.mask(counts, 450, np.array([[touching, touching + 1]]), 20)
        assert bool(counts[50]) == left
    coverage.mask(counts, 450, np.array([[10, 20]]), 20)
    assert counts[0] == 2


def test_runs_are_cut_at_spans():
    runs = coverage.Runs("chr1", np.array([10, 20, 30]), np.array([5, 7]))
    parts, inside = runs.cut(np.array([[0, 12], [15, 15], [18, 25], [40, 50]]))
    assert parts.edges.tolist() == [10, 12, 15, 18, 20, 25, 30]
    assert parts.values.tolist() == [5, 5, 5, 5, 7, 7]
    assert inside.tolist() == [True, False, False, True, True, False]
    assert coverage.of_bases("chr1", 4, np.array([1, 1, 0, 3])).edges.tolist() == [4, 6, 7, 8]


def test_a_sample_by_hand(tmp_path: Path):
    """Two fragments are four cuts of 20 million; the blacklist takes one, which still counts for the depth."""
    path = write(tmp_path / "f.tsv", "1\t100\t300\n1\t500\t900\n")
    made = prepare(path, tmp_path / "out", SIZES, blacklist=[Interval("chr1", 885, 886)])
    values = Signal(made.coverage, fill=-1).values("chr1", 0, 1000)
    assert values[79] == -1
    assert set(values[[80, 120, 279, 319, 480, 520]]) == {5_000_000}
    assert (values[860:] == -1).all()
    track = Signal(made.signal, fill=-1).values("chr1", 0, 1000)
    assert (track[80], track[79], track[890]) == (1, 0, 0)
    assert Signal(made.signal, fill=-1).values("chr2", 0, 400).max() == 0


def test_a_folder_in_the_place_of_a_file(tmp_path: Path):
    """Nothing is written, the files that could be included."""
    (tmp_path / "out.json").mkdir()
    with pytest.raises(InputError, match=r"must replace no folder.*out.json"):
        prepare(write(tmp_path / "f.tsv", "1\t100\t300\n"), tmp_path / "out", SIZES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.tsv", "out.json"]


def test_fragments_of_another_assembly(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr1\t100\t300\nchr1\t500\t1001\n")
    with pytest.raises(
        GenomeMismatch, match=r"row 2 \(chr1 500 1001; chr1 has 1000 bp\): Reads and genome must be of one assembly"
    ):
        prepare(path, tmp_path / "out", SIZES)
    with pytest.raises(
        InputError,
        match=r"must lie on the chosen chromosomes.*elsewhere'=2|must lie on the chosen chromosomes.*cuts elsewhere=2",
    ):
        prepare(write(tmp_path / "g.tsv", "chr7\t1\t9\n"), tmp_path / "out", SIZES)
    with pytest.raises(InputError, match=r"must call a chromosome by one name.*'chr1', '1'"):
        prepare(write(tmp_path / "h.tsv", "chr1\t1\t9\n1\t1\t9\n"), tmp_path / "out", SIZES)
    assert not list(tmp_path.glob("out*"))


def test_clusters_of_cells_in_one_pass(tmp_path: Path):
    """Each fragment goes to the cluster of its cell; cells without one are left out."""
    cells = ("a", "b", "a", "c", "d")
    path = write(
        tmp_path / "f.tsv.gz", "".join(f"chr1\t{100 * i}\t{100 * i + 50}\t{c}\t1\n" for i, c in enumerate(cells))
    )
    table = write(tmp_path / "cells.tsv", "a\tT\nb\tT\nc\tB\n")
    made = prepare(path, tmp_path / "out", SIZES, cells=table, smoothing=0)
    sites = {
        name: np.flatnonzero(Signal(item.coverage).values("chr1", 0, 1000)).tolist() for name, item in made.items()
    }
    assert sites == {"T": [0, 49, 100, 149, 200, 249], "B": [300, 349]}
    assert made["B"].coverage.name == "out_B_RP20M.bw"
    assert Signal(made["B"].coverage).values("chr1", 300, 301)[0] == 10_000_000
    assert json.loads(made["T"].summary.read_text())["cluster"] == "T"
    only = prepare(path, tmp_path / "only", SIZES, cells=["a", "c"], smoothing=0)
    assert np.flatnonzero(Signal(only.coverage).values("chr1", 0, 1000)).tolist() == [0, 49, 200, 249, 300, 349]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a \n b\n", {"a": "", "b": ""}),
        ('"a"\t"T"\r\n"b"\tT \r\n', {"a": "T", "b": "T"}),
        ("Barcode\na\nb\n", {"a": "", "b": ""}),
        ("\ufeffCELL_BARCODE \na\n", {"a": ""}),
        ('"cell"\na\n', {"a": ""}),
        ("a\ncell\n", {"a": "", "cell": ""}),
        ("cell\tT\na\tT\textra\n", {"cell": "T", "a": "T"}),
        ("a\t\nb\t\n", {"a": "", "b": ""}),
        ('T "x\n"\n', {'T "x': "", '"': ""}),
    ],
)
def test_fields_of_a_list_of_cells(tmp_path: Path, text: str, expected: dict[str, str]):
    assert of_cells(write(tmp_path / "cells.tsv", text)) == expected


def test_listed_barcodes_that_never_occur_are_said(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\ta\nchr1\t300\t400\tb\nchr1\t500\t600\tc\n")
    with pytest.warns(ZooWarning, match=r"2 of the 3 listed barcodes have no read that counts, such as 'x'"):
        made = prepare(path, tmp_path / "one", SIZES, cells=["a", "x", "y"])
    assert made.cuts == 2
    with pytest.warns(ZooWarning, match=r"T: 1 of the 2 listed barcodes have no read that counts, such as 'x'"):
        made = prepare(path, tmp_path / "two", SIZES, cells={"a": "T", "x": "T", "b": "B"})
    assert not any("listed" in said for said in json.loads(made["B"].summary.read_text())["warnings"])
    pair = [(99, 500, 60), (147, 600, 60)]
    reads = bam(tmp_path / "r.bam", pair, barcodes="a")
    with pytest.warns(ZooWarning, match=r"1 of the 2 listed barcodes .*'x'"):
        prepare(reads, tmp_path / "bam", SIZES, cells=["a", "x"])


def test_all_clusters_are_the_bulk(shared: Path, tmp_path: Path):
    """Real single cells, dealt into three clusters: their sites add up to those of the sample."""
    path = shared / "data" / "hg38_chr22_scatac" / "test.fragments.tsv.gz"
    barcodes = sorted({barcode for block in fragments.read(path, True) for barcode in block.barcodes})
    table = {barcode: f"c{number % 3}" for number, barcode in enumerate(barcodes)}
    with pytest.warns(ZooWarning, match=r"c[012]: the sample is thin: (40,916|41,286|32,028) cuts on 50,818,468 bp"):
        made = prepare(path, tmp_path / "out", {"chr22": 50_818_468}, cells=table, read_depth=1)
    assert sum(item.cuts for item in made.values()) == 2 * 57_115
    assert set(made) == {"c0", "c1", "c2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n", r"among those of the reads.*in the list='x', in the file='a'"),
        ("a\tT\nx\tB\n", r"without any=\['B'\]"),
        ("a\na\n", "line 2: A barcode must occur once"),
        ("a\t../T\n", "usable in a file's name"),
        ("a\tT\nb\n", "Either every cell must have a cluster"),
        ("#\n", "must hold at least one"),
    ],
)
def test_lists_of_cells_with_mistakes(tmp_path: Path, text: str, said: str):
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\ta\nchr1\t100\t200\tb\nchr1\t300\t400\ta\n")
    with pytest.raises(InputError, match=said):
        prepare(path, tmp_path / "out", SIZES, cells=write(tmp_path / "cells.tsv", text))
    assert not list(tmp_path.glob("out*"))


def test_a_blacklist_that_takes_everything_leaves_nothing(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr1\t100\t200\n")
    with pytest.raises(InputError, match="must have cuts beside the blacklist"):
        prepare(path, tmp_path / "out", SIZES, blacklist=[Interval("chr1", 0, 1000)])
    assert [item.name for item in tmp_path.iterdir()] == ["f.tsv"]


def bam(path: Path, reads: list[tuple[int, int, int]], barcodes: str = "") -> Path:
    """Reads of 30 bp on chr1: (flag, position, mapping quality); a letter for each pair is its barcode."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": chrom, "LN": size} for chrom, size in SIZES.items()]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for number, (flag, position, quality) in enumerate(reads):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.mapping_quality = f"r{number // 2}", flag, quality
            read.reference_id, read.reference_start, read.cigarstring = 0, position, "30M"
            read.query_sequence, read.query_qualities = "A" * 30, pysam.qualitystring_to_array("I" * 30)
            if flag & 1:
                mate = reads[number ^ 1]
                read.next_reference_id, read.next_reference_start = 0, mate[1]
                read.template_length = mate[1] + 30 - position if mate[1] > position else mate[1] - position - 30
            if barcodes[number // 2 : number // 2 + 1].strip():
                read.set_tag("CB", barcodes[number // 2])
            file.write(read)
    return path


def test_reads_by_hand(tmp_path: Path):
    """In any order, without an index: + strand start + 4, - strand end - 5."""
    path = bam(tmp_path / "r.bam", [(99, 500, 60), (147, 600, 60), (99, 100, 60), (147, 180, 3)])
    made = prepare(path, tmp_path / "all", SIZES, smoothing=0)
    at = np.flatnonzero(Signal(made.coverage).values("chr1", 0, 1000))
    assert at.tolist() == [104, 205, 504, 625]
    made = prepare(path, tmp_path / "good", SIZES, smoothing=0, mapping_quality=10)
    assert np.flatnonzero(Signal(made.coverage).values("chr1", 0, 1000)).tolist() == [104, 504, 625]
    made = prepare(path, tmp_path / "shifted", SIZES, smoothing=0, shift=False)
    assert np.flatnonzero(Signal(made.coverage).values("chr1", 0, 1000)).tolist() == [100, 209, 500, 629]
    assert Signal(made.coverage).values("chr1", 100, 101).tolist() == [5_000_000]


def test_pairs_that_repeat_another_one(tmp_path: Path):
    pairs = [(99, 500, 60), (147, 600, 60)]
    path = bam(tmp_path / "r.bam", pairs * 3)
    assert prepare(path, tmp_path / "once", SIZES).cuts == 2
    assert prepare(path, tmp_path / "all", SIZES, keep_duplicates=True).cuts == 6
    said = json.loads((tmp_path / "once.json").read_text())["filters"]
    assert said == {
        "records": 6,
        "unmapped": 0,
        "secondary": 0,
        "reads": 6,
        "duplicates": 4,
        "supplementary": 0,
        "not_in_a_proper_pair": 0,
        "of_low_quality": 0,
        "of_other_cells": 0,
        "kept": 2,
    }


def test_reads_of_cells(tmp_path: Path):
    """By their tag CB; the same pair in two cells is no duplicate; one without a tag is of no cell."""
    pair = [(99, 500, 60), (147, 600, 60)]
    path = bam(tmp_path / "r.bam", [*pair * 4, (99, 100, 60), (147, 200, 60)], barcodes="aab c")
    made = prepare(path, tmp_path / "out", SIZES, cells={"a": "T", "b": "B"}, smoothing=0)
    assert {name: item.cuts for name, item in made.items()} == {"T": 2, "B": 2}
    assert Signal(made["T"].coverage).values("chr1", 504, 505)[0] == 10_000_000
    filters = json.loads(made["T"].summary.read_text())["filters"]
    assert (filters["duplicates"], filters["of_other_cells"], filters["kept"]) == (2, 4, 4)
    with pytest.raises(InputError, match="of_other_cells=8"):
        prepare(path, tmp_path / "none", SIZES, cells=["z"])


def test_reads_without_a_cigar_have_no_place(tmp_path: Path):
    """Mapped by their flag, but nothing says where they end: they count as unmapped."""
    source = bam(tmp_path / "r.bam", [(99, 500, 60), (147, 600, 60), (99, 100, 60), (147, 180, 60)])
    with (
        pysam.AlignmentFile(str(source)) as file,
        pysam.AlignmentFile(str(tmp_path / "n.bam"), "wb", template=file) as out,
    ):
        for number, read in enumerate(file):
            if number >= 2:
                read.cigarstring = None
            out.write(read)
    for options in ({}, {"keep_duplicates": True}, {"compat": "maxatac"}):
        made = prepare(tmp_path / "n.bam", tmp_path / "out", SIZES, smoothing=0, **options)
        assert np.flatnonzero(Signal(made.coverage).values("chr1", 0, 1000)).tolist() == [504, 625]
        filters = json.loads(made.summary.read_text())["filters"]
        assert (filters["records"], filters["unmapped"], filters["reads"], filters["kept"]) == (4, 2, 2, 2)
        assert (filters["duplicates"], filters["not_in_a_proper_pair"]) == (0, 0)
    assert [int(start[0]) for _, start, _ in pairs(tmp_path / "n.bam")] == [500]


def test_reads_with_mistakes(tmp_path: Path):
    """Single ends; nothing mapped well; a file that was cut off; no BAM at all."""
    single = bam(tmp_path / "single.bam", [(0, 100, 60), (16, 200, 60)])
    with pytest.raises(InputError, match=r"single\.bam: The reads of a BAM file must be paired.*reads=2.*bamtobed"):
        prepare(single, tmp_path / "out", SIZES)
    apart = bam(tmp_path / "apart.bam", [(65, 100, 60), (129, 700, 60)])
    with pytest.raises(InputError, match=r"must have reads in proper pairs.*not_in_a_proper_pair=2"):
        prepare(apart, tmp_path / "out", SIZES)
    with pytest.raises(InputError, match=r"on the chosen chromosomes.*cuts elsewhere=2.*\['chr2'\]"):
        prepare(
            bam(tmp_path / "one.bam", [(99, 500, 60), (147, 600, 60)]), tmp_path / "out", SIZES, chromosomes=["chr2"]
        )
    low = bam(tmp_path / "low.bam", [(99, 500, 1), (147, 600, 1)])
    with pytest.raises(InputError, match="of_low_quality=2"):
        prepare(low, tmp_path / "out", SIZES, mapping_quality=30)
    whole = bam(tmp_path / "whole.bam", [(99, i % 400, 60) for i in range(4000)])
    whole.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(InputError, match="cut off"):
        prepare(whole, tmp_path / "out", SIZES)
    with pytest.raises(InputError, match="must be BAM"):
        prepare(write(tmp_path / "text.bam", "chr1\t1\t2\n"), tmp_path / "out", SIZES)
    assert not list(tmp_path.glob("out*"))


def test_real_reads(shared: Path, tmp_path: Path):
    """A BAM of hg19, fragments of single cells (hg38), unshifted and shifted fragments of yeast and GM12878."""
    data = shared / "data"
    with pytest.warns(ZooWarning, match=r"the sample is thin: 84,466 cuts .*0\.47% of the bases are positive"):
        made = prepare(data / "hg19_chr1_atac_bam" / "GL1.bam", tmp_path / "bam", {"chr1": 249_250_621})
    assert made.quality.saturation[0][1] > 1
    assert made.quality.saturation[-1][1] == 1
    said = json.loads(made.summary.read_text())["filters"]
    assert said["reads"] == 88_714
    assert said["kept"] + said["duplicates"] + said["not_in_a_proper_pair"] + said["supplementary"] == 88_714
    cells = data / "hg38_chr22_scatac" / "test.fragments.tsv.gz"
    assert prepare(cells, tmp_path / "cells", {"chr22": 50_818_468}).cuts == 2 * 57_115
    human = data / "hg19_chr20_gm12878"
    with pytest.warns(ZooWarning, match="a strand, as reads have, but lengths of fragments"):
        made = prepare(
            human / "chr20.50000.bed.bz2",
            tmp_path / "gm",
            {"chr20": 63_025_520},
            blacklist=data / "blacklists" / "hg19-blacklist.v2.bed",
        )
    ready = Signal(human / "gm12878_minmax_p99.bw")
    ours = Signal(made.signal).values("chr20", 0, 11_000_000)
    theirs = ready.values("chr20", 0, 11_000_000)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99  # that one has the ends' sites one base further on


def yeast(data: Path, tmp_path: Path) -> tuple[Path, Genome]:
    """Fragments whose ends are where reads begin."""
    folder = data / "sacCer3_atac_tf"
    return folder / "yeast_500k_SRR1822137.bedpe.gz", Genome(folder / "sacCer3.2bit")


def yeast_cells(data: Path, tmp_path: Path) -> tuple[Path, Genome]:
    """The same run as a fragments file."""
    folder = data / "sacCer3_atac_tf"
    return folder / "yeast_500k_SRR1822137.frag.gz", Genome(folder / "sacCer3.2bit")


def gm12878(data: Path, tmp_path: Path) -> tuple[Path, Genome]:
    """Shifted fragments; the sequence is known at 1.1 Mb of chr20 only."""
    folder = data / "hg19_chr20_gm12878"
    genome = Genome(folder / "hg19_chr20_to_11095000.2bit")
    with bz2.open(folder / "chr20.50000.bed.bz2", "rt") as file:
        rows = [line for line in file if int(line.split("\t")[2]) < 11_000_000]
    return write(tmp_path / "gm.bed", "".join(rows)), genome


def single_cells(data: Path, tmp_path: Path) -> tuple[Path, Genome]:
    """Fragments of 10x, of which 386 lie in a known sequence of 300 kb."""
    folder = data / "hg38_chr22_scatac"
    codes = np.full(50_818_468, 4, np.uint8)
    lines = (folder / "hg38_chr22_32000000_32300000.fa").read_text().splitlines()
    codes[32_000_000:32_300_000] = encode("".join(lines[1:]))
    write_twobit(tmp_path / "chr22.2bit", {"chr22": codes})
    return folder / "test.fragments.tsv.gz", Genome(tmp_path / "chr22.2bit")


def raw_bam(data: Path, tmp_path: Path) -> tuple[Path, Genome]:
    """Reads on hg19; the first megabase of hg38's chr1 is theirs, 64,620 bp further on."""
    with gzip.open(data / "hg38_chr1_1Mb" / "hg38_1m.fa.gz", "rt") as file:
        sequence = encode("".join(line.strip() for line in file if not line.startswith(">")))
    codes = np.full(249_250_621, 4, np.uint8)
    codes[: len(sequence) - 64_620] = sequence[64_620:]
    write_twobit(tmp_path / "chr1.2bit", {"chr1": codes})
    return data / "hg19_chr1_atac_bam" / "GL1.bam", Genome(tmp_path / "chr1.2bit")


@pytest.mark.parametrize(
    ("sample", "expected"),
    [(yeast, True), (yeast_cells, True), (gm12878, False), (single_cells, False), (raw_bam, True)],
    ids=lambda item: getattr(item, "__name__", str(item)),
)
def test_whether_real_samples_were_shifted(shared: Path, tmp_path: Path, sample, expected: bool):
    reads, genome = sample(shared / "data", tmp_path)
    kind = kind_of(reads)
    seen = bias_of(reads, kind, genome)
    assert seen.needs_shift == expected, seen
    assert shift_of(reads, kind, seen, None, None, []) == ((4, -5) if expected else (0, -1))


def test_ctcf_on_the_track_of_real_fragments(shared: Path, tmp_path: Path):
    """At least as good as on the ready-made track, whose AUPR is 0.711 (average precision 0.735)."""
    data = shared / "data"
    path, genome = gm12878(data, tmp_path)
    blacklist = data / "blacklists" / "hg19-blacklist.v2.bed"
    with pytest.warns(ZooWarning, match="lengths of fragments"):
        made = prepare(path, tmp_path / "out", genome, blacklist=blacklist)
    folder = data / "hg19_chr20_gm12878"
    region = bed.read(folder / "region.bed")[0]
    files = zoo.load("maxatac/CTCF").predict(
        genome=genome, signal=made.signal, regions=region, output=tmp_path / "ctcf"
    )
    peaks = folder / "peaks_GM12878" / "wgEncodeAwgTfbsBroadGm12878CtcfUniPk.narrowPeak"
    scores = benchmark(files.bigwig, peaks, region=region).overall
    assert scores.positives == 45
    assert scores.aupr > 0.72
    assert scores.average_precision > 0.745


def test_a_sample_that_does_not_tell_whether_it_was_shifted(tmp_path: Path):
    """Random ends: as most programs write the kind of file, with a warning. The user's word comes first."""
    random = np.random.default_rng(0)
    write_twobit(tmp_path / "g.2bit", {"chr1": random.integers(0, 4, 100_000).astype(np.uint8)})
    starts = np.sort(random.integers(50, 99_000, 3000))
    path = write(tmp_path / "f.tsv", "".join(f"chr1\t{start}\t{start + 200 + start % 9}\n" for start in starts))
    genome = Genome(tmp_path / "g.2bit")
    with pytest.warns(ZooWarning, match=r"3,000 fragments of f.tsv do not tell.*taken as shifted"):
        prepare(path, tmp_path / "out", genome)
    assert json.loads((tmp_path / "out.json").read_text())["parameters"]["shift"] == [0, -1]
    prepare(path, tmp_path / "out", genome, shift=True)
    assert json.loads((tmp_path / "out.json").read_text())["parameters"]["shift"] == [4, -5]


def test_blacklists_by_other_names(tmp_path: Path):
    path = write(tmp_path / "f.tsv", "chr1\t100\t300\n")
    (tmp_path / "b.bed").write_text("1\t295\t296\n")
    made = prepare(path, tmp_path / "out", SIZES, blacklist=tmp_path / "b.bed", smoothing=5)
    assert np.flatnonzero(Signal(made.coverage).values("chr1", 0, 1000)).tolist() == list(range(95, 106))
    assert bed.read(tmp_path / "b.bed")[0].chrom == "1"


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture):
    """From fragments of two replicates to the normalized mean of both."""
    (tmp_path / "sizes").write_text("chr1\t1000\nchr2\t400\n")
    for name, at in (("a", 100), ("b", 300)):
        path = write(tmp_path / f"{name}.tsv", f"chr1\t{at}\t{at + 100}\n")
        made = ["prepare", str(path), "--output", str(tmp_path / name), "--chrom-sizes", str(tmp_path / "sizes")]
        assert main([*made, "--slop", "5", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["parameters"]["smoothing"] == 5
    tracks = [str(tmp_path / f"{name}_RP20M.bw") for name in "ab"]
    assert main(["average", *tracks, "--output", str(tmp_path / "mean.bw")]) == 0
    mean, final = str(tmp_path / "mean.bw"), str(tmp_path / "final.bw")
    assert main(["normalize", mean, "--output", final]) == 0
    assert "positive bases 44: median 5e+06" in capsys.readouterr().out
    values = Signal(final).values("chr1", 0, 1000)
    assert np.flatnonzero(values).tolist() == [*range(95, 106), *range(194, 205), *range(295, 306), *range(394, 405)]
    assert set(values) == {0.0, 1.0}
    (tmp_path / "sizes").write_text("chr1\t1000\nchr2;400\n")
    assert main(made) == 2
    assert (
        "sizes, line 2: A file of chromosome sizes must have a name, which occurs once, and a length per line, "
        "with a tab between. Received: line='chr2;400'"
    ) in capsys.readouterr().err
