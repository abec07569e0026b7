"""From files to tables: several models, the chain, reads, haplotypes; and a real VCF file of hg38."""

import csv
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.synthetic import Synthetic
from zoo.genome.encode import N, encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Vcf


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(), delimiter="\t"))


@pytest.fixture
def bases(genome_files: Synthetic) -> list[tuple[int, str, str]]:
    """Positions from 1, what stands there, and another base."""
    genome = Genome(genome_files.genome)
    places = [20_000 + 1500 * i for i in range(8)]
    found = [genome.sequence("chr1", place - 1, place) for place in places]
    return [(place, base, "ACGT"["CGTA".index(base)]) for place, base in zip(places, found, strict=True)]


def test_variants_with_reads_and_a_chain(
    small_folder: Path, genome_files: Synthetic, bases: list[tuple], tmp_path: Path, run_recipe
):
    heads = "chrom\tpos\tref\talt\twgs_ref\twgs_alt\tatac_ref\tatac_alt\n"
    lines = [
        f"chr1\t{place}\t{ref}\t{alt}\t30\t30\t{50 if i % 2 else 10}\t{10 if i % 2 else 50}\n"
        for i, (place, ref, alt) in enumerate(bases)
    ]
    (tmp_path / "reads.tsv").write_text(heads + "".join(lines) + "chr1\t90000\tA\tC\t30\t30\t20\t20\n")
    done = run_recipe(
        "score_variants",
        *("--genome", genome_files.genome, "--signal", genome_files.signal, "--models", small_folder),
        *("--accessibility", "yeast/ATAC", "--reads", "reads.tsv", "--out", "out"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("8 variants show an effect\n  1 odds ratio near 1\n")
    assert len(rows(tmp_path / "out" / "small.tsv")) == len(rows(tmp_path / "out" / "ATAC.tsv")) == 8
    chained = rows(tmp_path / "out" / "small.chain.tsv")
    direct = {row["pos"]: float(row["difference"]) for row in rows(tmp_path / "out" / "small.tsv")}
    for row in chained:
        assert float(row["direct_difference"]) == pytest.approx(direct[row["pos"]], abs=1e-5)
    agreement = {row["model"]: row for row in rows(tmp_path / "out" / "agreement.tsv")}
    assert set(agreement) == {"small", "ATAC"}
    assert agreement["ATAC"]["variants"] == "8"
    assert abs(float(agreement["ATAC"]["random spearman"])) < 0.1
    assert (tmp_path / "out" / "ATAC.png").read_bytes()[:4] == b"\x89PNG"
    assert "nothing can open" in (tmp_path / "out" / "small.chain.md").read_text()
    done = run_recipe(
        "score_variants", "none.vcf", "--genome", genome_files.genome, "--models", "yeast/ATAC", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "score_variants: error: The file of variants must exist" in done.stderr


def test_haplotypes_of_two_persons(
    small_folder: Path, genome_files: Synthetic, bases: list[tuple], tmp_path: Path, run_recipe
):
    heads = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\tother\n"
    lines = [f"1\t{place}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t0|0\t1|1\n" for place, ref, alt in bases]
    (tmp_path / "p.vcf").write_text(heads + "".join(lines))
    (tmp_path / "r.bed").write_text("".join(f"chr1\t{place - 100}\t{place + 100}\n" for place, *_ in bases))
    command = ("--genome", genome_files.genome, "--regions", "r.bed", "--models", small_folder, "--threshold", "0.5")
    signal = genome_files.signal
    done = run_recipe("compare_haplotypes", "p.vcf", "one", "other", *command, "--signal", signal, signal, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sites, (counts,) = rows(tmp_path / "haplotypes" / "sites.tsv"), rows(tmp_path / "haplotypes" / "counts.tsv")
    assert sum(int(counts[kind]) for kind in ("gained", "lost", "shared")) == len(sites) > 0
    for site in sites:
        reached = float(site["first"]) >= 0.5, float(site["second"]) >= 0.5
        assert site["kind"] == {(True, True): "shared", (True, False): "lost", (False, True): "gained"}[reached]
    assert (tmp_path / "haplotypes" / "changes.png").read_bytes()[:4] == b"\x89PNG"
    done = run_recipe("compare_haplotypes", "p.vcf", "one", *command, "--signal", signal, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row["kind"] for row in rows(tmp_path / "haplotypes" / "sites.tsv")} <= {"shared"}  # both are the reference


def test_the_real_variants_of_asap(shared: Path, tmp_path: Path):
    """The authors' example of hg38, on chromosomes of random bases that have its reference alleles where it says."""
    vcf, random = shared / "data" / "asap_example_snv" / "example_snv.vcf", np.random.default_rng(0)
    codes: dict[str, np.ndarray] = {}
    for item in Vcf(vcf).variants():
        short = codes.get(item.chrom, np.empty(0, np.uint8))
        codes[item.chrom] = np.concatenate([short, np.full(max(item.start + 2000 - len(short), 0), N, np.uint8)])
        near = slice(item.start - 1500, item.start + 1500)
        codes[item.chrom][near] = random.integers(0, 4, 3000)
    for item in Vcf(vcf).variants():
        codes[item.chrom][item.start] = encode(item.ref)[0]
    write_twobit(tmp_path / "g.2bit", codes)
    written = zoo.load("yeast/ATAC").score_variants(
        vcf, genome=tmp_path / "g.2bit", output=tmp_path / "snv", profiles=True, compat="asap"
    )
    assert [path.name for path in written][:3] == ["snv.tsv", "snv.skipped.tsv", "snv.vcf"]
    table = rows(written[0])
    csv.field_size_limit(1 << 30)
    with open(shared / "data" / "asap_example_snv" / "example_snv_predictions.csv") as file:
        theirs = [(row["chr"], row["pos"], row["ref"], row["alt"]) for row in csv.DictReader(file)]
    assert [(row["chrom"], row["pos"], row["ref"], row["alt"]) for row in table] == theirs
    assert all(np.isfinite(float(row["log2_fold_change"])) for row in table)
    info = [columns[7] for columns, _ in Vcf(written[2]).rows()]
    assert all(";ZOO_LFC_yeast_ATAC=" in text and "t_alt_count=" in text for text in info)
