"""Regions by the names of genes: where these lie, several of one name, what is not in the annotation."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.evaluate.binding import benchmark, quantitative
from zoo.evaluate.calibration import calibrate
from zoo.formats import bigwig
from zoo.genome import genes
from zoo.genome.gtf import Gene
from zoo.genome.interval import Interval

SIZES = {"chr1": 100_003, "chr2": 60_001, "chrX": 5000, "chrY": 4000}
ROWS = (
    ("1", "gene", 50_001, 50_300, "-", "ENSG01.3", "GATA1"),
    ("1", "transcript", 50_001, 50_300, "-", "ENSG01.3", "GATA1"),
    ("2", "gene", 101, 900, "+", "ENSG02.1", "TAL1"),
    ("X", "gene", 11, 20, "+", "ENSG03.1", "CRLF2"),
    ("Y", "gene", 31, 40, "+", "ENSG03.1_PAR_Y", "CRLF2"),
    ("GL000192.1", "gene", 1, 9, "+", "ENSG04.1", "TAL1"),
    ("GL000192.1", "gene", 11, 19, "+", "ENSG05.1", "LOST"),
    ("2", "gene", 60_001, 60_002, "+", "ENSG06.1", "FAR"),
)


@pytest.fixture
def gtf(tmp_path: Path) -> Path:
    path = tmp_path / "a.gtf"
    path.write_text(
        "".join(
            f'{chrom}\tX\t{kind}\t{first}\t{last}\t.\t{strand}\t.\tgene_id "{gene}"; gene_name "{symbol}"; '
            f'transcript_id "T{gene}";\n'
            for chrom, kind, first, last, strand, gene, symbol in ROWS
        )
    )
    return path


GATA1, TAL1 = Interval("chr1", 50_000, 50_300, "GATA1"), Interval("chr2", 100, 900, "TAL1")


@pytest.mark.parametrize(
    ("regions", "flank", "found"),
    [
        ("GATA1", None, [GATA1]),
        ("GATA1,TAL1", None, [GATA1, TAL1]),  # that on a sequence which the genome lacks does not count
        (["ENSG02", "chr1:1-10"], 0, [TAL1, "chr1:1-10"]),
        (["TAL1,GATA1", "chr1:1,001-2,000"], None, [TAL1, GATA1, "chr1:1,001-2,000"]),
        (("ENSG01.3", Interval("chrX", 1, 2)), 50, [Interval("chr1", 49_950, 50_350, "GATA1"), Interval("chrX", 1, 2)]),
        ("TAL1", 1000, [Interval("chr2", 0, 1900, "TAL1")]),
        ("GATA1", 60_000, [Interval("chr1", 0, 100_003, "GATA1")]),
    ],
)
def test_where_they_lie(gtf: Path, regions: object, flank: int | None, found: list):
    assert genes.of_names(regions, gtf, flank, SIZES) == found


def test_two_genes_of_one_name_are_both_taken(gtf: Path):
    with pytest.warns(ZooWarning, match="2 genes are called CRLF2, all of which are taken: chrX:11-20, chrY:31-40"):
        found = genes.of_names("CRLF2", gtf, None, SIZES)
    assert found == [Interval("chrX", 10, 20, "CRLF2"), Interval("chrY", 30, 40, "CRLF2")]
    assert genes.of_names("ENSG03.1_PAR_Y", gtf, None, SIZES) == found[1:]


@pytest.mark.parametrize(
    ("regions", "flank", "message"),
    [
        ("gata1", None, "must be in the annotation.*gene='gata1'.*The closest is GATA1"),
        ("GATA1,nothing-like-it", None, "Names are those of the file's gene_name or gene_id"),
        ("chr1", None, "must be given with regions that name a gene.*Leave out genes"),
        ("chr1:1-10", None, "must be given with regions that name a gene"),
        ("auto", None, "must be given with regions that name a gene"),
        (None, None, "must be given with regions that name a gene"),
        (Interval("chr1", 1, 2), None, "must be given with regions that name a gene"),
        (("chr1", 1, 2), None, "must be given with regions that name a gene"),
        ("peaks.bed", None, "must be given with regions that name a gene"),
        ("GATA1", -1, "flank must be a whole number"),
        ("LOST", None, "must lie on a chromosome of the genome"),
        ("FAR", None, "must lie within its chromosome"),
    ],
)
def test_what_is_refused(gtf: Path, regions: object, flank: int | None, message: str):
    with pytest.raises(InputError, match=message) as error:
        genes.of_names(regions, gtf, flank, SIZES)
    assert isinstance(error.value, GenomeMismatch) == (regions in ("LOST", "FAR"))


def test_a_flank_without_annotation(gtf: Path):
    with pytest.raises(InputError, match="flank"):
        genes.of_names("chr1", None, 10, SIZES)
    assert genes.of_names("GATA1", None, None, SIZES) == "GATA1"


def test_an_annotation_without_lines_of_genes(tmp_path: Path):
    """UCSC's."""
    path = tmp_path / "b.gtf"
    line = 'chr1\tX\texon\t{}\t{}\t.\t+\t.\tgene_id "{}"; transcript_id "T1"; gene_name "ABC";\n'
    path.write_text(line.format(11, 20, "G1") + line.format(31, 40, "G1"))
    assert genes.find("ABC", path, None) == [Interval("chr1", 10, 40, "ABC")]
    assert genes.find("G1", path, SIZES) == [Interval("chr1", 10, 40, "ABC")]


def test_a_file_that_changed_is_read_again(gtf: Path):
    assert genes.find("GATA1", gtf, SIZES) == [GATA1]
    gtf.write_text(gtf.read_text().replace("50001\t50300", "50001\t50301"))
    gtf.write_text(gtf.read_text() + "\n")
    assert genes.find("GATA1", gtf, SIZES) == [Interval("chr1", 50_000, 50_301, "GATA1")]


def test_genes_near_a_region(tmp_path: Path):
    path = tmp_path / "c.gtf"
    path.write_text(
        "".join(
            f'1\tX\texon\t{first}\t{last}\t.\t+\t.\tgene_id "{gene}"; transcript_id "T{gene}"; gene_name "{gene}";\n'
            for gene, first, last in (("C", 501, 600), ("A", 1, 100), ("A", 901, 1000), ("B", 1, 450), ("D", 601, 700))
        )
    )
    found = genes.near(path, Interval("chr1", 450, 600))
    assert [gene.symbol for gene in found] == ["A", "C"]  # of A only the intron
    with pytest.warns(ZooWarning, match="no gene of this annotation lies on chr2"):
        assert genes.near(path, Interval("chr2", 450, 600)) == []


def test_genes_without_transcripts(tmp_path: Path):
    """Of GTF by their lines alone, beside one that has a transcript, too."""
    path, line = tmp_path / "d.gtf", '1\tX\t{}\t{}\t{}\t.\t{}\t.\tgene_id "{}"; gene_name "{}";{}\n'
    path.write_text(
        line.format("gene", 101, 200, "-", "G1", "tRNA1", ' gene_biotype "tRNA";')
        + line.format("gene", 151, 300, "+", "G2", "ABC", "")
        + line.format("exon", 151, 300, "+", "G2", "ABC", ' transcript_id "T1";')
        + line.format("gene", 901, 950, "+", "G3", "FAR", "")
    )
    first, second = genes.near(path, Interval("chr1", 0, 900))
    assert first == Gene("G1", "tRNA1", "1", 100, 200, "-", (), "tRNA")
    assert (second.symbol, len(second.transcripts)) == ("ABC", 1)
    assert first.tss == []


BACTERIA = (  # feature, first and last base, strand, attributes
    ("gene", 11, 20, "+", "ID=gene-b0001;Name=thrL;gene=thrL;locus_tag=b0001"),
    ("CDS", 11, 20, "+", "ID=cds-1;Parent=gene-b0001;gene=thrL"),  # NCBI: no transcript between
    ("CDS", 31, 60, "-", "ID=ECO_2;gene=thrA;locus_tag=ECO_2"),  # Prokka: no gene at all
    ("tRNA", 71, 80, "+", "ID=ECO_3;Name=tRNA-Thr"),
    ("pseudogene", 81, 90, ".", "ID=gene-b0004"),
)


def test_genes_of_bacteria(tmp_path: Path):
    path = tmp_path / "e.gff3"
    rows = (
        f"NC_1\tX\t{kind}\t{first}\t{last}\t.\t{strand}\t0\t{text}\n" for kind, first, last, strand, text in BACTERIA
    )
    path.write_text("##gff-version 3\n" + "".join(rows))
    found = genes.near(path, Interval("NC_1", 0, 100))
    assert [(gene.symbol, gene.start, gene.end, gene.strand, len(gene.transcripts)) for gene in found] == [
        ("thrL", 10, 20, "+", 1),
        ("thrA", 30, 60, "-", 0),
        ("tRNA-Thr", 70, 80, "+", 0),
        ("b0004", 80, 90, ".", 0),
    ]
    for name in ("thrA", "ECO_2"):
        assert genes.find(name, path, {"NC_1": 100}) == [Interval("NC_1", 30, 60, "thrA")]


def test_every_verb_takes_them(small: zoo.Model, genome_files: Synthetic, gtf: Path, tmp_path: Path):
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "GATA1", "genes": gtf}
    table = small.predict(**files, flank=20)
    assert table.intervals == [Interval("chr1", 49_980, 50_320, "GATA1")]
    assert small.attribute(**files, count=1).intervals == [Interval("chr1", 50_022, 50_278, "GATA1")]
    many = {"genome": files["genome"], "samples": [files["signal"]], "regions": "TAL1,GATA1", "genes": gtf}
    assert list(zoo.predict_many([small], **many).regions) == [TAL1, GATA1]
    report = zoo.doctor(files["genome"], regions="GATA2", genes=gtf)
    assert "The closest is GATA1" in report.findings[-1].message
    with pytest.raises(InputError, match="the name of a gene with an annotation"):
        small.predict(**{**files, "genes": None})


def test_transcripts_without_genes_beside_genes(tmp_path: Path):
    """mRNA and tRNA, none of which has a parent: both are found by their names, and drawn."""
    path = tmp_path / "f.gff3"
    rows = (
        ("mRNA", 11, 60, "ID=m1;Name=ABC"),
        ("exon", 11, 20, "ID=e1;Parent=m1"),
        ("exon", 41, 60, "ID=e2;Parent=m1"),
        ("tRNA", 71, 80, "ID=t1;Name=tRNA-Thr"),
    )
    lines = (f"chr1\tX\t{kind}\t{first}\t{last}\t.\t+\t.\t{text}\n" for kind, first, last, text in rows)
    path.write_text("##gff-version 3\n" + "".join(lines))
    assert genes.find("m1", path, SIZES) == [Interval("chr1", 10, 60, "m1")] == genes.find("ABC", path, SIZES)
    assert genes.find("tRNA-Thr", path, SIZES) == [Interval("chr1", 70, 80, "tRNA-Thr")]
    assert [(gene.symbol, len(gene.transcripts)) for gene in genes.near(path, Interval("chr1", 0, 100))] == [
        ("m1", 1),
        ("tRNA-Thr", 0),
    ]


def test_centers_and_variants_take_them(small: zoo.Model, genome_files: Synthetic, gtf: Path):
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    found = small.predict(**files, centers=["TAL1", "chr1:50,001-50,300"], genes=gtf)
    asked = small.predict(**files, centers=[TAL1, "chr1:50,001-50,300"])
    assert found.intervals == asked.intervals
    assert all(np.array_equal(one.scores, other.scores) for one, other in zip(found, asked, strict=True))
    with pytest.raises(InputError, match=r"Windows around centers.*flank"):
        small.predict(**files, centers="TAL1", genes=gtf, flank=10)
    genome = zoo.Genome(genome_files.genome)
    bases = {at: genome.sequence("chr1", at - 1, at) for at in (50_000, 50_001, 50_300, 50_301)}
    variants = [("chr1", at, base, "C" if base == "A" else "A") for at, base in bases.items()]
    scores = small.score_variants(variants, **files, regions=["GATA1"], genes=gtf)
    assert [variant.start + 1 for variant in scores.variants] == [50_001, 50_300]
    with pytest.raises(InputError, match="must be given with regions that name a gene"):
        small.score_variants(variants, **files, genes=gtf)


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Scores of chr1 and chr2 that rise by 1/100 in bins of 100 bp, again and again."""
    values = {chrom: np.arange(SIZES[chrom] // 100) % 100 / np.float32(100) for chrom in ("chr1", "chr2")}
    bigwig.write_track(
        tmp_path / "p.bw", {chrom: 100 * len(each) for chrom, each in values.items()}, values.items(), 100
    )
    return tmp_path / "p.bw"


def test_evaluations_take_them(track: Path, gtf: Path):
    peaks = [Interval("chr1", 50_010, 50_090), Interval("chr2", 500, 600)]
    by_names = {"regions": ["GATA1", "chr2:101-900"], "genes": gtf, "bin_size": 100}
    places = {"regions": [GATA1, TAL1], "bin_size": 100}
    one, other = benchmark(track, peaks, **by_names), benchmark(track, peaks, **places)
    assert one.to_json() == other.to_json()
    assert (one.overall.bins, one.overall.positives) == (11, 2)
    assert benchmark(track, peaks, flank=100, **by_names).overall.bins == 13
    assert quantitative(track, track, **by_names) == quantitative(track, track, **places)
    samples = [(track, peaks)]
    assert calibrate(samples, **by_names).to_tsv() == calibrate(samples, **places).to_tsv()
    with pytest.raises(InputError, match="Regions without an annotation of genes"):
        benchmark(track, peaks, regions=[GATA1], flank=10)


def test_their_commands(track: Path, gtf: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "peaks.bed").write_text("chr1\t50010\t50090\nchr2\t500\t600\n")
    given = ["--prediction", track, "--regions", "GATA1,TAL1", "--genes", gtf, "--bin_size", "100"]
    for end in (["--peaks", tmp_path / "peaks.bed"], ["--track", track]):
        assert main(["benchmark", *map(str, [*given, *end]), "--flank", "100", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["extent"]["evaluated"] == 15
        assert (found["inputs"]["regions"], found["inputs"]["flank"]) == ("GATA1,TAL1", "100")
    asked = [*given, "--peaks", tmp_path / "peaks.bed", "--output", tmp_path / "t"]
    assert main(["calibrate", *map(str, asked)]) == 0
    assert json.loads((tmp_path / "t.json").read_text())["samples"][0]["extent"]["evaluated"] == 11
    capsys.readouterr()
    given[3] = "GATA"
    assert main(["benchmark", *map(str, [*given, *end])]) == 2
    assert "The closest is GATA1" in capsys.readouterr().err


def test_windows_around_them_are_evaluated(
    genome_files: Synthetic, gtf: Path, capsys: pytest.CaptureFixture, tmp_path: Path
):
    gtf.write_text(gtf.read_text().replace("101\t900", "30101\t30900"))
    (tmp_path / "middles.bed").write_text("chr1\t50000\t50300\nchr2\t30100\t30900\n")
    files = ["yeast/ATAC", "--genome", str(genome_files.genome), "--signal", str(genome_files.signal), "--json"]
    rows = []
    for peaks in (["GATA1,TAL1", "--genes", str(gtf)], [str(tmp_path / "middles.bed")]):
        assert main(["evaluate", *files, "--peaks", *peaks, "--robustness", "--shifts", "3"]) == 0
        rows.append(json.loads(capsys.readouterr().out)["rows"])
    assert rows[0] == rows[1]
    assert set(rows[0]) == {"chr1", "chr2", "mean"}
    assert main(["evaluate", *files, "--genes", str(gtf)]) == 2
    assert "must be given with regions that name a gene" in capsys.readouterr().err


def test_the_command(small_folder: Path, genome_files: Synthetic, gtf: Path, capsys: pytest.CaptureFixture):
    files = ["--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    assert main(["predict", str(small_folder), *files, "--regions", "TAL1", "--genes", str(gtf)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].split("\t")[:2] == ["chr2:101-900", "TAL1"]
    assert main(["predict", str(small_folder), *files, "--regions", "TAL1"]) == 2
    assert 'or "GATA1" with genes="gencode.gtf.gz"' in capsys.readouterr().err
