"""Any named tracks in, any named heads out: a model in memory, chosen at the edge, read from files and arrays."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import py2bit
import pyBigWig
import pytest
import toy

import zoo
from registry import digests
from zoo import folder
from zoo.errors import InputError, IntegrityError
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.genome.signal import Signal
from zoo.inputs.opening import Inputs
from zoo.spec import CovariateSpec, InputSpec, OutputSpec, PredictionSpec, TrackSpec

LENGTH = 2_017


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    return zoo.Model(toy.spec(), toy.network())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A genome of one chromosome, two tracks (the second by another name of it), and a covariate."""

    root, random = tmp_path_factory.mktemp("toy"), np.random.default_rng(5)
    write_twobit(root / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), LENGTH)))})
    values = random.random(LENGTH).astype(np.float32)
    values[100:200] = np.nan
    bigwig.write_track(root / "atac.bw", {"chr1": LENGTH}, [("chr1", values)], 1)
    values = random.random(LENGTH).astype(np.float32)
    values[150:250] = np.nan
    bigwig.write_track(root / "map.bw", {"1": LENGTH}, [("1", values)], 1)
    return {
        "genome": root / "g.2bit",
        "signal": {"atac": root / "atac.bw", "mappability": root / "map.bw"},
        "covariates": {"depth": 1.5},
    }


def window(files: dict, start: int) -> dict[str, np.ndarray]:
    """What the network reads there, by other readers, base by base."""
    x = np.zeros((1, toy.WINDOW, 6), np.float32)
    genome = py2bit.open(str(files["genome"]))
    tracks = [(pyBigWig.open(str(path)), fill) for path, fill in zip(files["signal"].values(), (0, 1), strict=True)]
    for i in range(toy.WINDOW):
        at = start + i
        inside = 0 <= at < LENGTH
        if inside:
            x[0, i, "ACGT".index(genome.sequence("chr1", at, at + 1))] = 1
        for column, (track, fill) in enumerate(tracks, start=4):
            value = track.values(next(iter(track.chroms())), at, at + 1)[0] if inside else np.nan
            x[0, i, column] = fill if np.isnan(value) else value
    return {"window": x, "covariates": np.array([[1.5]], np.float32)}


@pytest.fixture(scope="module")
def plain(model: zoo.Model, files: dict) -> dict[str, np.ndarray]:
    """Both heads over the chromosome: windows every 16 bp and side by side, overlaps averaged base by base."""
    sums, counts = np.zeros((LENGTH + toy.WINDOW, 3)), np.zeros((LENGTH + toy.WINDOW, 1))
    starts = range(0, LENGTH, 16)
    read = [window(files, first - toy.OFFSET) for first in starts]
    heads = model.network({name: np.concatenate([one[name] for one in read]) for name in read[0]})
    for first, profile in zip(starts, np.asarray(heads["profile"]), strict=True):
        sums[first : first + toy.BASES] += profile
        counts[first : first + toy.BASES] += 1
    return {"profile": (sums / np.maximum(counts, 1))[:LENGTH], "counts": np.asarray(heads["counts"])[::2, 0]}


def read(path: Path) -> np.ndarray:
    with pyBigWig.open(str(path)) as file:
        return file.values("chr1", 0, LENGTH, numpy=True)


def test_several_tracks_to_files(model: zoo.Model, files: dict, plain: dict, tmp_path: Path):
    written = model.predict(**files, chromosomes="chr1", output=tmp_path / "o")
    expected = plain["profile"]
    assert list(written.bigwigs) == ["plus", "minus", "both"]
    assert [path.name for path in written.bigwigs.values()] == ["o.plus.bw", "o.minus.bw", "o.both.bw"]
    for column, path in enumerate(written.bigwigs.values()):
        np.testing.assert_allclose(read(path), expected[:, column], atol=2e-6)
    sidecar = json.loads(written.sidecar.read_text())
    assert (sidecar["parameters"]["head"], sidecar["parameters"]["tracks"]) == ("profile", ["plus", "minus", "both"])
    assert sidecar["inputs"]["mappability"]["path"] == str(files["signal"]["mappability"])
    assert sidecar["inputs"]["covariates"] == {"depth": 1.5}
    assert model.predict(**files, chromosomes="chr1", output=tmp_path / "o").windows == 0


def test_one_track_replaces_the_files_of_several(model: zoo.Model, files: dict, plain: dict, tmp_path: Path):
    model.predict(**files, chromosomes="chr1", output=tmp_path / "o")
    written = model.predict(**files, chromosomes="chr1", output=tmp_path / "o", track="minus")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.bw", "o.json"]
    np.testing.assert_allclose(read(written.bigwig), plain["profile"][:, 1], atol=2e-6)


def test_a_head_of_one_number_a_window(model: zoo.Model, files: dict, plain: dict, tmp_path: Path):
    written = model.predict(**files, chromosomes="chr1", output=tmp_path / "o", head="counts")
    expected = plain["counts"]
    np.testing.assert_allclose(read(written.bigwig)[::32], expected, atol=2e-6)
    linear = model.predict(**files, regions="chr1:33-64", head="counts", scale="linear")
    assert linear[0].scores == pytest.approx(np.expm1(expected[1:2]), abs=2e-6)


def test_a_table_of_several_tracks(model: zoo.Model, files: dict, plain: dict, tmp_path: Path):
    found = model.predict(**files, regions=["chr1:101-140", "chr1:2,001-2,017"], track=["both", "plus"])
    expected = plain["profile"]
    np.testing.assert_allclose(found[0].scores, expected[100:140][:, [2, 0]], atol=2e-6)
    np.testing.assert_allclose(found[1].scores, expected[2000:2017][:, [2, 0]], atol=2e-6)
    assert found.tracks == ("both", "plus")
    with open(tmp_path / "t.tsv", "w", encoding="utf-8") as handle:
        found.write_tsv(handle)
    assert (tmp_path / "t.tsv").read_text().splitlines()[0].split("\t")[-2:] == ["score_both", "score_plus"]
    assert "chr1:101-140" in str(found)


def test_the_other_strand_swaps_tracks(model: zoo.Model, files: dict):
    x = window(files, 300)
    turned = {"window": x["window"][:, ::-1][..., [3, 2, 1, 0, 4, 5]], "covariates": x["covariates"]}
    there = [np.asarray(model.network(side)["profile"])[0] for side in (x, turned)]
    both = model.predict(x, strands="both")[0]
    np.testing.assert_allclose(both, (there[0] + there[1][::-1][:, [1, 0, 2]]) / 2, atol=2e-6)


def test_arrays(model: zoo.Model, files: dict):
    x = {name: np.repeat(part, 3, axis=0) for name, part in window(files, 500).items()}
    assert model.predict(x).shape == (3, 32, 3)
    assert model.predict(x, track=0).shape == (3, 32)
    assert model.predict(x, head="counts").shape == (3, 1)
    for wrong, message in (
        (x["window"], "Covariates must be given"),
        ({**x, "more": 1}, "inputs of the network: window, covariates"),
        ({"covariates": x["covariates"]}, "Windows must be given"),
        ({**x, "covariates": x["covariates"][:2]}, r"finite numbers \(n, 1\): depth"),
        ({**x, "covariates": np.full((3, 1), np.nan)}, "finite numbers"),
        (x | {"window": x["window"][..., :5]}, "one-hot A, C, G, T, then atac, mappability"),
    ):
        with pytest.raises(InputError, match=message):
            model.predict(wrong)


def test_expected_counts(model: zoo.Model, files: dict):
    """The readout of a profile and its total: softmax over bases and tracks, which share one total."""
    x = window(files, 700)
    heads = {name: np.asarray(head)[0].astype(float) for name, head in model.network(x).items()}
    shares = np.exp(heads["profile"]) / np.exp(heads["profile"]).sum()
    found = model.predict(x, head="expected_counts")[0]
    np.testing.assert_allclose(found, shares * np.expm1(heads["counts"]), rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signal": None}, r"must be given by its name: atac \(ATAC-seq cut sites\), mappability"),
        ({"signal": {"atac": "a.bw"}}, r"missing=\['mappability'\]"),
        ({"signal": {"atac": "a.bw", "mappability": "m.bw", "dnase": "d.bw"}}, r"unknown=\['dnase'\]"),
        ({"covariates": None}, "covariates of test/TOY must be given.*depth: ln of reads"),
        ({"covariates": {"depth": 1, "sex": 2}}, r"unknown=\['sex'\]"),
        ({"covariates": {"depth": "deep"}}, "depth must be a finite number"),
        ({"head": "profiles"}, "head must be one of those that test/TOY has: profile, counts, expected_counts"),
        ({"track": "sense"}, "track must be one of those of the head profile: plus, minus, both"),
        ({"track": 3}, "track must be a whole number from 0 to 2"),
        ({"track": ["plus", 0]}, "named once"),
        ({"head": "counts", "track": "plus"}, "it has one without a name"),
        ({"output": "never", "threshold": 0.5}, "A threshold must be of one track"),
        ({"scale": "linear"}, "scale must be left out"),
        ({"head": "counts", "scale": "log"}, 'must be "linear" or that of what the model returns, "log1p"'),
    ],
)
def test_what_does_not_fit_the_spec(model: zoo.Model, files: dict, changes: dict, message: str, tmp_path: Path):
    call = {**files, "regions": "chr1:1-100", **changes}
    if "output" in call:
        call["output"] = tmp_path / "never"
    with pytest.raises(InputError, match=message):
        model.predict(**call)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_it(model: zoo.Model, files: dict, tmp_path: Path):
    x = {name: np.repeat(part, 2, axis=0) for name, part in window(files, 100).items()}
    heads = {name: np.asarray(head) for name, head in model.network(x).items()}
    golden = folder.Golden.of(model.spec, x, heads)
    target = tmp_path / "toy"
    target.mkdir()
    folder.write(target, model.spec, model.network, golden, None, "# TOY\n")
    digests.write_digests(target, {"source": "tests"})
    assert folder.read_spec(target) == model.spec
    again = folder.read_golden(target, model.spec)
    np.testing.assert_array_equal(again.x["covariates"], x["covariates"])
    np.testing.assert_array_equal(again.others["counts"], heads["counts"])


def test_a_network_that_is_not_the_specs():
    profile, counts = toy.spec().outputs
    for outputs in ((replace(profile, name="p"), counts), (profile, replace(counts, bins=2, bin_size=16))):
        with pytest.raises(IntegrityError, match="shapes that its spec promises"):
            zoo.Model(toy.spec(outputs=outputs), toy.network())


def test_a_covariate_of_each_window(files: dict, tmp_path: Path):
    """1 where the window predicts a base of the intervals, else 0; blank windows have no common answer then."""
    spec = toy.spec()
    spec = replace(spec, input=replace(spec.input, covariates=(CovariateSpec("island", "CpG island", "window"),)))
    model = zoo.Model(spec, toy.network())
    (tmp_path / "islands.bed").write_text("chr1\t64\t70\n")
    found = model.predict(
        genome=files["genome"],
        signal=files["signal"],
        covariates={"island": tmp_path / "islands.bed"},
        regions="chr1:1-160",
        head="counts",
    )
    expected = []
    for first in range(0, 160, 32):
        x = window(files, first - toy.OFFSET) | {"covariates": np.array([[float(first == 64)]], np.float32)}
        expected.append(float(model.network(x)["counts"][0, 0]))
    np.testing.assert_allclose(found[0].scores, expected, atol=2e-6)


def test_a_derived_track(files: dict):
    """What the network reads is the sample's track minus another, which is given too."""
    atac, other = toy.spec().input.tracks
    delta = TrackSpec("change of ATAC-seq", 0, 0, None, 0.0, name="delta", origin="derived", function="difference",
                      of=("atac", "mappability"))  # fmt: skip
    read = keras.Input((16, 5), name="window")
    bins = OutputSpec(16, 1, 0, "t", "the track itself", kind="coverage")
    spec = replace(
        toy.spec(),
        input=InputSpec(16, "none", (delta,), (atac, other)),
        outputs=(bins,),
        prediction=replace(toy.spec().prediction, stride=16),
    )
    model = zoo.Model(spec, keras.Model(read, read[..., 4]))
    found = model.predict(genome=files["genome"], signal=files["signal"], regions="chr1:91-260")
    sides = [pyBigWig.open(str(path)).values(name, 90, 260, numpy=True) for path, name in
             zip(files["signal"].values(), ("chr1", "1"), strict=True)]  # fmt: skip
    expected = np.nan_to_num(sides[0], nan=0) - np.nan_to_num(sides[1], nan=1)
    begin = 90 - int(found[0].starts[0])
    np.testing.assert_allclose(found[0].scores[begin : begin + 170], expected, atol=1e-6)


def test_a_track_that_another_is_derived_from_is_read_once(files: dict, monkeypatch: pytest.MonkeyPatch):
    """As Leopard's: a track itself, and its difference to another."""
    atac, other = toy.spec().input.tracks
    delta = TrackSpec("change of ATAC-seq", 0, 0, None, 0.0, name="delta", origin="derived", function="difference",
                      of=("atac", "mappability"))  # fmt: skip
    spec = replace(toy.spec(), input=replace(toy.spec().input, tracks=(atac, delta), sources=(other,), covariates=()))
    inputs = Inputs.open(spec, files["genome"], files["signal"], "chr1:91-260")
    read, real = [], Signal.values
    monkeypatch.setattr(Signal, "values", lambda signal, *where: read.append(signal.path) or real(signal, *where))
    rows = inputs.reader.rows("chr1", 90, 260)
    assert len(read) == len(set(read)) == 2
    np.testing.assert_array_equal(rows[2], rows[1] - inputs.signals["mappability"].values("1", 90, 260))


def test_bins_that_overlap(files: dict, tmp_path: Path):
    """One bin of 200 bp every 50 bp: each has its own score; a track shows it in the middle 50 bp."""
    read = keras.Input((240, 4), name="window")
    share = keras.ops.mean(read[:, 20:220, 1], axis=1, keepdims=True)  # of C in the bin
    spec = replace(
        toy.spec(),
        input=InputSpec(240, "none"),
        outputs=(OutputSpec(1, 200, 20, "t", "share of C", step=50),),
        prediction=PredictionSpec(50, ("forward", "reverse_complement")),
    )
    model = zoo.Model(spec, keras.Model(read, share))
    found = model.predict(genome=files["genome"], regions="chr1:401-450")[0]
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == [
        (250, 450), (300, 500), (350, 550), (400, 600),
    ]  # fmt: skip
    sequence = py2bit.open(str(files["genome"])).sequence("chr1", 0, LENGTH)
    shares = [sequence[start : start + 200].count("C") / 200 for start in range(0, LENGTH, 50)]
    np.testing.assert_allclose(found.scores, shares[5:9], atol=1e-6)
    written = model.predict(
        genome=files["genome"], chromosomes="chr1", output=tmp_path / "o", threshold=0.2825
    )  # of no bin
    with pyBigWig.open(str(written.bigwig)) as file:
        assert file.values("chr1", 75 + 50 * 7, 125 + 50 * 7, numpy=True) == pytest.approx(np.full(50, shares[7]))
        assert np.isnan(file.values("chr1", 0, 75, numpy=True)).all()
    wanted: list[list[int]] = []
    for number, share_ in enumerate(shares):
        if share_ > 0.2825:
            start, end = 50 * number, min(50 * number + 200, LENGTH)
            if wanted and start <= wanted[-1][1]:
                wanted[-1][1] = max(end, wanted[-1][1])
            else:
                wanted.append([start, end])
    assert [list(map(int, line.split()[1:3])) for line in written.bed.read_text().splitlines()] == wanted
    assert len(wanted) > 1


def test_attributions_of_a_head(model: zoo.Model, files: dict, tmp_path: Path):
    """Complete for bases and both tracks, which have a track of contributions each."""
    call = {**files, "regions": ["chr1:501-520"], "head": "profile", "track": "plus", "count": 4}
    call |= {"target": 3, "signal_reference": "zeros"}
    found = model.attribute(**call)
    assert found.signal.shape == (1, toy.WINDOW, 2)
    assert found.largest_error < 1e-4
    start = found.intervals[0].start
    assert found.prediction[0] == pytest.approx(
        float(model.network(window(files, start))["profile"][0, 3, 0]), abs=1e-5
    )
    model.attribute(**call, output=tmp_path / "a")
    names = ["a.bw", "a.json", "a.npz", "a.signal.atac.bw", "a.signal.mappability.bw"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    np.testing.assert_allclose(
        read(tmp_path / "a.signal.mappability.bw")[start : start + toy.WINDOW], found.signal[0, :, 1], atol=1e-6
    )
    arrays = window(files, start)
    again = model.attribute(
        arrays, **{name: call[name] for name in ("head", "track", "count", "target", "signal_reference")}
    )
    np.testing.assert_allclose(again.values, found.values, atol=1e-5)
    with pytest.raises(InputError, match="One of the tracks must be named"):
        model.attribute(arrays, target=3)


def test_windows_whose_covariates_differ_are_explained_each_with_its_own(model: zoo.Model, files: dict, tmp_path: Path):
    """As if one by one, in whatever order; files of other covariates are not taken for done."""
    arrays = window(files, 900)
    two = {name: np.repeat(part, 3, axis=0) for name, part in arrays.items()}
    two["covariates"] = np.array([[2], [1.5], [2]], np.float32)
    for method in ("deeplift", "integrated_gradients", "gradients", "occlusion"):
        found = model.attribute(two, head="counts", method=method)
        alone = [
            model.attribute({**arrays, "covariates": np.full((1, 1), value)}, head="counts", method=method)
            for value in (2, 1.5)
        ]
        np.testing.assert_allclose(found.values[0], alone[0].values[0], atol=1e-6)
        np.testing.assert_allclose(found.values[1], alone[1].values[0], atol=1e-6)
        np.testing.assert_allclose(found.values[2], alone[0].values[0], atol=1e-6)
        assert abs(found.prediction[0] - found.prediction[1]) > 0.01
    first = model.attribute(two, head="counts", output=tmp_path / "a")
    before = first[0].read_bytes()
    model.attribute({**two, "covariates": np.full((3, 1), 1.5)}, head="counts", output=tmp_path / "a")
    assert first[0].read_bytes() != before


@pytest.mark.parametrize("method", ["integrated_gradients", "gradients", "occlusion", "saturation_mutagenesis"])
def test_every_method_takes_several_tracks(model: zoo.Model, files: dict, method: str):
    found = model.attribute(window(files, 900), head="counts", method=method)
    assert found.signal.shape == (1, toy.WINDOW, 2)


def test_variants_of_a_head(model: zoo.Model, files: dict, tmp_path: Path):
    """Both alleles put into the window by hand."""
    at = 700
    genome = py2bit.open(str(files["genome"]))
    base = genome.sequence("chr1", at, at + 1)
    other = "A" if base != "A" else "C"
    call = {"strands": "forward", "head": "profile", "track": "minus"}
    model.score_variants([("chr1", at + 1, base, other)], **files, **call, output=tmp_path / "v")
    found = model.score_variants([("chr1", at + 1, base, other)], **files, **call, profiles=True)
    x = window(files, at - toy.WINDOW // 2)
    changed = {name: part.copy() for name, part in x.items()}
    changed["window"][0, toy.WINDOW // 2, :4] = [letter == other for letter in "ACGT"]
    for side, profile in ((x, found.reference), (changed, found.alternative)):
        np.testing.assert_allclose(profile[0], np.asarray(model.network(side)["profile"])[0, :, 1], atol=1e-5)
    assert json.loads((tmp_path / "v.json").read_text())["choices"]["tracks"] == ["minus"]
    with pytest.raises(InputError, match="One of the tracks must be named"):
        model.score_variants([("chr1", at + 1, base, other)], **files)
