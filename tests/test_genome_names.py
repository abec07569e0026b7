"""Matching chromosomes of two files."""

import gzip
import time
from collections import Counter
from pathlib import Path

import pytest

from zoo.errors import GenomeMismatch
from zoo.genome import names
from zoo.genome.sequence import Genome

HG38, HG19 = {"chr1": 248_956_422, "chr20": 64_444_167}, {"chr1": 249_250_621, "chr20": 63_025_520}


def match(a: dict, b: dict) -> dict:
    pairs = names.check_shared(a, b, "genome", "signal")
    names.check_lengths(pairs, a, b, "genome", "signal")
    return pairs


def test_same_and_other_spellings():
    assert match({"chr1": 5, "chrM": 3}, {"chr1": 5, "chrM": 3}) == {"chr1": "chr1", "chrM": "chrM"}
    assert match({"chr1": 5, "chrM": 3}, {"1": 5, "MT": 3}) == {"chr1": "1", "chrM": "MT"}
    assert match({"1": 5}, {"chr1": 5}) == {"1": "chr1"}


def test_an_ambiguous_spelling_is_not_mapped():
    assert match({"chrM": 3, "chr1": 5}, {"MT": 3, "M": 3, "chr1": 5}) == {"chr1": "chr1"}


def test_an_exact_name_wins_over_an_alias():
    assert match({"chr1": 5}, {"chr1": 5, "1": 5}) == {"chr1": "chr1"}


def test_lengths_that_disagree_name_both_builds():
    with pytest.raises(GenomeMismatch, match=r"248,956,422 bp \(hg38\).*249,250,621 bp \(hg19\)"):
        match(HG38, HG19)
    with pytest.raises(GenomeMismatch, match="chr1"):
        match({"chr1": 5}, {"1": 6})


def test_nothing_in_common():
    with pytest.raises(GenomeMismatch, match="must have chromosomes in common"):
        match({"chrI": 5}, {"chr1": 5})


HUMAN = [*map(str, range(1, 23)), "X", "Y"]
UNPLACED, ORGANELLE = "alternative or unplaced", "organelle"


@pytest.mark.parametrize(
    ("main", "others"),
    [
        (HUMAN, ["MT", "GL000191.1", "NC_007605", "hs37d5"]),
        (["chr1", "chrX"], ["chrM", "chr1_KI270706v1_random", "chrUn_GL000195v1", "GL000195.1", "MT"]),
        (["chr1"], ["chrM", "chrEBV", "HLA-A*01:01:01:01", "chr6_GL000250v2_alt", "chrUn_KN707606v1_decoy"]),
        (["1", "2"], ["Mt", "Pt"]),
        (["Chr1", "Chr2"], ["ChrC", "ChrM"]),
        (["I", "II", "III", "IV", "V", "X"], ["MtDNA"]),
        (["chrI", "chrX", "chrXVI"], ["chrM"]),
        (["chr1"], ["phix", "lambda", "phiX174", "ERCC-00002", "J02459.1", "NC_001422.1", "NC_001416"]),
        (["chr1"], ["CHRM", "chrmt", "Mito", "mitochondrion", "chloroplast", "MTDNA", "EBV", "PhiX"]),
        (["2L", "2R", "3L", "4", "X", "Y"], ["mitochondrion_genome", "rDNA", "211000022278279"]),
        (["2L", "Y"], ["Y_mapped_Scaffold_5_D1748_D1610", "Unmapped_Scaffold_8_D1580_D1567"]),
        (["chr1", "chr2A", "chr2B"], ["chrM"]),
        (["1", "W", "Z", "LGE64", "LG2"], ["MT", "KZ115014.1", "AADN05001525.1"]),
        (["NC_000001.11", "NC_000024.10"], ["NC_012920.1", "NT_187361.1", "NW_009646194.1"]),
        (
            ["NT_033779.5", "NT_033778.4", "NT_037436.4", "NT_033777.3", "NC_004353.4", "NC_004354.4"],
            ["NC_024511.2", "NW_001845431.1", "NT_033780.1"],
        ),
        (["ref|NC_001133|", "ref|NC_001134|"], ["ref|NC_001224|"]),
        (
            ["gi|224589800|ref|NC_000001.10|", "gi|224589811|ref|NC_000002.11|"],
            ["gi|251831106|ref|NC_012920.1|", "gi|9626372|ref|NC_001422.1|", "gi|1|ref|NT_113878.1|"],
        ),
        (["NC_009144.3", "NC_009145.3"], ["NC_001640.1"]),
        (["NC_056054.1"], ["NC_001941.1"]),
        (["NC_067374.1"], ["NC_001913.1"]),
        (["NC_058368.1"], ["NC_001700.1"]),
        (["NC_030677.2"], ["NC_006839.1"]),
        (["NC_052532.1"], ["NC_040970.1"]),
        (["NC_000001.11", "NC_000002.12"], ["AC_000021.2", "AC_000022.2"]),
        (["CM000663.2", "CM000664.2"], ["AJ507799.2"]),
        (
            ["ChrI_A_nidulans_FGSC_A4", "ChrII_A_nidulans_FGSC_A4"],
            ["mito_A_nidulans_FGSC_A4"],
        ),
        (["Ca22chr1A_C_albicans_SC5314", "Ca22chrRA_C_albicans_SC5314"], ["Ca22chrM_C_albicans_SC5314"]),
        (["ChrA_C_glabrata_CBS138", "ChrB_C_glabrata_CBS138", "ChrM_C_glabrata_CBS138"], ["mito_C_glabrata_CBS138"]),
        (["PVP01_01_v1", "PVP01_14_v1"], ["PVP01_MIT_v1", "PVP01_API_v1"]),
        (["MtrunA17Chr1", "MtrunA17Chr8"], ["MtrunA17CP", "MtrunA17MT", "MtrunA17Chr0c01"]),
        (["AT1", "AT5"], ["ATMT", "ATCP"]),
        (["chromosome_01", "chromosome_17"], ["plastome", "mitogenome", "kinetoplast", "scaffold_18"]),
        (["hg38.chr1", "hg38.chrX"], ["hg38.chrM", "hg38.chrEBV", "hg38.chrUn_KI270302v1"]),
        (["chr1", "chr10"], ["scaf_21", "scaf_22"]),
        (["chr2L", "chr2R", "chrX"], ["chrU", "chrUextra", "chr2LHet", "chrXHet", "chrM"]),
        (["2L", "2R", "X", "4"], ["U", "Uextra", "3RHet"]),
        (["chrT", "chrU", "chrX", "chr1"], ["chrM"]),
        (["I", "II", "III"], ["chr_II_telomeric_gap", "mating_type_region", "MTR", "AB325691", "mitochondrial"]),
        (["chr_I", "chr_II"], ["chr_II_telomeric_gap"]),
        (["GRCh38_chr1", "mm10___chrX"], ["GRCh38_KI270728.1", "GRCh38_chrUn_KI270302v1"]),
        (["LG1", "LG24"], ["MT"]),
        (["scaf_1", "scaf_2"], ["ATMT"]),
        (["CM000663.2"], ["J01415.2", "KI270706.1", "KN196472.1"]),
        (["1", "X"], ["CHR_HSCHR6_MHC_APD_CTG1", "HG1_PATCH", "KI270728.1", "MT"]),
        (["chr6"], ["chr6_apd_hap1", "chr17_gl000205_random"]),
        (["chr1_hap1", "chr1_hap2"], ["chrM"]),
        (["hg38_chr1", "mm10_chr1"], ["hg38_chrM", "mm10___chrM"]),
        (["Pf3D7_01_v3", "Pf3D7_14_v3"], ["Pf3D7_API_v3", "Pf_M76611"]),
        (["chr1", "chr22"], ["CMV", "HBV", "HCV-1", "HIV-1", "KSHV", "SV40", "HPV16"]),
        (["SL4.0ch01", "SL4.0ch12"], ["SL4.0ch00"]),
        (["chrU", "chrV"], []),
        (["A01", "C01", "C09"], []),
    ],
    ids=lambda names: names[-1] if names else "-",
)
def test_main_chromosomes(main: list[str], others: list[str]):
    assert names.main_chromosomes([*others, *main]) == main
    assert set(names.left_out([*main, *others])) == set(others)


def test_why_sequences_are_left_out():
    assert names.left_out(["chr1", "chrM", "chrEBV", "hs37d5", "HLA-B", "lambda", "chrUn_1"]) == {
        "chrM": ORGANELLE,
        "chrEBV": "virus",
        "hs37d5": "decoy",
        "HLA-B": "HLA",
        "lambda": "spike-in or vector",
        "chrUn_1": UNPLACED,
    }


@pytest.mark.parametrize(
    ("everything", "main"),
    [
        (["scaffold_1", "scaffold_2", "MT"], ["scaffold_1", "scaffold_2"]),
        (["GL172637.1", "GL172638.1"], ["GL172637.1", "GL172638.1"]),
        (["NW_1.1", "NW_2.1", "NC_999999.1"], ["NW_1.1", "NW_2.1", "NC_999999.1"]),  # an organelle, by its looks
        (["chrM"], ["chrM"]),
        (["NC_000913.3"], ["NC_000913.3"]),
        ([], []),
        (["ChrA", "ChrB", "ChrC", "ChrD", "ChrM", "mito"], ["ChrA", "ChrB", "ChrC", "ChrD", "ChrM"]),
        (["chr1_A", "chr1_C", "chr1_D"], ["chr1_A", "chr1_C", "chr1_D"]),
    ],
    ids=[
        "scaffolds",
        "accessions",
        "one more accession",
        "mitochondrion",
        "E. coli",
        "nothing",
        "letters",
        "subgenomes",
    ],
)
def test_genomes_of_other_kinds_do_not_become_empty(everything: list[str], main: list[str]):
    assert names.main_chromosomes(everything) == main


def test_case_13_main_chromosomes(shared: Path):
    """The 3 kb of chrEBV with two thirds of the fragments are no chromosome; by another name they would stand out."""
    genome = Genome(shared / "cases" / "13-main-chromosomes" / "genome.2bit")
    assert names.left_out(genome.sizes) == {"chrEBV": "virus"}
    with gzip.open(shared / "cases" / "13-main-chromosomes" / "fragments.tsv.gz", "rt") as handle:
        cuts = Counter(line.split("\t")[0] for line in handle)
    found = names.overrepresented(cuts, genome.sizes | {"chr1": 10 * genome.sizes["chr1"]})
    assert list(found) == ["chrEBV"]
    assert 0.6 < found["chrEBV"] < 0.7


def test_sequences_with_too_many_cuts():
    sizes = {"a": 1000, "b": 9, "c": 9, "d": 100}
    assert names.overrepresented({"a": 80, "b": 10, "c": 9, "d": 1}, sizes) == {"b": 0.1}
    assert names.overrepresented({"a": 0, "b": 0}, sizes) == {}


def test_spellings_of_organelles():
    for one in ("chrM", "MT", "Mt", "Mito", "MtDNA", "mitochondrion_genome", "ChrM"):
        for other in ("chrM", "MT", "Mt", "Mito", "MtDNA", "mitochondrion_genome", "ChrM"):
            assert names.find(one, {other: 1, "chr1": 1, "Pt": 1}) == other
    assert names.find("ChrC", {"Pt": 1, "Mt": 1}) == "Pt"
    assert names.find("chr1", {"Chr1": 1}) == "Chr1"
    assert names.find("Chr1", {"1": 1}) == "1"
    assert names.find("chr1", {"Chr1": 1, "1": 1}) is None
    assert names.find("chr", {"": 1}) is None


def test_assemblies_of_one_species():
    assert names.same_species("hg19", "hg38")
    assert names.same_species("x", "x")
    assert not names.same_species("hg38", "mm10")


def test_many_contigs_are_quick():
    """Linear in their number: 200,000 take less than what a quadratic search of 5,000 would."""
    contigs = {f"contig_{number}": 1 for number in range(200_000)}
    start = time.process_time()
    assert len(names.main_chromosomes(["1", *contigs])) == 1
    assert len(names.match(contigs, contigs)) == 200_000
    assert time.process_time() - start < 30


def test_the_first_names_and_how_many_more():
    assert names.some(["chr1", "chr2"]) == "chr1, chr2"
    assert names.some([f"chr{i}" for i in range(1, 2001)], 2) == "chr1, chr2 and 1,998 more"
