"""GTF files: attributes, transcripts of both strands, UTRs of every kind of file, what is malformed."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome import gtf

PLUS = """\
##description: evidence-based annotation of the human genome (GRCh37), version 19 (Ensembl 74)
chr1\tHAVANA\tgene\t101\t900\t.\t+\t.\tgene_id "G1"; gene_type "protein_coding"; gene_name "ABC";
chr1\tHAVANA\ttranscript\t101\t900\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; transcript_type "protein_coding"; gene_name "ABC"; tag "basic"; tag "CCDS";
chr1\tHAVANA\texon\t101\t200\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\texon\t401\t500\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\texon\t801\t900\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\tCDS\t451\t500\t.\t+\t0\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\tCDS\t801\t850\t.\t+\t0\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\tUTR\t101\t200\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\tUTR\t401\t450\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
chr1\tHAVANA\tUTR\t851\t900\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; tag "basic";
"""  # noqa: E501
LINE = 'chr1\tX\texon\t101\t200\t.\t+\t.\tgene_id "G1"; transcript_id "T1";\n'


def written(folder: Path, text: str, name: str = "a.gtf") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def spans(array: np.ndarray) -> list[tuple[int, int]]:
    return [tuple(span) for span in array.tolist()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('gene_id "G1"; transcript_id "T1";', {"gene_id": ("G1",), "transcript_id": ("T1",)}),
        ('note "a; b; gene_id \\"x\\""; gene_id "G1"', {"note": ('a; b; gene_id \\"x\\"',), "gene_id": ("G1",)}),
        ('note "5" end of; it";gene_id "G1"; ', {"note": ('5" end of; it',), "gene_id": ("G1",)}),
        ('tag "basic"; level 2; tag "CCDS";', {"tag": ("basic", "CCDS"), "level": ("2",)}),
        ('gene_id "G1"; transcript_id "";  # a comment', {"gene_id": ("G1",), "transcript_id": ("",)}),
        ('gene_id "G1";; ;', {"gene_id": ("G1",)}),
        ("", {}),
    ],
)
def test_attributes(text: str, found: dict):
    assert gtf.attributes(text) == found


def test_a_transcript_of_the_forward_strand(tmp_path: Path):
    path = tmp_path / "a.gtf.gz"
    path.write_bytes(gzip.compress(PLUS.encode()))
    (one,) = gtf.transcripts(path)
    assert (one.name, one.gene, one.symbol, one.kind, one.chrom) == ("T1", "G1", "ABC", "protein_coding", "chr1")
    assert (one.start, one.end, one.strand, one.tss, one.is_basic) == (100, 900, "+", 100, True)
    assert spans(one.exons) == [(100, 200), (400, 500), (800, 900)]
    assert spans(one.introns) == [(200, 400), (500, 800)]
    assert spans(one.cds) == [(450, 500), (800, 850)]
    assert spans(one.utr5) == [(100, 200), (400, 450)]
    assert spans(one.utr3) == [(850, 900)]
    assert gtf.assemblies(path) == {"hg19"}
    assert one.tags == {"basic", "CCDS"}


def test_of_the_reverse_strand_the_utrs_change_sides(tmp_path: Path):
    (one,) = gtf.transcripts(written(tmp_path, PLUS.replace("\t+\t", "\t-\t")))
    assert (one.tss, spans(one.utr3), spans(one.utr5)) == (899, [(100, 200), (400, 450)], [(850, 900)])
    assert spans(one.introns) == [(200, 400), (500, 800)]


def test_utrs_that_say_what_they_are(tmp_path: Path):
    """Ensembl's; the coding part is not needed."""
    text = PLUS.replace("UTR\t851", "three_prime_utr\t851").replace("UTR\t", "five_prime_utr\t")
    lines = [line for line in text.splitlines(keepends=True) if "\tCDS\t" not in line]
    (one,) = gtf.transcripts(written(tmp_path, "".join(lines).replace("_prime_five_prime_utr", "_prime_utr")))
    assert (spans(one.utr5), spans(one.utr3), len(one.cds)) == ([(100, 200), (400, 450)], [(850, 900)], 0)


@pytest.mark.parametrize(
    ("strand", "stop", "utr5", "utr3"),
    [
        ("+", (851, 853), [(100, 200), (400, 450)], [(853, 900)]),
        ("-", (448, 450), [(850, 900)], [(100, 200), (400, 447)]),
    ],
)
def test_a_file_without_utrs(tmp_path: Path, strand: str, stop: tuple, utr5: list, utr3: list):
    """RefSeq's: what of the exons is neither coding nor stop codon."""
    lines = [line for line in PLUS.splitlines(keepends=True) if "\tUTR\t" not in line and "\ttranscript\t" not in line]
    lines.append(f'chr1\tX\tstop_codon\t{stop[0]}\t{stop[1]}\t.\t+\t0\tgene_id "G1"; transcript_id "T1";\n')
    (one,) = gtf.transcripts(written(tmp_path, "".join(lines).replace("\t+\t", f"\t{strand}\t")))
    assert (spans(one.utr5), spans(one.utr3), one.start, one.end) == (utr5, utr3, 100, 900)


def test_utrs_that_are_nowhere_are_counted(tmp_path: Path):
    """Without a coding part, and within it."""
    (one,) = gtf.transcripts(written(tmp_path, "".join(x for x in PLUS.splitlines(True) if "\tCDS\t" not in x)))
    assert (one.unplaced, len(one.utr5), len(one.utr3)) == (3, 0, 0)
    (one,) = gtf.transcripts(written(tmp_path, PLUS.replace("CDS\t451", "CDS\t401")))
    assert (one.unplaced, spans(one.utr5), spans(one.utr3)) == (1, [(100, 200)], [(850, 900)])


def test_lines_in_any_order_and_copies_on_two_chromosomes(tmp_path: Path):
    """Exons that overlap or touch are one; a name on chrX and chrY, as of PAR genes, is two transcripts."""
    text = "".join(
        f'{chrom}\tX\texon\t{first}\t{last}\t.\t{strand}\t.\tgene_id "G"; transcript_id "{name}";\n'
        for chrom, first, last, strand, name in [
            ("chrX", 301, 400, "+", "A"),
            ("chrY", 11, 20, "+", "A"),
            ("chrX", 51, 60, ".", "B"),
            ("chrX", 101, 200, "+", "A"),
            ("chrX", 201, 210, "+", "A"),
            ("chrX", 1, 100, "+", "C"),
        ]
    )
    found = gtf.transcripts(written(tmp_path, text))
    assert [(item.name, item.chrom, spans(item.exons), spans(item.introns), item.tss) for item in found] == [
        ("A", "chrX", [(100, 210), (300, 400)], [(210, 300)], 100),
        ("A", "chrY", [(10, 20)], [], 10),
        ("B", "chrX", [(50, 60)], [], None),
        ("C", "chrX", [(0, 100)], [], 0),
    ]
    genes = gtf.genes(found)
    assert [(item.chrom, item.strand, item.start, item.end, item.tss) for item in genes] == [
        ("chrX", "+", 0, 400, [0, 100]),
        ("chrY", "+", 10, 20, [10]),
        ("chrX", ".", 50, 60, []),
    ]
    assert [item.name for item in genes[0].transcripts] == ["A", "C"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\tX\texon\t101\t200\n", "must have 9 columns"),
        (LINE.replace("\t101\t", "\t0\t"), "must have 9 columns"),
        (LINE.replace("\t101\t", "\t201\t"), "must have 9 columns"),
        (LINE.replace("\t101\t", "\t1e2\t"), "must have 9 columns"),
        (LINE.replace("\t+\t", "\t*\t"), "must have 9 columns"),
        (LINE.replace("\t", " "), "must have 9 columns"),
        (LINE.replace('"T1"', '"T1'), "must be names and values in quotes"),
        (LINE.replace('gene_id "G1"; transcript_id "T1";', "ID=T1;Parent=G1"), "looks like GFF3"),
        (LINE.replace('transcript_id "T1"', 'transcript_id ""'), "must have a transcript_id"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, message: str):
    with pytest.raises(InputError, match=message) as error:
        gtf.transcripts(written(tmp_path, "#!genome-build GRCh38.p13\n\n" + LINE + line))
    assert "a.gtf, line 4" in str(error.value)


def test_a_file_without_transcripts(tmp_path: Path):
    with pytest.raises(InputError, match="must have transcripts or exons"):
        gtf.transcripts(written(tmp_path, PLUS.splitlines()[1] + "\n"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#!genome-version GRCh38\n", {"hg38"}),
        ("##description: … of the human genome (GRCh38), version 34, mapped to GRCh37 …\n", {"hg38", "hg19"}),
        ("##provider: GENCODE\n", set()),
        ("", set()),
    ],
)
def test_assemblies(tmp_path: Path, line: str, found: set):
    assert gtf.assemblies(written(tmp_path, line + LINE + "# GRCm39\n")) == found
