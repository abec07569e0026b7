"""Attributions of a profile and its total: what is explained, both definitions of a profile's, and their goldens."""

import json
from pathlib import Path

import keras
import numpy as np
import profiles
import pytest
import tensorflow as tf
from attributing import off
from keras import layers

import zoo
from zoo.attribution import methods
from zoo.attribution.deeplift import rescaled
from zoo.attribution.gradients import input_gradient
from zoo.attribution.references import References
from zoo.attribution.result import Attributions
from zoo.cli import main
from zoo.errors import InputError
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.layers.profile import Centered, SelfWeighted
from zoo.spec import Architecture, OutputSpec

STRANDED = {"tracks": 2}


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def centered(model: zoo.Model, x: np.ndarray, track: int | None = None) -> np.ndarray:
    """Logits minus their mean over bins and strands (or of one strand), of windows (…, window, 4)."""
    z = np.asarray(model.network(x.reshape(-1, *x.shape[-2:]))["profile"], np.float64)
    z = (z if track is None else z[..., track]).reshape(*x.shape[:-2], -1)
    return z - z.mean(axis=-1, keepdims=True)


def number(model: zoo.Model, x: np.ndarray, track: int | None = None) -> np.ndarray:
    """The sum of m softmax(m)."""
    m = centered(model, x, track)
    return (m * softmax(m)).sum(axis=-1)


def test_the_total_is_explained_where_expected_counts_are_predicted():
    model, x = profiles.model(), profiles.windows()
    found = model.attribute(x, count=3)
    np.testing.assert_allclose(found.prediction, model.network(x)["counts"][:, 0], rtol=1e-6)
    assert off(found).max() < 1e-4
    assert (found.head, found.target, found.definition) == ("counts", "sum", None)
    assert "test/BPNET, deeplift of sum, head counts" in str(found)
    assert np.array_equal(found.values, model.attribute(x, head="counts", count=3).values)


def terms(example: list, references: list[list]) -> np.ndarray:
    """Multipliers of m where m softmax(m) is summed."""
    inputs = keras.Input((len(example),))
    network = rescaled(keras.Model(inputs, SelfWeighted()(inputs)), len(references))
    weights = np.repeat([[0.0]] + [[1.0]] * len(references), len(example), axis=1).astype(np.float32)
    return input_gradient(network)(np.array([example, *references], np.float32), weights)[1][1:]


def test_the_rule_by_hand():
    # softmax of (0, ln 3) is (1/4, 3/4), of (ln 2, ln 2) it is (1/2, 1/2), of (0, 0), too
    log = np.log
    found = terms([0, log(3)], [[log(2), log(2)], [0, 0]])
    first = [(0 - log(2) / 2) / -log(2), (0.75 * log(3) - 0.5 * log(2)) / (log(3) - log(2))]
    second = [(0.25 + 0.5) / 2, 0.75]  # m = r = 0 in the first place: the mean of both probabilities
    np.testing.assert_allclose(found, [first, second], rtol=1e-5)


def test_the_layers_read_groups_by_themselves():
    z = np.array([[0, np.log(3), 5, 5 + np.log(3)]], np.float32)
    m = np.asarray(Centered(2)(z))
    np.testing.assert_allclose(m, [[-np.log(3) / 2, np.log(3) / 2] * 2], rtol=1e-5)
    np.testing.assert_allclose(SelfWeighted(2)(m), m * [[0.25, 0.75, 0.25, 0.75]], rtol=1e-5)
    inputs = keras.Input((4,))
    network = keras.Model(inputs, SelfWeighted(2)(inputs))
    again = keras.Model.from_config(network.get_config())
    assert again.layers[-1].groups == 2


@pytest.mark.parametrize("method", ["deeplift", "integrated_gradients"])
@pytest.mark.parametrize("config", [{}, STRANDED])
def test_contributions_to_a_profile_add_up(method: str, config: dict):
    model, x = profiles.model(config=config), profiles.windows()
    found = model.attribute(x, head="profile", method=method, count=3)
    references = found.references.make(x)
    np.testing.assert_allclose(found.prediction, number(model, x), rtol=1e-5)
    np.testing.assert_allclose(found.baseline, number(model, references).mean(axis=1), rtol=1e-5)
    limit = {"deeplift": 2e-4, "integrated_gradients": 1e-2}[method]
    assert np.abs(found.values.sum(axis=(1, 2)) - found.difference).max() < limit * np.abs(found.difference).max()
    assert (found.head, found.target, found.total) == ("profile", "profile", None)
    assert found.definition == "sum of m softmax(m), with m the logits minus their mean"


@pytest.mark.parametrize(
    "config",
    [
        {"controls": 2, "pooled": 174, "tracks": 2},
        {"controls": 2, "control_join": "profile", "tracks": 2, "activation_first": True},
        {"padding": "same", "pooled": 120},
    ],
)
@pytest.mark.parametrize("head", ["counts", "profile"])
def test_networks_of_all_three_programs(config: dict, head: str):
    """Controls are held at zero and contribute nothing."""
    model, x = profiles.model(config=config), profiles.windows()
    found = model.attribute(x, head=head, count=3)
    assert np.abs(found.values.sum(axis=(1, 2)) - found.difference).max() < 2e-4 * np.abs(found.difference).max()
    assert found.signal is None


def test_one_strand_of_a_profile():
    model, x = profiles.model(config=STRANDED), profiles.windows()
    for track in (0, 1):
        for name in (track, profiles.STRANDS[track]):
            found = model.attribute(x, head="profile", track=name, count=2)
            np.testing.assert_allclose(found.prediction, number(model, x, track), rtol=1e-5)
    both = model.attribute(x, head="profile", track=["minus", "plus"], count=2)
    np.testing.assert_allclose(both.prediction, number(model, x), rtol=1e-5)


def test_substitutions_of_a_profile():
    model, x = profiles.model(config=STRANDED), profiles.windows(1)
    found = model.attribute(x, head="profile", method="saturation_mutagenesis")
    for place, base in ((100, 0), (128, 1), (150, 3)):
        changed = x.copy()
        changed[0, place] = np.eye(4)[base]
        wanted = number(model, changed) - number(model, x)
        np.testing.assert_allclose(found.changes[0, place, base], wanted[0], atol=1e-6)


def test_gradients_of_a_profile():
    """The softmax's own gradient counts."""
    model, x = profiles.model(config=STRANDED), profiles.windows(2)
    found = model.attribute(x, head="profile", method="gradients")
    with tf.GradientTape() as tape:
        window = tf.Variable(x)
        z = tf.reshape(model.network(window)["profile"], (2, -1))
        m = z - tf.reduce_mean(z, axis=-1, keepdims=True)
        total = tf.reduce_sum(m * tf.nn.softmax(m))
    np.testing.assert_allclose(found.values, tape.gradient(total, window), atol=1e-6)


def official_total(model: zoo.Model, x: np.ndarray, references: np.ndarray) -> np.ndarray:
    m, r = centered(model, x)[:, None], centered(model, references)
    return (0.5 * (softmax(m) + softmax(r)) * (m - r)).sum(axis=-1).mean(axis=1)


@pytest.mark.parametrize("config", [{}, STRANDED])
def test_the_definition_of_chrombpnet(config: dict, tmp_path: Path):
    model, x = profiles.model(config=config), profiles.windows()
    found = model.attribute(x, head="profile", compat="chrombpnet", count=3)
    wanted = official_total(model, x, found.references.make(x))
    np.testing.assert_allclose(found.total, wanted, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)), wanted, rtol=1e-3, atol=1e-6)
    assert np.array_equal(found.difference, found.total)
    complete = model.attribute(x, head="profile", count=3)
    np.testing.assert_allclose(found.prediction, complete.prediction, rtol=1e-5)
    np.testing.assert_allclose(found.baseline, complete.baseline, rtol=1e-5)
    assert np.abs(found.total - complete.difference).max() > 0.1 * np.abs(found.total).max()
    assert found.definition.startswith("chrombpnet: sum of (w + v) / 2 (m - r)")
    assert "not the difference of the targets" in str(found)
    found.save(tmp_path / "a.npz")
    loaded = Attributions.load(tmp_path / "a.npz")
    assert (loaded.head, loaded.definition) == (found.head, found.definition)
    for name in ("values", "hypothetical", "total", "error"):
        assert np.array_equal(getattr(loaded, name), getattr(found, name)), name


@pytest.mark.parametrize("compat", [None, "chrombpnet"])
def test_an_alternative_allele_of_a_profile(compat: str | None):
    model, x = profiles.model(), profiles.windows()
    other = x.copy()
    other[:, 128] = np.roll(x[:, 128], 1, axis=-1)
    references = References(count=2).make(x)
    call = {"head": "profile", "compat": compat, "references": references}
    pair = model.attribute(x, alternative=other, **call)
    apart = [model.attribute(some, **call) for some in (x, other)]
    np.testing.assert_allclose(pair.prediction, number(model, x) - number(model, other), atol=1e-6)
    for name in ("values", "difference"):
        one, another = (getattr(found, name) for found in apart)
        np.testing.assert_allclose(getattr(pair, name), one - another, atol=1e-7)


def test_stretches_with_totals_of_their_own():
    outputs = (
        OutputSpec(100, 1, 78, "TEST", "logits", "profile", "profile"),
        OutputSpec(2, 50, 78, "TEST", "ln(1 + reads)", "counts", "counts", "log1p"),
    )
    spec = profiles.spec(config={"tiles": 2, "output": 50, "window": 206}, outputs=outputs)
    model = zoo.Model(spec, zoo.build("bpnet", **spec.architecture.config))
    x = profiles.windows()
    z = np.asarray(model.network(x)["profile"], np.float64).reshape(3, 2, 50)
    m = z - z.mean(axis=-1, keepdims=True)
    wanted = (m * softmax(m)).sum(axis=(1, 2))
    for compat in (None, "chrombpnet"):
        found = model.attribute(x, head="profile", compat=compat, count=2)
        np.testing.assert_allclose(found.prediction, wanted, rtol=1e-4)
        assert found.error.max() < 1e-2


def test_references_that_are_given():
    model, x = profiles.model(), profiles.windows()
    made = References(count=5, seed=3)
    for method in ("deeplift", "integrated_gradients"):
        wanted = model.attribute(x, method=method, count=5, seed=3)
        found = model.attribute(x, method=method, references=made.make(x))
        np.testing.assert_allclose(found.hypothetical, wanted.hypothetical, atol=1e-7)
        np.testing.assert_allclose(found.baseline, wanted.baseline, rtol=1e-6)
        assert found.references is None
    few = model.attribute(x, references=made.make(x), batch_size=3)
    np.testing.assert_allclose(few.values, model.attribute(x, count=5, seed=3).values, atol=1e-7)
    compat = {"head": "profile", "compat": "chrombpnet"}
    few = model.attribute(x, references=made.make(x), batch_size=3, **compat)
    np.testing.assert_allclose(few.values, model.attribute(x, count=5, seed=3, **compat).values, atol=1e-6)


def test_files_say_what_was_explained(tmp_path: Path):
    model, x = profiles.model(), profiles.windows()
    references = References(count=2).make(x)
    call = {"head": "profile", "compat": "chrombpnet", "output": tmp_path / "a"}
    archive, record = model.attribute(x, references=references, **call)
    said = json.loads(record.read_text())
    assert (said["head"], said["choices"]["compat"], said["choices"]["target"]) == ("profile", "chrombpnet", "profile")
    assert said["choices"]["definition"] == Attributions.load(archive).definition
    assert said["choices"]["references"] == "given"
    before = archive.stat().st_mtime_ns
    assert model.attribute(x, references=references.copy(), **call)[0].stat().st_mtime_ns == before
    model.attribute(x, references=references[:, :1], **call)  # other references are other attributions
    assert archive.stat().st_mtime_ns > before
    archive, record = model.attribute(x, count=2, output=tmp_path / "b")
    said = json.loads(record.read_text())
    assert (said["head"], "compat" in said["choices"], "definition" in said["choices"]) == ("counts", False, False)


REFERENCES = np.zeros((3, 2, 256, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"target": "profile"}, "must be of a head with a profile.*head='counts'.*head=\"profile\""),
        ({"head": "counts", "target": "profile_local"}, "must be of a head with a profile"),
        ({"head": "profile", "target": "sum"}, "must be explained beside each other"),
        ({"head": "profile", "target": "profile_local"}, "must be explained beside each other"),
        ({"head": "profile", "target": 200}, "a bin from 0 to 99"),
        ({"head": "profile", "target": np.array([1, 2])}, "The target must be"),
        ({"compat": "chrombpnet"}, 'target "profile" of logits must be explained.*head="profile"'),
        ({"head": "profile", "compat": "chrombpnet", "target": 5}, 'target "profile" of logits must be explained'),
        ({"head": "expected_counts", "compat": "chrombpnet"}, 'target "profile" of logits must be explained'),
        ({"head": "profile", "compat": "shap"}, "The choice of compat must be one of chrombpnet"),
        (
            {"head": "profile", "compat": "chrombpnet", "method": "integrated_gradients"},
            "the method must be deeplift.*method='integrated_gradients'",
        ),
        ({"head": "profile", "track": "plus"}, "it has one without a name"),
        ({"references": REFERENCES[:2]}, r"References must be an array \(3, R, 256, 4\).*\(2, 2, 256, 4\)"),
        ({"references": REFERENCES[:, 0]}, "References must be an array"),
        ({"references": REFERENCES[:, :0]}, "References must be an array"),
        ({"references": np.full_like(REFERENCES, np.nan)}, "finite numbers"),
        ({"references": REFERENCES, "count": 5}, "Arrays of references must be given without count"),
        ({"references": REFERENCES, "seed": 1}, "Arrays of references must be given without seed"),
        ({"references": REFERENCES, "method": methods.DeepLIFT("zeros")}, "must be given without references"),
        ({"references": REFERENCES, "method": "gradients"}, "must be given to a method with references"),
    ],
)
def test_bad_choices(call: dict, said: str):
    with pytest.raises(InputError, match=said):
        profiles.model().attribute(profiles.windows(), **call)


def test_tracks_with_totals_of_their_own_are_explained_one_by_one():
    counts = OutputSpec(1, 100, 78, "TEST", "ln", "counts", "counts", "log1p", tracks=profiles.STRANDS, swap=(1, 0))
    outputs = (profiles.spec(config=STRANDED).outputs[0], counts)
    inputs = keras.Input((256, 4), name="window")
    features = layers.Conv1D(2, 157, name="features")(inputs)
    mean = layers.Reshape((1, 2), name="counts")(layers.GlobalAveragePooling1D()(features))
    network = keras.Model(inputs, {"profile": features, "counts": mean})
    spec = profiles.spec(outputs=outputs, architecture=Architecture("bpnet", {}))
    model = zoo.Model(spec, network)
    with pytest.raises(InputError, match="One of the tracks must be named"):
        model.attribute(profiles.windows(), head="profile")
    found = model.attribute(profiles.windows(), head="profile", track="plus", count=2)
    assert found.error.max() < 1e-2


def test_the_whole_and_its_parts_are_explained():
    whole, x = profiles.chrombpnet(), profiles.windows(2)
    for model in (whole, whole.component("accessibility"), whole.component("bias")):
        found = model.attribute(x, head="profile", count=3)
        np.testing.assert_allclose(found.prediction, number(model, x), rtol=1e-5)
        assert found.error.max() < 1e-4


@pytest.mark.parametrize("target", ["sum", "40:60"])
@pytest.mark.parametrize("config", [{}, STRANDED])
def test_expected_counts_are_explained_by_name(target: str, config: dict):
    """A softmax, an exponential and a product have rules: expected reads of some bases can be explained."""
    model, x = profiles.model(config=config), profiles.windows()
    track = {"track": "minus"} if config else {}
    found = model.attribute(x, head="expected_counts", target=target, count=3, **track)
    expected = model.predict(x).astype(float)[..., 1] if config else model.predict(x).astype(float)
    wanted = expected.sum(axis=1) if target == "sum" else expected[:, 40:60].sum(axis=1)
    np.testing.assert_allclose(found.prediction, wanted, rtol=1e-5)
    assert np.abs(found.values.sum(axis=(1, 2)) - found.difference).max() < 1e-4 * np.abs(found.difference).max()


def test_an_ensemble_of_folds():
    """The mean of expected counts: its logarithm, and its profile, add up by both methods."""
    folds = [profiles.model(seed=seed) for seed in (1, 2, 3)]
    for fold in folds:
        fold.network.get_layer("counts_dense").bias.assign([4.0])  # of some reads
    model, x = zoo.ensemble(folds, "test/FOLDS"), profiles.windows()
    expected = np.mean([fold.predict(x) for fold in folds], axis=0, dtype=float)
    total = np.log1p(expected.sum(axis=1))
    m = np.log(expected) - np.log(expected).mean(axis=1, keepdims=True)
    targets = {"counts": total, "profile": (m * softmax(m)).sum(axis=1)}
    for method, limit in (("deeplift", 1e-4), ("integrated_gradients", 1e-2)):
        for head in targets:
            found = model.attribute(x, head=head, method=method, count=3)
            np.testing.assert_allclose(found.prediction, targets[head], rtol=1e-4)
            off_by = np.abs(found.values.sum(axis=(1, 2)) - found.difference)
            assert off_by.max() < limit * np.abs(found.difference).max()


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture):
    random = np.random.default_rng(5)
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), 1000)))})
    folder = profiles.model(config=STRANDED).save(tmp_path / "model")
    command = ["attribute", str(folder), "--genome", str(tmp_path / "g.2bit"), "--regions", "chr1:401-500"]
    command += ["--count", "2", "--json"]
    assert main([*command, "--head", "profile", "--compat", "chrombpnet"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["bases"] == pytest.approx(row["difference"], abs=1e-5)
    assert abs(row["difference"] - (row["prediction"] - row["baseline"])) > 1e-4
    assert main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["difference"] == pytest.approx(row["prediction"] - row["baseline"])
    assert main([*command, "--compat", "chrombpnet"]) == 2
    message = json.loads(capsys.readouterr().err)["error"]["message"]
    assert 'target "profile" of logits must be explained' in message
