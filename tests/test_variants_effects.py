"""Effects of variants: the numbers of ASAP's program, properties that hold, and input that is not as it should be."""

import bz2
import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from registry import digests
from zoo import folder
from zoo.architectures import scores
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant, Vcf, normalized
from zoo.inputs.reader import Around, WindowReader
from zoo.porting import asap
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.variants import reading
from zoo.variants.alleles import Place, on_reference, windows
from zoo.variants.scores import (
    alternative_over_reference,
    jensen_shannon,
    largest_difference,
    log2_fold_change,
    log2_ratio_plus_1,
)
from zoo.variants.window import VariantWindow

csv.field_size_limit(1 << 30)


def accessibility(target: Path, network, architecture: Architecture) -> zoo.Model:
    """A model of DNA alone, as ASAP's are, from a network."""
    bins = scores(network).output_shape[1]
    window = network.input_shape[1]
    spec = ModelSpec(
        name="test/ATAC",
        description="tests",
        architecture=architecture,
        input=InputSpec(window, "none"),
        outputs=(OutputSpec(bins, 4, 0, "ATAC", "accessibility, ln(1 + track)", transform="log1p"),),
        prediction=PredictionSpec(window // 2, ("forward", "reverse_complement"), center_only=True),
        metrics={},
        provenance={"source": "tests"},
    )
    inputs = np.zeros((1, window, 4), np.float32)
    target.mkdir()
    golden = folder.Golden(inputs, np.asarray(scores(network)(inputs, training=False)))
    folder.write(target, spec, network, golden, None, "# test\n")
    digests.write_digests(target, {"source": "tests"})
    return zoo.load(target)


@pytest.fixture(scope="module")
def lstm(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> zoo.Model:
    """The golden LSTM of full size."""
    with np.load(shared / "golden" / "asap" / "lstm" / "weights.npz") as tensors:
        network = asap.from_torch("lstm", {name: w for name, w in tensors.items() if not name.startswith("unmap")})
    return accessibility(tmp_path_factory.mktemp("asap") / "lstm", network, Architecture("lstm", {}))


@pytest.fixture(scope="module")
def atac() -> zoo.Model:
    """The yeast model that ships with the package."""
    return zoo.load("yeast/ATAC")


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal}


def other(base: str) -> str:
    """Another base."""
    return {"A": "G", "C": "T", "G": "C", "T": "A"}[base]


def some(genome: Genome, count: int, chrom: str = "chr1", first: int = 20_000, step: int = 733) -> list[tuple]:
    """Substitutions on a chromosome."""
    places = [first + step * i for i in range(count)]
    bases = [genome.sequence(chrom, place, place + 1) for place in places]
    return [(chrom, place + 1, base, other(base)) for place, base in zip(places, bases, strict=True)]


def test_the_numbers_of_asap(lstm: zoo.Model, asap_data: Path, asap_genome: Genome):
    """Profiles of both alleles, the notebook's scores of one bin; the record with a wrong REF is left out, and told."""
    found = lstm.score_variants(asap_data / "inputs" / "snvs.vcf", genome=asap_genome, profiles=True, compat="asap")
    expected = list(csv.DictReader((asap_data / "snvs_snv_predictions.csv").open()))
    notebook = list(csv.DictReader((asap_data / "snv_scores_notebook.csv").open()))
    assert found.reasons == {
        "FILTER is not PASS": 1,
        "REF is not the genome's": 1,
        "the genome lacks its chromosome": 1,
    }
    assert [item["id"] for item in expected[len(found.places) :]] == ["rs_wrongref"]
    for number, (place, row, score) in enumerate(zip(found.places, expected, notebook, strict=False)):
        item = found.variants[place.number]
        assert (item.chrom, str(item.start + 1), item.ref, item.alt) == tuple(
            row[k] for k in ("chr", "pos", "ref", "alt")
        )
        for ours, theirs in ((found.reference, "signal_pred_ref"), (found.alternative, "signal_pred_alt")):
            np.testing.assert_allclose(ours[number], np.array(json.loads(row[theirs]))[:, 0], rtol=1e-5, atol=1e-5)
        for ours, theirs in (
            ("reference_over_alternative", "fc_ref_over_alt"),
            ("alternative_over_reference", "fc_alt_over_ref"),
            ("log2_ratio_plus_1", "log2_fc_plus1_ref_over_alt"),
        ):
            assert found.scores[ours][place.number] == pytest.approx(float(score[theirs]), abs=6e-4)
    signal = zoo.Signal(asap_data / "inputs" / "signal.bw")
    measured = json.loads(expected[0]["signal_true"])
    at = [2500 - 512 + 4 * i for i in range(256)]
    maxima = [signal.values("chr1", start, start + 4).max() for start in at]
    np.testing.assert_allclose(measured, maxima, rtol=1e-3)  # theirs is in half precision


def test_the_table_of_asap(lstm: zoo.Model, asap_data: Path, asap_genome: Genome, tmp_path: Path):
    """`csv`: the original's columns, rows and numbers; the record with a wrong REF is left out."""
    written = lstm.score_variants(
        asap_data / "inputs" / "snvs.vcf",
        genome=asap_genome,
        compat="asap",
        csv=True,
        measured=asap_data / "inputs" / "signal.bw",
        output=tmp_path / "snv",
    )
    assert [path.name for path in written] == ["snv.tsv", "snv.skipped.tsv", "snv.vcf", "snv.csv", "snv.json"]
    with open(asap_data / "snvs_snv_predictions.csv") as theirs, open(tmp_path / "snv.csv", newline="") as ours:
        expected = [row for row in csv.DictReader(theirs) if row["id"] != "rs_wrongref"]
        found = list(csv.DictReader(ours))
    assert list(found[0]) == list(expected[0])
    for one, other in zip(found, expected, strict=True):
        assert [one[key] for key in ("id", "chr", "pos", "ref", "alt")] == [
            other[key] for key in ("id", "chr", "pos", "ref", "alt")
        ]
        assert json.loads(one["signal_true"]) == json.loads(other["signal_true"])
        for key in ("signal_pred_ref", "signal_pred_alt"):
            lists = json.loads(one[key]), json.loads(other[key])
            np.testing.assert_allclose(*lists, rtol=1e-5, atol=1e-5)


def test_scales_of_tracks(atac: zoo.Model, files: dict, tmp_path: Path, read_track):
    rows = some(Genome(files["genome"]), 2)
    call = {"genome": files["genome"], "profiles": True}
    linear, natural = (
        read_track(atac.score_variants(rows, **call, scale=scale, output=tmp_path / scale)[3], "chr1")
        for scale in ("linear", "log1p")
    )
    assert np.isfinite(linear).sum() > 1000
    np.testing.assert_allclose(np.log1p(linear), natural, rtol=1e-5, atol=1e-6)
    found = atac.score_variants(rows, **call)
    first, near = found.places[0], found.layout.scored
    at = found.layout.start(first.variant) + near.start * 4
    assert natural[at] == pytest.approx(found.alternative[0, near][0], abs=1e-6)


def test_the_tracks_of_asap(lstm: zoo.Model, asap_data: Path, asap_genome: Genome, tmp_path: Path, read_track):
    """The measured track with predictions in the place of it around each variant, times two."""
    found = lstm.score_variants(asap_data / "inputs" / "snvs.vcf", genome=asap_genome, profiles=True, compat="asap")
    track = zoo.Signal(asap_data / "inputs" / "signal.bw")
    for path, name in zip(found.write_bigwigs(tmp_path / "snv", track, 2.0), ("ref", "alt"), strict=True):
        wrong = 25_000  # where the original predicted a record whose REF is not the genome's
        for chrom in ("chr1", "chr2", "chr3"):
            theirs = np.full(asap_genome.sizes[chrom], np.nan)
            for line in (asap_data / f"snv_bigwig_{name}_scale2.bedgraph").read_text().splitlines()[1:]:
                where, start, end, value = line.split("\t")
                if where == chrom:
                    theirs[int(start) : int(end)] = float(value)
            ours = read_track(path, chrom)
            both = ~np.isnan(theirs)
            if chrom == "chr3":
                both[wrong - 512 : wrong + 512] = False
            assert both.sum() > 15_000
            np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-4, atol=2e-3)


def test_what_the_original_cannot_do(lstm: zoo.Model, asap_genome: Genome, tmp_path: Path, read_track):
    """Variants near one another, at a chromosome's start and end, several alleles, insertions, one chromosome alone."""
    base = {at: asap_genome.sequence("chr1", at, at + 1) for at in (1500, 1550, 30_000)}
    last = asap_genome.sizes["chr2"] - 1
    near_end = asap_genome.sequence("chr2", last, last + 1)
    rows = [
        ("chr1", 1501, base[1500], other(base[1500])),
        ("chr1", 1551, base[1550], other(base[1550])),
        ("chr1", 30_001, base[30_000], base[30_000] + "ACG"),
        ("chr1", 30_001, base[30_000], other(base[30_000])),
        ("chr2", last + 1, near_end, other(near_end)),
    ]
    found = lstm.score_variants(rows, genome=asap_genome, profiles=True)
    assert not found.skipped
    assert np.isfinite(found.scores["log2_fold_change"]).all()
    assert (found.scores["jensen_shannon"] > 0).all()
    path, other_path = found.write_bigwigs(tmp_path / "near")
    track = read_track(path, "chr1")
    first_allele = next(i for i, place in enumerate(found.places) if place.variant.start == 30_000)
    shown = np.repeat(np.expm1(found.alternative[first_allele, found.layout.scored]), 4)
    start = found.layout.start(found.places[first_allele].variant) + 4 * found.layout.scored.start
    theirs = read_track(other_path, "chr1")[start : start + 1024]
    assert np.abs(theirs - shown).max() < 1e-5  # of several alleles at a place the first
    assert np.isnan(track[900])
    assert not np.isnan(track[1000:2000]).any()  # one behind the other, each base of the nearest
    first = np.expm1(found.reference[0, found.layout.scored])
    assert track[1500] == pytest.approx(first[128], rel=1e-5)


def test_swapped_alleles_are_opposite(small: zoo.Model, atac: zoo.Model, genome_files: Synthetic, tmp_path: Path):
    genome = Genome(genome_files.genome)
    variants = some(genome, 20)
    changed = {chrom: genome.codes(chrom, 0, size) for chrom, size in genome.sizes.items()}
    alone = []
    for number, (chrom, position, ref, alt) in enumerate(variants):
        codes = {**changed, chrom: changed[chrom].copy()}
        codes[chrom][position - 1] = encode(alt)[0]
        if number < 3:
            write_twobit(tmp_path / f"{number}.2bit", codes)
            alone.append((Genome(tmp_path / f"{number}.2bit"), (chrom, position, alt, ref)))
    for model, signal in ((small, {"signal": genome_files.signal}), (atac, {})):
        one = model.score_variants(variants, genome=genome, **signal).scores
        for number, (other_genome, swapped) in enumerate(alone):
            two = model.score_variants([swapped], genome=other_genome, **signal).scores
            for name in ("log2_fold_change", "difference", "largest_difference"):
                assert (
                    two[name][0] == -model.score_variants([variants[number]], genome=genome, **signal).scores[name][0]
                )
                assert two[name][0] == pytest.approx(
                    -one[name][number], rel=1e-4, abs=1e-5
                )  # in a batch of another size
            assert two["jensen_shannon"][0] == pytest.approx(one["jensen_shannon"][number], abs=1e-7)


def test_scores_are_those_of_windows(small: zoo.Model, genome_files: Synthetic):
    """By hand: the window with the variant in the middle, each allele, both strands."""
    genome, signal = Genome(genome_files.genome), zoo.Signal(genome_files.signal)
    (row,) = some(genome, 1)
    place, start = row[1] - 1, row[1] - 1 - 128
    x = np.zeros((2, 256, 5), np.float32)
    x[..., :4] = one_hot(genome.codes("chr1", start, start + 256))
    x[..., 4] = signal.values("chr1", start, start + 256)
    x[1, 128, :4] = one_hot(encode(row[3]))[0]
    turned = x[:, ::-1][..., [3, 2, 1, 0, 4]]
    both = 0.5 * (small.predict(x) + small.predict(np.ascontiguousarray(turned))[:, ::-1])
    found = small.score_variants([row], genome=genome, signal=signal, profiles=True)
    np.testing.assert_allclose([found.reference[0], found.alternative[0]], both, atol=1e-6)
    change = both[1].astype(float).sum() - both[0].astype(float).sum()
    assert found.scores["difference"][0] == pytest.approx(change, abs=1e-5)
    assert found.scores["maximum_reference"][0] == pytest.approx(both[0].max(), abs=1e-6)
    np.testing.assert_allclose(found.change[0], both[1] - both[0], atol=2e-6)
    forward = small.score_variants([row], genome=genome, signal=signal, strands="forward", profiles=True)
    np.testing.assert_allclose(forward.reference[0], small.predict(x)[0], atol=1e-6)
    assert place == found.places[0].variant.start


def test_shifted_windows_are_averaged(atac: zoo.Model, genome_files: Synthetic):
    genome = Genome(genome_files.genome)
    (row,) = some(genome, 1)
    found = atac.score_variants([row], genome=genome, strands="forward", shifts=3, profiles=True)
    window, size = atac.spec.input.window, atac.spec.output.bin_size
    shifted = []
    for shift in (-64, 0, 64):
        start = row[1] - 1 - window // 2 + shift
        y = atac.predict(one_hot(genome.codes("chr1", start, start + window))[None])[0]
        first = (64 - shift) // size
        shifted.append(y[first : first + len(y) - 128 // size])
    np.testing.assert_allclose(found.reference[0], np.mean(shifted, axis=0), atol=1e-5)


def test_indels_and_their_twins(atac: zoo.Model, tmp_path: Path):
    """A deletion in a repeat, written at each place where it may stand, is one; so is an insertion."""
    text = "".join(np.random.default_rng(2).choice(list("ACGT"), 6000))
    text = text[:3000] + "G" + "CA" * 6 + "T" + text[3014:]
    write_twobit(tmp_path / "g.2bit", {"chr1": encode(text)})
    genome = Genome(tmp_path / "g.2bit")
    deletions = [("chr1", 3001 + i, text[3000 + i : 3003 + i], text[3000 + i]) for i in range(10)]
    insertions = [("chr1", 3001, "G", "GCA"), ("chr1", 3003, "A", "ACA"), ("chr1", 3013, "A", "ACA")]
    for rows in (deletions, insertions):
        found = atac.score_variants(rows, genome=genome)
        assert len({place.variant.start for place in found.places}) == 1
        for values in found.scores.values():
            assert len(set(values.tolist())) == 1
        assert abs(found.scores["log2_fold_change"][0]) > 0


def test_normal_forms(tmp_path: Path):
    write_twobit(tmp_path / "g.2bit", {"1": encode("GGGCACACACAGGG")})
    genome = Genome(tmp_path / "g.2bit")

    def told(start: int, ref: str, alt: str) -> tuple:
        found = normalized(Variant("1", start, ref, alt), genome, "1")
        return found.start, found.ref, found.alt

    assert told(9, "CAG", "G") == (3, "CA", "")  # Tan et al. 2015, figure 2, with its anchor G left out
    assert told(2, "GCACA", "GCA") == (3, "CA", "")
    assert told(5, "C", "CACAC") == (3, "", "CACA")
    assert told(4, "A", "T") == (4, "A", "T")
    assert told(3, "CAC", "CTC") == (4, "A", "T")
    assert told(0, "GG", "G") == (0, "G", "")


def test_normal_forms_of_random_variants(tmp_path: Path):
    """Against every way to write the same change: the shortest, and of these the one furthest left."""
    random = np.random.default_rng(4)
    for number in range(40):
        text = "".join(random.choice(list("AC"), 14))
        write_twobit(tmp_path / f"{number}.2bit", {"1": encode(text)})
        genome = Genome(tmp_path / f"{number}.2bit")
        start, length = int(random.integers(1, 9)), int(random.integers(0, 4))
        alt = "".join(random.choice(list("AC"), int(random.integers(0, 4))))
        ref = text[start : start + length]
        changed = text[:start] + alt + text[start + length :]
        if ref == alt:
            continue
        found = normalized(Variant("1", start, ref, alt), genome, "1")
        assert text[found.start : found.end] == found.ref
        assert text[: found.start] + found.alt + text[found.end :] == changed
        same = [
            (len(text) - kept + len(changed) - kept, first)
            for first in range(len(text))
            for last in range(first, len(text) + 1)
            if (kept := first + len(text) - last) <= len(changed)
            and changed[:first] == text[:first]
            and changed[len(changed) - (len(text) - last) :] == text[last:]
        ]
        assert (len(found.ref) + len(found.alt), found.start) == min(same)


def test_windows_of_an_insertion_and_a_deletion(tmp_path: Path):
    write_twobit(tmp_path / "g.2bit", {"1": encode("ACGTACGTACGTACGTACGT")})
    reader = Around(WindowReader(Genome(tmp_path / "g.2bit")))

    def texts(variant: Variant) -> list[str]:
        place = Place(0, "1", variant)
        read = windows(reader.rows("1", 4, 4 + place.reach(8)), place, 4, 8)
        return ["".join("ACGTN"[code] for code in codes) for (codes,) in read]

    assert texts(Variant("1", 7, "", "GG")) == ["ACGTACGT", "ACGGGTAC"]
    assert texts(Variant("1", 7, "TAC", "")) == ["ACGTACGT", "ACGGTACG"]
    assert texts(Variant("1", 7, "T", "A")) == ["ACGTACGT", "ACGAACGT"]


def test_bins_of_an_indel_on_the_reference():
    profile = np.arange(6, dtype=np.float32)  # bins of 2 bp: 0 0 1 1 2 2 3 3 4 4 5 5

    def moved(ref: str, alt: str) -> list[float]:
        return on_reference(profile, Place(0, "1", Variant("1", 104, ref, alt)), 100, 2).tolist()

    assert moved("A", "G") == [0, 1, 2, 3, 4, 5]
    assert moved("", "GG") == [0, 1, 3, 4, 5, 5]  # what was inserted is left out
    assert moved("AC", "") == [0, 1, 1, 2, 3, 4]  # what was deleted has its left neighbor's value
    assert moved("", "G") == [0, 1, 2.5, 3.5, 4.5, 5]


def test_scores_by_hand():
    reference = np.array([[1.0, 2, 1, 0]], np.float32)
    alternative = np.array([[1.0, 6, 1, 0]], np.float32)
    assert log2_fold_change(reference, alternative)[0] == pytest.approx(1, abs=1e-4)
    assert largest_difference(reference, alternative)[0] == 4
    assert largest_difference(alternative, reference)[0] == -4
    assert jensen_shannon(reference, reference)[0] == 0
    assert jensen_shannon(reference, np.array([[0, 0, 0, 1.0]]))[0] == pytest.approx(1, abs=1e-6)
    flat = np.full((1, 50), 2.0)
    assert alternative_over_reference(flat, 3 * flat, 25)[0] == pytest.approx(3, abs=1e-3)
    assert log2_ratio_plus_1(flat, flat, 25)[0] == pytest.approx(1, abs=1e-3)


def test_a_broken_motif_lowers_ctcf(ctcf: zoo.Model, shared: Path):
    """In each real site the base that matters most is changed; 2 kb away a change leaves the site as it was."""
    human = shared / "data" / "hg19_chr20_gm12878"
    files = {"genome": Genome(human / "hg19_chr20_to_11095000.2bit"), "signal": human / "gm12878_minmax_p99.bw"}
    why = ctcf.attribute(**files, regions=next(human.glob("peaks_GM12878/*BroadGm12878Ctcf*")))
    rows = []
    for i, window in enumerate(why.intervals):
        at = int(why.scores[i].argmax())
        worst = int(why.hypothetical[i, at].argmin())
        rows.append((window.chrom, window.start + at + 1, "ACGT"[why.codes[i, at]], "ACGT"[worst]))
    found = ctcf.score_variants(rows, **files)
    assert (found.scores["difference"] < 0).mean() == 1
    assert np.median(found.scores["log2_fold_change"]) < -0.3
    assert (found.scores["maximum_alternative"] < found.scores["maximum_reference"]).mean() > 0.9
    chrom, position, *_ = rows[0]
    far = position + 2000
    base = files["genome"].sequence(chrom, far - 1, far)
    changed = ctcf.score_variants([(chrom, far, base, other(base))], **files, profiles=True)
    assert changed.layout.start(changed.places[0].variant) > position  # its window does not reach the site


VCF = """##fileformat=VCFv4.2
##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
{rows}"""


def test_files_of_a_vcf(small: zoo.Model, files: dict, tmp_path: Path):
    """Unsorted, without chr, several alleles; symbolic and mismatching ones are told and do not stop anything."""
    genome = Genome(files["genome"])
    at = [genome.sequence("chr1", place, place + 1) for place in (50_000, 20_000, 30_000)]
    wrong = other(at[2])
    rows = [
        f"1\t50001\trs1\t{at[0]}\t{other(at[0])}\t.\tPASS\tDP=7",
        f"1\t20001\trs2\t{at[1]}\t{other(at[1])},{at[1]}TT,<DEL>\t.\tLOW\t.",
        f"1\t30001\t.\t{wrong}\t{at[2]}\t.\tPASS\t.",
        "7\t5\t.\tA\tC\t.\tPASS\t.",
        "1\t999999\t.\tA\tC\t.\tPASS\t.",
    ]
    path = tmp_path / "in.vcf.gz"
    path.write_bytes(gzip.compress(VCF.format(rows="\n".join(rows) + "\n").encode()))
    blocks = VCF.format(rows="\n".join(rows[:2]) + "\n").encode()
    (tmp_path / "blocks.vcf.bgz").write_bytes(gzip.compress(blocks[:90]) + gzip.compress(blocks[90:]))
    assert len(list(Vcf(tmp_path / "blocks.vcf.bgz").variants())) == 4
    (tmp_path / "plain.vcf.bz2").write_bytes(bz2.compress(blocks))
    assert len(list(Vcf(tmp_path / "plain.vcf.bz2").variants())) == 4
    written = small.score_variants(path, **files, output=tmp_path / "out" / "v", profiles=True)
    assert [item.name for item in written] == [
        "v.tsv",
        "v.skipped.tsv",
        "v.vcf",
        "v.reference.bw",
        "v.alternative.bw",
        "v.json",
    ]
    assert sorted(item.name for item in (tmp_path / "out").iterdir()) == sorted(item.name for item in written)
    table = list(csv.DictReader(written[0].open(), delimiter="\t"))
    assert [(row["chrom"], row["pos"], row["id"]) for row in table] == [
        ("1", "50001", "rs1"),
        *[("1", "20001", "rs2")] * 2,
    ]
    skipped = list(csv.DictReader(written[1].open(), delimiter="\t"))
    assert [row["reason"] for row in skipped] == [
        "symbolic allele",
        "REF is not the genome's",
        "the genome lacks its chromosome",
        "beyond the chromosome's end",
    ]
    assert skipped[0]["where"].endswith("in.vcf.gz, line 5")
    direct = small.score_variants(path, **files)
    assert float(table[0]["difference"]) == pytest.approx(direct.scores["difference"][0], abs=1e-6)
    said = json.loads(written[-1].read_text())
    assert said["scored"] == 3
    assert sum(said["skipped"].values()) == 4
    again = Vcf(written[2])
    assert [variant.name for variant in again.variants()] == [variant.name for variant in Vcf(path).variants()]
    info = [columns[7] for columns, _ in again.rows()]
    assert info[0].startswith("DP=7;ZOO_LFC_test_SMALL=")
    assert info[1].split("ZOO_LFC_test_SMALL=")[1].split(";")[0].split(",")[2] == "."
    assert info[2:] == [".", ".", "."]  # no score, no entry
    assert any(line.startswith("##INFO=<ID=ZOO_JSD_test_SMALL,Number=A") for line in again.header)
    assert small.score_variants(path, **files, only_passing=True).reasons["FILTER is not PASS"] == 3
    blacklist = tmp_path / "b.bed"
    blacklist.write_text("chr1\t49999\t50010\n")
    assert small.score_variants(path, **files, blacklist=blacklist).reasons["in the blacklist"] == 1
    with pytest.raises(InputError, match=r"in.vcf.gz, line 6: Reference alleles must be those of the genome.*1:30001"):
        small.score_variants(path, **files, strict=True)


def test_an_interrupted_run_goes_on(small: zoo.Model, files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from zoo.forward.forward import Forward
    from zoo.variants import run

    monkeypatch.setattr(run, "_KEPT", 4)
    rows, codes, seen = some(Genome(files["genome"]), 10), Forward.codes, []

    def stops(self, *read):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(len(read[0]))
        return codes(self, *read)

    monkeypatch.setattr(Forward, "codes", stops)
    with pytest.raises(KeyboardInterrupt):
        small.score_variants(rows, **files, output=tmp_path / "v")
    monkeypatch.setattr(Forward, "codes", lambda self, *read: seen.append(len(read[0])) or codes(self, *read))
    small.score_variants(rows, **files, output=tmp_path / "v")
    assert seen == [8, 8, 4]
    table = list(csv.DictReader((tmp_path / "v.tsv").open(), delimiter="\t"))
    whole = small.score_variants(rows, **files).scores["difference"]
    np.testing.assert_allclose([float(row["difference"]) for row in table], whole, atol=1e-5)


def test_tables_of_variants(small: zoo.Model, files: dict, tmp_path: Path):
    pandas = pytest.importorskip("pandas")
    rows = some(Genome(files["genome"]), 3)
    wanted = small.score_variants(rows, **files)
    frame = pandas.DataFrame(rows, columns=["chr", "POS", "ref", "alt"])
    (tmp_path / "t.tsv").write_text(
        "chrom\tpos\tid\tref\talt\n" + "".join("{}\t{}\tx\t{}\t{}\n".format(*r) for r in rows)
    )
    for given in (frame, tmp_path / "t.tsv"):
        found = small.score_variants(given, **files)
        assert np.array_equal(found.scores["difference"], wanted.scores["difference"])
    assert list(wanted.to_frame()["pos"]) == [row[1] for row in rows]
    assert "3 of 3 variants scored" in str(wanted)
    assert max(map(len, str(wanted).splitlines())) <= 80


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("##fileformat=VCFv4.2\nchr1\t5\t.\tA\tC\n", "A VCF file .* a line #CHROM"),
        (VCF.format(rows="chr1\tx\t.\tA\tC\t.\t.\t.\n"), "line 4: A .* of a VCF file must be CHROM, POS"),
        (VCF.format(rows=""), "There must be at least one variant"),
        ("chrom\tposition\nchr1\t5\n", r"columns chrom, pos, ref and alt.*missing=\['ref', 'alt'\]"),
        ("chrom\tpos\tref\talt\nchr1\tfive\tA\tC\n", "must be a variant to score.*position is 0 or no whole number"),
        ("chrom\tpos\tref\talt\n1\tchr1\t5\tA\tC\n", "line 2: A row .* must not have more cells.*names of rows"),
        ("# x\n\nchrom\tpos\tref\talt\n\n1\tchr1\t5\tA\tC\n", "line 5: A row .* must not have more cells"),
        ("chrom\tpos\tref\tref\talt\nchr1\t5\tA\tA\tC\n", r"each column once.*\['ref'\]"),
        (VCF.format(rows="chr9\t5\t.\tA\tC\t.\t.\t.\n"), "must be a variant to score.*lacks its chromosome"),
    ],
)
def test_bad_files(small: zoo.Model, files: dict, tmp_path: Path, text: str, said: str):
    path = tmp_path / ("in.vcf" if text.startswith("##") else "in.tsv")
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        small.score_variants(path, **files, output=tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "text", "is_vcf"),
    [
        ("x.tsv", "## made by me\n# and\tyou\n\nchrom\tpos\tref\talt\n\nchr1\t5\tA\tG\n", False),
        ("x.tsv", "## made by me\n#chrom\tpos\tref\talt\n\n\nchr1\t5\tA\tG\n", False),
        ("x.tsv", "\n\n# x\n#CHR\tPOS\tREF\tALT\nchr1\t5\tA\tG\n", False),
        ("x.tsv", "##fileformat=VCFv4.2\n## x\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t5\t.\tA\tG\n", True),
        ("x.tsv", "##source=x\n#CHROM\tPOS\tID\tREF\tALT\n#\n\nchr1\t5\t.\tA\tG\n", True),
        ("x.txt", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\n\n\n\nchr1\t5\t.\tA\tG\t.\n", True),
        ("x.vcf", "\n#CHROM\tPOS\tID\tREF\tALT\n", True),
    ],
)
def test_tables_and_vcf_by_their_content(tmp_path: Path, name: str, text: str, is_vcf: bool):
    """Comments stand before the names of the columns; lines are numbered as in the file."""
    path = tmp_path / name
    path.write_text(text)
    assert reading.is_vcf(path) == is_vcf
    if name != "x.vcf":
        (found,) = reading.read(path)
        number = text.count("\n")
        assert (str(found), found.where, found.record) == ("chr1:5 A>G", f"{path}, line {number}", 0)


def test_bad_choices(small: zoo.Model, files: dict, tmp_path: Path):
    rows = some(Genome(files["genome"]), 1)
    for call, said in (
        ({"shifts": 2}, "shifts must be an odd number of windows"),
        ({"around": 32}, "around must be 64 to 256 bp"),
        ({"compat": "maxatac"}, 'compat must be None or "asap"'),
        ({"compat": "asap", "strands": "both"}, "strands must be left out"),
        ({"compat": "asap", "shifts": 3}, "shifts must be 1"),
        ({"strands": "reverse"}, "strands .* one of"),
        ({"only_passing": True}, "only_passing needs variants with a column FILTER"),
        ({"csv": True}, "csv, measured and scale must come with an output"),
        ({"scale": "log1p"}, "csv, measured and scale must come with an output"),
        ({"measured": files["signal"]}, "csv, measured and scale must come with an output"),
        ({"output": tmp_path / "o", "scale": "log1p"}, "scale must be left out where nothing is written"),
        ({"output": tmp_path / "o", "measured": files["signal"]}, "measured must be left out"),
        ({"output": tmp_path / "o", "profiles": True, "scale": "ln"}, "scale must be one of linear, log1p"),
        ({"output": tmp_path / "o", "profiles": True, "scale": "log1p"}, r"which predicts ln\(1 \+"),
    ):
        with pytest.raises(InputError, match=said):
            small.score_variants(rows, **files, **call)
    assert not list(tmp_path.iterdir())
    for given in (tmp_path / "none.vcf", tmp_path, "chr1:5:A:C", [("chr1", 5)], ["ACGT"], {"chrom": 1}, 5, None):
        with pytest.raises(InputError):
            small.score_variants(given, **files)
    with pytest.raises(InputError, match="profiles=True"):
        small.score_variants(rows, **files).write_bigwigs(tmp_path / "x")


def test_layouts(small: zoo.Model, atac: zoo.Model):
    whole, half = VariantWindow.of(small.spec), VariantWindow.of(atac.spec)
    assert (whole.index, whole.scored, whole.bin) == (128, slice(0, 8), 4)
    assert (half.scored.stop - half.scored.start) * half.bin_size == atac.spec.prediction.stride
    assert VariantWindow.of(atac.spec, compat="asap").index == half.index - 1
    assert VariantWindow.of(atac.spec, compat="asap").scored == half.scored
