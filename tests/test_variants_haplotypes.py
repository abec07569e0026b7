"""Haplotypes: maxATAC's own way, the right one beside it, sequences by hand, and differential sites."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.forward.forward import Forward
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant
from zoo.inputs.opening import Inputs
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
    forward = Forward(ctcf.network, ctcf.spec, ("forward",))
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
        ("3:0|1 3:0|0", "father", r"sample must be .*column of the VCF file.*'mother', 'child'"),
    ],
)
def test_bad_genotypes(
    small: zoo.Model, genome_files: Synthetic, tmp_path: Path, genotype: str, sample: str, said: str
):
    path = phased(genome_files, tmp_path / "v.vcf", genotype)
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:50,001-50,100"}
    with pytest.raises(InputError, match=said):
        small.predict_haplotypes(path, sample, **files)


def test_records_without_a_genotype_are_skipped(genome_files: Synthetic, tmp_path: Path):
    """One bad genotype does not refuse the file; a blank behind a genotype is none of it."""
    rows = "3:0|2 3:0|0", "3:x 3:0|0", "3:1|0 3:0|1 ", "3:0|1 3:0|0"
    path = phased(genome_files, tmp_path / "v.vcf", *rows)
    one, other = Haplotype.both(path, "mother", Genome(genome_files.genome))
    assert [item.start for item in one.variants["chr1"]] == [51_999]
    assert [item.start for item in other.variants["chr1"]] == [52_999]
    for haplotype in (one, other):
        assert [(item.variant.start, item.reason) for item in haplotype.skipped] == [
            (49_999, "genotype with an allele that its record does not list"),
            (50_999, "genotype that is none"),
        ]


def window_scores(small: zoo.Model, files: dict, path: Path, region: Interval) -> dict[str, np.ndarray]:
    """Scores of one region by haplotype."""
    found = small.predict_haplotypes(path, "mother", **files, regions=region)
    return {name: one.scores[0] for name, one in found.items()}


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal}


def records(files: Synthetic, path: Path, rows: list[tuple[int, str]]) -> Path:
    """A record at each position, with the mother's GT:PS."""
    lines = [
        "\t".join(["chr1", str(position), ".", *alleles(files, position), ".", "PASS", ".", "GT:PS", called, "."])
        for position, called in rows
    ]
    path.write_text(VCF.format(rows="\n".join(lines) + "\n"))
    return path


def test_two_phase_sets_in_a_window_have_no_haplotype(
    small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path
):
    """The window has 256 bp: bins that only windows with one set predict are known, the others are not."""
    region = Interval("chr1", 49_920, 51_200)
    one = records(genome_files, tmp_path / "one.vcf", [(50_100, "0|1:1"), (50_200, "1|0:1")])
    two = records(genome_files, tmp_path / "two.vcf", [(50_100, "0|1:1"), (50_200, "1|0:2")])
    known, mixed = (window_scores(small, files, path, region) for path in (one, two))
    assert not any(np.isnan(scores).any() for scores in known.values())
    assert not np.isnan(mixed["reference"]).any()
    unknown = np.isnan(mixed["mother 1"])
    starts = 49_920 + 32 * np.arange(len(unknown))
    # Windows begin at multiples of 64: those from 49,984 to 50,048 hold base 50,099 and base 50,199.
    first = [start for start in range(49_600, 51_200, 64) if start <= 50_099 and start + 256 > 50_199]
    assert starts[unknown].tolist() == list(range(first[0], first[-1] + 256, 32))
    assert np.array_equal(unknown, np.isnan(mixed["mother 2"]))
    np.testing.assert_allclose(mixed["mother 1"][~unknown], known["mother 1"][~unknown], atol=1e-6)
    found = small.predict_haplotypes(two, "mother", **files, regions=region)
    assert found["mother 1"].unknown == unknown.sum()
    sites = differences([region], found["mother 1"], found["mother 2"], 0.0, 32)  # every known bin reaches 0
    covered = {start for site in sites for start in range(site.interval.start, site.interval.end, 32)}
    assert covered == set(starts[~unknown].tolist())


def test_homozygous_variants_and_distant_sets_are_known(
    small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path
):
    region = Interval("chr1", 49_920, 51_840)
    rows = [(50_100, "0|1:1"), (50_150, "1|1:7"), (50_160, "1/1:."), (51_500, "1|0:2")]
    path = records(genome_files, tmp_path / "v.vcf", rows)
    scores = window_scores(small, files, path, region)
    assert not any(np.isnan(row).any() for row in scores.values())
    assert (np.abs(scores["mother 2"] - scores["mother 1"]) > 1e-6).any()


def test_genotypes_that_have_to_be_guessed_are_counted(genome_files: Synthetic, tmp_path: Path):
    """A leading separator (VCF 4.4), half-calls, haploid and missing ones, one that is not phased, a third copy."""
    rows = ["|0|1:.", ".|1:.", ".|.:.", "1:.", "0/1:.", "./.:.", "0|1|1:.", "0|0:.", "1|.:3"]
    path = records(genome_files, tmp_path / "v.vcf", [(50_000 + 1000 * i, row) for i, row in enumerate(rows)])
    genome = Genome(genome_files.genome)
    one, other = Haplotype.both(path, "mother", genome)
    assert [item.start for item in one.variants["chr1"]] == [52_999, 57_999]
    assert [item.start for item in other.variants["chr1"]] == [49_999, 50_999, 52_999, 53_999]
    assert (
        one.notes
        == other.notes
        == {
            "missing genotypes, taken as the reference": 2,
            "half-called genotypes, their unknown allele taken as the reference": 2,
            "haploid genotypes, on both haplotypes": 1,
            "unphased heterozygous genotypes, each a phase set of its own": 1,
        }
    )
    assert [item.reason for item in one.skipped] == ["genotype of more than two alleles"]
    sets = one.phases["chr1"].sets.tolist()
    assert sets == [sets[0], sets[0], sets[2], sets[3]]  # without PS one set; the unphased one; set 3
    assert len(set(sets)) == 3


def test_files_of_haplotypes(small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path, read_track):
    """The numbers are those in memory; regions that overlap are predicted once; the same call does nothing."""
    rows = [(50_100, "0|1:1"), (50_180, "1|0:2"), (70_000, "1|1:1"), (70_040, "0|1:.")]
    path = records(genome_files, tmp_path / "v.vcf", rows)
    regions = [("chr2", 40, 200), ("chr1", 70_000, 70_300), ("chr1", 49_900, 50_300), ("chr1", 50_200, 50_400)]
    how = {**files, "regions": regions, "output": tmp_path / "o" / "h", "threshold": 0.4}
    found = small.predict_haplotypes(path, "mother", **how)
    assert [file.name for file in found.files] == [
        *("h.reference.bw", "h.haplotype1.bw", "h.haplotype2.bw", "h.sites.tsv", "h.skipped.tsv", "h.json"),
    ]
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == sorted(file.name for file in found.files)
    merged = [("chr1", 49_888, 50_400), ("chr1", 69_984, 70_304), ("chr2", 32, 224)]
    direct = small.predict_haplotypes(path, "mother", **files, regions=merged)
    for file, one in zip(found.files, direct.values(), strict=False):
        for chrom in ("chr1", "chr2"):
            wanted = np.full(Genome(genome_files.genome).sizes[chrom], np.nan)
            for (name, *_), starts, scores in zip(merged, one.starts, one.scores, strict=True):
                if name == chrom:
                    wanted[(starts[:, None] + np.arange(32)).ravel()] = np.repeat(scores, 32)
            np.testing.assert_allclose(read_track(file, chrom), wanted, atol=1e-6)
    assert found.unknown == {"mother 1": direct["mother 1"].unknown, "mother 2": direct["mother 2"].unknown}
    assert found.unknown["mother 1"] > 0
    sites = [line.split("\t") for line in found.files[3].read_text().splitlines()[1:]]
    for pair, kinds in found.sites.items():
        first, second = pair.split(" to ")
        names = list(direct)
        tracks = [direct[names[0] if name == "reference" else name] for name in (first, second)]
        wanted = differences([Interval(*row) for row in merged], *tracks, 0.4, 32)
        here = [row for row in sites if row[4:6] == [first, second]]
        assert [(row[0], int(row[1]), int(row[2]), row[3]) for row in here] == [
            (site.interval.chrom, site.interval.start, site.interval.end, site.kind) for site in wanted
        ]
        assert sum(kinds.values()) == len(wanted)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in found.files}
    assert str(small.predict_haplotypes(path, "mother", **how)) == str(found)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in found.files} == before
    small.predict_haplotypes(path, "mother", **{**how, "threshold": None})
    assert not found.files[3].exists()  # what an earlier call made does not stay


def test_haplotypes_go_on_where_they_stopped(
    small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from zoo.variants import haplotype_run

    monkeypatch.setattr(haplotype_run, "_MOST", 16)
    path = records(genome_files, tmp_path / "v.vcf", [(50_100, "0|1:1"), (52_500, "1|1:1")])
    how = {**files, "regions": Interval("chr1", 49_000, 56_000)}
    codes, seen = Forward.codes, []

    def stops(self, *read):
        if len(seen) == 7:
            raise KeyboardInterrupt
        seen.append(len(read[0]))
        return codes(self, *read)

    monkeypatch.setattr(Forward, "codes", lambda self, *read: seen.append(len(read[0])) or codes(self, *read))
    whole = small.predict_haplotypes(path, "mother", **how, output=tmp_path / "a")
    windows, seen[:] = sum(seen), []
    monkeypatch.setattr(Forward, "codes", stops)
    with pytest.raises(KeyboardInterrupt):
        small.predict_haplotypes(path, "mother", **how, output=tmp_path / "b")
    monkeypatch.setattr(Forward, "codes", lambda self, *read: seen.append(len(read[0])) or codes(self, *read))
    again = small.predict_haplotypes(path, "mother", **how, output=tmp_path / "b")
    assert windows < sum(seen) < windows + 3 * 2 * 16 + 3
    for one, other in zip(whole.files[:-1], again.files[:-1], strict=True):
        assert one.read_bytes() == other.read_bytes()
    parts = small.predict_haplotypes(path, "mother", **how)  # cut into regions, the numbers are the same
    np.testing.assert_allclose(
        parts["mother 2"].scores[0],
        track_of(again.files[2], 49_000 // 32 * 32, 56_000),
        atol=1e-6,
    )


def track_of(path: Path, start: int, end: int) -> np.ndarray:
    """A value of each bin of chr1."""
    import pyBigWig

    with pyBigWig.open(str(path)) as file:
        return np.array(file.values("chr1", start, end), np.float32)[::32]


def test_the_original_by_its_own_options(ctcf: zoo.Model, shared: Path, tmp_path: Path):
    """`zoo haplotypes --compat maxatac`: the golden's bins and scores from the original's BED, blocks and blacklist."""
    from zoo.cli import main

    root = shared / "golden" / "maxatac" / "e2e"
    command = ["haplotypes", str(ctcf.path), str(root / "inputs" / "variants_sites.bed"), "--compat", "maxatac"]
    command += ["--genome", str(root / "inputs" / "genome.2bit"), "--regions", str(root / "inputs/variants_blocks.bed")]
    command += ["--signal", str(root / "outputs/prepare_fragments/sample_IS_slop20_RP20M_minmax01.bw")]
    command += ["--blacklist", str(root / "inputs" / "blacklist.bed"), "--output"]
    assert main([*command, str(tmp_path / "var")]) == 0
    ours, golden = (
        [line.split() for line in path.read_text().splitlines()]
        for path in (tmp_path / "var.bg", root / "outputs" / "variants" / "var.bg")
    )
    assert [row[:3] for row in ours] == [row[:3] for row in golden]
    np.testing.assert_allclose(*[[float(row[3]) for row in rows] for rows in (ours, golden)], atol=2e-6)
    assert main([*command, str(tmp_path / "step"), "--stride", "1024"]) == 0
    assert len((tmp_path / "step.bg").read_text().splitlines()) < len(ours)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"compat": "maxatac"}, "compat must come with an output"),
        ({"compat": "maxatac", "output": "o", "strands": "both"}, "strands must be left out"),
        ({"compat": "maxatac", "output": "o", "sample": "mother"}, "sample must be left out"),
        ({"compat": "maxatac", "output": "o", "threshold": 0.5, "sample": None}, "threshold must be left out"),
        ({"blacklist": "b.bed"}, "blacklist must come with compat"),
        ({"threshold": 0.5}, "threshold must come with an output"),
        ({"threshold": "precison=0.9", "output": "o"}, "threshold"),
        ({"sample": None}, r"One of the samples .* must be named.*'mother', 'child'"),
        ({"variants": [("chr1", 5, "A", "C")]}, "A sample must be a column of a phased VCF file"),
        ({"stride": 48}, "stride"),
    ],
)
def test_options_that_do_not_fit(
    small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path, how: dict, said: str
):
    path = records(genome_files, tmp_path / "v.vcf", [(50_100, "0|1:1")])
    call = {"variants": path, "sample": "mother", **files, "regions": "chr1:50,001-50,100", **how}
    if "output" in how:
        call["output"] = tmp_path / "o"
    with pytest.raises(InputError, match=said):
        small.predict_haplotypes(**call)
    assert [item.name for item in tmp_path.iterdir()] == ["v.vcf"]


def test_outputs_over_inputs(small: zoo.Model, genome_files: Synthetic, files: dict, tmp_path: Path):
    path = records(genome_files, tmp_path / "h.sites.tsv", [(50_100, "0|1:1")]).rename(tmp_path / "h.vcf")
    regions = tmp_path / "h.sites.tsv"
    regions.write_text("chr1\t50000\t50100\n")
    before = regions.read_bytes()
    with pytest.raises(InputError, match=r"must replace no .* file that the run reads"):
        small.predict_haplotypes(path, "mother", **files, regions=regions, output=tmp_path / "h")
    assert regions.read_bytes() == before


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
