"""Networks of a profile and its total: heads, controls, readout, components, tiles."""

from pathlib import Path

import keras
import numpy as np
import profiles
import pytest

import zoo
from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.forward.readouts import READOUTS
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.spec import OutputSpec, PredictionSpec

LENGTH = 1_000


def softmax(x: np.ndarray, axis: object) -> np.ndarray:
    x = np.exp(x.astype(float) - x.max(axis=axis, keepdims=True))
    return x / x.sum(axis=axis, keepdims=True)


def test_heads_are_a_dict():
    network = zoo.build("bpnet", **profiles.SMALL, tracks=2)
    heads = network(profiles.windows())
    assert {name: head.shape for name, head in heads.items()} == {"profile": (3, 100, 2), "counts": (3, 1)}


def test_published_sizes():
    sizes = {
        ("bpnet", ()): 109_122,
        ("bpnet", (("filters", 512),)): 6_377_986,
        ("bpnet", (("filters", 256),)): 1_616_130,
        ("bpnet", (("filters", 32),)): 29_986,
        ("bpnet", (("filters", 128), ("dilated_layers", 4))): 217_730,
        ("bpnet", (("tracks", 2),)): 113_923,
        ("bpnet", (("tracks", 2), ("controls", 2), ("pooled", 1074))): 114_224,
    }
    for (name, config), size in sizes.items():
        assert zoo.build(name, **dict(config)).count_params() == size, config


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"window": 2115}, "even numbers"),
        ({"output": 999}, "even numbers"),
        ({"output": 1002}, "features for the output"),
        ({"padding": "causal"}, "valid or same"),
        ({"pooled": 1076}, "at most all"),
        ({"pooled": 0}, "at most all"),
        ({"tiles": 0}, "tiles must be at least 1"),
        ({"padding": "same", "tiles": 2}, "1 with padding"),
        ({"controls": 1, "control_join": "counts"}, "joined to one of features, profile"),
    ],
)
def test_lengths_that_do_not_go_together(changes: dict, rule: str):
    with pytest.raises(InputError, match=rule):
        zoo.build("bpnet", **changes)


@pytest.mark.parametrize("config", [{"tracks": 2}, {"activation_first": True}, {"pooled": 120}])
def test_tiles_give_the_numbers_of_single_windows(config: dict):
    one = zoo.build("bpnet", **{**profiles.SMALL, **config})
    three = zoo.build("bpnet", **{**profiles.SMALL, **config}, tiles=3)
    three.set_weights(one.get_weights())
    x = profiles.windows(2, length=456)
    tiled = three(x)
    for tile in range(3):
        single = one(x[:, 100 * tile : 100 * tile + 256])
        np.testing.assert_allclose(tiled["profile"][:, 100 * tile : 100 * tile + 100], single["profile"], atol=1e-6)
        np.testing.assert_allclose(tiled["counts"][:, tile], single["counts"][:, 0], atol=1e-6)


@pytest.mark.parametrize("join", ["features", "profile"])
def test_tiles_with_controls(join: str):
    config = {**profiles.SMALL, "controls": 2, "tracks": 2, "control_join": join, "pooled": 174}
    one, three = zoo.build("bpnet", **config), zoo.build("bpnet", **config, tiles=3)
    three.set_weights(one.get_weights())
    x, controls = profiles.windows(2, length=456), np.random.default_rng(1).poisson(1, (2, 456, 2)).astype(np.float32)
    tiled = three({"window": x, "controls": controls})
    for tile in range(3):
        seen = slice(100 * tile, 100 * tile + 256)
        single = one({"window": x[:, seen], "controls": controls[:, seen]})
        np.testing.assert_allclose(tiled["profile"][:, 100 * tile : 100 * tile + 100], single["profile"], atol=1e-5)
        np.testing.assert_allclose(tiled["counts"][:, tile], single["counts"][:, 0], atol=1e-5)


@pytest.mark.parametrize("join", ["features", "profile"])
def test_controls_may_be_left_out(join: str):
    network = zoo.build("bpnet", **profiles.SMALL, controls=2, control_join=join, pooled=174)
    x = profiles.windows()
    zeros = network({"window": x, "controls": np.zeros((3, 256, 2), np.float32)})
    for given in (x, [x], {"window": x}, {"window": x, "controls": None}):
        for name, head in network(given).items():
            assert np.array_equal(head, zeros[name])
    assert np.abs(network([x, np.ones((3, 256, 2), np.float32)])["counts"] - zeros["counts"]).max() > 1e-3


def test_controls_joined_to_the_profile_count_in_its_middle_only():
    network = zoo.build("bpnet", **profiles.SMALL, controls=1, control_join="profile")
    x, controls = profiles.windows(), np.random.default_rng(1).poisson(1, (3, 256, 1)).astype(np.float32)
    whole, middle = network([x, controls]), network([x, controls[:, 78:178]])
    assert all(np.array_equal(whole[name], middle[name]) for name in whole)


@pytest.mark.parametrize("join", ["features", "profile"])
def test_controls_of_one_length_after_another(join: str):
    model = profiles.model(config={"controls": 2, "tracks": 2, "control_join": join, "pooled": 174})
    x, controls = profiles.windows(), np.random.default_rng(1).poisson(1, (3, 256, 2)).astype(np.float32)
    given = [{"window": x, "controls": controls[:, cut : 256 - cut]} for cut in (0, 24, 10)]
    whole, *shorter = [model.network.predict(some, verbose=0)["profile"] for some in given]
    assert np.abs(whole - model.network.predict(x, verbose=0)["profile"]).max() > 0.1
    for profile in shorter:
        np.testing.assert_allclose(profile, whole, atol=1e-5)


@pytest.mark.parametrize("length", [207, 209])
def test_controls_without_a_middle(length: int):
    network = zoo.build("bpnet", **profiles.SMALL, controls=1, pooled=174)
    with pytest.raises(ValueError, match=f"208 positions, or more by an even number. Received: {length}"):
        network([profiles.windows(), np.ones((3, length, 1), np.float32)])


def test_expected_counts_of_both_strands_share_a_total():
    model = profiles.model(config={"tracks": 2})
    x = profiles.windows()
    heads = {name: np.asarray(head) for name, head in model.network(x).items()}
    wanted = softmax(heads["profile"], (1, 2)) * np.expm1(heads["counts"])[:, :, None]
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5)
    np.testing.assert_allclose(model.predict(x).sum(axis=(1, 2)), np.expm1(heads["counts"])[:, 0], rtol=1e-5)


def test_a_pseudocount_is_taken_off():
    outputs = profiles.spec().outputs
    counts = OutputSpec(1, 100, 78, "TEST", "ln(2 + reads)", "counts", "counts", "log", pseudocount=2.0)
    model = profiles.model(outputs=(outputs[0], counts))
    x = profiles.windows()
    wanted = np.exp(model.network(x)["counts"]) - 2
    np.testing.assert_allclose(model.predict(x).sum(axis=1), wanted[:, 0], rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, head="counts", scale="linear"), wanted, rtol=1e-6)


def test_the_readout_of_tiles_is_that_of_each():
    tiled = profiles.spec(
        outputs=(
            OutputSpec(12, 1, 0, "TEST", "logits", "profile", "profile"),
            OutputSpec(3, 4, 0, "TEST", "ln", "counts", "counts", "log1p"),
        ),
        prediction=PredictionSpec(4, ("forward",)),
    )
    random = np.random.default_rng(0)
    logits, totals = random.normal(size=(2, 12)).astype(np.float32), random.random((2, 3)).astype(np.float32)
    read = np.asarray(READOUTS["expected_counts"].read({"profile": logits, "counts": totals}, tiled))
    for tile in range(3):
        of_tile = slice(4 * tile, 4 * tile + 4)
        wanted = softmax(logits[:, of_tile], 1) * np.expm1(totals[:, [tile]])
        np.testing.assert_allclose(read[:, of_tile], wanted, rtol=1e-5)


@pytest.fixture
def files(tmp_path: Path) -> dict:
    random = np.random.default_rng(5)
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), LENGTH)))})
    tracks = random.poisson(0.3, (2, LENGTH)).astype(np.float32)
    for name, values in zip(("control_0", "control_1"), tracks, strict=True):
        bigwig.write_track(tmp_path / f"{name}.bw", {"chr1": LENGTH}, [("chr1", values)], 1)
    return {"genome": tmp_path / "g.2bit", "tracks": tracks, "folder": tmp_path}


def test_controls_from_files(files: dict):
    model = profiles.model(config={"tracks": 2, "controls": 2, "pooled": 174})
    names = ("control_0", "control_1")
    signal = {name: files["folder"] / f"{name}.bw" for name in names}
    region = "chr1:301-400"  # the grid's fourth window
    genome = Genome(files["genome"])
    given = {"genome": genome, "regions": region, "track": "plus"}
    codes = genome.codes("chr1", 300 - 78, 300 - 78 + 256)
    x = np.eye(5, dtype=np.float32)[codes][None, :, :4]
    controls = files["tracks"][:, 222:478].T[None]
    for some in (names, names[:1], ()):
        kept = controls * [name in some for name in names]
        table = model.predict(**given, signal={name: signal[name] for name in some} or None)
        wanted = model.predict({"window": x, "controls": kept}, track="plus")[0]
        np.testing.assert_allclose(next(iter(table)).scores, wanted, atol=1e-6)
    # the other strand: mirrored, and plus and minus changed over, of the controls too
    swapped = {"window": x[:, ::-1, ::-1], "controls": controls[:, ::-1, ::-1]}
    other = model.predict(swapped)[0][::-1, ::-1]
    both = np.mean([model.predict({"window": x, "controls": controls})[0], other], axis=0)
    table = model.predict(genome=genome, regions=region, signal=signal, strands="both")
    np.testing.assert_allclose(next(iter(table)).scores, both, atol=1e-6)


def test_controls_that_cannot_be_read(files: dict):
    model = profiles.model(config={"controls": 1, "pooled": 174})
    x = profiles.windows()
    for controls in (
        np.zeros((3, 100, 1)),
        np.zeros((3, 256, 2)),
        np.full((3, 256, 1), -1),
        np.full((3, 256, 1), np.nan),
    ):
        with pytest.raises(InputError, match="Controls must be counts"):
            model.predict({"window": x, "controls": controls})
    with pytest.raises(InputError, match=r"control_0 \(control reads, may be left out\)"):
        model.predict(genome=files["genome"], signal={"input": "control.bw"}, regions="chr1:301-400")
    values = np.zeros(LENGTH, np.float32)
    values[349] = -2  # as tracks of the minus strand often are
    bigwig.write_track(files["folder"] / "minus.bw", {"chr1": LENGTH}, [("chr1", values)], 1)
    given = {"genome": files["genome"], "signal": {"control_0": files["folder"] / "minus.bw"}}
    for places in ({"regions": "chr1:301-400"}, {"centers": ["chr1:301-400"]}):
        with pytest.raises(InputError, match=r"minus.bw chr1:350: Controls must be counts, 0 or more.*control_0=-2.0"):
            model.predict(**given, **places)
    with pytest.raises(InputError, match="held at zero"):
        model.attribute({"window": x, "controls": np.ones((3, 256, 1))}, head="counts")


def test_parts_by_name(tmp_path: Path):
    whole = profiles.chrombpnet()
    x = profiles.windows()
    parts = {name: whole.component(name).network(x) for name in ("accessibility", "bias")}
    full = whole.network(x)
    profile = parts["accessibility"]["profile"] + parts["bias"]["profile"]
    counts = np.logaddexp(parts["accessibility"]["counts"], parts["bias"]["counts"])
    np.testing.assert_allclose(full["profile"], profile, atol=1e-6)
    np.testing.assert_allclose(full["counts"], counts, atol=1e-6)
    saved = whole.save(tmp_path / "whole")
    loaded = {name: zoo.load(saved, component=name) for name in (None, "accessibility", "bias", "full")}
    assert [model.spec.name for model in loaded.values()] == [
        "test/CHROMBPNET:accessibility",
        "test/CHROMBPNET:accessibility",
        "test/CHROMBPNET:bias",
        "test/CHROMBPNET",
    ]
    for name, model in loaded.items():
        wanted = full if name == "full" else parts[name or "accessibility"]
        assert np.array_equal(model.network(x)["profile"], wanted["profile"])
        assert model.check().passed
    with pytest.raises(InputError, match="accessibility, bias"):
        zoo.load(saved, component="nobias")
    part = zoo.load(loaded["bias"].save(tmp_path / "bias"))
    assert np.array_equal(part.network(x)["counts"], parts["bias"]["counts"])
    assert part.check().passed
    with pytest.raises(InputError, match="it has none"):
        zoo.load(tmp_path / "bias", component="full")


def test_the_whole_is_explained_too():
    """The rule of ln(exp a + exp b) adds up."""
    whole = profiles.chrombpnet()
    found = whole.attribute(profiles.windows(2), head="counts", count=3)
    assert np.abs(found.error).max() < 1e-3  # of differences near 0.001 of sums near 0.8: 1e-7 of these


def test_keras_file_of_a_network_with_controls(tmp_path: Path):
    network = zoo.build("bpnet", **profiles.SMALL, controls=2, control_join="profile")
    network.save(tmp_path / "n.keras")
    again = keras.saving.load_model(tmp_path / "n.keras", compile=False)
    x = profiles.windows()
    assert np.array_equal(again(x)["profile"], network(x)["profile"])
