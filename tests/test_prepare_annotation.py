"""Flags per bin made from a GTF file and CpG islands: which bases are in which file."""

import gzip
import json
from pathlib import Path

import pytest

from zoo import cli
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome.sequence import Genome
from zoo.porting.bins_of_200 import FLAGS
from zoo.prepare.annotation import CPG, PARTS, prepare_annotation

SIZES = {"chr1": 10_000, "chr2": 5_000}
# Kind, first and last base, strand and transcript. T1 and T2 overlap, one on either strand; T3 has no coding sequence;
# T4 begins near the chromosome's beginning; T5 is not basic.
LINES = [
    ("exon", 1001, 1200, "+", "T1"), ("exon", 1501, 1800, "+", "T1"), ("exon", 2501, 2600, "+", "T1"),
    ("UTR", 1001, 1100, "+", "T1"), ("CDS", 1101, 1200, "+", "T1"), ("CDS", 1501, 1797, "+", "T1"),
    ("stop_codon", 1798, 1800, "+", "T1"), ("UTR", 1798, 1800, "+", "T1"), ("UTR", 2501, 2600, "+", "T1"),
    ("exon", 1601, 1700, "-", "T2"), ("exon", 2001, 2100, "-", "T2"), ("CDS", 1651, 1700, "-", "T2"),
    ("CDS", 2001, 2050, "-", "T2"), ("UTR", 1601, 1650, "-", "T2"), ("UTR", 2051, 2100, "-", "T2"),
    ("exon", 9001, 9100, "-", "T3"), ("exon", 9801, 9900, "-", "T3"),
    ("exon", 101, 200, "+", "T4"),
    ("exon", 4001, 4100, "+", "T5"), ("exon", 4301, 4400, "+", "T5"),
]  # fmt: skip
BEDS = {
    "cds": [(1100, 1200), (1500, 1797), (2000, 2050)],
    "intron": [(1200, 1500), (1700, 2500), (9100, 9800)],
    "promoter": [(0, 200), (700, 1100), (2000, 2400), (9800, 10_000)],
    "utr5": [(1000, 1100), (2050, 2100)],
    "utr3": [(1600, 1650), (1797, 1800), (2500, 2600)],
}


def line(kind: str, first: int, last: int, strand: str, name: str, chrom: str = "chr1", tag: str = "basic") -> str:
    tags = "" if name == "T5" else f' tag "{tag}";'
    return (
        f"{chrom}\tHAVANA\t{kind}\t{first}\t{last}\t.\t{strand}\t.\t"
        f'gene_id "G{name[1:]}"; transcript_id "{name}"; note "a; b";{tags}\n'
    )


TEXT = "##description: of the human genome (GRCh37), version 19\n" + "".join(line(*row) for row in LINES)


@pytest.fixture
def annotation(tmp_path: Path) -> Path:
    path = tmp_path / "a.gtf"
    path.write_text(TEXT)
    return path


def read(path: Path) -> list[tuple[str, int, int]]:
    rows = (row.split("\t") for row in path.read_text().splitlines())
    return [(chrom, int(start), int(end)) for chrom, start, end in rows]


def test_names_are_those_of_the_models():
    assert set(FLAGS) == {*PARTS, CPG}


def test_every_part(annotation: Path, tmp_path: Path):
    made = prepare_annotation(annotation, tmp_path / "flags", SIZES)
    assert {name: [span[1:] for span in read(path)] for name, path in made.beds.items()} == BEDS
    assert {path.name for path in made.beds.values()} == {f"flags.{name}.bed" for name in PARTS}
    assert made.counts == {
        "transcripts": 4, "transcripts elsewhere": 0, "cds": 3, "intron": 3, "promoter": 4, "utr5": 2, "utr3": 3
    }  # fmt: skip
    record = json.loads(made.summary.read_text())
    assert (record["recipe"], record["parameters"]["transcripts"]) == ("annotation", "basic")
    assert record["annotation"] == str(annotation)
    assert not (tmp_path / "flags.partial").exists()


def test_all_transcripts(annotation: Path, tmp_path: Path):
    made = prepare_annotation(annotation, tmp_path / "flags", SIZES, transcripts="all")
    assert [span[1:] for span in read(made.beds["intron"])] == [*BEDS["intron"][:2], (4100, 4300), *BEDS["intron"][2:]]
    assert (made.counts["transcripts"], made.counts["promoter"]) == (5, 5)


@pytest.mark.parametrize(
    "text",
    [
        "#bin\tchrom\tchromStart\tchromEnd\n585\tchr1\t100\t300\tCpG: 9\n9\tchr2\t0\t50\n585\tchr1\t250\t400\tx\n",
        "chr1\t100\t300\nchr2\t0\t50\nchr1\t250\t400\n",
        "chr1 100 300 CpG: 9\nchr2 0 50\n1 250 400 name 3\n",
    ],
)
def test_islands_of_ucsc_and_bed(annotation: Path, tmp_path: Path, text: str):
    """Overlapping ones are one; those of chromosomes that the genome lacks do not matter."""
    islands = tmp_path / "cpgIslandExt.txt.gz"
    islands.write_bytes(gzip.compress((text + "chrUn\t5\t9\n").encode()))
    made = prepare_annotation(annotation, tmp_path / "flags", SIZES, cpg_islands=islands)
    assert read(made.beds["cpg_island"]) == [("chr1", 100, 400), ("chr2", 0, 50)]
    assert made.counts["cpg_island"] == 2


def test_names_of_chromosomes_are_those_of_the_genome(annotation: Path, tmp_path: Path):
    annotation.write_text(TEXT.replace("chr1\t", "1\t") + line("exon", 1, 9, "+", "T6", chrom="MT"))
    made = prepare_annotation(annotation, tmp_path / "flags", SIZES)
    assert {chrom for chrom, _, _ in read(made.beds["cds"])} == {"chr1"}
    assert (made.counts["transcripts"], made.counts["transcripts elsewhere"]) == (4, 1)


def test_the_same_call_does_nothing_and_another_replaces(annotation: Path, tmp_path: Path):
    islands = tmp_path / "cpg.bed"
    islands.write_text("chr1\t100\t300\n")
    made = prepare_annotation(annotation, tmp_path / "flags", SIZES, cpg_islands=islands)
    before = made.summary.stat().st_mtime_ns
    assert prepare_annotation(annotation, tmp_path / "flags", SIZES, cpg_islands=islands) == made
    assert made.summary.stat().st_mtime_ns == before
    prepare_annotation(annotation, tmp_path / "flags", SIZES, transcripts="all")
    assert made.beds["cds"].is_file()
    assert not made.beds["cpg_island"].exists()


def test_an_interruption_leaves_nothing(annotation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("zoo.prepare.annotation._write", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare_annotation(annotation, tmp_path / "flags", SIZES)
    assert {path.name for path in tmp_path.iterdir()} == {"a.gtf"}
    monkeypatch.undo()
    assert prepare_annotation(annotation, tmp_path / "flags", SIZES).counts["cds"] == 3


def test_what_is_left_out_is_said(annotation: Path, tmp_path: Path):
    """Of a transcript without a strand there is no promoter, and a UTR without coding sequence has no side."""
    annotation.write_text(line("exon", 1001, 1200, ".", "T1") + line("exon", 1301, 1400, ".", "T1")
                          + line("exon", 1001, 1200, "+", "T2") + line("UTR", 1001, 1200, "+", "T2"))  # fmt: skip
    with pytest.warns(ZooWarning) as caught:
        made = prepare_annotation(annotation, tmp_path / "flags", SIZES)
    said = " ".join(str(item.message) for item in caught)
    assert "1 UTR features are left out" in said
    assert "1 transcripts without a strand have no promoter" in said
    assert "cds is 0 everywhere" in said
    assert (read(made.beds["promoter"]), read(made.beds["intron"])) == ([("chr1", 700, 1100)], [("chr1", 1200, 1300)])
    assert made.beds["cds"].read_text() == ""


@pytest.mark.parametrize(
    ("changed", "sizes", "kind", "message"),
    [
        (TEXT.replace(' tag "basic"', ""), SIZES, InputError, "must have transcripts of GENCODE's basic set.*--tran"),
        (TEXT, {"chr1": 9899}, GenomeMismatch, r"feature must lie within its chromosome.*T3 chr1:9001-9900"),
        (TEXT, {"chrA": 10_000}, GenomeMismatch, "must have chromosomes in common"),
        (TEXT, {"chr1": 248_956_422}, GenomeMismatch, "must be of one assembly.*annotation='hg19', genome='hg38'"),
        (TEXT + "chr1\tx\texon\t5\n", SIZES, InputError, r"a\.gtf, line 22: .*9 columns"),
        (TEXT.replace("transcript_id", "transcript-id"), SIZES, InputError, "line 2: .*must have a transcript_id"),
        ("chr1\t100\t200\n", SIZES, InputError, "9 columns"),
        ("", SIZES, InputError, "must have transcripts or exons"),
    ],
)
def test_what_is_refused(annotation: Path, tmp_path: Path, changed: str, sizes: dict, kind: type, message: str):
    annotation.write_text(changed)
    with pytest.raises(kind, match=f"(?s){message}"):
        prepare_annotation(annotation, tmp_path / "flags", sizes)
    assert not list(tmp_path.glob("flags*"))


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("chr1\t100\n", InputError, "line 1: .*must be one of UCSC's table"),
        ("chr1\t300\t200\n", InputError, "must be one of UCSC's table"),
        ("", InputError, "must have at least one"),
        ("chr1\t100\t10001\n", GenomeMismatch, "must lie within its chromosome"),
        ("chrZ\t100\t200\n", GenomeMismatch, "islands and genome must have chromosomes in common"),
    ],
)
def test_islands_that_are_refused(annotation: Path, tmp_path: Path, text: str, kind: type, message: str):
    (tmp_path / "cpg.txt").write_text(text)
    with pytest.raises(kind, match=f"(?s){message}"):
        prepare_annotation(annotation, tmp_path / "flags", SIZES, cpg_islands=tmp_path / "cpg.txt")


@pytest.mark.parametrize(
    ("given", "message"),
    [({"transcripts": "some"}, "transcripts must be one of basic, all"), ({"genome": "hg19"}, "must be a Genome")],
)
def test_arguments(annotation: Path, tmp_path: Path, given: dict, message: str):
    with pytest.raises(InputError, match=message):
        prepare_annotation(annotation, tmp_path / "flags", **{"genome": SIZES} | given)


def test_the_command(annotation: Path, tmp_path: Path, capsys: pytest.CaptureFixture, genome_files):
    """With an assembly, too; the BED files are what `--covariate` takes."""
    genome = Genome(genome_files.genome)
    assert genome.sizes["chr1"] > 10_000
    call = ["prepare", str(annotation), "--recipe", "annotation", "--genome", str(genome.path)]
    call += ["--output", str(tmp_path / "flags")]
    assert cli.main([*call, "--transcripts", "all"]) == 0
    out = capsys.readouterr().out
    assert "5 transcripts" in out
    assert str(tmp_path / "flags.cds.bed") in out
    assert cli.main([*call, "--json", "--force"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["counts"]["transcripts"] == 4
    for option, value in (("--slop", "5"), ("--shift", "yes"), ("--effective-size", "9")):
        assert cli.main([*call, option, value]) == 2
        assert f"recipe annotation must be given without {option}" in capsys.readouterr().err
    assert cli.main([*(item for item in call if item not in ("--recipe", "annotation")), "--transcripts", "all"]) == 2
    assert "must be given without --transcripts" in capsys.readouterr().err
    annotation.write_text("chr1\n")
    assert cli.main([*call, "--force"]) == 2
    assert "a.gtf, line 1" in capsys.readouterr().err
