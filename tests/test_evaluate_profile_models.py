"""Models of profiles and counts on held-out regions, and what they are compared with."""

import json
from dataclasses import replace
from pathlib import Path

import chrombpnet_files
import numpy as np
import profiles as small
import pytest
from chrombpnet_files import LENGTH, SIZES

import zoo
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.evaluate import models, profile_models, profile_regions, profiles
from zoo.evaluate.profile_baselines import AccessibilityModel, KmerProfile, MeanRegion
from zoo.formats import bigwig
from zoo.genome.encode import one_hot
from zoo.genome.sequence import Genome, write_twobit


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chrombpnet_files.regions(tmp_path_factory.mktemp("regions"))


def counted(files: Path, spec=None, signal: object = None, **options: object):
    given = {"peaks": files / "peaks.narrowPeak", "chromosomes": ["chr2"], **options}
    signal = files / "plus.bw" if signal is None else signal
    return profile_regions.counted(spec or small.spec(), Genome(files / "g.2bit"), signal, **given)


def values(files: Path, track: str, chrom: str, start: int, end: int) -> np.ndarray:
    import pyBigWig

    with pyBigWig.open(str(files / f"{track}.bw")) as file:
        return np.nan_to_num(file.values(chrom, start, end, numpy=True))


def test_the_pipeline_of_the_original_on_yeast(shared: Path, tmp_path: Path):
    """All 410 peaks of its test chromosomes; largest difference: 5e-7."""
    run, genome = (
        shared / chrombpnet_files.FOLDER / "yeast",
        Genome(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit"),
    )
    cuts = chrombpnet_files.cut_sites(shared, tmp_path / "cuts.bw", genome)
    model = chrombpnet_files.whole(run / "chrombpnet.h5", 32, 8, 16, 4)
    model.spec.provenance["test_chromosomes"] = "chrIV chrXIII"
    regions = profile_regions.counted(model.spec, genome, cuts, run / "filtered.peaks.bed")
    assert len(regions) == 410
    for name, part in {"chrombpnet": model, "chrombpnet_nobias": model.component("accessibility")}.items():
        found = profile_models.evaluate(profile_models.predictor(part, genome), regions).metrics()
        wanted = json.loads((run / f"{name}_metrics.json").read_text())
        for kind, groups in profiles.original(found).items():
            assert groups["peaks"] == pytest.approx(wanted[kind]["peaks"], abs=2e-6), name


def test_regions_are_around_summits_in_the_order_of_the_genome(files: Path):
    regions = counted(files, negatives=files / "negatives.narrowPeak", chromosomes=["chr3", "chr1"])
    assert regions.chromosomes == ("chr3", "chr1")
    assert [(item.chrom, item.start) for item in regions.middles[:3]] == [
        ("chr3", 1000),
        ("chr3", 1500),
        ("chr3", 2000),
    ]
    assert regions.peaks[:4].tolist() == [True, False, True, False]
    assert (len(regions), regions.peaks.sum(), regions.output) == (74, 38, 100)
    some = slice(40, 45)
    for middle, row in zip(regions.middles[some], regions.counts(some), strict=True):
        assert np.array_equal(row, values(files, "plus", middle.chrom, middle.start - 50, middle.start + 50))
    assert regions.left_out == dict.fromkeys(
        [f"{what} whose window leaves its chromosome" for what in ("peaks", "negatives")], 0
    )


def test_predictions_are_those_of_the_model(files: Path):
    model = small.model(config={"tracks": 2, "controls": 2, "pooled": 174})
    genome = Genome(files / "g.2bit")
    regions = counted(files, model.spec, {name: files / f"{name}.bw" for name in ("plus", "minus")})
    controls = {name: files / f"{name}.bw" for name in ("control_0", "control_1")}
    probabilities, log_counts = profile_models.predictor(model, genome, controls)(regions, slice(3, 6))
    places = [(item.start - 128, item.start + 128) for item in regions.middles[3:6]]
    x = {
        "window": one_hot(np.stack([genome.codes("chr2", *place) for place in places])),
        "controls": np.stack([np.stack([values(files, c, "chr2", *p) for c in controls], axis=-1) for p in places]),
    }
    wanted = profiles.probabilities_of(model.predict(x, head="profile"))
    np.testing.assert_allclose(probabilities, wanted, rtol=1e-4)
    np.testing.assert_allclose(log_counts, model.predict(x, head="counts")[:, 0], rtol=1e-5)
    assert regions.counts(slice(3, 6)).shape == probabilities.shape == (3, 100, 2)
    rest, _ = profile_models.predictor(model, genome)(regions, slice(3, 6))
    assert np.abs(rest - probabilities).max() > 1e-3  # controls are zeros then


def test_metrics_are_those_of_all_regions(files: Path):
    model, genome = small.model(), Genome(files / "g.2bit")
    regions = counted(files, negatives=files / "negatives.narrowPeak")
    found = profile_models.evaluate(profile_models.predictor(model, genome), regions)
    every = slice(0, len(regions))
    x = one_hot(np.stack([genome.codes("chr2", item.start - 128, item.start + 128) for item in regions.middles]))
    log_counts = model.predict(x, head="counts")[:, 0]
    probabilities = profiles.probabilities_of(model.predict(x, head="profile"))
    wanted = profiles.metrics(regions.counts(every), probabilities, log_counts, regions.peaks)
    assert set(wanted) == {"peaks", "nonpeaks", "peaks_and_nonpeaks"}
    for group, row in found.metrics().items():
        assert vars(row) == pytest.approx(vars(wanted[group]), rel=1e-4)


def test_models_beside_baselines(files: Path):
    model, binned = small.model(), zoo.load("yeast/ATAC")
    regions, learned = (counted(files, chromosomes=chosen) for chosen in (["chr2"], ["chr1", "chr3"]))
    found = profile_models.compared({"ours": model, "bins": binned}, regions, learned)
    assert list(found) == ["ours", "bins", "k-mer regression", "mean profile"]
    row = found["mean profile"]["peaks"]
    counts = learned.counts(slice(0, 38)).astype(float)
    mean = np.log1p(counts.sum(axis=1)).mean()
    observed = np.log1p(regions.counts(slice(0, 19)).sum(axis=1, dtype=float))
    assert (row.pearsonr, row.spearmanr) == (None, None)
    assert row.mse == pytest.approx(np.square(observed - mean).mean(), rel=1e-6)
    flat = np.tile(counts.sum(axis=0) / counts.sum(), (19, 1))
    wanted = profiles.profile_metrics(regions.counts(slice(0, 19)), flat)
    assert row.median_jsd == pytest.approx(np.median(wanted.jsd_pw), rel=1e-6)
    rows = profile_models.rows(found)
    assert list(rows)[0::2] == ["ours, peaks", "k-mer regression, peaks", "permuted bases, peaks"]
    assert rows["permuted bases, peaks"]["median_jsd"] == found["ours"]["peaks"].median_jsd_rnd


def test_baselines_of_two_strands(files: Path):
    """Which share a total: the plus strand, which has more reads, has more of the profile."""
    spec, signal = small.spec(config={"tracks": 2}), {name: files / f"{name}.bw" for name in ("plus", "minus")}
    regions, learned = (counted(files, spec, signal, chromosomes=chosen) for chosen in (["chr2"], ["chr1"]))
    binned = AccessibilityModel(zoo.load("yeast/ATAC"), learned, 1.0)
    predictors = MeanRegion(learned, 1.0), KmerProfile(learned, 1.0), binned
    for predict, strands in zip(predictors, ([5 / 7, 2 / 7], [5 / 7, 2 / 7], [0.5, 0.5]), strict=True):
        probabilities, log_counts = predict(regions, slice(2, 6))
        assert probabilities.shape == (4, 100, 2)
        np.testing.assert_allclose(probabilities.sum(axis=(1, 2)), 1)
        np.testing.assert_allclose(probabilities.sum(axis=1), np.tile(strands, (4, 1)), atol=0.05)
        np.testing.assert_allclose(log_counts, np.log1p(70), atol=0.25)  # 0.5 + 0.2 reads per bp, 100 bp
        assert profile_models.evaluate(predict, regions).metrics()["peaks"].median_jsd < 0.7


def test_a_kmer_regression_learns_what_depends_on_composition(tmp_path: Path):
    """More cuts where there is more G + C: within a region, and from region to region."""
    random, codes, signal = np.random.default_rng(0), {}, {}
    for name in SIZES:
        rate = np.repeat(
            np.repeat(random.uniform(0.1, 0.9, LENGTH // 1000), 10) + random.normal(0, 0.2, LENGTH // 100), 100
        )
        strong = random.random(LENGTH) < np.clip(rate, 0.05, 0.95)
        codes[name] = np.where(strong, random.integers(1, 3, LENGTH), 3 * random.integers(0, 2, LENGTH)).astype(
            np.uint8
        )
        density = np.convolve(strong, np.ones(100) / 100, "same")
        signal[name] = random.poisson(20 * density**2).astype(np.float32)
    write_twobit(tmp_path / "g.2bit", codes)
    bigwig.write_track(tmp_path / "plus.bw", SIZES, list(signal.items()), 1)
    lines = [f"{chrom}\t{at}\t{at + 200}\n" for chrom in SIZES for at in range(1000, LENGTH - 1000, 300)]
    (tmp_path / "peaks.narrowPeak").write_text("".join(lines))
    regions, learned = (counted(tmp_path, chromosomes=chosen) for chosen in (["chr2"], ["chr1", "chr3"]))
    found = profile_models.compared({}, regions, learned)
    assert found["k-mer regression"]["peaks"].pearsonr > 0.9
    assert found["k-mer regression"]["peaks"].median_jsd < found["mean profile"]["peaks"].median_jsd - 0.01


def test_chromosomes_are_those_of_the_provenance():
    spec = small.spec()
    sizes = dict.fromkeys(["chr1", "chr2", "chr3", "chr6", "chrX"], 10**6)
    of = lambda **said: replace(spec, provenance=said)  # noqa: E731
    assert profile_regions.held_out(of(test_chromosomes="2 chrX"), sizes, None) == ("chr2", "chrX")
    assert profile_regions.held_out(of(fold="0"), sizes, None) == ("chr1", "chr3", "chr6")
    assert profile_regions.held_out(of(fold="0"), sizes, "chr2") == ("chr2",)
    assert profile_regions.held_out(of(fold="0", test_chromosomes="chr2"), sizes, None) == ("chr2",)
    with pytest.raises(InputError, match="has not learned from"):
        profile_regions.held_out(of(), sizes, None)
    with pytest.raises(InputError, match=r"missing=\['chr8', 'chr9', 'chr16'\]"):
        profile_regions.held_out(of(fold="1"), sizes, None)
    with pytest.raises(InputError, match=r"missing=\['chr9'\]"):
        profile_regions.held_out(of(), sizes, ["chr1", "chr9"])


def test_regions_near_an_end_are_left_out_and_counted(files: Path, tmp_path: Path):
    rows = [
        ("chr2", 0, 100),
        ("chr2", 78, 178),
        ("chr2", 77, 177),
        ("chr2", LENGTH - 178, LENGTH - 78),
        ("chrUn", 5, 9),
    ]
    (tmp_path / "p.bed").write_text("".join(f"{chrom}\t{start}\t{end}\n" for chrom, start, end in rows))
    with pytest.warns(ZooWarning, match="1 of 5 regions are left out: the genome lacks chrUn"):
        regions = counted(files, peaks=tmp_path / "p.bed")
    assert [item.start for item in regions.middles] == [128, LENGTH - 128]
    assert regions.left_out == {"peaks whose window leaves its chromosome": 2}


def test_at_most_some_regions(files: Path):
    few = counted(files, most=3)
    assert [item.start for item in few.middles] == [1000, 10_000, 19_000]


def test_what_cannot_be_evaluated(files: Path, small_folder: Path, tmp_path: Path):
    model, genome = small.model(), Genome(files / "g.2bit")
    with pytest.raises(InputError, match="one profile and its total counts"):
        counted(files, zoo.load(small_folder).spec)
    with pytest.raises(InputError, match=r"must be.* whole"):
        profile_models.evaluate(profile_models.predictor(model, genome), counted(files, signal=files / "half.bw"))
    coverage = [(name, np.repeat(np.arange(LENGTH // 100) % 7, 100).astype(np.float32)) for name in SIZES]
    bigwig.write_track(tmp_path / "coverage.bw", SIZES, coverage, 1)
    with pytest.raises(InputError, match="not coverage"):
        counted(files, signal=tmp_path / "coverage.bw")
    with pytest.raises(InputError, match="each track of the profile: plus, minus"):
        counted(files, small.spec(config={"tracks": 2}))
    with pytest.raises(InputError, match="each track of the profile: signal"):
        counted(files, signal={"plus": files / "plus.bw"})
    (tmp_path / "p.bed").write_text("chr2\t0\t100\n")
    with pytest.raises(InputError, match="At least one of the peaks must be left"):
        counted(files, peaks=tmp_path / "p.bed")
    (tmp_path / "p.bed").write_text(f"chr2\t{LENGTH}\t{LENGTH + 100}\n")
    with pytest.raises(GenomeMismatch, match="within their chromosomes"):
        counted(files, peaks=tmp_path / "p.bed")
    (tmp_path / "p.bed").write_text("chr9\t0\t100\n")
    with pytest.raises(GenomeMismatch, match="chromosomes in common"):
        counted(files, peaks=tmp_path / "p.bed")
    bigwig.write_track(tmp_path / "short.bw", {"chr2": 500}, [("chr2", np.zeros(500, np.float32))], 1)
    with pytest.raises(GenomeMismatch, match="one assembly"):
        counted(files, signal=tmp_path / "short.bw")
    with pytest.raises(InputError, match="must have the chromosomes to evaluate on"):
        counted(files, signal=tmp_path / "short.bw", chromosomes=["chr1"])
    with pytest.raises(InputError, match="must be left out"):
        profile_models.predictor(model, genome, {"control": files / "plus.bw"})
    regions = counted(files)
    with pytest.raises(InputError, match="other chromosomes than those to evaluate on"):
        profile_models.compared({"ours": model}, regions, counted(files, chromosomes=["chr1", "chr2"]))
    with pytest.raises(InputError, match="fitted to regions of other chromosomes"):
        profile_models.compared({"bins": zoo.load("yeast/ATAC")}, regions)
    with pytest.raises(InputError, match="must read DNA alone"):
        profile_models.compared({"reads": zoo.load(small_folder)}, regions, counted(files, chromosomes=["chr1"]))


def test_bins_of_a_profile_are_not_compared_with_a_track(files: Path):
    """Its bins are 1 bp in the middle of the window, not what `zoo evaluate` tiles chromosomes with."""
    with pytest.raises(InputError, match="Compare profiles and counts with `zoo qc`"):
        next(models.windows(small.spec(), Genome(files / "g.2bit"), zoo.Signal(files / "plus.bw")))
    with pytest.raises(InputError, match="must predict it in bins"):
        models.robustness(small.model(), Genome(files / "g.2bit"))
