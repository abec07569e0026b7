"""Variants by the heads of a profile and its total counts: the numbers of variant-scorer, peaks, P values."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import profiles
import pytest
from scipy.spatial.distance import jensenshannon

import zoo
from zoo.cli import main
from zoo.errors import InputError, ZooWarning
from zoo.genome.encode import encode, one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.shuffle import dinucleotide_shuffle
from zoo.genome.vcf import Variant
from zoo.inputs.reader import WindowReader
from zoo.spec import Architecture, InputSpec, OutputSpec
from zoo.variants import literal, reading, scores
from zoo.variants.alleles import Place, windows
from zoo.variants.batches import AlleleBatches
from zoo.variants.heads import AlleleHeads
from zoo.variants.peaks import Peaks
from zoo.variants.significance import combined, p_values
from zoo.variants.window import VariantWindow

LENGTH = 3000
AAQ = "active_allele_quantile"


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, object]:
    """Files and numbers of variant-scorer, and the model, read tensor by tensor."""
    folder = shared / "zoo_weights" / "chrombpnet" / "k562"
    network = zoo.build("bpnet")
    layers = {"stem": "1st_conv", "profile_convolution": "prof_out_precrop", "counts_dense": "logcount_predictions"}
    layers |= {f"dilated{i}": f"{i}conv" for i in range(1, 9)}
    with h5py.File(folder / "chrombpnet_nobias.h5") as file:
        for layer, name in layers.items():
            group = file[f"model_weights/wo_bias_bpnet_{name}/wo_bias_bpnet_{name}"]
            network.get_layer(layer).set_weights([group["kernel:0"][()], group["bias:0"][()]])
    heads = (
        OutputSpec(1000, 1, 557, "K562", "logits", "profile", "profile"),
        OutputSpec(1, 1000, 557, "K562", "ln(1 + cut sites)", "counts", "counts", "log1p"),
    )
    spec = profiles.spec(architecture=Architecture("bpnet", {}), input=InputSpec(2114, "none"), outputs=heads)
    numbers = np.load(folder / "variants_golden.npz")
    return {"folder": folder, "model": zoo.Model(spec, network), "numbers": dict(numbers)}


@pytest.fixture(scope="module")
def chr22(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 300 kb that positions are relative to."""
    fasta = next((shared / "data" / "hg38_chr22_scatac").glob("*.fa")).read_text()
    path = tmp_path_factory.mktemp("chr22") / "g.2bit"
    write_twobit(path, {"chr22": encode("".join(fasta.split("\n")[1:]))})
    return path


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    path = tmp_path_factory.mktemp("small") / "g.2bit"
    random = np.random.default_rng(5)
    write_twobit(path, {name: random.integers(0, 4, LENGTH).astype(np.uint8) for name in ("chr1", "chr2")})
    return Genome(path)


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    return profiles.model()


def substitutions(genome: Genome, count: int, first: int = 1000, chrom: str = "chr1") -> list[tuple]:
    places = [first + 37 * i for i in range(count)]
    bases = [genome.sequence(chrom, place, place + 1) for place in places]
    return [(chrom, at + 1, base, "A" if base != "A" else "C") for at, base in zip(places, bases, strict=True)]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over all but the first axis."""
    flat = logits.reshape(len(logits), -1).astype(float)
    raised = np.exp(flat - flat.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def by_hand(model: zoo.Model, x: np.ndarray, swap: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, …) of both strands' mean logits, and the mean of exp(counts)."""
    one, other = model.network(x), model.network(np.ascontiguousarray(x[:, ::-1, ::-1]))
    turned = np.asarray(other["profile"])[:, ::-1, :: -1 if swap else 1]
    counts = np.exp([np.asarray(one["counts"])[:, 0], np.asarray(other["counts"])[:, 0]]).mean(axis=0)
    return softmax(0.5 * (np.asarray(one["profile"]) + turned)), counts


@pytest.mark.parametrize("strands", ["both", "forward"])
@pytest.mark.filterwarnings("ignore:.*column 4 of the peaks")
def test_the_numbers_of_variant_scorer(golden: dict, chr22: Path, strands: str):
    """Every key, 18 variants: substitutions, deletions, insertions. The quantiles of `forward_` keys are among peaks
    that were predicted on both strands, which the program itself does not do: they are compared by themselves."""
    folder, numbers = golden["folder"], golden["numbers"]
    files = {"genome": chr22, "peaks": folder / "variant_peaks.tsv", "compat": "chrombpnet"}
    found = golden["model"].score_variants(folder / "variants.tsv", **files, strands=strands)
    assert not found.skipped
    own = {key: values.ravel() for key, values in numbers.items() if key != "peak_counts"}
    own = {key: values for key, values in own.items() if key.startswith("forward_") == (strands == "forward")}
    assert len(own) == 8
    counts = np.array([found.scores["allele1_counts"], found.scores["allele2_counts"]])
    both = AlleleHeads(counts, None, None, 0, np.sort(numbers["peak_counts"].ravel()).astype(float))
    for key, wanted in own.items():
        name = key.removeprefix("forward_")
        values = getattr(both, name) if key.startswith("forward_") and "quantile" in name else found.scores[name]
        difference = np.abs(values - wanted).max()
        relative = np.abs(values / wanted - 1).max()
        if "counts" in name:
            assert relative < 1e-5, f"{key}: {relative}"
        else:
            assert difference <= (0 if "quantile" in name else 1e-5), f"{key}: {difference}"


def test_counts_at_peaks_of_variant_scorer(golden: dict, chr22: Path):
    with pytest.warns(ZooWarning, match="column 4 of the peaks is taken for the summit's distance"):
        peaks = Peaks.read(golden["folder"] / "variant_peaks.tsv", Genome(chr22).sizes, 2114, "chrombpnet")
    reader, forward = WindowReader(Genome(chr22)), golden["model"].forward(("forward",))
    starts = [peak.start - 1058 for peak in peaks.peaks]  # its windows are one base to the left of the summit
    assert peaks.starts.tolist() == starts
    totals = peaks.predict(reader, forward.codes, slice(None), 16).sum(axis=1)
    x = one_hot(reader.batch([Interval("chr22", start, start + 2114) for start in starts[:2]])[0])
    assert len(totals) == 41
    np.testing.assert_allclose(totals[:2], np.expm1(golden["model"].network(x)["counts"])[:, 0], rtol=1e-5)
    counts = by_hand(golden["model"], x)[1]
    np.testing.assert_allclose(counts, golden["numbers"]["peak_counts"].ravel()[:2], rtol=1e-6)


def test_scores_of_heads_by_hand(model: zoo.Model, genome: Genome):
    """Of substitutions the windows are those of the house and of the program."""
    rows = substitutions(genome, 3)
    x = np.stack([one_hot(genome.codes("chr1", row[1] - 1 - 128, row[1] - 1 + 128)) for row in rows])
    changed = x.copy()
    for number, row in enumerate(rows):
        changed[number, 128] = one_hot(encode(row[3]))[0]
    (one, first), (other, second) = by_hand(model, x), by_hand(model, changed)
    for compat in (None, "chrombpnet"):
        found = model.score_variants(rows, genome=genome, compat=compat).scores
        np.testing.assert_allclose(found["allele1_counts"], first, rtol=1e-6)
        np.testing.assert_allclose(found["allele2_counts"], second, rtol=1e-6)
        np.testing.assert_allclose(found["logfc"], np.log2(second / first), atol=1e-6)
        distance = [jensenshannon(a, b, base=2) for a, b in zip(one, other, strict=True)]
        np.testing.assert_allclose(found["jsd"], distance, atol=1e-6)
        assert np.array_equal(found["original_jsd"], found["jsd"])
        assert np.array_equal(found["abs_logfc_x_jsd"], np.abs(found["logfc"]) * found["jsd"])
        assert not any("quantile" in name or "pval" in name or "peak" in name for name in found)


RATIOS = ("reference_over_alternative", "alternative_over_reference", "log2_ratio_plus_1")  # positive both ways


def test_swapped_alleles(model: zoo.Model, genome: Genome):
    rows = substitutions(genome, 4)
    swapped = [(chrom, at, alt, ref) for chrom, at, ref, alt in rows]
    call = {"genome": genome, "compat": "chrombpnet", "peaks": [Interval("chr1", 1000, 1200)]}
    one = model.score_variants(rows, **call).scores
    with pytest.warns(ZooWarning, match=r"4 substitutions have a REF that is not the genome's, such as chr1:1001 "):
        other = model.score_variants(swapped, **call).scores
    for name in one.keys() & scores.SCORES.keys():
        score = scores.SCORES[name]
        if score.tail == "both" and name not in RATIOS:
            np.testing.assert_allclose(other[name], -one[name], atol=1e-7, err_msg=name)
        elif score.tail == "right" or name == "original_jsd":
            np.testing.assert_allclose(other[name], one[name], atol=1e-7, err_msg=name)
    np.testing.assert_allclose(other["allele1_counts"], one["allele2_counts"], rtol=1e-6)
    assert model.score_variants(rows[:1] + swapped[:1], genome=genome).reasons == {"REF is not the genome's": 1}
    with pytest.raises(InputError, match="Reference alleles must be those of the genome"):
        model.score_variants(swapped, **call, strict=True)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (3, 1), (0, 3), (2, 5), (2, 2), (70, 0)])
def test_profiles_of_indels_are_compared_on_shared_bases(first: int, second: int):
    """As the program cuts them: the left half, then what is left of the right one."""
    random = np.random.default_rng(first)
    one, other = softmax(random.normal(size=(2, 100)))
    both = AlleleHeads(np.ones((2, 1)), np.stack([one, other])[:, None, :, None], np.array([[first], [second]]), 50)
    longer, shorter = (one, other) if first > second else (other, one)
    kept, lost = min(first, second), abs(first - second)
    cut = np.concatenate([longer[: 50 + kept], longer[50 + kept + lost :]])
    wanted = jensenshannon(cut, shorter[: len(cut)], base=2)
    assert both.jsd[0] == pytest.approx(wanted, abs=1e-12)
    assert both.original_jsd[0] == pytest.approx(jensenshannon(one, other, base=2), abs=1e-12)
    assert (both.jsd[0] == both.original_jsd[0]) == (first == second)


def test_distances_by_hand():
    shapes = np.array([[[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]], [[0, 1.0, 0, 0], [0.5, 0.5, 0, 0]]])[..., None]
    both = AlleleHeads(np.array([[2.0, 8], [8, 2]]), shapes, np.ones((2, 2), int), 2, np.array([1.0, 2, 4, 9]))
    assert both.jsd.tolist() == [1, 0]
    assert both.logfc.tolist() == [2, -2]
    assert both.allele1_quantile.tolist() == [0.25, 0.75]  # below 2 is one of four, and 2 itself is not
    assert both.active_allele_quantile.tolist() == [0.75, 0.75]
    lowest = AlleleHeads(np.array([[0.5], [0.5]]), shapes[:, :1], np.ones((2, 1), int), 2, np.array([1.0, 2, 4, 9]))
    assert lowest.allele1_quantile.tolist() == [0.25]  # at least one peak


def test_windows_of_variant_scorer(tmp_path: Path):
    """Alleles as they are written; an insertion stands before its base; a deletion has more on the right."""
    write_twobit(tmp_path / "g.2bit", {"1": encode("AACCGGTTACGTACGTCCAA")})
    genome = Genome(tmp_path / "g.2bit")
    layout = VariantWindow(8, 4, (0,), 1, 2, slice(0, 4), slice(0, 4), 2, "identity")

    def texts(at: int, ref: str, alt: str) -> list[str]:
        place = Place(0, "1", literal.bare(Variant("1", at - 1, ref, alt), genome, "1"))
        rows = AlleleBatches(None, layout, WindowReader(genome), 1).rows(place)
        return ["".join("ACGTN"[code] for code in codes) for (codes,) in windows(rows, place, at - 5, 8)]

    assert texts(9, "A", "G") == ["GGTTACGT", "GGTTGCGT"]
    assert texts(9, "T", "G") == ["GGTTTCGT", "GGTTGCGT"]  # in place, whatever the genome has
    assert texts(9, "AC", "GT") == ["GGTTACGT", "GGTTGTGT"]
    assert texts(9, "ACG", "-") == ["GGTTACGT", "GGTTTACG"]
    assert texts(9, "AC", "A") == ["GGTTACGT", "GGTTAGTA"]
    assert texts(9, "-", "CC") == ["GGTTACGT", "GGTTCCAC"]
    assert texts(8, "T", "TCC") == ["CGGTTACG", "CGGTTCCA"]


def test_which_variants_variant_scorer_takes(model: zoo.Model, genome: Genome, tmp_path: Path):
    """Windows of 256 bp: position - 128 is above 0, and position + 128 at most the chromosome's length."""
    near = (128, 129, LENGTH - 128, LENGTH - 127)
    at = {position: genome.sequence("chr1", position - 1, position) for position in near}
    rows = [("chr1", position, base, "A" if base != "A" else "C") for position, base in at.items()]
    base = genome.sequence("chr1", 999, 1000)
    rows += [
        ("chr1", 1000, "-", "ACG"),
        ("chr1", 1000, "A" if base != "A" else "C", "-"),
        ("chr1", 1000, "-", "-"),
        ("chr1", 1000, base, "<DEL>"),
        ("chr1", 1000, "-", "ANG"),
        ("chr1", 0, "A", "-"),
        ("chr1", LENGTH, "ACG", "-"),
        ("chr3", 1000, "A", "-"),
        ("chr1", 1000, genome.sequence("chr1", 999, 1099), "-"),
        ("chr1", 1000, "-", "A" * 129),
    ]
    found = model.score_variants(rows, genome=genome, compat="chrombpnet")
    assert sorted(place.number for place in found.places) == [1, 2, 4, 12]
    assert [entry.reason for entry in found.skipped] == [
        "nearer to its chromosome's end than half a window",
        "nearer to its chromosome's end than half a window",
        "REF is not the genome's",
        "both alleles are the same",
        "symbolic allele",
        "an allele has N",
        "its position is 0 or no whole number",
        "beyond the chromosome's end",
        "the genome lacks its chromosome",
        "alleles longer than the window shows",
    ]
    assert np.isfinite(found.scores["jsd"][[1, 2, 4, 12]]).all()
    plain = model.score_variants(rows, genome=genome)
    assert plain.reasons["no alternative allele"] == 3
    assert plain.reasons["no reference allele"] == 3


def test_tables_of_variant_scorer(tmp_path: Path):
    """Five columns without a line of names."""
    path = tmp_path / "v.tsv"
    path.write_text("# mine\nchr1\t5\tA\tg\tv1\nchr1\t7\t-\tACG\tv2\n")
    one, other = reading.read(path)
    assert (str(one), one.name, one.where, str(other)) == ("chr1:5 A>G", "v1", f"{path}, line 2", "chr1:7 ->ACG")
    for text in ("chr1\t5\tv1\tA\tG\n", "chr1\t5\tA\tG\n", "chr1\tA\tA\tG\tv1\n"):
        path.write_text(text)
        with pytest.raises(InputError, match="columns chrom, pos, ref and alt"):
            reading.read(path)


def test_peaks_as_they_are_given(genome: Genome, tmp_path: Path):
    rows = [
        "chr1\t1000\t1200\ta\t0\t.\t1\t1\t1\t150",
        "chr1\t1000\t1200\tb\t0\t.\t1\t1\t1\t150",
        "chr1\t100\t140\tc\t0\t.\t1\t1\t1\t7",
    ]
    (tmp_path / "p.narrowPeak").write_text("\n".join(rows) + "\n")
    with pytest.warns(ZooWarning, match="1 peaks are left out of the quantiles: a chromosome's end cuts their windows"):
        peaks = Peaks.read(tmp_path / "p.narrowPeak", genome.sizes, 256)
    assert ([peak.name for peak in peaks.peaks], peaks.starts.tolist(), len(peaks)) == (["a", "c"], [1022, -1], 1)
    assert Peaks.read([("chr2", 1000, 1101)], genome.sizes, 256).starts.tolist() == [1050 - 128]
    (tmp_path / "names.bed").write_text("chr1\t1000\t1200\t7\nchr1\t1500\t1600\t350\n")  # 350 is no place in its peak
    assert Peaks.read(tmp_path / "names.bed", genome.sizes, 256, "chrombpnet").starts.tolist() == [971, 1421]
    (tmp_path / "more.bed").write_text("chr7\t5\t9\n2\t1000\t1101\tx\n")
    with pytest.warns(ZooWarning, match="1 peaks are left out: they lie on chromosomes that the genome lacks"):
        elsewhere = Peaks.read(tmp_path / "more.bed", genome.sizes, 256)
    assert elsewhere.peaks == (Interval("chr2", 1000, 1101, "x"),)
    with pytest.raises(InputError, match="must be a peak whose window of 256 bp lies inside its chromosome"):
        Peaks.read([Interval("chr1", 0, 100)], genome.sizes, 256)


def test_the_nearest_peak(genome: Genome):
    peaks = [Interval("chr1", 1000, 1100, "a"), Interval("chr1", 1010, 1020), Interval("chr1", 1300, 1310, "c")]
    peaks = Peaks.read(peaks, genome.sizes, 256)

    def near(start: int, end: int, chrom: str = "chr1") -> tuple:
        found = peaks.annotate([Place(0, chrom, Variant(chrom, start, "A", "C"))], [(start, end)])
        return found["peak_overlap"][0], found["peak_distance"][0], found["nearest_peak"][0]

    assert near(1050, 1051) == (1, 0, "a")
    assert near(1099, 1101) == (1, 0, "a")
    assert near(1100, 1101) == (0, 1, "a")  # beside it
    assert near(999, 1000) == (0, 1, "a")
    assert near(1199, 1200) == (0, 100, "a")
    assert near(1250, 1251) == (0, 50, "c")
    assert near(2000, 2001) == (0, 691, "c")
    assert near(10, 11, "chr2")[::2] == (0, ".")
    assert np.isnan(near(10, 11, "chr2")[1])


def test_quantiles_among_peaks(model: zoo.Model, genome: Genome):
    peaks = [Interval("chr1", start, start + 100) for start in range(300, 2700, 200)]
    x = one_hot(np.stack([genome.codes("chr1", peak.start + 50 - 128, peak.start + 50 + 128) for peak in peaks]))
    _, counts = by_hand(model, x)
    found = model.score_variants(substitutions(genome, 5), genome=genome, peaks=peaks)
    for allele in (1, 2):
        wanted = [max((counts < value).mean(), 1 / 12) for value in found.scores[f"allele{allele}_counts"]]
        assert found.scores[f"allele{allele}_quantile"].tolist() == wanted
    one, other = found.scores["allele1_quantile"], found.scores["allele2_quantile"]
    assert np.array_equal(found.scores[AAQ], np.maximum(one, other))
    ips = found.scores["logfc"] * found.scores["jsd"] * found.scores[AAQ]
    np.testing.assert_allclose(found.scores[f"logfc_x_jsd_x_{AAQ}"], ips, rtol=1e-12)


def test_a_total_below_zero_counts_as_none():
    """exp(counts) - 1 is below 0 where a network predicts fewer reads than none."""
    below, above = np.array([[-0.3, 0.1]]), np.array([[0.5, 0.3999]])
    assert scores.log2_fold_change(below, above)[0] == pytest.approx(np.log2(0.9 / 1e-4))
    assert scores.log2_fold_change(below, below)[0] == 0


def test_p_values_by_hand():
    null = np.array([0.0, 1, 2, 3])
    assert p_values(np.array([-1.0, 2, 9]), null, "right").tolist() == [1, 0.6, 0.2]
    assert p_values(np.array([-1.0, 0, 1.5, 9]), null, "both").tolist() == [0.4, 0.8, 1, 0.4]
    members = np.array([[9.0, -1]]), np.stack([null, null], axis=1).reshape(2, 2, 2)
    assert combined(*members, "right")[0] == pytest.approx(np.sqrt(0.2 * 1))


def test_p_values_of_shuffled_sequence(model: zoo.Model, genome: Genome):
    """A deletion and a substitution, each in two shuffles of what both of its windows read."""
    deleted = genome.sequence("chr1", 1499, 1501)
    rows = [*substitutions(genome, 1), ("chr1", 1500, deleted, "-")]
    found = model.score_variants(rows, genome=genome, compat="chrombpnet", shuffles=2, seed=4).scores
    null = []
    for _, at, ref, alt in rows:
        alt = alt.replace("-", "")
        longer = len(ref) - len(alt)
        codes = genome.codes("chr1", at - 1 - 128, at - 1 + 128 + longer)
        for shuffled in dinucleotide_shuffle(codes[None], 2, 4)[0]:
            left, right = shuffled[:128], shuffled[128 + len(ref) :]
            both = [np.concatenate([left, encode(allele), right])[:256] for allele in (ref, alt)]
            _, counts = by_hand(model, one_hot(np.stack(both)))
            null.append(np.log2(counts[1] / counts[0]))
    wanted = p_values(found["logfc"], np.array(null), "both")
    assert found["logfc.pval"].tolist() == wanted.tolist()
    assert found["abs_logfc.pval"].tolist() == p_values(np.abs(found["logfc"]), np.abs(null), "right").tolist()
    again = model.score_variants(rows, genome=genome, compat="chrombpnet", shuffles=2, seed=4).scores
    assert all(np.array_equal(again[name], found[name]) for name in found)
    tailed = {score.name for score in scores.scores_of("heads") if score.tail}
    assert {name.removesuffix(".pval") for name in found if name.endswith(".pval")} == tailed


def ensemble(members: list[zoo.Model]) -> zoo.Model:
    """Of networks side by side, whose scores are averaged."""
    spec = members[0].spec
    of = {"name": spec.architecture.name, "config": dict(spec.architecture.config)}
    network = zoo.build("ensemble", of=of, members=len(members))
    network.set_weights([weight for member in members for weight in member.network.get_weights()])
    config = {"of": of, "members": len(members)}
    return zoo.Model(replace(spec, name="test/FOLDS", architecture=Architecture("ensemble", config)), network)


def test_folds(genome: Genome):
    """Scores of the members are averaged, and of P values the geometric mean."""
    members = [profiles.model(seed=seed) for seed in (3, 4)]
    rows, peaks = substitutions(genome, 4), [Interval("chr1", start, start + 100) for start in range(300, 2700, 300)]
    call = {"genome": genome, "peaks": peaks, "shuffles": 2}
    alone = [member.score_variants(rows, **call, profiles=True) for member in members]
    found = ensemble(members).score_variants(rows, **call, profiles=True)
    for name, values in found.scores.items():
        each = np.array([one.scores[name] for one in alone])
        if name.endswith(".pval"):
            np.testing.assert_allclose(values, np.exp(np.log(each).mean(axis=0)), rtol=1e-6, err_msg=name)
        elif name in scores.SCORES and scores.SCORES[name].scope == "heads":
            np.testing.assert_allclose(values, each.mean(axis=0), atol=1e-6, err_msg=name)
    np.testing.assert_allclose(found.reference, (alone[0].reference + alone[1].reference) / 2, atol=1e-6)
    assert np.abs(alone[0].scores["logfc"] - alone[1].scores["logfc"]).max() > 1e-4


def test_strands_of_a_profile_are_scored_together(genome: Genome):
    """Of BPNet's plus and minus one distribution, with controls of zeros; what is around the variant is their sum."""
    model = profiles.model(config={"tracks": 2, "controls": 2, "pooled": 174})
    rows = substitutions(genome, 2)
    x = np.stack([one_hot(genome.codes("chr1", row[1] - 1 - 128, row[1] - 1 + 128)) for row in rows])
    changed = x.copy()
    for number, row in enumerate(rows):
        changed[number, 128] = one_hot(encode(row[3]))[0]
    (one, first), (other, second) = by_hand(model, x, True), by_hand(model, changed, True)
    found = model.score_variants(rows, genome=genome, profiles=True)
    np.testing.assert_allclose(found.scores["logfc"], np.log2(second / first), atol=1e-6)
    distance = [jensenshannon(a, b, base=2) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(found.scores["jsd"], distance, atol=1e-6)
    tracks = [model.score_variants(rows, genome=genome, track=track, profiles=True) for track in ("plus", "minus")]
    np.testing.assert_allclose(found.reference, tracks[0].reference + tracks[1].reference, atol=1e-6)
    np.testing.assert_allclose(tracks[0].scores["jsd"], found.scores["jsd"], atol=1e-7)
    with pytest.raises(InputError, match="One of the tracks must be named"):
        model.score_variants(rows, genome=genome, head="profile")


def test_the_bin_of_a_variant_is_its_base(model: zoo.Model):
    layout = VariantWindow.of(model.spec)
    assert (layout.index, layout.offset, layout.bin, layout.scored) == (128, 78, 50, slice(0, 100))


def test_another_head_has_no_scores_of_heads(model: zoo.Model, small: zoo.Model, genome: Genome, genome_files):
    rows = substitutions(genome, 2)
    named = model.score_variants(rows, genome=genome, head="profile").scores
    assert [name for name in named if name in {score.name for score in scores.scores_of("heads")}] == []
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    base = Genome(genome_files.genome).sequence("chr1", 5000, 5001)
    others = [("chr1", 5001, base, "A" if base != "A" else "C")]
    assert list(small.score_variants(others, **files).scores) == [
        *("log2_fold_change", "difference", "largest_difference", "jensen_shannon", "maximum_reference"),
        *("maximum_alternative", "reference_over_alternative", "alternative_over_reference", "log2_ratio_plus_1"),
    ]
    peaks = [Interval("chr1", 1000, 1200)]
    choices = ({"peaks": peaks}, {"shuffles": 2}, {"shuffles": 2, "seed": 1}, {"compat": "chrombpnet"})
    calls = [(small, others, files | options) for options in choices]
    for given, some, call in (*calls, (model, rows, {"genome": genome, "head": "profile", "peaks": peaks})):
        with pytest.raises(InputError, match=r"has no profile with total counts.* it must be given without"):
            given.score_variants(some, **call)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"shuffles": 0}, "shuffles must be a whole number from 1 to 10,000"),
        ({"shuffles": 2.5}, "shuffles must be a whole number"),
        ({"seed": 1}, "Variants that are not shuffled must be given without seed"),
        ({"shuffles": 1, "seed": -1}, "seed must be a whole number from 0"),
        ({"peaks": "none.bed"}, "A BED file must exist"),
        ({"peaks": []}, "At least one region must be given"),
        ({"peaks": [Interval("chr7", 5, 9)]}, "must lie on a chromosome of the genome"),
        ({"compat": "variant-scorer"}, 'compat must be None or "asap" or "chrombpnet"'),
        ({"compat": "asap"}, None),
        (
            {"head": "counts"},
            "The head that is scored must have several bins.*head='counts', bins=1. Leave it out",
        ),
    ],
)
def test_choices_that_cannot_be(model: zoo.Model, genome: Genome, options: dict, rule: str | None):
    rows = substitutions(genome, 1)
    if rule is None:
        assert model.score_variants(rows, genome=genome, **options).places
        return
    with pytest.raises(InputError, match=rule):
        model.score_variants(rows, genome=genome, **options)


def info(path: Path) -> list[dict[str, str]]:
    records = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return [dict(entry.split("=") for entry in columns[7].split(";") if "=" in entry) for columns in records]


def test_files_are_resumed(model: zoo.Model, genome: Genome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Interrupted after each batch in turn; peaks are predicted once."""
    from zoo.forward.forward import Forward
    from zoo.variants import run

    vcf = tmp_path / "in.vcf"
    rows = [f"{chrom}\t{at}\t.\t{ref}\t{alt}\t.\tPASS\t." for chrom, at, ref, alt in substitutions(genome, 6)]
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(rows) + "\n")
    peaks = tmp_path / "p.bed"
    peaks.write_text("".join(f"chr1\t{start}\t{start + 100}\n" for start in range(300, 2700, 200)))
    call = {"genome": genome, "peaks": peaks, "shuffles": 1, "batch_size": 4}
    whole = model.score_variants(vcf, **call, output=tmp_path / "whole")
    monkeypatch.setattr(run, "_KEPT", 2)
    codes, calls = Forward.codes, []

    def stops(self, *read):
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(len(read[0]))
        return codes(self, *read)

    monkeypatch.setattr(Forward, "codes", stops)
    for stop in (2, 4, 3, 100):
        calls.clear()
        try:
            written = model.score_variants(vcf, **call, output=tmp_path / "out")
        except KeyboardInterrupt:
            assert stop < 100
    assert calls == [4] * 4  # the last two of three parts, each in the genome and shuffled
    names = [".tsv", ".skipped.tsv", ".vcf"]
    assert [path.name for path in written] == [f"out{name}" for name in (*names, ".json")]
    for name in names:
        assert (tmp_path / f"out{name}").read_text() == (tmp_path / f"whole{name}").read_text()
    record = json.loads(written[-1].read_text())
    assert record["heads"]["peaks"]["peaks"] == 12
    assert (record["choices"]["shuffles"], record["heads"]["members"]) == (1, 1)
    calls.clear()
    assert model.score_variants(vcf, **call, output=tmp_path / "out") == written
    assert calls == []
    model.score_variants(vcf, **{**call, "shuffles": 2}, output=tmp_path / "out")
    assert len(calls) == 3 + 3 * 3
    assert len(whole) == 4


def test_columns_and_info(model: zoo.Model, genome: Genome, tmp_path: Path):
    vcf = tmp_path / "in.vcf"
    rows = [f"{chrom}\t{at}\t.\t{ref}\t{alt}\t.\tPASS\tDP=7" for chrom, at, ref, alt in substitutions(genome, 2)]
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(rows) + "\n")
    peaks = tmp_path / "p.narrowPeak"
    peaks.write_text("".join(f"chr1\t{at}\t{at + 100}\tp{at}\t0\t.\t1\t1\t1\t50\n" for at in range(300, 2700, 200)))
    model.score_variants(vcf, genome=genome, peaks=peaks, shuffles=1, output=tmp_path / "o")
    (row, _) = csv.DictReader((tmp_path / "o.tsv").open(), delimiter="\t")
    (found, _) = info(tmp_path / "o.vcf")
    keys = {
        "COUNTS1": "allele1_counts", "COUNTS2": "allele2_counts", "LOGFC": "logfc", "ABSLOGFC": "abs_logfc",
        "JSD": "jsd", "ORIGJSD": "original_jsd", "LOGFCJSD": "logfc_x_jsd", "IES": "abs_logfc_x_jsd",
        "QUANTILE1": "allele1_quantile", "QUANTILE2": "allele2_quantile", "AAQ": AAQ, "QCHANGE": "quantile_change",
        "ABSQCHANGE": "abs_quantile_change", "LOGFCAAQ": f"logfc_x_{AAQ}", "ABSLOGFCAAQ": f"abs_logfc_x_{AAQ}",
        "JSDAAQ": f"jsd_x_{AAQ}", "IPS": f"logfc_x_jsd_x_{AAQ}", "ABSIPS": f"abs_logfc_x_jsd_x_{AAQ}",
        "IESPVAL": "abs_logfc_x_jsd.pval", "IPSPVAL": f"logfc_x_jsd_x_{AAQ}.pval", "LOGFCPVAL": "logfc.pval",
        "PEAK": "peak_overlap", "PEAKDIST": "peak_distance",
    }  # fmt: skip
    for key, name in keys.items():
        assert float(found[f"ZOO_{key}_test_BPNET"]) == pytest.approx(float(row[name]), rel=1e-5), key
    assert found["DP"] == "7"
    assert (row["nearest_peak"], row["peak_distance"]) == ("p900", "1")
    header = (tmp_path / "o.vcf").read_text()
    described = '##INFO=<ID=ZOO_JSD_test_BPNET,Number=A,Type=Float,Description="Jensen-Shannon distance, base 2, of'
    assert described in header
    model.score_variants(tmp_path / "o.vcf", genome=genome, output=tmp_path / "again")
    (again, _) = info(tmp_path / "again.vcf")
    assert "ZOO_IES_test_BPNET" in again
    assert not [key for key in again if "AAQ" in key or "PVAL" in key]  # of the run before: they are not of this one
    assert "ZOO_AAQ" not in (tmp_path / "again.vcf").read_text()
    text = str(model.score_variants(vcf, genome=genome))
    assert text.splitlines()[1].split() == ["variant", "logfc", "IES", "JSD"]


def test_a_score_of_heads_of_ones_own(model: zoo.Model, genome: Genome):
    ratio = scores.Score("ratio", lambda both: both.counts[1] / both.counts[0], "of counts", "RATIO", "heads", "right")
    scores.register(ratio)
    try:
        found = model.score_variants(substitutions(genome, 3), genome=genome, shuffles=1).scores
        np.testing.assert_allclose(found["ratio"], 2 ** found["logfc"], rtol=1e-12)
        assert found["ratio.pval"].shape == (3,)
    finally:
        scores.unregister("ratio")
    for wrong in ({"tail": "left"}, {"scope": "window", "with_peaks": True}):
        with pytest.raises(InputError, match="must be"):
            replace(ratio, **{"tail": None, **wrong})


def test_heads_in_a_background_beside_shuffles(model: zoo.Model, genome: Genome, tmp_path: Path, monkeypatch):
    """Both kinds of P values side by side; those of shuffles are the same as without, and counts have none."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    given = substitutions(genome, 3)
    found = model.score_variants(given, genome=genome, shuffles=1, background=100, seed=4).scores
    alone = model.score_variants(given, genome=genome, shuffles=1, seed=4).scores
    assert {name: found[name].tolist() for name in alone} == {name: values.tolist() for name, values in alone.items()}
    more = set(found) - set(alone)
    assert {"logfc.pvalue", "logfc.percentile", "jsd.pvalue", "log2_fold_change.pvalue"} <= more
    assert not {"allele1_counts.pvalue", "maximum_reference.percentile", "logfc.pval.pvalue"} & more
    assert ((found["jsd.pvalue"] >= 1 / 101) & (found["jsd.pvalue"] <= 1)).all()
    assert ((found["logfc.pvalue"] >= 2 / 101) & (found["logfc.pvalue"] <= 1)).all()


def test_the_command(model: zoo.Model, genome: Genome, tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = model.save(tmp_path / "BPNET")
    rows = ["\t".join(map(str, (*row, "x"))) for row in substitutions(genome, 2)]
    (tmp_path / "v.tsv").write_text("\n".join(rows))
    (tmp_path / "p.bed").write_text("chr1\t1000\t1200\nchr1\t1500\t1700\n")
    command = ["variants", str(folder), str(tmp_path / "v.tsv"), "--genome", str(genome.path), "--table"]
    assert main([*command, "--compat", "chrombpnet", "--peaks", str(tmp_path / "p.bed"), "--shuffles", "3"]) == 0
    heads, *rows = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert {"logfc", "jsd", "abs_logfc_x_jsd", AAQ, "jsd.pval", "peak_overlap", "nearest_peak"} <= set(heads)
    assert [row[heads.index("peak_overlap")] for row in rows] == ["1", "1"]
    assert main([*command, "--seed", "3"]) == 2
    assert "Variants that are not shuffled must be given without seed" in capsys.readouterr().err
