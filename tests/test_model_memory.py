"""Models in memory: saved as folders, made of others, and taken apart into components."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import toy

import zoo
from zoo.errors import InputError, IntegrityError
from zoo.spec import Architecture, Component


@pytest.fixture(scope="module")
def folds() -> list[zoo.Model]:
    """Two toy models of other weights."""
    return [zoo.Model(toy.spec(name=f"test/FOLD{seed}"), toy.network(seed)) for seed in (1, 2)]


def arrays(count: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    x = np.zeros((count, toy.WINDOW, 6), np.float32)
    x[..., :4] = np.eye(4, dtype=np.float32)[random.integers(0, 4, (count, toy.WINDOW))]
    x[..., 4:] = random.random((count, toy.WINDOW, 2))
    return {"window": x, "covariates": random.random((count, 1)).astype(np.float32)}


@pytest.fixture
def registered():
    """The toy network as that of another package."""
    zoo.register_architecture("toy", toy.build)
    yield
    zoo.unregister_architecture("toy")


def test_saved_and_loaded(folds: list[zoo.Model], registered, tmp_path: Path):
    path = folds[0].save(tmp_path / "FOLD1", training="On nothing.")
    model = zoo.load(path)
    assert model.spec == folds[0].spec
    assert model.check().passed
    for head in ("profile", "counts"):
        np.testing.assert_array_equal(model.predict(arrays(), head=head), folds[0].predict(arrays(), head=head))
    card = (path / "README.md").read_text()
    assert "32 bins of 1 bp, 3 tracks; counts, ln(1 + x) of TOY in 1 bins of 32 bp" in card
    assert 'signal={"atac": "atac.bw", "mappability": "mappability.bw"}' in card
    with pytest.raises(InputError, match="must be saved to a new folder"):
        folds[0].save(path)
    assert [item.name for item in tmp_path.iterdir()] == ["FOLD1"]


def test_an_ensemble_is_the_mean_of_its_members(folds: list[zoo.Model], registered, tmp_path: Path):
    whole = zoo.ensemble(folds, "test/BOTH")
    loaded = zoo.load(whole.save(tmp_path / "BOTH"))
    for head in ("profile", "counts"):
        wanted = np.mean([model.predict(arrays(), head=head) for model in folds], axis=0)
        np.testing.assert_allclose(whole.predict(arrays(), head=head), wanted, atol=1e-6)
        np.testing.assert_allclose(loaded.predict(arrays(), head=head), wanted, atol=1e-6)
    assert loaded.spec.architecture.config["members"] == 2
    one = {name: part[:1] for name, part in arrays().items()}
    found = loaded.attribute(one, head="counts", count=2)  # members are taken apart
    assert found.largest_error < 1e-4


def test_an_ensemble_of_the_zoo_predicts_files(small: zoo.Model, genome_files, tmp_path: Path):
    whole = zoo.ensemble([small, small], "test/TWICE")
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:5,001-9,000"}
    np.testing.assert_allclose(whole.predict(**call)[0].scores, small.predict(**call)[0].scores, atol=1e-6)
    for method in ("deeplift", "integrated_gradients"):
        ours, theirs = (model.attribute(**call, method=method, count=2).values for model in (whole, small))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_what_makes_no_ensemble(folds: list[zoo.Model], small: zoo.Model):
    for wrong in ([], folds[:1], "yeast/REB1", None, [folds[0], "x"], {1: 2}):
        with pytest.raises(InputError, match="two or more models"):
            zoo.ensemble(wrong, "test/X")
    with pytest.raises(InputError, match="must have the same architecture"):
        zoo.ensemble([folds[0], small], "test/X")
    other = zoo.Model(replace(folds[0].spec, prediction=replace(folds[0].spec.prediction, stride=32)), toy.network())
    with pytest.raises(InputError, match="must have the same prediction"):
        zoo.ensemble([folds[0], other], "test/X")
    profile, counts = folds[0].spec.outputs
    counted = replace(
        folds[0].spec,
        prediction=replace(folds[0].spec.prediction, readout="expected_counts"),
        outputs=(profile, replace(counts, transform="identity")),
    )
    with pytest.raises(InputError, match="one total on a logarithmic scale"):
        zoo.ensemble([zoo.Model(counted, toy.network(seed)) for seed in (1, 2)], "test/X")
    other = replace(folds[0].spec, prediction=replace(folds[0].spec.prediction, readout="other"))
    with pytest.raises(InputError, match="must predict a head"):
        zoo.ensemble([zoo.Model(other, toy.network(seed)) for seed in (1, 2)], "test/X")


@pytest.mark.parametrize(
    "config",
    [
        {"of": {"name": "maxatac"}, "members": 2},
        {"of": {"name": "maxatac", "config": {"filters": 1 << 19}}, "members": 2},
        {"of": {"name": "maxatac", "config": {}}, "members": 65},
        {"of": {"name": "maxatac", "config": {}}, "members": 1},
        {"of": {"name": "ensemble", "config": {"of": 3}}, "members": 2},
        {"of": 3, "members": 2},
        {"members": 2},
    ],
)
def test_a_damaged_ensemble(small: zoo.Model, tmp_path: Path, config: dict):
    """Refused before anything large is built."""
    whole = zoo.ensemble([small, small], "test/TWICE")
    path = whole.save(tmp_path / "TWICE")
    spec = replace(whole.spec, architecture=Architecture("ensemble", config))
    import json

    (path / "config.json").write_text(json.dumps(spec.to_json()))
    (path / "digests.json").unlink()
    with pytest.raises((InputError, IntegrityError), match="must"):
        zoo.load(path)


def test_components():
    """A model made of two others, of which one is taken out."""
    read = keras.Input((64, 6), name="window")
    depth = keras.Input((1,), name="covariates")
    parts = [keras.Model(part.inputs, part.output, name=name) for name, part in
             (("bias", toy.network(1)), ("accessibility", toy.network(2)))]  # fmt: skip
    answers = [part([read, depth]) for part in parts]
    heads = {name: keras.layers.Add(name=name)([answer[name] for answer in answers]) for name in ("profile", "counts")}
    spec = toy.spec(
        components=(Component("bias", "what the enzyme does", frozen=True), Component("accessibility", "open"))
    )
    model = zoo.Model(spec, keras.Model([read, depth], heads))
    whole = model.predict(arrays(), head="counts")
    apart = [model.component(name).predict(arrays(), head="counts") for name in ("bias", "accessibility")]
    np.testing.assert_allclose(sum(apart), whole, atol=1e-6)
    assert model.component("bias").spec.name == "test/TOY:bias"
    assert model.component("bias").spec.description == "what the enzyme does"
    for wrong in ("unbiased", None, 3):
        with pytest.raises(InputError, match="must be one of those of test/TOY: bias, accessibility"):
            model.component(wrong)
    with pytest.raises(InputError, match="it has none"):
        model.component("bias").component("bias")


def test_the_doctor_of_several_tracks(folds: list[zoo.Model], registered, genome_files, tmp_path: Path):
    path = folds[0].save(tmp_path / "FOLD1")
    call = {"genome": genome_files.genome, "model": path, "regions": "chr1:1,001-2,000"}
    signal = {"atac": genome_files.signal, "mappability": genome_files.signal}
    found = zoo.doctor(**call, signal=signal, covariates={"depth": 1.0})
    assert found.passed
    assert found.cost.windows > 0
    assert "depth" in str(zoo.doctor(**call, signal=signal))  # it must be given
    said = " ".join(str(zoo.doctor(**call, signal={"atac": genome_files.signal})).split())  # lines are wrapped
    assert "by the names of the model's tracks: atac, mappability" in said
    with pytest.raises(InputError, match="covariates must be given with a model"):
        zoo.doctor(genome_files.genome, covariates={"depth": 1.0})
