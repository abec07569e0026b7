"""The authors' models against the goldens of their own program."""

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import registry
import zoo
from zoo import weights
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.evaluate.binding import benchmark
from zoo.genome.interval import Interval
from zoo.porting import maxatac
from zoo.porting.golden import golden_inputs


def mirrored() -> list[str]:
    """The models whose weights are at hand."""
    root = os.environ.get("ZOO_MIRROR") or str(Path(os.environ.get("ZOO_SHARED", "/nowhere")) / "maxatac_data")
    return sorted(path.name for path in (Path(root) / "models").glob("*") if path.is_dir())


@pytest.fixture(scope="module")
def golden(shared: Path):
    folder = shared / "golden" / "maxatac"
    return np.load(folder / "inputs.npz")["x"], np.load(folder / "outputs.npz")


@pytest.fixture(scope="module")
def end_to_end(shared: Path) -> dict[str, Path]:
    folder = shared / "golden" / "maxatac" / "e2e"
    prepared = folder / "outputs" / "prepare_fragments"
    return {
        "inputs": folder / "inputs",
        "outputs": folder / "outputs",
        "genome": folder / "inputs" / "genome.2bit",
        "signal": prepared / "sample_IS_slop20_RP20M_minmax01.bw",
        "depth": prepared / "sample_IS_slop20_RP20M.bw",
        "blacklist": folder / "inputs" / "blacklist.bed",
    }


def test_network_from_code_has_the_published_size():
    network = zoo.build("maxatac")
    assert network.count_params() == 117_204
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 116_424
    assert (network.input_shape, network.output_shape) == ((None, 1024, 5), (None, 32))
    filters = [layer.filters for layer in network.layers if "conv" in layer.name]
    assert filters == [15, 15, 22, 22, 33, 33, 50, 50, 75, 75]


def test_network_of_another_length():
    assert zoo.build("maxatac", window=2048).output_shape == (None, 64)
    with pytest.raises(InputError, match="multiple of 32 bp"):
        zoo.build("maxatac", window=1000)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [("deepbind", {}, "one of maxatac"), ("maxatac", {"filter": 3}, "window, channels, filters.*unknown=..filter")],
)
def test_unknown_architectures_and_arguments(name: str, config: dict, message: str):
    with pytest.raises(InputError, match=message):
        zoo.build(name, **config)


@pytest.mark.parametrize("factor", mirrored() or ["CTCF"])
def test_released_weights_reproduce_the_golden_outputs(shared, golden, factor: str):
    inputs, outputs = golden
    model = zoo.load(f"maxatac/{factor}")
    if factor in outputs:
        assert np.abs(model.predict(inputs) - outputs[factor]).max() <= 1e-5
    check = model.check()
    assert check.passed, check
    assert model.thresholds.row("f1", int(np.argmax(model.thresholds.columns["f1"]))).score == pytest.approx(
        model.spec.metrics["best_f1_threshold"]
    )


def test_goldens_cover_the_whole_subset(golden):
    if not os.environ.get("ZOO_MIRROR"):
        assert sorted(golden[1].files) == mirrored()


@pytest.mark.parametrize(
    ("factor", "zero", "pattern"),
    [
        (
            "CTCF",
            [1.0667304e-2, 3.9796829e-5, 1.7156171e-4],
            [0.26778376, 0.26047796, 0.24811698, 0.19680406, 0.19798025],
        ),
        (
            "SPI1",
            [3.9773472e-3, 2.5732734e-6, 3.7845082e-3],
            [0.00535586, 0.00047877, 0.00039077, 0.00067196, 0.02219377],
        ),
        ("MAX", [0.0018797, 0.00116368, 0.00285463], [0.3637867, 0.6228173, 0.67409027, 0.65234023, 0.45960876]),
    ],
)
def test_published_vectors(shared, factor: str, zero: list, pattern: list):
    """Inputs Z and P of the specification, section 1, are the first two golden inputs of a converted model."""
    scores = zoo.load(f"maxatac/{factor}").predict(golden_inputs(1024)[:2])
    np.testing.assert_allclose(scores[0][[0, 16, 31]], zero, rtol=1e-4)
    np.testing.assert_allclose(scores[1][[0, 8, 16, 24, 31]], pattern, rtol=1e-4)


def test_numpy_reference_equals_the_golden_outputs(shared, golden):
    """Golden outputs of converted models come from this computation, which shares no code with Keras."""
    entry = registry.resolve("maxatac/CTCF")[1]
    data = (shared / "maxatac_data" / entry.files["model"].path).read_bytes()
    tensors = [tensor for _, tensor in maxatac.read_tensors(data, "CTCF")]
    assert len(tensors) == 62
    assert np.abs(maxatac.reference_forward(tensors, golden[0][:8]) - golden[1]["CTCF"][:8]).max() < 2e-6


def test_any_batch_size_gives_the_same(ctcf, golden):
    full = ctcf.predict(golden[0])
    for batch_size in (1, 7, 64):
        np.testing.assert_allclose(ctcf.predict(golden[0], batch_size=batch_size), full, atol=1e-6)


def test_planted_sites_are_found(ctcf, shared):
    """Largest bin of the window: 0.617 or more where the consensus was planted, 0.453 or less elsewhere."""
    data = np.load(shared / "golden" / "maxatac" / "inputs.npz")
    best = ctcf.predict(data["x"]).max(axis=1)
    assert best[data["planted"]].min() > 0.61
    assert best[~data["planted"]].max() < 0.46


def test_rotated_view_sees_the_mirror_image(ctcf, golden):
    """The released weights answer a rotated window in mirror image (specification, B1)."""
    x = golden[0][:24]
    normal = ctcf.predict(x).ravel()
    rotated = ctcf.predict(np.roll(x, 1, axis=-1))
    assert np.corrcoef(normal, rotated[:, ::-1].ravel())[0, 1] > 0.6
    assert np.corrcoef(normal, rotated.ravel())[0, 1] < 0.4


# --- whole programs


def compare(files, bigwig: Path, peaks: Path, read_track) -> None:
    with_values = 0
    import pyBigWig

    with pyBigWig.open(str(bigwig)) as file:
        chroms = file.chroms()
    for chrom in chroms:
        found, expected = read_track(files.bigwig, chrom), read_track(bigwig, chrom)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))  # the same bins are absent
        np.testing.assert_allclose(found, expected, atol=1e-5)
        with_values += int((~np.isnan(found)).sum())
    assert with_values > 0
    found, expected = ([line.split() for line in path.read_text().splitlines()] for path in (files.bed, peaks))
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    np.testing.assert_allclose([float(row[3]) for row in found], [float(row[3]) for row in expected], atol=1e-5)


@pytest.mark.parametrize(
    ("run", "name", "arguments", "intervals"),
    [
        ("predict", "ctcf", {"chromosomes": ["chr1", "chr2"]}, 175),
        ("predict_step1024", "ctcf", {"chromosomes": ["chr1", "chr2"], "stride": 1024}, 189),
        ("predict_roi", "roi", {"regions": "regions.bed"}, 2),
    ],
)
def test_whole_program_is_reproduced(
    ctcf, end_to_end, tmp_path: Path, read_track, run: str, name: str, arguments: dict, intervals: int
):
    if "regions" in arguments:
        arguments = {"regions": end_to_end["inputs"] / arguments["regions"]}
    files = ctcf.predict(
        genome=end_to_end["genome"],
        signal=end_to_end["signal"],
        blacklist=end_to_end["blacklist"],
        compat="maxatac",
        output=tmp_path / "out",
        **arguments,
    )
    assert files.intervals == intervals
    golden = end_to_end["outputs"] / run
    compare(files, golden / f"{name}.bw", golden / f"{name}_peaks.bed", read_track)


def test_default_predicts_what_the_program_leaves_out(ctcf, end_to_end, tmp_path: Path, read_track):
    """Every bin to the chromosome's end; where the original has all four windows of a bin, the same numbers."""
    files = ctcf.predict(
        genome=end_to_end["genome"], signal=end_to_end["signal"], chromosomes="chr2", output=tmp_path / "out"
    )
    found = read_track(files.bigwig, "chr2")
    expected = read_track(end_to_end["outputs"] / "predict" / "ctcf.bw", "chr2")
    assert not np.isnan(found).any()
    assert np.isnan(expected).sum() > 0
    inner = slice(200_000, 590_000)  # away from the blacklist and the ends
    np.testing.assert_allclose(found[inner], expected[inner], atol=1e-5)


def test_uncovered_bases_never_reach_the_network_as_nan(ctcf, end_to_end):
    """The original scores every bin 1.0 on a sparse track (specification, B4)."""
    with pytest.warns(ZooWarning, match="about 7029, not 1"):
        table = ctcf.predict(genome=end_to_end["genome"], signal=end_to_end["depth"], regions="chr2:300,001-320,000")
    assert np.nanmin(table[0].scores) < 0.5


@pytest.mark.parametrize(
    ("threshold", "score"),
    [("f1", 0.454), ("precision=0.9", 0.765), ("0.5", 0.5), ("recall=0.5", None), ("log2fc=6", None)],
)
def test_every_cutoff_works(ctcf, end_to_end, tmp_path: Path, threshold: str, score: float | None):
    files = ctcf.predict(
        genome=end_to_end["genome"],
        signal=end_to_end["signal"],
        regions="chr1:25,001-35,000",
        output=tmp_path / "out",
        threshold=threshold,
    )
    assert files.bed.is_file()
    if score is not None:
        assert files.threshold.score == pytest.approx(score)
    name, _, value = threshold.partition("=")
    if value:
        assert getattr(files.threshold, name) >= float(value)
    assert files.threshold.precision is not None
    assert files.threshold.recall is not None


@pytest.mark.parametrize(("chrom", "expected", "bins"), [("chr1", 0.81722, 5923), ("chr2", 0.68821, 2989)])
def test_benchmark_is_reproduced(end_to_end, chrom: str, expected: float, bins: int):
    found = benchmark(
        end_to_end["outputs"] / "predict" / "ctcf.bw",
        end_to_end["inputs"] / "gold.bed",
        chromosomes=[chrom],
        blacklist=end_to_end["blacklist"],
        compat="maxatac",
    ).overall
    table = end_to_end["outputs"] / "benchmark" / f"ctcf_{chrom}_200bp_PRC.tsv"
    header, first = (line.split("\t") for line in table.read_text().splitlines()[:2])
    original = dict(zip(header, first, strict=True))
    assert found.aupr == pytest.approx(expected, abs=5e-6)
    assert found.aupr == pytest.approx(float(original["AUPRC"]), abs=1e-9)
    assert found.bins == bins


@pytest.mark.parametrize(
    ("choices", "average_precision", "aupr"),
    [({}, 0.735, 0.711), ({"strands": "both"}, 0.760, 0.736), ({"views": "all"}, 0.821, 0.798)],
)
def test_real_chromosome_20(ctcf, shared, tmp_path: Path, choices: dict, average_precision: float, aupr: float):
    """CTCF in GM12878: 45 of 5,500 bins bound. The original's area lacks the curve's end point, so it is the lower."""
    folder = shared / "data" / "hg19_chr20_gm12878"
    region = Interval("chr20", 9_995_000, 11_095_000)
    files = ctcf.predict(
        genome=folder / "hg19_chr20_to_11095000.2bit",
        signal=folder / "gm12878_minmax_p99.bw",
        regions=region,
        output=tmp_path / "out",
        **choices,
    )
    peaks = folder / "peaks_GM12878" / "wgEncodeAwgTfbsBroadGm12878CtcfUniPk.narrowPeak"
    found = benchmark(files.bigwig, peaks, region=region).overall
    assert (found.positives, found.bins) == (45, 5500)
    assert found.average_precision == pytest.approx(average_precision, abs=0.001)
    assert found.aupr == pytest.approx(aupr, abs=0.001)


# --- importing


def test_a_file_with_other_tensors_is_refused(shared, tmp_path: Path):
    import release

    def edited(change) -> bytes:
        path = tmp_path / "x.h5"
        path.write_bytes(release.full_model_file())
        with h5py.File(path, "a") as file:
            change(file["model_weights"])
        return path.read_bytes()

    def reshape(weights: h5py.Group) -> None:
        del weights["block1_conv1/block1_conv1/kernel:0"]
        weights["block1_conv1/block1_conv1/kernel:0"] = np.zeros((7, 4, 15), np.float32)

    def infinite(weights: h5py.Group) -> None:
        weights["binding/binding/bias:0"][...] = np.inf

    def shorten(weights: h5py.Group) -> None:
        weights["binding"].attrs["weight_names"] = ["binding/kernel:0"]

    def nothing(weights: h5py.Group) -> None:
        del weights.attrs["layer_names"]

    def external(weights: h5py.Group) -> None:
        weights["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")

    changes = {
        reshape: "first differences",
        infinite: "finite",
        shorten: "62 tensors",
        nothing: "must name its layers",
        external: "no links",
    }
    for change, message in changes.items():
        family, entry = release.write(tmp_path / "release", edited(change))
        target = tmp_path / change.__name__
        target.mkdir()
        files = {role: (tmp_path / "release" / file.path).read_bytes() for role, file in entry.files.items()}
        with pytest.raises(IntegrityError, match=message):
            maxatac.convert(family, entry, files, target)
        assert list(target.iterdir()) == []


def test_an_index_without_a_threshold_table(tmp_path: Path):
    import release

    family, entry = release.write(tmp_path / "release")
    files = {"model": (tmp_path / "release" / entry.files["model"].path).read_bytes()}
    (tmp_path / "folder").mkdir()
    maxatac.convert(family, replace(entry, files={"model": entry.files["model"]}), files, tmp_path / "folder")
    model = zoo.load(tmp_path / "folder")
    assert model.thresholds is None
    assert model.check().passed
    with pytest.raises(IntegrityError, match="must have a file `model`"):
        maxatac.spec_of(family, replace(entry, files={}))


def test_the_62_tensors_are_those_of_the_network():
    network = zoo.build("maxatac")
    found = [(variable.path.rsplit("/", 1)[1], tuple(variable.shape)) for variable in network.weights]
    assert maxatac.expected_tensors() == found


# --- files of one's own


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A full-model file as `maxatac train` writes it, alone in a folder."""
    import release

    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "my models" / "GATA1 k562.h5"
    path.parent.mkdir()
    path.write_bytes(release.full_model_file())
    give_weights(path, 1)
    return path


def give_weights(path: Path, seed: int) -> None:
    """Kernels under which scores spread over 0 to 1."""
    generator = np.random.default_rng(seed)
    with h5py.File(path, "a") as file:
        for array in weights.arrays(file, path):
            if array.name.endswith("kernel:0"):
                array[...] = generator.normal(0, (2 / np.prod(array.shape[:2])) ** 0.5, array.shape)
            elif array.name.endswith(("gamma:0", "variance:0")):
                array[...] = 1


def test_a_file_of_ones_own(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    info = zoo.info(own)
    assert (info["name"], info["cached"], info["input"]["window"]) == ("local/GATA1-k562", False, 1024)
    model = zoo.load(str(own))
    assert (model.spec.name, model.thresholds, model.origin) == ("local/GATA1-k562", None, own)
    assert model.check().passed
    x = golden_inputs(1024)
    tensors = [tensor for _, tensor in maxatac.read_tensors(own.read_bytes(), own)]
    expected = maxatac.reference_forward(tensors, x)
    assert expected.std() > 0.01
    assert np.abs(model.predict(x) - expected).max() < 1e-5
    assert [path.name for path in own.parent.iterdir()] == [own.name]  # nothing is written beside it
    assert zoo.info(own)["cached"]
    monkeypatch.setattr(maxatac, "_write", None)  # made once
    monkeypatch.chdir(own.parent)
    for name in (own, own.name, f"./{own.name}"):
        assert zoo.fetch(name) == model.path


def test_other_bytes_are_another_model(own: Path):
    first = zoo.load(own)
    give_weights(own, 2)
    second = zoo.load(own)
    x = golden_inputs(1024)
    assert first.path != second.path
    assert np.abs(first.predict(x) - second.predict(x)).max() > 1e-3


def test_the_table_beside_a_file(own: Path):
    """The one of its name, or the only one; a warning where none can be told from others, or is no table."""
    from conftest import TABLE

    (own.parent / "calibration.tsv").write_text(TABLE)
    assert zoo.load(own).thresholds.columns["f1"].tolist() == [0.02, 0.45, 0.64, 0.61, 0.18]
    (own.parent / "other.tsv").write_text("a\tb\n")
    with pytest.warns(ZooWarning, match=r"None of the 2 \.tsv files.*GATA1 k562\.tsv"):
        assert zoo.load(own).thresholds is None
    own.with_suffix(".tsv").write_text(TABLE.replace("0.64", "0.65"))
    assert zoo.load(own).thresholds.columns["f1"].max() == 0.65
    own.with_suffix(".tsv").write_text("damaged")
    with pytest.raises(IntegrityError, match=r"GATA1 k562\.tsv"):
        zoo.load(own)
    own.with_suffix(".tsv").unlink()
    (own.parent / "calibration.tsv").unlink()
    with pytest.warns(ZooWarning, match=r"other\.tsv is not used"):
        assert zoo.load(own).thresholds is None


def test_authors_files_are_files_of_ones_own_too(shared: Path, golden):
    (path,) = (shared / "maxatac_data" / "models" / "CTCF").glob("*.h5")
    model = zoo.load(path)
    assert np.abs(model.predict(golden[0][:16]) - golden[1]["CTCF"][:16]).max() <= 1e-5
    assert model.thresholds.columns["f1"].max() == pytest.approx(
        zoo.info("maxatac/CTCF")["metrics"]["best_f1"], abs=1e-6
    )


def test_a_file_of_another_network(own: Path):
    with h5py.File(own, "a") as file:
        layer = file["model_weights/block1_conv1"]
        del layer["block1_conv1/kernel:0"]
        layer["block1_conv1/kernel:0"] = np.zeros((7, 5, 20), np.float32)
    for call in (zoo.load, zoo.info):
        with pytest.raises(IntegrityError, match=r"62 tensors.*\(7, 5, 15\).*\(7, 5, 20\).*15 filters"):
            call(own)


@pytest.mark.parametrize("name", ["TF.keras", "TF.weights.h5", "TF.txt", "TF"])
def test_other_kinds_of_files(own: Path, name: str):
    own.rename(own.with_name(name))
    with pytest.raises(InputError, match=r"a full model of Keras.*Save the whole model"):
        zoo.load(own.with_name(name))
    with pytest.raises(InputError, match="must exist"):
        zoo.load(own)


def test_a_file_of_weights_alone(own: Path):
    zoo.build("maxatac").save_weights(own.with_suffix(".weights.h5"))
    own.with_suffix(".weights.h5").rename(own)
    with pytest.raises(IntegrityError, match=r"group model_weights.*Save the whole model"):
        zoo.load(own)


def test_random_damage_to_an_authors_file(own: Path):
    """Tensors, or an error of ours: 300 times, in the bytes that are not numbers."""
    data, generator, refused = own.read_bytes(), np.random.default_rng(0), 0
    numbers = np.zeros(len(data), bool)
    with h5py.File(own) as file:
        for array in weights.arrays(file, own):
            numbers[array.id.get_offset() : array.id.get_offset() + array.nbytes] = True
    places = np.flatnonzero(~numbers)
    for _ in range(300):
        changed = np.frombuffer(data, np.uint8).copy()
        chosen = generator.choice(places, generator.choice([1, 3, 20]))
        changed[chosen] = generator.integers(0, 256, len(chosen))
        try:
            maxatac.checked_tensors(changed.tobytes(), own)
        except IntegrityError:
            refused += 1
    assert 50 < refused < 300


@pytest.mark.parametrize("names", [np.arange(3), h5py.Empty("f4"), "x" * 3_000_000, [b"\xff"], 5, [["a"], ["b"]]])
def test_odd_lists_of_layers(own: Path, names: object):
    with h5py.File(own, "a", track_order=True) as file:
        layers = file["model_weights"]
        del layers.attrs["layer_names"]
        try:
            layers.attrs["layer_names"] = names
        except (OSError, RuntimeError):  # too large for an attribute: a list that is missing
            assert len(names) > 60_000
    with pytest.raises(IntegrityError):
        zoo.load(own)
