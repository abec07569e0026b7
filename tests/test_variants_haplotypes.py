"""Haplotypes: maxATAC's own way, the right one beside it, sequences by hand, and differential sites."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant
from zoo.predict.engine import Forward
from zoo.predict.inputs import Inputs
from zoo.predict.options import Options
from zoo.predict.plan import Grid
from zoo.variants.haplotypes import Haplotype, HaplotypePrediction, differences, of_sample
from zoo.variants.maxatac import as_maxatac


def letters(codes: np.ndarray) -> str:
    return "".join("ACGTN"[code] for code in codes)


def test_the_original_and_the_right_haplotype(ctcf: zoo.Model, shared: Path, tmp_path: Path):
    """Two blocks, eight substitutions, five of them in one window."""
    root = shared / "golden" / "maxatac" / "e2e"
    genome = Genome(root / "inputs" / "genome.2bit")
    signal = root / "outputs" / "prepare_fragments" / "sample_IS_slop20_RP20M_minmax01.bw"
    variants = []
    for line, _ in bed.lines(root / "inputs" / "variants_sites.bed"):
        chrom, start, end, base = line.split()
        variants.append(Variant(chrom, int(start), genome.sequence(chrom, int(start), int(end)), base))
    inputs = Inputs.open(
        ctcf.spec, genome, signal, chromosomes=["chr1", "chr2"], blacklist=root / "inputs" / "blacklist.bed"
    )
    forward = Forward(ctcf.network, ctcf.spec.input, ("forward",))
    grid = Grid.of(ctcf.spec, Options.resolve(ctcf.spec))
    blocks = bed.read(root / "inputs" / "variants_blocks.bed")
    found = as_maxatac(variants, blocks, forward, grid, inputs)
    golden = [line.split() for line in (root / "outputs" / "variants" / "var.bg").read_text().splitlines()]
    assert [(chrom, int(start)) for chrom, start, *_ in golden] == [
        (chrom, int(start)) for chrom, (starts, _) in found.items() for start in starts
    ]
    ours = np.concatenate([scores for _, scores in found.values()])
    np.testing.assert_allclose(ours, [float(row[3]) for row in golden], atol=2e-6)

    literal = [item for item in variants if item.literal]
    region = Interval("chr1", 28_000, 33_000)
    right = ctcf.predict_haplotypes(literal, genome=genome, signal=signal, regions=region)
    changed = {chrom: genome.codes(chrom, 0, size) for chrom, size in genome.sizes.items()}
    for item in literal:
        changed[item.chrom][item.start] = encode(item.alt)[0]
    write_twobit(tmp_path / "together.2bit", changed)
    wanted = ctcf.predict(genome=tmp_path / "together.2bit", signal=signal, regions=region)
    np.testing.assert_allclose(right["haplotype"].scores[0], wanted[0].scores, atol=1e-6)
    starts, theirs = found["chr1"]
    near = (starts >= 29_000) & (starts < 30_000)
    combined = right["haplotype"].scores[0][(starts[near] - 28_000) // 32]
    assert np.abs(combined - theirs[near]).max() > 1e-3  # several variants in a window: the original never joins them


@pytest.mark.parametrize("model", ["small", "yeast/ATAC"])
def test_without_variants_it_is_predict(model: str, small: zoo.Model, genome_files: Synthetic):
    """Inside a chromosome, at its start and end; for windows that overlap and for those that count in the middle."""
    loaded = small if model == "small" else zoo.load(model)
    files = {"genome": genome_files.genome} | ({"signal": genome_files.signal} if model == "small" else {})
    regions = [("chr1", 50_000, 50_700), ("chr2", 0, 100), ("chr1", 99_000, 100_003), ("chr10", 20_001, 20_002)]
    found = loaded.predict_haplotypes([("chr1", 70_000, *alleles(genome_files, 70_000))], **files, regions=regions)
    wanted = loaded.predict(**files, regions=regions)
    for number, row in enumerate(wanted):
        for track in found.values():
            assert np.array_equal(track.starts[number], row.starts)
            np.testing.assert_allclose(track.scores[number], row.scores, atol=1e-6)


def alleles(files: Synthetic, position: int) -> tuple[str, str]:
    base = Genome(files.genome).sequence("chr1", position - 1, position)
    return base, "A" if base != "A" else "C"


def test_sequences_by_hand(tmp_path: Path):
    write_twobit(tmp_path / "g.2bit", {"1": encode("ACGTACGTACGT")})
    genome = Genome(tmp_path / "g.2bit")
    rows = [Variant("chr1", 1, "C", "T"), Variant("chr1", 3, "T", "TGG"), Variant("chr1", 6, "GTA", "G")]
    found = Haplotype.of("h", rows, genome)
    codes, origin = found.sequence(genome, "1", 0, 12)
    assert letters(codes) == "ATGTGGACGCGT"
    assert origin.tolist() == [0, 1, 2, 3, 3, 3, 4, 5, 6, 9, 10, 11]
    codes, origin = found.sequence(genome, "1", 8, 14)  # the deletion begins before it
    assert letters(codes) == "ACGTNN"
    assert letters(found.sequence(genome, "1", -2, 3)[0]) == "NNATG"
    more = [*rows, Variant("chr1", 7, "T", "A"), Variant("chr1", 5, "G", "A"), Variant("7", 1, "A", "C")]
    reasons = [item.reason for item in Haplotype.of("h", more, genome).skipped]
    assert sorted(reasons) == [
        "REF is not the genome's",
        "the genome lacks its chromosome",
        "touches another variant of the haplotype",
    ]


def test_an_indel_does_not_move_over_another_variant(tmp_path: Path):
    """In a repeat it could stand further left, but a substitution of the haplotype stands between."""
    write_twobit(tmp_path / "g.2bit", {"1": encode("GGGCACACACAGGG")})
    genome = Genome(tmp_path / "g.2bit")
    found = Haplotype.of("h", [Variant("1", 5, "C", "T"), Variant("1", 8, "ACA", "A")], genome)
    assert not found.skipped
    assert letters(found.sequence(genome, "1", 0, 14)[0]) == "GGGCATACAGGG"


def test_an_insertion_at_the_end_of_a_chromosome(small: zoo.Model, genome_files: Synthetic):
    """It pushes the last bins behind the reference's last window, and they are predicted all the same."""
    genome = Genome(genome_files.genome)
    length = genome.sizes["chr1"]
    base = genome.sequence("chr1", length - 300, length - 299)
    files = {"genome": genome, "signal": genome_files.signal, "regions": Interval("chr1", length - 200, length)}
    for bases, skipped in ((80, 1), (50, 0)):
        rows = [("chr1", length - 299, base, base + bases // 2 * "GA")]
        found = small.predict_haplotypes(rows, **files)["haplotype"]
        assert len(found.skipped) == skipped
        assert (found.scores[0] > 0).all()


def test_a_deletion_is_the_shorter_chromosome(genome_files: Synthetic, tmp_path: Path):
    """Bins behind it are those of a chromosome without the deleted bases, put back to where the reference has them."""
    genome, atac = Genome(genome_files.genome), zoo.load("yeast/ATAC")
    text = genome.sequence("chr1", 50_000, 50_033)
    found = atac.predict_haplotypes(
        [("chr1", 50_001, text, text[0])], genome=genome, regions=Interval("chr1", 48_000, 52_000)
    )
    codes = genome.codes("chr1", 0, genome.sizes["chr1"])
    write_twobit(tmp_path / "short.2bit", {"chr1": np.concatenate([codes[:50_001], codes[50_033:]])})
    short = atac.predict(genome=tmp_path / "short.2bit", regions=Interval("chr1", 48_000, 52_000))[0].scores
    there = found["haplotype"].scores[0]
    np.testing.assert_allclose(there[:500], short[:500], atol=1e-5)
    np.testing.assert_allclose(there[510:], short[502:992], atol=1e-5)  # 32 bp are 8 bins
    assert (there[501:508] == there[501]).all()  # deleted bases have the value of the base to their left
    assert np.abs(there - found["reference"].scores[0]).max() > 1e-3


VCF = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tmother\tchild
{rows}"""


def phased(files: Synthetic, path: Path, *genotypes: str) -> Path:
    """A record for each pair of genotypes, 1 kb apart."""
    rows = []
    for number, both in enumerate(genotypes):
        position = 50_000 + 1000 * number
        ref, alt = alleles(files, position)
        rows.append("\t".join(["chr1", str(position), ".", ref, alt, ".", "PASS", ".", "DP:GT", *both.split()]))
    path.write_text(VCF.format(rows="\n".join(rows) + "\n"))
    return path


def test_two_haplotypes_of_a_person(small: zoo.Model, genome_files: Synthetic, tmp_path: Path):
    path = phased(genome_files, tmp_path / "v.vcf", "3:0|1 3:1|1", "3:1|0 3:0/0", "3:.|. 3:1/1")
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    regions = [("chr1", 49_999 + 1000 * i, 50_000 + 1000 * i) for i in range(3)]
    found = small.predict_haplotypes(path, "mother", **files, regions=regions)
    assert list(found) == ["reference", "mother 1", "mother 2"]
    same = [
        [np.allclose(track.scores[i], found["reference"].scores[i], atol=1e-6) for i in range(3)]
        for track in found.values()
    ]
    assert same == [[True, True, True], [True, False, True], [False, True, True]]
    child = small.predict_haplotypes(path, "child", **files, regions=regions)
    assert np.array_equal(child["child 1"].scores[2], child["child 2"].scores[2])
    np.testing.assert_allclose(child["child 1"].scores[0], found["mother 2"].scores[0], atol=1e-6)
    assert not np.allclose(child["child 1"].scores[2], child["reference"].scores[2], atol=1e-6)


@pytest.mark.parametrize(
    ("genotype", "sample", "said"),
    [
        ("3:0/1 3:0|0", "mother", r"v.vcf, line 3: Heterozygous genotypes must be phased.*genotype='0/1'"),
        ("3:0|1 3:0|0", "father", r"sample must be a column of the VCF file.*'mother', 'child'"),
        ("3:0|2 3:0|0", "mother", r"line 3: A genotype \(GT\) must have alleles that its record lists.*GT='0\|2'"),
    ],
)
def test_bad_genotypes(
    small: zoo.Model, genome_files: Synthetic, tmp_path: Path, genotype: str, sample: str, said: str
):
    path = phased(genome_files, tmp_path / "v.vcf", genotype)
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:50,001-50,100"}
    with pytest.raises(InputError, match=said):
        small.predict_haplotypes(path, sample, **files)


def test_gained_lost_and_shared():
    regions, starts = [Interval("chr1", 0, 256)], [np.arange(8) * 32]
    one = HaplotypePrediction("1", starts, [np.array([0, 0.9, 0.8, 0, 0.6, 0, 0.2, 0], np.float32)], [])
    two = HaplotypePrediction("2", starts, [np.array([0, 0.1, 0.2, 0, 0.7, 0, 0.8, 0], np.float32)], [])
    found = differences(regions, one, two, 0.5, 32)
    assert [(str(site.interval), site.kind) for site in found] == [
        ("chr1:33-96", "lost"),
        ("chr1:129-160", "shared"),
        ("chr1:193-224", "gained"),
    ]
    assert (found[0].first, found[0].second) == (pytest.approx(0.9), pytest.approx(0.2))
    assert of_sample("p", [one, two]).scores[0][[1, 6]].tolist() == pytest.approx([0.9, 0.8])
