"""Records of VCF files: what can be scored, what cannot and why, genotypes and phase sets."""

import gzip
from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.genome import doctor
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant, Vcf, read_intervals

HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n"
NONE, NO_REF = "no alternative allele", "no reference allele"
LETTERS = "an allele has other letters than A, C, G and T"
PLACE = "its position is 0 or no whole number"


@pytest.mark.parametrize("missing", ["NA", "N/A", "na", "nan", "NaN", "None", "NULL", "<NA>", "", ".", "-", " "])
def test_missing_alleles_are_no_alleles(missing: str):
    assert Variant("chr1", 5, "A", missing).problem == NONE
    assert Variant("chr1", 5, missing.upper(), "A").problem == NO_REF


@pytest.mark.parametrize(
    ("start", "ref", "alt", "problem"),
    [
        (5, "A", "C", None),
        (5, "AC", "A", None),
        (0, "A", "AGGG", None),
        (5, "A", "N", "an allele has N"),
        (5, "N", "A", "an allele has N"),
        (5, "A", "ANA", "an allele has N"),
        (5, "A", "R", LETTERS),
        (5, "A", "A", "both alleles are the same"),
        (5, "A", "<DEL>", "symbolic allele"),
        (5, "A", "*", "spanning deletion (*)"),
        (5, "A", "]13:123456]T", "breakend"),
        (5, "A", "A C", LETTERS),
        (5, "A", "É", LETTERS),
        (-1, "A", "C", PLACE),
        (-1, "N", "]13:123456]T", PLACE),
    ],
)
def test_what_cannot_be_scored_says_why(start: int, ref: str, alt: str, problem: str | None):
    variant = Variant("chr1", start, ref, alt)
    assert variant.problem == problem
    assert variant.literal == (problem is None)


def test_case_08_one_record_refuses_the_vcf(shared: Path):
    """The telomere has a reason, the substitution behind it none; doctor counts both."""
    folder = shared / "cases" / "08-one-record-refuses-the-vcf"
    found = list(Vcf(folder / "telomere.vcf").variants())
    assert [item.problem is None for item in found] == [False, True]
    assert found[0].start == -1
    assert read_intervals(folder / "telomere.vcf") == [Interval("chr1", found[1].start, found[1].end, found[1].name)]
    said = [
        (item.status, item.message)
        for item in doctor.of_variants(folder / "telomere.vcf", Genome(folder / "genome.2bit"))
    ]
    assert said == [
        ("ok", "2 records looked at"),
        ("ok", "1 cannot be scored and will be skipped: 1 beyond the chromosome's ends"),
    ]


def test_records_of_the_conformance_files(tmp_path: Path):
    """POS 0, odd names of chromosomes and records, missing fields, as files that every reader has to accept."""
    rows = [
        "1\t0\trs1\tC\tT\t100\tPASS\tAN=2\tGT:DS\t0|0:0.05\t0|1:1",
        "<1>\t123456\tabc123.id,456-789\tC\tT\t100\tPASS\t.\tGT\t0|0\t0|1",
        "1ABC\t1\trs1;rs2\tc\tt,<DEL>,*\t.\tq10;s50\t.\tGT\t./.\t.",
        "1\t9\t.\t.\t.\t.\t.\t.",
        "1\t10\t.\tA\tC",
    ]
    for pack in (bytes, gzip.compress):
        (tmp_path / "v").write_bytes(pack((HEAD + "\n".join(rows)).encode()))
        vcf = Vcf(tmp_path / "v")
        assert [columns for columns, _ in vcf.rows()] == [row.split("\t") for row in rows]
        assert [item.problem for item in vcf.variants()] == [
            PLACE,
            None,
            None,
            "symbolic allele",
            "spanning deletion (*)",
            NONE,
            None,
        ]
        assert [item.start for item in read_intervals(vcf.path)] == [123_455, 0, 8, 9]


@pytest.mark.parametrize(
    "row",
    [
        "1\t5\t.\tA",
        "1 5 . A C",
        "1\tx\t.\tA\tC",
        "1\t-1\t.\tA\tC",
        "1\t1e3\t.\tA\tC",
        "\t5\t.\tA\tC",
        "1\t5_0\t.\tA\tC",
    ],
)
def test_lines_that_are_no_records(tmp_path: Path, row: str):
    (tmp_path / "v.vcf").write_text(f"{HEAD}1\t5\t.\tA\tC\n{row}\n1\t5\t.\tA\t{'9' * 5000}\n")
    with pytest.raises(InputError, match=r"v.vcf, line 4: A record of a VCF file must be CHROM, POS"):
        list(Vcf(tmp_path / "v.vcf").variants())
    (tmp_path / "v.vcf").write_text(f"{HEAD}1\t{'9' * 5000}\t.\tA\tC\n")
    with pytest.raises(InputError, match=r"v.vcf, line 3: A record of a VCF file must be CHROM, POS"):
        list(Vcf(tmp_path / "v.vcf").variants())


def test_a_vcf_that_is_a_pipe_or_has_no_header(tmp_path: Path):
    (tmp_path / "v.vcf").write_text("1\t5\t.\tA\tC\n")
    with pytest.raises(InputError, match="must have a line #CHROM"):
        Vcf(tmp_path / "v.vcf")
    with pytest.raises(InputError, match=r"must be an ordinary file, not a pipe.*Write it to a file first"):
        Vcf("/dev/zero")
    (tmp_path / "v.bcf").write_bytes(gzip.compress(b"BCF\x02\x02" + bytes(99)))
    with pytest.raises(InputError, match=r"The VCF file must be (complete|intact)"):
        Vcf(tmp_path / "v.bcf")


@pytest.mark.parametrize(
    ("form", "text", "alleles", "phased", "phase_set"),
    [
        ("GT", "0|1", (0, 1), True, None),
        ("GT", "0/1", (0, 1), False, None),
        ("GT", "|0|1", (0, 1), True, None),
        ("GT", "/0/1", (0, 1), False, None),
        ("GT", "|0/1", (0, 1), False, None),
        ("GT", "0/1|1", (0, 1, 1), False, None),
        ("GT", "1", (1,), True, None),
        ("GT", ".", (None,), True, None),
        ("GT", ".|1", (None, 1), True, None),
        ("DP:GT:PS", "3:1|0:10523", (1, 0), True, "10523"),
        ("GT:PS", "1|0:.", (1, 0), True, None),
        ("GT:PS:DP", "1|0", (1, 0), True, None),
        ("GT:PSL:PSO", "1|0:x:1", (1, 0), True, None),
        ("GT", "0|1 ", (0, 1), True, None),
        ("GT:PS ", "0|1 :7 ", (0, 1), True, "7"),
    ],
)
def test_genotypes(tmp_path: Path, form: str, text: str, alleles: tuple, phased: bool, phase_set: str | None):
    (tmp_path / "v.vcf").write_text(f"{HEAD}1\t5\t.\tA\tC\t.\t.\t.\t{form}\t0|0\t{text}\n")
    (found,) = Vcf(tmp_path / "v.vcf").genotypes("b")
    assert (found.alleles, found.phased, found.phase_set, found.problem) == (alleles, phased, phase_set, None)
    assert [str(item) for item in found.variants] == ["1:5 A>C"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0|2", "genotype with an allele that its record does not list"),
        ("3", "genotype with an allele that its record does not list"),
        *((text, "genotype that is none") for text in ("|", "0|", "0||1", "x", "-1|0", "0|1_0", "0|" + "9" * 5000)),
    ],
)
def test_genotypes_that_are_none(tmp_path: Path, text: str, problem: str):
    """The record has its problem, the one behind it none."""
    rows = "".join(f"1\t5\t.\tA\tC\t.\t.\t.\tGT\t0|0\t{genotype}\n" for genotype in (text, "0|1"))
    (tmp_path / "v.vcf").write_text(HEAD + rows)
    found = [(item.alleles, item.problem) for item in Vcf(tmp_path / "v.vcf").genotypes("b")]
    assert found == [((None,), problem), ((0, 1), None)]
    with pytest.raises(InputError, match="must be the name of one column"):
        list(Vcf(tmp_path / "v.vcf").genotypes("c"))


def test_names_in_alleles_stay_as_they_are(tmp_path: Path):
    (tmp_path / "v.vcf").write_text(f"{HEAD}1\t5\t.\tac\tg,G]chr2:5],<INS:me:alu>,.\n")
    found = [(item.ref, item.alt, item.problem) for item in Vcf(tmp_path / "v.vcf").variants()]
    assert found == [
        ("AC", "G", None),
        ("AC", "G]chr2:5]", "breakend"),
        ("AC", "<INS:me:alu>", "symbolic allele"),
        ("AC", ".", NONE),
    ]
