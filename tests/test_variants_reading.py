"""Variants as people have them: as text, of a sample, in regions, in BCF and indexed files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError, MissingExtra, ZooWarning
from zoo.genome import hts
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant, Vcf
from zoo.variants import reading

HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=1000>\n##contig=<ID=chr2,length=1000>\n"
    '##INFO=<ID=OLD,Number=1,Type=Integer,Description="of another program">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tmother\tchild\n"
RECORDS = (
    ("chr1", 10, "rs1", "A", "C", "0|1", "0|0"),
    ("chr1", 20, "rs2", "A", "C,G", "0|2", "1|0"),
    ("chr1", 30, "del", "AAAAA", "A", "./1", "./."),
    ("chr2", 5, "rs3", "A", "T", "0/0", "1/1"),
)


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("A" * 1000), "chr2": encode("A" * 1000)})
    return Genome(tmp_path / "g.2bit")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    rows = ["\t".join([*map(str, row[:5]), ".", "PASS", "OLD=1", "GT", *row[5:]]) + "\n" for row in RECORDS]
    (tmp_path / "v.vcf").write_text(HEAD + COLUMNS + "".join(rows))
    return tmp_path / "v.vcf"


def to_bcf(text: Path) -> Path:
    """With an index."""
    pysam = pytest.importorskip("pysam", reason="needs pysam (extra vcf)")
    path = text.with_suffix(".bcf")
    with pysam.VariantFile(str(text)) as source, pysam.VariantFile(str(path), "wb", header=source.header) as target:
        for record in source:
            target.write(record)
    pysam.tabix_index(str(path), preset="bcf", force=True)
    return path


@pytest.fixture
def bcf(text: Path) -> Path:
    return to_bcf(text)


@pytest.fixture
def packed(text: Path) -> Path:
    pysam = pytest.importorskip("pysam", reason="needs pysam (extra vcf)")
    path = Path(f"{text}.gz")
    pysam.tabix_compress(str(text), str(path))
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def names(variants: list[Variant]) -> list[str]:
    return [str(variant) for variant in variants]


@pytest.mark.parametrize(
    "given",
    ["chr20:10677450:C:T", "chr20-10677450-C-T", "chr20:10677450 C>T", "chr20:10,677,450:c:t", " chr20:10677450:C>T "],
)
def test_a_variant_as_text(given: str):
    (variant,) = reading.read(given)
    assert (variant.chrom, variant.start, variant.ref, variant.alt) == ("chr20", 10_677_449, "C", "T")
    assert names(reading.read([given, "HLA-A*01:01:01:01:300:AC:G"])) == [
        "chr20:10677450 C>T",
        "HLA-A*01:01:01:01:300 AC>G",
    ]


@pytest.mark.parametrize("given", ["chr20:10677450", "1:1:C", "1:1-2-C-T", "1:1:C:", "1_1_C_T", "1:x:C:T"])
def test_text_that_is_no_variant(given: str):
    with pytest.raises(InputError, match="The file of variants must exist"):
        reading.read(given)
    with pytest.raises(InputError, match="A variant must be"):
        reading.read([given])
    with pytest.raises(InputError, match="A variant by itself is chrom:pos:ref:alt, as chr20:10677450:C:T"):
        reading.read("chr20:10677450:C")


def test_a_file_of_that_name_is_a_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("chr1:5:A:C").write_text("chrom\tpos\tref\talt\nchr2\t7\tG\tT\n")
    assert names(reading.read("chr1:5:A:C")) == ["chr2:7 G>T"]


@pytest.mark.parametrize("kind", ["text", "bcf", "packed"])
def test_files_have_the_same_variants(request: pytest.FixtureRequest, genome: Genome, kind: str):
    path = request.getfixturevalue(kind)
    everything = ["chr1:10 A>C", "chr1:20 A>C", "chr1:20 A>G", "chr1:30 AAAAA>A", "chr2:5 A>T"]
    assert names(reading.read(path)) == everything
    assert [variant.record for variant in reading.read(path)] == [0, 1, 1, 2, 3]
    assert names(reading.read(path, sample="mother")) == ["chr1:10 A>C", "chr1:20 A>G", "chr1:30 AAAAA>A"]
    assert names(reading.read(path, sample="child")) == ["chr1:20 A>C", "chr2:5 A>T"]
    for regions, expected in (
        ("chr1:10-10", everything[:1]),
        (["chr1:33-33", "chr1:34-40"], ["chr1:30 AAAAA>A"]),  # reference bases of both
        ("chr1:35-900", None),
        ([("chr2", 0, 1000), ("chr1", 0, 20)], ["chr1:10 A>C", "chr1:20 A>C", "chr1:20 A>G", "chr2:5 A>T"]),
    ):
        if expected is None:
            with pytest.raises(InputError, match=r"at least one variant.*regions=True"):
                reading.read(path, genome, regions=regions)
        else:
            assert names(reading.read(path, genome, regions=regions)) == expected
    assert names(reading.read(path, genome, regions="chr1", sample="child")) == ["chr1:20 A>C"]
    with pytest.raises(InputError, match=r"sample must be.*sample='mothr'.*The closest name is mother"):
        reading.read(path, sample="mothr")


def test_regions_of_other_names_and_of_other_kinds(genome: Genome):
    rows = [("1", 5, "A", "C"), ("chr1", 50, "A", "C"), "chr2:7:A:G"]
    assert names(reading.read(rows, genome, regions="chr1:1-10")) == ["1:5 A>C"]
    with pytest.raises(InputError, match="A sample must be a column of a VCF file"):
        reading.read(rows, genome, sample="mother")


@pytest.mark.parametrize("kind", ["bcf", "packed"])
def test_only_the_regions_are_read(request: pytest.FixtureRequest, genome: Genome, monkeypatch, kind: str):
    path = request.getfixturevalue(kind)
    monkeypatch.setattr("zoo.genome.vcf.records", None)
    assert names(reading.read(path, genome, regions="chr2")) == ["chr2:5 A>T"]
    monkeypatch.undo()
    index = next(each for each in path.parent.iterdir() if each.suffix in (".tbi", ".csi"))
    os.utime(index, ns=(0, path.stat().st_mtime_ns - 1))  # older than the file: not to be trusted
    monkeypatch.setattr(hts, "fetched", None)
    assert names(reading.read(path, genome, regions="chr2")) == ["chr2:5 A>T"]


def test_bcf_without_pysam(bcf: Path, packed: Path, genome: Genome, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pysam", None)
    with pytest.raises(MissingExtra, match=r"pysam must be installed to read BCF.*\[vcf\]"):
        reading.read(bcf)
    assert names(reading.read(packed, genome, regions="chr2")) == ["chr2:5 A>T"]


def test_bcf_that_is_cut_off(bcf: Path, capfd: pytest.CaptureFixture):
    """Also at the end of a block, where htslib takes it for a whole one."""
    whole = bcf.read_bytes()
    for cut in (whole[:-28], whole[:-40]):
        bcf.write_bytes(cut)
        with pytest.raises(InputError, match=r"must be (complete|intact)"):
            list(Vcf(bcf).variants())
    assert capfd.readouterr().err == ""


def test_genotypes_that_are_none_are_counted(text: Path):
    text.write_text(text.read_text().replace("0|1", "0|7"))
    with pytest.warns(ZooWarning, match="1 genotypes of mother are left out, the first as a genotype with an allele"):
        assert len(reading.read(text, sample="mother")) == 2


@pytest.mark.parametrize("kind", ["text", "bcf"])
def test_scores_of_a_sample_in_its_vcf(small: zoo.Model, genome_files: Synthetic, tmp_path: Path, kind: str):
    """Only records that it carries, `.` for an allele that it does not; the sidecar has the sample."""
    real = Genome(genome_files.genome)
    lines = []
    for position, (_, _, name, _, alt, *genotypes) in zip((12_500, 12_900, 13_500, 14_000), RECORDS, strict=True):
        ref = real.sequence("chr1", position - 1, position)
        others = [base for base in "ACGT" if base != ref][: alt.count(",") + 1]
        cells = ["chr1", str(position), name, ref, ",".join(others), ".", "PASS", "OLD=1", "GT", *genotypes]
        lines.append("\t".join(cells))
    path = tmp_path / "real.vcf"
    path.write_text(HEAD.replace("1000", "1000000") + COLUMNS + "\n".join(lines) + "\n")
    path = to_bcf(path) if kind == "bcf" else path
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    small.score_variants(path, sample="child", output=tmp_path / "out", scores="difference", **files)
    rows = [line.split("\t") for line in (tmp_path / "out.vcf").read_text().splitlines() if not line.startswith("##")]
    assert [row[2] for row in rows[1:]] == ["rs2", "rs3"]
    old, new = rows[1][7].split(";")
    assert (old, new.partition("=")[0], new.endswith(",.")) == ("OLD=1", "ZOO_DIFF_test_SMALL", True)
    assert rows[1][9:] == ["0|2", "1|0"]
    table = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert [row[2] for row in table[1:]] == ["rs2", "rs3"]
    assert float(new.partition("=")[2].split(",")[0]) == pytest.approx(float(table[1][5]), rel=1e-5)
    assert json.loads((tmp_path / "out.json").read_text())["choices"]["sample"] == "child"
    everything = small.score_variants(path, scores="difference", **files)
    assert np.allclose([float(row[5]) for row in table[1:]], everything.scores["difference"][[1, 4]])


def test_the_command_takes_variants(
    small_folder: Path, genome_files: Synthetic, capsys: pytest.CaptureFixture, tmp_path: Path
):
    real = Genome(genome_files.genome)
    given = []
    for position in (12_700, 12_900):
        ref = real.sequence("chr1", position - 1, position)
        given.append(f"chr1:{position}:{ref}:{'A' if ref != 'A' else 'C'}")
    files = ["--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    assert main(["variants", str(small_folder), *given, *files, "--json"]) == 0
    assert [row["pos"] for row in json.loads(capsys.readouterr().out)["variants"]] == [12_700, 12_900]
    assert main(["variants", str(small_folder), given[0], *files, "--output", str(tmp_path / "one")]) == 0
    assert (tmp_path / "one.tsv").read_text().splitlines()[1].startswith("chr1\t12700\t.\t")
    assert not (tmp_path / "one.vcf").exists()
    capsys.readouterr()
    assert main(["variants", str(small_folder), *given, *files, "--table", "--regions", "chr1:1-12800"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["variants", str(small_folder), given[0], "x.vcf", *files]) == 2
    assert "A variant must be (chrom, pos from 1, ref, alt)" in capsys.readouterr().err
